"""What stands beside data: our own `<file>.provenance.yml`, for files that can hold no comment."""

import re
from collections.abc import Iterator

from pydantic import JsonValue

from auditor.errors import AuditorError
from auditor.guard.document import Doc
from auditor.guard.found import Dataset, Found, Named, Unread
from auditor.model.facts import ROUTES
from auditor.yamlfile import nearest, parse_yaml

SUFFIXES = (".provenance.yml", ".provenance.yaml")
PROVENANCE = "provenance"
NAMES = ("generators", "generator_providers", "licence", "derived_from")
KEYS = (*NAMES, "route", "made_for_training", "allow")


def read_sidecar(doc: Doc) -> Found | None:
    """Return what a sidecar says of the file beside it, None where the file is no sidecar."""
    suffix = next((suffix for suffix in SUFFIXES if doc.path.endswith(suffix)), None)
    if suffix is None:
        return None
    if not isinstance(doc.value, dict):
        unread: tuple[Unread, ...] = (Unread(doc.place(()), "expected a mapping of keys to values"),)
        return Found(PROVENANCE, (), (_open(doc, suffix, unread),), unread)
    try:
        parse_yaml(doc.text, doc.path)  # it is ours, and read as strictly as auditor.yaml
    except AuditorError as error:
        unread = tuple(Unread(doc.place(()), fault.message) for fault in error.faults)
        return Found(PROVENANCE, (), (_open(doc, suffix, unread),), unread)

    def named(key: str) -> tuple[Named, ...]:
        return tuple(
            Named(name.strip(), doc.place(path))
            for path, text in doc.names(key)
            for name in re.split("[,;]", text)
            if name.strip()
        )

    people = Named("people", doc.place(("generators",))) if doc.value.get("generators") == [] else None
    training = doc.value.get("made_for_training") is True
    dataset = Dataset(
        names=(Named(doc.path.removesuffix(suffix), doc.place(())),),
        generators=named("generators"),
        providers=named("generator_providers"),
        routes=named("route"),
        licences=named("licence"),
        sources=named("derived_from"),
        human=people,
        made_for_training=Named("true", doc.place(("made_for_training",))) if training else None,
    )
    faults = tuple(_faults(doc, doc.value))
    return Found(PROVENANCE, (), (dataset, *([_open(doc, suffix, faults)] if faults else [])), faults)


def _open(doc: Doc, suffix: str, faults: tuple[Unread, ...]) -> Dataset:
    """The dataset as far as its sidecar was not understood: nothing else settles who wrote it, and under which licence."""
    place = faults[0].place if faults else doc.place(())
    name = Named(doc.path.removesuffix(suffix), doc.place(()), note="not understood")
    return Dataset((name,), licences=(Named("unknown", place),), synthetic=Named("not understood", place))


def _faults(doc: Doc, value: dict[str, JsonValue]) -> Iterator[Unread]:
    """What in a sidecar is not written as it has to be, so that it does not count."""
    for key, item in value.items():
        place = doc.place((key,))
        texts = item if isinstance(item, list) else [item]
        if key not in KEYS:
            yield Unread(place, f"unknown key '{key}' {nearest(key, KEYS)}".strip())
        elif key == "allow" and not (isinstance(item, list) and all(isinstance(entry, dict) for entry in item)):
            yield Unread(place, "allow: expected a list of mappings with rule, reason and until")
        elif key == "made_for_training" and not isinstance(item, bool):
            yield Unread(place, "made_for_training: expected true or false")
        elif key in NAMES and not all(isinstance(text, str) for text in texts):
            yield Unread(place, f"{key}: expected a name, or a list of names")
        elif key == "route" and item not in ROUTES:
            yield Unread(place, f"route is one of {', '.join(ROUTES)} {nearest(str(item), ROUTES)}".strip())
