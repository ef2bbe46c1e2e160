"""Checks the checksums of Parquet pages, which the engine does not: a flipped bit may read as another value.

Format: https://parquet.apache.org/docs/file-format/ (a Thrift compact `PageHeader` before each page, with an optional
CRC-32 of the page as it lies in the file).
"""

import zlib
from pathlib import Path
from typing import BinaryIO

from auditor.engine import Database, literal

MAX_HEADER = 64 << 10
BOOLEANS, DOUBLE, BINARY, SEQUENCES, MAP, STRUCT = (1, 2), 7, 8, (9, 10), 11, 12
SIZE_FIELD, CRC_FIELD = 3, 4


class PageError(ValueError):
    """A page is not what its header says."""


class _Thrift:
    """Reads Thrift's compact protocol: whole numbers of a struct, and over everything else."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def _byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def _number(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        return value | byte << shift

    def struct(self) -> dict[int, int]:
        """Return the whole numbers of a struct by field id."""
        numbers: dict[int, int] = {}
        field = 0
        while head := self._byte():
            kind = head & 0x0F
            field = field + (head >> 4) if head >> 4 else _signed(self._number())
            if kind in (4, 5, 6):
                numbers[field] = _signed(self._number())
            else:
                self._skip(kind, element=False)
        return numbers

    def _skip(self, kind: int, *, element: bool) -> None:
        if kind in BOOLEANS or kind == 3:
            self.at += 1 if element or kind == 3 else 0
        elif kind in (4, 5, 6):
            self._number()
        elif kind == DOUBLE:
            self.at += 8
        elif kind == BINARY:
            size = self._number()
            self.at += size
        elif kind in SEQUENCES:
            head = self._byte()
            for _ in range(self._number() if head >> 4 == 15 else head >> 4):
                self._skip(head & 0x0F, element=True)
        elif kind == STRUCT:
            self.struct()
        else:
            raise PageError("a page header is damaged")


def _signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def check_pages(db: Database, path: Path) -> None:
    """Compare every page of the Parquet file `path` that has a checksum with it.

    Raises:
        PageError: a page differs from its checksum, or cannot be found.
        EngineError: the engine cannot read the file's metadata.
    """
    chunks = db.execute(
        "SELECT path_in_schema, least(data_page_offset, nullif(dictionary_page_offset, 0)), "
        f"total_compressed_size FROM parquet_metadata({literal(str(path))}) ORDER BY 2"
    )
    with path.open("rb") as file:
        for column, start, size in chunks:
            try:
                _check_chunk(file, start, start + size)
            except (IndexError, PageError) as error:
                raise PageError(f"a page of the column {column} does not match its checksum") from error


def _check_chunk(file: BinaryIO, at: int, end: int) -> None:
    while at < end:
        file.seek(at)
        thrift = _Thrift(file.read(min(MAX_HEADER, end - at)))
        header = thrift.struct()
        size = header.get(SIZE_FIELD, -1)
        if size < 0 or at + thrift.at + size > end:
            raise PageError("a page is longer than its column")
        at += thrift.at
        if CRC_FIELD in header:
            file.seek(at)
            if zlib.crc32(file.read(size)) != header[CRC_FIELD] & 0xFFFFFFFF:
                raise PageError("checksum")
        at += size
