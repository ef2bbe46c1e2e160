"""Hits → findings: one for each rule and principal, with counts, times, shared facts and examples, computed in the engine."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from auditor.engine import Database, literal, quote
from auditor.model.check import Check
from auditor.model.expr import facts_of
from auditor.model.facts import TABLES
from auditor.model.finding import Example, Finding, Window, finding_id
from auditor.model.policy import CERTAINTIES, SEVERITIES, Clause, Rule
from auditor.rules.evaluate import DIALECT
from auditor.rules.sql import Renderer

EXAMPLES = 3
PRINCIPALS: dict[str, tuple[str, ...]] = {
    "usage": ("application.id", "api_key.id", "account.id", "project.id", "user.id", "organization.id"),
    "events": ("api_key.id", "actor.id", "project.id", "organization.id"),
    "training": ("model.id",),
    "matches": ("dataset.id",),
    "deployments": ("deployment.id",),
    "organisation": ("organisation.name",),
}
"""Table → the facts of which the first that is present says whose finding it is."""
IDENTITY: dict[str, tuple[str, ...]] = {
    "usage": ("record.id",),
    "events": ("record.id",),
    "training": ("model.id", "dataset.id", "training.run.id"),
    "matches": ("dataset.id", "dataset.row", "record.id"),
    "deployments": ("deployment.id",),
    "organisation": ("organisation.name",),
}
"""Table → the facts that tell one row from another."""
TELLING = (
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "route",
    "application.id",
    "api_key.id",
    "dataset.id",
    "model.id",
)
"""Facts shown as evidence, where all hits share them, whether or not the rule reads them."""

Described = Mapping[str, tuple[Clause, Rule]]
"""Check id → the clause and rule it was made from."""


def collect_findings(
    db: Database, checks: Sequence[Check], described: Described, inputs: Sequence[str]
) -> list[Finding]:
    """Return the findings of all hits in `db`, the most severe first.

    Args:
        db: holds the fact tables and the table `hits`.
        checks: the checks, in the order to which hits refer.
        described: the clause and rule of each check.
        inputs: URI of each input, by the index that records carry.
    """
    found: list[Finding] = []
    hit = {index for (index,) in db.execute("SELECT DISTINCT check_index FROM hits")}
    for table in TABLES:
        members = [(i, check) for i, check in enumerate(checks) if check.table == table and i in hit]
        if members:
            _keep_hit_rows(db, table, members)
            for i, check in members:
                found += _findings(db, i, check, *described[check.id], inputs)
    return sorted(found, key=_order)


def write_hits(db: Database, checks: Sequence[Check], inputs: Sequence[str], path: Path) -> None:
    """Write every single hit to the Parquet file at `path`: clause, rule, place, time, principal and measured value."""
    db.execute(
        "CREATE OR REPLACE TABLE check_names (check_index INTEGER, clause VARCHAR, rule VARCHAR, certainty VARCHAR)"
    )
    db.insert("check_names", [(i, c.clause, c.id, c.certainty) for i, c in enumerate(checks)])
    db.execute("CREATE OR REPLACE TABLE input_names (_input INTEGER, input VARCHAR)")
    db.insert("input_names", list(enumerate(inputs)))
    parts = [
        'SELECT c.clause, c.rule, c.certainty, n.input, f._line AS line, f.record_id, f."timestamp", h.value, '
        f"{table!r} AS fact_table, to_json({_principal_by_check(members)})::VARCHAR AS principal "
        f"FROM hits AS h JOIN {_hit_rows(table)} AS f USING (_row) JOIN check_names AS c USING (check_index) "
        f"LEFT JOIN input_names AS n ON n._input = f._input WHERE h.check_index IN ({', '.join(str(i) for i, _ in members)})"
        for table, members in _tables_with_hits(db, checks)
    ]
    empty = (
        "SELECT NULL::VARCHAR AS clause, NULL::VARCHAR AS rule, NULL::VARCHAR AS certainty, NULL::VARCHAR AS input, "
        'NULL::BIGINT AS line, NULL::VARCHAR AS record_id, NULL::TIMESTAMP AS "timestamp", NULL::DOUBLE AS value, '
        "NULL::VARCHAR AS fact_table, NULL::VARCHAR AS principal WHERE FALSE"
    )
    query = " UNION ALL ".join([empty, *parts])
    db.execute(
        f"COPY (SELECT * FROM ({query}) ORDER BY ALL) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
    )


def _tables_with_hits(db: Database, checks: Sequence[Check]) -> Iterator[tuple[str, list[tuple[int, Check]]]]:
    hit = {index for (index,) in db.execute("SELECT DISTINCT check_index FROM hits")}
    for table in TABLES:
        members = [(i, check) for i, check in enumerate(checks) if check.table == table and i in hit]
        if members:
            yield table, members


def _hit_rows(table: str) -> str:
    return f"hit_rows_{table}"


def _keep_hit_rows(db: Database, table: str, members: Sequence[tuple[int, Check]]) -> None:
    """Materialise what findings need of the rows that were hit, so that the fact table is read once."""
    facts = {fact for _, check in members for fact in (*_evidence(check), *_principals(check))}
    columns = ["_row", "_input", "_line", '"timestamp"', *(quote(fact) for fact in sorted(facts - {"timestamp"}))]
    named = ", ".join(quote(name) for name in IDENTITY[table])
    record = named if IDENTITY[table] == ("record.id",) else f"nullif(concat_ws(' / ', {named}), '')"
    indices = ", ".join(str(i) for i, _ in members)
    db.execute(
        f"CREATE TABLE {_hit_rows(table)} AS SELECT {', '.join(columns)}, {record} AS record_id FROM {quote(table)} "
        f"WHERE _row IN (SELECT _row FROM hits WHERE check_index IN ({indices}))"
    )


def _principals(check: Check) -> tuple[str, ...]:
    return check.principal or (check.measure.by if check.measure else PRINCIPALS[check.table])


def _evidence(check: Check) -> list[str]:
    """The facts shown with a finding: those its rule reads, and what tells whose calls they were; never free text."""
    facts = TABLES[check.table].facts
    read = facts_of(check.selected) | {name for name in TELLING if name in facts}
    return sorted(name for name in read if name != "timestamp" and not facts[name].text)


def _principal(check: Check) -> str:
    """SQL for whose finding a hit is: a map from fact to value, without facts that are missing."""
    names = _principals(check)
    if check.principal or check.measure:
        entries = ", ".join(f"{{'key': {literal(n)}, 'value': {quote(n)}::VARCHAR}}" for n in names)
        return f"map_from_entries(list_filter([{entries}], lambda e: e.value IS NOT NULL))"
    cases = " ".join(f"WHEN {quote(n)} IS NOT NULL THEN MAP {{{literal(n)}: {quote(n)}}}" for n in names)
    return f"CASE {cases} ELSE MAP {{}}::MAP(VARCHAR, VARCHAR) END"


def _principal_by_check(members: Sequence[tuple[int, Check]]) -> str:
    cases = " ".join(f"WHEN {i} THEN {_principal(check)}" for i, check in members)
    return f"CASE h.check_index {cases} END"


def _findings(
    db: Database, index: int, check: Check, clause: Clause, rule: Rule, inputs: Sequence[str]
) -> Iterator[Finding]:
    evidence = _evidence(check)
    shared = [
        f"CASE WHEN count(DISTINCT {quote(f)}) = 1 AND count({quote(f)}) = count(*) THEN any_value({quote(f)}) END"
        for f in evidence
    ]
    renderer = Renderer(TABLES[check.table])
    versions = [f"count_if({renderer.render(under).sql(dialect=DIALECT)})" for under in check.versions.values()]
    example = "arg_min({'input': _input, 'line': _line, 'record': record_id}, _row, " + f"{EXAMPLES})"
    columns = [
        f"{_principal(check)} AS principal",
        "count(*)",
        'min("timestamp")',
        'max("timestamp")',
        example,
        "max(value)",
        # The earliest of the windows that exceed the limit by most: an engine may return any of several equal ones.
        "arg_max(\"timestamp\", {'value': value, 'earlier': -epoch_ns(\"timestamp\")})",
        *versions,
        *shared,
    ]
    rows = f"hits JOIN {_hit_rows(check.table)} USING (_row) WHERE check_index = {index}"
    grouped = f"SELECT {', '.join(columns)} FROM {rows} GROUP BY principal"
    for principal, count, first, last, examples, value, at, *rest in db.execute(grouped):
        under = {name: n for name, n in zip(check.versions, rest[: len(versions)], strict=True) if n}
        facts = {f: v for f, v in zip(evidence, rest[len(versions) :], strict=True) if v is not None}
        yield _finding(
            check,
            clause,
            rule,
            dict(principal),
            count,
            under,
            facts,
            (_time(first), _time(last)),
            _examples(examples, inputs),
            _window(check, value, at),
        )


def _finding(
    check: Check,
    clause: Clause,
    rule: Rule,
    principal: dict[str, str],
    count: int,
    versions: dict[str, int],
    facts: dict[str, JsonValue],
    seen: tuple[str | None, str | None],
    examples: tuple[Example, ...],
    window: Window | None,
) -> Finding:
    whose = ", ".join(f"{name} {value}" for name, value in principal.items()) or "no application or key named"
    return Finding(
        id=finding_id(check.clause, check.id, principal),
        clause=check.clause,
        clause_version=list(versions)[-1] if versions else "",
        versions=versions,
        rule=check.id,
        severity=clause.severity,
        certainty=check.certainty,
        status="active",
        principal=principal,
        count=count,
        first_seen=seen[0],
        last_seen=seen[1],
        summary=f"{rule.title} ({whose})",
        facts=facts,
        window=window,
        examples=examples,
        remedy=clause.remedy,
    )


def _window(check: Check, value: float | None, at: datetime | None) -> Window | None:
    if check.measure is None or value is None:
        return None
    return Window(end=_time(at) or "", seconds=check.measure.window_seconds, value=value, limit=check.measure.limit)


def _examples(examples: list[dict[str, Any]], inputs: Sequence[str]) -> tuple[Example, ...]:
    return tuple(
        Example(
            input="declarations" if e["input"] is None else inputs[e["input"]], line=e["line"], record_id=e["record"]
        )
        for e in examples
    )


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds") + "Z" if moment else None


def _order(finding: Finding) -> tuple[int, int, int, str]:
    return (-SEVERITIES.index(finding.severity), -CERTAINTIES.index(finding.certainty), -finding.count, finding.id)
