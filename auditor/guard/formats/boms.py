"""Bills of materials of models and their data: CycloneDX (1.5 and later), and SPDX 3 with its AI and dataset profiles."""

from collections.abc import Iterator

from pydantic import JsonValue

from auditor.guard.document import Doc
from auditor.guard.formats.words import models_named
from auditor.guard.found import Dataset, Found, Named, Training, Unread
from auditor.yamlfile import KeyPath

Object = dict[str, JsonValue]
COMPONENTS = ("metadata.component", "metadata.component.components", "components", "components.components")
"""Where components stand: what the document is about, its parts, and the parts of those."""


RUN = "auditor:run"
"""The property in which an inventory of the guard names the files of a model's runs."""


def read_cyclonedx(doc: Doc) -> Found | None:
    """Return the models and datasets of a CycloneDX file, None where the file is none or has no models and datasets."""
    if not isinstance(doc.value, dict) or doc.value.get("bomFormat") != "CycloneDX":
        return None
    components = [(path, item) for keys in COMPONENTS for path, item in doc.select(keys) if isinstance(item, dict)]
    by_ref = {str(item["bom-ref"]): (path, item) for path, item in components if item.get("bom-ref")}
    models = [(path, item) for path, item in components if item.get("type") == "machine-learning-model"]
    data = [(path, item) for path, item in components if item.get("type") == "data"]
    trainings = tuple(_model(doc, path, item, by_ref) for path, item in models)
    datasets = [dataset for path, item in data if (dataset := _data(doc, path, item))]
    datasets += [d for path, _ in models for d in _inline(doc, path)]
    if not (trainings or datasets):
        return Found("CycloneDX without models")
    told = [item for _, item in doc.select("components.properties") if isinstance(item, dict)]
    runs = tuple(str(item.get("value")) for item in told if item.get("name") == RUN)
    return Found("CycloneDX", trainings, tuple(datasets), repeats=runs)


def _model(doc: Doc, path: KeyPath, item: Object, by_ref: dict[str, tuple[KeyPath, Object]]) -> Training:
    inner: KeyPath = (*path, "modelCard", "modelParameters", "datasets")
    datasets = []
    entries = doc.at(inner)
    for i, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            _, target = by_ref.get(str(entry.get("ref")), ((), entry))
            if name := target.get("name") or entry.get("ref"):
                datasets.append(Named(str(name), doc.place((*inner, i, "name"))))
    used = (names for entry, names in _dependencies(doc) if item.get("bom-ref") == entry)
    for place, ref in (pair for names in used for pair in names):
        _, target = by_ref.get(ref, ((), {}))
        if target.get("type") == "data" and target.get("name"):
            datasets.append(Named(str(target["name"]), doc.place(place)))
    ancestors: KeyPath = (*path, "pedigree", "ancestors")
    older = doc.at(ancestors)
    base = [
        Named(_full_name(entry), doc.place((*ancestors, i, "name")))
        for i, entry in enumerate(older if isinstance(older, list) else [])
        if isinstance(entry, dict) and entry.get("name")
    ]
    return Training(tuple(base), (), tuple(datasets), outputs=(Named(_full_name(item), doc.place((*path, "name"))),))


def _dependencies(doc: Doc) -> Iterator[tuple[JsonValue, list[tuple[KeyPath, str]]]]:
    """What depends on what: a reference, and those that it names with their places."""
    for path, entry in doc.select("dependencies"):
        named = entry.get("dependsOn") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and isinstance(named, list):
            yield entry.get("ref"), [((*path, "dependsOn", i), str(ref)) for i, ref in enumerate(named)]


def _full_name(item: Object) -> str:
    return "/".join(str(part) for part in (item.get("group"), item.get("name")) if part)


def _data(doc: Doc, path: KeyPath, item: Object) -> Dataset | None:
    if not item.get("name"):
        return None
    return _described(doc, path, item, [str(item["name"]), _full_name(item), str(item.get("bom-ref") or "")])


def _inline(doc: Doc, model: KeyPath) -> Iterator[Dataset]:
    inner: KeyPath = (*model, "modelCard", "modelParameters", "datasets")
    entries = doc.at(inner)
    for i, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict) and entry.get("name"):
            contents = entry.get("contents")
            url = contents.get("url") if isinstance(contents, dict) else None
            yield _described(doc, (*inner, i), entry, [str(entry["name"]), str(url or "")])


