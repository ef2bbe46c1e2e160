"""Renders a source to SQL and runs it: one input becomes one Parquet file with a row for each record, readable or not.

Columns: `_input`, `_line` (NULL where it is row + 1), `_fault` (NULL, or what is wrong; empty if nothing could be read),
`_skip` (NULL, or why the row is no model call), and the facts.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from auditor.engine import Database, literal, quote
from auditor.model.facts import TABLES, Fact
from auditor.sources.cast import fault, present, typed
from auditor.sources.source import Sample, Source
from auditor.sources.stage import MAX_LINE

FACTS = TABLES["usage"].facts
WIDE = 40
"""From this many facts on it pays to look first which ones a file carries: a pass over nothing but counts."""


@dataclass(frozen=True)
class Plan:
    """What to convert: relation of raw rows, and the facts as text expressions over its rows."""

    index: int
    relation: str
    facts: Mapping[str, str]
    skip: str = "NULL"
    line: str = "NULL::BIGINT"


def json_relation(path: Path, sample: Sample, columns: Mapping[str, str]) -> str:
    """Return a FROM item over the JSON in `path` with `columns`, one row a record in the order of the file."""
    lines = sample.container == "newline_delimited"

    def read(names: Mapping[str, str]) -> str:
        types = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in names.items())
        ignore = ", ignore_errors=true" if lines else ""
        size = MAX_LINE if lines or not sample.envelope else 16 * MAX_LINE
        return (
            f"read_json({literal(str(path))}, format={literal(sample.container)}, columns={{{types}}}, "
            f"maximum_object_size={size}{ignore}, compression='uncompressed', records='true')"
        )

    if not sample.envelope:
        return read(columns)
    shape = json.dumps(dict(columns))
    items = f"unnest(CAST({quote(sample.envelope)} AS JSON[]))"
    return (
        f"(SELECT unnest(from_json(item, {literal(shape)})) FROM "
        f"(SELECT {items} AS item FROM {read({sample.envelope: 'JSON'})}))"
    )


def plan(index: int, source: Source, relation: str, text: Collection[str]) -> Plan:
    """Return how `relation`, which has the source's columns, becomes records; free text only where `text` names it."""
    facts = {name: sql for name, sql in source.facts.items() if not FACTS[name].text or name in text}
    if not source.rows:
        return Plan(index, relation, facts, source.skip)
    rows = f"(WITH line AS NOT MATERIALIZED (SELECT row_number() OVER () AS _line, * FROM {relation}) {source.rows})"
    return Plan(index, rows, facts, source.skip, "_line")


def carried(db: Database, plan: Plan) -> list[Fact]:
    """Return the facts worth a column."""
    facts = [FACTS[name] for name in plan.facts]
    if len(facts) < WIDE:
        return facts
    counts = db.execute(f"SELECT {', '.join(f'count({plan.facts[fact.name]})' for fact in facts)} FROM {plan.relation}")
    return [fact for fact, count in zip(facts, counts[0], strict=True) if count]


def convert(db: Database, plan: Plan, target: Path) -> list[Fact]:
    """Write the records of `plan` to the Parquet file `target` and return the facts that have a column there.

    Raises:
        EngineError: the input cannot be read.
    """
    facts = carried(db, plan)
    texts = "".join(f", {present(f, f'({plan.facts[f.name]})')} AS {quote(f.name)}" for f in facts)
    columns = "".join(f", {typed(f)} AS {quote(f.name)}" for f in facts)
    db.execute(
        f"COPY (SELECT {plan.index}::INTEGER AS _input, _line, _skip, "
        f"CASE WHEN _skip IS NULL THEN {fault(facts)} END AS _fault{columns} "
        f"FROM (SELECT {plan.line} AS _line, ({plan.skip})::VARCHAR AS _skip{texts} FROM {plan.relation})) "
        f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4)"
    )
    return facts
