"""Looks into the data files that bear on a check, and says of which nothing was looked at."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from auditor.guard.formats.dvc import MD5
from auditor.guard.found import Named, Place, Unread
from auditor.guard.gathered import Gathered
from auditor.guard.identity import Names
from auditor.guard.kinds import PACKED, has_lines, is_data, is_readable
from auditor.guard.paths import clean
from auditor.guard.repository import MOST_IGNORED, Repository

KEPT_BESIDE = (
    "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "config.json", "metadata.json",
)  # fmt: skip
"""JSON that libraries keep beside the rows of a dataset."""
FEW = 2_000
"""Rows that are looked at in a data file that did not change."""


def named_as_data(repository: Repository, gathered: Gathered, known: Collection[str]) -> list[str]:
    """Return the JSON documents that runs train on, which hold rows however they begin; what is not looked into is told."""
    described = {clean(n.name).casefold() for said in gathered.found.values() for d in said.datasets for n in d.names}
    names = Names(repository, [*gathered.found.items()], described)
    documents: list[str] = []
    for path, found in gathered.found.items():
        for named in (named for training in found.trainings for named in training.datasets):
            meant = names.resolve(named.name, path)
            there = [name for name in meant if name != "." and repository.exists(name)]
            files = [file for name in there for file in repository.all_below(name)]
            files += [file for name in meant for file in repository.matching(name)]
            rest = [file for file in dict.fromkeys(files) if file not in known and not repository.is_data(file)]
            rows = [file for file in rest if _may_hold_rows(file) and file not in gathered.found]
            documents += rows
            others = (file for file in rest if file not in rows and file not in gathered.found)
            closed = [file for file in others if file in meant or not _stands_beside(file)]
            told = [*_untold(repository, named, meant, files, closed)]
            gathered.unread += told
            is_kept = any(name in known for name in meant)  # by DVC, in its cache
            if not (there or files or told or is_kept) and is_data(named.name):
                gathered.notices.append(f"{named.place}: {named.name} is not here, so nothing in it was looked at")
    gathered.unrelated = [path for path in gathered.unrelated if path not in documents]
    return documents


def _untold(
    repository: Repository, named: Named, meant: Sequence[str], files: Sequence[str], closed: Sequence[str]
) -> Iterator[Unread]:
    """What of a dataset is not looked into; `meant` are its names, the first of which stands for it."""
    is_there = any(repository.exists(name) for name in meant if name != ".")
    if closed:
        more = f", nor {len(closed) - 1:,} more" if len(closed) > 1 else ""
        yield Unread(Place(closed[0]), f"this is trained on, and files of its kind are not looked into{more}")
    elif is_there and not files:
        yield Unread(named.place, f"nothing that can be looked at lies in {meant[0]}")
    elif not is_there and any(repository.exists(f"{name}.dvc") for name in meant) and not is_data(meant[0]):
        yield Unread(named.place, f"the data of {meant[0]} is not here, so nothing in it was looked at")
    elif len(files) >= MOST_IGNORED:
        yield Unread(named.place, f"{meant[0]} holds more than {MOST_IGNORED:,} files; the rest of them")


def _may_hold_rows(path: str) -> bool:
    return path.lower().endswith(".json") and path.rpartition("/")[2] not in KEPT_BESIDE


def _stands_beside(path: str) -> bool:
    """Whether a file is one that lies beside data: text about it, code, settings."""
    name = path.rpartition("/")[2].lower()
    return name.startswith((".", "license", "licence", "notice", "_success")) or is_readable(path)


def look_into(repository: Repository, gathered: Gathered, path: str, *, full: bool, changed: bool) -> None:
    """Look into a data file, and keep what its rows record.

    Args:
        repository: where it is.
        gathered: what was read so far, to which this is added.
        path: the file.
        full: whether it is read whole.
        changed: whether the files that were given are those of a change, so that its added lines are looked at.
    """
    from auditor.guard.data.scan import scan_file  # commits of configurations alone need none of this

    asked = path in gathered.given
    # to a run that is in the change itself, the old rows are as new as the added ones
    is_new = any(found.trainings for file, found in gathered.found.items() if file in gathered.given)
    by_line = has_lines(path) and not path.lower().endswith(PACKED)
    added = repository.added(path) if asked and changed and by_line and not (full or is_new) else None
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
    elif not scan.whole and scan.examined:
        of = f"{scan.total:,} rows" if scan.total else "a larger number of rows"
        gathered.sampled.append(f"{path}: sampled {scan.examined:,} of {of}")


def _has_header(path: str) -> bool:
    return path.lower().endswith((".csv", ".tsv"))


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
