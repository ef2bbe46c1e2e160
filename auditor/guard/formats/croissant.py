"""Croissant descriptions of datasets (1.0 and 1.1, JSON-LD): licence, provenance and machine annotation."""

from collections.abc import Iterator

from pydantic import JsonValue

from auditor.guard.document import Doc
from auditor.guard.formats.words import is_model, models_named
from auditor.guard.found import Dataset, Found, Named, Unread
from auditor.yamlfile import KeyPath

AGENTS = (
    "prov:wasGeneratedBy", "wasGeneratedBy", "prov:wasAttributedTo", "wasAttributedTo", "prov:wasAssociatedWith",
    "rai:machineAnnotationTools", "machineAnnotationTools",
)  # fmt: skip
SOURCES = ("prov:wasDerivedFrom", "wasDerivedFrom", "isBasedOn", "sc:isBasedOn")


def read_croissant(doc: Doc) -> Found | None:
    """Return what a Croissant file says, None where the file is none."""
    conforms = [text for key in ("conformsTo", "dct:conformsTo", "conformsTo.@id") for _, text in doc.names(key)]
    if not any("mlcommons.org/croissant" in text for text in conforms):
        return None
    licences = tuple(
        Named(text, doc.place(path)) for key in ("license", "sc:license") for path, text in _texts(doc, key)
    )
    agents = [Named(text, doc.place(path)) for key in AGENTS for path, text in _texts(doc, key)]
    dataset = Dataset(
        names=tuple(_names(doc)),
        generators=(*(agent for agent in agents if is_model(agent.name)), *_described(doc)),
        licences=licences,
        sources=tuple(Named(text, doc.place(path)) for key in SOURCES for path, text in _texts(doc, key)),
        synthetic=_synthetic(agents, doc),
    )
    unread = () if licences else (Unread(doc.place(()), "the description states no licence"),)
    return Found("Croissant", datasets=(dataset,), unread=unread)


def _synthetic(agents: list[Named], doc: Doc) -> Named | None:
    """An agent called a generator or a synthesiser is a machine, even if nobody knows which."""
    kinds = [Named(text, doc.place(path)) for path, text in _texts(doc, "rai:dataCollectionType")]
    words = ("synthetic", "generator", "llm", "language model")
    return next((named for named in (*agents, *kinds) if any(word in named.name.lower() for word in words)), None)


def _names(doc: Doc) -> Iterator[Named]:
    yield Named(doc.path.rpartition("/")[0] or ".", doc.place(()))
    for key in ("name", "alternateName", "url", "sameAs"):
        for path, text in doc.names(key):
            yield Named(text.removeprefix("https://huggingface.co/datasets/"), doc.place(path))
    for path, text in doc.names("distribution.contentUrl"):
        if "://" not in text:
            yield Named(f"{doc.path.rpartition('/')[0]}/{text}".lstrip("/"), doc.place(path))


def _described(doc: Doc) -> Iterator[Named]:
    for path, text in doc.names("description"):
        for name, _, sentence in models_named(text):
            yield Named(name, doc.place(path), note=f"“{sentence}”")


def _texts(doc: Doc, key: str) -> Iterator[tuple[KeyPath, str]]:
    """The texts at a key: written out, or as the name or id of an object, at any depth below provenance keys."""
    for path, value in doc.select(key):
        yield from _inside(path, value, 0)


def _inside(path: KeyPath, value: JsonValue, depth: int) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str) and value.strip():
        yield path, value.strip()
    elif isinstance(value, dict) and depth < 6:
        for key in ("name", "sc:name", "prov:label", "url", "@id", "@value"):
            if isinstance(value.get(key), str):
                yield (*path, key), str(value[key])
                break
        for key in AGENTS:
            if key in value:
                yield from _inside((*path, key), value[key], depth + 1)
    elif isinstance(value, list) and depth < 6:
        for i, item in enumerate(value):
            yield from _inside((*path, i), item, depth + 1)
