"""Counts, for the rows that a check left undecided, the facts whose absence is to blame."""

from collections.abc import Sequence

from auditor.engine import Database, literal, quote
from auditor.model.check import Check, WindowMeasure
from auditor.model.expr import needed_facts
from auditor.model.facts import Table
from auditor.rules.sql import Renderer, missing_conditions, nested_nodes

CHUNK = 40
"""Checks counted in one query; a query for hundreds takes longer to plan than to run."""


def count_missing(
    db: Database,
    table: Table,
    source: str,
    states: str,
    renderer: Renderer,
    checks: Sequence[tuple[int, Check]],
    dialect: str,
) -> dict[int, dict[str, int]]:
    """Return, by index of the check and by fact, the number of undecided rows for which the fact's absence is to blame.

    Args:
        db: the engine.
        table: the fact table.
        source: `FROM` item with the facts and `_row`.
        states: view of the states, r<i> and, for measures, s<i> and o<i>.
        renderer: renders conditions over `source`.
        checks: the checks that left rows undecided.
        dialect: sqlglot dialect of the engine.
    """
    missing: dict[int, dict[str, int]] = {}
    for start in range(0, len(checks), CHUNK):
        chunk = checks[start : start + CHUNK]
        listed = dict.fromkeys(node for _, check in chunk for node in nested_nodes(check.selected, renderer))
        nodes = {node: f"_n{n}" for n, node in enumerate(listed)}
        counted = [
            (i, fact, f"count(*) FILTER (WHERE r{i} IS NULL AND ({condition}))")
            for i, check in chunk
            for fact, condition in _conditions(i, check, Renderer(table, columns=nodes), dialect).items()
        ]
        placing = {fact for _, check in chunk if check.measure for fact in (*check.measure.by, "timestamp")}
        facts = sorted(({fact for _, fact, _ in counted} | placing) & table.facts.keys())
        # what the conditions read is written out first: planned as one query, each node would be inlined at every use
        read = [f"{renderer.render(node).sql(dialect=dialect)} AS {name}" for node, name in nodes.items()]
        read += [f"CASE WHEN {quote(fact)} IS NULL THEN NULL ELSE TRUE END AS {quote(fact)}" for fact in facts]
        undecided = _write_undecided(db, source, states, chunk, read)
        row = db.execute(f"SELECT {', '.join(sql for _, _, sql in counted)} FROM {undecided}")[0]
        for (i, fact, _), count in zip(counted, row, strict=True):
            if count:
                missing.setdefault(i, {})[fact] = count
    return missing


def _write_undecided(
    db: Database, source: str, states: str, checks: Sequence[tuple[int, Check]], read: Sequence[str]
) -> str:
    """Write the rows that some of `checks` left undecided, with their states and what is to be read of them."""
    answers = [f"{name}{i}" for i, check in checks for name in ("r", "s", "o")[: 3 if check.measure else 1]]
    undecided = " OR ".join(f"r{i} IS NULL" for i, _ in checks)
    answered = f"(SELECT {', '.join(['_row AS _answered', *answers])} FROM {quote(states)} WHERE {undecided})"
    rows = f"SELECT {', '.join([*answers, *read])} FROM {source} JOIN {answered} ON _row = _answered"
    path = literal(str(db.folder / f"{states}_undecided.parquet"))
    db.execute(f"COPY ({rows}) TO {path} (FORMAT parquet)")
    return f"read_parquet({path})"


def _conditions(i: int, check: Check, renderer: Renderer, dialect: str) -> dict[str, str]:
    """SQL, by fact, for whether its absence is to blame for a row that check i left undecided."""
    conditions = {
        fact: f"({condition.sql(dialect=dialect)})" + (f" AND s{i} IS NULL" if check.measure else "")
        for fact, condition in missing_conditions(check.selected, renderer).items()
    }
    if check.measure:
        _blame_measure(i, check, check.measure, conditions)
    return conditions


def _blame_measure(i: int, check: Check, measure: WindowMeasure, conditions: dict[str, str]) -> None:
    """Add what left the measure itself unknown: the facts that place a row in a group, else those that it needs."""
    placing = dict.fromkeys((*measure.by, "timestamp"))
    placed = " AND ".join(f"{quote(name)} IS NOT NULL" for name in placing)
    read = needed_facts(measure.where) | ({measure.fact} if measure.fact else set())
    read = (read - placing.keys()) or (needed_facts(check.selected) - placing.keys())
    blame = {name: f"{quote(name)} IS NULL" for name in placing} | dict.fromkeys(sorted(read), placed)
    for name, condition in blame.items():
        known = f"({conditions[name]}) OR " if name in conditions else ""
        conditions[name] = f"{known}(o{i} IS NULL AND {condition})"
