"""Mapping files: which column (or JSON member) of somebody's own format is which fact.

```yaml
format: csv            # csv, parquet or jsonl
delimiter: ";"         # of CSV, if it is not the one the header shows
facts:
  timestamp: {column: ts, unit: ms}
  gen_ai.request.model: model
  gen_ai.usage.input_tokens: /usage/prompt_tokens      # JSON pointer, for JSON lines
  gen_ai.provider.name: {constant: openai}
  application.purpose: {column: use_case, values: {helpdesk: support}}
```
"""

from pathlib import Path
from typing import Literal

from pydantic import Field

from auditor.engine import literal, quote
from auditor.errors import AuditorError, Fault, raise_faults
from auditor.model.base import Model
from auditor.model.facts import TABLES
from auditor.sources.source import JsonObject, Source
from auditor.yamlfile import Tree, nearest, read_yaml, validate

FACTS = TABLES["usage"].facts
MICROSECONDS = {"s": "1000000", "ms": "1000", "us": "1", "ns": "0.001"}


class Column(Model):
    """A fact that stands in a column: `unit` of its numbers if it is a time, `values` to be replaced by others."""

    column: str = Field(min_length=1)
    unit: Literal["s", "ms", "us", "ns"] | None = None
    values: dict[str, str] = Field(default_factory=dict)


class Constant(Model):
    """A fact that is the same for every record."""

    constant: str | bool | int | float


class Mapping(Model):
    """A mapping file. A plain string stands for a column."""

    format: Literal["csv", "parquet", "jsonl"]
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    facts: dict[str, str | Column | Constant] = Field(min_length=1)

    def columns(self) -> dict[str, str]:
        """Return fact → column (or JSON pointer) for the facts that have one."""
        found = {name: _column(rule) for name, rule in self.facts.items()}
        return {name: column.column for name, column in found.items() if column}


def _column(rule: str | Column | Constant) -> Column | None:
    if isinstance(rule, str):
        return Column(column=rule)
    return rule if isinstance(rule, Column) else None


def read_mapping(path: Path) -> tuple[Mapping, Tree]:
    """Return the mapping in the file at `path`, with the positions of its parts.

    Raises:
        AuditorError: it cannot be read, or is no mapping; with every fault.
    """
    tree = read_yaml(path)
    mapping, faults = validate(Mapping, tree)
    for name, rule in mapping.facts.items() if mapping else ():
        if name not in FACTS:
            faults.append(tree.fault(("facts", name), f"'{name}' is no fact of usage", nearest(name, set(FACTS))))
        elif isinstance(rule, Column) and rule.unit and FACTS[name].type != "timestamp":
            faults.append(tree.fault(("facts", name, "unit"), "only a time has a unit here"))
    raise_faults("cannot read the mapping", faults)
    if mapping is None:
        raise AuditorError(f"{path}: no mapping")
    return mapping, tree


def missing_columns(mapping: Mapping, tree: Tree, columns: set[str], file: str) -> list[Fault]:
    """Return a fault for each column that the mapping names and the file does not have."""
    return [
        tree.fault(("facts", fact), f"{file} has no column '{column}'", nearest(column, columns))
        for fact, column in mapping.columns().items()
        if column not in columns
    ]


def _expression(rule: str | Column | Constant, *, json: bool) -> str:
    """Return SQL for the text of a fact."""
    if isinstance(rule, Constant):
        return literal(str(rule.constant).lower() if isinstance(rule.constant, bool) else str(rule.constant))
    column = Column(column=rule) if isinstance(rule, str) else rule
    value = quote(column.column)
    if json and column.column.startswith("/"):
        member, rest = _split(column.column)
        value = f"json_extract_string(as_json({quote(member)}), {literal(rest)})" if rest else quote(member)
    if column.unit:
        factor = MICROSECONDS[column.unit]
        value = (
            f"CASE WHEN try_cast({value} AS DECIMAL(38, 9)) IS NULL THEN {value} ELSE "
            f"make_timestamp(try_cast(floor(try_cast({value} AS DECIMAL(38, 9)) * {factor}) AS BIGINT))::VARCHAR END"
        )
    if column.values:
        cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in column.values.items())
        value = f"CASE {value} {cases} ELSE {value} END"
    return value


def _split(pointer: str) -> tuple[str, str]:
    """Return the first member of a JSON pointer (RFC 6901), unescaped, and the pointer below it."""
    member, slash, rest = pointer[1:].partition("/")
    return member.replace("~1", "/").replace("~0", "~"), slash + rest


def mapped_source(mapping: Mapping) -> Source:
    """Return a source that reads what `mapping` names."""
    json = mapping.format == "jsonl"
    names = list(mapping.columns().values())
    columns = {_split(name)[0] if json and name.startswith("/") else name for name in names}

    def fields(item: JsonObject) -> JsonObject:
        return item

    return Source(
        name="mapping",
        title="Your own columns, named in a mapping file (CSV, TSV, Parquet, JSON lines)",
        detects=lambda sample: False,
        columns=dict.fromkeys(sorted(columns), "VARCHAR"),
        facts={name: _expression(rule, json=json) for name, rule in mapping.facts.items()},
        fields=fields,
        takes=frozenset(columns),
        constants=frozenset(name for name, rule in mapping.facts.items() if isinstance(rule, Constant)),
    )


MAPPING = mapped_source(Mapping(format="jsonl", facts={name: name for name in FACTS}))
"""How the format is listed; what is read comes from the mapping file."""