def _described(doc: Doc, path: KeyPath, item: Object, names: list[str]) -> Dataset:
    place = doc.place((*path, "name"))
    written = [
        Named(name, doc.place((*path, "description")), note=f"“{sentence}”")
        for name, _, sentence in models_named(str(item.get("description") or ""))
    ]
    return Dataset(
        names=tuple(Named(name, place) for name in dict.fromkeys(names) if name),
        generators=tuple(written),
        licences=tuple(_licences(doc, path, item)),
    )


def _licences(doc: Doc, path: KeyPath, item: Object) -> Iterator[Named]:
    entries = item.get("licenses")
    for i, entry in enumerate(entries if isinstance(entries, list) else []):
        inner = entry.get("license") if isinstance(entry, dict) else None
        text = inner.get("id") or inner.get("name") or inner.get("url") if isinstance(inner, dict) else None
        text = text or (entry.get("expression") if isinstance(entry, dict) else None)
        if text:
            yield Named(str(text), doc.place((*path, "licenses", i)))


def read_spdx(doc: Doc) -> Found | None:
    """Return the models and datasets of an SPDX 3 file, None where the file is none."""
    if not any("spdx.org" in text for _, text in doc.names("@context")):
        return None
    elements = {str(item.get("spdxId")): (path, item) for path, item in doc.select("@graph") if isinstance(item, dict)}
    links: Links = {}
    for _, item in elements.values():
        if kind := item.get("relationshipType"):
            links.setdefault((str(item.get("from")), str(kind)), []).extend(_ids(item.get("to")))
    graph = _Graph(doc, elements, links)
    models = [(path, item) for path, item in elements.values() if item.get("type") == "ai_AIPackage"]
    packages = [(path, item) for path, item in elements.values() if item.get("type") == "dataset_DatasetPackage"]
    if not (models or packages):
        return Found("SPDX without models")
    trainings = tuple(graph.training(path, item) for path, item in models)
    datasets = tuple(graph.dataset(path, item) for path, item in packages)
    bare = [dataset for dataset in datasets if not dataset.licences]
    unread = tuple(Unread(dataset.names[0].place, "the description states no licence") for dataset in bare)
    return Found("SPDX", trainings, datasets, unread)


def _ids(value: JsonValue) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


Links = dict[tuple[str, str], list[str]]
"""Id of an element and kind of a relationship → the ids that it leads to."""


class _Graph:
    """The elements of an SPDX file by id, and the relationships between them."""

    def __init__(self, doc: Doc, elements: dict[str, tuple[KeyPath, Object]], links: Links) -> None:
        self.doc = doc
        self.elements = elements
        self.links = links

    def training(self, path: KeyPath, item: Object) -> Training:
        """A model: what its package, or a file in it, says that it was trained on."""
        own = {str(item.get("spdxId")), *self._to(str(item.get("spdxId")), "contains")}
        return Training(
            base=tuple(named for one in sorted(own) for named in self._names(self._to(one, "descendantOf"))),
            datasets=tuple(named for one in sorted(own) for named in self._names(self._to(one, "trainedOn"))),
            tests=tuple(named for one in sorted(own) for named in self._names(self._to(one, "testedOn"))),
            outputs=(Named(str(item.get("name")), self.doc.place((*path, "name"))),),
        )

    def dataset(self, path: KeyPath, item: Object) -> Dataset:
        """A dataset: its licences, its files, and what the text on its collection says of models."""
        own = str(item.get("spdxId"))
        texts = " ".join(str(item.get(key) or "") for key in ("dataset_dataCollectionProcess", "description"))
        return Dataset(
            names=(
                Named(str(item.get("name")), self.doc.place((*path, "name"))),
                *self._names(self._to(own, "contains")),
            ),
            generators=tuple(
                Named(name, self.doc.place((*path, "dataset_dataCollectionProcess")), note=f"“{sentence}”")
                for name, _, sentence in models_named(texts)
            ),
            licences=tuple(self._licences(own)),
            sources=tuple(self._names(self._to(own, "descendantOf"))),
        )

    def _to(self, start: str, kind: str) -> list[str]:
        return self.links.get((start, kind), [])

    def _names(self, ids: list[str]) -> list[Named]:
        return [
            Named(str(item.get("name")), self.doc.place((*path, "name")))
            for path, item in (self.elements[one] for one in ids if one in self.elements)
            if item.get("name")
        ]

    def _licences(self, own: str) -> Iterator[Named]:
        for one in dict.fromkeys([*self._to(own, "hasConcludedLicense"), *self._to(own, "hasDeclaredLicense")]):
            path, item = self.elements.get(one, ((), {}))
            written = item.get("simplelicensing_licenseExpression") or item.get("name") or one
            yield Named(str(written), self.doc.place(path))
