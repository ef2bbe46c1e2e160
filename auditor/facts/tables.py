"""Creates the fact tables in the engine, and the views of the records that are audited: without repeats, within the period."""

from collections.abc import Sequence
from datetime import date

from auditor.engine import Database, column_type, literal, quote
from auditor.facts.declared import declared_rows
from auditor.facts.usage import PERIOD, create_usage
from auditor.model.declarations import Declarations, Facts
from auditor.model.facts import TABLES

DISTINCT = "distinct_records"


def create_tables(db: Database, declared: Declarations, now: date) -> None:
    """Create every fact table in `db`, which holds the view `period_records`; declared things are dated `now` by default."""
    create_usage(db, declared)
    for name, rows in declared_rows(declared, now).items():
        _create(db, name, rows)


def find_duplicates(db: Database) -> dict[int, int]:
    """Create the view `distinct_records` of `records` without repeats, and return the number of repeats by input.

    A record repeats an earlier one that has the same id, time and provider; one without an id repeats none.
    """
    columns = db.columns("records")
    keys = ", ".join(quote(name) for name in ("record.id", "timestamp", "gen_ai.provider.name") if name in columns)
    if "record.id" not in columns:
        db.execute(f"CREATE VIEW {DISTINCT} AS SELECT * FROM records")
        return {}
    db.execute(
        'CREATE TABLE duplicates AS SELECT _row, _input FROM records WHERE "record.id" IS NOT NULL '
        f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY _row) > 1"
    )
    db.execute(f"CREATE VIEW {DISTINCT} AS SELECT * FROM records WHERE _row NOT IN (SELECT _row FROM duplicates)")
    return dict(db.execute("SELECT _input, count(*) FROM duplicates GROUP BY _input"))


def limit_period(db: Database, since: date | None, until: date | None) -> int:
    """Create the view `period_records` of the distinct records from `since` to `until`, both days included, in UTC.

    Records without a time stay in: they cannot be placed. Returns the number of records left out.
    """
    columns = db.columns(DISTINCT)
    parts = [f"\"timestamp\" < DATE '{since}'"] if since else []
    parts += [f"\"timestamp\" >= DATE '{until}' + INTERVAL 1 DAY"] if until else []
    outside = f"coalesce({' OR '.join(parts)}, FALSE)" if parts and "timestamp" in columns else "FALSE"
    db.execute(f"CREATE VIEW {PERIOD} AS SELECT * FROM {DISTINCT} WHERE NOT {outside}")
    return int(db.execute(f"SELECT count(*) FROM {DISTINCT} WHERE {outside}")[0][0])


def _create(db: Database, name: str, rows: Sequence[Facts]) -> None:
    facts = TABLES[name].facts
    columns = ", ".join(f"{quote(fact.name)} {column_type(fact.type)}" for fact in facts.values())
    db.execute(f"CREATE TABLE {quote(name)} (_row BIGINT, _input INTEGER, _line BIGINT, {columns})")
    for i, row in enumerate(rows):
        values = [literal(row.get(fact)) for fact in facts]
        db.execute(f"INSERT INTO {quote(name)} VALUES ({', '.join([str(i), 'NULL', 'NULL', *values])})")
