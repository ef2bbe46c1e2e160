"""Reads one opened input after the other into a Parquet file each, says what was read, and defines the views over them."""

import heapq
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TextIO

from auditor.engine import Database, literal, quote
from auditor.errors import AuditorError
from auditor.sources.convert import convert, json_relation, plan, read_companion, steps_of
from auditor.sources.opened import TABULAR, Opened
from auditor.sources.rejects import Damage, explained, flagged, plain, unlocated, write_rejects
from auditor.sources.source import SCHEMAS, Companion, InputSummary, Kind, Progress, Sample
from auditor.sources.stage import MAX_LINE, VECTOR, WIDTH, Staged, in_pieces, one_line_each, stage
from auditor.sources.tables import as_texts, csv_damages, csv_relation

GOOD = "_fault IS NULL AND _skip IS NULL"
VIEWS: Mapping[Kind, str] = {
    "call": "records",
    "bucket": "records",
    "event": "event_records",
    "snapshot": "snapshot_records",
    "item": "items",
}
"""Kind of record → the view that has them."""
PIECE, PIECE_OF_TEXT = 8 << 20, 1 << 20
"""Bytes of lines that are read at a time; less where texts are taken from them, of which more copies are made."""
LARGE_TABLE = 8 << 20
"""Bytes of a CSV or Parquet file from which on the JSON in its cells may fill the memory."""
GROUP, GROUP_BYTES = 60 * VECTOR, 32 << 20
"""Records that are written at a time; with texts, as many as have about so many bytes."""
NOTHING = Staged(Path(), "", 0, 0, 0, width=WIDTH, offset=0, truncated="")


