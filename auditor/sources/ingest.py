"""Reads the inputs into the view `records`: expand, detect, stage, convert, count."""

import asyncio
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from auditor.engine import Database, column_type, literal, quote
from auditor.engine.duckdb import EngineError
from auditor.errors import AuditorError, Fault, Location, raise_faults
from auditor.model.facts import TABLES, Fact
from auditor.sources.cast import define_casts
from auditor.sources.convert import convert, json_relation, plan
from auditor.sources.inputs import STDIN, expand, is_pipe
from auditor.sources.rejects import flagged, write_rejects
from auditor.sources.sniff import SAMPLE_OBJECTS, UnreadableError, sniff
from auditor.sources.source import Ingested, Input, InputSummary, Progress, Sample, Source
from auditor.sources.words import define_words
from auditor.sources.stage import Staged, head, one_line_each, spool, stage

FACTS = TABLES["usage"].facts


@dataclass(frozen=True)
class Opened:
    """An input of which the beginning was seen."""

    index: int
    uri: str
    path: Path
    sample: Sample
    source: Source


class Ingestion:
    """One call of `ingest`."""

    def __init__(self, db: Database, sources: dict[str, Source], text: Collection[str], progress: Progress | None) -> None:
        self.db = db
        self.sources = sources
        self.text = frozenset(text)
        self.progress = progress
        self.tables: list[Path] = []
        self.facts: dict[str, Fact] = {}

    def file(self, name: str, index: int, suffix: str) -> Path:
        return self.db.folder / f"{name}-{index:06d}.{suffix}"

    def open(self, index: int, item: Input) -> Opened | Fault:
        """Look at the beginning of an input; a fault if it is of no format that is known."""
        uri = Path(item.path).as_posix()
        try:
            path = self._once(index, item)
            sample = sniff(head(path))
        except OSError as error:
            return Fault(Location(uri), f"cannot be read: {error.strerror}")
        except UnreadableError as error:
            return Fault(Location(uri), str(error), "name a format with --format or write a mapping file; see `auditor sources`")
        source = self._detect(item, sample)
        if source is None:
            return Fault(
                Location(uri), "of no format that is known", "name it with --format or write a mapping file; see `auditor sources`"
            )
        return Opened(index, uri, path, sample, source)

    def _once(self, index: int, item: Input) -> Path:
        path = Path(item.path)
        if item.path == STDIN:
            return spool(sys.stdin.buffer, self.file("stdin", index, "raw"))
        if is_pipe(path):
            with path.open("rb") as stream:
                return spool(stream, self.file("pipe", index, "raw"))
        return path

    def _detect(self, item: Input, sample: Sample) -> Source | None:
        if item.format:
            return self.sources[item.format]
        if sample.container == "empty":
            return next(iter(self.sources.values()))
        return next((source for source in self.sources.values() if source.detects(sample)), None)

    def stage(self, opened: Opened) -> Staged:
        """Stage the whole of an input, telling progress."""
        total = opened.path.stat().st_size
        progress = self.progress
        told: Callable[[int], None] = (lambda done: progress(opened.uri, done, total)) if progress else (lambda _: None)
        return stage(opened.path, self.file("input", opened.index, "content"), told)

    def read(self, opened: Opened, staged: Staged, rejects: TextIO) -> InputSummary:
        """Convert a staged input and say what was read.

        Raises:
            AuditorError: the engine cannot read it at all.
        """
        target = self.file("records", opened.index, "parquet")
        lines = opened.sample.container == "newline_delimited" and not opened.sample.envelope
        content = staged.path
        if lines and staged.long_lines:
            content = one_line_each(staged, self.file("lines", opened.index, "content"))
        self._convert(opened, content, target)
        if lines and self._rows(target) != staged.lines:
            self._convert(opened, one_line_each(staged, self.file("lines", opened.index, "content")), target)
        faults = flagged(self.db, target, self.file("faults", opened.index, "jsonl"))
        known = frozenset(opened.source.columns)
        with staged.path.open("rb") as raw:
            rejected = write_rejects(rejects, opened.index, faults, raw if lines else None, staged.offset, known)
        self.tables.append(target)
        return self._summary(opened, staged, target, rejected)

    def _convert(self, opened: Opened, content: Path, target: Path) -> None:
        source = opened.source
        relation = json_relation(content, opened.sample, source.columns)
        for fact in convert(self.db, plan(opened.index, source, relation, self.text), target):
            self.facts[fact.name] = fact

    def _rows(self, table: Path) -> int:
        return int(self.db.execute(f"SELECT coalesce(max(coalesce(_line, file_row_number + 1)), 0) FROM read_parquet({literal(str(table))}, file_row_number=true)")[0][0])

    def _summary(self, opened: Opened, staged: Staged, table: Path, rejected: int) -> InputSummary:
        relation = f"read_parquet({literal(str(table))})"
        names = [name for name in self.db.columns(relation) if not name.startswith("_")]
        good = "_fault IS NULL AND _skip IS NULL"
        counts = "".join(f", count({quote(name)})" for name in names)
        times = "min(timestamp), max(timestamp)" if "timestamp" in names else "NULL, NULL"
        row = self.db.execute(f"SELECT count(*), {times}{counts} FROM {relation} WHERE {good}")[0]
        skipped = self.db.execute(f"SELECT _skip, count(*) FROM {relation} WHERE _skip IS NOT NULL GROUP BY 1 ORDER BY 1")
        seen = {str(name) for item in opened.sample.objects[:SAMPLE_OBJECTS] for name in opened.source.fields(item)}
        return InputSummary(
            uri=opened.uri,
            format="empty" if opened.sample.container == "empty" else opened.source.name,
            sha256=staged.sha256,
            bytes=staged.bytes,
            records=row[0],
            rejected=rejected,
            skipped=dict(skipped),
            first=row[1].isoformat() + "Z" if row[1] else None,
            last=row[2].isoformat() + "Z" if row[2] else None,
            truncated=staged.truncated,
            unused=tuple(sorted(seen - opened.source.takes)),
            present={name: count for name, count in zip(names, row[3:], strict=True) if count},
        )

    def define_records(self, present: set[str]) -> tuple[str, ...]:
        """Define the view `records` with the facts in `present`, in the order of the schema."""
        facts = [fact for fact in FACTS.values() if fact.name in present]
        columns = "".join(f", {quote(f.name)}" for f in facts)
        if self.tables:
            paths = ", ".join(literal(str(path)) for path in self.tables)
            self.db.execute(
                f"CREATE OR REPLACE VIEW records AS SELECT _input::BIGINT * {1 << 40} + file_row_number AS _row, _input, "
                f"coalesce(_line, file_row_number + 1) AS _line{columns} "
                f"FROM read_parquet([{paths}], union_by_name=true, file_row_number=true) "
                "WHERE _fault IS NULL AND _skip IS NULL"
            )
        else:
            self.db.execute(
                "CREATE OR REPLACE VIEW records AS SELECT NULL::BIGINT AS _row, NULL::INTEGER AS _input, NULL::BIGINT AS _line "
                "WHERE FALSE"
            )
        return tuple(fact.name for fact in facts)


