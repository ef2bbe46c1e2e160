"""LLaMA-Factory's lists of datasets: what its configs call a dataset → where that dataset is."""

from collections.abc import Iterator

from auditor.guard.document import Doc
from auditor.guard.found import Dataset, Found, Named
from auditor.yamlfile import KeyPath

TARGETS = ("hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name", "file_name")


def read_dataset_info(doc: Doc) -> Found | None:
    """Return the datasets of a `dataset_info.json`, None where the file is none."""
    entries = _entries(doc, TARGETS)
    return Found("LLaMA-Factory dataset_info", datasets=tuple(_datasets(doc, entries, TARGETS))) if entries else None


def read_dataset_list(doc: Doc) -> Found | None:
    """Return the datasets of a list in the newer layout (name → path, source, converter), None where the file is none."""
    entries = _entries(doc, ("path",))
    if not entries or not any("source" in entry or "converter" in entry for entry in entries.values()):
        return None
    return Found("LLaMA-Factory datasets", datasets=tuple(_datasets(doc, entries, ("path",))))


def _entries(doc: Doc, keys: tuple[str, ...]) -> dict[str, dict[str, object]]:
    """The entries of a file that is nothing but a mapping of names to mappings with one of `keys`."""
    if not isinstance(doc.value, dict) or not doc.value:
        return {}
    entries: dict[str, dict[str, object]] = {}
    for name, entry in doc.value.items():
        if not isinstance(entry, dict) or not any(isinstance(entry.get(key), str) for key in keys):
            return {}
        entries[name] = dict(entry)
    return entries


def _datasets(doc: Doc, entries: dict[str, dict[str, object]], keys: tuple[str, ...]) -> Iterator[Dataset]:
    folder = doc.path.rpartition("/")[0]
    for name, entry in entries.items():
        names: list[Named] = []
        for key in keys:
            target = entry.get(key)
            if isinstance(target, str) and target:
                path: KeyPath = (name, key)
                beside = key in ("file_name", "script_url") and folder
                names.append(Named(f"{folder}/{target}" if beside else target, doc.place(path)))
        yield Dataset(tuple(names), alias=Named(name, doc.place((name,))))
