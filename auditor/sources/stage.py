"""Makes an input a plain local file that the engine can read, and tells its digest, size and lines on the way.

Compression is told by content, never by name. What a damaged archive still holds is salvaged. Nothing is parsed here.
"""

import hashlib
import itertools
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from auditor.errors import AuditorError
from auditor.sources.compressed import DamagedError, codec_of, decompress

CHUNK = 4 << 20
MAX_LINE = 16 << 20
WIDTH = 256 << 10
VECTOR = 2048
"""Rows that the engine works on at a time; it holds in memory what each of its expressions makes of all of them."""
MAX_CONTENT = 64 << 30
SPARE_DISK = 1 << 30
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Staged:
    """A plain file for the engine.

    Attributes:
        path: the plain file, in the database's folder (a link, if the input was plain itself).
        sha256, bytes: of the file as it lies on disk.
        size: bytes of the content.
        lines: number of lines up to the last one that is not blank.
        width: bytes that no line is longer than; above `MAX_LINE` if there are lines that are too long.
        offset: bytes of the content before `path` begins (a byte order mark).
        truncated: what was cut and what was salvaged, or empty.
    """

    path: Path
    sha256: str
    bytes: int
    size: int
    lines: int
    width: int
    offset: int
    truncated: str

    @property
    def row(self) -> int:
        """Bytes of a line, on average."""
        return self.size // max(self.lines, 1)

    def fits(self, size: int) -> bool:
        """Whether the lines that the engine works on at a time are at most about `size` bytes together."""
        return self.width <= WIDTH and self.row * VECTOR <= size


class _Lines:
    """Counts lines over chunks, and notes within which width all of them stay: `WIDTH`, or that doubled once or more."""

    def __init__(self) -> None:
        self.newlines = 0
        self.lines = 0
        self.width = WIDTH
        self._run = 0

    def add(self, chunk: bytes) -> None:
        newlines = chunk.count(b"\n")
        content = chunk.rstrip(b" \t\r\n")
        if content:
            self.lines = self.newlines + newlines - chunk.count(b"\n", len(content)) + 1
        self.newlines += newlines
        start = -self._run  # of a line that may have begun in an earlier chunk
        while start + self.width < len(chunk):
            found = chunk.rfind(b"\n", max(start, 0), start + self.width)
            if found < 0:
                self.width *= 2
            else:
                start = found + 1
        last = chunk.rfind(b"\n", max(start, 0))
        self._run = len(chunk) - (last + 1 if last >= 0 else start)


class Reader:
    """Reads a file once: its raw bytes into the digest, its content out.

    `truncated` is set when the content ended before it should have.
    """

    def __init__(self, file: BinaryIO, told: Callable[[int], None] = lambda _: None) -> None:
        self.file = file
        self.digest = hashlib.sha256()
        self.bytes = 0
        self.codec: bytes = b""
        self.truncated = ""
        self._told = told

    def _raw(self) -> Iterator[bytes]:
        while chunk := self.file.read(CHUNK):
            self.digest.update(chunk)
            self.bytes += len(chunk)
            self._told(self.bytes)
            yield chunk

    def content(self) -> Iterator[bytes]:
        """Yield the content, decompressed if it is compressed; reads the file to its end even if it is damaged."""
        raw = self._raw()
        first = next(raw, b"")
        self.codec = codec_of(first)
        if not self.codec:
            yield first
            yield from raw
            return
        size = 0
        try:
            for chunk in decompress(self.codec, itertools.chain([first], raw)):
                size += len(chunk)
                yield chunk
        except DamagedError as error:
            self.truncated = f"damaged after {size} bytes of content, which were read: {error}"
        for _ in raw:  # the digest is of the whole file
            pass


def head(path: Path, size: int = 1 << 20) -> bytes:
    """Return the first `size` bytes of the content of `path`, without a byte order mark."""
    found = bytearray()
    with path.open("rb") as file:
        for chunk in Reader(file).content():
            found += chunk
            if len(found) >= size:
                break
    return bytes(found[:size]).removeprefix(BOM)


def stage(path: Path, target: Path, told: Callable[[int], None] = lambda _: None, limit: int = MAX_CONTENT) -> Staged:
    """Make the content of `path` readable as the plain file `target`, a link to it where nothing has to change.

    Raises:
        AuditorError: it decompresses to more than `limit` bytes, or to more than the disk holds.
        OSError: it cannot be read.
    """
    lines = _Lines()
    size = 0
    with path.open("rb") as file:
        reader = Reader(file, told)
        chunks = reader.content()
        first = next(chunks, b"")
        offset = len(BOM) if first.startswith(BOM) else 0
        copy = target.open("wb") if reader.codec or offset else None
        try:
            chunk: bytes | None = first[offset:]
            while chunk is not None:
                lines.add(chunk)
                size += len(chunk)
                if copy:
                    _check_size(size, limit, target)
                    copy.write(chunk)
                chunk = next(chunks, None)
        finally:
            if copy:
                copy.close()
    if not copy:
        target.symlink_to(path.resolve())
    return Staged(
        target, reader.digest.hexdigest(), reader.bytes, size, lines.lines, lines.width, offset, reader.truncated
    )


def _check_size(size: int, limit: int, target: Path) -> None:
    if size > limit:
        raise AuditorError(f"holds more than {limit} bytes when decompressed; split it, or decompress it yourself")
    if shutil.disk_usage(target.parent).free < SPARE_DISK:
        raise AuditorError(f"decompressing it fills the disk of {target.parent}; set TMPDIR to a larger one")


def spool(stream: BinaryIO, target: Path) -> Path:
    """Copy what can be read only once (standard input, a pipe) to the file `target` and return it."""
    with target.open("wb") as copy:
        while chunk := stream.read(CHUNK):
            _check_size(os.fstat(copy.fileno()).st_size, MAX_CONTENT, target)
            copy.write(chunk)
    return target


def one_line_each(staged: Iterable[Staged], target: Path) -> list[int]:
    """Copy the staged lines to `target`, with `null` for lines that are blank or too long, so that row = line.

    Returns:
        for each of `staged`, how many lines stand before its own.
    """
    before, count = [], 0
    with target.open("wb") as copy:
        for one in staged:
            before.append(count)
            with one.path.open("rb") as source:
                for _, _, line in content_lines(source):
                    copy.write(line.rstrip(b"\r\n") + b"\n" if line and line.strip() else b"null\n")
                    count += 1
    return before


def in_pieces(content: Path, folder: Path, size: int) -> Path:
    """Copy whole lines to files of `folder`, `size` bytes or little more in each; return a glob that gives them in order."""
    folder.mkdir()
    with content.open("rb") as source:
        for number in itertools.count():
            piece = source.read(size)
            if not piece:
                return folder / "*"
            (folder / f"{number:09d}").write_bytes(piece + source.readline())
    raise AssertionError


def content_lines(file: BinaryIO) -> Iterator[tuple[int, int, bytes | None]]:
    """Yield number (from 1), byte offset and bytes of every line; None for one longer than `MAX_LINE`."""
    number = offset = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        length = len(line)
        whole = length <= MAX_LINE or line.endswith(b"\n")
        while not line.endswith(b"\n") and length > MAX_LINE and (rest := file.readline(CHUNK)):
            length += len(rest)
            line = rest
        yield number, offset, line if whole else None
        offset += length
