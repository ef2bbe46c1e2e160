"""What a source is, what a caller names as input, and what comes back. Data only; `ingest` does the work."""

from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, get_args

from pydantic import JsonValue

from auditor.model.facts import SNAPSHOTS, TABLES, Table

if TYPE_CHECKING:
    import pyarrow

    Records: TypeAlias = AsyncIterable[Mapping[str, object]] | Iterable[Mapping[str, object]]
    ArrowData: TypeAlias = pyarrow.Table | pyarrow.RecordBatchReader

JsonObject = Mapping[str, JsonValue]
Container = Literal["newline_delimited", "array", "unstructured", "csv", "parquet", "arrow", "empty"]
"""How records lie in a file. The first three are DuckDB's names for JSON: one a line, one array, one after another."""
Kind = Literal["call", "bucket", "event", "snapshot", "item"]
"""What one record is: a call, a sum of calls, a control event, an account's state at a time, a training item."""
SCHEMAS: Mapping[Kind, Table] = {
    "call": TABLES["usage"],
    "bucket": TABLES["usage"],
    "event": TABLES["events"],
    "snapshot": SNAPSHOTS,
    "item": TABLES["usage"],
}
"""Kind → the table whose facts such a record has. Training items are counted only."""
Layer = Literal["provider", "gateway", "application"]
LAYERS: tuple[Layer, ...] = get_args(Layer)
"""Where a record was made. If several report one call, the facts of the first in this order count before the others'."""


@dataclass(frozen=True)
class Input:
    """One input as the caller names it.

    Attributes:
        path: a file, a directory (read recursively), a glob, or `-` for standard input; a name for what is in `data`.
        format: name of a source, if it shall not be detected from the content.
        mapping: mapping file (YAML) that says which column is which fact.
        data: records in memory instead of a path: mappings with our fact names (iterable or async), or Arrow data with
            our fact names as columns.
    """

    path: str = "records"
    format: str | None = None
    mapping: Path | None = None
    data: "Records | ArrowData | None" = None


@dataclass(frozen=True)
class Sample:
    """The beginning of one input: its container, up to 2,000 of its JSON objects or CSV/Parquet column names."""

    container: Container
    objects: Sequence[JsonObject] = ()
    columns: tuple[str, ...] = ()
    envelope: str = ""
    """Key of the top-level list that holds the records, as in `{"records": […]}`; empty if they stand alone."""
    delimiter: str = ","

    @property
    def items(self) -> Sequence[JsonObject]:
        """The objects; of a table one, whose members are its columns, without values."""
        return self.objects or [dict.fromkeys(self.columns)]

    @property
    def lines(self) -> bool:
        """Whether every record has a line of its own."""
        return self.container in ("newline_delimited", "empty") and not self.envelope


@dataclass(frozen=True)
class Source:
    """A format: how to tell it, which JSON members to read, and which SQL expression over them is which fact.

    Attributes:
        name: as given to `--format`.
        title: one line for people.
        detects: whether a sample is of this format.
        columns: JSON members (or table columns) to read, with their engine types. Objects are best read as VARCHAR,
            which gives the same text for an object and for a string that holds JSON.
        facts: fact name → SQL expression of type VARCHAR over a row; an absent fact is never known from this source.
        rows: SQL `SELECT` that makes rows of `line` (which has the columns and `_line`), if a line is not one record.
        skip: SQL expression over a row: why it is no model call, or NULL.
        constants: facts that do not come from the row, and do not make it a record by themselves.
        companion: another kind of file of the same format, which completes the records and holds none itself.
        kind: what one record is.
        layer: where records of the format are made.
        fields: names of the fields in one object of the sample, to tell which of them nothing takes; its members.
        takes: those field names that are read; the columns, if they are not named.
        tells_first: whether `rows` has the column `_first`: true in the first of the rows that it makes of a line.
    """

    name: str
    title: str
    detects: Callable[[Sample], bool]
    columns: Mapping[str, str]
    facts: Mapping[str, str]
    rows: str = ""
    skip: str = "NULL"
    constants: frozenset[str] = frozenset()
    companion: "Companion | None" = None
    kind: Kind = "call"
    layer: Layer = "gateway"
    fields: Callable[[JsonObject], Iterable[str]] = iter
    takes: frozenset[str] | None = None
    tells_first: bool = False

    def unused(self, sample: Sample) -> set[str]:
        """Return the names of fields and columns of a sample that nothing takes."""
        seen = {str(name) for item in sample.objects for name in self.fields(item)} | set(sample.columns)
        return seen - (set(self.columns) if self.takes is None else self.takes)


@dataclass(frozen=True, eq=False)
class Companion:
    """Files that are read into one view before the records, for `Source.rows` to join.

    Attributes:
        table: name of the view; it has the column `_input` and those of `columns`.
        detects: whether a sample of the source's format is such a file.
        columns: the table's columns with their engine types.
        select: SQL over `line` (the source's columns and `_input`) that gives `_input` and those columns.
    """

    table: str
    detects: Callable[[Sample], bool]
    columns: Mapping[str, str]
    select: str


class Progress(Protocol):
    """Told as an input is read: its URI, then bytes read so far and in all (0 if not known)."""

    def __call__(self, uri: str, done: int, total: int) -> None:
        """Take note."""


@dataclass(frozen=True)
class InputSummary:
    """What was read of one input.

    Attributes:
        uri: the path as given, with `/` between its parts.
        format: name of the source that read it; `empty` for a file without content.
        kind: what one record of it is.
        layer: where its records were made.
        sha256: hex digest of the file as it lies on disk (compressed, if it is).
        bytes: size of the file as it lies on disk; 0 for Arrow data.
        records: readable records, duplicates included.
        rejected: records or lines that could not be read.
        skipped: things in the file that are no model calls, by reason.
        first, last: earliest and latest timestamp, RFC 3339 in UTC; None if no record has one.
        truncated: what was cut and what was salvaged; empty if nothing was.
        unused: names of fields seen in the first 2,000 records that no fact takes, sorted.
        idle: spans of days without records between two records: first and last day of each, in UTC.
        present: fact → number of records that carry it.
    """

    uri: str
    format: str
    kind: Kind
    layer: Layer
    sha256: str
    bytes: int
    records: int
    rejected: int
    skipped: Mapping[str, int]
    first: str | None
    last: str | None
    truncated: str
    unused: tuple[str, ...]
    idle: tuple[tuple[date, date], ...]
    present: Mapping[str, int]


@dataclass(frozen=True)
class Reject:
    """A line or record that could not be read.

    Attributes:
        input: index of the input in `Ingested.inputs`.
        line: as `_line` in `records`: line of the file, or record number where the format has no lines.
        byte_offset: where it starts in the (decompressed) content, if known.
        reason: in plain words, without control characters and without text of prompts or answers.
    """

    input: int
    line: int
    byte_offset: int | None
    reason: str


@dataclass(frozen=True)
class Ingested:
    """What was read. The records themselves are views of the database, see `auditor.sources.ingest`.

    `rejects` is a JSONL file in the database's folder, one `Reject` a line in order of input and line; `facts` names
    the columns of the view; `passed_over` holds (path, why) of files that were offered and not read.
    """

    inputs: tuple[InputSummary, ...]
    rejects: Path
    rejected: int
    facts: tuple[str, ...]
    passed_over: tuple[tuple[str, str], ...] = field(default=())
