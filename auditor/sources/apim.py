"""Azure API Management: logs of its gateway, and its logs of calls to language models.

Format: https://learn.microsoft.com/azure/api-management/gateway-log-schema-reference and
https://learn.microsoft.com/azure/azure-monitor/reference/tables/apimanagementgatewayllmlog. Both come from diagnostic
settings (`properties`) or as rows of Log Analytics, and share the correlation id. Where the gateway stands says nothing of
where the model ran. One call makes several rows of the second: the first in sequence has the counts, the others text.
"""

from collections.abc import Mapping

from auditor.engine import literal, quote
from auditor.sources.azure import operation_named
from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.source import JsonObject, Source

GATEWAY = (
    "url", "method", "backendUrl", "responseCode", "backendResponseCode", "requestBody", "responseBody",
    "backendRequestBody", "backendResponseBody", "apimSubscriptionId", "userId", "cache", "operationId", "requestHeaders",
    "responseHeaders", "backendResponseHeaders",
)  # fmt: skip
LLM = (
    "sequenceNumber", "deploymentName", "modelName", "promptTokens", "completionTokens", "requestId", "requestMessages",
    "responseMessages",
)  # fmt: skip
"""Members of `properties`; tables have them as columns that begin with a capital."""
LOG = {"time": "time", "category": "category", "correlation": "correlationId", "address": "callerIpAddress"}
TABLE = {"time": "TimeGenerated", "category": "Type", "correlation": "CorrelationId", "address": "CallerIpAddress"}
KINDS = {
    "gateway": ("gatewaylogs", "apimanagementgatewaylogs"),
    "llm": ("gatewayllmlogs", "apimanagementgatewayllmlog"),
}
AZURE_HOSTS = "[.](openai[.]azure|cognitiveservices[.]azure|api[.]cognitive[.]microsoft)[.]com$"
OTHER = "WHEN NOT coalesce(own_kind, TRUE) THEN 'row of another category' "


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _told(names: Mapping[str, str], members: tuple[str, ...], kind: str) -> str:
    """Return SQL for the rows of a log or table with `members` as columns of these names; `own_kind` tells other rows."""
    own = f"lower(category) IN ({', '.join(map(literal, KINDS[kind]))}) AS own_kind"
    heads = {name: f"nullif({quote(column)}, '')" for name, column in names.items()}
    if names is TABLE:
        found = {name: f"nullif({quote(_capital(name))}, '')" for name in members}
        source = "line"
    else:
        found = {name: f"coalesce({_first(place)}, {_first(place + 1)})" for place, name in _places(members)}
        paths = ", ".join(
            literal("/" + name) for word in (*members, "correlationId") for name in (word, _capital(word))
        )
        last = 2 * len(members)
        heads["correlation"] = f"coalesce({heads['correlation']}, {_first(last)}, {_first(last + 1)})"
        source = f"(SELECT *, json_extract_string(as_json(properties), [{paths}]) AS _own FROM line)"
    columns = ", ".join(f"{sql} AS {quote(name)}" for name, sql in (heads | found).items())
    return f"SELECT *, {own} FROM (SELECT _line, {columns} FROM {source})"


def _places(members: tuple[str, ...]) -> list[tuple[int, str]]:
    return [(2 * place, name) for place, name in enumerate(members)]


def _first(place: int) -> str:
    return f"nullif(_own[{place + 1}], '')"


def _header(*names: str) -> str:
    """Return SQL for a header of the answer, the backend's first."""
    paths = ", ".join(literal("/" + name) for name in names)
    found = [
        f"json_extract_string(as_json({column}), [{paths}])" for column in ("backendResponseHeaders", "responseHeaders")
    ]
    return f"coalesce({', '.join(f'list_filter({one}, lambda value: value IS NOT NULL)[1]' for one in found)})"


def _gateway_rows(names: Mapping[str, str]) -> str:
    threads = "coalesce(regexp_matches(path, '/(threads|assistants)(/|[?]|$)'), FALSE)"
    named = f"coalesce(operation_of(path), operation_of(url), {operation_named('operationId')})"
    return (
        "SELECT *, as_json(answered) AS _answer, host_of(backendUrl) AS host, "
        f"{threads} AS _threads, CASE WHEN NOT {threads} THEN {named} "
        "WHEN regexp_matches(path, '/runs([?]|$)') THEN 'create_run' END AS _asked_for "
        "FROM (SELECT *, coalesce(backendUrl, url) AS path, "
        "coalesce(nullif(backendResponseCode, '0'), responseCode) AS code, "
        "coalesce(backendRequestBody, requestBody) AS asked, coalesce(backendResponseBody, responseBody) AS answered "
        f"FROM ({_told(names, GATEWAY, 'gateway')}))"
    )


