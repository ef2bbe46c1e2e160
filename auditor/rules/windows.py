"""SQL for windowed measures: for each row, the least and the most that an aggregate over `(t - window, t]` can be."""

from collections.abc import Sequence
from typing import NamedTuple

from auditor.engine import literal, quote
from auditor.model.check import Check, WindowMeasure
from auditor.model.expr import TRUE
from auditor.rules.sql import Renderer


class Measured(NamedTuple):
    """A check with a measure: its number in the run, and the SQL for whether a row is selected."""

    number: int
    check: Check
    measure: WindowMeasure
    selected: str


def window_query(source: str, weight: str, members: Sequence[Measured], renderer: Renderer, dialect: str) -> str:
    """Return the query for all measures of one grouping, without rows for which none of them can hold.

    Those are rows that no measure selects, and rows of groups that stay within every limit over all time, as most do.
    It gives `_row` and, for check i, s<i> (selected), o<i> (over the limit) and lo<i> (the least the measure can be).

    Args:
        source: `FROM` item with the facts and `_row`.
        weight: SQL for the number of requests that a row stands for.
        members: checks whose measures have the same `by`.
        renderer: renders conditions over `source`.
        dialect: sqlglot dialect of the engine.
    """
    keys = [quote(name) for name in members[0].measure.by]
    base = ["_row", '"timestamp"', *dict.fromkeys(key for key in keys if key != '"timestamp"'), f"{weight} AS _n"]
    for i, _, measure, selected in members:
        base.append(f"{selected} AS s{i}")
        if measure.fact:
            base.append(f"{quote(measure.fact)} AS v{i}")
        if measure.where != TRUE:
            base.append(f"{renderer.render(measure.where).sql(dialect=dialect)} AS w{i}")
    bounds = [
        f"{sql} AS {name}{m.number}"
        for m in members
        for name, sql in zip(("lo", "hi"), _bounds(m.number, m.measure), strict=True)
    ]
    unplaced = " OR ".join(f"{key} IS NULL" for key in ('"timestamp"', *keys))
    windows = [
        f'win{seconds} AS (PARTITION BY {", ".join(keys)} ORDER BY "timestamp" '
        f"RANGE BETWEEN INTERVAL {seconds * 1_000_000 - 1} MICROSECONDS PRECEDING AND CURRENT ROW)"
        for seconds in sorted({m.measure.window_seconds for m in members})
    ]
    reached = [f"{_most_overall(m.number, m.measure)} > {literal(m.measure.limit)} AS c{m.number}" for m in members]
    selected = " OR ".join(f"s{m.number} IS NOT FALSE" for m in members)
    within_reach = " OR ".join(["_unplaced", *(f"c{m.number}" for m in members)])
    states = [column for m in members for column in _states(m.number, m.measure)]
    return (
        f"WITH base AS MATERIALIZED (SELECT *, {unplaced} AS _unplaced FROM (SELECT {', '.join(base)} FROM {source}) "
        f"WHERE {selected}), "
        f"reach AS (SELECT {', '.join(keys)}, {', '.join(reached)} FROM base WHERE NOT _unplaced GROUP BY {', '.join(keys)}), "
        f"bounded AS (SELECT *, {', '.join(bounds)} FROM base LEFT JOIN reach USING ({', '.join(keys)}) "
        f"WHERE {within_reach} WINDOW {', '.join(windows)}) "
        f"SELECT {', '.join(['_row', *states])} FROM bounded"
    )


def joined_states(alias: str, members: Sequence[Measured]) -> list[str]:
    """Return the state columns of one grouping, joined as `alias`; for rows that its query leaves out no measure can hold."""
    columns = []
    for m in members:
        i = m.number
        columns += [
            f"CASE WHEN {alias}._row IS NULL THEN FALSE ELSE {alias}.s{i} AND {alias}.o{i} END AS r{i}",
            f"CASE WHEN {alias}._row IS NULL THEN FALSE ELSE {alias}.s{i} END AS s{i}",
            f"{alias}.o{i} AS o{i}",
            f"{alias}.lo{i} AS lo{i}",
        ]
    return columns


