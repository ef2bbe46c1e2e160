"""Reads the inputs into the view `records`: expand, open, stage, convert, count."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import TextIO

from auditor.engine import Database
from auditor.engine.duckdb import EngineError
from auditor.errors import AuditorError, Fault, Location, raise_faults
from auditor.sources.cast import define_casts
from auditor.sources.convert import define_companion
from auditor.sources.inputs import expand
from auditor.sources.memory import is_arrow, spool_records
from auditor.sources.opened import Opened, Opener
from auditor.sources.reading import Reading
from auditor.sources.rejects import plain
from auditor.sources.remote import Remotes
from auditor.sources.source import Companion, Ingested, Input, InputSummary, Progress, Source
from auditor.sources.stage import MAX_LINE, Staged
from auditor.sources.words import define_words

SMALL, TOGETHER = 1 << 20, 16 << 20
"""Bytes of a file that is read together with others, and of all of them."""


def _companions(opened: Sequence[Opened]) -> dict[Companion, list[Opened]]:
    """Return the companions of the sources that read `opened`, each with those inputs that are such files."""
    found: dict[Companion, list[Opened]] = {}
    for item in opened:
        if companion := item.source.companion:
            files = found.setdefault(companion, [])
            if companion.detects(item.sample):
                files.append(item)
    return found


async def _open(
    db: Database, sources: Mapping[str, Source], files: Sequence[Input], faults: list[Fault]
) -> list[Opened]:
    """Open all files; `faults` are those found before.

    Raises:
        AuditorError: with the faults of all that cannot be read.
    """
    opener = Opener(db, sources)
    opened: list[Opened] = []
    for index, item in enumerate(files):
        spooled = None
        if item.data is not None and not is_arrow(item):
            spooled = await spool_records(item, db.folder / f"memory-{index:06d}.jsonl")
        found = await asyncio.to_thread(opener.open, index, item, spooled)
        if isinstance(found, Opened):
            opened.append(found)
        else:
            faults.extend(found)
    raise_faults("cannot read the inputs", faults)
    return opened


async def _staged_ahead(
    reading: Reading, opened: Sequence[Opened], staged: Mapping[int, Staged]
) -> AsyncIterator[tuple[Opened, Staged | AuditorError]]:
    """Yield every input staged, in order, while the next one is being staged in another thread."""

    async def stage_one(item: Opened) -> Staged | AuditorError:
        if item.index in staged:
            return staged[item.index]
        try:
            return await asyncio.to_thread(reading.stage, item)
        except AuditorError as error:
            return error
        except OSError as error:
            return AuditorError(f"cannot be read: {error.strerror or error}")

    ahead = [asyncio.create_task(stage_one(item)) for item in opened[:1]]
    try:
        for at, item in enumerate(opened, start=1):
            content = await ahead.pop()
            ahead.extend(asyncio.create_task(stage_one(following)) for following in opened[at : at + 1])
            yield item, content
    finally:
        await asyncio.gather(*ahead)  # a thread cannot be stopped; it must not outlive the database's folder


async def _groups(
    reading: Reading, staged: AsyncIterator[tuple[Opened, Staged | AuditorError]]
) -> AsyncIterator[list[tuple[Opened, Staged | AuditorError]]]:
    """Yield the inputs in order: small ones that may be read as one together, each of the others alone."""
    group: list[tuple[Opened, Staged | AuditorError]] = []
    size = 0
    async for opened, content in staged:
        small = isinstance(content, Staged) and content.size <= SMALL and content.width <= MAX_LINE
        if group and not (small and size <= TOGETHER and reading.fit_together(group[0][0], opened)):
            yield group
            group, size = [], 0
        group.append((opened, content))
        size += content.size if isinstance(content, Staged) and small else TOGETHER + 1
    if group:
        yield group


def _read(
    reading: Reading, members: Sequence[tuple[Opened, Staged | AuditorError]], rejects: TextIO
) -> tuple[list[InputSummary], list[Fault]]:
    """Read one input, or several together, and return what was read and what stands against it."""
    opened, content = members[0]
    try:
        if isinstance(content, AuditorError):
            raise content
        if len(members) == 1:
            return [reading.read(opened, content, rejects)], []
        return reading.read_together([(item, one) for item, one in members if isinstance(one, Staged)], rejects), []
    except EngineError as error:
        if len(members) > 1:  # each by itself, to know which of them it is
            parts = [_read(reading, [member], rejects) for member in members]
            return [one for read, _ in parts for one in read], [fault for _, wrong in parts for fault in wrong]
        why = f"cannot be read as {opened.source.name}: {plain(error.message)}"
        return [], [Fault(Location(opened.uri), why, damage=True)]
    except AuditorError as error:
        return [], [Fault(Location(opened.uri), error.message, damage=True)]


async def ingest_with(
    sources: Mapping[str, Source],
    db: Database,
    inputs: Sequence[Input],
    text: Collection[str],
    progress: Progress | None,
) -> Ingested:
    """Read `inputs` with `sources`; see `auditor.sources.ingest`."""
    define_casts(db)
    define_words(db)
    remotes = Remotes(db.folder, progress)
    named, elsewhere, unreachable = await remotes.find(inputs)
    files, passed_over, missing = await asyncio.to_thread(expand, named)
    here, missing = await remotes.fetch(files, unreachable + missing)
    opened = await _open(db, sources, here, missing)
    reading = Reading(db, text, progress)
    staged: dict[int, Staged] = {}
    for companion, items in _companions(opened).items():
        for item in items:
            staged[item.index] = await asyncio.to_thread(reading.stage, item)
            await asyncio.to_thread(reading.read_companion, companion, item, staged[item.index])
        define_companion(db, companion, [reading.file("companion", item.index, "parquet") for item in items])
    summaries: list[InputSummary] = []
    faults: list[Fault] = []
    path = db.folder / "rejects.jsonl"
    with path.open("w", encoding="utf-8") as rejects:
        async for members in _groups(reading, _staged_ahead(reading, opened, staged)):
            read, wrong = await asyncio.to_thread(_read, reading, members, rejects)
            summaries += read
            faults += wrong
    raise_faults("cannot read the inputs", faults)
    names = reading.define_views(summaries)
    return Ingested(tuple(summaries), path, sum(item.rejected for item in summaries), names, (*elsewhere, *passed_over))
