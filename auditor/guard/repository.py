"""The files that the guard may look at: those of a folder, or those that git is about to commit. Reads only."""

import codecs
import os
import subprocess
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from auditor.errors import AuditorError
from auditor.guard.git import added_lines, as_word, git_command, run_git, split_paths
from auditor.guard.index import LARGEST, Index
from auditor.guard.kinds import COMMAND_FILES, HEAD, READABLE, RUN, is_data, is_readable, is_rows
from auditor.guard.paths import PATTERN, clean, is_pattern

SKIPPED = frozenset((".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".mypy_cache", ".dvc"))
"""Folders of a tree without git in which nothing of the company's own lies."""
MOST_ADDED = 20_000
"""Lines of a change that are looked at one by one; of more, the file is sampled."""
DIFF = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--text")
"""Shows a change as it is, whatever the user set for other programs to show it."""
MOST_WORDS = 200
"""Names that are looked for as words of their own."""
MOST_IGNORED = 10_000
"""Files of a folder that git ignores which are looked at."""


@dataclass(frozen=True)
class Repository:
    """The files below `root`, by POSIX paths from there.

    Attributes:
        root: the folder; the top of the work tree if it is in git.
        git: whether it is a git work tree.
        staged: whether the content that is staged counts, and not what lies on the disk.
        change: what `git diff` is told so that it shows the change that is checked.
    """

    root: Path
    git: bool
    staged: bool = False
    change: tuple[str, ...] = ("--cached",)
    _rows: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    def read(self, path: str) -> str | None:
        """Return a file as text, None where it is not there, is no text, or is too large for a configuration."""
        return next((text for _, text in self.read_all([path])), None)

    def read_all(self, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield those of `paths` that can be read, as text, one after another; from git some at a time."""
        contents = self._index.read(paths) if self.staged else ((path, self._on_disk(path)) for path in paths)
        yield from ((path, _decoded(content)) for path, content in contents if content is not None)

    def _on_disk(self, path: str) -> bytes | None:
        place = self.root / path
        try:
            if not place.is_file() or place.stat().st_size > LARGEST or not self._inside(place):
                return None
            return place.read_bytes()
        except OSError:
            return None

    def _inside(self, place: Path) -> bool:
        """A link that leads out of the folder is not followed."""
        return place.resolve().is_relative_to(self.root.resolve())

    def data_among(self, paths: Iterable[str]) -> list[str]:
        """Return those of `paths` that are datasets; see `is_data`."""
        asked = list(paths)
        if self.staged:
            unknown = [
                path for path in asked if path.lower().endswith(".json") and path in self.files.difference(self._rows)
            ]
            self._rows.update(
                (path, content is None or is_rows(content)) for path, content in self._index.read(unknown)
            )
        return [path for path in asked if self.is_data(path)]

    def is_data(self, path: str) -> bool:
        """Return whether a file is a dataset: by its name, or JSON that is a list, lines of objects, or very large."""
        if is_data(path):
            return True
        if not path.lower().endswith(".json"):
            return False
        if self.staged and path in self.files:
            if path not in self._rows:
                self.data_among([path])
            return self._rows[path]
        try:
            if not (self.root / path).is_file():
                return False  # a pipe would keep whoever opens it
            with (self.root / path).open("rb") as file:
                return is_rows(file.read(HEAD)) or os.fstat(file.fileno()).st_size > LARGEST
        except OSError:
            return False

    @contextmanager
    def data(self, path: str) -> Iterator[Path | None]:
        """Give a data file on the disk: itself, or a copy of what is staged; None where it is not there."""
        name = self._index.name(path) if self.staged else None
        if name is None:  # the disk counts, or git does not have it, as it ignores it or was not told of it
            place = self.root / path
            yield place if place.is_file() and self._inside(place) else None
            return
        with TemporaryDirectory(prefix="auditor-guard-") as folder:
            copy = Path(folder) / PurePosixPath(path).name
            with copy.open("wb") as out:
                command = [*git_command(self.root), "cat-file", "blob", name]
                done = subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, check=False)  # noqa: S603  # git, no shell
            yield copy if done.returncode == 0 else None

    @cached_property
    def files(self) -> frozenset[str]:
        """Every file: those git knows (and, on the disk, those it does not ignore), or those of the folder."""
        if not self.git:
            return frozenset(_walk(self.root))
        if self.staged:
            return frozenset(self._index.entries)
        return frozenset(
            split_paths(run_git(self.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"))
        )

    @cached_property
    def _index(self) -> Index:
        return Index(self.root)

    def below(self, path: str) -> list[str]:
        """Return the files in a folder, or the file itself, in order; empty where there is neither."""
        name = clean(path)
        if name in self.files:
            return [name]
        if name == ".":
            return self._sorted
        begin, end = bisect_left(self._sorted, f"{name}/"), bisect_left(self._sorted, f"{name}0")  # 0 follows /
        return self._sorted[begin:end]

    def data_below(self, path: str) -> list[str]:
        """Return the datasets in a folder, or the file itself, with those that git ignores, as training data often is."""
        return self.data_among(self.all_below(path))

    def all_below(self, path: str) -> list[str]:
        """Return the files in a folder, or the file itself, with those that git ignores."""
        name = clean(path)
        ignored = [] if name == "." else self._ignored(name)
        loose = [file for file in ignored if not self.staged or self._counts_on_disk(file)]
        return list(dict.fromkeys((*self.below(name), *loose)))

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.files)

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Every folder that holds a file, and `.`."""
        folders = {"."}
        for file in self.files:
            folder = file.rpartition("/")[0]
            while folder and folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(folders)

    def _ignored(self, name: str) -> list[str]:
        """The files of a folder on the disk, or the file, if it is in git's work tree and git may not know them."""
        place = self.root / name
        if not self.git or not self.exists(name) or not self._inside(place):
            return []
        if place.is_file():
            return [name]
        below = (file for file in _walk(place))
        return [f"{name}/{file}" for file in islice(below, MOST_IGNORED)]

    def matching(self, pattern: str) -> list[str]:
        """Return the files that a pattern with `*`, `?` or `[…]` stands for; empty for a plain name."""
        if not is_pattern(pattern) or pattern in self.files:
            return []
        fixed = pattern[: min(pattern.find(mark) for mark in PATTERN if mark in pattern)].rpartition("/")[0]
        files = {*self.files, *(self.all_below(fixed) if fixed else ())}
        return sorted(file for file in files if fnmatchcase(file, pattern))

    def exists(self, path: str) -> bool:
        """Return whether there is such a file or folder, without listing the others where that can be avoided."""
        if self.git and self.staged:
            name = clean(path)
            return name in self.files or name in self._folders or self._is_loose(name)
        try:
            return bool(path) and not path.startswith("/") and (self.root / path).exists()
        except (OSError, ValueError):  # too long to be a name, or with a character that no name has
            return False

    def _counts_on_disk(self, name: str) -> bool:
        """Whether a file that git does not have counts in a check of what is staged: data does, what declares does not."""
        return not is_readable(name) or self.is_data(name)

    def _is_loose(self, name: str) -> bool:
        """Whether data that git does not have lies on the disk: a file, or a folder of which git has nothing."""
        try:
            place = self.root / name
            return (place.is_file() and self._counts_on_disk(name)) or (place.is_dir() and self._inside(place))
        except (OSError, ValueError):
            return False

    def mentioning(self, words: Iterable[str]) -> list[str]:
        """Return the files that git knows and that contain one of `words`; without git, none are looked for."""
        asked = [word for word in words if word and "\n" not in word]
        if not (self.git and asked):
            return []
        # as words of their own, so that `as` is not found in `datasets`; of very many, each is looked for anywhere
        how = "-E" if len(asked) <= MOST_WORDS else "-F"
        patterns = "\n".join(map(as_word, asked) if how == "-E" else asked)
        where = ["--cached"] if self.staged else ["--untracked"]
        names = [f":(icase)*{end}" for end in READABLE]
        names += [f":(icase,glob)**/{name}" for name in (*(f"{start}*" for start in COMMAND_FILES), RUN)]
        command = ("grep", "--no-color", "-l", "-z", "-I", how, "-i", *where, "-f", "-", "--", *names)
        out = run_git(self.root, *command, stdin=os.fsencode(patterns), fails=True)
        return sorted(split_paths(out))

    def changed(self) -> list[str]:
        """Return the files that the change adds or touches."""
        return sorted(path for path, kind in self._changes.items() if kind != "D")

    def deleted(self) -> list[str]:
        """Return the files that the change takes away, also by giving them another name."""
        return sorted(path for path, kind in self._changes.items() if kind == "D")

    @cached_property
    def _changes(self) -> dict[str, str]:
        """The files of the change, each with what happens to it, as git says it."""
        parts = [*split_paths(run_git(self.root, *DIFF, "--name-status", "-z", *self.change, "--"))]
        return dict(zip(parts[1::2], parts[::2], strict=True))

    @cached_property
    def _added(self) -> dict[str, int]:
        """How many lines the change adds to each text file."""
        out = run_git(self.root, *DIFF, "--numstat", "-z", *self.change, "--")
        parts = (entry.split("\t", 2) for entry in split_paths(out))
        return {path: int(added) for added, _, path in parts if added.isdigit()}

    def added(self, path: str) -> list[tuple[int, str]] | None:
        """Return the lines that the change adds to a text file: number from 1, and the line; None if there are very many."""
        if self._added.get(path, MOST_ADDED + 1) > MOST_ADDED:
            return None
        out = run_git(self.root, *DIFF, "-U0", "--inter-hunk-context=0", *self.change, "--", f":(top,literal){path}")
        return list(added_lines(out.decode("utf-8", "replace")))


def _decoded(content: bytes) -> str:
    """Text as UTF-8, or as UTF-16 where it begins like that."""
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_wide else "utf-8-sig", "replace")


def open_repository(
    start: Path, folder: Path, *, staged: bool = False, environ: Mapping[str, str] = os.environ
) -> Repository:
    """Return the git repository that holds `start`, or the files below `folder` where there is none.

    The change is what is staged, or what lies between the commits that pre-commit names in the environment.

    Raises:
        AuditorError: `staged`, and `start` is not in a git repository.
    """
    place = start if start.is_dir() else start.parent
    try:
        top = run_git(place, "rev-parse", "--show-toplevel").decode().strip()
    except AuditorError as error:
        if staged or environ.get("PRE_COMMIT") or "not a git repository" not in error.message:
            raise AuditorError(
                f"{place}: git cannot read this repository, which --staged and hooks need ({error.message})"
            ) from error
        return Repository(folder, git=False)
    first, last = environ.get("PRE_COMMIT_FROM_REF"), environ.get("PRE_COMMIT_TO_REF")
    span = ("--end-of-options", f"{first}...{last}") if first and last else ("--cached",)
    return Repository(Path(top), git=True, staged=staged, change=span)


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in names:
            yield (Path(folder) / name).relative_to(root).as_posix()
