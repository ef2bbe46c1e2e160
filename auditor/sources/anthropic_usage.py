"""Anthropic's usage and costs of an organisation, as its administration APIs page them: sums by time and grouping.

Format: https://platform.claude.com/docs/en/api/admin-api. Two generations: analytics (`group` and `usage` or `cost` in a row),
and the usage and cost reports before it (`results` in a bucket); and the daily report of Claude Code. Amounts are in cents.
A dimension that is null is not known: it was not grouped by, or stands for the default.
"""

import json
from collections.abc import Callable

from auditor.engine import literal
from auditor.sources.source import JsonObject, Sample, Source
from auditor.sources.words import with_members

_COMMON = {"gen_ai.provider.name": "'anthropic'", "route": "'direct'"}
_ID = "sha256(to_json([starts, ends, of, dimensions])::VARCHAR)"
_TIMES = {
    "timestamp": "starts",
    "record.id": _ID,
    "bucket.seconds": "(date_diff('second', as_timestamp(starts), as_timestamp(ends)))::VARCHAR",
}
_CENTS = "CASE WHEN upper(currency) = 'USD' THEN (try_cast(cents AS DECIMAL(38, 12)) / 100)::VARCHAR END"


def _sum(*parts: str) -> str:
    """SQL for a sum of counts of which those that are missing are zero; missing if all are."""
    numbers = [f"try_cast({part} AS BIGINT)" for part in parts]
    zeros = " + ".join(f"coalesce({number}, 0)" for number in numbers)
    return f"CASE WHEN coalesce({', '.join(numbers)}) IS NOT NULL THEN ({zeros})::VARCHAR END"


_WRITE = _sum("write_5m", "write_1h", "write_all")
_TOKENS = {
    "gen_ai.usage.input_tokens": _sum("uncached", "read", "write_5m", "write_1h", "write_all"),
    "gen_ai.usage.output_tokens": "written",
    "gen_ai.usage.cache_read.input_tokens": "read",
    "gen_ai.usage.cache_write.input_tokens": _WRITE,
}
_WHO = {
    "gen_ai.request.model": "model",
    "project.id": "workspace",
    "api_key.id": "api_key",
    "user.id": "actor",
    "cloud.region": "nullif(place, 'not_available')",
}


_USAGE = {
    "uncached": "$.uncached_input_tokens", "read": "$.cache_read_input_tokens",
    "write_5m": "$.cache_creation.ephemeral_5m_input_tokens", "write_1h": "$.cache_creation.ephemeral_1h_input_tokens",
    "write_all": "$.cache_creation_input_tokens", "written": "$.output_tokens", "requests": "$.requests",
    "cents": "$.amount", "currency": "$.currency",
}  # fmt: skip
_GROUP = {
    "model": "$.model", "workspace": "$.workspace_id", "api_key": "$.api_key_id", "place": "$.inference_geo",
    "profile": "$.user_profile_id",
}  # fmt: skip
_PEOPLE = {
    "user": "$.actor.user_id", "service": "$.actor.service_account_id", "subject": "$.actor.subject",
    "mail": "$.actor.email_address",
}  # fmt: skip
_CODE = {
    "model": "$.model", "uncached": "$.tokens.input", "read": "$.tokens.cache_read",
    "write_all": "$.tokens.cache_creation", "written": "$.tokens.output", "cents": "$.estimated_cost.amount",
    "currency": "$.estimated_cost.currency",
}  # fmt: skip
_FIGURES = (
    "uncached_input_tokens", "cache_read_input_tokens", "cache_creation", "output_tokens", "server_tool_use", "amount",
    "requests",
)  # fmt: skip
"""Members of a result that are no dimensions."""


def _analytics(of: str) -> str:
    rows = (
        f"SELECT _line, starting_at AS starts, ending_at AS ends, '{of}' AS of, \"group\" AS dimensions, {of} AS figures "
        "FROM line"
    )
    rows = with_members(rows, "as_json(figures)", _USAGE)
    rows = with_members(rows, "as_json(dimensions)", _GROUP | _PEOPLE)
    return f'SELECT *, coalesce("user", service, subject, mail) AS actor FROM ({rows})'


def _report() -> str:
    nothing = json.dumps(dict.fromkeys(_FIGURES))
    rows = (
        "SELECT _line, starting_at AS starts, ending_at AS ends, 'report' AS of, result, "
        f"json_merge_patch(result, {literal(nothing)})::VARCHAR AS dimensions FROM (SELECT *, "
        "unnest(coalesce(nullif(json_extract(as_json(results), '$[*]'), []), [NULL])) AS result FROM line)"
    )
    people = {"account": "$.account_id", "service": "$.service_account_id"}
    rows = with_members(rows, "result", _USAGE | _GROUP | people)
    return f"SELECT *, coalesce(account, service) AS actor FROM ({rows})"


