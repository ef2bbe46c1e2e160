"""The language of mapping files: which column (or JSON member) of somebody's own format is which fact.

`docs/mapping.md` describes it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from auditor.errors import AuditorError, raise_faults
from auditor.model.base import Model
from auditor.model.facts import Fact
from auditor.sources.source import SCHEMAS, Kind, Layer
from auditor.yamlfile import Tree, nearest, read_yaml, validate

OPERATIONS = ("column", "constant", "first", "join", "sum", "difference")
DIRECTIVES = re.compile(r"(?:[^%]|%[YmdHMSfybBpIzjeT%])+")
KINDS: dict[Kind, str] = {
    "call": "usage", "bucket": "usage", "event": "a control event", "snapshot": "a snapshot", "item": "usage",
}  # fmt: skip
Columns = tuple[str, ...]
TIMES = {"s": "1000000", "ms": "1000", "us": "1", "ns": "0.001", "ticks": "0.1"}
"""Unit of a time → microseconds. .NET counts ticks from the year 1, the others count from 1970."""
FACTORS = {
    "cents": "0.01", "thousand": "1000", "million": "1000000", "minutes": "60", "hours": "3600", "days": "86400",
}  # fmt: skip
"""Unit of an amount → what it is multiplied with: dollars, single tokens, seconds."""


class Rule(Model):
    """How a fact is made. Exactly one of `OPERATIONS` says of what; the other keys say what is done with it."""

    column: str | None = Field(default=None, min_length=1)
    constant: str | bool | int | float | None = None
    first: Columns | None = Field(default=None, min_length=1)
    join: Columns | None = Field(default=None, min_length=1)
    sum: Columns | None = Field(default=None, min_length=1)
    difference: Columns | None = Field(default=None, min_length=2)
    member: str | Columns | None = None
    separator: str = " "
    unit: Literal["s", "ms", "us", "ns", "ticks", "cents", "thousand", "million", "minutes", "hours", "days"] | None = (
        None
    )
    format: str | None = None
    timezone: str | None = None
    values: dict[str, str] = Field(default_factory=dict)
    default: str | bool | int | float | None = None

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str | None) -> str | None:
        if name is not None and name not in available_timezones():
            raise ValueError(f"'{name}' is no time zone; write it as Europe/Berlin")
        return name

    @field_validator("format")
    @classmethod
    def _is_format(cls, text: str | None) -> str | None:
        if text is not None and not DIRECTIVES.fullmatch(text):
            raise ValueError("only %Y %m %d %e %j %b %B %y %H %I %p %M %S %f %T %z and %% stand for parts of a time")
        return text

    @field_validator("member")
    @classmethod
    def _is_pointer(cls, paths: str | Columns | None) -> str | Columns | None:
        if any(not path.startswith("/") for path in _listed(paths)):
            raise ValueError("write where it stands as /usage/prompt_tokens")
        return paths

    @property
    def columns(self) -> Columns:
        """The columns that the fact is made of."""
        named = self.first or self.join or self.sum or self.difference or ()
        return (self.column,) if self.column is not None else named

    @property
    def members(self) -> Columns:
        """Where the fact stands in the JSON that its column holds; each in the text that the one before gives."""
        return _listed(self.member)


class Skip(Model):
    """Rows that are no record: those whose `column` has one of `values`."""

    column: str = Field(min_length=1)
    values: Columns = Field(min_length=1)
    reason: str = Field(default="left out by the mapping", max_length=80)


class Mapping(Model):
    """A mapping file. A plain string stands for a column."""

    format: Literal["csv", "parquet", "jsonl"]
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    kind: Kind = "call"
    layer: Layer = "gateway"
    missing: Columns = ()
    timezone: str | None = None
    skip: tuple[Skip, ...] = ()
    facts: dict[str, Rule] = Field(min_length=1)

    @field_validator("facts", mode="before")
    @classmethod
    def _plain_columns(cls, facts: object) -> object:
        if not isinstance(facts, dict):
            return facts
        return {name: {"column": rule} if isinstance(rule, str) else rule for name, rule in facts.items()}

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, name: str | None) -> str | None:
        return Rule.model_validate({"timezone": name}).timezone

    def columns(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield where in the file a column is named, and its name, for all columns that are."""
        for name, rule in self.facts.items():
            for column in rule.columns:
                yield ("facts", name), column
        for number, skip in enumerate(self.skip):
            yield ("skip", number, "column"), skip.column


def _listed(value: str | Columns | None) -> Columns:
    return (value,) if isinstance(value, str) else value or ()


def read_mapping(path: Path) -> tuple[Mapping, Tree]:
    """Return the mapping in the file at `path`, with the positions of its parts.

    Raises:
        AuditorError: it cannot be read, or is no mapping; with every fault.
    """
    tree = read_yaml(path)
    mapping, faults = validate(Mapping, tree)
    schema = SCHEMAS[mapping.kind].facts if mapping else {}
    for name, rule in mapping.facts.items() if mapping else ():
        if name not in schema:
            what = f"'{name}' is no fact of {KINDS[mapping.kind]}" if mapping else ""
            faults.append(tree.fault(("facts", name), what, nearest(name, set(schema))))
        else:
            faults += [tree.fault(("facts", name), message) for message in _contradictions(rule, schema[name])]
    raise_faults("cannot read the mapping", faults)
    if mapping is None:
        raise AuditorError(f"{path}: no mapping")
    return mapping, tree


def _contradictions(rule: Rule, fact: Fact) -> Iterator[str]:
    named = [name for name in OPERATIONS if getattr(rule, name) is not None]
    if len(named) != 1:
        yield f"give exactly one of {', '.join(OPERATIONS)}; there is {' and '.join(named) or 'none of them'}"
    if rule.unit in TIMES and fact.type != "timestamp":
        yield f"the unit {rule.unit} is one of times, and {fact.name} is none"
    if rule.unit in FACTORS and fact.type not in ("integer", "number"):
        yield f"the unit {rule.unit} is one of amounts, and {fact.name} is none"
    if (rule.format or rule.timezone) and fact.type != "timestamp":
        yield f"only times have a format or a time zone, and {fact.name} is none"
    if rule.members and rule.column is None:
        yield "member says where in one column the fact stands; give that column"
    if (rule.sum or rule.difference) and fact.type not in ("integer", "number"):
        yield f"only amounts are added and taken away, and {fact.name} is none"
