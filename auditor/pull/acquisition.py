"""The record of a pull: what was asked for, what came, with digests; and the tables that are made of it."""

import hashlib
import shutil
import statistics
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from auditor import __version__
from auditor.errors import AuditorError
from auditor.pull.endpoint import Endpoint, Provider
from auditor.pull.store import ACQUISITION, TABLES, TEMPORARY, Frozen, Head, Store, Wanted, sync_folder, write_file
from auditor.pull.tables import Made, convert, pages_of


class Acquired(Frozen):
    """What was pulled of one endpoint.

    Attributes:
        uri: what was asked for, without query and credentials.
        permission: what the credential had to be allowed to.
        pages, bytes, sha256: of the pages as received, one after another.
        records: kept in the tables.
        duplicates: served again, and kept once.
        rejected: could not be read.
        skipped: were no calls, by reason.
        outside: lie outside the period; only of endpoints that cannot be asked for a period.
        first, last: earliest and latest time of a record.
        unread: why no table was made of the pages; empty if one was.
    """

    endpoint: str
    holds: str
    uri: str
    permission: str
    pages: int
    bytes: int
    sha256: str
    records: int
    duplicates: int
    rejected: int
    skipped: Mapping[str, int]
    outside: int
    first: str | None
    last: str | None
    unread: str


class Acquisition(Frozen):
    """What was pulled; the content of `acquisition.json`.

    Attributes:
        client: name and version of what pulled it.
        started, finished: when the first page was received and when the last one was, by the clock of this machine.
        clock_offset: seconds by which the server's clock is ahead of this machine's; the median over all pages.
        notes: what else is to be known.
    """

    version: int = 1
    wanted: Wanted
    client: str
    started: datetime | None
    finished: datetime | None
    clock_offset: float | None
    endpoints: tuple[Acquired, ...]
    notes: tuple[str, ...]


async def acquire(store: Store, provider: Provider, wanted: Wanted) -> Acquisition:
    """Make the tables of everything that was pulled, and write down what it was.

    Raises:
        AuditorError: a page is damaged.
    """
    target = store.folder / f"{TEMPORARY}tables"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    heads: list[Head] = []
    acquired = []
    notes = []
    for name in wanted.endpoints:
        endpoint = provider.endpoint(name)
        digest = hashlib.sha256()
        own: list[Head] = []
        for content, head in pages_of(store, name):
            digest.update(content)
            own.append(head)
            if not endpoint.paged and content.count(b"\n") >= endpoint.page_items - 1:
                notes.append(f"an export of {name} holds the most that one gives; some of that day may be missing")
        made = await convert(store, endpoint, wanted, target)
        acquired.append(_acquired(endpoint, wanted, own, digest.hexdigest(), made))
        heads += own
    acquisition = Acquisition(
        wanted=wanted,
        client=f"tos-auditor {__version__}",
        started=min((head.received for head in heads), default=None),
        finished=max((head.received for head in heads), default=None),
        clock_offset=_offset(heads),
        endpoints=tuple(acquired),
        notes=tuple(notes),
    )
    _replace_tables(store.folder, target)
    write_file(store.folder / ACQUISITION, acquisition.model_dump_json(indent=1).encode() + b"\n")
    return acquisition


def _acquired(endpoint: Endpoint, wanted: Wanted, heads: list[Head], digest: str, made: Made) -> Acquired:
    return Acquired(
        endpoint=endpoint.name,
        holds=endpoint.holds,
        uri=wanted.base_url + endpoint.path,
        permission=endpoint.permission,
        pages=len(heads),
        bytes=sum(head.bytes for head in heads),
        sha256=digest,
        **asdict(made),
    )


def _offset(heads: list[Head]) -> float | None:
    """Return how far the server's clock is ahead; its times are whole seconds, so half a second is added."""
    offsets = [(head.date - head.received).total_seconds() + 0.5 for head in heads if head.date]
    return round(statistics.median(offsets), 3) if offsets else None


def _replace_tables(folder: Path, made: Path) -> None:
    """Put new tables in the place of those that an interrupted conversion left."""
    for name in TABLES:
        shutil.rmtree(folder / name, ignore_errors=True)
        if (made / name).is_dir():
            (made / name).rename(folder / name)
    made.rmdir()
    sync_folder(folder)


def load(folder: Path) -> Acquisition:
    """Return the record of a pull that is whole.

    Raises:
        AuditorError: it cannot be read.
    """
    path = folder / ACQUISITION
    try:
        return Acquisition.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise AuditorError(f"cannot read {path}; remove it, and run the same command again to make it anew") from error
