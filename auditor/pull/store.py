"""The folder of a pull. Every page is one commit, and where to go on is read off the last one, so that a pull can be cut off
at any moment and gone on with, and nothing is asked for or kept twice.

    pull.json                                  what is pulled; written first
    raw/<endpoint>/<shard>/000000.json.zst     a page exactly as it was received
    raw/<endpoint>/<shard>/000000.head.json    where and when it was received, and its digest; written before the page
    raw/<endpoint>/<shard>/done.json           the shard has no more pages
    records/ events/ snapshots/                Parquet by day, made when all shards are done
    acquisition.json                           what was pulled, with digests; written last
"""

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from auditor.errors import AuditorError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PULL, ACQUISITION, RAW, DONE, LOCK = "pull.json", "acquisition.json", "raw", "done.json", ".lock"
TEMPORARY = ".tmp-"
TABLES = ("records", "events", "snapshots")
PAGE, HEAD = ".json.zst", ".head.json"
MOST_PAGES = 1_000_000


class Frozen(BaseModel):
    """Something that is kept in a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Wanted(Frozen):
    """What is pulled; the content of `pull.json`."""

    version: int = 1
    provider: str
    base_url: str
    since: date
    until: date
    endpoints: tuple[str, ...]
    options: Mapping[str, str] = {}
    left_out: Mapping[str, str] = {}
    """Endpoints that the provider has and that are not pulled, with the reason."""


class Head(Frozen):
    """What is known of a page besides its content.

    Attributes:
        url: what was asked for, without credentials.
        cursor: the token, id or number of the page that was asked for; empty for the first.
        parent: id of the item whose list it is; empty if it is nobody's.
        received: when it was received, by the clock of this machine.
        date: when it was sent, by the clock of the server, if it said so.
        sha256, bytes: of the content.
        items: digest of the items of the page, whatever their order; empty if there are none, or it is no page.
        organization: the account that answered, if the server said so.
        request_id: under which the provider knows the request.
    """

    url: str
    cursor: str = ""
    parent: str = ""
    received: datetime
    date: datetime | None = None
    sha256: str
    bytes: int
    items: str = ""
    organization: str | None = None
    request_id: str | None = None


def write_file(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, even if the power fails."""
    temporary = path.with_name(TEMPORARY + path.name)
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for one process; it is let go of when the process ends, in whatever way.

    Raises:
        AuditorError: another process holds it, or it cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("ab")
    except OSError as error:
        raise AuditorError(f"cannot write to {folder}: {error.strerror or error}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AuditorError(
                f"another `auditor pull` is writing to {folder}; wait for it, or use another --into"
            ) from error
        yield


class Store:
    """The folder of one pull, which this process holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def remove_leftovers(self) -> None:
        """Remove what an interrupted pull did not finish writing."""
        for parent, folders, files in os.walk(self.folder):
            for name in [name for name in folders if name.startswith(TEMPORARY)]:
                shutil.rmtree(Path(parent, name))
                folders.remove(name)
            for name in files:
                if name.startswith(TEMPORARY):
                    Path(parent, name).unlink()

    def wanted(self) -> Wanted | None:
        """Return what this folder is for, or None if it is new.

        Raises:
            AuditorError: the folder holds something else, or `pull.json` cannot be read.
        """
        path = self.folder / PULL
        if not path.exists():
            if others := sorted(name.name for name in self.folder.iterdir() if name.name != LOCK):
                raise AuditorError(f"{self.folder} holds other files ({others[0]}); use a new folder for --into")
            return None
        try:
            return Wanted.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise AuditorError(f"cannot read {path}; use a new folder for --into") from error

    def begin(self, wanted: Wanted) -> None:
        """Write down what is pulled, before anything is."""
        write_file(self.folder / PULL, wanted.model_dump_json(indent=1).encode() + b"\n")

    def shard(self, endpoint: str, shard: str) -> Path:
        """Return the folder of a shard's pages."""
        return self.folder / RAW / endpoint / shard

    def shards(self, endpoint: str) -> list[str]:
        """Return the shards of which there are pages, sorted."""
        folder = self.folder / RAW / endpoint
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def pages(self, endpoint: str, shard: str) -> int:
        """Return how many pages of a shard are kept.

        Raises:
            AuditorError: one in between is missing.
        """
        folder = self.shard(endpoint, shard)
        names = {path.name for path in folder.glob(f"[0-9]*{PAGE}")} if folder.is_dir() else set()
        if missing := [name for name in (f"{number:06d}{PAGE}" for number in range(len(names))) if name not in names]:
            raise AuditorError(
                f"the page {folder / missing[0]} is missing; remove {folder} and run the same command again"
            )
        return len(names)

    def commit(self, endpoint: str, shard: str, number: int, content: bytes, head: Head) -> None:
        """Keep a page: its head first, then the page, which is what counts."""
        if number >= MOST_PAGES:
            raise AuditorError(f"{endpoint} has more than {MOST_PAGES} pages in {shard}; pull a shorter period")
        folder = self._made(endpoint, shard)
        write_file(folder / f"{number:06d}{HEAD}", head.model_dump_json(indent=1).encode() + b"\n")
        write_file(folder / f"{number:06d}{PAGE}", zstd.compress(content, 3))

    def finish(self, endpoint: str, shard: str, pages: int) -> None:
        """Mark a shard as whole."""
        write_file(self._made(endpoint, shard) / DONE, b'{"pages": %d}\n' % pages)

    def finished(self, endpoint: str, shard: str) -> bool:
        """Return whether a shard is whole."""
        return (self.shard(endpoint, shard) / DONE).exists()

    def read(self, endpoint: str, shard: str, number: int) -> tuple[bytes, Head]:
        """Return a page and what is known of it.

        Raises:
            AuditorError: it is damaged.
        """
        folder = self.shard(endpoint, shard)
        path = folder / f"{number:06d}{PAGE}"
        try:
            head = self.head(endpoint, shard, number)
            content = zstd.decompress(path.read_bytes())
        except (OSError, zstd.ZstdError, ValidationError) as error:
            raise AuditorError(f"{path} is damaged; remove {folder} and run the same command again") from error
        if hashlib.sha256(content).hexdigest() != head.sha256:
            raise AuditorError(f"{path} was changed; remove {folder} and run the same command again")
        return content, head

    def head(self, endpoint: str, shard: str, number: int) -> Head:
        """Return what is known of a page besides its content."""
        return Head.model_validate_json((self.shard(endpoint, shard) / f"{number:06d}{HEAD}").read_bytes())

    def whole(self) -> bool:
        """Return whether everything was pulled and converted."""
        return (self.folder / ACQUISITION).exists()

    def _made(self, endpoint: str, shard: str) -> Path:
        folder = self.shard(endpoint, shard)
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            for parent in (folder.parent, folder.parent.parent, self.folder):
                sync_folder(parent)
        return folder
