"""Gathers what bears on some files: reads them, follows what they name to other files, and looks into data."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from auditor.guard.allow import Allowance, comments, entries
from auditor.guard.document import yaml_doc
from auditor.guard.formats.dvc import MD5
from auditor.guard.formats.reading import read_text
from auditor.guard.formats.sidecar import PROVENANCE, SUFFIXES
from auditor.guard.found import UNREADABLE, Dataset, Found, Place, Unread
from auditor.guard.kinds import MARKDOWN, OTHER_DATA, is_data, is_readable
from auditor.guard.paths import clean
from auditor.guard.repository import Repository
from auditor.registry.tables import registry

ROUNDS = 50
"""Steps from one file to the next that are followed."""
BESIDE = ("README.md", "dvc.yaml", "pipeline.yaml", "croissant.json", "metadata.json", "dataset_info.json")
"""Files in a dataset's folder, or above it, that may be about it."""
KEPT_BESIDE = (
    "dataset_info.json",
    "dataset_infos.json",
    "dataset_dict.json",
    "state.json",
    "config.json",
    "metadata.json",
)
"""JSON that libraries keep beside the rows of a dataset."""
LIST = "dataset_info.json"
"""Where LLaMA-Factory looks for the datasets that its configurations name."""
MOST_BELOW = 1_000
"""Data files below a card that are looked for by their names."""
SHORTEST, DISTINCT = 3, 8
"""Characters of a name that is looked for, and of one that is found inside longer words as well."""
FEW = 2_000
"""Rows that are looked at in a data file that did not change."""


@dataclass
class Gathered:
    """What was read.

    Attributes:
        found: what each file says, by path.
        scans: what data files record.
        unread: what could not be read.
        unrelated: files that have nothing to do with training.
        given: the files that were asked for, as opposed to those that were followed.
        data: data files that were looked into.
        rows: rows that were looked at.
        sampled: which files were looked at only in part, in words.
        allowances: what comments and sidecars accept.
        notices: in words, which of these do not count.
    """

    found: dict[str, Found] = field(default_factory=dict)
    scans: list[Dataset] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    unrelated: list[str] = field(default_factory=list)
    given: frozenset[str] = frozenset()
    data: list[str] = field(default_factory=list)
    rows: int = 0
    sampled: list[str] = field(default_factory=list)
    allowances: list[Allowance] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def allow(self, made: tuple[list[Allowance], list[str]]) -> None:
        """Keep the allowances of a file, and what is wrong with others."""
        self.allowances += made[0]
        self.notices += made[1]


def gather(
    repository: Repository, given: Iterable[str], own: Collection[str], *, full: bool, changed: bool
) -> Gathered:
    """Return what the given files say, and what others say of what they name.

    Args:
        repository: where the files are.
        given: paths of files in it.
        own: paths in it of auditor.yaml, the waivers and the baseline, which are read elsewhere.
        full: whether data files are read whole.
        changed: whether the files are those of a change, so that only its lines are looked at.
    """
    asked = list(dict.fromkeys(given))
    gathered = Gathered(given=frozenset(asked), unrelated=[path for path in asked if path in own])
    data = repository.data_among(path for path in asked if path not in own)
    texts = [path for path in asked if path not in {*own, *data}]
    _read(repository, gathered, texts)
    _read_users(repository, gathered, data)
    seen = set(asked)
    for _ in range(ROUNDS):
        following = [path for path in _followed(repository, gathered) if path not in seen]
        seen |= {*following}
        _read(repository, gathered, [path for path in following if not repository.is_data(path)])
        data += [path for path in following if repository.is_data(path)]
        if not following:
            break
    data += _named_as_data(repository, gathered, {*data})
    for path in dict.fromkeys(data):
        _look_into(repository, gathered, path, full=full, changed=changed)
    return gathered


