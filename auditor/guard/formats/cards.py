"""Cards of datasets and models on the Hugging Face hub: the front matter and what the text says of who wrote the data."""

import re
from collections.abc import Iterator

from auditor.guard.document import FRONT_MATTER, Doc
from auditor.guard.formats.words import LONGEST, hints, is_model, models_named
from auditor.guard.found import Dataset, Found, Named, Place, Training, Unread

MODEL_KEYS = (
    "base_model",
    "pipeline_tag",
    "library_name",
    "model-index",
    "datasets",
    "base_model_relation",
    "new_version",
)
DATASET_KEYS = (
    "dataset_info", "configs", "task_categories", "source_datasets", "annotations_creators", "language_creators",
    "size_categories", "task_ids", "multilinguality", "viewer",
)  # fmt: skip
SYNTHETIC = ("synthetic", "synthetic-data", "machine-generated", "llm-generated", "distilabel", "ai-generated")
GENERATORS = ("generator", "generators", "generation_model", "generator_model", "teacher_model")
PEOPLE = ("crowdsourced", "expert-generated", "found", "human-generated", "human")
NOT_FOR_COMMERCE = re.compile(
    r"(?i)\bCC[ -]BY[ -]NC[\w. -]{0,9}\d|\bnon-?commercial (?:use|purposes?) only|"
    r"\bfor (?:academic |non-?commercial )?research (?:use |purposes )?only"
)
DISTILLED = ("distillation", "distilled", "distill", "knowledge-distillation")


def read_card(doc: Doc, text: str) -> Found | None:
    """Return what a card says, None where a Markdown file is no card of a model or dataset.

    Args:
        doc: its front matter.
        text: the whole file.
    """
    if not isinstance(doc.value, dict) or "sdk" in doc.value:  # a Space of the hub is an application
        return None
    is_data = any(key in doc.value for key in DATASET_KEYS)
    if any(key in doc.value for key in MODEL_KEYS) and not is_data:
        return Found("model card", (_training(doc),))
    is_card = doc.path.rpartition("/")[2].lower() == "readme.md" or "tags" in doc.value
    if is_data or (is_card and ("license" in doc.value or "licence" in doc.value)):
        dataset = _dataset(doc, text)
        place = doc.place(())
        unread = () if dataset.licences else (Unread(place, "the card states no licence"),)
        return Found("dataset card", datasets=(dataset,), unread=unread)
    return None


def read_text_beside(path: str, text: str) -> Found | None:
    """Return what a README without front matter says of data that may lie beside it, None where it speaks of no model.

    It says less than a card, but it is nearer to its data than a card above it.
    """
    folder, _, name = path.rpartition("/")
    if not folder or name.lower() != "readme.md" or not hints(text):
        return None
    writers = tuple(
        Named(model, Place(path, line, "text"), note=f"“{said}”") for model, line, said in models_named(text)
    )
    return Found(
        "text beside data", datasets=(Dataset((Named(folder, Place(path)),), generators=writers, is_near=True),)
    )


def read_hub_info(doc: Doc) -> Found | None:
    """Return what a `dataset_info.json` or `dataset_infos.json` of the datasets library says, None where a file is none."""
    if doc.path.rpartition("/")[2] not in ("dataset_info.json", "dataset_infos.json") or not isinstance(
        doc.value, dict
    ):
        return None
    infos = [
        (path, info) for key in ("license", "*.license") for path, info in doc.select(key) if isinstance(info, str)
    ]
    texts = " ".join(text for key in ("description", "*.description") for _, text in doc.names(key))
    if not (infos or texts):
        return None
    folder = doc.path.rpartition("/")[0] or "."
    writers = (Named(model, doc.place(()), note=f"“{said}”") for model, _, said in models_named(texts))
    licences = tuple(Named(text, doc.place(path)) for path, text in infos if text.strip())
    dataset = Dataset((Named(folder, doc.place(())),), generators=tuple(writers), licences=licences)
    return Found("dataset info", datasets=(dataset,))


def _named(doc: Doc, *keys: str) -> tuple[Named, ...]:
    return tuple(Named(name, doc.place(path)) for key in keys for path, name in doc.names(key))


def _training(doc: Doc) -> Training:
    folder = doc.path.rpartition("/")[0]
    outputs = _named(doc, "model-index.name", "model_name")
    return Training(
        base=_named(doc, "base_model"),
        datasets=_named(doc, "datasets", "datasets.name"),
        outputs=(*outputs, *([Named(folder, doc.place(()))] if folder else [])),
    )


def _dataset(doc: Doc, text: str) -> Dataset:
    creators = _named(doc, "annotations_creators", "language_creators")
    tags = _named(doc, "tags")
    synthetic = [n for n in creators if n.name.replace("_", "-") == "machine-generated"] + [
        n for n in tags if n.name.lower() in SYNTHETIC
    ]
    people = [n for n in _named(doc, "language_creators") if n.name in PEOPLE]  # the others made labels
    sources = tuple(_sources(doc))
    # what may say otherwise, in words that are not understood, leaves it open who wrote the data
    doubt = synthetic or sources or hints(text)
    return Dataset(
        names=tuple(_names(doc)),
        generators=(*(n for n in tags if is_model(n.name)), *_named(doc, *GENERATORS), *_told(doc, text)),
        licences=(*_licences(doc), *_told_licences(doc, text)),
        sources=sources,
        synthetic=synthetic[0] if synthetic else None,
        human=people[0] if people and not doubt else None,
        made_for_training=next((n for n in tags if n.name.lower() in DISTILLED), None),
    )


def _names(doc: Doc) -> Iterator[Named]:
    """A card is about the folder that it lies in, and the files that it lists."""
    folder = doc.path.rpartition("/")[0]
    yield Named(folder or ".", doc.place(()))
    for key in ("configs.data_files", "configs.data_files.path"):
        for path, name in doc.names(key):
            yield Named(f"{folder}/{name}" if folder else name, doc.place(path))


def _sources(doc: Doc) -> Iterator[Named]:
    for named in _named(doc, "source_datasets"):
        name = named.name.removeprefix("extended|")
        if name not in ("original", "extended"):
            yield Named(name, named.place)


def _licences(doc: Doc) -> Iterator[Named]:
    own = _named(doc, "license_name")
    for named in _named(doc, "license", "licence"):
        if named.name.lower() == "other" and own:
            yield from own
        else:
            yield named


def _told_licences(doc: Doc, text: str) -> Iterator[Named]:
    """What the text says against commerce, where the front matter may say otherwise."""
    if found := NOT_FOR_COMMERCE.search(text[:LONGEST]):
        line = text.count("\n", 0, found.start()) + 1
        yield Named(" ".join(found.group().split()), Place(doc.path, line, "text"))


def _told(doc: Doc, text: str) -> Iterator[Named]:
    """The models that the text names as writers, each once."""
    found = FRONT_MATTER.match(text)
    head = text.count("\n", 0, found.end()) if found else 0
    body = text[found.end() :] if found else text
    seen: set[str] = set()
    for name, line, sentence in models_named(body):
        if name.lower() not in seen:
            seen.add(name.lower())
            yield Named(name, Place(doc.path, head + line, "text"), note=f"“{sentence}”")
