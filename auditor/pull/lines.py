"""Files that grow by lines, each of which is on the disk before more is said of it."""

import os
import threading
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from auditor.pull.store import sync_folder

ROTATE_BYTES = 64 << 20
CHUNK = 64 << 10


class Files:
    """The files that lines are appended to; a new one when one is large."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: dict[str, FileIO] = {}
        self._lock = threading.Lock()
        self._count = 0

    def trim(self) -> None:
        """Cut off what an earlier run was writing when it was killed, and had not acknowledged."""
        for path in self.folder.glob("*.otlp.jsonl"):
            with path.open("r+b") as file:
                file.truncate(_end_of_lines(file))

    def append(self, kind: str, line: bytes) -> None:
        """Write a line so that it is there even if the power fails."""
        with self._lock:
            file = self._open.get(kind)
            if file is None or file.tell() > ROTATE_BYTES:
                file = self._open[kind] = self._new(kind, file)
            start = file.tell()
            rest = memoryview(line + b"\n")
            try:
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(start)
                file.seek(start)
                raise

    def _new(self, kind: str, full: FileIO | None) -> FileIO:
        if full:
            full.close()
        self._count += 1
        name = f"{kind}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{self._count:04d}.otlp.jsonl"
        file = (self.folder / name).open("xb", buffering=0)
        sync_folder(self.folder)
        return file

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            for file in self._open.values():
                file.close()
            self._open.clear()


def _end_of_lines(file: BinaryIO) -> int:
    """Return the offset after the last line break."""
    at = file.seek(0, os.SEEK_END)
    while at:
        start = max(0, at - CHUNK)
        file.seek(start)
        found = file.read(at - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return 0
