"""Creates the fact tables in the engine, and the views of the records and events that are audited: without repeats, within the
period.
"""

from collections.abc import Sequence
from datetime import date

from auditor.engine import Database, column_type, literal, quote
from auditor.facts.calls import DISTINCT, find_repeated_events
from auditor.facts.declared import declared_rows
from auditor.facts.usage import PERIOD, create_usage
from auditor.model.declarations import Declarations, Facts
from auditor.model.facts import TABLES

EVENTS = "period_events"
"""The view of the control events that are audited."""


def create_tables(db: Database, declared: Declarations, now: date) -> None:
    """Create every fact table in `db`, which holds the view `period_records`; declared things are dated `now` by default."""
    create_usage(db, declared)
    for name, rows in declared_rows(declared, now).items():
        _create(db, name, rows)
    _create_events(db, declared)


def limit_period(db: Database, since: date | None, until: date | None) -> int:
    """Create the views `period_records` and `period_events` of the distinct records and control events from `since` to
    `until`, both days included, in UTC.

    Records without a time stay in: they cannot be placed. Returns the number of records and events left out.
    """
    outside = 0
    for name, rows in ((PERIOD, f"SELECT * FROM {DISTINCT}"), (EVENTS, find_repeated_events(db))):
        parts = [f"\"timestamp\" < DATE '{since}'"] if since else []
        parts += [f"\"timestamp\" >= DATE '{until}' + INTERVAL 1 DAY"] if until else []
        dated = parts and "timestamp" in db.columns(f"({rows})")
        left_out = f"coalesce({' OR '.join(parts)}, FALSE)" if dated else "FALSE"
        db.execute(f"CREATE VIEW {name} AS SELECT * FROM ({rows}) WHERE NOT {left_out}")
        outside += db.execute(f"SELECT count(*) FROM ({rows}) WHERE {left_out}")[0][0]
    return outside


def has_buckets(db: Database) -> bool:
    """Return whether any record of the view `period_records` sums up calls."""
    columns = db.columns(PERIOD)
    parts = ["\"record.kind\" = 'bucket'"] * ("record.kind" in columns)
    parts += ['"request.count" > 1'] * ("request.count" in columns)
    return bool(parts and db.execute(f"SELECT bool_or({' OR '.join(parts)}) FROM {PERIOD}")[0][0])


def _create_events(db: Database, declared: Declarations) -> None:
    """Create the view `events` over `period_events`, with what the company says of itself."""
    columns = db.columns(EVENTS)
    values = [
        quote(fact.name)
        if fact.name in columns
        else f"{literal(declared.organisation_facts.get(fact.name))}::{column_type(fact.type)} AS {quote(fact.name)}"
        for fact in TABLES["events"].facts.values()
    ]
    db.execute(f"CREATE VIEW events AS SELECT _row, _input, _line, {', '.join(values)} FROM {EVENTS}")


def _create(db: Database, name: str, rows: Sequence[Facts]) -> None:
    facts = TABLES[name].facts
    columns = ", ".join(f"{quote(fact.name)} {column_type(fact.type)}" for fact in facts.values())
    db.execute(f"CREATE TABLE {quote(name)} (_row BIGINT, _input INTEGER, _line BIGINT, {columns})")
    for i, row in enumerate(rows):
        values = [literal(row.get(fact)) for fact in facts]
        db.execute(f"INSERT INTO {quote(name)} VALUES ({', '.join([str(i), 'NULL', 'NULL', *values])})")
