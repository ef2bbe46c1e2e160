"""Portkey: log exports (JSON lines), and logs as its log store keeps them (request, response and metrics).

Format: https://portkey.ai/docs/product/observability/logs-export; the store's is that of the open gateway. Costs are in
cents. A trace groups calls, so that its id is none of a call's.
"""

from collections.abc import Iterator

from auditor.engine import literal, quote
from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.source import JsonObject, Source
from auditor.sources.words import metadata_facts

EXPORT = (
    "id", "created_at", "is_success", "ai_org", "ai_model", "req_units", "res_units", "request_url", "cost",
    "cost_currency", "response_status_code", "cache_status", "api_key_id", "virtual_key", "workspace_slug",
    "organisation_id",
)  # fmt: skip
"""Members of an exported log, and of the metrics of a stored one."""
KEYS = ("metadata.key", "metadata__key")
VALUES = ("metadata.value", "metadata__value")
LISTS = (*KEYS, *VALUES)
"""Metadata as two lists. The store writes their names with a dot or, where it cannot, with two underscores."""
OBJECTS = ("request", "response", "metadata", "metrics", "request.body", "response.body")
ASKED = ("body", "url", "headers/cf-ipcountry", "headers/x-real-ip", "headers/user-agent", "portkeyHeaders", "method")
ANSWERED = (
    "body", "status", "headers", "headers/x-request-id", "headers/request-id", "headers/x-amzn-requestid",
    "headers/apim-request-id",
)  # fmt: skip


