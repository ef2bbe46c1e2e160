"""The files that the guard may look at: those of a folder, or those that git is about to commit. Reads only."""

import codecs
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from auditor.errors import AuditorError
from auditor.guard.kinds import COMMAND_FILES, READABLE, is_data

SKIPPED = frozenset((".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".mypy_cache", ".dvc"))
"""Folders of a tree without git in which nothing of the company's own lies."""
MOST_ADDED = 20_000
"""Lines of a change that are looked at one by one; of more, the file is sampled."""
PATTERN = frozenset("*?[")
HEAD = 1 << 16
"""Bytes of a JSON file by which it is told whether it holds rows."""
MOST_IGNORED = 10_000
"""Files of a folder that git ignores which are looked at."""
LARGEST = 4_000_000
"""Bytes of a file that is read as text."""


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

    def read(self, path: str) -> str | None:
        """Return a file as text, None where it is not there, is no text, or is too large for a configuration."""
        content = self._staged([path]).get(path) if self.staged else self._on_disk(path)
        return None if content is None else content.decode("utf-8", "replace")

    def read_all(self, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield those of `paths` that can be read, as text; from git in one go."""
        contents = self._staged(paths) if self.staged else {path: self._on_disk(path) for path in paths}
        for path, content in contents.items():
            if content is not None:
                yield path, _decoded(content)

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

    def _staged(self, paths: Sequence[str]) -> dict[str, bytes | None]:
        """The staged contents, asked of one git process once another has told which are small enough."""
        asked = [path for path in paths if "\n" not in path]
        contents: dict[str, bytes | None] = dict.fromkeys(paths)
        heads = self._batch("--batch-check", asked).decode("utf-8", "replace").splitlines()
        small = [path for path, head in zip(asked, heads, strict=False) if _is_small_blob(head)]
        out = self._batch("--batch", small) if small else b""
        at = 0
        for path in small:
            end = out.find(b"\n", at)
            size = int(out[at:end].split(b" ")[2])
            contents[path] = out[end + 1 : end + 1 + size]
            at = end + size + 2
        return contents

    def _batch(self, how: str, paths: Sequence[str]) -> bytes:
        names = "".join(f":./{path}\n" for path in paths)
        return run_git(self.root, "cat-file", how, stdin=os.fsencode(names))

    def is_data(self, path: str) -> bool:
        """Return whether a file is a dataset: by its name, or JSON that is a list, lines of objects, or very large."""
        if is_data(path):
            return True
        if not path.lower().endswith(".json"):
            return False
        if self.staged:
            content = self._staged([path]).get(path) if path in self.files else b""
            return content is None or _is_rows(content)
        try:
            if not (self.root / path).is_file():
                return False  # a pipe would keep whoever opens it
            with (self.root / path).open("rb") as file:
                return _is_rows(file.read(HEAD)) or os.fstat(file.fileno()).st_size > LARGEST
        except OSError:
            return False

    @contextmanager
    def data(self, path: str) -> Iterator[Path | None]:
        """Give a data file on the disk: itself, or a copy of what is staged; None where it is not there."""
        if not self.staged:
            place = self.root / path
            yield place if place.is_file() and self._inside(place) else None
            return
        if path not in self.files:
            yield None
            return
        with TemporaryDirectory(prefix="auditor-guard-") as folder:
            copy = Path(folder) / PurePosixPath(path).name
            with copy.open("wb") as out:
                command = [*git_command(self.root), "cat-file", "blob", f":./{path}"]
                done = subprocess.run(command, stdout=out, stderr=subprocess.DEVNULL, check=False)  # noqa: S603  # git, no shell
            yield copy if done.returncode == 0 else None

    @cached_property
    def files(self) -> frozenset[str]:
        """Every file: those git knows (and, on the disk, those it does not ignore), or those of the folder."""
        if not self.git:
            return frozenset(_walk(self.root))
        kinds = ["--cached"] if self.staged else ["--cached", "--others", "--exclude-standard"]
        return frozenset(split_paths(run_git(self.root, "ls-files", "-z", *kinds)))

    def below(self, path: str) -> list[str]:
        """Return the files in a folder, or the file itself, in order; empty where there is neither."""
        name = clean(path)
        if name in self.files:
            return [name]
        found = sorted(file for file in self.files if name == "." or file.startswith(f"{name}/"))
        return found or ([] if self.staged else self._ignored(name))

    def _ignored(self, name: str) -> list[str]:
        """The files of a folder on the disk that git does not know, as training data often is."""
        place = self.root / name
        if not self.git or not self.exists(name) or not self._inside(place):
            return []
        if place.is_file():
            return [name]
        below = (file for file in place.rglob("*") if file.is_file() and not SKIPPED & {*file.relative_to(place).parts})
        return sorted(file.relative_to(self.root).as_posix() for file in islice(below, MOST_IGNORED))

    def matching(self, pattern: str) -> list[str]:
        """Return the files that a pattern with `*`, `?` or `[…]` stands for; empty for a plain name."""
        return [file for file in self.files if fnmatchcase(file, pattern)] if PATTERN & {*pattern} else []

    def exists(self, path: str) -> bool:
        """Return whether there is such a file or folder, without listing the others where that can be avoided."""
        if self.git and self.staged:
            return bool(self.below(path))
        try:
            return bool(path) and not path.startswith("/") and (self.root / path).exists()
        except (OSError, ValueError):  # too long to be a name, or with a character that no name has
            return False

    def mentioning(self, words: Iterable[str]) -> list[str]:
        """Return the files that git knows and that contain one of `words`; without git, none are looked for."""
        patterns = "\n".join(word for word in words if word and "\n" not in word)
        if not (self.git and patterns):
            return []
        where = ["--cached"] if self.staged else ["--untracked"]
        names = [f":(icase)*{end}" for end in READABLE] + [f":(icase)*{start}*" for start in COMMAND_FILES]
        command = ("grep", "-l", "-z", "-I", "-F", *where, "-f", "-", "--", *names)
        out = run_git(self.root, *command, stdin=os.fsencode(patterns), fails=True)
        return sorted(split_paths(out))

    def changed(self) -> list[str]:
        """Return the files that the change touches."""
        options = ("--name-only", "-z", "--no-renames", "--diff-filter=d")
        return sorted(split_paths(run_git(self.root, "diff", *options, *self.change, "--")))

    def added(self, path: str) -> list[tuple[int, str]] | None:
        """Return the lines that the change adds to a text file: number from 1, and the line; None if there are very many."""
        options = ["--no-color", "--no-ext-diff", "--no-renames", "--text", *self.change, "--", path]
        count = run_git(self.root, "diff", "--numstat", *options).split(b"\t")[0]
        if not count.isdigit() or int(count) > MOST_ADDED:
            return None
        out = run_git(self.root, "diff", "-U0", *options)
        return list(_added(out.decode("utf-8", "replace")))


def _decoded(content: bytes) -> str:
    """Text as UTF-8, or as UTF-16 where it begins like that."""
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_wide else "utf-8-sig", "replace")


def _is_rows(content: bytes) -> bool:
    """Whether JSON is a list, or an object on each line."""
    head = content[:HEAD].removeprefix(codecs.BOM_UTF8).lstrip()
    first, _, rest = head.partition(b"\n")
    return head.startswith(b"[") or (first.startswith(b"{") and first.rstrip().endswith(b"}") and rest.startswith(b"{"))


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
        if staged or environ.get("PRE_COMMIT"):
            raise AuditorError(
                f"{place}: --staged needs a git repository, and so does a hook ({error.message})"
            ) from error
        return Repository(folder, git=False)
    first, last = environ.get("PRE_COMMIT_FROM_REF"), environ.get("PRE_COMMIT_TO_REF")
    span = ("--end-of-options", f"{first}...{last}") if first and last else ("--cached",)
    return Repository(Path(top), git=True, staged=staged, change=span)


def git_command(root: Path) -> list[str]:
    """Return the start of a git command: in a folder, with paths as they are, and without its optional locks."""
    return ["git", "-C", str(root), "--no-optional-locks", "-c", "core.quotepath=off"]


def run_git(root: Path, *args: str, stdin: bytes | None = None, fails: bool = False) -> bytes:
    """Run git in `root` and return what it prints; with `fails`, an exit code other than 0 gives what was printed till then.

    Raises:
        AuditorError: git is not installed, or it fails.
    """
    try:
        done = subprocess.run(  # noqa: S603  # git with arguments of ours, no shell
            [*git_command(root), *args], input=stdin, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise AuditorError("git is not installed") from error
    if done.returncode and not fails:
        raise AuditorError(f"git {args[0]}: {done.stderr.decode(errors='replace').strip() or done.returncode}")
    return done.stdout


def _is_small_blob(head: str) -> bool:
    parts = head.split(" ")
    return len(parts) == 3 and parts[1] == "blob" and int(parts[2]) <= LARGEST


def split_paths(out: bytes) -> Iterator[str]:
    """Yield the paths that git printed with `-z`."""
    yield from (os.fsdecode(part) for part in out.split(b"\0") if part)


def clean(path: str) -> str:
    """Return a path without `./` and `..` inside it, `.` for the root itself."""
    parts: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part)
    return "/".join(parts) or "."


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in names:
            yield (Path(folder) / name).relative_to(root).as_posix()


def _added(diff: str) -> Iterator[tuple[int, str]]:
    line = 0
    body = False
    for text in diff.split("\n"):
        if text.startswith("@@"):
            body = True
            line = int(text.split("+", 1)[1].split(" ", 1)[0].split(",")[0])
        elif body and text.startswith("+"):
            yield line, text[1:]
            line += 1
