"""Rows of dataset files, one after another, in bounded memory: JSON Lines, JSON, CSV, TSV, Parquet, Arrow; gzip and zstd."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from auditor.guard.data.columnar import read_arrow, read_parquet
from auditor.guard.data.rows import CHUNKS, BadRow, Row, Table, UnreadableError, first_rows
from auditor.guard.document import whole_text
from auditor.sources.compressed import DamagedError, codec_of, decompress

WHOLE = 64 << 20
"""Bytes of a JSON document that is read as a whole; a longer one has to be in lines."""
LINE = 16 << 20
"""Bytes of a line; the rest of a longer one is passed over."""
csv.field_size_limit(LINE)


def open_table(path: str, place: Path, most: int | None) -> Table:
    """Return the rows of a file, at most about `most` of them, spread over the file where that can be.

    Args:
        path: its name, which tells the format.
        place: where it lies.
        most: rows to read; all if None.

    Raises:
        UnreadableError: it is of a format, or in a state, that cannot be read.
    """
    name = path.lower()
    with place.open("rb") as file:
        head = file.read(1024)
    if head.startswith(b"version https://git-lfs"):
        raise UnreadableError("a pointer of Git LFS stands here and not the data; `git lfs pull` gets it")
    if name.endswith(".parquet"):
        return read_parquet(place, most)
    if name.endswith((".arrow", ".feather")):
        return read_arrow(place, most)
    codec = codec_of(head)
    for packed in (".gz", ".zst"):
        name = name.removesuffix(packed)
    if name.endswith((".csv", ".tsv")):
        return _csv(place, codec, "\t" if name.endswith(".tsv") else ",", most)
    if name.endswith(".json"):
        return _json(place, codec, most)
    return _json_lines(place, codec, most)


def _json_lines(place: Path, codec: bytes, most: int | None) -> Table:
    size = place.stat().st_size
    if most is None or codec or _rows_estimated(place, size) <= most * 1.2:
        return first_rows(lambda table: _parsed(enumerate(_lines(place, codec, table), 1)), most)
    return Table(_parsed(_spread(place, size, most)), whole=False)


def _chunks(place: Path) -> Iterator[bytes]:
    with place.open("rb") as file:
        while chunk := file.read(1 << 18):
            yield chunk


def _content(place: Path, codec: bytes, table: Table) -> Iterator[bytes]:
    try:
        yield from decompress(codec, _chunks(place)) if codec else _chunks(place)
    except DamagedError as error:
        table.problem = f"damaged: {error}"


def _lines(place: Path, codec: bytes, table: Table) -> Iterator[bytes]:
    rest = b""
    for chunk in _content(place, codec, table):
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        yield from lines
        if len(rest) > LINE:
            rest = rest[:LINE]
    if rest:
        yield rest


def _rows_estimated(place: Path, size: int) -> float:
    with place.open("rb") as file:
        sample = file.read(1 << 18)
    return size / max(1.0, len(sample) / max(1, sample.count(b"\n")))


def _spread(place: Path, size: int, most: int) -> Iterator[tuple[int, bytes]]:
    """Lines from evenly spread places; the number of a line is counted up to its place."""
    with place.open("rb") as file:
        number, at = 1, 0
        for chunk in range(CHUNKS):
            start = size * chunk // CHUNKS
            if start > at:
                number += _count_lines(file, at, start)
                file.seek(start)
                at = start + len(file.readline(LINE))
                number += 1
            for _ in range(most // CHUNKS):
                line = file.readline(LINE)
                if not line:
                    return
                at += len(line)
                yield number, line
                number += 1


def _count_lines(file: BinaryIO, start: int, end: int) -> int:
    file.seek(start)
    count = 0
    while start < end and (chunk := file.read(min(1 << 20, end - start))):
        count += chunk.count(b"\n")
        start += len(chunk)
    return count


def _parsed(lines: Iterable[tuple[int, bytes]]) -> Iterator[Row]:
    for number, line in lines:
        if line.strip():
            yield number, parse_json(line)


def parse_json(text: bytes | str) -> object:
    """Return a JSON value, or a `BadRow` where it is none."""
    try:
        return whole_text(json.loads(text), text)
    except RecursionError:
        return BadRow("nested too deep")
    except (ValueError, UnicodeDecodeError):
        return BadRow("not JSON")


def _json(place: Path, codec: bytes, most: int | None) -> Table:
    table = Table(iter(()))
    content = bytearray()
    for chunk in _content(place, codec, table):
        content += chunk
        if len(content) > WHOLE:
            raise UnreadableError(f"a JSON document over {WHOLE >> 20} MB; store it as JSON Lines, a row a line")
    value = parse_json(bytes(content))
    if isinstance(value, BadRow):
        return _json_lines(place, codec, most)
    rows = _records(value)
    if rows is None:
        raise UnreadableError("a JSON document that is no list of rows")
    table.total = len(rows)
    step = max(1, len(rows) // most) if most else 1
    table.rows = ((i + 1, rows[i]) for i in range(0, len(rows), step))
    table.whole = step == 1 and not table.problem
    return table


def _records(value: object) -> list[object] | None:
    """The rows of a document: a list, or a list under one of the usual keys, or columns of the same length."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    for key in ("data", "train", "rows", "examples", "instances", "items"):
        if isinstance(value.get(key), list):
            return list(value[key])
    columns = [item for item in value.values() if isinstance(item, list)]
    if columns and len(columns) == len(value) and len({len(column) for column in columns}) == 1:
        return [dict(zip(value, row, strict=True)) for row in zip(*columns, strict=True)]
    return None


def _csv(place: Path, codec: bytes, delimiter: str, most: int | None) -> Table:
    def rows(table: Table) -> Iterator[Row]:
        lines = (line.decode("utf-8", "replace").replace("\0", "") + "\n" for line in _lines(place, codec, table))
        lines = (line.removeprefix("\ufeff") for line in lines)
        reader = csv.DictReader(lines, delimiter=delimiter, restkey="_rest")
        while True:
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield reader.line_num, BadRow(str(error))
                continue
            if row is None:
                return
            yield reader.line_num, row

    return first_rows(rows, most)


def added_rows(path: str, place: Path, lines: Iterable[tuple[int, str]]) -> Iterator[Row]:
    """Return the rows that a change adds to a file of lines; for CSV and TSV the names of the columns are its first line."""
    name = path.lower()
    if not name.endswith((".csv", ".tsv")):
        for number, line in lines:
            if line.strip():
                yield number, parse_json(line)
        return
    delimiter = "\t" if name.endswith(".tsv") else ","
    with io.TextIOWrapper(place.open("rb"), "utf-8-sig", "replace") as file:
        header = next(csv.reader([file.readline(LINE)], delimiter=delimiter), [])
    for number, line in lines:
        if number > 1:
            try:
                values = next(csv.reader([line.replace("\0", "")], delimiter=delimiter), [])
            except csv.Error as error:
                yield number, BadRow(str(error))
                continue
            yield number, dict(zip(header, values, strict=False))
