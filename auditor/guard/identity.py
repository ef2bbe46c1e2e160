"""Which dataset a name means: the same file, id or list entry under whatever name, by the file that uses it."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from auditor.guard.found import Dataset, Found
from auditor.guard.paths import clean
from auditor.guard.repository import Repository
from auditor.registry.datasets import datasets


class Names:
    """Tells what the names of datasets mean.

    Args:
        repository: tells which names are files and folders.
        found: what each examined file says; the lists among them explain aliases.
        described: names, in lower case, that a file describes though they may not be there, as data that was not pulled.
    """

    def __init__(
        self, repository: Repository, found: Sequence[tuple[str, Found]], described: Collection[str] = ()
    ) -> None:
        self.repository = repository
        self._described = described
        self._lists: dict[str, list[tuple[str, Dataset]]] = {}
        self._folders: dict[str, tuple[str, ...]] = {}
        for path, item in found:
            for dataset in item.datasets:
                if dataset.alias:
                    self._lists.setdefault(dataset.alias.name.casefold(), []).append((path, dataset))
            named = [clean(named.name) for training in item.trainings for named in training.lists]
            if named:
                self._folders[path] = tuple(named)

    def resolve(self, name: str, file: str) -> tuple[str, ...]:
        """Return what `name` means in `file`, without doublets; the first stands for the dataset.

        In this order: the entry of a list of datasets, a file or folder beside `file` or from the top, an id that the registry
        knows, and what is written.
        """
        entries = self._entries(name, file)
        meant = [other.name for entry in entries for other in entry.names]
        found = [*(path for target in meant for path in self._paths(target, "")), *self._paths(name, file)]
        # a list's own name says nothing of what the world calls so, unless the file that it leads to bears it
        stems = {path.rpartition("/")[2].partition(".")[0] for path in found}
        asked = meant if meant and name not in stems else [*meant, name]
        known = [entry.id for other in asked if (entry := datasets().find(other))]
        written = meant or [clean(f"{_folder(file)}/{name}") if name.startswith(".") else name]
        return tuple(dict.fromkeys([*found, *known, *([] if found or known else written)]))

    def _paths(self, name: str, file: str) -> Iterator[str]:
        """The files, folders and patterns of files that a name stands for."""
        name = name.removeprefix("file://").removeprefix(f"{self.repository.root.as_posix()}/")
        if "://" in name:
            return
        for path in dict.fromkeys((clean(f"{_folder(file)}/{name}"), clean(name))):
            is_there = path != "." and (self.repository.exists(path) or path.casefold() in self._described)
            if is_there or self.repository.matching(path):
                yield path

    def _entries(self, name: str, file: str) -> list[Dataset]:
        """The entries of lists that are called so: of the folders that `file` names, or else of the nearest list."""
        entries = self._lists.get(name.casefold(), ())
        folders = self._folders.get(file, ())
        named = [entry for path, entry in entries if _folder(path) in {*folders, *_beside(folders, file)}]
        if folders or not entries:
            return named
        near = max(shared(path, file) for path, _ in entries)
        return [entry for path, entry in entries if shared(path, file) == near]


def _beside(folders: Iterable[str], file: str) -> Iterator[str]:
    yield from (clean(f"{_folder(file)}/{folder}") for folder in folders)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def shared(path: str, other: str) -> int:
    """Return how many folders two paths have in common, from the top."""
    pairs = list(zip(_folder(path).split("/"), _folder(other).split("/"), strict=False))
    return next((n for n, (one, two) in enumerate(pairs) if one != two), len(pairs))