def _named_as_data(repository: Repository, gathered: Gathered, known: Collection[str]) -> Iterator[str]:
    """Yield the JSON documents that runs train on, which hold rows however they begin; what is not looked into is told."""
    for path, found in gathered.found.items():
        for named in (named for training in found.trainings for named in training.datasets if "://" not in named.name):
            folder = path.rpartition("/")[0]
            names = dict.fromkeys((clean(f"{folder}/{named.name}"), clean(named.name)))
            there = [name for name in names if name != "." and repository.exists(name)]
            for file in (file for name in there for file in repository.below(name)):
                is_json = file.lower().endswith(".json") and file.rpartition("/")[2] not in KEPT_BESIDE
                if is_json and file not in {*gathered.found, *known}:
                    yield file
                elif file.lower().endswith(OTHER_DATA):
                    why = "this file is trained on, and files of its kind are not looked into"
                    gathered.unread.append(Unread(Place(file), why))
            if is_data(named.name) and not (there or any(repository.matching(name) for name in names)):
                gathered.notices.append(f"{named.place}: {named.name} is not here, so nothing in it was looked at")


def _read(repository: Repository, gathered: Gathered, paths: Iterable[str]) -> None:
    wanted = [path for path in dict.fromkeys(paths) if path not in gathered.found]
    readable = [path for path in wanted if is_readable(path)]
    there: set[str] = set()
    for path, text in repository.read_all(readable):
        there.add(path)
        if found := read_text(path, text):
            _keep(gathered, path, found, text)
    for path in wanted:
        if path in readable and path not in there and repository.exists(path):
            gathered.unread.append(Unread(Place(path), "larger than any configuration, so it was not read"))
        elif path not in gathered.found and path in gathered.given:
            gathered.unrelated.append(path)


def _keep(gathered: Gathered, path: str, found: Found, text: str) -> None:
    gathered.found[path] = found
    gathered.unread += found.unread
    _allowed(gathered, path, found, text)


def _allowed(gathered: Gathered, path: str, found: Found, text: str) -> None:
    if found.format == PROVENANCE:
        value = yaml_doc(path, text).value
        gathered.allow(entries(path, value.get("allow") if isinstance(value, dict) else None))
    elif "auditor:" in text and not path.endswith((".json", ".md")):
        gathered.allow(comments(path, text))


def _read_users(repository: Repository, gathered: Gathered, data: Iterable[str]) -> None:
    """Read the files that use what was given: its data, what it says of datasets, the models it makes; and what uses those."""
    words = {*(word for path in data for word in _words(path))}
    for path, found in gathered.found.items():
        words |= {*_described(repository, path, found)}
    asked: set[str] = set()
    while words := {word for word in words - asked if len(word) >= SHORTEST}:
        asked |= words
        known = {*gathered.found, *gathered.given}
        mentioning = [path for path in repository.mentioning(sorted(words)) if path not in known]
        described: set[str] = set()
        for path, text in repository.read_all(mentioning):
            user = read_text(path, text)
            if user and (_uses(user, words) or (user.unread and (user.trainings or user.format == UNREADABLE))):
                _keep(gathered, path, user, text)
                described |= {*_described(repository, path, user)}
        words = described


def _words(path: str) -> Iterator[str]:
    """What the files that use a file's data would call it: its name, and that of its folder."""
    name = path.removesuffix(".dvc")
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    folder, _, last = name.rpartition("/")
    yield folder.rpartition("/")[2]
    yield "" if folder and last.lower() == "readme.md" else last


def _described(repository: Repository, path: str, found: Found) -> Iterator[str]:
    """What other files would call the datasets that a file describes, and the models that it makes."""
    for dataset in found.datasets:
        yield from _words(path) if not dataset.alias else (dataset.alias.name,)
        for named in dataset.names if not dataset.alias else ():
            name = clean(named.name)
            yield from _words(name) if repository.exists(name) else (name,)
            if path.lower().endswith(MARKDOWN) and repository.exists(name):
                below = (file for file in repository.below(name) if is_data(file))
                yield from (file.rpartition("/")[2] for file in islice(below, MOST_BELOW))
    for training in found.trainings:
        yield from (clean(output.name) for output in training.outputs)


