"""What else the reader of a report has to know: declarations that fit nothing, and data of which nothing was judged."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from auditor.facts.declarations import Config
from auditor.findings.waive import unused_waivers
from auditor.guard.gathered import Gathered
from auditor.guard.inputs import Input, path_fits, paths_of
from auditor.guard.knowledge import OTHER
from auditor.guard.outcome import GuardFinding
from auditor.guard.repository import Repository
from auditor.model.check import Check
from auditor.model.declarations import relative
from auditor.rules.scalar import Row, evaluate_check


def about_config(config: Config, inputs: Sequence[Input]) -> list[str]:
    """Return what the reader has to know where the declarations leave models open."""
    waivers = config.declarations.waivers
    if config.path and waivers and not Path(relative(waivers, Path(config.path))).exists():
        return [f"{waivers}, which {config.path} names for waivers, is not there, so nothing is waived"]
    if config.path is None and inputs:
        return [
            "there is no auditor.yaml, so that nothing is known of the models that are trained; `auditor init` writes one"
        ]
    unknown = sorted({item.model for item in inputs if not item.declared})
    return [f"auditor.yaml declares no model '{name}'; declare it under models, with its `paths`" for name in unknown]


def about_everything(
    config: Config, repository: Repository, found: Sequence[GuardFinding], matched: Collection[str]
) -> Iterator[str]:
    """Yield what in the declarations fits nothing, where everything was checked: files of models, and waivers."""
    for model in config.declarations.models:
        for pattern in paths_of(config.declarations, model):
            if not any(path_fits(file, pattern) for file in repository.files):
                yield f"auditor.yaml: models.{model}.paths: '{pattern}' fits no file"
    for pattern in config.declarations.datasets.keys() - matched:
        yield f"auditor.yaml: datasets: '{pattern}' fits no dataset that was found"
    for waiver in unused_waivers([item.finding for item in found], config.waivers):
        yield f"the waiver for {waiver.finding} fits no finding here; take it out, unless it is for one of `auditor replay`"


def about_data(gathered: Gathered, named: Iterable[str], inputs: Sequence[Input]) -> Iterator[str]:
    """Yield what data files show that judges nothing: models' output that nothing uses, and text that looks like a model's."""
    used = {*named, *(item.identity for item in inputs)}
    used |= {said.named.place.file for item in inputs for said in item.statements}
    for scan in gathered.scans:
        path = scan.names[0].name
        if scan.generators and path not in used:
            models = ", ".join(f"{model.name} ({model.note})" for model in scan.generators[:3])
            yield f"{path} holds output of {models}, and nothing that was found trains on it; name it under a model's `paths`"
        signs = [sign.note for sign in (scan.synthetic, *(c for c in scan.claims if c.name == OTHER)) if sign]
        if signs and not scan.generators:
            yield f"{path}: {'; '.join(signs)}; if a model wrote it, say which under `datasets` in auditor.yaml"


def about_permissions(checks: Sequence[Check], inputs: Sequence[Input]) -> Iterator[str]:
    """Yield what nothing stops only because an authorisation was declared, so that those who read the report can look at it."""
    for check in checks:
        for item in inputs if "authorisation.scope" in check.facts else ():
            without = {**item.row, "authorisation.scope": []}
            if item.row.get("authorisation.scope") and not _holds(check, item.row) and _holds(check, without):
                yield f"{item.dataset} in {item.model}: an authorisation in auditor.yaml sets {check.clause} aside"


def _holds(check: Check, row: Row) -> bool:
    return evaluate_check(check, [row])[0] is True
