"""Rows of Parquet and Arrow files, in parts."""

import os
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from auditor.guard.data.evidence import may_name_model
from auditor.guard.data.rows import CHUNKS, Row, Table, UnreadableError, first_rows
from auditor.guard.paths import is_pattern

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def read_parquet(place: Path, most: int | None) -> Table:
    """Return the rows of a Parquet file, at most `most` of them, from row groups spread over the file.

    Columns of bytes are left out, unless they may name a model.

    Raises:
        UnreadableError: it is no Parquet.
    """
    import duckdb  # only where there is Parquet

    if is_pattern(str(place)):
        return _linked(place, most)
    db = duckdb.connect(config={"enable_external_access": "true", "autoinstall_known_extensions": "false"})
    try:
        groups = db.execute(
            "SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata(?) ORDER BY row_group_id",
            [str(place)],
        ).fetchall()
        described = db.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(place)]).fetchall()
    except duckdb.Error as error:
        raise UnreadableError(f"not Parquet: {str(error).splitlines()[0]}") from error
    total = sum(count for _, count in groups)
    names = {name: kind == "BLOB" for name, kind, *_ in described if kind != "BLOB" or may_name_model(name)}
    if not names or not total:
        return Table(iter(()), total)

    def rows(table: Table) -> Iterator[Row]:
        try:
            for start, count in _ranges([count for _, count in groups], total, most):
                yield from _part(db, place, names, start, count)
        except duckdb.Error as error:
            table.problem = f"damaged: {str(error).splitlines()[0]}"

    table = Table(iter(()), total, whole=most is None or total <= most)
    table.rows = rows(table)
    return table


def _linked(place: Path, most: int | None) -> Table:
    """The table of a file whose name DuckDB would take for a pattern, through a link with a plain name."""
    folder = TemporaryDirectory(prefix="auditor-guard-")
    link = Path(folder.name) / "data.parquet"
    link.symlink_to(place.resolve())
    table = read_parquet(link, most)
    rows = table.rows

    def kept() -> Iterator[Row]:
        with folder:
            yield from rows

    table.rows = kept()
    return table


def _part(db: "DuckDBPyConnection", place: Path, names: dict[str, bool], start: int, count: int) -> Iterator[Row]:
    """Some rows of a Parquet file: `count` of them, after the first `start`; `names` tells which columns are bytes."""
    quoted = {'"' + name.replace('"', '""') + '"': is_bytes for name, is_bytes in names.items()}
    columns = ", ".join(f"CAST({name} AS VARCHAR)" if is_bytes else name for name, is_bytes in quoted.items())
    if any(name.lower() == "file_row_number" for name in names):  # a column of the file's own; slower
        found = db.execute(f"SELECT {columns} FROM read_parquet(?) LIMIT ? OFFSET ?", [str(place), count, start])
    else:
        sql = f"SELECT {columns} FROM read_parquet(?, file_row_number => true) WHERE file_row_number BETWEEN ? AND ?"
        found = db.execute(sql, [str(place), start, start + count - 1])
    number = start
    while batch := found.fetchmany(500):
        for values in batch:
            number += 1
            yield number, dict(zip(names, values, strict=True))


def _ranges(groups: list[int], total: int, most: int | None) -> Iterator[tuple[int, int]]:
    """The parts to read, as first row and number of rows: the start of evenly spread row groups."""
    if most is None or total <= most:
        yield 0, total
        return
    starts = [0, *accumulate(groups)]
    chosen = range(0, len(groups), max(1, len(groups) // CHUNKS))
    each = max(1, most // len(chosen))
    for i in chosen:
        yield starts[i], min(each, groups[i])


def read_arrow(place: Path, most: int | None) -> Table:
    """Return the rows of an Arrow file or stream, at most `most` of them.

    Raises:
        UnreadableError: it is no Arrow, or pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # an extra; only where there is Arrow
        from pyarrow import ipc
    except ImportError as error:
        raise UnreadableError("Arrow files need pyarrow: pip install 'tos-auditor[arrow]'") from error
    try:
        source = pa.memory_map(os.fspath(place))
        try:
            reader = ipc.open_file(source)
            batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
        except pa.ArrowInvalid:
            source.seek(0)
            batches = iter(ipc.open_stream(source))
    except (pa.ArrowInvalid, OSError) as error:
        raise UnreadableError(f"not Arrow: {str(error).splitlines()[0]}") from error

    def rows(table: Table) -> Iterator[Row]:
        number = 0
        try:
            for batch in batches:
                batch.validate(full=True)  # a damaged one would take the process with it
                for part in range(0, batch.num_rows, 500):
                    for row in batch.slice(part, 500).to_pylist():
                        number += 1
                        yield number, row
        except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
            table.problem = f"damaged: {str(error).splitlines()[0]}"

    return first_rows(rows, most)
