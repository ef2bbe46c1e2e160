"""Compares two run folders row by row: what newly breaks, what newly clears, and for whom."""

import json
from pathlib import Path

from auditor.engine import Database, literal
from auditor.model.comparison import ClauseChange, Comparison, PrincipalChange, RunName
from auditor.model.policy import SEVERITIES
from auditor.model.run import Manifest
from auditor.runs.folder import HITS, read_run


def compare_runs(before: Path, after: Path) -> Comparison:
    """Return what differs between two runs.

    A row is the same in both if it stands in the same line of an input with the same digest; a declared row, if it is the same
    principal's.

    Args:
        before: folder of the first run.
        after: folder of the second.

    Raises:
        AuditorError: a folder is no run, or a file of it is damaged.
    """
    first, second = read_run(before).manifest, read_run(after).manifest
    with Database() as db:
        _load_hits(db, "hits_before", before, first)
        _load_hits(db, "hits_after", after, second)
        principals = _changed_principals(db)
    results = {clause.id: clause for manifest in (first, second) for clause in manifest.clauses}
    verdicts = [{clause.id: clause.verdict for clause in manifest.clauses} for manifest in (first, second)]
    changes = [
        ClauseChange(
            clause=name,
            title=result.title,
            severity=result.severity,
            before=verdicts[0].get(name),
            after=verdicts[1].get(name),
            broken=sum(p.broken for p in principals.get(name, ())),
            cleared=sum(p.cleared for p in principals.get(name, ())),
            principals=tuple(principals.get(name, ())),
        )
        for name, result in results.items()
        if verdicts[0].get(name) != verdicts[1].get(name) or name in principals
    ]
    digests = [{item.sha256 for item in manifest.inputs} for manifest in (first, second)]
    return Comparison(
        before=RunName(folder=before.as_posix(), terms=first.run.terms),
        after=RunName(folder=after.as_posix(), terms=second.run.terms),
        only_before=tuple(item.uri for item in first.inputs if item.sha256 not in digests[1]),
        only_after=tuple(item.uri for item in second.inputs if item.sha256 not in digests[0]),
        changes=tuple(sorted(changes, key=_order)),
        unchanged=len(results) - len(changes),
    )


def _load_hits(db: Database, table: str, folder: Path, manifest: Manifest) -> None:
    """Create a table of the rows that break each clause, once for each clause and principal; inputs by their digest."""
    db.execute(f"CREATE TABLE inputs_{table} (input VARCHAR, sha256 VARCHAR)")
    db.insert(f"inputs_{table}", [(item.uri, item.sha256) for item in manifest.inputs])
    db.execute(
        f"CREATE TABLE {table} AS SELECT DISTINCT clause, principal, fact_table, sha256, line, record_id, "
        # rows that come from declarations are dated by the day of the run
        "CASE WHEN fact_table = 'usage' THEN \"timestamp\" END AS at "
        f"FROM read_parquet({literal(str(folder / HITS))}) LEFT JOIN inputs_{table} USING (input)"
    )


def _changed_principals(db: Database) -> dict[str, list[PrincipalChange]]:
    query = """
        SELECT clause, principal, sum(broken)::BIGINT, sum(cleared)::BIGINT FROM (
            SELECT clause, principal, 1 AS broken, 0 AS cleared FROM (FROM hits_after EXCEPT FROM hits_before)
            UNION ALL
            SELECT clause, principal, 0, 1 FROM (FROM hits_before EXCEPT FROM hits_after)
        ) GROUP BY clause, principal ORDER BY clause, sum(broken) + sum(cleared) DESC, principal"""
    found: dict[str, list[PrincipalChange]] = {}
    for clause, principal, broken, cleared in db.execute(query):
        change = PrincipalChange(principal=json.loads(principal), broken=broken, cleared=cleared)
        found.setdefault(clause, []).append(change)
    return found


def _order(change: ClauseChange) -> tuple[int, int, str]:
    return -SEVERITIES.index(change.severity), -change.broken - change.cleared, change.clause
