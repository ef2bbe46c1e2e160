"""Decompresses gzip and zstd, told by content, in bounded memory; what a damaged file still holds is salvaged."""

import sys
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Protocol

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdDecompressor, ZstdError
else:
    from backports.zstd import ZstdDecompressor, ZstdError

PIECE = 256 << 10
OUTPUT = 4 << 20
STEP = 1 << 10
REPLAY = 8 << 20
"""Longest damaged part (compressed) that is decompressed a second time, byte by byte where it breaks."""
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Decompressor(Protocol):
    """One gzip member or zstd frame; the interface of the standard library's `zstd` and `lzma`."""

    @property
    def eof(self) -> bool:
        """Whether the part is at its end."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing comes out before more is put in."""

    @property
    def unused_data(self) -> bytes:
        """What was given after the part's end."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return at most `max_length` bytes of content."""


class GzipMember:
    """`zlib` with that interface."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)
        self._more = False

    @property
    def eof(self) -> bool:
        """Whether the member is at its end."""
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        """Whether all data given so far is used up."""
        return not (self._zlib.unconsumed_tail or self._more)

    @property
    def unused_data(self) -> bytes:
        """What was given after the member's end."""
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return at most `max_length` bytes of content."""
        content = self._zlib.decompress(self._zlib.unconsumed_tail + data, max(max_length, 0))
        self._more = len(content) == max_length
        return content


CODECS: dict[bytes, Callable[[], Decompressor]] = {GZIP: GzipMember, ZSTD: ZstdDecompressor}


class DamagedError(Exception):
    """The compressed data is damaged or cut; all content before that was yielded."""


def codec_of(start: bytes) -> bytes:
    """Return the magic bytes of the compression that `start` begins with, or nothing."""
    return next((magic for magic in CODECS if start.startswith(magic)), b"")


def decompress(codec: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content of all members or frames in `chunks`.

    Raises:
        DamagedError: the data is damaged, cut, or followed by something else.
    """
    raw = (chunk[at : at + PIECE] for chunk in chunks for at in range(0, len(chunk), PIECE))
    data = next(raw, b"")
    while data:
        data = yield from _member(codec, data, raw)
        data = (data or next(raw, b"")).lstrip(b"\0")  # gzip files may be padded with zeros
        if data and len(data) < len(codec):
            data += next(raw, b"")
        if data and not data.startswith(codec):
            raise DamagedError("what follows the last whole part is no compressed data")


def _member(codec: bytes, data: bytes, raw: Iterator[bytes]) -> Generator[bytes, None, bytes]:
    """Yield the content of one member that begins with `data`; return what follows it."""
    member = CODECS[codec]()
    fed = bytearray()
    done = 0
    while not member.eof:
        if member.needs_input and not data and not (data := next(raw, b"")):
            raise DamagedError("the file ends too early")
        if len(fed) <= REPLAY:
            fed += data
        try:
            content = member.decompress(data, OUTPUT)
        except (zlib.error, ZstdError) as error:
            if len(fed) <= REPLAY:
                yield from _replay(CODECS[codec], bytes(fed), done)
            raise DamagedError(_plain(error)) from error
        data = b""
        done += len(content)
        yield content
    return member.unused_data


def _replay(make: Callable[[], Decompressor], fed: bytes, skip: int) -> Iterator[bytes]:
    """Yield the content of the damaged `fed` from byte `skip` on: up to the step that breaks, then in single bytes.

    A decompressor that finds damage keeps back what it decoded in that step, so the last step must be short.
    """
    good = _first_bad(make, fed)
    member = make()
    try:
        for piece in (fed[:good], *(fed[at : at + 1] for at in range(good, min(good + STEP, len(fed))))):
            for content in _drain(member, piece):
                yield content[skip:]
                skip = max(0, skip - len(content))
    except (zlib.error, ZstdError, EOFError):
        return


def _first_bad(make: Callable[[], Decompressor], fed: bytes) -> int:
    member = make()
    for at in range(0, len(fed), STEP):
        try:
            for _ in _drain(member, fed[at : at + STEP]):
                pass
        except (zlib.error, ZstdError, EOFError):
            return at
    return len(fed)


def _drain(member: Decompressor, data: bytes) -> Iterator[bytes]:
    content = member.decompress(data, OUTPUT)
    yield content
    while not member.eof and (content or not member.needs_input):
        content = member.decompress(b"", OUTPUT)
        yield content


def _plain(error: Exception) -> str:
    text = str(error)
    if "incorrect data check" in text or "checksum" in text:
        return "the checksum does not match"
    return text.removeprefix("Error -3 while decompressing data: ")
