"""The bill of materials of models and their data as a CycloneDX ML-BOM: what trains what, under which licence, verdicts."""

import json
import uuid
from collections.abc import Iterator

from pydantic import JsonValue

from auditor import __version__
from auditor.guard.formats.boms import RUN
from auditor.guard.inputs import Input
from auditor.guard.outcome import GuardFinding, Report, Undecided
from auditor.registry.datasets import datasets

SPEC = "1.6"
NAMESPACE = uuid.UUID("6f0b3c0e-3c55-5d0b-9d5c-0f6f0f1f8a52")
"""Ours, so that the same content has the same serial number."""
SPDX = (
    "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "GPL-3.0-only", "AGPL-3.0-only", "MPL-2.0", "CC0-1.0", "Unlicense",
    "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CC-BY-NC-3.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-3.0",
    "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-NC-ND-4.0", "ODC-By-1.0", "ODbL-1.0", "PDDL-1.0",
)  # fmt: skip
"""Licences of datasets that the inventory names by their SPDX id; others by what is written."""


def as_cyclonedx(report: Report) -> str:
    """Return the models and datasets of a report as one CycloneDX document; the same report gives the same bytes."""
    models: dict[str, list[Input]] = {}
    for item in report.inputs:
        models.setdefault(item.model, []).append(item)
    named = {item.identity: item for item in reversed(report.inputs)}
    components: list[JsonValue] = [_model(name, items, report) for name, items in sorted(models.items())]
    components += [_dataset(item, report) for _, item in sorted(named.items())]
    dependencies: list[JsonValue] = [
        {"ref": f"model:{name}", "dependsOn": list[JsonValue](sorted({f"dataset:{item.identity}" for item in items}))}
        for name, items in sorted(models.items())
    ]
    body: dict[str, JsonValue] = {
        "metadata": {
            "timestamp": f"{report.day.isoformat()}T00:00:00Z",
            "tools": {"components": [{"type": "application", "name": "auditor", "version": __version__}]},
        },
        "components": components,
        "dependencies": dependencies,
    }
    serial = uuid.uuid5(NAMESPACE, json.dumps(body, sort_keys=True))
    head: dict[str, JsonValue] = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
    }
    return json.dumps(head | body, indent=2) + "\n"


def _model(name: str, items: list[Input], report: Report) -> JsonValue:
    row = items[0].row
    used = sorted({item.identity for item in items})
    component: dict[str, JsonValue] = {
        "type": "machine-learning-model",
        "bom-ref": f"model:{name}",
        "name": name,
        "modelCard": {"modelParameters": {"datasets": list[JsonValue]({"ref": f"dataset:{name}"} for name in used)}},
        "properties": _properties(
            ("auditor:declared", "yes" if items[0].declared else "no"),
            *((f"auditor:{key}", _text(row.get(key))) for key in ("model.kind", "model.competes", "model.distributed")),
            *((RUN, item.file) for item in {item.file: item for item in items}.values()),
            ("auditor:verdict", _verdict(name, None, report)),
        ),
    }
    bases = sorted({str(item.row["model.base"]) for item in items if item.row.get("model.base")})
    if bases:
        component["pedigree"] = {"ancestors": [{"type": "machine-learning-model", "name": base} for base in bases]}
    return component


def _dataset(item: Input, report: Report) -> JsonValue:
    licences = sorted({str(s.value) for s in item.statements if s.fact == "dataset.licence" and s.value})
    component: dict[str, JsonValue] = {
        "type": "data",
        "bom-ref": f"dataset:{item.identity}",
        "name": item.identity,
        "data": [{"type": "dataset", "name": item.identity, **_contents(item.identity)}],
        "properties": _properties(
            *(("auditor:generator", name) for name in _names(item.row.get("dataset.generators"))),
            *(("auditor:generator-provider", name) for name in _names(item.row.get("dataset.generator_providers"))),
            ("auditor:written-by", _written_by(item)),
            *_asks(item.identity),
            *(("auditor:source", f"{s.fact}: {s.named.place}") for s in item.statements),
            *_verdicts(item.identity, report),
        ),
    }
    if licences:
        component["licenses"] = [{"license": _licence(name)} for name in licences]
    return component


def _asks(name: str) -> Iterator[tuple[str, str]]:
    """What the licences ask for in return, and whose terms stand beside them, by the registry."""
    entry = datasets().find(name)
    yield from (("auditor:terms-beside-licence", provider) for provider in (entry.terms if entry else ()))
    for licence in entry.licences if entry else ():
        asked = [
            word
            for word, is_asked in (("attribution", licence.attribution), ("share-alike", licence.share_alike))
            if is_asked
        ]
        if asked:
            yield "auditor:licence-asks-for", f"{licence.name}: {', '.join(asked)}"


def _contents(name: str) -> dict[str, JsonValue]:
    """The address of a dataset on the Hugging Face hub; none for files and names of other kinds."""
    hub = name.count("/") == 1 and not name.startswith((".", "/")) and "." not in name.rpartition("/")[2][-6:]
    return {"contents": {"url": f"https://huggingface.co/datasets/{name}"}} if hub and " " not in name else {}


def _licence(name: str) -> JsonValue:
    known = next((licence for licence in SPDX if licence.lower() == name.lower()), None)
    return {"id": known} if known else {"name": name}


def _written_by(item: Input) -> str:
    generators = item.row.get("dataset.generators")
    if generators is None:
        return "unknown"
    return "models" if generators else "people, as far as is said"


def _names(values: object) -> Iterator[str]:
    for value in values if isinstance(values, (list, tuple)) else []:
        yield "unnamed" if value is None else str(value)


def _verdicts(dataset: str, report: Report) -> Iterator[tuple[str, str]]:
    for model in sorted({item.model for item in report.inputs if item.identity == dataset}):
        yield "auditor:verdict", f"{model}: {_verdict(model, dataset, report)}"


def _verdict(model: str, dataset: str | None, report: Report) -> str:
    """What came out for a model, or for one of its datasets: the findings with their status, or what is open."""

    def meant(item: GuardFinding | Undecided) -> bool:
        return item.model == model and dataset in (None, item.identity)

    found = [f"{item.finding.rule} ({item.finding.status})" for item in report.findings if meant(item)]
    if found:
        return "findings: " + ", ".join(sorted(set(found)))
    return "undecided" if any(meant(item) for item in report.undecided) else "nothing found"


def _properties(*pairs: tuple[str, str]) -> list[JsonValue]:
    return [{"name": name, "value": value} for name, value in dict.fromkeys(pairs) if value]


def _text(value: object) -> str:
    return "" if value is None else ("yes" if value else "no") if isinstance(value, bool) else str(value)
