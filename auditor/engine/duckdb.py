"""The embedded engine: a DuckDB database in memory that spills to a temporary folder and never touches the network."""

import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import duckdb
from duckdb.func import FunctionNullHandling

from auditor.errors import AuditorError
from auditor.model.facts import FactType
from auditor.model.network import in_network

if TYPE_CHECKING:
    import pyarrow

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "preserve_insertion_order": True,
}
MEMORY = 4 << 30
"""Bytes that the engine takes at most; less where half of the memory that it may use at all is less."""
UNITS = {"bytes": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}
TYPES: dict[FactType, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "strings": "VARCHAR[]",
}


AT_ONCE = 200
"""Rows that one statement inserts."""


class EngineError(AuditorError):
    """The engine refused a query; the caller knows which input it was reading and says so."""


class Database:
    """One database and its temporary folder (`folder`), both gone on `close`. Times in it are UTC without a zone."""

    name = "duckdb"

    def __init__(self, temporary: Path | None = None) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="auditor-", dir=temporary)
        self.folder = Path(self._temporary.name)
        self._connection = duckdb.connect(":memory:", config=SETTINGS | {"temp_directory": str(self.folder / "spill")})
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(f"SET memory_limit = '{self._memory() >> 20}MiB'")
        self._connection.execute("SET enable_progress_bar = false")  # it would be drawn on standard output

    def _memory(self) -> int:
        """Return how much memory to take, going by four fifths of what this machine or container has: the engine's default."""
        amount, unit = str(self.execute("SELECT current_setting('memory_limit')")[0][0]).split()
        return min(MEMORY, int(float(amount) * (1 << UNITS[unit]) * 5 / 8))

    @property
    def version(self) -> str:
        """Name and version of the engine."""
        return f"duckdb {duckdb.__version__}"

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows.

        Raises:
            EngineError: with the engine's own words.
        """
        try:
            return self._connection.execute(sql, list(parameters)).fetchall()
        except duckdb.Error as error:
            raise EngineError(str(error)) from error

    def columns(self, relation: str) -> dict[str, str]:
        """Return the column names of a table or `FROM` item, with their types."""
        return {row[0]: row[1] for row in self.execute(f"DESCRIBE SELECT * FROM {relation}")}

    def insert(self, table: str, rows: Iterable[Sequence[object]]) -> None:
        """Append `rows` to `table`; for small tables only."""
        listed = [list(row) for row in rows]
        for start in range(0, len(listed), AT_ONCE):
            chunk = listed[start : start + AT_ONCE]
            marks = ", ".join(f"({', '.join('?' for _ in row)})" for row in chunk)
            self.execute(f"INSERT INTO {quote(table)} VALUES {marks}", [value for row in chunk for value in row])

    def register(self, name: str, data: "pyarrow.Table | pyarrow.RecordBatchReader") -> None:
        """Make Arrow data readable as the table `name`."""
        self._connection.register(name, data)

    def define_in_network(self) -> None:
        """Define the SQL function `in_network(address, network)`; only when a rule asks, for it loads numpy."""
        self._connection.create_function(
            "in_network",
            in_network,
            ["VARCHAR", "VARCHAR"],
            "BOOLEAN",
            null_handling=FunctionNullHandling.SPECIAL,
        )

    def close(self) -> None:
        """Close the database and remove its temporary folder."""
        self._connection.close()
        self._temporary.cleanup()

    def __enter__(self) -> "Database":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def quote(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """Return a value as an SQL literal of the engine."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return repr(value)
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value
            return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case list() | tuple():
            return f"[{', '.join(literal(item) for item in value)}]::VARCHAR[]"
        case _:
            raise TypeError(f"no literal for {type(value).__name__}")


def column_type(fact_type: FactType) -> str:
    """Return the engine's type for facts of this type."""
    return TYPES[fact_type]
