"""Reads objects of a git repository that is a stranger's: nothing it configures is run, nothing is checked out.

Only plumbing is called (`rev-list`, `cat-file`, `ls-tree`), for `log` and `show` may run a signature checker, a pager or a
diff driver that the repository names. Every transport is off; a bundle is unpacked as a local file.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor.errors import AuditorError
from auditor.terms.reading import MAX_BYTES

SAFE = (
    "--no-pager",
    "--no-replace-objects",
    "--literal-pathspecs",
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.attributesFile="),
    *("-c", "diff.external="),
    *("-c", "log.showSignature=false"),
    *("-c", "protocol.allow=never"),
    *("-c", "safe.directory=*"),
)
ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}
SECONDS = 120


@dataclass(frozen=True)
class Commit:
    """A commit and when it was made."""

    id: str
    date: datetime


@dataclass(frozen=True)
class Repository:
    """A repository on disk, and the commit that counts as its newest."""

    folder: Path
    tip: str

    def newest(self) -> Commit:
        """Return the newest commit."""
        return self._commits("--max-count=1", self.tip)[0]

    def history(self, path: str) -> list[Commit]:
        """Return the commits that touched a file, the oldest first; along the first parents, so that each has one before it."""
        return self._commits("--first-parent", "--reverse", self.tip, "--", path)

    def text(self, commit: str, path: str) -> tuple[str, str]:
        """Return the text of a file at a commit, and why there is none: one of the two is empty."""
        entry = (
            _git(self.folder, "ls-tree", "-z", "--full-tree", commit, "--", path)
            .rstrip(b"\0")
            .decode("utf-8", "replace")
        )
        if not entry:
            return "", f"the repository has no file {path} at {commit[:12]}"
        mode, kind, blob = entry.split("\t", 1)[0].split(" ")
        if kind != "blob" or mode not in ("100644", "100755"):
            return "", f"{path} is no plain file at {commit[:12]}"
        size = int(_git(self.folder, "cat-file", "-s", blob))
        if size > MAX_BYTES:
            return "", f"{path} is larger than {MAX_BYTES // 1_000_000} MB at {commit[:12]}"
        return _git(self.folder, "cat-file", "blob", blob).decode("utf-8", "replace"), ""

    def _commits(self, *arguments: str) -> list[Commit]:
        output = _git(self.folder, "rev-list", "--no-commit-header", "--format=%H %ct", *arguments).decode()
        pairs = [line.split(" ") for line in output.splitlines()]
        return [Commit(id, datetime.fromtimestamp(int(seconds), UTC)) for id, seconds in pairs]


def is_repository(path: Path) -> bool:
    """Whether a path is a bundle, a checkout or a bare repository."""
    bare = (path / "HEAD").is_file() and (path / "objects").is_dir()
    return bare or (path / ".git").exists() or _is_bundle(path)


@contextmanager
def opened(path: Path) -> Iterator[Repository]:
    """Open a checkout, a bare repository, or a bundle, which is unpacked into a temporary folder and removed again.

    Raises:
        AuditorError: it cannot be read, git is missing, or it is not clear which branch counts.
    """
    if not _is_bundle(path):
        yield Repository(path, _tip(path, path))
        return
    with tempfile.TemporaryDirectory(prefix="auditor-terms-") as temporary:
        folder = Path(temporary) / "repository.git"
        _git(Path(temporary), "init", "--quiet", "--bare", "--template=", str(folder))
        _git(
            folder,
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-auto-gc",
            str(path.resolve()),
            "+refs/heads/*:refs/heads/*",
            file=True,
        )
        yield Repository(folder, _tip(folder, path))


def _is_bundle(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(16).startswith((b"# v2 git bundle", b"# v3 git bundle"))


def _tip(folder: Path, path: Path) -> str:
    """The commit of HEAD; where HEAD names a branch that is not there, as in many bundles, that of the only or main branch."""
    refs = dict(
        line.split(" ")[::-1]
        for line in _git(folder, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads")
        .decode()
        .splitlines()
    )
    head = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", faults=False).decode().strip()
    if head:
        return head
    if len(refs) == 1:
        return next(iter(refs.values()))
    for name in ("refs/heads/main", "refs/heads/master"):
        if name in refs:
            return refs[name]
    raise AuditorError(
        f"{path}: HEAD names no commit and there is no branch main; it has {', '.join(refs) or 'no branch'}"
    )


def _git(folder: Path, *arguments: str, faults: bool = True, file: bool = False) -> bytes:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | ENVIRONMENT
    options = list(SAFE)
    if file:
        environment["GIT_ALLOW_PROTOCOL"] = "file"
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, and arguments that are no options
            ["git", "-C", str(folder), *options, *arguments],  # noqa: S607 - git where the user has it
            env=environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise AuditorError("the program git was not found; it is needed to read a repository or bundle") from error
    except subprocess.TimeoutExpired as error:
        raise AuditorError(f"git took longer than {SECONDS} s to read {folder}") from error
    if done.returncode and faults:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise AuditorError(f"git cannot read {folder}: {said[0] if said else f'exit code {done.returncode}'}")
    return done.stdout
