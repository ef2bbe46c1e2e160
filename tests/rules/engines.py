"""The engines that evaluate checks, each behind one function: checks and rows in, one `Answer` a check out.

To put another engine under every case and differential test, write its function and add one line to `ENGINES`.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow

from auditor.engine import Database, column_type, quote
from auditor.model.check import Check
from auditor.model.expr import Truth
from auditor.model.facts import TABLES, FactValue
from auditor.rules.evaluate import NOT_CONCERNED, create_hits, evaluate_table
from auditor.rules.scalar import Row, evaluate, evaluate_check, missing_for_check


@dataclass(frozen=True)
class Answer:
    """What one engine says of one check: each row's truth, the rows counted, and how often each fact was missed."""

    truths: tuple[Truth, ...]
    governed: int
    concerned: int
    hits: tuple[int, ...]
    unknown: int
    missing: dict[str, int]


Engine = Callable[[Sequence[Check], Sequence[Row]], list[Answer]]


def scalar(checks: Sequence[Check], rows: Sequence[Row]) -> list[Answer]:
    """The reference: plain Python, row by row."""
    return [_scalar(check, rows) for check in checks]


def _scalar(check: Check, rows: Sequence[Row]) -> Answer:
    truths = evaluate_check(check, rows)
    governed = [evaluate(check.governed, row) for row in rows]
    missing: Counter[str] = Counter()
    for i in range(len(rows)):
        missing.update(missing_for_check(check, rows, i))
    return Answer(
        tuple(truths),
        governed.count(True),
        governed.count(True) + governed.count(None),
        tuple(i for i, truth in enumerate(truths) if truth),
        truths.count(None),
        dict(missing),
    )


def duckdb(checks: Sequence[Check], rows: Sequence[Row]) -> list[Answer]:
    """The embedded engine, through the function that a run calls."""
    answers: dict[str, Answer] = {}
    with Database() as db:
        create_hits(db)
        for name in dict.fromkeys(check.table for check in checks):
            fill(db, name, rows)
            outcome = evaluate_table(db, name, checks)
            for i, check in enumerate(checks):
                if check.table != name:
                    continue
                evaluated = outcome.checks[check.id] is not NOT_CONCERNED
                states = f"SELECT r{i} FROM {quote(f'states_{name}')} ORDER BY _row"
                truths = db.execute(states) if evaluated else [(False,)] * len(rows)
                hits = db.execute(f"SELECT _row FROM hits WHERE check_index = {i} ORDER BY _row")
                counts = outcome.checks[check.id]
                assert len(hits) == counts.hits
                answers[check.id] = Answer(
                    tuple(truth for (truth,) in truths),
                    counts.governed,
                    counts.concerned,
                    tuple(row for (row,) in hits),
                    counts.unknown,
                    counts.missing,
                )
    return [answers[check.id] for check in checks]


def fill(db: Database, name: str, rows: Sequence[Row]) -> None:
    """Create the fact table `name` of `rows`, with every fact of the schema."""
    facts = TABLES[name].facts.values()
    data = {"_row": pyarrow.array(range(len(rows)), pyarrow.int64())}
    for fact in facts:
        data[fact.name] = pyarrow.array([_stored(row.get(fact.name)) for row in rows], ARROW[fact.type])
    db.register("given", pyarrow.table(data))
    columns = ", ".join(f"{quote(fact.name)}::{column_type(fact.type)} AS {quote(fact.name)}" for fact in facts)
    db.execute(f"CREATE TABLE {quote(name)} AS SELECT _row, {columns} FROM given")


ARROW = {
    "string": pyarrow.string(),
    "integer": pyarrow.int64(),
    "number": pyarrow.float64(),
    "boolean": pyarrow.bool_(),
    "timestamp": pyarrow.timestamp("us"),
    "strings": pyarrow.list_(pyarrow.string()),
}


def _stored(value: FactValue) -> FactValue:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


ENGINES: dict[str, Engine] = {
    "scalar": scalar,
    "duckdb": duckdb,
}
