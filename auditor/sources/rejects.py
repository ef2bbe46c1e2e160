"""Writes down what could not be read, in words: line, byte offset and reason of every reject."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, TextIO

from auditor.engine import Database, literal
from auditor.sources.source import Reject
from auditor.sources.stage import MAX_LINE, content_lines

MAX_REASON = 200


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
        return f"not valid JSON: {error.msg} at column {error.colno}"
    except RecursionError:
        return "not valid JSON: nested too deeply"
    except ValueError as error:
        return f"not valid JSON: {error}"
    if not isinstance(value, dict):
        return "not a JSON object"
    if not known.isdisjoint(value):
        return "no field of this line that is read has a value"
    return "no field of this line is a known fact"


def plain(reason: str) -> str:
    """Return `reason` without control characters, at most `MAX_REASON` long."""
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in reason)
    return escaped if len(escaped) <= MAX_REASON else escaped[: MAX_REASON - 1] + "…"


def flagged(db: Database, parquet: Path, target: Path) -> Iterator[tuple[int, str]]:
    """Yield line (or record) number and fault of every flagged row, in order; the list goes through the file `target`."""
    db.execute(
        f"COPY (SELECT coalesce(_line, file_row_number + 1) AS line, _fault AS fault "
        f"FROM read_parquet({literal(str(parquet))}, file_row_number=true) WHERE _fault IS NOT NULL "
        f"ORDER BY line) TO {literal(str(target))} (FORMAT json)"
    )
    with target.open(encoding="utf-8") as rows:
        for row in rows:
            found = json.loads(row)
            yield int(found["line"]), str(found["fault"])


def write_rejects(
    out: TextIO, index: int, faults: Iterator[tuple[int, str]], content: BinaryIO | None, offset: int, known: frozenset[str]
) -> int:
    """Write a `Reject` for each of `faults` to `out` and return how many lines were rejected.

    `content` is the plain content if its lines are the records, else None; it begins at byte `offset` of the input.
    Blank lines are flagged by the reader but are no rejects.
    """
    lines = content_lines(content) if content else None
    at, start, line = 0, 0, None
    count = 0
    for number, fault in faults:
        while lines and at < number:
            at, start, line = next(lines)
        reason = fault or (why_unreadable(line, known) if lines else "no field of this record is a known fact")
        if not reason:
            continue
        reject = Reject(index, number, start + offset if lines else None, plain(reason))
        out.write(json.dumps(asdict(reject), ensure_ascii=False) + "\n")
        count += 1
    return count