# Categories that Azure's filters found, whether or not they held text back. Their names are looked up as JSON pointers.
_SETS = (
    "list_concat([json_extract(_answer, '$.error.innererror.content_filter_result')], list_concat("
    "json_extract(_answer, '$.prompt_filter_results[*].content_filter_results'), "
    "json_extract(_answer, '$.choices[*].content_filter_results')))"
)
_PAIRS = (
    f"flatten(list_transform(list_filter({_SETS}, lambda one: json_type(one) = 'OBJECT'), lambda one: "
    "list_transform(json_keys(one), lambda name: {'name': name, "
    "'found': json_extract(one, '/' || replace(replace(name, '~', '~0'), '/', '~1'))})))"
)
_RAISED = (
    "list_contains(list_concat(json_extract_string(pair.found, ['/filtered', '/detected']), "
    "json_extract_string(pair.found, '$[*].filtered')), 'true')"
)
_BLOCKED = "json_extract_string(_answer, '$.error.code') = 'content_filter'"
_CATEGORIES = f"list_transform(list_filter({_PAIRS}, lambda pair: {_RAISED}), lambda pair: pair.name)"
_TRUE = r'"(filtered|detected)"\s*:\s*true'
_FLAGS = (
    f"CASE WHEN {_BLOCKED} OR regexp_matches(answered, {literal(_TRUE)}) "
    f"THEN coalesce(nullif(to_json({_CATEGORIES})::VARCHAR, '[]'), "
    f"CASE WHEN {_BLOCKED} THEN '[\"content_filter\"]' END) END"
)
_STATUS = "nullif(regexp_extract(code, '^[1-5][0-9][0-9]$'), '')"
# Threads hold messages and call no model; a body tells of a model only where the path does not.
_OPERATION = f"CASE WHEN _threads THEN _asked_for ELSE coalesce(_asked_for, {BODIES['gen_ai.operation.name']}) END"
_IDS = f"list_filter([correlation, {_header('apim-request-id', 'Apim-Request-Id')}], lambda id: id <> '')"
GATEWAY_FACTS = BODIES | {
    "timestamp": "time",
    "record.id": "correlation",
    "record.ids": f"nullif(to_json({_IDS})::VARCHAR, '[]')",
    "gen_ai.provider.name": f"CASE WHEN regexp_matches(host, {literal(AZURE_HOSTS)}) THEN 'azure.ai.openai' END",
    "gen_ai.operation.name": _OPERATION,
    "gen_ai.request.model": "coalesce(nullif(url_decode(regexp_extract(path, '/deployments/([^/?]+)', 1)), ''), "
    f"{BODIES['gen_ai.request.model']})",
    "http.response.status_code": _STATUS,
    "error.type": f"CASE WHEN {_BLOCKED} THEN 'content_filter' ELSE coalesce({BODIES['error.type']}, "
    f"CASE WHEN {_STATUS} >= '400' THEN {_STATUS} END) END",
    "content.flags": f"flags_in([{BODIES.get('content.flags', 'NULL')}, {_FLAGS}])",
    "server.address": "host",
    "cloud.region": _header("x-ms-region", "X-Ms-Region"),
    "client.address": "address_of(address)",
    "user_agent.original": "coalesce(json_extract_string(as_json(requestHeaders), '/User-Agent'), "
    "json_extract_string(as_json(requestHeaders), '/user-agent'))",
    "api_key.id": "apimSubscriptionId",
    "user.id": "userId",
}
_NO_CALL = f"""WHEN upper(method) IN ('GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE') OR calls_no_model(path)
    OR (coalesce(time, correlation) IS NOT NULL AND {_OPERATION} IS NULL)
    THEN 'request that called no model' """
GATEWAY_SKIP = (
    f"CASE {OTHER}WHEN lower(cache) = 'hit' THEN 'answered from the gateway''s cache: no model was called' {_NO_CALL}"
    f"WHEN backendUrl IS NULL AND {_STATUS} >= '400' THEN 'refused by the gateway: no model was called' END"
)


