"""Conditions as a small typed tree, and what each node means.

Evaluation is three-valued (Kleene): a node is true, false or unknown for a row. A leaf on a missing fact is unknown, save
`Present`. `And` is false if any part is false, else unknown if any part is unknown; `Or` is its dual; `Not` keeps unknown.
A leaf on a `strings` fact holds when any element meets it, is unknown when none does but one is missing, and is false for an
empty list.

Text is compared after `fold` unless `cased`; a `Regex` is RE2 and matches as written. Engines render or evaluate this tree;
the conformance cases pin what they must agree on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from operator import eq, ge, gt, le, lt
from typing import Any, Literal

from auditor.model.facts import Value

Operator = Literal["eq", "gt", "gte", "lt", "lte"]
Truth = bool | None
"""True, false, or None for unknown."""


class Wild(Enum):
    """A wildcard in a `Like` pattern."""

    ANY = "*"
    ONE = "?"


@dataclass(frozen=True)
class Parameter:
    """A number that the organisation may set; replaced by its value before evaluation."""

    name: str


@dataclass(frozen=True)
class Const:
    """Always `value`. With `value` None, `reason` names what is missing, as a fact would be."""

    value: Truth
    reason: str = ""


@dataclass(frozen=True)
class Present:
    """The fact is there, whatever its value. Never unknown."""

    fact: str


@dataclass(frozen=True)
class In:
    """The fact equals one of `values`."""

    fact: str
    values: tuple[Value, ...]
    cased: bool = False


@dataclass(frozen=True)
class Compare:
    """The fact stands in order `operator` to a number or time."""

    fact: str
    operator: Operator
    value: int | float | datetime | Parameter


@dataclass(frozen=True)
class CompareFacts:
    """One fact stands in order `operator` to another of the same row."""

    fact: str
    operator: Operator
    other: str
    cased: bool = False


@dataclass(frozen=True)
class Like:
    """The whole text matches a pattern of literals and wildcards; `?` is one character, `*` any number, newlines too."""

    fact: str
    pattern: tuple[str | Wild, ...]
    cased: bool = False


@dataclass(frozen=True)
class Regex:
    """An RE2 expression is found somewhere in the text. `.` does not match a newline and `$` is the end of the text."""

    fact: str
    pattern: str


@dataclass(frozen=True)
class Network:
    """The address lies in a network in CIDR form. Unknown for what is not an address."""

    fact: str
    network: str


@dataclass(frozen=True)
class And:
    """All parts hold; true if there are none."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True)
class Or:
    """Some part holds; false if there are none."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Expr


Leaf = Const | Present | In | Compare | CompareFacts | Like | Regex | Network
Expr = Leaf | And | Or | Not

TRUE = Const(value=True)
ORDER: dict[Operator, Callable[[Any, Any], bool]] = {"eq": eq, "gt": gt, "gte": ge, "lt": lt, "lte": le}


def fold(text: str) -> str:
    """Lower-case `text` by Unicode's simple case mapping, one character for one, as DuckDB does.

    `str.lower` would turn U+0130 into two characters and look at the neighbours of a sigma.
    """
    return text.lower() if text.isascii() else "".join("i" if c == "\u0130" else c.lower() for c in text)


def all_of(*parts: Expr) -> Expr:
    """Return the AND of `parts`, flat and without what is always true."""
    flat: list[Expr] = []
    for part in parts:
        flat += part.parts if isinstance(part, And) else [part]
    needed = tuple(part for part in flat if part != TRUE)
    return needed[0] if len(needed) == 1 else And(needed) if needed else TRUE


def any_of(*parts: Expr) -> Expr:
    """Return the OR of `parts`, flat, with equalities on one fact gathered into one `In`."""
    flat: list[Expr] = []
    for part in parts:
        flat += part.parts if isinstance(part, Or) else [part]
    merged: dict[tuple[str, bool], tuple[Value, ...]] = {}
    rest: list[Expr] = []
    for part in flat:
        if isinstance(part, In):
            merged[part.fact, part.cased] = (*merged.get((part.fact, part.cased), ()), *part.values)
        else:
            rest.append(part)
    joined = (*(In(fact, values, cased) for (fact, cased), values in merged.items()), *rest)
    return joined[0] if len(joined) == 1 else Or(joined)


def facts_of(expr: Expr) -> frozenset[str]:
    """Return the names of all facts that `expr` reads."""
    match expr:
        case And(parts) | Or(parts):
            return frozenset().union(*(facts_of(part) for part in parts))
        case Not(part):
            return facts_of(part)
        case Const():
            return frozenset()
        case CompareFacts(fact, _, other):
            return frozenset((fact, other))
        case _:
            return frozenset((expr.fact,))


def needed_facts(expr: Expr) -> frozenset[str]:
    """Return the names of the facts whose absence can leave `expr` unknown: those read by anything but `Present`."""
    match expr:
        case And(parts) | Or(parts):
            return frozenset().union(*(needed_facts(part) for part in parts))
        case Not(part):
            return needed_facts(part)
        case Present():
            return frozenset()
        case _:
            return facts_of(expr)


def bind(expr: Expr, parameters: dict[str, float]) -> Expr:
    """Replace every `Parameter` in `expr` by its value."""

    def value(leaf: Leaf) -> Leaf:
        if isinstance(leaf, Compare) and isinstance(leaf.value, Parameter):
            return replace(leaf, value=parameters[leaf.value.name])
        return leaf

    return _each_leaf(expr, value)


def as_if_at(expr: Expr, moment: datetime) -> Expr:
    """Replace every comparison of the row's time in `expr` by what it is at `moment`."""

    def then(leaf: Leaf) -> Leaf:
        if isinstance(leaf, Compare) and leaf.fact == "timestamp" and isinstance(leaf.value, datetime):
            return Const(ORDER[leaf.operator](moment, leaf.value))
        return leaf

    return _each_leaf(expr, then)


def _each_leaf(expr: Expr, change: Callable[[Leaf], Leaf]) -> Expr:
    match expr:
        case And(parts):
            return And(tuple(_each_leaf(part, change) for part in parts))
        case Or(parts):
            return Or(tuple(_each_leaf(part, change) for part in parts))
        case Not(part):
            return Not(_each_leaf(part, change))
        case _:
            return change(expr)
