"""Renders the expression tree as SQL through sqlglot; SQL's NULL is Kleene's unknown.

Every node renders to a boolean that is true, false or NULL exactly where `scalar.evaluate` says true, false or unknown.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlglot import exp

from auditor.model.expr import (
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
    Wild,
    facts_of,
)
from auditor.model.facts import Table, Value

COMPARISONS: dict[str, type[exp.Binary]] = {"eq": exp.EQ, "gt": exp.GT, "gte": exp.GTE, "lt": exp.LT, "lte": exp.LTE}
UNKNOWN = exp.Cast(this=exp.Null(), to=exp.DataType.build("BOOLEAN"))


class Renderer:
    """Renders conditions over one fact table.

    Args:
        table: the fact table.
        prefilters: text fact → column that is true where any regex on it could match; each is tried on those rows only.
        columns: expression → column that holds its value already.
    """

    def __init__(
        self, table: Table, prefilters: Mapping[str, str] | None = None, columns: Mapping[Expr, str] | None = None
    ) -> None:
        self._table = table
        self._prefilters = prefilters or {}
        self._columns = columns or {}

    def render(self, expr: Expr) -> exp.Expr:
        """Return `expr` as an SQL expression."""
        if expr in self._columns:
            return column(self._columns[expr])
        match expr:
            case And(parts):
                return self._and(parts)
            case Or(parts):
                return _join(exp.Or, [self.render(part) for part in parts], exp.false())
            case Not(part):
                return exp.Not(this=_paren(self.render(part)))
            case Const(value):
                return UNKNOWN.copy() if value is None else exp.convert(value)
            case Present(fact):
                return exp.Not(this=exp.Is(this=column(fact), expression=exp.Null()))
            case CompareFacts(fact, operator, other, cased):
                text = self._table.facts[fact].type == "string" and not cased
                sides = [exp.Lower(this=column(name)) if text else column(name) for name in (fact, other)]
                return COMPARISONS[operator](this=sides[0], expression=sides[1])
            case _:
                return self._leaf(expr)

    def partly_missing(self, leaf: Leaf) -> bool:
        """Whether a leaf can be unknown though its fact is there: no address, or a list of which an element is missing."""
        if isinstance(leaf, Network):
            return True
        return isinstance(leaf, (In, Like, Regex)) and self._table.facts[leaf.fact].type == "strings"

    def _and(self, parts: tuple[Expr, ...]) -> exp.Expr:
        """Conditions on text are dear, so they are tried only where the cheap ones leave the answer open."""
        dear = [part for part in parts if self._reads_text(part)]
        cheap = _join(exp.And, [self.render(part) for part in parts if part not in dear], exp.true())
        if not dear or len(dear) == len(parts):
            return _join(exp.And, [self.render(part) for part in parts], exp.true())
        both = _join(exp.And, [cheap.copy(), *(self.render(part) for part in dear)], exp.true())
        decided = exp.Is(this=_paren(cheap), expression=exp.false())
        return exp.Case(ifs=[exp.If(this=decided, true=exp.false())], default=both)

    def _reads_text(self, expr: Expr) -> bool:
        return any(self._table.facts[name].text for name in facts_of(expr))

    def _leaf(self, leaf: In | Compare | Like | Regex | Network) -> exp.Expr:
        if self._table.facts[leaf.fact].type != "strings":
            return self._test(leaf, column(leaf.fact))
        element = exp.column("element")
        absent = exp.Is(this=element.copy(), expression=exp.Null())
        undecided = exp.Case(ifs=[exp.If(this=_some(leaf.fact, absent), true=UNKNOWN.copy())], default=exp.false())
        return _join(exp.Or, [_some(leaf.fact, self._test(leaf, element)), undecided], exp.false())

    def _test(self, leaf: In | Compare | Like | Regex | Network, value: exp.Expr) -> exp.Expr:
        match leaf:
            case In(fact=fact, values=values, cased=cased):
                folded = exp.Lower(this=value) if self._is_text(fact) and not cased else value
                if not values:  # false, but unknown where the fact is missing
                    return exp.NEQ(this=folded, expression=folded.copy())
                if len(values) == 1:
                    return exp.EQ(this=folded, expression=literal(values[0]))
                return exp.In(this=folded, expressions=[literal(item) for item in values])
            case Compare(operator=operator, value=limit):
                assert not isinstance(limit, Parameter), "parameters are bound before rendering"
                return COMPARISONS[operator](this=value, expression=literal(limit))
            case Like(pattern=pattern, cased=cased):
                like = exp.Like(this=value if cased else exp.Lower(this=value), expression=_like_pattern(pattern))
                return exp.Escape(this=like, expression=exp.Literal.string("\\"))
            case Regex(fact=fact, pattern=pattern):
                return self._regex(fact, exp.RegexpLike(this=value, expression=exp.Literal.string(pattern)))
            case Network(network=network):
                return exp.func("in_network", value, exp.Literal.string(network))

    def _regex(self, fact: str, test: exp.Expr) -> exp.Expr:
        if fact not in self._prefilters:
            return test
        prefilter = exp.column(self._prefilters[fact], quoted=True)
        return exp.Case(ifs=[exp.If(this=prefilter, true=test)], default=prefilter.copy())

    def _is_text(self, fact: str) -> bool:
        return self._table.facts[fact].type in ("string", "strings")


def _some(fact: str, test: exp.Expr) -> exp.Expr:
    """Whether some element of a list meets `test`, which reads `element`."""
    each = exp.Lambda(this=test, expressions=[exp.to_identifier("element")])
    matching = exp.ArrayFilter(this=column(fact), expression=each)
    return exp.GT(this=exp.ArraySize(this=matching), expression=exp.Literal.number(0))


def missing_conditions(expr: Expr, renderer: Renderer) -> dict[str, exp.Expr]:
    """Return, per fact, the condition that its absence helped to leave `expr` unknown, given that `expr` is unknown.

    A fact helps where it is missing and every node between it and the root is unknown: a known node settles the matter.
    """
    found: dict[str, list[exp.Expr]] = {}
    _walk_missing(expr, [], renderer, found)
    return {fact: _join(exp.Or, conditions, exp.false()) for fact, conditions in found.items()}


def column(fact: str) -> exp.Column:
    """Return a fact as a column."""
    return exp.column(fact, quoted=True)


def literal(value: Value) -> exp.Expr:
    """Return a value as an SQL literal; times are UTC without a zone."""
    if isinstance(value, datetime):
        return exp.Cast(this=exp.Literal.string(f"{value:%Y-%m-%d %H:%M:%S.%f}"), to=exp.DataType.build("TIMESTAMP"))
    return exp.convert(value)


def is_null(value: exp.Expr) -> exp.Expr:
    """Return `value IS NULL`."""
    return exp.Is(this=_paren(value), expression=exp.Null())


def _walk_missing(expr: Expr, above: list[exp.Expr], renderer: Renderer, found: dict[str, list[exp.Expr]]) -> None:
    match expr:
        case And(parts) | Or(parts):
            for part in parts:
                inner = [is_null(renderer.render(part))] if _nested(part) else []
                _walk_missing(part, [*above, *inner], renderer, found)
        case Not(part):
            _walk_missing(part, above, renderer, found)
        case Const(value=None, reason=reason):
            found.setdefault(reason, []).append(_join(exp.And, [c.copy() for c in above], exp.true()))
        case Const() | Present():
            pass
        case _:
            for fact in facts_of(expr):
                absent = is_null(renderer.render(expr) if renderer.partly_missing(expr) else column(fact))
                found.setdefault(fact, []).append(_join(exp.And, [*(c.copy() for c in above), absent], exp.true()))


def nested_nodes(expr: Expr, renderer: Renderer) -> list[Expr]:
    """Return the nodes below the root whose state decides whether a missing fact below them matters."""
    match expr:
        case And(parts) | Or(parts):
            return [node for part in parts for node in ([part] if _nested(part) else []) + nested_nodes(part, renderer)]
        case Not(part):
            return nested_nodes(part, renderer)
        case _:
            return [expr] if renderer.partly_missing(expr) else []


def _nested(expr: Expr) -> bool:
    return isinstance(expr, (And, Or)) or (isinstance(expr, Not) and _nested(expr.part))


def _paren(value: exp.Expr) -> exp.Expr:
    return exp.Paren(this=value)  # exp.paren would copy the whole tree below


def _join(kind: type[exp.Connector], parts: list[exp.Expr], empty: exp.Expr) -> exp.Expr:
    if not parts:
        return empty
    joined: exp.Expr = _paren(parts[0])
    for part in parts[1:]:
        joined = kind(this=joined, expression=_paren(part))
    return joined


def _like_pattern(pattern: tuple[str | Wild, ...]) -> exp.Expr:
    words = {Wild.ANY: "%", Wild.ONE: "_"}
    escaped = (
        words[part] if isinstance(part, Wild) else part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        for part in pattern
    )
    return exp.Literal.string("".join(escaped))


def leaves(expr: Expr) -> list[Leaf]:
    """Return the leaves of `expr`, left to right."""
    match expr:
        case And(parts) | Or(parts):
            return [leaf for part in parts for leaf in leaves(part)]
        case Not(part):
            return leaves(part)
        case _:
            return [expr]
