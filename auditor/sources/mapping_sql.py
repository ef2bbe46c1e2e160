"""The rules of a mapping file as SQL over text. What cannot be read stays as it is, and becomes a reject where it is typed."""

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.engine import literal, quote
from auditor.model.facts import Fact
from auditor.sources.mapping_file import FACTORS, TIMES, Rule

YEAR_1 = 62_135_596_800_000_000
"""Microseconds from the year 1 to 1970."""
_ZONED = "'(Z|[+-][0-9]{2}(:?[0-9]{2})?)$'"
_RFC3339 = "'%Y-%m-%dT%H:%M:%S.%fZ'"


@dataclass(frozen=True)
class Place:
    """How values are found: whether names are JSON pointers, which texts stand for nothing, and the zone of plain times."""

    json: bool
    missing: Sequence[str] = ()
    timezone: str | None = None

    def top(self, column: str) -> str:
        """Return the column itself, or the top member that a pointer leads through."""
        return _split(column)[0] if self.json and column.startswith("/") else column

    def value(self, column: str, members: Sequence[str] = ()) -> str:
        """Return SQL for the text in a column, or deeper in the JSON that it holds."""
        member, rest = _split(column) if self.json and column.startswith("/") else (column, "")
        value = quote(member)
        for path in [rest, *members] if rest else members:
            value = f"json_extract_string(as_json({value}), {literal(path)})"
        if self.missing:
            value = f"CASE WHEN {value} NOT IN ({', '.join(map(literal, self.missing))}) THEN {value} END"
        return value


def _split(pointer: str) -> tuple[str, str]:
    """Return the first member of a JSON pointer (RFC 6901), unescaped, and the pointer below it."""
    member, slash, rest = pointer[1:].partition("/")
    return member.replace("~1", "/").replace("~0", "~"), slash + rest


def _constant(value: str | bool | int | float) -> str:  # noqa: FBT001
    return literal(str(value).lower() if isinstance(value, bool) else str(value))


def expression(rule: Rule, fact: Fact, place: Place) -> str:
    """Return SQL for the text of a fact."""
    if rule.constant is not None:
        return _constant(rule.constant)
    values = [place.value(column, rule.members) for column in rule.columns]
    value = values[0]
    stated = ", ".join(f"nullif({one}, '')" for one in values)
    if rule.first:
        value = f"coalesce({stated})"
    elif rule.join:
        value = f"nullif(concat_ws({literal(rule.separator)}, {stated}), '')"
    elif rule.sum:
        value = _added(values, "+")
    elif rule.difference:
        value = _added(values, "-")
    if rule.unit in FACTORS:
        value = _scaled(value, FACTORS[rule.unit])
    if fact.type == "timestamp":
        value = _time(value, rule, place)
    if rule.values:
        others = literal(rule.values["*"]) if "*" in rule.values else value
        cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in rule.values.items() if old != "*")
        value = f"CASE WHEN nullif({value}, '') IS NULL THEN NULL ELSE CASE {value} {cases} ELSE {others} END END"
    if rule.default is not None:
        value = f"coalesce(nullif({value}, ''), {_constant(rule.default)})"
    return value


def _decimal(value: str) -> str:
    return f"try_cast({value} AS DECIMAL(38, 9))"


def _added(values: Sequence[str], sign: str) -> str:
    """Return SQL for the sum or difference of amounts; one that is not stated counts nothing, unless none is."""
    wrong = " ".join(f"WHEN {one} <> '' AND {_decimal(one)} IS NULL THEN {one}" for one in values)
    none = " AND ".join(f"nullif({one}, '') IS NULL" for one in values)
    amount = f" {sign} ".join(f"coalesce({_decimal(one)}, 0)" for one in values)
    return f"CASE {wrong} WHEN {none} THEN NULL ELSE ({amount})::VARCHAR END"


def _scaled(value: str, factor: str) -> str:
    amount = f"try_cast({value} AS DECIMAL(27, 9)) * {factor}::DECIMAL(10, 2)"
    return f"coalesce(({amount})::VARCHAR, {value})"


def _time(value: str, rule: Rule, place: Place) -> str:
    zone = rule.timezone or place.timezone
    if rule.unit:
        micros = f"floor({_decimal(value)} * {TIMES[rule.unit]})"
        shifted = f"{micros} - {YEAR_1}" if rule.unit == "ticks" else micros
        moment = f"make_timestamp(try_cast({shifted} AS BIGINT))::VARCHAR"
        return f"CASE WHEN {_decimal(value)} IS NULL THEN {value} ELSE {moment} END"
    if rule.format:
        parsed = f"try_strptime({value}, {literal(rule.format)})"
        moment = parsed if "%z" in rule.format or not zone else f"timezone({literal(zone)}, {parsed})"
        moment = f"timezone('UTC', {moment})" if "%z" in rule.format or zone else moment
        return f"coalesce(strftime({moment}, {_RFC3339}), {value})"
    if zone:
        local = f"try_cast({value} AS TIMESTAMP)"
        moment = f"strftime(timezone('UTC', timezone({literal(zone)}, {local})), {_RFC3339})"
        return f"CASE WHEN regexp_matches({value}, {_ZONED}) OR {local} IS NULL THEN {value} ELSE {moment} END"
    return value