def _llm_rows(names: Mapping[str, str]) -> str:
    """Return SQL that makes one row of all that share a correlation id. Counts of rows after the first are no counts."""
    first = "coalesce(try_cast(sequenceNumber AS BIGINT), 0) = 0"
    heads = ", ".join(
        f"max({quote(name)}) FILTER ({first}) AS {quote(name)}"
        for name in ("deploymentName", "modelName", "promptTokens", "completionTokens", "requestId")
    )
    slices = ", ".join(
        f"list_sort(list(DISTINCT {{'place': try_cast(sequenceNumber AS BIGINT), 'text': {quote(name)}}}) "
        f"FILTER ({quote(name)} NOT IN ('null', '[]'))) AS {word}"
        for word, name in (("asked", "requestMessages"), ("answered", "responseMessages"))
    )
    return (
        f"SELECT min(_line) AS _line, min(time) AS time, correlation, own_kind, {heads}, {slices} "
        f"FROM ({_told(names, LLM, 'llm')}) "
        "GROUP BY correlation, own_kind, CASE WHEN correlation IS NULL OR NOT own_kind THEN _line END"
    )


def _sliced(column: str) -> str:
    """Return SQL for the text of messages in slices: each a list of messages, or all together one list that was cut."""
    whole = f"array_to_string(list_transform({column}, lambda slice: slice.text), '')"
    return (
        f"CASE WHEN json_valid({whole}) THEN messages_text({whole}) "
        f"ELSE lines_of(list_transform({column}, lambda slice: messages_text(slice.text))) END"
    )


_ANSWER_ID = "regexp_matches(requestId, '^(chatcmpl|cmpl|resp|msg)[-_]')"
LLM_FACTS = {
    "timestamp": "time",
    "record.id": "correlation",
    "record.ids": f"nullif(to_json(list_filter([correlation, CASE WHEN NOT {_ANSWER_ID} THEN requestId END], "
    "lambda id: id <> ''))::VARCHAR, '[]')",
    "gen_ai.provider.name": "CASE WHEN deploymentName IS NOT NULL THEN 'azure.ai.openai' END",
    "gen_ai.operation.name": "CASE WHEN contains(lower(modelName), 'embed') THEN 'embeddings' "
    "WHEN asked IS NOT NULL OR answered IS NOT NULL THEN 'chat' END",
    "gen_ai.request.model": "coalesce(deploymentName, modelName)",
    "gen_ai.response.model": "modelName",
    "gen_ai.response.id": f"CASE WHEN {_ANSWER_ID} THEN requestId END",
    "gen_ai.usage.input_tokens": "promptTokens",
    "gen_ai.usage.output_tokens": "completionTokens",
    "prompt.text": _sliced("asked"),
    "completion.text": _sliced("answered"),
}


def _detects(names: Mapping[str, str], kind: str, item: JsonObject) -> bool:
    if str(item.get(names["category"], "")).lower() in KINDS[kind]:
        return True
    wanted = {"SequenceNumber", "PromptTokens"} if kind == "llm" else {"ApiId", "ResponseCode", "Url"}
    return names is TABLE and {"CorrelationId", *wanted} <= item.keys()


def _source(name: str, title: str, names: Mapping[str, str], kind: str) -> Source:
    members = LLM if kind == "llm" else GATEWAY
    columns = (*names.values(), *map(_capital, members)) if names is TABLE else (*names.values(), "properties")
    return Source(
        name=name,
        title=title,
        detects=lambda sample: any(_detects(names, kind, item) for item in sample.items),
        columns=dict.fromkeys(columns, "VARCHAR"),
        facts=LLM_FACTS if kind == "llm" else GATEWAY_FACTS,
        rows=_llm_rows(names) if kind == "llm" else read_bodies(_gateway_rows(names)),
        skip=f"CASE {OTHER}END" if kind == "llm" else GATEWAY_SKIP,
        layer="gateway",
    )


APIM_GATEWAY = _source("apim-gateway", "Azure API Management: gateway logs", LOG, "gateway")
APIM_GATEWAY_TABLE = _source(
    "apim-gateway-table", "Azure API Management: rows of ApiManagementGatewayLogs", TABLE, "gateway"
)
APIM_LLM = _source("apim-llm", "Azure API Management: logs of calls to language models", LOG, "llm")
APIM_LLM_TABLE = _source("apim-llm-table", "Azure API Management: rows of ApiManagementGatewayLlmLog", TABLE, "llm")
