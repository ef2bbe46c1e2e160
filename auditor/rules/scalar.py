"""Evaluates conditions and checks on plain rows, one at a time: plainly, as the reference that other engines must equal."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

import re2

from auditor.model.check import Check, WindowMeasure
from auditor.model.expr import (
    ORDER,
    And,
    Compare,
    CompareFacts,
    Const,
    Expr,
    In,
    Leaf,
    Like,
    Network,
    Not,
    Or,
    Parameter,
    Present,
    Regex,
    Truth,
    Wild,
    facts_of,
    fold,
    needed_facts,
)
from auditor.model.facts import FactValue, Value
from auditor.model.network import in_network

Row = Mapping[str, FactValue]


def evaluate(expr: Expr, row: Row) -> Truth:
    """Return whether `expr` holds for `row`; None is unknown. A fact that is None or absent is missing."""
    match expr:
        case And(parts):
            return _all(evaluate(part, row) for part in parts)
        case Or(parts):
            return _not(_all(_not(evaluate(part, row)) for part in parts))
        case Not(part):
            return _not(evaluate(part, row))
        case _:
            return _leaf(expr, row)


def missing_facts(expr: Expr, row: Row) -> frozenset[str]:
    """Return the facts whose absence left `expr` unknown for `row`; empty if it is not unknown."""
    if evaluate(expr, row) is not None:
        return frozenset()
    match expr:
        case And(parts) | Or(parts):
            return frozenset().union(*(missing_facts(part, row) for part in parts))
        case Not(part):
            return missing_facts(part, row)
        case Const(reason=reason):
            return frozenset((reason,))
        case _:
            absent = frozenset(name for name in facts_of(expr) if row.get(name) is None)
            return absent or facts_of(expr)


def evaluate_check(check: Check, rows: Sequence[Row]) -> list[Truth]:
    """Return for each row whether the rule holds for it."""
    condition = check.selected
    selected = [evaluate(condition, row) for row in rows]
    if check.measure is None:
        return selected
    return [
        _all([chosen, over]) for chosen, over in zip(selected, _measure(check.measure, rows, selected), strict=True)
    ]


def missing_for_check(check: Check, rows: Sequence[Row], index: int) -> frozenset[str]:
    """Return the facts whose absence left the rule unknown for row `index`."""
    if evaluate_check(check, rows)[index] is not None:
        return frozenset()
    row = rows[index]
    missing = missing_facts(check.selected, row)
    if check.measure is None:
        return missing
    selected = [evaluate(check.selected, row) for row in rows]
    if _measure(check.measure, rows, selected)[index] is not None:
        return missing
    return missing | measure_facts(check, row)


def measure_facts(check: Check, row: Row) -> frozenset[str]:
    """Return the facts that left a measure unknown: missing group facts of the row, else whatever the measure needs.

    The facts that place a row in a group and a window are there for every row of the window, so they are not to blame.
    """
    assert check.measure
    placing = frozenset((*check.measure.by, "timestamp"))
    groups = frozenset(name for name in placing if row.get(name) is None)
    read = needed_facts(check.measure.where) | ({check.measure.fact} if check.measure.fact else frozenset())
    return groups or (read - placing) or (needed_facts(check.selected) - placing)


def _all(truths: Iterable[Truth]) -> Truth:
    unknown = False
    for truth in truths:
        if truth is False:
            return False
        unknown = unknown or truth is None
    return None if unknown else True


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _leaf(leaf: Leaf, row: Row) -> Truth:
    if isinstance(leaf, Const):
        return leaf.value
    value = row.get(leaf.fact)
    if isinstance(leaf, Present):
        return value is not None
    if isinstance(leaf, CompareFacts):
        other = row.get(leaf.other)
        return None if value is None or other is None else _compare_facts(leaf, value, other)
    if value is None:
        return None
    if isinstance(value, (str, bool, int, float, datetime)):
        return _holds(leaf, value)
    return _not(_all([None if item is None else not _holds(leaf, item) for item in value]))


def _holds(leaf: In | Compare | Like | Regex | Network, value: Value) -> Truth:
    match leaf:
        case In(values=values, cased=cased):
            return (fold(value) if isinstance(value, str) and not cased else value) in values
        case Compare(operator=operator, value=limit):
            assert not isinstance(limit, Parameter), "parameters are bound before evaluation"
            return bool(ORDER[operator](value, limit))
        case Like(pattern=pattern, cased=cased):
            return bool(like_regex(pattern).fullmatch(str(value) if cased else fold(str(value))))
        case Regex(pattern=pattern):
            return bool(re2.search(pattern, str(value)))
        case Network(network=network):
            return in_network(str(value), network)


def _compare_facts(leaf: CompareFacts, value: FactValue, other: FactValue) -> Truth:
    if isinstance(value, str) and isinstance(other, str) and not leaf.cased:
        value, other = fold(value), fold(other)
    return bool(ORDER[leaf.operator](value, other))


@lru_cache(maxsize=4096)
def like_regex(pattern: tuple[str | Wild, ...]) -> "re2._Regexp[str]":
    """Return the RE2 expression that matches a whole text as the `Like` pattern does."""
    words = {Wild.ANY: ".*", Wild.ONE: "."}
    return re2.compile(
        "(?s)" + "".join(words[part] if isinstance(part, Wild) else re2.escape(part) for part in pattern)
    )


def _measure(measure: WindowMeasure, rows: Sequence[Row], selected: Sequence[Truth]) -> list[Truth]:
    """Return for each row whether the aggregate over its window exceeds the limit, from the least and most it can be."""
    truths: list[Truth] = []
    for row in rows:
        moment = row.get("timestamp")
        key = [row.get(name) for name in measure.by]
        if not isinstance(moment, datetime) or None in key:
            truths.append(None)
            continue
        length = timedelta(seconds=measure.window_seconds)
        window = [
            (other, certain)
            for other, certain in zip(rows, selected, strict=True)
            if certain is not False
            and isinstance(time := other.get("timestamp"), datetime)
            and timedelta(0) <= moment - time < length
            and [other.get(name) for name in measure.by] == key
        ]
        least, most = _bounds(measure, window)
        truths.append(True if least > measure.limit else False if most <= measure.limit else None)
    return truths


def _bounds(measure: WindowMeasure, window: Sequence[tuple[Row, Truth]]) -> tuple[float, float]:
    """Return the least and the most the aggregate can be, given what is missing from the rows of the window."""
    sure = [row for row, certain in window if certain]
    maybe = [row for row, _ in window]
    match measure.aggregate:
        case "count":
            return sum(map(_requests, sure)), sum(map(_requests, maybe))
        case "distinct":
            known, possible = _values(measure, sure), _values(measure, maybe)
            return len(set(known) - {None}), len(set(possible) - {None}) + possible.count(None)
        case "sum":
            unlimited = None in _values(measure, maybe)
            least = sum(value for value in _values(measure, sure) if isinstance(value, (int, float)))
            most = sum(value for value in _values(measure, maybe) if isinstance(value, (int, float)))
            return least, float("inf") if unlimited else most
        case "share":
            return _share_bounds(measure, sure, maybe)


def _share_bounds(measure: WindowMeasure, sure: Sequence[Row], maybe: Sequence[Row]) -> tuple[float, float]:
    """For the least, rows perhaps in the window are taken as in it unless they would raise the share; and the reverse."""
    hits = [evaluate(measure.where, row) for row in sure]
    extra = [evaluate(measure.where, row) for row in maybe if not any(row is other for other in sure)]
    if len(maybe) < measure.at_least:
        return 0.0, 0.0
    least_rows = len(hits) + len(extra) - extra.count(True)
    most_extra = len(extra) - extra.count(False)
    least = hits.count(True) / least_rows if len(hits) >= measure.at_least and least_rows else 0.0
    most_rows = len(hits) + most_extra
    return least, (len(hits) - hits.count(False) + most_extra) / most_rows if most_rows else 0.0


def _requests(row: Row) -> float:
    count = row.get("request.count")
    return count if isinstance(count, (int, float)) else 1


def _values(measure: WindowMeasure, rows: Sequence[Row]) -> list[FactValue]:
    values = (row.get(measure.fact) for row in rows)
    return [tuple(value) if isinstance(value, list) else value for value in values]