def _uses(found: Found, words: Iterable[str]) -> bool:
    """Whether a file names what one of `words` stands for."""
    models = (named for training in found.trainings for named in (*training.base, *training.teachers))
    names = [f"/{clean(named.name)}/" for named in (*found.mentions, *models)]
    return any((f"/{word}/" if len(word) < DISTINCT else word) in name for word in words for name in names)


def _followed(repository: Repository, gathered: Gathered) -> Iterator[str]:
    """The files that what was found leads to."""
    for path, found in list(gathered.found.items()):
        for named in found.mentions:
            yield from _leads(repository, path, named.name)
        folder = path.rpartition("/")[0]
        own = (clean(named.name) for training in found.trainings for named in training.lists)
        places = ("", "data", *own) if found.trainings else ()
        lists = (clean(f"{start}/{place}/{LIST}") for place in places for start in ("", folder))
        yield from (name for name in lists if repository.exists(name))
    yield from _makers(repository, gathered)


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


def _makers(repository: Repository, gathered: Gathered) -> list[str]:
    """The files that mention a base or teacher which is no known model, since one of them may train it."""
    named = [
        name.name
        for found in gathered.found.values()
        for training in found.trainings
        for name in (*training.base, *training.teachers)
    ]
    unknown = [name for name in named if registry().model(name).maker is None and "://" not in name and len(name) > 3]
    return repository.mentioning(dict.fromkeys(clean(name) for name in unknown))


def _look_into(repository: Repository, gathered: Gathered, path: str, *, full: bool, changed: bool) -> None:
    from auditor.guard.data.scan import scan_file  # commits of configurations alone need none of this

    asked = path in gathered.given
    # to a run that is in the change itself, the old rows are as new as the added ones
    is_new = any(found.trainings for file, found in gathered.found.items() if file in gathered.given)
    added = repository.added(path) if asked and changed and not (full or is_new) and _has_lines(path) else None
    if added and (added[0][1].startswith("version https://git-lfs") or (added[0][0] == 1 and _has_header(path))):
        added = None  # a pointer, which is told as such, or new names of all columns
    with repository.data(path) as place:
        source = place or _cached(repository, gathered, path)
        if source is None:
            gathered.unread.append(Unread(Place(path), "the data is not here, so nothing in it was looked at"))
            return
        scan = scan_file(path, source, full=full, added=added, most=None if asked else FEW)
    gathered.scans.append(scan.dataset)
    gathered.unread += scan.unread
    gathered.data.append(path)
    gathered.rows += scan.examined
    if added is not None:
        gathered.sampled.append(f"{path}: {scan.examined:,} added {'row' if scan.examined == 1 else 'rows'}")
    elif scan.dataset.rows is None and scan.examined:
        of = f"{scan.total:,} rows" if scan.total else "a larger number of rows"
        gathered.sampled.append(f"{path}: sampled {scan.examined:,} of {of}")


def _has_header(path: str) -> bool:
    return path.lower().endswith((".csv", ".tsv"))


def _has_lines(path: str) -> bool:
    return _has_header(path) or path.lower().endswith((".jsonl", ".ndjson"))


def _cached(repository: Repository, gathered: Gathered, path: str) -> Path | None:
    """The copy of a file that DVC keeps, where it was pulled."""
    for found in gathered.found.values():
        for dataset in found.datasets:
            for named in dataset.names:
                if clean(named.name) == path and named.note.startswith(MD5):
                    md5 = named.note.removeprefix(MD5)
                    for folder in (".dvc/cache/files/md5", ".dvc/cache"):
                        place = repository.root / folder / md5[:2] / md5[2:]
                        if place.is_file():
                            return place
    return None
