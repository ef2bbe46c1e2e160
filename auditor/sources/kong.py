"""Kong AI Gateway: lines of Kong's log plugins (file-log, http-log, …).

Format: https://developer.konghq.com/ai-gateway/ai-audit-log-reference/. A line is one request; what its AI plugins did
stands under `ai`, for each under its own name. If several did something, the one that passed the request on counts.
"""

from auditor.engine import literal
from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.source import JsonObject, Source

COLUMNS = (
    "ai", "started_at", "client_ip", "consumer", "authenticated_entity", "request", "response", "upstream_status",
    "upstream_uri", "workspace", "workspace_name",
)  # fmt: skip
PROXIES = ("ai-proxy", "ai-proxy-advanced", "proxy", "proxy-advanced")
MEMBERS = (
    "meta/provider_name", "meta/request_model", "meta/response_model", "usage/prompt_tokens", "usage/prompt_token",
    "usage/input_tokens", "usage/completion_tokens", "usage/completion_token", "usage/output_tokens",
    "usage/prompt_tokens_details/cached_tokens", "usage/completion_tokens_details/reasoning_tokens", "usage/cost",
    "cache/cache_status", "payload/request", "payload/response",
)  # fmt: skip
REQUEST = ("id", "uri", "headers/user-agent")
CONSUMER = ("username", "custom_id", "id")


def _member(*paths: str) -> str:
    """Return SQL for a member of what the chosen plugin tells, the first that it has."""
    found = ", ".join(f"nullif(_told[{MEMBERS.index(path) + 1}], '')" for path in paths)
    return f"coalesce({found})"


def _consumer() -> str:
    return "coalesce(" + ", ".join(f"nullif(_consumer[{place}], '')" for place in range(1, len(CONSUMER) + 1)) + ")"


def _texts(column: str, names: tuple[str, ...]) -> str:
    paths = ", ".join(literal("/" + name) for name in names)
    return f"json_extract_string({column}, [{paths}])"


# Names of plugins are the operator's text: they are looked up as JSON pointers, and the best by what stands there.
_PLUGINS = (
    "list_transform(json_keys(_ai), lambda name: "
    "{'name': name, 'told': json_extract(_ai, '/' || replace(replace(name, '~', '~0'), '/', '~1'))})"
)
_USED = " OR ".join(
    f"json_extract_string(plugin.told, '/{path}') IS NOT NULL" for path in MEMBERS if path.endswith(("token", "tokens"))
)
_RANKED = (
    "list_transform(list_filter(" + _PLUGINS + ", lambda plugin: "
    "json_extract_string(plugin.told, '/meta/provider_name') IS NOT NULL OR " + _USED + "), "
    "lambda plugin: {'rank': CASE WHEN " + _USED + " THEN 0 ELSE 2 END + "
    f"CASE WHEN plugin.name IN ({', '.join(map(literal, PROXIES))}) THEN 0 ELSE 1 END, "
    "'name': plugin.name, 'told': plugin.told})"
)
ROWS = f"""
SELECT *, coalesce({_member("payload/request")}, json_extract_string(_ai, '/payload/request')) AS asked,
    {_member("payload/response")} AS answered,
    coalesce(nullif(regexp_extract(upstream_status, '([1-5][0-9][0-9])[ ]*$', 1), ''),
        json_extract_string(as_json(response), '/status')) AS status
FROM (SELECT *, {_texts("_plugin.told", MEMBERS)} AS _told, {_texts("as_json(request)", REQUEST)} AS _request,
        {_texts("as_json(consumer)", CONSUMER)} AS _consumer
    FROM (SELECT *, list_sort({_RANKED})[1] AS _plugin FROM (SELECT *, as_json(ai) AS _ai FROM line)))
"""


def _either(name: str, own: str) -> str:
    return f"coalesce({BODIES[name]}, {own})"


FACTS = BODIES | {
    "timestamp": "started_at",
    "record.id": "_request[1]",
    "gen_ai.provider.name": f"provider_name({_member('meta/provider_name')})",
    "gen_ai.operation.name": f"coalesce(operation_of(upstream_uri), operation_of(_request[2]), "
    f"{BODIES['gen_ai.operation.name']})",
    "gen_ai.request.model": f"coalesce({_member('meta/request_model')}, {BODIES['gen_ai.request.model']})",
    "gen_ai.response.model": f"coalesce({_member('meta/response_model')}, {BODIES['gen_ai.response.model']})",
    "gen_ai.usage.input_tokens": _either(
        "gen_ai.usage.input_tokens", _member("usage/prompt_tokens", "usage/prompt_token", "usage/input_tokens")
    ),
    "gen_ai.usage.output_tokens": _either(
        "gen_ai.usage.output_tokens",
        _member("usage/completion_tokens", "usage/completion_token", "usage/output_tokens"),
    ),
    "gen_ai.usage.cache_read.input_tokens": _either(
        "gen_ai.usage.cache_read.input_tokens", _member("usage/prompt_tokens_details/cached_tokens")
    ),
    "gen_ai.usage.reasoning.output_tokens": _either(
        "gen_ai.usage.reasoning.output_tokens", _member("usage/completion_tokens_details/reasoning_tokens")
    ),
    # Kong reckons with prices that its operator sets; without any, it writes 0.
    "call.cost": f"CASE WHEN coalesce(try_cast({_member('usage/cost')} AS DOUBLE), 1) <> 0 THEN {_member('usage/cost')} END",
    "http.response.status_code": "status",
    "error.type": f"coalesce({BODIES['error.type']}, CASE WHEN try_cast(status AS INTEGER) >= 400 THEN status END)",
    "client.address": "address_of(client_ip)",
    "user_agent.original": "_request[3]",
    "project.id": "coalesce(nullif(workspace_name, ''), workspace)",
    "api_key.id": "json_extract_string(as_json(authenticated_entity), '/id')",
    "user.id": _consumer(),
}


def _is_line(item: JsonObject) -> bool:
    return {"started_at", "request", "latencies"} <= item.keys()


KONG = Source(
    name="kong",
    title="Kong AI Gateway: lines of log plugins",
    detects=lambda sample: any(_is_line(item) for item in sample.objects),
    columns=dict.fromkeys(COLUMNS, "VARCHAR"),
    facts=FACTS,
    rows=read_bodies(ROWS),
    skip=f"CASE WHEN lower({_member('cache/cache_status')}) = 'hit' "
    "THEN 'answered from the gateway''s cache: no model was called' "
    "WHEN _plugin IS NULL AND started_at IS NOT NULL THEN 'request that called no model' END",
    layer="gateway",
)
