"""Tells from the beginning of a file how its records lie in it. Looks at content only, never at the name."""

import csv
import json
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from auditor.sources.flat import FACTS
from auditor.sources.source import Container, JsonObject, Sample

SAMPLE_OBJECTS = 2_000
PARQUET = b"PAR1"
ENVELOPES = (
    "records", "Records", "data", "value", "items", "logs", "entries", "results", "result", "events", "logEvents",
)  # fmt: skip
MESSAGES = ("events", "logEvents")
"""Envelopes of log events, each with a message; others have lists under these names that are a part of a record."""
BINARY = "this is binary and no format that is read here"
MAX_HEADER = 100_000
DELIMITERS = ",\t;|"


class UnreadableError(ValueError):
    """The content is of a kind that is not read; the message says which."""


def sniff(head: bytes) -> Sample:
    """Return what `head`, the beginning of the content, shows.

    Raises:
        UnreadableError: it is neither JSON nor CSV nor Parquet.
    """
    if not head.strip():
        return Sample("empty")
    if head.startswith(PARQUET):
        return Sample("parquet")
    _refuse_other_kinds(head)
    text = head.decode("utf-8", "replace")
    if lines := _json_lines(text):
        return lines  # what is damaged between them becomes rejects
    _refuse_binary(head)
    return _json_document(text) or table(text) or _lines_at_all(text)


def _refuse_other_kinds(head: bytes) -> None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[1:2] == b"\0" or head[:1] == b"\0":
        raise UnreadableError("this is UTF-16 or binary, not UTF-8 text; convert it with iconv -f UTF-16 -t UTF-8")
    if head.startswith((b"PK\x03\x04", b"%PDF-")):
        raise UnreadableError(BINARY)


def _refuse_binary(head: bytes) -> None:
    start = head[: 64 << 10]
    odd = sum(start.count(bytes([code])) for code in range(32) if code not in b"\t\n\r\x1b")
    if odd * 20 > len(start):
        raise UnreadableError(BINARY)


def _json_lines(text: str) -> Sample | None:
    """Return a sample if any line is a JSON object of its own."""
    found: list[JsonObject] = []
    for line in text.split("\n"):
        if line.lstrip().startswith("{") and isinstance(value := _parse(line), dict):
            found.append(value)
        if len(found) == SAMPLE_OBJECTS:
            break
    start = text.lstrip()
    if not found or (start.startswith("[") and _parse(start.split("\n")[0]) is None):
        return None
    return _sample("newline_delimited", found)


def _json_document(text: str) -> Sample | None:
    """Return a sample of an array, or of objects that stretch over lines."""
    start = text.lstrip()
    if start.startswith("["):
        items = [item for item in _values(start[1:], ",") if isinstance(item, dict)]
        return Sample("array", items) if items or start[1:].strip() == "]" else None
    if not start.startswith("{"):
        return None
    if objects := [item for item in _values(start, "") if isinstance(item, dict)]:
        return _sample("unstructured", objects)
    for key in ENVELOPES:  # one object, longer than the sample
        at = start[:2000].find(f'"{key}"')
        opening = start.find("[", at)
        if 0 <= at < opening and start[at + len(key) + 2 : opening].strip() == ":":
            inner = [item for item in _values(start[opening + 1 :], ",") if isinstance(item, dict)]
            if key in MESSAGES and not (inner and "message" in inner[0]):
                continue
            return Sample("unstructured", inner[:SAMPLE_OBJECTS], envelope=key)
    return None


def _sample(container: Container, objects: Sequence[JsonObject]) -> Sample:
    for key in ENVELOPES if FACTS.isdisjoint(objects[0]) else ():
        inner = objects[0].get(key)
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            if key in MESSAGES and "message" not in inner[0]:
                continue
            return Sample(container, [item for item in inner if isinstance(item, dict)][:SAMPLE_OBJECTS], envelope=key)
    return Sample(container, objects)


def _values(text: str, separator: str) -> Iterator[JsonValue]:
    """Yield JSON values that follow one another, up to the first that is not whole."""
    decoder = json.JSONDecoder()
    position = 0
    for _ in range(SAMPLE_OBJECTS):
        rest = len(text) - len(text[position:].lstrip(" \t\r\n" + separator)) if position < len(text) else len(text)
        try:
            value, position = decoder.raw_decode(text, rest)
        except (ValueError, RecursionError):
            return
        yield value


def _parse(line: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value


def table(text: str, delimiter: str = "") -> Sample | None:
    """Return a sample if the first line is a header of at least two cells, none of them twice."""
    header = text.split("\n", 1)[0].rstrip("\r")
    if len(header) > MAX_HEADER:
        return None
    delimiter = delimiter or max(DELIMITERS, key=header.count)
    cells = next(csv.reader([header], delimiter=delimiter), [])
    if len(cells) < 2 or header.lstrip().startswith(("{", "[")) or len(set(cells)) < len(cells):
        return None
    return Sample("csv", columns=tuple(cells), delimiter=delimiter)


def _lines_at_all(text: str) -> Sample:
    if text.lstrip()[:1] in "{[":
        return Sample("newline_delimited")  # every line is damaged; each becomes a reject
    raise UnreadableError("this is neither JSON nor a table")
