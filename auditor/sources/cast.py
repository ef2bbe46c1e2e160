"""Turns text into typed facts, in SQL: which spellings are read, and the words for those that are not.

Every source hands over text (VARCHAR); what a value looks like is decided here alone. Missing is NULL.
"""

from collections.abc import Collection

from auditor.engine import Database, literal, quote
from auditor.model.facts import Fact, FactType

# Plain numbers are times since 1970 by their digits: 2000 to 2100 has 9 or 10 in seconds, 12 or 13 in milliseconds,
# 15 or 16 in microseconds, 18 or 19 in nanoseconds.
_NUMBER = r"^[0-9]{9,19}(\.[0-9]{1,9})?$"
_RFC3339 = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"

MACROS = {
    "as_integer(x)": r"""CASE WHEN regexp_matches(x, '^-?[0-9]+$') THEN try_cast(x AS BIGINT)
        WHEN regexp_matches(x, '^-?[0-9]+\.0+$') THEN try_cast(split_part(x, '.', 1) AS BIGINT) END""",
    "as_number(x)": r"""CASE WHEN regexp_matches(x, '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$')
        AND isfinite(try_cast(x AS DOUBLE)) THEN try_cast(x AS DOUBLE) END""",
    "as_boolean(x)": """CASE WHEN lower(x) IN ('true', '1', 'yes') THEN TRUE
        WHEN lower(x) IN ('false', '0', 'no') THEN FALSE END""",
    "as_strings(x)": """CASE WHEN NOT starts_with(x, '[') THEN [x]
        WHEN NOT list_has_any(json_type(try_cast(x AS JSON), '$[*]'), ['OBJECT', 'ARRAY'])
        THEN list_filter(try_cast(try_cast(x AS JSON) AS VARCHAR[]), lambda item: item IS NOT NULL) END""",
    "scaled(x, factor)": "try_cast(floor(try_cast(x AS DECIMAL(38, 9)) * factor) AS BIGINT)",
    "epoch_micros(x)": f"""CASE WHEN NOT regexp_matches(x, '{_NUMBER}') THEN NULL
        ELSE CASE length(split_part(x, '.', 1))
            WHEN 9 THEN scaled(x, 1000000) WHEN 10 THEN scaled(x, 1000000)
            WHEN 12 THEN scaled(x, 1000) WHEN 13 THEN scaled(x, 1000)
            WHEN 15 THEN scaled(x, 1) WHEN 16 THEN scaled(x, 1)
            WHEN 18 THEN scaled(x, 0.001) WHEN 19 THEN scaled(x, 0.001) END END""",
    "in_range(t)": "CASE WHEN t >= TIMESTAMP '2000-01-01' AND t < TIMESTAMP '2101-01-01' THEN t END",
    "as_timestamp(x)": f"""in_range(CASE WHEN regexp_matches(upper(x), '{_RFC3339}')
        THEN try_cast(upper(x) AS TIMESTAMPTZ) AT TIME ZONE 'UTC' ELSE make_timestamp(epoch_micros(x)) END)""",
    "shown(x)": "'''' || left(x, 40) || CASE WHEN length(x) > 40 THEN '…' ELSE '' END || ''''",
}
WORDS: dict[FactType, str] = {
    "integer": "a whole number",
    "number": "a finite number",
    "boolean": "true or false",
    "timestamp": "a time of the years 2000 to 2100",
    "strings": "a list of strings",
}


def define_casts(db: Database) -> None:
    """Define the SQL macros that `typed` uses."""
    for signature, body in MACROS.items():
        db.execute(f"CREATE OR REPLACE MACRO {signature} AS {body}")


def present(fact: Fact, raw: str) -> str:
    """Return SQL for the text of `fact` given the text `raw`: an empty one is missing, but for free text."""
    return raw if fact.text else f"nullif({raw}, '')"


def typed(fact: Fact) -> str:
    """Return SQL for the value of the column that holds the text of `fact`; NULL if missing or not of its type."""
    return quote(fact.name) if fact.type == "string" else f"as_{fact.type}({quote(fact.name)})"


def fault(facts: list[Fact], constants: Collection[str] = ()) -> str:
    """Return SQL for what is wrong with a row of texts: NULL if nothing, an empty string if it holds no fact at all."""
    own = [quote(f.name) for f in facts if f.name not in constants]
    if not own:
        return "''"
    cases = " ".join(
        f"WHEN {quote(f.name)} IS NOT NULL AND {typed(f)} IS NULL "
        f"THEN {literal(f.name + ': ')} || shown({quote(f.name)}) || {literal(f' is not {WORDS[f.type]}')}"
        for f in facts
        if f.type != "string"
    )
    return f"CASE WHEN coalesce({', '.join(own)}) IS NULL THEN '' {cases} END"
