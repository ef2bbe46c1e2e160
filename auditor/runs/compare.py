"""Compares two run folders row by row: what newly breaks, what newly clears, and for whom."""

import json
from pathlib import Path

from auditor.engine import Database, EngineError, literal
from auditor.errors import AuditorError
from auditor.model.comparison import ClauseChange, Comparison, PrincipalChange, RunName
from auditor.model.policy import SEVERITIES
from auditor.model.run import Manifest
from auditor.runs.folder import HITS, read_run


def compare_runs(before: Path, after: Path) -> Comparison:
    """Return what differs between two runs.

    A record is the same in both if it has the same id and time; one without an id, if it stands in the same line of an input
    with the same digest. Whose it is may differ: a row that breaks a clause in both runs is no change, whoever is named.

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
    """Create a table of the rows that break each clause, each once, with one of those whose findings they are.

    Raises:
        AuditorError: the file of hits is missing or damaged.
    """
    db.execute(f"CREATE TABLE inputs_{table} (input VARCHAR, sha256 VARCHAR)")
    db.insert(f"inputs_{table}", [(item.uri, item.sha256) for item in manifest.inputs])
    place = "CASE WHEN record_id IS NULL THEN sha256 || ':' || line ELSE record_id END"
    # rows that come from declarations are dated by the day of the run
    at = "CASE WHEN fact_table = 'usage' THEN \"timestamp\" END"
    rows = f"read_parquet({literal(str(folder / HITS))}) LEFT JOIN inputs_{table} USING (input)"
    try:
        db.execute(
            f"CREATE TABLE {table} AS SELECT clause, fact_table, {place} AS place, {at} AS at, min(principal) AS principal "
            f"FROM {rows} GROUP BY ALL"
        )
    except EngineError as error:
        raise AuditorError(f"{folder / HITS} is missing or damaged; replay the inputs anew") from error


def _changed_principals(db: Database) -> dict[str, list[PrincipalChange]]:
    same = " AND ".join(f"a.{name} IS NOT DISTINCT FROM b.{name}" for name in ("clause", "fact_table", "place", "at"))
    query = f"""
        SELECT clause, principal, sum(broken)::BIGINT, sum(cleared)::BIGINT FROM (
            SELECT a.clause, a.principal, 1 AS broken, 0 AS cleared FROM hits_after AS a ANTI JOIN hits_before AS b ON {same}
            UNION ALL
            SELECT a.clause, a.principal, 0, 1 FROM hits_before AS a ANTI JOIN hits_after AS b ON {same}
        ) GROUP BY clause, principal ORDER BY clause, sum(broken) + sum(cleared) DESC, principal"""
    found: dict[str, list[PrincipalChange]] = {}
    for clause, principal, broken, cleared in db.execute(query):
        change = PrincipalChange(principal=json.loads(principal), broken=broken, cleared=cleared)
        found.setdefault(clause, []).append(change)
    return found


def _order(change: ClauseChange) -> tuple[int, int, str]:
    return -SEVERITIES.index(change.severity), -change.broken - change.cleared, change.clause
