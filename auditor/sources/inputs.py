"""Turns what a caller names (files, directories, globs, `-`) into single files, in a fixed order."""

import glob
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from auditor.errors import Fault, Location
from auditor.sources.source import Input

STDIN = "-"


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
        if item.data is not None or item.path == STDIN:
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
        return "this directory holds no file to read"
    return "nothing matches this pattern" if glob.has_magic(name) else "no such file or directory"


def is_pipe(path: Path) -> bool:
    """Return whether the file can be read only once."""
    return not stat.S_ISREG(path.stat().st_mode)
