"""Hypothesis strategies: rows, conditions of every node, conditions as YAML writes them, and checks.

Few facts and values, so that they meet.
"""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Literal

import re2
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from auditor.model.check import Check, Span, WindowMeasure
from auditor.model.expr import (
    TRUE,
    And,
    Compare,
    CompareFacts,
    Const,
    Expr,
    In,
    Like,
    Network,
    Not,
    Or,
    Present,
    Regex,
    Wild,
    fold,
)
from auditor.model.facts import FactValue
from auditor.model.policy import Version

FIXED = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""The same examples on every run: CI must not find today what it did not find yesterday."""
UNSHRUNK = settings(FIXED, phases=[Phase.explicit, Phase.generate])
"""For tests on an engine, where shrinking a failure would take minutes; add `Phase.shrink` to look into one."""

TEXTS = ("project.id", "prompt.text", "completion.text", "gen_ai.request.model")
ADDRESS, LIST, TIME = "client.address", "content.flags", "timestamp"
WHOLE = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "request.count")
NUMBER = "organisation.owner_share"
FLAGS = ("account.baa", "data.health")

START = datetime(2024, 5, 1, tzinfo=UTC)
MOMENTS = [
    START + timedelta(microseconds=m) for m in (0, 1, 999_999, 1_000_000, 60_000_000, 3_600_000_000, 3_600_000_001)
]
LETTERS = (
    "aAbkK\u212ai\u0130\u0131I\u03a3\u03c3\u03c2\u00df\u1e9e\u00e9\u00c9\u0301\u041a\u043a\U0001f600\U00010400"
    + "\n\r\t %_\\*?.$'\"[(|1"
)

characters = st.one_of(st.sampled_from(LETTERS), st.characters(exclude_categories=["Cs", "Cn"]))
texts = st.one_of(st.sampled_from(["", "a", "A", "ab", "k", "\u212a", "1"]), st.text(characters, max_size=4))
ADDRESSES = ("10.0.0.1", "11.0.0.1", "::1", "::ffff:10.0.0.1", "2001:db8::1", "", "unix")
addresses = st.sampled_from(ADDRESSES)
whole = st.one_of(st.integers(-3, 12), st.sampled_from([2**53, 2**53 + 1, 2**62]))
numbers = st.sampled_from([-1.5, -0.0, 0.0, 0.25, 0.5, 1.0, 2.0, 10.5])
moments = st.sampled_from(MOMENTS)
booleans = st.booleans()

VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(TEXTS, texts),
    ADDRESS: addresses,
    LIST: st.lists(texts, max_size=3),
    TIME: moments,
    **dict.fromkeys(WHOLE, whole),
    NUMBER: numbers,
    **dict.fromkeys(FLAGS, booleans),
}
full_rows = st.fixed_dictionaries(VALUES)
rows = st.fixed_dictionaries({name: st.one_of(values, values, st.none()) for name, values in VALUES.items()})
SOME_TEXTS = (
    "",
    "a",
    "A",
    "ab",
    "k",
    "\u212a",
    "1",
    "10.0.0.1",
    "::1",
    "caf\u00e9",
    "cafe\u0301",
    "\u0130",
    "\u03c2",
    "a\nb",
)


def _any_character(random: Random) -> str:
    while unicodedata.category(character := chr(random.randrange(0x110000))) in ("Cs", "Cn"):
        pass
    return character


def _any_text(random: Random) -> str:
    if random.random() < 0.5:
        return random.choice(SOME_TEXTS)
    letters = (random.choice(LETTERS) if random.random() < 0.8 else _any_character(random) for _ in range(4))
    return "".join(letters)[: random.randrange(5)]


def _any_value(name: str, random: Random) -> FactValue:
    if random.random() < (0.08 if name in (TIME, *FLAGS) else 0.25):
        return None
    if name == TIME:
        return random.choice(MOMENTS)
    if name in FLAGS:
        return random.random() < 0.5
    if name in WHOLE:
        return random.choice([-3, 0, 1, 2, 3, 4, 5, 12, 2**53 + 1])
    if name == NUMBER:
        return random.choice([-1.5, -0.0, 0.0, 0.25, 0.5, 1.0, 2.0, 10.5])
    if name == LIST:
        return [_any_text(random) for _ in range(random.randrange(3))]
    return random.choice(ADDRESSES) if name == ADDRESS else _any_text(random)


def _any_table(random: Random) -> list[dict[str, FactValue]]:
    return [{name: _any_value(name, random) for name in VALUES} for _ in range(random.randrange(1, 13))]


dice = st.randoms(use_true_random=True)
"""Plain randomness, seeded by Hypothesis: its own draws are mostly small and alike, too few for windows to fill."""
tables = dice.map(_any_table)

text_facts = st.sampled_from([*TEXTS, ADDRESS, LIST])
limits = st.one_of(st.integers(-3, 12), numbers, st.sampled_from([2**53 + 1, 0.1, 1e-7, 1e30]))
patterns = st.lists(st.one_of(texts, st.sampled_from(Wild)), max_size=4)
operators = st.sampled_from(["gt", "gte", "lt", "lte"])
REGEXES = [
    "a",
    "^a",
    "a$",
    "(?i)k",
    "(?s)a.b",
    "a.b",
    "\\w",
    "\\d$",
    "^$",
    "",
    "[^a]",
    "\\Qa.",
    "\\pL",
    "\u03c3|\u0130",
    "(?i)\u03c3",
    "'%_\\\\",
]


def _is_re2(pattern: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error:
        return False
    return True


regexes = st.one_of(st.sampled_from(REGEXES), texts.filter(_is_re2))
networks = st.sampled_from(["10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "11.0.0.1/32"])


def _in(fact: str) -> st.SearchStrategy[Expr]:
    element: st.SearchStrategy[Any] = texts if fact == LIST else VALUES[fact]
    lists = st.lists(element, min_size=1, max_size=3)
    if fact not in (*TEXTS, ADDRESS, LIST):
        return lists.map(lambda values: In(fact, tuple(values)))
    cased = lists.map(lambda values: In(fact, tuple(values), cased=True))
    return st.one_of(cased, lists.map(lambda values: In(fact, tuple(map(fold, values)))))


def _like(fact: str, pattern: Sequence[str | Wild], cased: bool) -> Expr:
    return Like(fact, tuple(p if cased or isinstance(p, Wild) else fold(p) for p in pattern), cased)


ORDERED = (*WHOLE, NUMBER)
leaves = st.one_of(
    st.sampled_from([Const(True), Const(False), Const(None, "judge")]),
    st.sampled_from([*VALUES]).map(Present),
    st.sampled_from([*VALUES]).flatmap(_in),
    st.builds(Compare, st.sampled_from(ORDERED), operators, limits),
    st.builds(Compare, st.just(TIME), operators, moments),
    st.builds(CompareFacts, st.sampled_from(ORDERED), st.one_of(operators, st.just("eq")), st.sampled_from(ORDERED)),
    st.builds(CompareFacts, st.sampled_from(TEXTS), st.just("eq"), st.sampled_from(TEXTS), booleans),
    st.builds(CompareFacts, st.sampled_from(FLAGS), st.just("eq"), st.sampled_from(FLAGS)),
    st.builds(_like, text_facts, patterns, booleans),
    st.builds(Regex, text_facts, regexes),
    st.builds(Network, st.sampled_from([ADDRESS, LIST, "project.id"]), networks),
)
conditions: st.SearchStrategy[Expr] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Or(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=8,
)


def _version(name: str, first: date, last: date | None) -> Version:
    return Version.model_validate({"id": name, "section": "1", "from": first, "until": last, "confidence": "high"})


V1, V2 = _version("v1", date(2024, 1, 1), date(2024, 4, 30)), _version("v2", date(2024, 5, 1), date(2024, 5, 1))
V3 = _version("v3", date(2024, 5, 2), None)
ALWAYS = (Span(V1, None, None),)
SPANS = (
    ALWAYS,
    (Span.in_force(V2), Span.in_force(V3)),
    (Span.in_force(V1),),
    (Span.in_force(V1), Span.in_force(V3)),
    (Span(V2, START, START + timedelta(seconds=1)), Span(V3, START + timedelta(seconds=60), None)),
)


def _check(
    spans: tuple[Span, ...], applies: Expr, condition: Expr, measure: WindowMeasure | None, cannot: str
) -> Check:
    return Check("?", "?", "usage", "certain", spans, applies, condition, measure, (), cannot)


plain = st.builds(
    _check,
    st.sampled_from(SPANS),
    st.one_of(st.just(TRUE), conditions),
    conditions,
    st.none(),
    st.sampled_from(["", "", "judge"]),
)
SELECTIONS: tuple[Expr, ...] = (
    TRUE,
    In("data.health", (True,)),
    Not(In("data.health", (True,))),
    Compare(WHOLE[0], "gt", 1),
    Like("project.id", ("a", Wild.ANY)),
    Or((Regex("prompt.text", "a"), Regex("prompt.text", "(?i)k"), Present(WHOLE[0]))),
    And((Network(ADDRESS, "10.0.0.0/8"), Or((In("data.health", (False,)), Compare(NUMBER, "lte", 0.5))))),
)
GROUPS = (("account.baa",), ("account.baa",), ("account.baa", "data.health"), (LIST,), (TIME,), ("account.baa",) * 2)


AGGREGATES: tuple[Literal["count", "distinct", "sum", "share"], ...] = ("count", "distinct", "sum", "share")


def _measured(random: Random) -> Check:
    """A check with a measure whose limit lies where windows of few rows fall on either side of it."""
    aggregate: Literal["count", "distinct", "sum", "share"] = random.choice(AGGREGATES)
    fact = {"distinct": random.choice([*VALUES]), "sum": random.choice([*WHOLE, NUMBER])}.get(aggregate, "")
    limits = (0, 0.25, 0.5, 0.75) if aggregate == "share" else (-1, 0, 1, 2, 3.5, 5)
    where = random.choice(SELECTIONS) if aggregate == "share" else TRUE
    measure = WindowMeasure(
        aggregate,
        random.choice(GROUPS),
        random.choice((1, 60, 3600, 10**9)),
        float(random.choice(limits)),
        fact,
        where,
        random.randrange(1, 4),
    )
    spans = ALWAYS if random.random() < 0.7 else random.choice(SPANS)
    return _check(spans, TRUE, random.choice(SELECTIONS), measure, "judge" if random.random() < 0.05 else "")


measured = dice.map(_measured)
made = st.one_of(plain, measured)


def _numbered(checks: list[Check]) -> list[Check]:
    """Give checks ids of their own, two to a clause."""
    return [
        Check(f"r{i}", f"c{i // 2}", c.table, c.certainty, c.spans, c.applies, c.condition, c.measure, (), c.cannot)
        for i, c in enumerate(checks)
    ]


checks = st.tuples(st.lists(plain, max_size=3), st.lists(measured, min_size=2, max_size=5)).map(
    lambda pair: _numbered([*pair[0], *pair[1]])
)

quoted = texts.map(lambda text: text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?"))
written = st.one_of(texts, texts.map(lambda text: f"*{text}?"))
TEXT_MODIFIERS = ("", "|contains", "|startswith", "|endswith|cased", "|all")
entries = st.one_of(
    st.tuples(st.sampled_from([f"{f}{m}" for f in (*TEXTS, LIST) for m in TEXT_MODIFIERS]),
              st.one_of(written, st.lists(written, min_size=1, max_size=3))),
    st.tuples(st.sampled_from([f"{f}|re" for f in TEXTS]), regexes),
    st.tuples(st.just(f"{ADDRESS}|cidr"), networks),
    st.tuples(st.sampled_from([f"{f}|{o}" for f in ORDERED for o in ("gt", "gte", "lt", "lte")]), limits),
    st.tuples(st.just(f"{TIME}|gte"), moments.map(datetime.isoformat)),
    st.tuples(st.sampled_from([f"{f}|exists" for f in VALUES]), booleans),
    st.tuples(st.sampled_from(FLAGS), booleans),
    st.tuples(st.just(f"{WHOLE[0]}|field|gt"), st.just(WHOLE[1])),
)  # fmt: skip
mappings = st.lists(entries, min_size=1, max_size=3).map(dict)
written_conditions = st.recursive(
    mappings,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.tuples(
            st.sampled_from(["any", "all", "none"]), st.one_of(inner, st.lists(inner, min_size=1, max_size=3))
        ).map(lambda pair: dict([pair])),
    ),
    max_leaves=6,
)
