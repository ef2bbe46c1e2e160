"""What could be seen: facts present in the records, tables without rows, and what to declare to learn more."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from auditor.engine import Database, quote
from auditor.facts.usage import unresolved_models
from auditor.findings.collect import PRINCIPALS
from auditor.model.check import Check
from auditor.model.facts import TABLES, USAGE
from auditor.model.run import Advice, Coverage, FactCoverage
from auditor.rules.evaluate import Outcome

ADVICE = 12
PRINCIPALS_SHOWN = 8
MODELS = 50
"""Unresolved names of models that are listed."""
NOT_DECLARABLE = ("timestamp", "judge", "manual")


@dataclass(frozen=True)
class Seen:
    """What the inputs held.

    Attributes:
        carried: per input, fact → number of its records that carried it themselves.
        idle: per input, the spans of days without records.
        unused: per input, fields that no fact takes.
        skipped: per input, what was no record, by reason.
    """

    carried: Mapping[str, dict[str, int]]
    idle: Mapping[str, tuple[tuple[date, date], ...]]
    unused: Mapping[str, tuple[str, ...]]
    skipped: Mapping[str, dict[str, int]]


def cover(db: Database, checks: Sequence[Check], outcomes: Mapping[str, Outcome], seen: Seen) -> Coverage:
    """Return the coverage of a run, from the fact tables in `db`, the checks, and what they answered, by table."""
    facts = sorted({fact for check in checks if check.table == "usage" for fact in check.facts})
    present = _present(db, facts) if facts else ()
    unresolved, names = unresolved_models(db, MODELS)
    return Coverage(
        records=outcomes["usage"].rows,
        facts=tuple(
            FactCoverage(
                fact=name,
                meaning=USAGE.facts[name].meaning,
                recorded=min(sum(carried.get(name, 0) for carried in seen.carried.values()), count),
                present=count,
            )
            for name, count in zip(facts, present, strict=True)
        ),
        tables={name: outcome.rows for name, outcome in outcomes.items()},
        unused_fields=dict(seen.unused),
        skipped=dict(seen.skipped),
        carried=dict(seen.carried),
        idle=dict(seen.idle),
        unresolved_models=unresolved,
        unresolved_names=names,
        not_testable=tuple(_not_testable(checks, outcomes)),
        advice=tuple(_advice(db, checks, outcomes)),
    )


def _not_testable(checks: Sequence[Check], outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    for check in checks:
        counts = outcomes[check.table].checks.get(check.id)
        if check.cannot == "manual" and counts and counts.concerned:
            yield check.clause


def _present(db: Database, facts: Sequence[str]) -> Sequence[int]:
    row: Sequence[int] = db.execute(f"SELECT {', '.join(f'count({quote(fact)})' for fact in facts)} FROM usage")[0]
    return row


def _advice(db: Database, checks: Sequence[Check], outcomes: Mapping[str, Outcome]) -> list[Advice]:
    waiting: dict[tuple[str, str], dict[str, int]] = {}
    for check in checks:
        counts = outcomes[check.table].checks.get(check.id)
        for fact, count in (counts.missing if counts else {}).items():
            if fact not in NOT_DECLARABLE and not TABLES[check.table].facts[fact].text:
                clauses = waiting.setdefault((check.table, fact), {})
                clauses[check.clause] = clauses.get(check.clause, 0) + count
    ranked = sorted(waiting.items(), key=lambda item: (-sum(item[1].values()), item[0]))[:ADVICE]
    return [
        Advice(
            fact=fact,
            meaning=TABLES[table].facts[fact].meaning,
            checks=sum(clauses.values()),
            clauses=tuple(sorted(clauses)),
            principals=_principals(db, table, fact),
        )
        for (table, fact), clauses in ranked
    ]


def _principals(db: Database, table: str, fact: str) -> dict[str, int]:
    """Whose rows lack the fact, the most first: `application.id support-bot` → rows."""
    cases = " ".join(f"WHEN {quote(n)} IS NOT NULL THEN '{n} ' || {quote(n)}" for n in PRINCIPALS[table])
    query = f"SELECT CASE {cases} ELSE 'nobody named' END AS whose, count(*) AS n FROM {quote(table)}"
    lacking = f"WHERE {quote(fact)} IS NULL GROUP BY whose ORDER BY n DESC, whose LIMIT {PRINCIPALS_SHOWN}"
    return dict(db.execute(f"{query} {lacking}"))
