"""One call, one row: records that repeat another are left out, and what several sources tell of one call is put together.

A record repeats one that has the same id, time and provider. Several sources report one call where they give an id of it
in common: the answer's, the provider's request id, a span's. What each of them knows is kept in one row. A call around
another, as frameworks record them, is the inner one seen from outside, and sums up all that are in it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from auditor.engine import Database, literal, quote

DISTINCT = "distinct_records"
DUPLICATES = "duplicates"
"""Table of the records that are left out: (_row, _input, kept: the `_row` that stands for it, why: `repeat`, `around` or
`same call`)."""
SHORTEST_ID = 16
"""Shorter ids are not unique: some servers number their answers from 0 to 999."""
APART = "INTERVAL 1 HOUR"
"""Records of one id that are further apart are not of one call."""
ROUNDS = 64


def find_duplicates(db: Database, layers: Sequence[int] = ()) -> dict[int, int]:
    """Create the view `distinct_records` of `records`, and return the number of records left out, by input.

    Args:
        db: holds the view `records`.
        layers: per input, its place in the order in which facts are taken where sources of one call tell different things.
    """
    db.execute(f"CREATE TABLE {DUPLICATES} (_row BIGINT, _input INTEGER, kept BIGINT, why VARCHAR)")
    columns = db.columns("records")
    if "record.id" in columns:
        _find_repeats(db, "records", columns)
    if {"record.parent", "record.ids"} <= columns.keys():
        _find_wrappers(db)
    whole = f"SELECT * FROM records WHERE _row NOT IN (SELECT _row FROM {DUPLICATES})"
    if not {"record.ids", "gen_ai.response.id"}.isdisjoint(columns) and _find_calls(db, whole, columns):
        rest = f"{whole} AND _row NOT IN (SELECT _row FROM same_call)"
        target = db.folder / "merged.parquet"
        _merge(db, columns, layers, target)
        whole = f"{rest} UNION ALL BY NAME SELECT * FROM read_parquet({literal(str(target))})"
        db.execute(
            f"INSERT INTO {DUPLICATES} SELECT _row, _input, kept, 'same call' FROM same_call JOIN chosen USING (call) "
            "WHERE _row <> kept"
        )
    db.execute(f"CREATE VIEW {DISTINCT} AS {whole}")
    return left_out(db)


def find_repeated_events(db: Database) -> str:
    """Note the repeats among `event_records` as duplicates, and return SQL for the events that are none."""
    columns = db.columns("event_records")
    if "record.id" in columns:
        _find_repeats(db, "event_records", columns)
    return f"SELECT * FROM event_records WHERE _row NOT IN (SELECT _row FROM {DUPLICATES})"


def left_out(db: Database) -> dict[int, int]:
    """Return the number of records that were left out, by input."""
    return dict(db.execute(f"SELECT _input, count(*) FROM {DUPLICATES} GROUP BY _input"))


def write_duplicates(db: Database, uris: Sequence[str], target: Path) -> None:
    """Write to the Parquet file `target` which record was left out, and which stands for it: input and line of both."""
    db.execute("CREATE OR REPLACE TEMP TABLE input_names (_input INTEGER, uri VARCHAR)")
    db.insert("input_names", [[index, uri] for index, uri in enumerate(uris)])
    lines = "SELECT _row, _input, _line FROM records UNION ALL SELECT _row, _input, _line FROM event_records"
    db.execute(
        f"COPY (WITH lines AS ({lines}) SELECT n.uri AS input, l._line AS line, m.uri AS kept_input, k._line AS kept_line, "
        f"d.why FROM {DUPLICATES} d JOIN lines l USING (_row) JOIN lines k ON k._row = d.kept "
        "JOIN input_names n ON n._input = l._input JOIN input_names m ON m._input = k._input "
        f"ORDER BY d._row) TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)"
    )


def _find_repeats(db: Database, view: str, columns: Mapping[str, str]) -> None:
    keys = ", ".join(quote(name) for name in ("record.id", "timestamp", "gen_ai.provider.name") if name in columns)
    db.execute(
        f"INSERT INTO {DUPLICATES} SELECT _row, _input, first_value(_row) OVER same AS kept, 'repeat' FROM {view} "
        f'WHERE "record.id" IS NOT NULL WINDOW same AS (PARTITION BY {keys} ORDER BY _row) QUALIFY kept <> _row'
    )


def _find_wrappers(db: Database) -> None:
    """Note the records around others; the first inner one stands for them."""
    db.execute(
        f"INSERT INTO {DUPLICATES} SELECT r._row, any_value(r._input), min(inside._row), 'around' FROM "
        '(SELECT _row, _input, unnest("record.ids") AS id FROM records) r JOIN '
        '(SELECT _row, "record.parent" AS id FROM records WHERE "record.parent" IS NOT NULL) inside USING (id) '
        f"WHERE r._row <> inside._row AND r._row NOT IN (SELECT _row FROM {DUPLICATES}) GROUP BY r._row"
    )


def _find_calls(db: Database, records: str, columns: Mapping[str, str]) -> bool:
    """Create the table `same_call` (_row, _input, call) of the rows that others tell the same call of; say if there are any.

    An id tells nothing where one input gives it to records of different token counts.
    """
    ids = ['"record.ids"'] * ("record.ids" in columns)
    ids += ['["gen_ai.response.id"]'] * ("gen_ai.response.id" in columns)
    time = '"timestamp"' if "timestamp" in columns else "NULL::TIMESTAMP"
    tokens = [quote(f"gen_ai.usage.{way}_tokens") for way in ("input", "output")]
    counts = ", ".join(name for name in tokens if name.strip('"') in columns) or "0"
    every = " || ".join(f"coalesce({item}, [])" for item in ids)
    db.execute(
        f"CREATE TEMP TABLE told_ids AS WITH told AS (SELECT _row, _input, {time} AS moment, hash({counts}) AS size, "
        f"unnest(list_distinct({every})) AS id FROM ({records})), "
        f"known AS (SELECT * FROM told WHERE length(id) >= {SHORTEST_ID}), "
        "shared AS (SELECT * FROM known WHERE id IN (SELECT id FROM known GROUP BY id HAVING count(*) > 1)), "
        f"steps AS (SELECT *, coalesce(moment - (lag(moment) OVER near) > {APART}, FALSE) AS far FROM shared "
        "WINDOW near AS (PARTITION BY id ORDER BY moment NULLS FIRST, _row)), "
        "parts AS (SELECT *, sum(far::INTEGER) OVER (PARTITION BY id ORDER BY moment NULLS FIRST, _row) AS part FROM steps), "
        "sizes AS (SELECT id, part FROM (SELECT id, part, _input, count(DISTINCT size) AS sizes, count(*) AS n FROM parts "
        "GROUP BY id, part, _input) GROUP BY id, part HAVING max(sizes) = 1 AND sum(n) > 1) "
        "SELECT _row, _input, id || '/' || part AS id FROM parts JOIN sizes USING (id, part)"
    )
    db.execute("CREATE TEMP TABLE same_call AS SELECT DISTINCT _row, _input, _row AS call FROM told_ids")
    for _ in range(ROUNDS):  # each row takes the least number that it is joined with, until nothing changes
        db.execute(
            "CREATE OR REPLACE TEMP TABLE next_call AS WITH least AS "
            "(SELECT id, min(call) AS call FROM told_ids JOIN same_call USING (_row) GROUP BY id) "
            "SELECT t._row, any_value(t._input) AS _input, min(least.call) AS call FROM told_ids t JOIN least USING (id) "
            "GROUP BY t._row"
        )
        changed = db.execute("SELECT count(*) FROM next_call n JOIN same_call s USING (_row) WHERE n.call <> s.call")
        db.execute("CREATE OR REPLACE TEMP TABLE same_call AS FROM next_call")
        if not changed[0][0]:
            break
    return bool(db.execute("SELECT count(*) FROM same_call")[0][0])


def _merge(db: Database, columns: Mapping[str, str], layers: Sequence[int], target: Path) -> None:
    """Write one row for each call of `same_call`, with what its records know, the nearest to the provider first."""
    db.execute("CREATE TEMP TABLE input_layers (_input INTEGER, layer INTEGER)")
    db.insert("input_layers", [[index, layer] for index, layer in enumerate(layers)])
    db.execute(
        "CREATE TEMP TABLE ranked AS SELECT s.*, row_number() OVER "
        "(PARTITION BY call ORDER BY coalesce(layer, 0), _row) AS place FROM same_call s LEFT JOIN input_layers USING (_input)"
    )
    db.execute("CREATE TEMP TABLE chosen AS SELECT call, _row AS kept FROM ranked WHERE place = 1")
    facts = [name for name in columns if not name.startswith("_")]
    merged = [f"arg_min({quote(name)}, place) FILTER ({quote(name)} IS NOT NULL) AS {quote(name)}" for name in facts]
    own = [f"arg_min({name}, place) AS {name}" for name in ("_row", "_input", "_line")]
    db.execute(
        f"COPY (SELECT {', '.join([*own, *merged])} FROM records JOIN (SELECT _row, call, place FROM ranked) USING (_row) "
        f"GROUP BY call) TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4)"
    )
