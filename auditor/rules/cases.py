"""Runs the tests that stand in policy packs, on the scalar evaluator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from auditor.model.check import Check
from auditor.model.facts import TABLES, typed_row
from auditor.model.policy import RuleTest
from auditor.registry.derive import derive
from auditor.rules.scalar import Row, evaluate, evaluate_check, missing_for_check


@dataclass(frozen=True)
class Outcome:
    """What came out of one test: the answer, the facts missing for it, and the clause versions of the hits."""

    answer: str
    missing: frozenset[str]
    versions: frozenset[str]


def run_case(check: Check, test: RuleTest, base: Mapping[str, JsonValue]) -> str:
    """Run one test of a rule and return what is wrong with it, or nothing if it passes."""
    known = {name: value for name, value in base.items() if name in TABLES[check.table].facts}
    rows = [typed_row(check.table, {**known, **record}) for record in test.records or (test.facts,)]
    rows = [derive(check.table, {"timestamp": check.spans[-1].start, **row}) for row in rows]
    outcome = _outcome(check, rows)
    if outcome.answer != test.expect:
        seen = f"; missing: {', '.join(sorted(outcome.missing))}" if outcome.missing else ""
        return f"expected {test.expect}, found {outcome.answer}{seen}"
    if test.missing and outcome.missing != frozenset(test.missing):
        return f"expected {', '.join(sorted(test.missing))} to be missing, found {', '.join(sorted(outcome.missing))}"
    if test.version and test.version not in outcome.versions:
        return f"expected version {test.version} to be cited, found {', '.join(sorted(outcome.versions)) or 'none'}"
    return ""


def _outcome(check: Check, rows: Sequence[Row]) -> Outcome:
    truths = evaluate_check(check, rows)
    missing = frozenset().union(*(missing_for_check(check, rows, i) for i, truth in enumerate(truths) if truth is None))
    if True in truths:
        hits = [row for row, truth in zip(rows, truths, strict=True) if truth]
        cited = frozenset(name for name, under in check.versions.items() for row in hits if evaluate(under, row))
        return Outcome("violation", missing, cited)
    if None in truths:
        return Outcome("unknown", missing, frozenset())
    governed = any(evaluate(check.governed, row) for row in rows)
    return Outcome("clean" if governed else "not_governed", missing, frozenset())
