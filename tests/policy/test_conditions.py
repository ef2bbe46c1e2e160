"""Conditions in YAML → the expression tree: the nodes, and expressions that must be refused or harmless."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model.expr import And, Const, In, Like, Not, Or, Regex, Wild, fold
from auditor.model.facts import TABLES, Table
from auditor.policy.conditions import ConditionParser, text_match
from auditor.rules.scalar import evaluate
from auditor.yamlfile import Tree

REDOS = json.loads((Path(__file__).parent.parent / "data" / "hostile" / "redos_patterns.json").read_text("utf-8"))
FIXED = settings(derandomize=True, deadline=None, database=None, max_examples=300)
NO_TREE = Tree("f", None, {})


def parse(raw, table: Table = TABLES["usage"]):
    """Return the expression and the faults' messages."""
    parser = ConditionParser(NO_TREE, table)
    return parser.parse(raw, ()), [fault.message for fault in parser.faults]


@pytest.mark.parametrize(
    ("raw", "expr"),
    [
        ({"route": "Direct"}, In("route", ("direct",))),
        ({"route": ["Direct", "azure"]}, In("route", ("direct", "azure"))),
        ({"project.id|cased": "A"}, In("project.id", ("A",), cased=True)),
        ({"project.id": "A*\\*?b"}, Like("project.id", ("a", Wild.ANY, "*", Wild.ONE, "b"))),
        ({"project.id|contains": "a"}, Like("project.id", (Wild.ANY, "a", Wild.ANY))),
        ([{"route": "a*"}, {"account.baa": True}], Or((In("account.baa", (True,)), Like("route", ("a", Wild.ANY))))),
        ({"all": [{"account.baa": True}], "none": {"account.shared": True}},
         And((In("account.baa", (True,)), Not(In("account.shared", (True,)))))),
        ({"any": [{"route": "direct"}, {"route": "azure"}]}, In("route", ("direct", "azure"))),
        ({"content.flags|all": ["a", "b"]}, And((In("content.flags", ("a",)), In("content.flags", ("b",))))),
        ({"any": [{"project.id": "a"}, {"project.id|cased": "B"}]},
         Or((In("project.id", ("a",)), In("project.id", ("B",), cased=True)))),
    ],
)  # fmt: skip
def test_nodes(raw, expr):
    assert parse(raw) == (expr, [])


@pytest.mark.parametrize(
    "raw", [None, 1, "route: direct", True, [], {}, [[]], [{}], {"any": []}, {"all": []}, {"none": []}, {"none": None}]
)
def test_what_is_no_condition(raw):
    assert parse(raw)[1]


@FIXED
@given(st.text())
def test_escaped_text_matches_itself_and_nothing_else(text):
    escaped = text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")
    assert text_match("project.id", escaped, (False, False), cased=True) == In("project.id", (text,), cased=True)
    assert text_match("project.id", escaped, (False, False), cased=False) == In("project.id", (fold(text),))


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["parameter", "route", "any", "none", "x"]), inner, max_size=2),
    ),
    max_leaves=5,
)
keys = st.tuples(
    st.sampled_from(
        [
            "project.id",
            "route",
            "content.flags",
            "end_user.age",
            "account.baa",
            "timestamp",
            "organisation.owner_share",
            "any",
            "none",
            "",
        ]
    ),
    st.lists(
        st.sampled_from(["contains", "re", "cidr", "gt", "exists", "all", "cased", "field", "list", "", "x"]),
        max_size=2,
    ),
).map(lambda pair: "|".join([pair[0], *pair[1]]))


@settings(FIXED, max_examples=600)
@given(st.dictionaries(keys, json_values, max_size=3))
def test_any_data_is_a_condition_or_a_fault(raw):
    expr, faults = parse(raw)
    assert faults or evaluate(expr, {}) in (None, True, False)


@pytest.mark.parametrize("pattern", REDOS)
def test_expressions_that_hang_others(pattern):
    expr, faults = parse({"prompt.text|re": pattern})
    if faults:
        assert faults[0].startswith("not an RE2 expression")
        return
    began = time.perf_counter()
    for text in ("a" * 50_000 + "!", "x" * 50_000, "1 " * 25_000 + "!", "a@" * 25_000):
        evaluate(expr, {"prompt.text": text})
    assert time.perf_counter() - began < 5


def test_some_are_refused_and_some_are_harmless():
    refused = [pattern for pattern in REDOS if parse({"prompt.text|re": pattern})[1]]
    assert refused == ["(a{0,65535}){65535}", "(?=(a+))a*b\\1"]


def test_a_fault_stands_for_a_condition_that_is_never_used():
    assert parse({"rout": "direct"}) == (Const(value=True), ["the table 'usage' has no fact 'rout'"])
    assert parse({"prompt.text|re": "a"})[0] == Regex("prompt.text", "a")
