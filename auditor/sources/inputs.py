"""Turns what a caller names (files, directories, globs, `-`) into single files, in a fixed order."""

import glob
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from auditor.errors import Fault, Location
from auditor.sources.source import Input

STDIN = "-"
PULL, PULLED = "pull.json", "acquisition.json"
"""Files of a folder that `auditor pull` fills: the first is written when it begins, the second when it is done."""
TABLES = ("events", "records", "snapshots")
UNFINISHED = "a pull that is not finished; run `auditor pull` again"


@dataclass(frozen=True)
class Remote(Input):
    """An object that lies elsewhere; see `auditor.sources.remote`.

    Attributes:
        path: the file of the database's folder to which it is downloaded.
        uri: its address, without what is secret.
        address: its address.
        size: in bytes; None if it is not known before the download.
    """

    uri: str = ""
    address: str = field(default="", repr=False)
    size: int | None = None


def expand(inputs: Sequence[Input]) -> tuple[list[Input], list[tuple[str, str]], list[Fault]]:
    """Return one `Input` per file, (path, why) for files that are passed over, and a fault for each name that gives none.

    A directory stands for all regular files below it that are not hidden, sorted; a glob for what it matches. A file
    that is named twice is read once.
    """
    found: list[Input] = []
    passed_over: list[tuple[str, str]] = []
    faults: list[Fault] = []
    seen: set[Path] = set()
    for item in inputs:
        if item.data is not None or item.path == STDIN or isinstance(item, Remote):
            found.append(item)
            continue
        paths = _paths(item.path, passed_over)
        if not paths:
            faults.append(Fault(Location(item.path), _why_nothing(item.path), "check the path"))
        for path in paths:
            if path.resolve() in seen:
                passed_over.append((path.as_posix(), "named twice"))
            elif not os.access(path, os.R_OK):
                faults.append(Fault(Location(str(path)), "cannot be read: permission denied"))
            else:
                seen.add(path.resolve())
                found.append(replace(item, path=str(path)))
    return found, passed_over, faults


def _paths(name: str, passed_over: list[tuple[str, str]]) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        return list(_below(path, passed_over))
    if path.exists():
        return [path]
    matches = sorted(Path(match) for match in glob.glob(name, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    return [file for match in matches for file in (_below(match, passed_over) if match.is_dir() else [match])]


def _below(folder: Path, passed_over: list[tuple[str, str]]) -> Iterable[Path]:
    for parent, folders, files in os.walk(folder):
        passed_over.extend(
            (f"{Path(parent, name).as_posix()}/", "hidden") for name in sorted(folders) if name.startswith(".")
        )
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if PULL in files:
            why = "pages as received; the tables made of them are read" if PULLED in files else UNFINISHED
            passed_over.append((f"{Path(parent).as_posix()}/", why))
            folders[:], files = [name for name in folders if name in TABLES and PULLED in files], []
        for name in sorted(files):
            path = Path(parent, name)
            if name.startswith("."):
                passed_over.append((path.as_posix(), "hidden"))
            elif not path.is_file():
                passed_over.append((path.as_posix(), "not a regular file"))
            else:
                yield path


def _why_nothing(name: str) -> str:
    if Path(name).is_dir():
        begun = (Path(name) / PULL).exists() and not (Path(name) / PULLED).exists()
        return f"this is {UNFINISHED}" if begun else "this directory holds no file to read"
    return "nothing matches this pattern" if glob.has_magic(name) else "no such file or directory"


def is_pipe(path: Path) -> bool:
    """Return whether the file can be read only once."""
    return not stat.S_ISREG(path.stat().st_mode)
