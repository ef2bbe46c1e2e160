"""Formats that are told by their keys: which keys show that a file is of a format, and which hold what is trained on what."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from auditor.guard.document import Doc
from auditor.guard.found import Found, Named, Training, Unread

Names = Callable[[str], Iterable[str]]
"""A value as it stands in a file → the names in it."""
Keys = tuple[str, ...]

BUILDERS = frozenset(("json", "csv", "parquet", "arrow", "text", "pandas", "webdataset", "imagefolder", "audiofolder"))
"""What `load_dataset` takes in place of a dataset to read files, which are then named elsewhere."""


def one(text: str) -> Iterator[str]:
    """The value is one name, unless it is a reader of files."""
    if text.lower() not in BUILDERS:
        yield text


def listed(text: str) -> Iterator[str]:
    """The value is a list of names with commas between them."""
    yield from (part.strip() for part in text.split(",") if part.strip())


def counted(text: str) -> Iterator[str]:
    """Names with a hub before them (`hf::`), a subset after them (`:train`) and a number of rows (`#2000`)."""
    for part in text.split():
        name = part.rpartition("::")[2].partition("#")[0]
        yield name if "://" in name or name.startswith(("/", ".")) else name.partition(":")[0]


@dataclass(frozen=True)
class KeyFormat:
    """A format as key paths (see `Doc.select`).

    Attributes:
        name: what it is called in reports.
        needs: alternatives; a file is of the format if all key paths of one of them are there.
        base, teachers, datasets, tests, outputs, lists: key paths of what `Training` says.
        published: key paths that, when true or filled in, say that the model is handed to the public.
        private: key paths that, when true, take that back.
        elsewhere: key paths that point to something whose name does not stand in the file → why that matters.
        split: reads the names of datasets out of a value.
    """

    name: str
    needs: tuple[Keys, ...]
    base: Keys = ()
    teachers: Keys = ()
    datasets: Keys = ()
    tests: Keys = ()
    outputs: Keys = ()
    lists: Keys = ()
    published: Keys = ("push_to_hub",)
    private: Keys = ("hub_private_repo",)
    elsewhere: tuple[tuple[str, str], ...] = ()
    split: Names = one

    def fits(self, doc: Doc) -> bool:
        """Return whether a file is of this format."""
        return isinstance(doc.value, dict) and any(all(doc.has(key) for key in keys) for keys in self.needs)

    def read(self, doc: Doc) -> Found:
        """Return what a file of this format says."""
        training = Training(
            base=self._named(doc, self.base),
            teachers=self._named(doc, self.teachers),
            datasets=self._named(doc, self.datasets, self.split),
            tests=self._named(doc, self.tests, self.split),
            outputs=self._named(doc, self.outputs),
            lists=self._named(doc, self.lists),
            published=None if any(_true(doc, self.private)) else next(_true(doc, self.published), None),
        )
        unread = (*unresolved(training), *self._elsewhere(doc), *self._nameless(doc))
        return Found(self.name, (open_named(training),), unread=unread)

    def _nameless(self, doc: Doc) -> Iterator[Unread]:
        """The items of lists of datasets in which no key that this format has names one."""
        named = {path[:n] for key in self.datasets for path, _ in doc.names(key) for n in range(len(path))}
        for parent in dict.fromkeys(
            key.rpartition(".")[0] for key in self.datasets if "." in key and not key.endswith("@")
        ):
            for path, item in doc.select(parent):
                if isinstance(item, dict) and path and isinstance(path[-1], int) and path not in named:
                    yield Unread(doc.place(path), "no dataset could be read here")

    def _named(self, doc: Doc, keys: Keys, split: Names = lambda text: (text,)) -> tuple[Named, ...]:
        found = (
            Named(name, doc.place(path))
            for key in keys
            for path, text in doc.names(key)
            for name in split(text)
            if name
        )
        return tuple({named.name: named for named in reversed(list(found))}.values())[::-1]

    def _elsewhere(self, doc: Doc) -> Iterator[Unread]:
        for key, why in self.elsewhere:
            for path, value in doc.select(key):
                if value not in (None, False, ""):
                    yield Unread(doc.place(path), why)


def _true(doc: Doc, keys: Keys) -> Iterator[Named]:
    for key in keys:
        for path, value in doc.select(key):
            if value is True or (isinstance(value, str) and value.strip()):
                yield Named(str(value).lower() if value is True else str(value), doc.place(path))


def is_open(name: str) -> bool:
    """Return whether a name is a variable that the file does not fill in."""
    return "${" in name or "{{" in name or name.startswith("$") or name in ("???", "<fill>")


def unresolved(training: Training) -> Iterator[Unread]:
    """What a training names by a variable that is filled in elsewhere, so that it is not known."""
    for kind, names in (
        ("the base model", training.base),
        ("a teacher", training.teachers),
        ("a dataset", training.datasets),
    ):
        for named in names:
            if is_open(named.name):
                yield Unread(named.place, f"{kind} is '{named.name}', which is filled in somewhere else")


def open_named(training: Training) -> Training:
    """The training without names that are variables."""

    def known(names: tuple[Named, ...]) -> tuple[Named, ...]:
        return tuple(named for named in names if not is_open(named.name))

    return replace(
        training,
        base=known(training.base),
        teachers=known(training.teachers),
        datasets=known(training.datasets),
        tests=known(training.tests),
        outputs=known(training.outputs),
    )
