"""A small reader for the tests of sources: inputs in, records as plain dictionaries out."""

import asyncio
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor.engine import Database
from auditor.sources import Ingested, Input, ingest

SHARED = Path(__file__).parents[3] / "shared" / "fixtures"
DATA = Path(__file__).parents[1] / "data" / "sources"


@dataclass
class Read:
    """What was read: the result, the records and the rejects."""

    result: Ingested
    records: list[dict[str, Any]]
    rejects: list[dict[str, Any]]

    def column(self, name: str) -> list[Any]:
        return [record.get(name) for record in self.records]


@pytest.fixture
def db() -> Iterator[Database]:
    with Database() as database:
        yield database


@pytest.fixture
def read(db: Database) -> Callable[..., Read]:
    def reader(*inputs: Path | str | Input, text: Collection[str] = ()) -> Read:
        named = [item if isinstance(item, Input) else Input(str(item)) for item in inputs]
        result = asyncio.run(ingest(db, named, text=text))
        names = list(db.columns("records"))
        rows = db.execute("SELECT * FROM records ORDER BY _row")
        rejects = [json.loads(line) for line in result.rejects.read_text("utf-8").splitlines()]
        return Read(result, [dict(zip(names, row, strict=True)) for row in rows], rejects)

    return reader


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def writer(*lines: str | bytes | dict[str, Any], name: str = "records.jsonl", end: bytes = b"\n") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        plain = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
        path.write_bytes(b"\n".join(line.encode() if isinstance(line, str) else line for line in plain) + end)
        return path

    return writer


def shared(*parts: str) -> Path:
    """Return a file of the shared fixtures, or skip the test where they are not."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the shared fixtures are not here: {path}")
    return path
