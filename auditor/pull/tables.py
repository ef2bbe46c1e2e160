"""Makes Parquet by day of the pages of an endpoint: the same bytes for the same records, in whatever order they came."""

import asyncio
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from pydantic import JsonValue

from auditor.engine import Database, column_type, literal, quote
from auditor.errors import AuditorError
from auditor.model.facts import SNAPSHOTS, TABLES
from auditor.pull.endpoint import Endpoint, Row, items_of
from auditor.pull.exports import lines_of
from auditor.pull.store import Head, Store, Wanted
from auditor.pull.words import strict_json
from auditor.sources import Input, ingest

TEXTS = frozenset(fact.name for table in (*TABLES.values(), SNAPSHOTS) for fact in table.facts.values() if fact.text)
VIEWS = {"records": "records", "event_records": "events", "snapshot_records": "snapshots"}
"""View of the reader → folder."""
UNKNOWN = "unknown"


@dataclass
class Made:
    """What became of an endpoint's pages."""

    records: int = 0
    duplicates: int = 0
    rejected: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    outside: int = 0
    first: str | None = None
    last: str | None = None
    unread: str = ""


def pages_of(store: Store, endpoint: str) -> Iterator[tuple[bytes, Head]]:
    """Yield content and head of every page of an endpoint, in order."""
    for shard in store.shards(endpoint):
        for number in range(store.pages(endpoint, shard)):
            yield store.read(endpoint, shard, number)


async def convert(store: Store, endpoint: Endpoint, wanted: Wanted, target: Path) -> Made:
    """Write the records of an endpoint's pages below `target`, by day, and say what became of them.

    Raises:
        AuditorError: a page is damaged.
    """
    made = Made()
    with Database() as db:
        if endpoint.rows:
            await asyncio.to_thread(_snapshots, db, store, endpoint, target, made)
            return made
        spooled = db.folder / f"{endpoint.name}.jsonl"
        if not await asyncio.to_thread(_spool, store, endpoint, spooled, made):
            return made
        try:
            read = await ingest(db, [Input(str(spooled))], text=TEXTS)
        except AuditorError as error:
            words = error.faults[0].message if error.faults else error.message
            made.unread = words.replace(str(spooled), "the pages")
            return made
        made.rejected += read.rejected
        for summary in read.inputs:
            made.skipped |= summary.skipped
        for view, folder in VIEWS.items():
            await asyncio.to_thread(_write, db, view, target / folder, endpoint, wanted, made)
    return made


def _spool(store: Store, endpoint: Endpoint, path: Path, made: Made) -> int:
    """Write the items of all pages to `path`, one a line in an envelope, and return their number.

    Sums by day bear no id, so what is served twice is told here, by everything that is in it.
    """
    seen: set[bytes] | None = set() if endpoint.buckets else None
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for content, _ in pages_of(store, endpoint.name):
            for item in _items(endpoint, content):
                if not isinstance(item, dict):
                    made.rejected += 1
                else:
                    written += _put(file, item, seen, made)
    return written


def _items(endpoint: Endpoint, content: bytes) -> Sequence[JsonValue]:
    if not endpoint.paged:
        found = lines_of(content)
        return found if isinstance(found, list) else []
    return items_of(strict_json(content), endpoint.paging)


def _put(file: TextIO, item: dict[str, JsonValue], seen: set[bytes] | None, made: Made) -> int:
    """Write an item, without those of its results that were seen before; return how many records it is."""
    if seen is None:
        file.write(json.dumps({"data": [item]}) + "\n")
        return 1
    results = item.get("results")
    if not isinstance(results, list):
        results = [None]
    around = {name: value for name, value in item.items() if name != "results"}
    new: list[JsonValue] = []
    for result in results:
        digest = hashlib.sha256(json.dumps([around, result], sort_keys=True).encode()).digest()
        if digest in seen:
            made.duplicates += 1
        else:
            seen.add(digest)
            new.append(result)
    if not new:
        return 0
    whole = item if new == [None] else around | {"results": new}
    file.write(json.dumps({"data": [whole]}) + "\n")
    return len(new)