def _claude_code() -> str:
    rows = (
        "SELECT _line, \"date\" AS starts, NULL AS ends, 'claude_code' AS of, NULL AS write_5m, NULL AS write_1h, "
        "organization_id, coalesce(json_extract_string(as_json(actor), '$.email_address'), "
        "json_extract_string(as_json(actor), '$.user_id')) AS actor, json_extract_string(as_json(actor), '$.api_key_name') "
        "AS api_key, used, to_json([actor, customer_type, subscription_type, terminal_type, is_remote, "
        "json_extract_string(used, '$.model')])::VARCHAR AS dimensions FROM (SELECT *, "
        "unnest(coalesce(nullif(json_extract(as_json(model_breakdown), '$[*]'), []), [NULL])) AS used FROM line)"
    )
    return with_members(rows, "used", _CODE)


def _source(
    name: str,
    title: str,
    columns: tuple[str, ...],
    rows: str,
    facts: dict[str, str],
    detects: Callable[[JsonObject], bool],
    skip: str = "NULL",
) -> Source:
    def any_detects(sample: Sample) -> bool:
        return any(map(detects, sample.objects))

    return Source(
        name=name,
        title=title,
        detects=any_detects,
        columns=dict.fromkeys(columns, "VARCHAR"),
        facts=_COMMON | _TIMES | facts,
        rows=rows,
        skip=skip,
        constants=frozenset((*_COMMON, "bucket.seconds", "record.id", "request.count")),
        kind="bucket",
        layer="provider",
    )


def _has_results(item: JsonObject, *names: str) -> bool:
    results = item.get("results")
    return (
        "starting_at" in item
        and isinstance(results, list)
        and (not results or any(isinstance(result, dict) and not set(names).isdisjoint(result) for result in results))
    )


_NO_CALLS = {"request.count": "'0'", "call.cost": _CENTS}  # the calls that it is for are counted as usage
_IDLE = "CASE WHEN result IS NULL AND starts IS NOT NULL THEN 'span of time without usage' END"

ANTHROPIC_USAGE = _source(
    "anthropic-usage",
    "Anthropic organisation usage, as sums by time and grouping (pages of the analytics API)",
    ("starting_at", "ending_at", "group", "usage"),
    _analytics("usage"),
    _WHO | _TOKENS | {"request.count": "requests", "end_user.profile.id": "profile"},
    lambda item: "starting_at" in item and isinstance(item.get("group"), dict) and isinstance(item.get("usage"), dict),
)
ANTHROPIC_COST = _source(
    "anthropic-cost",
    "Anthropic organisation costs, as sums by time and grouping (pages of the analytics API)",
    ("starting_at", "ending_at", "group", "cost"),
    _analytics("cost"),
    _WHO | _NO_CALLS | {"end_user.profile.id": "profile"},
    lambda item: "starting_at" in item and isinstance(item.get("group"), dict) and isinstance(item.get("cost"), dict),
)
ANTHROPIC_USAGE_REPORT = _source(
    "anthropic-usage-report",
    "Anthropic organisation usage, older form (pages of the usage report for messages)",
    ("starting_at", "ending_at", "results"),
    _report(),
    _WHO | _TOKENS,
    lambda item: _has_results(item, "uncached_input_tokens"),
    _IDLE,
)
ANTHROPIC_COST_REPORT = _source(
    "anthropic-cost-report",
    "Anthropic organisation costs, older form (pages of the cost report)",
    ("starting_at", "ending_at", "results"),
    _report(),
    _WHO | _NO_CALLS,
    lambda item: _has_results(item, "amount"),
    _IDLE,
)
CLAUDE_CODE_USAGE = _source(
    "claude-code-usage",
    "Claude Code usage by person, day and model (pages of its usage report)",
    ("date", "actor", "organization_id", "customer_type", "subscription_type", "terminal_type", "is_remote",
     "model_breakdown"),
    _claude_code(),
    _TOKENS
    | {
        "bucket.seconds": "'86400'",
        "gen_ai.request.model": "model",
        "call.cost": _CENTS,
        "organization.id": "organization_id",
        "user.id": "actor",
        "api_key.id": "api_key",
    },
    lambda item: isinstance(item.get("core_metrics"), dict) and "model_breakdown" in item,
    "CASE WHEN used IS NULL AND starts IS NOT NULL THEN 'day without use of a model' END",
)  # fmt: skip
