"""Checks facts written by people, in packs and declarations, against the schema."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from auditor.errors import Fault
from auditor.model.facts import KIND_WORDS, TABLES, Fact, typed_value
from auditor.yamlfile import KeyPath, Tree, nearest


def fact_faults(tree: Tree, row: Mapping[str, JsonValue], path: KeyPath, table: str) -> Iterator[Fault]:
    """Yield a fault for every key of `row` that is no fact of `table`, or has a value of another type."""
    facts = TABLES[table].facts
    for name, value in row.items():
        if name not in facts:
            yield tree.fault((*path, name), f"the table '{table}' has no fact '{name}'", nearest(name, set(facts)))
        elif fault := value_fault(facts[name], value, name):
            yield tree.fault((*path, name), *fault)


def value_fault(fact: Fact, value: JsonValue, name: str) -> tuple[str, str] | None:
    """Return what is wrong with `value` for `fact`, called `name` where it is written, and a hint; None if nothing is."""
    if value is None:
        return None
    if fact.type == "strings" and not isinstance(value, list):
        return f"{name} is a list", f"write [{value}]"
    values = value if isinstance(value, list) and fact.type == "strings" else [value]
    for item in values:
        if typed_value(fact, item) is None:
            return f"{name}: expected {KIND_WORDS[fact.type]}, found '{item}'", ""
        if fact.values and item not in fact.values:
            return f"{name} is never '{item}'; it is one of {', '.join(fact.values)}", nearest(str(item), fact.values)
    return None
