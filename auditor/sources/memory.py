"""Records handed over in memory: mappings become a file of JSON lines, Arrow data is read as it is."""

import json
from collections.abc import AsyncIterable, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from auditor.errors import AuditorError
from auditor.sources.source import Input


def is_arrow(item: Input) -> bool:
    """Return whether the input is Arrow data; told by its module, for importing pyarrow takes long."""
    return type(item.data).__module__.split(".")[0] == "pyarrow"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"a record holds a {type(value).__name__}; give text, numbers, booleans, times or lists of texts")


def _line(record: Mapping[str, object]) -> str:
    return json.dumps(dict(record), default=_plain, ensure_ascii=False)


async def spool_records(item: Input, target: Path) -> Path:
    """Write the records of `item` as JSON lines to the file `target` and return it.

    Raises:
        AuditorError: a record is no mapping, or holds what no fact can be.
    """
    records = item.data
    with target.open("w", encoding="utf-8", errors="surrogatepass") as out:
        try:
            if isinstance(records, AsyncIterable):
                async for record in records:
                    out.write(_line(record) + "\n")
            elif isinstance(records, Iterable):
                for record in records:
                    out.write(_line(record) + "\n")
        except (TypeError, ValueError) as error:
            raise AuditorError(f"{item.path}: {error}") from error
    return target
