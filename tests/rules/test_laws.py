"""Laws that hold for every rule: of parsing and rendering, of missing facts, and of the order of rows."""

from typing import Any

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.expr import Expr, Network, Not, Present, facts_of
from auditor.model.facts import TABLES
from auditor.policy.conditions import ConditionParser
from auditor.rules.scalar import evaluate, evaluate_check, missing_facts
from auditor.rules.sql import Renderer, leaves
from auditor.yamlfile import Tree, parse_yaml, write_yaml

from . import strategies
from .engines import ENGINES, scalar

USAGE = TABLES["usage"]


def parse(raw: Any) -> Expr:
    parser = ConditionParser(Tree("f", None, {}), USAGE)
    expr = parser.parse(raw, ())
    assert not parser.faults
    return expr


@settings(strategies.FIXED, max_examples=150)
@given(strategies.conditions)
def test_what_is_rendered_parses_to_the_same(expr):
    sql = Renderer(USAGE).render(expr).sql(dialect="duckdb")
    assert sqlglot.parse_one(sql, dialect="duckdb").sql(dialect="duckdb") == sql


@settings(strategies.FIXED, max_examples=150)
@given(strategies.written_conditions)
def test_a_condition_means_the_same_after_a_trip_through_yaml(raw):
    written = parse_yaml(write_yaml({"when": raw}), "f").value
    assert isinstance(written, dict)
    assert parse(written["when"]) == parse(raw)


@settings(strategies.FIXED, max_examples=200)
@given(strategies.written_conditions, strategies.rows)
def test_none_is_not_any_and_all_is_and(raw, row):
    items = raw if isinstance(raw, list) else [raw]
    truths = [evaluate(parse(item), row) for item in items]
    some = True if True in truths else None if None in truths else False
    every = False if False in truths else None if None in truths else True
    assert evaluate(parse({"any": items}), row) is some
    assert evaluate(parse(items), row) is some
    assert evaluate(parse({"all": items}), row) is every
    assert evaluate(parse({"none": items}), row) is (None if some is None else not some)
    assert evaluate(Not(parse({"any": items})), row) is evaluate(parse({"none": items}), row)


@settings(strategies.FIXED, max_examples=100)
@given(strategies.checks, strategies.tables)
def test_a_null_fact_is_an_absent_fact(checks, rows):
    absent = [{name: value for name, value in row.items() if value is not None} for row in rows]
    assert scalar(checks, rows) == scalar(checks, absent)


@settings(strategies.FIXED, max_examples=400)
@given(strategies.conditions, strategies.rows, strategies.full_rows)
def test_filling_a_missing_fact_never_turns_a_definite_answer(expr, row, full):
    """`Present` answers for a missing fact and is left out: its answer is meant to turn."""
    if any(isinstance(leaf, Present) for leaf in leaves(expr)):
        return
    before, after = evaluate(expr, row), evaluate(expr, full | {k: v for k, v in row.items() if v is not None})
    assert before is None or after is before


@settings(strategies.FIXED, max_examples=200)
@given(strategies.conditions, strategies.full_rows, st.data())
def test_a_definite_answer_turns_only_by_the_fact_that_was_filled(expr, full, data):
    name = data.draw(st.sampled_from([*strategies.VALUES]))
    if name not in facts_of(expr):
        assert evaluate(expr, full | {name: None}) is evaluate(expr, full)


@settings(strategies.FIXED, max_examples=300)
@given(strategies.conditions, strategies.rows)
def test_the_missing_facts_are_missing_and_read(expr, row):
    found = missing_facts(expr, row)
    assert bool(found) == (evaluate(expr, row) is None)
    by_value = {leaf.fact for leaf in leaves(expr) if isinstance(leaf, Network)} | {"judge"}
    assert found <= facts_of(expr) | {"judge"}
    assert all(row.get(name) is None for name in found - by_value)


@settings(strategies.FIXED, max_examples=200)
@given(strategies.made, strategies.tables)
def test_what_is_not_governed_never_holds(check, rows):
    for row, truth in zip(rows, evaluate_check(check, rows), strict=True):
        governed = evaluate(check.governed, row)
        assert truth is False or governed is not False
        assert truth is not True or governed is True


@pytest.mark.parametrize(("engine", "examples"), [(name, 100 if name == "scalar" else 15) for name in ENGINES])
def test_the_order_of_rows_does_not_matter(engine, examples):
    @settings(strategies.UNSHRUNK, max_examples=examples)
    @given(strategies.checks, strategies.tables, st.randoms(use_true_random=False))
    def law(checks, rows, mixed):
        order = list(range(len(rows)))
        mixed.shuffle(order)
        for straight, shuffled in zip(
            ENGINES[engine](checks, rows), ENGINES[engine](checks, [rows[i] for i in order]), strict=True
        ):
            assert shuffled.truths == tuple(straight.truths[i] for i in order)
            assert sorted(order[i] for i in shuffled.hits) == list(straight.hits)
            assert (shuffled.governed, shuffled.concerned, shuffled.missing) == (
                straight.governed,
                straight.concerned,
                straight.missing,
            )

    law()
