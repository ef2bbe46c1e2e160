"""Reads usage records from files, pipes and memory into the view `records`. One module a format; `SOURCES` lists them."""

from collections.abc import Collection, Sequence

from auditor.engine import Database
from auditor.sources.flat import FLAT
from auditor.sources.ingest import ingest_with
from auditor.sources.otlp import OTLP
from auditor.sources.source import Ingested, Input, InputSummary, Progress, Reject, Source

SOURCES: dict[str, Source] = {source.name: source for source in (FLAT, OTLP)}
"""Every format by name, in the order in which they are tried on an input."""

__all__ = ["SOURCES", "Ingested", "Input", "InputSummary", "Progress", "Reject", "Source", "ingest"]


async def ingest(
    db: Database, inputs: Sequence[Input], *, text: Collection[str], progress: Progress | None = None
) -> Ingested:
    """Read `inputs` into the view `records` of `db` and say what was read.

    The view has `_row` (unique and stable), `_input` (index into `Ingested.inputs`), `_line` (line of the file from 1; the
    record's number where the format has no lines: arrays, CSV without its header, Parquet, Arrow) and those facts of
    `usage` that at least one record carries. Rejected rows are not in it; duplicates are.

    Args:
        db: the database; its folder holds the converted records until it is closed.
        inputs: what to read, in order. Directories and globs are expanded into sorted files.
        text: names of the free-text facts (`Fact.text`) that are needed; the others are not read.
        progress: told of bytes read, from another thread.

    Raises:
        AuditorError: an input is missing, unreadable or of no known format; with a fault for every such input.
    """
    return await ingest_with(SOURCES, db, inputs, text, progress)
