"""Dated snapshots of accounts, joined to the records: of each subject, the one nearest before the record counts.

A record that is older than every snapshot of its account has none of their facts: what held then is not known.
"""

from auditor.engine import Database, literal, quote
from auditor.model.facts import SNAPSHOTS

VIEW = "snapshot_records"
SUBJECTS = {
    "api_key": "api_key.id",
    "user_profile": "end_user.profile.id",
    "project": "project.id",
    "user": "user.id",
    "organization": "organization.id",
}
"""What a snapshot is of → the fact of a record that names it; the nearest to the call first."""
AS_OF = "account.as_of"
HEAD = ("timestamp", "snapshot.of", "snapshot.id")


def snapshot_tables(db: Database, columns: frozenset[str]) -> dict[str, frozenset[str]]:
    """Create the table `snapshot_<subject>` of each subject that records name, and return its facts.

    The tables have `_id`, `_at`, `_application` and the facts; `columns` are those of the records.
    """
    carried = set(db.columns(VIEW))
    if "timestamp" not in columns or not carried.issuperset(HEAD):
        return {}
    facts = [name for name in SNAPSHOTS.facts if name in carried and name not in (*HEAD, "application.id")]
    application = 'any_value("application.id")' if "application.id" in carried else "NULL::VARCHAR"
    values = "".join(f", any_value({quote(name)} ORDER BY _row) AS {quote(name)}" for name in facts)
    found = {}
    for subject, key in SUBJECTS.items():
        if key not in columns:
            continue
        db.execute(
            f'CREATE TABLE {table_of(subject)} AS SELECT "snapshot.id" AS _id, "timestamp" AS _at, '
            f"{application} AS _application, {literal(subject + ' of ')} || strftime(\"timestamp\", '%Y-%m-%dT%H:%M:%SZ') "
            f"AS {quote(AS_OF)}{values} FROM {VIEW} "
            f'WHERE "snapshot.of" = {literal(subject)} AND "snapshot.id" IS NOT NULL AND "timestamp" IS NOT NULL GROUP BY ALL'
        )
        if db.execute(f"SELECT count(*) FROM {table_of(subject)}")[0][0]:
            found[subject] = frozenset((*facts, AS_OF))
    return found


def table_of(subject: str) -> str:
    """Return the name of the table with the snapshots of `subject`."""
    return f"snapshot_{subject}"


def join_of(subject: str) -> str:
    """Return SQL that joins the snapshots of `subject` to the records `r`, under the alias that is their table's name."""
    name = table_of(subject)
    return f' ASOF LEFT JOIN {name} ON {name}._id = r.{quote(SUBJECTS[subject])} AND r."timestamp" >= {name}._at'
