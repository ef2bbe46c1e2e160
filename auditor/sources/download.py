"""What all downloads have in common: where the bytes go, within which bounds, and how it is said what stands against them."""

import re
import shutil
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from auditor.sources.rejects import plain
from auditor.sources.stage import MAX_CONTENT, SPARE_DISK

LONGEST = 300
CHANGED = "was changed while it was downloaded; run this again"


class RefusedError(Exception):
    """Something cannot be downloaded: why, and as `hint` what to do about it."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


class StoppedError(Exception):
    """The download is no longer wanted."""


@dataclass(frozen=True)
class Limits:
    """How to download.

    Attributes:
        concurrency: objects at a time.
        chunk: bytes held in memory at a time, for one object.
        max_bytes: of one object.
        tries: how often an `https://` address is asked before it is given up.
        patience: seconds before the second try; it doubles each time.
        timeout: seconds without a byte after which an `https://` address is given up.
    """

    concurrency: int = 16
    chunk: int = 4 << 20
    max_bytes: int = MAX_CONTENT
    tries: int = 4
    patience: float = 0.5
    timeout: float = 60.0


class Sink:
    """Takes the bytes of one object, in order."""

    def __init__(self, file: BinaryIO, limits: Limits, stop: threading.Event, told: Callable[[int], None]) -> None:
        self.limits = limits
        self.size = 0
        self._file = file
        self._stop = stop
        self._told = told

    def write(self, chunk: bytes) -> None:
        """Write down the next bytes.

        Raises:
            RefusedError: they are too many, for the limits or for the disk.
            StoppedError: they are no longer wanted.
        """
        if self._stop.is_set():
            raise StoppedError
        self.size += len(chunk)
        check_size(self.size, self.limits)
        if shutil.disk_usage(Path(self._file.name).parent).free < SPARE_DISK:
            raise RefusedError("downloading it fills the disk", "set TMPDIR to a larger one")
        self._file.write(chunk)
        self._told(self.size)

    def restart(self) -> None:
        """Forget everything that was written."""
        self.size = 0
        self._file.seek(0)
        self._file.truncate()


def check_size(size: int, limits: Limits) -> None:
    """Refuse an object that is larger than the limits allow."""
    if size > limits.max_bytes:
        raise RefusedError(f"holds more than {limits.max_bytes} bytes", "split it")


def shown(address: str) -> str:
    """Return an address without its query, fragment, user and password."""
    bare = re.split(r"[?#]", address, maxsplit=1)[0]
    return re.sub(r"(?<=://)[^/]*@", "", bare)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it came from."""
    while error:
        yield error
        error = error.__cause__ or error.__context__


def untrusted(error: BaseException) -> str:
    """Return why the other side of a TLS connection is not trusted, if that is what went wrong."""
    for cause in chain(error):
        if why := getattr(cause, "verify_message", ""):
            return f"its TLS certificate is not trusted: {words_of(ValueError(why))}"
    failed = next((cause for cause in chain(error) if isinstance(cause, ssl.SSLError)), None)
    return f"no secure connection can be made: {words_of(failed)}" if failed else ""


def words_of(error: BaseException) -> str:
    """Return what a foreign error says, on one short line."""
    text = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
    text = plain(" ".join(str(text).split()))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
