"""What stands beside data: our own `<file>.provenance.yml`, for files that can hold no comment."""

from auditor.guard.document import Doc
from auditor.guard.found import Dataset, Found, Named, Unread
from auditor.yamlfile import nearest

SUFFIXES = (".provenance.yml", ".provenance.yaml")
PROVENANCE = "provenance"
KEYS = ("generators", "generator_providers", "route", "licence", "derived_from", "made_for_training", "allow")


def read_sidecar(doc: Doc) -> Found | None:
    """Return what a sidecar says of the file beside it, None where the file is no sidecar."""
    suffix = next((suffix for suffix in SUFFIXES if doc.path.endswith(suffix)), None)
    if suffix is None:
        return None
    if not isinstance(doc.value, dict):
        return Found(PROVENANCE, unread=(Unread(doc.place(()), "expected a mapping of keys to values"),))
    unread = tuple(
        Unread(doc.place((key,)), f"unknown key '{key}' {nearest(key, KEYS)}".strip())
        for key in doc.value
        if key not in KEYS
    )

    def named(key: str) -> tuple[Named, ...]:
        return tuple(Named(name, doc.place(path)) for path, name in doc.names(key))

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
    return Found(PROVENANCE, datasets=(dataset,), unread=unread)