def _write(db: Database, view: str, target: Path, endpoint: Endpoint, wanted: Wanted, made: Made) -> None:
    """Write a view, without duplicates, sorted by time and id and then everything else."""
    names = [name for name in db.columns(view) if not name.startswith("_")]
    (count,) = db.execute(f"SELECT count(*) FROM {view}")[0]
    if not count:
        return
    columns = ", ".join(quote(name) for name in names)
    time = quote("timestamp") if "timestamp" in names else "NULL::TIMESTAMP"
    name = quote("record.id") if "record.id" in names else "NULL::VARCHAR"
    where = "TRUE"
    if not endpoint.period:
        where = f"coalesce({time}::DATE BETWEEN {literal(str(wanted.since))} AND {literal(str(wanted.until))}, TRUE)"
    one = ""
    if not endpoint.buckets:
        one = f"QUALIFY {name} IS NULL OR row_number() OVER (PARTITION BY {name}, {time} ORDER BY {columns}) = 1"
    table = f"{view}_clean"
    db.execute(
        f"CREATE TEMP TABLE {table} AS SELECT {columns}, strftime({time}, '%Y-%m-%d') AS _day FROM {view} "
        f"WHERE {where} {one} ORDER BY {time}, {name}, {columns}"
    )
    (inside,) = db.execute(f"SELECT count(*) FROM {view} WHERE {where}")[0]
    kept, first, last = db.execute(f"SELECT count(*), min({time}), max({time}) FROM {table}")[0]
    made.records += kept
    made.duplicates += inside - kept
    made.outside += count - inside
    _span(made, first, last)
    _by_day(db, table, f"{time}, {name}, {columns}", columns, target, endpoint.name)


def _span(made: Made, first: datetime | None, last: datetime | None) -> None:
    if first and last:
        made.first = min(filter(None, (made.first, first.isoformat() + "Z")))
        made.last = max(filter(None, (made.last, last.isoformat() + "Z")))


def _by_day(db: Database, table: str, order: str, columns: str, target: Path, name: str) -> None:
    """Write a table that has `_day` to one file a day; by one thread, so that the bytes depend on the rows alone."""
    db.execute("SET threads TO 1")
    for (day,) in db.execute(f"SELECT DISTINCT _day FROM {table} ORDER BY 1"):
        folder = target / f"day={day or UNKNOWN}"
        folder.mkdir(parents=True, exist_ok=True)
        db.execute(
            f"COPY (SELECT {columns} FROM {table} WHERE _day IS NOT DISTINCT FROM {literal(day)} ORDER BY {order}) "
            f"TO {literal(str(folder / f'{name}.parquet'))} (FORMAT parquet, COMPRESSION zstd)"
        )
    db.execute("RESET threads")


def _snapshots(db: Database, store: Store, endpoint: Endpoint, target: Path, made: Made) -> None:
    """Write what the pages say of accounts, each thing once, at the time at which it was first seen."""
    assert endpoint.rows
    rows: dict[str, tuple[Row, datetime]] = {}
    for content, head in pages_of(store, endpoint.name):
        seen_at = (head.date or head.received).astimezone(UTC).replace(tzinfo=None)
        for row in endpoint.rows(strict_json(content), head.parent, head.organization):
            key = json.dumps(row, sort_keys=True)
            made.duplicates += key in rows
            rows.setdefault(key, (row, seen_at))
    if not rows:
        return
    told = {name for row, _ in rows.values() for name, value in row.items() if value is not None}
    names = [name for name in SNAPSHOTS.facts if name in told | {"timestamp"}]
    types = ", ".join(f"{quote(name)} {column_type(SNAPSHOTS.facts[name].type)}" for name in names)
    db.execute(f"CREATE TEMP TABLE snapshot_rows ({types})")
    full = (row | {"timestamp": moment} for row, moment in rows.values())
    db.insert("snapshot_rows", ([row.get(name) for name in names] for row in full))
    columns = ", ".join(quote(name) for name in names)
    db.execute("CREATE TEMP TABLE days AS SELECT *, strftime(\"timestamp\", '%Y-%m-%d') AS _day FROM snapshot_rows")
    made.records = len(rows)
    moments = [moment for _, moment in rows.values()]
    _span(made, min(moments), max(moments))
    _by_day(db, "days", columns, columns, target / "snapshots", endpoint.name)
