"""Renders a source to SQL and runs it: one input becomes one Parquet file with a row for each record, readable or not.

Columns: `_input`, `_line` (NULL where it is row + 1), `_skip` (NULL, or why the row is no model call), `_fault` (NULL,
or what is wrong; empty if nothing could be read), `_more` (see `Plan.rare`), and the facts.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from auditor.engine import Database, literal, quote
from auditor.model.facts import Fact
from auditor.sources.cast import fault, present, typed
from auditor.sources.source import SCHEMAS, Companion, Sample, Source
from auditor.sources.stage import MAX_LINE

MAX_ENVELOPE = 16 * MAX_LINE


@dataclass(frozen=True)
class Plan:
    """What to convert: a relation of raw rows, the schema, and the facts as text expressions over the rows.

    `line` is SQL for the number of a row's line, or if `counted`, for 1 in the first row of each line and else 0.
    `rare` names facts that the input may carry but, going by its beginning, does not; they get no column unless they
    turn up. A column of nothing is cheap to read and costly to write.
    """

    index: int
    relation: str
    schema: Mapping[str, Fact]
    facts: Mapping[str, str]
    skip: str
    line: str
    constants: Collection[str]
    rare: Collection[str] = ()
    counted: bool = False


def json_relation(path: Path, sample: Sample, columns: Mapping[str, str]) -> str:
    """Return a FROM item over the JSON in `path` with `columns`, one row a record in the order of the file."""
    container = "newline_delimited" if sample.container == "empty" else sample.container

    def read(names: Mapping[str, str], size: int) -> str:
        types = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in names.items())
        ignore = ", ignore_errors=true" if container == "newline_delimited" else ""
        return (
            f"read_json({literal(str(path))}, format={literal(container)}, columns={{{types}}}, records='true', "
            f"maximum_object_size={size}, compression='uncompressed'{ignore})"
        )

    if not sample.envelope:
        return read(columns, MAX_LINE)
    shape = json.dumps(dict(columns))
    items = f"unnest(CAST({quote(sample.envelope)} AS JSON[]))"
    return (
        f"(SELECT unnest(from_json(item, {literal(shape)})) FROM "
        f"(SELECT {items} AS item FROM {read({sample.envelope: 'JSON'}, MAX_ENVELOPE)}))"
    )


def plan(
    index: int,
    source: Source,
    relation: str,
    facts: Mapping[str, str],
    steps: Callable[[str], set[str]],
    rare: Collection[str] = (),
) -> Plan:
    """Return how `relation`, which has the source's columns, becomes records with `facts`; for `steps` see `steps_of`."""
    schema = SCHEMAS[source.kind].facts
    constants = source.constants | {"record.kind"}
    if not source.rows:
        return Plan(index, relation, schema, facts, source.skip, "NULL::BIGINT", constants, rare)

    def rows(number: str) -> str:
        return f"(WITH line AS NOT MATERIALIZED (SELECT {number} AS _line, * FROM {relation}) {source.rows})"

    unnumbered = rows("NULL::BIGINT")
    taken = steps(unnumbered)
    if taken <= {"PROJECTION"}:
        return Plan(index, unnumbered, schema, facts, source.skip, "_line", constants)
    if taken <= {"PROJECTION", "UNNEST"} and source.tells_first:
        return Plan(index, unnumbered, schema, facts, source.skip, "_first::BIGINT", constants, counted=True)
    return Plan(index, rows("row_number() OVER ()"), schema, facts, source.skip, "_line", constants)


def steps_of(db: Database, rows: str) -> set[str]:
    """Return the names of what the engine does to the lines that it reads, to give `rows`.

    Where it only projects, there is a row for every line, in order, and where it unnests, too, there are one or more: then
    lines are not numbered as they are read, which only one thread can do.
    """
    (found,) = json.loads(db.execute(f"EXPLAIN (FORMAT json) SELECT * FROM {rows}")[0][-1])
    names = set()
    while len(found["children"]) == 1:
        names.add(found["name"])
        (found,) = found["children"]
    return names | ({"JOIN"} if found["children"] else set())


def convert(db: Database, plan: Plan, target: Path, group: int) -> None:
    """Write the records of `plan` to the Parquet file `target`, `group` rows at a time, which are held in memory.

    Raises:
        EngineError: the input cannot be read.
    """
    facts = [plan.schema[name] for name in plan.facts if name not in plan.rare]
    rare = [plan.facts[name] for name in plan.facts if name in plan.rare]
    if plan.counted:
        rough = target.with_suffix(".rough")
        _copy(db, plan, facts, rare, rough, group)
        db.execute(
            "COPY (SELECT * REPLACE ((sum(_line) OVER (ROWS UNBOUNDED PRECEDING))::BIGINT AS _line) FROM "
            f"read_parquet({literal(str(rough))})) TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4)"
        )
        rough.unlink()
        return
    _copy(db, plan, facts, rare, target, group)
    if rare and db.execute(f"SELECT bool_or(_more) FROM read_parquet({literal(str(target))})")[0][0]:
        counts = db.execute(f"SELECT {', '.join(f'count({sql})' for sql in plan.facts.values())} FROM {plan.relation}")[
            0
        ]
        turned_up = [plan.schema[name] for name, count in zip(plan.facts, counts, strict=True) if count]
        _copy(db, plan, turned_up, [], target, group)


def _copy(db: Database, plan: Plan, facts: list[Fact], rare: list[str], target: Path, group: int) -> None:
    more = f"coalesce({', '.join(rare)}) IS NOT NULL" if rare else "FALSE"
    texts = "".join(f", {present(f, f'({plan.facts[f.name]})')} AS {quote(f.name)}" for f in facts)
    columns = "".join(f", {typed(f)} AS {quote(f.name)}" for f in facts)
    db.execute(
        f"COPY (SELECT {plan.index}::INTEGER AS _input, _line, _skip, _more, "
        f"CASE WHEN _skip IS NULL THEN {fault(facts, plan.constants)} END AS _fault{columns} "
        f"FROM (SELECT {plan.line} AS _line, ({plan.skip})::VARCHAR AS _skip, {more} AS _more{texts} "
        f"FROM {plan.relation})) "
        f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE {group})"
    )


def read_companion(db: Database, source: Companion, index: int, relation: str, target: Path) -> None:
    """Read a companion file, given as a relation with its source's columns, into the Parquet file `target`."""
    db.execute(
        f"COPY (WITH line AS (SELECT {index}::INTEGER AS _input, * FROM {relation}) {source.select}) "
        f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4)"
    )


def define_companion(db: Database, companion: Companion, files: Collection[Path]) -> None:
    """Define the view that has what was read of the companion `files`."""
    columns = {"_input": "INTEGER", **companion.columns}
    names = ", ".join(map(quote, columns))
    rows = f"read_parquet([{', '.join(literal(str(file)) for file in files)}])"
    nothing = ", ".join(f"NULL::{kind} AS {quote(name)}" for name, kind in columns.items())
    select = f"SELECT {names} FROM {rows}" if files else f"SELECT {nothing} WHERE FALSE"
    db.execute(f"CREATE OR REPLACE TEMP VIEW {quote(companion.table)} AS {select}")