def _most_overall(i: int, measure: WindowMeasure) -> str:
    """SQL for the most an aggregate can be over the whole of a group, and so over any window of it."""
    maybe = f"s{i} IS NOT FALSE"
    match measure.aggregate:
        case "count":
            return _most_sum("_n", maybe)
        case "distinct":
            return f"count(DISTINCT v{i}) FILTER (WHERE {maybe}) + count(*) FILTER (WHERE {maybe} AND v{i} IS NULL)"
        case "sum":
            return _most_sum(f"v{i}", maybe)
        case "share":
            hit = f"w{i} IS NOT FALSE" if measure.where != TRUE else "TRUE"
            none = (
                f"count(*) FILTER (WHERE {maybe} AND {hit}) = 0 OR count(*) FILTER (WHERE {maybe}) < {measure.at_least}"
            )
            return f"CASE WHEN {none} THEN 0 ELSE 'inf'::DOUBLE END"


def _most_sum(value: str, maybe: str) -> str:
    """A part can be more than the whole where a value is negative, and anything where one is missing."""
    unlimited = f"count(*) FILTER (WHERE {maybe} AND ({value} IS NULL OR {value} < 0)) > 0"
    return f"CASE WHEN {unlimited} THEN 'inf'::DOUBLE ELSE coalesce(sum({value}) FILTER (WHERE {maybe}), 0) END"


def _states(i: int, measure: WindowMeasure) -> list[str]:
    limit = literal(measure.limit)
    over = f"CASE WHEN _unplaced THEN NULL WHEN lo{i} > {limit} THEN TRUE WHEN hi{i} <= {limit} THEN FALSE END"
    return [f"{over} AS o{i}", f"s{i}", f"lo{i}::DOUBLE AS lo{i}"]


def _bounds(i: int, measure: WindowMeasure) -> tuple[str, str]:
    """SQL for the least and the most an aggregate can be over the window, given what is missing (see `scalar`)."""
    over = f"OVER win{measure.window_seconds}"
    sure, maybe = f"s{i}", f"s{i} IS NOT FALSE"

    def total(value: str, condition: str) -> str:
        return f"coalesce(sum(CASE WHEN {condition} THEN {value} END) {over}, 0)"

    match measure.aggregate:
        case "count":
            return total("_n", sure), total("_n", maybe)
        case "distinct":
            missing = total("1", f"{maybe} AND v{i} IS NULL")
            least = f"count(DISTINCT CASE WHEN {sure} THEN v{i} END) {over}"
            return least, f"count(DISTINCT CASE WHEN {maybe} THEN v{i} END) {over} + {missing}"
        case "sum":
            missing = total("1", f"{maybe} AND v{i} IS NULL")
            return total(f"v{i}", sure), f"CASE WHEN {missing} > 0 THEN 'inf'::DOUBLE ELSE {total(f'v{i}', maybe)} END"
        case "share":
            hit = f"w{i}" if measure.where != TRUE else "TRUE"
            rows_sure, extra = total("1", sure), f"s{i} IS NULL"
            least_rows = f"({rows_sure} + {total('1', f'{extra} AND {hit} IS NOT TRUE')})"
            most_rows = f"({rows_sure} + {total('1', f'{extra} AND {hit} IS NOT FALSE')})"
            hits_sure = total("1", f"{sure} AND {hit}")
            hits_most = total("1", f"{maybe} AND {hit} IS NOT FALSE")
            few, fewest = f"{total('1', maybe)} < {measure.at_least}", f"{rows_sure} < {measure.at_least}"
            least = f"CASE WHEN {few} OR {fewest} OR {least_rows} = 0 THEN 0 ELSE {hits_sure} / {least_rows} END"
            return least, f"CASE WHEN {few} OR {most_rows} = 0 THEN 0 ELSE {hits_most} / {most_rows} END"