def _paths(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(literal("/" + name) for name in names) + "]"


def _asked(name: str) -> str:
    return f"_request[{ASKED.index(name) + 1}]"


def _answered(name: str) -> str:
    return f"_response[{ANSWERED.index(name) + 1}]"


def _list(names: tuple[str, ...]) -> str:
    """Return SQL for the list that stands under any of `names`."""
    found = [quote(name) for name in names] + [f"_metrics[{(*EXPORT, *LISTS).index(name) + 1}]" for name in names]
    return f"json_extract_string(as_json(coalesce({', '.join(found)})), '$[*]')"


def _metadata(name: str) -> str:
    """Return SQL for what the caller attached under `name`."""
    own = f"json_extract_string(as_json(metadata), {literal('/' + name)})"
    return f"nullif(coalesce({own}, _values[list_position(_keys, {literal(name)})]), '')"


# An export has the bodies themselves, the store what was sent with them; where it keeps no bodies, there are none.
ROWS = f"""
SELECT *, coalesce("request.body", CASE WHEN coalesce({_asked("url")}, {_asked("portkeyHeaders")}, {_asked("method")})
        IS NULL THEN request ELSE {_asked("body")} END) AS asked,
    coalesce("response.body", CASE WHEN {_answered("headers")} IS NULL AND {_answered("body")} IS NULL
        THEN response ELSE {_answered("body")} END) AS answered
FROM (SELECT * REPLACE ({
    ", ".join(f"coalesce({quote(name)}, _metrics[{place}]) AS {quote(name)}" for place, name in enumerate(EXPORT, 1))
}), {_list(KEYS)} AS _keys, {_list(VALUES)} AS _values
    FROM (SELECT *, json_extract_string(as_json(metrics), {_paths((*EXPORT, *LISTS))}) AS _metrics,
        json_extract_string(as_json(request), {_paths(ASKED)}) AS _request,
        json_extract_string(as_json(response), {_paths(ANSWERED)}) AS _response FROM line))
"""
_FAILED = "lower(is_success) IN ('false', '0')"
_STATUS = f"coalesce(nullif(response_status_code, ''), {_answered('status')})"
# Checks of guardrails that an answer tells to have failed, by their names.
_CHECKS = "list_concat(" + ", ".join(
    f"json_extract(as_json(answered), '$.hook_results.{when}_request_hooks[*].checks[*]')" for when in ("before", "after")
) + ")"  # fmt: skip
_FLAGS = (
    f"CASE WHEN contains(answered, '\"hook_results\"') THEN to_json(list_sort(list_distinct(list_transform("
    f"list_filter({_CHECKS}, lambda one: json_extract_string(one, '/verdict') = 'false'), "
    "lambda one: json_extract_string(one, '/id')))))::VARCHAR END"
)
_IDS = ", ".join(f"nullif({_answered(name)}, '')" for name in ANSWERED[3:])


def _either(name: str, own: str) -> str:
    return f"coalesce({BODIES[name]}, {own})"


FACTS = (
    BODIES
    | {name: _metadata(name) for name in metadata_facts("metadata")}
    | {
        "timestamp": "created_at",
        "record.id": "id",
        "record.ids": f"nullif(to_json(list_filter([{_IDS}], lambda one: one IS NOT NULL))::VARCHAR, '[]')",
        "gen_ai.provider.name": "provider_name(ai_org)",
        "gen_ai.operation.name": f"coalesce(operation_of(request_url), {BODIES['gen_ai.operation.name']})",
        "gen_ai.request.model": _either("gen_ai.request.model", f"CASE WHEN {_FAILED} THEN ai_model END"),
        "gen_ai.response.model": _either(
            "gen_ai.response.model", f"CASE WHEN NOT coalesce({_FAILED}, FALSE) THEN ai_model END"
        ),
        "gen_ai.usage.input_tokens": _either("gen_ai.usage.input_tokens", "req_units"),
        "gen_ai.usage.output_tokens": _either("gen_ai.usage.output_tokens", "res_units"),
        "call.cost": "CASE WHEN upper(coalesce(nullif(cost_currency, ''), 'USD')) = 'USD' "
        "THEN coalesce((try_cast(cost AS DECIMAL(30, 15)) * 0.01)::VARCHAR, cost) END",
        "http.response.status_code": _STATUS,
        "error.type": _either(
            "error.type",
            f"CASE WHEN try_cast({_STATUS} AS INTEGER) >= 400 THEN {_STATUS} WHEN {_FAILED} THEN 'failure' END",
        ),
        "content.flags": f"nullif({_FLAGS}, '[]')",
        "server.address": "host_of(CASE WHEN contains(request_url, '://') THEN request_url END)",
        "client.address": f"address_of({_asked('headers/x-real-ip')})",
        "user_agent.original": _asked("headers/user-agent"),
        "geo.country.iso_code": f"iso_country({_asked('headers/cf-ipcountry')})",
        "client.anonymised": f"CASE WHEN upper({_asked('headers/cf-ipcountry')}) = 'T1' THEN 'true' END",
        "organization.id": "organisation_id",
        "project.id": "workspace_slug",
        "api_key.id": "coalesce(nullif(api_key_id, ''), virtual_key)",
        "end_user.id": f"coalesce({_metadata('end_user.id')}, {_metadata('_user')}, {BODIES['end_user.id']})",
    }
)


def _is_log(item: JsonObject) -> bool:
    metrics = item.get("metrics")
    stored = metrics if isinstance(metrics, dict) and {"request", "response"} <= item.keys() else item
    return not {"ai_org", "ai_model"}.isdisjoint(stored) and not {
        "req_units", "total_units", "response_status_code", "request_url", "is_success", "cost",
    }.isdisjoint(stored)  # fmt: skip


def _fields(item: JsonObject) -> Iterator[str]:
    """Yield the names of a log's members, and of those of its metrics."""
    yield from item
    if isinstance(metrics := item.get("metrics"), dict):
        yield from metrics


PORTKEY = Source(
    name="portkey",
    title="Portkey: log exports, and logs of its log store",
    detects=lambda sample: any(_is_log(item) for item in sample.objects),
    columns=dict.fromkeys((*EXPORT, *LISTS, *OBJECTS), "VARCHAR"),
    facts=FACTS,
    fields=_fields,
    rows=read_bodies(ROWS),
    skip="CASE WHEN ends_with(upper(cache_status), 'HIT') THEN 'answered from the gateway''s cache: no model was called' "
    "WHEN calls_no_model(request_url) THEN 'no model call: lists or files' END",
    layer="gateway",
)