class Reading:
    """Reads opened inputs into Parquet files of `db.folder`, one each."""

    def __init__(self, db: Database, text: Collection[str], progress: Progress | None) -> None:
        self.db = db
        self.text = frozenset(text)
        self.progress = progress
        self.tables: dict[str, list[Path]] = {view: [] for view in VIEWS.values()}
        self._steps: dict[tuple[str, str, str], set[str]] = {}

    def file(self, name: str, index: int, suffix: str) -> Path:
        """Return the path of a working file for the input `index`."""
        return self.db.folder / f"{name}-{index:06d}.{suffix}"

    def stage(self, opened: Opened) -> Staged:
        """Stage the whole of an input, telling progress."""
        if opened.path is None:
            return NOTHING
        total = opened.path.stat().st_size
        progress = self.progress
        told: Callable[[int], None] = (lambda done: progress(opened.uri, done, total)) if progress else (lambda _: None)
        return stage(opened.path, self.file("input", opened.index, "content"), told)

    def read(self, opened: Opened, staged: Staged, rejects: TextIO) -> InputSummary:
        """Convert a staged input, write down its rejects, and say what was read.

        Raises:
            AuditorError: it cannot be read at all, or is not of the format that was named.
        """
        table = self.file("records", opened.index, "parquet")
        lines = self.file("lines", opened.index, "content")
        content = staged.path
        if opened.sample.lines and staged.width > MAX_LINE:
            one_line_each([staged], content := lines)
        self._convert(opened, staged, content, table)
        if opened.sample.lines and content == staged.path and self._rows(table) != staged.lines:
            one_line_each([staged], lines)
            self._convert(opened, staged, lines, table)
        self.tables[VIEWS[opened.source.kind]].append(table)
        lines.unlink(missing_ok=True)
        return self._told(opened, staged, table, rejects)

    def fit_together(self, first: Opened, other: Opened) -> bool:
        """Whether small files may be read as one: of one format, each line of which is a record, whatever the others are."""
        shapes = {self._shape(first), self._shape(other)}
        steps = self._steps.get(self._shape(first))
        return (
            first.source is other.source
            and first.sample.lines
            and len(shapes) == 1
            and not (first.forced or first.source.companion)
            and steps is not None
            and steps <= {"PROJECTION"}
        )

    def read_together(self, members: Sequence[tuple[Opened, Staged]], rejects: TextIO) -> list[InputSummary]:
        """Convert small staged inputs as one, because the engine takes long to plan what is quickly done.

        Raises:
            AuditorError: one of them cannot be read.
        """
        first = members[0][0]
        lines, rough = self.file("lines", first.index, "content"), self.file("rough", first.index, "parquet")
        table = self.file("records", first.index, "parquet")
        before = one_line_each((staged for _, staged in members), lines)
        whole = replace(members[0][1], path=lines, size=lines.stat().st_size, width=MAX_LINE, lines=before[-1] + 1)
        self._convert(first, whole, lines, rough)
        starts = ", ".join(f"({opened.index}, {start})" for (opened, _), start in zip(members, before, strict=True))
        rows = f"SELECT *, coalesce(_line, file_row_number + 1) AS place FROM read_parquet({literal(str(rough))}, "
        self.db.execute(
            "COPY (SELECT r.* EXCLUDE (place, file_row_number) REPLACE (s.input::INTEGER AS _input, place - s.start AS _line) "
            f"FROM ({rows}file_row_number=true)) r ASOF JOIN (VALUES {starts}) s(input, start) ON r.place > s.start "
            f"ORDER BY place) TO {literal(str(table))} (FORMAT parquet, COMPRESSION lz4)"
        )
        for path in (lines, rough):
            path.unlink()
        self.tables[VIEWS[first.source.kind]].append(table)
        return [self._told(opened, staged, table, rejects) for opened, staged in members]

    def _told(self, opened: Opened, staged: Staged, table: Path, rejects: TextIO) -> InputSummary:
        """Write down the rejects of an input that stands in `table`, and say what was read."""
        rejected = self._rejects(opened, staged, table, rejects)
        if staged.path != Path():
            staged.path.unlink(missing_ok=True)
        summary = self._summary(opened, staged, table, rejected)
        if opened.forced and rejected and not summary.records and not summary.skipped:
            raise AuditorError(f"no record of the format {opened.source.name} was recognised; see `auditor sources`")
        return summary

    def relation(self, opened: Opened, content: Path) -> str:
        """Return the FROM item over the raw rows of an input."""
        match opened.sample.container:
            case "csv":
                names = opened.sample.columns
                relation = csv_relation(content, names, opened.sample.delimiter, f"damages_{opened.index}")
                return as_texts(relation, dict.fromkeys(names, "VARCHAR"), opened.source.columns)
            case "parquet" | "arrow":
                relation = (
                    quote(f"arrow_{opened.index}") if opened.path is None else f"read_parquet({literal(str(content))})"
                )
                return as_texts(relation, opened.columns or {}, opened.source.columns)
            case _:
                return json_relation(content, opened.sample, opened.source.columns)

    def read_companion(self, companion: Companion, opened: Opened, staged: Staged) -> None:
        """Read what a companion file has for the records of others."""
        target = self.file("companion", opened.index, "parquet")
        read_companion(self.db, companion, opened.index, self.relation(opened, staged.path), target)

    def _facts(self, opened: Opened) -> dict[str, str]:
        """Return the facts to read with their SQL: free text only if needed, columns only if they exist."""
        source, columns = opened.source, opened.sample.columns
        own = source.name in TABULAR
        schema = SCHEMAS[source.kind].facts
        facts = {
            name: sql
            for name, sql in source.facts.items()
            if (not schema[name].text or name in self.text) and (not own or name in columns)
        }
        if source.kind == "bucket":
            facts["record.kind"] = literal("bucket")
        return facts

    def _convert(self, opened: Opened, staged: Staged, content: Path, table: Path) -> None:
        facts = self._facts(opened)
        rare: set[str] = set()
        if opened.source.name == "flat":
            rare = facts.keys() - {
                name for item in opened.sample.objects for name, value in item.items() if value is not None
            }
        texts = not self.text.isdisjoint(facts)
        size = PIECE_OF_TEXT if texts else PIECE
        pieces = self.file("pieces", opened.index, "folder")
        shape = self._shape(opened)

        def steps(rows: str) -> set[str]:
            if shape not in self._steps:
                self._steps[shape] = steps_of(self.db, rows)  # the same for all files of a format
            return self._steps[shape]

        sample = opened.sample
        if opened.source.rows and self._table_bytes(opened, staged) > LARGE_TABLE:
            content, sample = self._as_lines(opened, content), Sample("newline_delimited")
        if sample.lines and (sample is not opened.sample or not staged.fits(size)):
            content = in_pieces(content, pieces, size)
        group = min(max(GROUP_BYTES // max(staged.row, 1), VECTOR), GROUP) if texts else GROUP
        try:
            relation = self.relation(replace(opened, sample=sample), content)
            convert(self.db, plan(opened.index, opened.source, relation, facts, steps, rare), table, group)
        finally:
            shutil.rmtree(pieces, ignore_errors=True)
            self.file("rows", opened.index, "jsonl").unlink(missing_ok=True)

    def _table_bytes(self, opened: Opened, staged: Staged) -> int:
        """Return about how many bytes the cells of a table have; of a Parquet file, before they are compressed."""
        if opened.sample.container == "parquet":
            sizes = f"SELECT sum(total_uncompressed_size) FROM parquet_metadata({literal(str(staged.path))})"
            return int(self.db.execute(sizes)[0][0] or 0)
        return staged.size if opened.sample.container == "csv" else 0

    def _as_lines(self, opened: Opened, content: Path) -> Path:
        """Write a table as JSON lines. Its cells may be long, and of lines as few as needed can be read at a time."""
        lines = self.file("rows", opened.index, "jsonl")
        self.db.execute(f"COPY (FROM {self.relation(opened, content)}) TO {literal(str(lines))} (FORMAT json)")
        return lines

    def _shape(self, opened: Opened) -> tuple[str, str, str]:
        return opened.source.name, opened.source.rows, opened.sample.container + opened.sample.envelope

    def _rows(self, table: Path) -> int:
        rows = f"read_parquet({literal(str(table))}, file_row_number=true)"
        return int(self.db.execute(f"SELECT coalesce(max(coalesce(_line, file_row_number + 1)), 0) FROM {rows}")[0][0])

    def _rejects(self, opened: Opened, staged: Staged, table: Path, out: TextIO) -> int:
        faults = flagged(self.db, table, opened.index, self.file("faults", opened.index, "jsonl"))
        if opened.sample.lines:
            with staged.path.open("rb") as content:
                known = frozenset(opened.source.columns)
                return write_rejects(out, opened.index, explained(faults, content, staged.offset, known))
        damages: Iterator[Damage] = unlocated(faults)
        if opened.sample.container == "csv":
            torn = csv_damages(self.db, f"damages_{opened.index}")
            damages = heapq.merge(damages, torn, key=lambda damage: damage[0])
        return write_rejects(out, opened.index, damages)

    def _summary(self, opened: Opened, staged: Staged, table: Path, rejected: int) -> InputSummary:
        rows = f"(FROM read_parquet({literal(str(table))}) WHERE _input = {opened.index})"
        names = [name for name in self.db.columns(f"read_parquet({literal(str(table))})") if not name.startswith("_")]
        counts = "".join(f", count({quote(name)})" for name in names)
        times = "min(timestamp), max(timestamp)" if "timestamp" in names else "NULL, NULL"
        count, first, last, *counted = self.db.execute(f"SELECT count(*), {times}{counts} FROM {rows} WHERE {GOOD}")[0]
        skipped = self.db.execute(f"SELECT _skip, count(*) FROM {rows} WHERE _skip IS NOT NULL GROUP BY 1 ORDER BY 1")
        return InputSummary(
            uri=opened.uri,
            format="empty" if opened.sample.container == "empty" else opened.source.name,
            kind=opened.source.kind,
            layer=opened.source.layer,
            sha256=staged.sha256,
            bytes=staged.bytes,
            records=count,
            rejected=rejected,
            skipped={plain(reason): number for reason, number in skipped},
            first=first.isoformat() + "Z" if first else None,
            last=last.isoformat() + "Z" if last else None,
            truncated=staged.truncated,
            unused=tuple(sorted(map(plain, opened.source.unused(opened.sample)))),
            idle=self._idle(rows) if first else (),
            present={name: number for name, number in zip(names, counted, strict=True) if number},
        )

    def _idle(self, rows: str) -> tuple[tuple[date, date], ...]:
        """Return the first and last day of every span of days without records between two records, in UTC."""
        days = f'SELECT DISTINCT "timestamp"::DATE AS day FROM {rows} WHERE {GOOD} AND "timestamp" IS NOT NULL'
        return tuple(
            self.db.execute(
                f"SELECT day + 1, next - 1 FROM (SELECT day, lead(day) OVER (ORDER BY day) AS next FROM ({days})) "
                "WHERE next > day + 1 ORDER BY day"
            )
        )

    def define_views(self, summaries: Sequence[InputSummary]) -> tuple[str, ...]:
        """Define the views of `VIEWS`, with the facts that any record carries, and return the names of those of calls."""
        carried: dict[str, set[str]] = {view: set() for view in self.tables}
        for summary in summaries:
            carried[VIEWS[summary.kind]] |= summary.present.keys()
        found = {
            VIEWS[kind]: tuple(name for name in schema.facts if name in carried[VIEWS[kind]])
            for kind, schema in SCHEMAS.items()
        }
        for view, names in found.items():
            self._define(view, names)
        return found["records"]

    def _define(self, view: str, names: Sequence[str]) -> None:
        columns = "".join(f", {quote(name)}" for name in names)
        paths = ", ".join(literal(str(path)) for path in self.tables[view])
        rows = f"read_parquet([{paths}], union_by_name=true, file_row_number=true)"
        if not paths:
            empty = "NULL::INTEGER AS _input, NULL::BIGINT AS file_row_number, NULL::BIGINT AS _line"
            rows = f"(SELECT {empty}, NULL AS _fault, NULL AS _skip LIMIT 0)"
        self.db.execute(
            f"CREATE OR REPLACE VIEW {view} AS SELECT _input::BIGINT * {1 << 40} + file_row_number AS _row, _input, "
            f"coalesce(_line, file_row_number + 1) AS _line{columns} FROM {rows} WHERE {GOOD}"
        )
