"""Looks into the data files that bear on a check, and says of which nothing was looked at."""

from collections.abc import Collection, Iterator
from pathlib import Path

from auditor.guard.formats.dvc import MD5
from auditor.guard.found import Place, Unread
from auditor.guard.gathered import Gathered
from auditor.guard.kinds import OTHER_DATA, PACKED, has_lines, is_data
from auditor.guard.paths import clean
from auditor.guard.repository import Repository

KEPT_BESIDE = (
    "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "config.json", "metadata.json",
)  # fmt: skip
"""JSON that libraries keep beside the rows of a dataset."""
FEW = 2_000
"""Rows that are looked at in a data file that did not change."""


def named_as_data(repository: Repository, gathered: Gathered, known: Collection[str]) -> Iterator[str]:
    """Yield the JSON documents that runs train on, which hold rows however they begin; what is not looked into is told."""
    for path, found in gathered.found.items():
        for named in (named for training in found.trainings for named in training.datasets if "://" not in named.name):
            folder = path.rpartition("/")[0]
            names = dict.fromkeys((clean(f"{folder}/{named.name}"), clean(named.name)))
            there = [name for name in names if name != "." and repository.exists(name)]
            files = [file for name in there for file in repository.below(name)]
            for file in files:
                is_json = file.lower().endswith(".json") and file.rpartition("/")[2] not in KEPT_BESIDE
                if is_json and file not in {*gathered.found, *known}:
                    yield file
            if closed := [file for file in files if file.lower().endswith(OTHER_DATA)]:
                more = f", nor {len(closed) - 1:,} more" if len(closed) > 1 else ""
                why = f"this is trained on, and files of its kind are not looked into{more}"
                gathered.unread.append(Unread(Place(closed[0]), why))
            if is_data(named.name) and not (there or any(repository.matching(name) for name in names)):
                gathered.notices.append(f"{named.place}: {named.name} is not here, so nothing in it was looked at")


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
    added = (
        repository.added(path)
        if asked and changed and not (full or is_new) and has_lines(path) and not path.lower().endswith(PACKED)
        else None
    )
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
