"""Writes down what could not be read, in words: line, byte offset and reason of every reject."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, TextIO

from auditor.engine import Database, literal
from auditor.sources.source import Reject
from auditor.sources.stage import MAX_LINE, content_lines

MAX_REASON = 200
Damage = tuple[int, int | None, str]
"""Line (or record number), byte offset if known, and reason."""


def _constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def why_unreadable(line: bytes | None, known: frozenset[str]) -> str:
    """Return what is wrong with a line of which nothing could be read, or an empty string if it is blank."""
    if line is None:
        return f"longer than {MAX_LINE >> 20} MiB"
    if not line.strip():
        return ""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"not UTF-8 text: byte {error.start + 1} of the line"
    try:
        value = json.loads(text, parse_constant=_constant)
    except json.JSONDecodeError as error:
        return f"not valid JSON: {error.msg.removesuffix(' at')} at column {error.colno}"
    except RecursionError:
        return "not valid JSON: nested too deeply"
    except ValueError as error:
        return f"not valid JSON: {error}"
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return "not valid JSON: half a surrogate pair, which is no character"
    if not isinstance(value, dict):
        return "not a JSON object"
    if not known.isdisjoint(value):
        return "no field of this line that is read has a value"
    return "no field of this line is a known fact"


def plain(reason: str) -> str:
    """Return `reason` without control characters, at most `MAX_REASON` long."""
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in reason)
    return escaped if len(escaped) <= MAX_REASON else escaped[: MAX_REASON - 1] + "…"


def flagged(db: Database, parquet: Path, index: int, target: Path) -> Iterator[tuple[int, str]]:
    """Yield line (or record) number and fault of every flagged row of the input `index`, in order, by way of `target`."""
    db.execute(
        f"COPY (SELECT coalesce(_line, file_row_number + 1) AS line, _fault AS fault "
        f"FROM read_parquet({literal(str(parquet))}, file_row_number=true) WHERE _fault IS NOT NULL AND _input = {index} "
        f"ORDER BY line) TO {literal(str(target))} (FORMAT json)"
    )
    with target.open(encoding="utf-8") as rows:
        for row in rows:
            found = json.loads(row)
            yield int(found["line"]), str(found["fault"])


def explained(
    faults: Iterator[tuple[int, str]], content: BinaryIO, offset: int, known: frozenset[str]
) -> Iterator[Damage]:
    """Add byte offset and reason to the faults of `content`, whose lines are the records; it begins at byte `offset`.

    Blank lines are flagged by the reader but are nothing damaged.
    """
    lines = content_lines(content)
    at, start, line = 0, 0, None
    for number, fault in faults:
        while at < number:
            at, start, line = next(lines)
        if reason := fault or why_unreadable(line, known):
            yield number, start + offset, reason


def unlocated(faults: Iterator[tuple[int, str]]) -> Iterator[Damage]:
    """Name the faults of records that have no line of their own."""
    for number, fault in faults:
        yield number, None, fault or "no field of this record is a known fact"


def write_rejects(out: TextIO, index: int, damages: Iterable[Damage]) -> int:
    """Write a `Reject` for each of `damages` to `out`, and return how many there were."""
    count = 0
    for number, start, reason in damages:
        out.write(json.dumps(asdict(Reject(index, number, start, plain(reason))), ensure_ascii=False) + "\n")
        count += 1
    return count