async def ingest_with(
    sources: dict[str, Source], db: Database, inputs: Sequence[Input], text: Collection[str], progress: Progress | None
) -> Ingested:
    """Read `inputs` with `sources`; see `auditor.sources.ingest`."""
    work = Ingestion(db, sources, text, progress)
    define_casts(db)
    define_words(db)
    files, passed_over = await asyncio.to_thread(expand, inputs)
    opened = [await asyncio.to_thread(work.open, index, item) for index, item in enumerate(files)]
    raise_faults("cannot read the inputs", [item for item in opened if isinstance(item, Fault)])
    summaries: list[InputSummary] = []
    faults: list[Fault] = []
    path = db.folder / "rejects.jsonl"
    with path.open("w", encoding="utf-8") as rejects:
        for item in opened:
            assert isinstance(item, Opened)
            try:
                staged = await asyncio.to_thread(work.stage, item)
                summaries.append(await asyncio.to_thread(work.read, item, staged, rejects))
            except EngineError as error:
                faults.append(Fault(Location(item.uri), f"cannot be read as {item.source.name}: {error.message}"))
            except AuditorError as error:
                faults.append(Fault(Location(item.uri), error.message))
    raise_faults("cannot read the inputs", faults)
    facts = work.define_records({name for summary in summaries for name in summary.present})
    return Ingested(tuple(summaries), path, sum(item.rejected for item in summaries), facts, tuple(passed_over))
