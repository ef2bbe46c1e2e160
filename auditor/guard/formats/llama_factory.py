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
    """The entries of a file that is mostly a mapping of names to mappings with one of `keys`; others are remarks."""
    value = doc.value if isinstance(doc.value, dict) else {}
    entries: dict[str, dict[str, object]] = {
        name: {**entry}
        for name, entry in value.items()
        if isinstance(entry, dict) and any(isinstance(entry.get(key), str) for key in keys)
    }
    return entries if 2 * len(entries) >= len(value) else {}


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
