"""Which files bear on others: what a file leads to, and what would name what it describes."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from auditor.guard.formats.sidecar import SUFFIXES
from auditor.guard.found import Found
from auditor.guard.kinds import MARKDOWN, is_data
from auditor.guard.paths import clean
from auditor.guard.repository import Repository
from auditor.registry.tables import registry

BESIDE = ("README.md", "dvc.yaml", "pipeline.yaml", "croissant.json", "metadata.json", "dataset_info.json")
"""Files in a dataset's folder, or above it, that may be about it."""
LIST = "dataset_info.json"
"""Where LLaMA-Factory looks for the datasets that its configurations name."""
MOST_BELOW = 1_000
"""Data files below a card that are looked for by their names."""
SHORTEST, DISTINCT = 3, 8
"""Characters of a name that is looked for, and of one that is found inside longer words as well."""


def followed(repository: Repository, found: Mapping[str, Found]) -> Iterator[str]:
    """Yield the files that what was found leads to."""
    for path, said in list(found.items()):
        for named in said.mentions:
            yield from _leads(repository, path, named.name)
        folder = path.rpartition("/")[0]
        own = (clean(named.name) for training in said.trainings for named in training.lists)
        places = ("", "data", *own) if said.trainings else ()
        lists = (clean(f"{start}/{place}/{LIST}") for place in places for start in ("", folder))
        yield from (name for name in lists if repository.exists(name))
    yield from _makers(repository, found)


def _leads(repository: Repository, path: str, name: str) -> Iterator[str]:
    """The data files that a name stands for, and the files beside and above them that may be about them."""
    folder = path.rpartition("/")[0]
    if "://" in name or "\n" in name:
        return
    for candidate in dict.fromkeys((clean(name), clean(f"{folder}/{name}"))):
        yield from repository.matching(candidate)
        pointers = [f"{candidate}.dvc", *(candidate + suffix for suffix in SUFFIXES)]
        there = [pointer for pointer in pointers if repository.exists(pointer)]
        yield from there
        if f"{candidate}.dvc" in there and not repository.exists(candidate):
            yield candidate
        if candidate != "." and repository.exists(candidate):
            inside = repository.data_below(candidate)
            yield from inside
            below = {file.rpartition("/")[0] for file in inside} - {candidate, candidate.rpartition("/")[0]}
            yield from (p for folder in sorted(below) for file in BESIDE if repository.exists(p := f"{folder}/{file}"))
        elif not there:
            continue
        parts = candidate.split("/")
        for depth in range(len(parts), -1, -1):
            above = "/".join(parts[:depth])
            yield from (p for file in BESIDE if repository.exists(p := f"{above}/{file}".lstrip("/")))


def _makers(repository: Repository, found: Mapping[str, Found]) -> list[str]:
    """The files that mention a base or teacher which is no known model, since one of them may train it."""
    named = [
        name.name
        for said in found.values()
        for training in said.trainings
        for name in (*training.base, *training.teachers)
    ]
    unknown = [name for name in named if registry().model(name).maker is None and "://" not in name and len(name) > 3]
    return repository.mentioning(dict.fromkeys(clean(name) for name in unknown))


def words_of(path: str) -> Iterator[str]:
    """Yield what the files that use a file's data would call it: its name, and that of its folder."""
    name = path.removesuffix(".dvc")
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    folder, _, last = name.rpartition("/")
    yield folder.rpartition("/")[2]
    yield "" if folder and last.lower() == "readme.md" else last


def described(repository: Repository, path: str, found: Found) -> Iterator[str]:
    """Yield what other files would call the datasets that a file describes, and the models that it makes."""
    for dataset in found.datasets:
        yield from words_of(path) if not dataset.alias else (dataset.alias.name,)
        for named in dataset.names if not dataset.alias else ():
            name = clean(named.name)
            yield from words_of(name) if repository.exists(name) else (name,)
            if path.lower().endswith(MARKDOWN) and repository.exists(name):
                below = (file for file in repository.below(name) if is_data(file))
                yield from (file.rpartition("/")[2] for file in islice(below, MOST_BELOW))
    for training in found.trainings:
        yield from (clean(output.name) for output in training.outputs)


def uses(found: Found, words: Iterable[str]) -> bool:
    """Return whether a file names what one of `words` stands for."""
    models = (named for training in found.trainings for named in (*training.base, *training.teachers))
    names = [f"/{clean(named.name)}/" for named in (*found.mentions, *models)]
    return any((f"/{word}/" if len(word) < DISTINCT else word) in name for word in words for name in names)
