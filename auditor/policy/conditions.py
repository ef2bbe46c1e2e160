"""Conditions in YAML (Sigma's field-and-modifier vocabulary) → the expression tree. Reports faults; evaluates nothing."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import re2
from pydantic import JsonValue

from auditor.errors import Fault
from auditor.model.expr import (
    TRUE,
    Compare,
    CompareFacts,
    Expr,
    In,
    Like,
    Network,
    Not,
    Operator,
    Parameter,
    Present,
    Regex,
    Wild,
    all_of,
    any_of,
    fold,
)
from auditor.model.facts import KIND_WORDS, Fact, Table, typed_value
from auditor.yamlfile import KeyPath, Tree, nearest

ORDER: dict[str, Operator] = {"gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte"}
TEXT_EDGES: dict[str, tuple[bool, bool]] = {
    "contains": (True, True),
    "startswith": (False, True),
    "endswith": (True, False),
}
MODIFIERS = (*TEXT_EDGES, "re", "cidr", *ORDER, "exists", "all", "cased", "field", "list")
NESTING = ("any", "all", "none")


@dataclass
class ConditionParser:
    """Parses the conditions of one file over one fact table; what is wrong gathers in `faults`."""

    tree: Tree
    table: Table
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def parse(self, raw: JsonValue, path: KeyPath) -> Expr:
        """Return the expression for `raw`, which stands at `path`: a mapping is AND, a list of mappings is OR."""
        if isinstance(raw, list) and raw:
            return any_of(*(self.parse(item, (*path, i)) for i, item in enumerate(raw)))
        if not isinstance(raw, dict) or not raw:
            return self._fault(path, "a condition is a mapping of facts to values")
        return all_of(*(self._entry(key, value, (*path, key)) for key, value in raw.items()))

    def fact(self, name: str, path: KeyPath) -> Fact | None:
        """Return the fact called `name`, or None with a fault."""
        if name not in self.table.facts:
            self._fault(
                path, f"the table '{self.table.name}' has no fact '{name}'", nearest(name, set(self.table.facts))
            )
        return self.table.facts.get(name)

    def _fault(self, path: KeyPath, message: str, hint: str = "") -> Expr:
        self.faults.append(self.tree.fault(path, message, hint))
        return TRUE

    def _entry(self, key: str, value: JsonValue, path: KeyPath) -> Expr:
        if key in NESTING:
            items = value if isinstance(value, list) else [value]
            if not items:
                return self._fault(path, f"'{key}' needs at least one condition")
            parts = tuple(
                self.parse(item, (*path, i) if isinstance(value, list) else path) for i, item in enumerate(items)
            )
            return all_of(*parts) if key == "all" else any_of(*parts) if key == "any" else Not(any_of(*parts))
        name, *modifiers = key.split("|")
        fact = self.fact(name, path)
        unknown = [m for m in modifiers if m not in MODIFIERS]
        for modifier in unknown:
            self._fault(path, f"unknown modifier '{modifier}'", nearest(modifier, MODIFIERS))
        return TRUE if unknown or fact is None else self._leaf(fact, modifiers, value, path)

    def _leaf(self, fact: Fact, modifiers: list[str], value: JsonValue, path: KeyPath) -> Expr:
        cased = "cased" in modifiers
        every = "all" in modifiers
        kinds = [m for m in modifiers if m not in ("cased", "all")]
        if kinds == ["exists"]:
            present = Present(fact.name)
            return (
                present
                if value is True
                else Not(present)
                if value is False
                else self._fault(path, "exists takes true or false")
            )
        if "field" in kinds:
            return self._compare_facts(fact, [k for k in kinds if k != "field"], value, path, cased=cased)
        if len(kinds) > 1:
            return self._fault(path, f"the modifiers '{'|'.join(kinds)}' do not go together")
        values = value if isinstance(value, list) else [value]
        if not values or any(item is None for item in values):
            return self._fault(path, "a missing value is not a value", f"write '{fact.name}|exists: false'")
        kind = kinds[0] if kinds else ""
        parts = tuple(self._one(fact, kind, item, path, cased=cased) for item in values)
        return all_of(*parts) if every else any_of(*parts)

    def _one(self, fact: Fact, kind: str, value: JsonValue, path: KeyPath, *, cased: bool) -> Expr:
        if isinstance(value, dict) and not (kind in ORDER and set(value) == {"parameter"}):
            return self._fault(path, f"{fact.name}: a value was expected here, not a mapping")
        if kind in ORDER:
            return self._order(fact, ORDER[kind], value, path)
        if kind == "list":
            return self._list(fact, value, path, cased=cased)
        if fact.type not in ("string", "strings"):
            return (
                self._fault(path, f"'{kind}' needs text, but {fact.name} is {fact.type}")
                if kind
                else self._equal(fact, value, path)
            )
        if not isinstance(value, str):
            return self._fault(path, f"{fact.name} is text; put the value in quotes", f'write "{value}"')
        match kind:
            case "re":
                return self._regex(fact, value, path)
            case "cidr":
                return self._network(fact, value, path)
            case _:
                if not kind and fact.values and not _could_be(value, fact.values):
                    return self._fault(
                        path,
                        f"{fact.name} is never '{value}'; it is one of {', '.join(fact.values)}",
                        nearest(value, fact.values),
                    )
                return text_match(fact.name, value, TEXT_EDGES.get(kind, (False, False)), cased=cased)

    def _equal(self, fact: Fact, value: JsonValue, path: KeyPath) -> Expr:
        typed = typed_value(fact, value)
        if typed is None:
            return self._fault(path, f"{fact.name} is {fact.type}; expected {KIND_WORDS[fact.type]}, found '{value}'")
        return In(fact.name, (typed,))

    def _order(self, fact: Fact, operator: Operator, value: JsonValue, path: KeyPath) -> Expr:
        if fact.type not in ("integer", "number", "timestamp"):
            return self._fault(path, f"'{operator}' needs a number or time, but {fact.name} is {fact.type}")
        if isinstance(value, dict):
            name = str(value["parameter"])
            if name not in self.parameters:
                return self._fault(
                    path, f"there is no parameter '{name}' in this file", nearest(name, set(self.parameters))
                )
            return Compare(fact.name, operator, Parameter(name))
        typed = typed_value(fact, value) if fact.type == "timestamp" else value
        if isinstance(typed, (int, float, datetime)) and not isinstance(typed, bool):
            return Compare(fact.name, operator, typed)
        return self._fault(path, f"{fact.name}: expected {KIND_WORDS[fact.type]}, found '{value}'")

    def _list(self, fact: Fact, value: JsonValue, path: KeyPath, *, cased: bool) -> Expr:
        if fact.type not in ("string", "strings"):
            return self._fault(path, f"'list' needs text, but {fact.name} is {fact.type}")
        if not isinstance(value, str) or value not in self.lists:
            return self._fault(path, f"there is no list '{value}'", nearest(str(value), set(self.lists)))
        return any_of(*(text_match(fact.name, item, (False, False), cased=cased) for item in self.lists[value]))

    def _regex(self, fact: Fact, value: str, path: KeyPath) -> Expr:
        options = re2.Options()
        options.log_errors = False
        try:
            re2.compile(value, options)
        except re2.error as error:
            reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
            return self._fault(path, f"not an RE2 expression: {reason}", "RE2 has no back-references or look-around")
        return Regex(fact.name, value)

    def _network(self, fact: Fact, value: str, path: KeyPath) -> Expr:
        try:
            ipaddress.ip_network(value)
        except ValueError as error:
            return self._fault(path, f"not a network: {error}")
        return Network(fact.name, value)

    def _compare_facts(self, fact: Fact, kinds: list[str], value: JsonValue, path: KeyPath, *, cased: bool) -> Expr:
        other = self.fact(str(value), path)
        if other is None:
            return TRUE
        if len(kinds) > 1 or (kinds and kinds[0] not in ORDER):
            return self._fault(path, "'field' goes with gt, gte, lt, lte or nothing")
        if (numeric := {"integer", "number"}) and other.type != fact.type and not {other.type, fact.type} <= numeric:
            return self._fault(path, f"{fact.name} is {fact.type} but {other.name} is {other.type}")
        operator: Operator = ORDER[kinds[0]] if kinds else "eq"
        if fact.type == "strings" or (kinds and fact.type in ("string", "boolean")):
            return self._fault(path, f"facts of type {fact.type} cannot be compared so")
        return CompareFacts(fact.name, operator, other.name, cased)


def text_match(fact: str, text: str, edges: tuple[bool, bool], *, cased: bool) -> Expr:
    """Return the node for `text`, in which `*` and `?` are wildcards and a backslash makes them plain.

    `edges` says whether anything may stand before and after.
    """
    pattern: list[str | Wild] = [Wild.ANY] if edges[0] else []
    literal = ""
    characters = iter(text)
    for character in characters:
        if character in "*?":
            pattern += [literal, Wild(character)] if literal else [Wild(character)]
            literal = ""
        elif character == "\\":
            following = next(characters, "")
            literal += following if following in ("*", "?", "\\") else character + following
        else:
            literal += character
    if literal:
        pattern.append(literal)
    if edges[1]:
        pattern.append(Wild.ANY)
    folded = tuple(part if cased or isinstance(part, Wild) else fold(part) for part in pattern)
    if not any(isinstance(part, Wild) for part in folded):
        return In(fact, ("".join(str(part) for part in folded),), cased)
    return Like(fact, folded, cased)


def _could_be(value: str, allowed: tuple[str, ...]) -> bool:
    return "*" in value or "?" in value or fold(value) in allowed
