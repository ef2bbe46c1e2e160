"""Rows of dataset files, one after another, in bounded memory: JSON Lines, JSON, CSV, TSV, Parquet, Arrow; gzip and zstd."""

import codecs
import csv
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from auditor.guard.data.columnar import read_arrow, read_parquet
from auditor.guard.data.rows import CHUNKS, BadRow, Row, Table, UnreadableError, first_rows
from auditor.guard.document import whole_text
from auditor.guard.kinds import is_lines
from auditor.sources.compressed import DamagedError, codec_of, decompress

WHOLE = 64 << 20
"""Bytes of a JSON document that is read as a whole; a longer one has to be in lines."""
LINE = 16 << 20
"""Bytes of a line; the rest of a longer one is passed over."""
SAMPLE = 256 << 20
"""Bytes, after decompression, of a file of which not every row is asked for."""
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
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableError("text in UTF-16; store it as UTF-8")
    if name.endswith((".parquet", ".pq", ".parq")):
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
        return first_rows(lambda table: _parsed(enumerate(_lines(place, codec, table, most), 1)), most)
    return Table(_parsed(_spread(place, size, most)), whole=False)


def _chunks(place: Path) -> Iterator[bytes]:
    with place.open("rb") as file:
        while chunk := file.read(1 << 18):
            yield chunk


def _content(place: Path, codec: bytes, table: Table, most: int | None) -> Iterator[bytes]:
    size = 0
    try:
        for chunk in decompress(codec, _chunks(place)) if codec else _chunks(place):
            yield chunk
            size += len(chunk)
            if most is not None and size > SAMPLE:
                table.cut = True
                return
    except DamagedError as error:
        table.problem = f"damaged: {error}"


def _lines(place: Path, codec: bytes, table: Table, most: int | None) -> Iterator[bytes]:
    begun: list[bytes] = []
    length = 0
    for chunk in _content(place, codec, table, most):
        first, *lines = chunk.split(b"\n")
        if length < LINE:
            begun.append(first)
            length += len(first)
        if lines:
            yield b"".join(begun)
            yield from lines[:-1]
            begun, length = [lines[-1]], len(lines[-1])
    if length and not table.cut:
        yield b"".join(begun)


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
    for chunk in _content(place, codec, table, None):
        content += chunk
        if len(content) == len(chunk) and is_lines(chunk):
            return _json_lines(place, codec, most)
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
    """The rows of a document: a list, the lists of mappings in it, or columns of the same length."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    lists = [item for item in value.values() if isinstance(item, list)]
    rows = [row for part in lists if all(isinstance(item, dict) for item in part[:10]) for row in part]
    if rows:
        beside = {key: item for key, item in value.items() if not isinstance(item, list)}  # what is said of all of them
        return [beside | row if isinstance(row, dict) else row for row in rows]
    if lists and len(lists) == len(value) and len({len(column) for column in lists}) == 1:
        return [dict(zip(value, row, strict=True)) for row in zip(*lists, strict=True)]
    return None


def _csv(place: Path, codec: bytes, delimiter: str, most: int | None) -> Table:
    return first_rows(
        lambda table: ((last, row) for _, last, row in _csv_rows(place, codec, delimiter, table, most)), most
    )


def _csv_rows(
    place: Path, codec: bytes, delimiter: str, table: Table, most: int | None
) -> Iterator[tuple[int, int, object]]:
    """The rows of a CSV file, each with its first and last line; the names of the columns are in its first line of text."""
    decoded = (line.decode("utf-8-sig", "replace").replace("\0", "") for line in _lines(place, codec, table, most))
    lines = (part + "\n" for line in decoded for part in line.rstrip("\r").split("\r"))
    number, header = 0, ""
    for header in lines:
        number += 1
        if header.lower().startswith("sep=") and len(header.strip()) == len("sep=") + 1:
            delimiter = header.strip()[-1]
        elif header.strip(" \r\n,;\t") and not header.startswith("#"):
            break
    if delimiter not in header:
        delimiter = next((other for other in ";\t|," if other in header), delimiter)
    reader = csv.reader(chain([header], lines), delimiter=delimiter)
    try:
        names = [name.strip().strip('"') for name in next(reader, [])]
    except csv.Error as error:
        raise UnreadableError(f"the names of the columns cannot be read: {error}") from error
    above = number - 1
    first = above + reader.line_num + 1
    while True:
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield first, above + reader.line_num, BadRow(str(error))
            continue
        if values is None:
            return
        last = above + reader.line_num
        if values:
            rest = {"_rest": values[len(names) :]} if len(values) > len(names) else {}
            yield first, last, dict(zip(names, values, strict=False)) | rest
        first = last + 1


def added_rows(path: str, place: Path, lines: Iterable[tuple[int, str]]) -> Iterator[Row]:
    """Return the rows that a change adds to a file of lines; of CSV and TSV, the rows of which a line was added."""
    name = path.lower()
    if not name.endswith((".csv", ".tsv")):
        for number, line in lines:
            if line.strip():
                yield number, parse_json(line)
        return
    added = {number for number, _ in lines}
    for first, last, row in _csv_rows(place, b"", "\t" if name.endswith(".tsv") else ",", Table(iter(())), None):
        if not added.isdisjoint(range(first, last + 1)):
            yield last, row
