"""Which files bear on others: what a file leads to, and what would name what it describes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import islice

from auditor.guard.formats.sidecar import SUFFIXES
from auditor.guard.found import Found
from auditor.guard.kinds import is_data
from auditor.guard.paths import clean, is_pattern
from auditor.guard.repository import Repository
from auditor.registry.tables import registry

BESIDE = ("README.md", "dvc.yaml", "dvc.lock", "pipeline.yaml", "croissant.json", "metadata.json", "dataset_info.json")
"""Files in a dataset's folder, or above it, that may be about it."""
LIST = "dataset_info.json"
"""Where LLaMA-Factory looks for the datasets that its configurations name."""
MOST_BELOW = 1_000
"""Data files below a card that are looked for by their names."""
SHORTEST = 1
"""Characters of a name that is looked for."""
MARK = re.compile(r"[@:#\[?](?!/)")
"""What follows an id: a revision, a subset, a part."""


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


def _leads(repository: Repository, path: str, name: str) -> Iterator[str]:
    """The data files that a name stands for, and the files beside and above them that may be about them."""
    folder = path.rpartition("/")[0]
    if "://" in name or "\n" in name:
        return
    for candidate in dict.fromkeys((clean(name), clean(f"{folder}/{name}"))):
        matched = repository.matching(candidate)
        yield from (lead for file in matched for lead in (file, *_about(repository, file)))
        about = [*_about(repository, candidate)]
        yield from about
        if f"{candidate}.dvc" in about and not repository.exists(candidate):
            yield candidate
        if candidate != "." and repository.exists(candidate):
            inside = repository.data_below(candidate)
            yield from inside
            yield from (file for file in repository.all_below(candidate) if file.endswith((".dvc", *SUFFIXES)))
            below = {file.rpartition("/")[0] for file in inside} - {candidate, candidate.rpartition("/")[0]}
            yield from (p for folder in sorted(below) for file in BESIDE if repository.exists(p := f"{folder}/{file}"))


def _about(repository: Repository, path: str) -> Iterator[str]:
    """The files beside and above a file or folder that may be about it, where that or one of them is there."""
    pointers = [f"{path}.dvc", *(path + suffix for suffix in SUFFIXES)]
    there = [pointer for pointer in pointers if repository.exists(pointer)]
    yield from there
    if there or (path != "." and repository.exists(path)):
        parts = path.split("/")
        for depth in range(len(parts), -1, -1):
            above = "/".join(parts[:depth])
            yield from (p for file in BESIDE if repository.exists(p := f"{above}/{file}".lstrip("/")))


def origins(found: Mapping[str, Found]) -> set[str]:
    """Return what other files may make that runs use: bases and teachers that are no known models, and files of data."""
    names: set[str] = set()
    for path, said in found.items():
        folder = path.rpartition("/")[0]
        for training in said.trainings:
            for named in (*training.base, *training.teachers):
                if registry().model(named.name).maker is None and "://" not in named.name:
                    names |= {clean(named.name), *_folders(clean(named.name))}  # a checkpoint lies in its run's folder
            for named in training.datasets:
                if is_data(named.name) and "://" not in named.name:
                    names |= {clean(named.name), clean(f"{folder}/{named.name}")}
    return {name for name in names if len(name) > len("out")}


def _folders(path: str) -> list[str]:
    """The folders that a path lies in, but for the first."""
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(2, len(parts))]


def subjects(found: Mapping[str, Found], data: Iterable[str] = ()) -> set[str]:
    """Return what files are about, as others would name it: data, the datasets they describe, and the models they make."""
    about = {path.removesuffix(".dvc") for path in data}
    for said in found.values():
        for dataset in said.datasets:
            is_told = not dataset.is_near or dataset.generators
            names = {clean(named.name) for named in dataset.names} if is_told else set()
            about |= {dataset.alias.name} if dataset.alias else names
        about |= {clean(output.name) for training in said.trainings for output in training.outputs}
    return about


def about_of(path: str) -> Iterator[str]:
    """Yield what a file would be about by its name alone: itself, the data beside which it stands, or its folder."""
    name = path.removesuffix(".dvc")
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    if name != path or is_data(name):
        yield name
    elif path.rpartition("/")[2] in BESIDE:
        yield path.rpartition("/")[0] or "."


def words_for(repository: Repository, subject: str) -> Iterator[str]:
    """Yield what stands in files that name a subject: an id itself; of a path its parts, and the end of patterns for it."""
    if not (is_data(subject) or repository.exists(subject)):
        yield subject
        return
    yield from (part for part in subject.split("/") if len(part) >= SHORTEST)
    files = [subject] if is_data(subject) else islice(filter(is_data, repository.below(subject)), MOST_BELOW)
    for file in files:
        name = file.rpartition("/")[2]
        yield from (name, f"*.{name.rpartition('.')[2]}")


class Related:
    """Tells which names mean one of some subjects, or what holds it, or lies in it."""

    def __init__(self, about: Iterable[str]) -> None:
        self.about = {subject.casefold() for subject in about}
        self.above = {"/".join(parts[:n]) for parts in map(_parts, self.about) for n in range(1, len(parts))}

    def __contains__(self, name: str) -> bool:
        whole = name.casefold()
        told = MARK.split(whole, maxsplit=1)[0]
        if "." in self.about or whole in self.about or told in self.about or told in self.above:
            return True
        parts = _parts(told)
        held = ("/".join(parts[:n]) for n in range(1, len(parts)))
        ends = ("/".join(parts[n:]) for n in range(1, len(parts)))  # of a path from elsewhere
        if not self.about.isdisjoint((*held, *ends)):
            return True
        return is_pattern(name) and any(fnmatchcase(subject, whole) for subject in self.about)

    def named_in(self, text: str) -> bool:
        """Return whether the name of one of them stands in a text."""
        folded = text.casefold()
        return any(subject.rpartition("/")[2] in folded for subject in self.about)

    def used_by(self, path: str, found: Found) -> bool:
        """Return whether a file trains on one of them, starts from one, or describes what was made from one."""
        folder = path.rpartition("/")[0]
        datasets = (name for named in found.mentions for name in (clean(named.name), clean(f"{folder}/{named.name}")))
        models = (named for training in found.trainings for named in (*training.base, *training.teachers))
        return any(name in self for name in (*datasets, *(clean(named.name) for named in models)))


def _parts(path: str) -> list[str]:
    return path.split("/")
