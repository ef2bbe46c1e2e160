"""Azure OpenAI: diagnostic logs of requests, as diagnostic settings write them, and as rows of Log Analytics.

Format: https://learn.microsoft.com/azure/ai-foundry/openai/how-to/monitor-openai. They have neither tokens nor text, and
the last part of the caller's address is masked. `Tenant` is a region and no tenant; properties may be JSON in a string.
"""

from collections.abc import Mapping

from auditor.engine import literal, quote
from auditor.sources.source import JsonObject, Source

PROPERTIES = ("requestTime", "objectId", "modelDeploymentName", "modelName", "modelVersion", "apiName")
LOG = {
    "time": "time",
    "resource": "resourceId",
    "category": "category",
    "operation": "operationName",
    "status": "resultSignature",
    "address": "callerIpAddress",
    "correlation": "correlationId",
    "place": "location",
    "properties": "properties",
}
"""What a record has → its member in a diagnostic log."""
TABLE = {
    "time": "TimeGenerated",
    "resource": "ResourceId",
    "category": "Category",
    "operation": "OperationName",
    "status": "ResultSignature",
    "address": "CallerIPAddress",
    "correlation": "CorrelationId",
    "place": "location_s",
    "properties": "properties_s",
}
"""The same for the table AzureDiagnostics."""
CATEGORIES = {
    "audit": "control event",
    "trace": "trace",
    "azureopenairequestusage": "row of usage that repeats a request",
    "managednetworkevents": "control event",
}
OPERATIONS = (
    ("chat", "chatcompletion|^(createresponse|responses?create)"),
    ("embeddings", "embedding"),
    ("text_completion", "completion"),
    ("image_generation", "image"),
    ("transcription", "transcription|translation"),
    ("speech", "speech"),
    ("create_run", "^create(threadand)?run"),
)
"""Operation → RE2 expression on Azure's name of it in lower case without underscores; the first that fits counts."""
NO_CALLS = "(^|_)(get|list|retrieve|delete|cancel|modify|update|upload)(_|$)"
# Ticks of 100 nanoseconds since the year 1; the number is those up to 1970.
_TICKS = (
    "CASE WHEN regexp_full_match(_own[1], '[0-9]{18}') THEN ((_own[1]::BIGINT - 621355968000000000) // 10)::VARCHAR END"
)


def operation_named(sql: str) -> str:
    """Return SQL for the operation that `sql` names in Azure's words; NULL where no model is called by it, or not known."""
    plain = f"replace(lower({sql}), '_', '')"
    cases = " ".join(
        f"WHEN regexp_matches({plain}, {literal(pattern)}) THEN {literal(name)}" for name, pattern in OPERATIONS
    )
    return f"CASE WHEN regexp_matches(lower({sql}), {literal(NO_CALLS)}) THEN NULL {cases} END"


def _rows(names: Mapping[str, str]) -> str:
    told = ", ".join(f"nullif({quote(column)}, '') AS {name}" for name, column in names.items())
    paths = ", ".join(literal("/" + name) for name in PROPERTIES)
    return (
        f"SELECT *, {operation_named('operation')} AS asked_for, nullif(_own[3], '') AS deployment, "
        f"nullif(_own[4], '') AS model FROM (SELECT *, json_extract_string(as_json(properties), [{paths}]) AS _own "
        f"FROM (SELECT _line, {told} FROM line))"
    )


FACTS = {
    "timestamp": f"coalesce(time, {_TICKS})",
    "record.id": "correlation",
    "record.ids": "CASE WHEN correlation IS NOT NULL THEN to_json([correlation])::VARCHAR END",
    "gen_ai.provider.name": "'azure.ai.openai'",
    "gen_ai.operation.name": "coalesce(asked_for, lower(operation))",
    "gen_ai.request.model": "coalesce(model, deployment)",
    # Dated as the model names itself in answers; other versions (`1`, `turbo-2024-04-09`) are no part of its name there.
    "gen_ai.response.model": "model || CASE WHEN regexp_full_match(_own[5], '20[0-9]{2}-[0-9]{2}-[0-9]{2}') "
    "AND NOT contains(model, _own[5]) THEN '-' || _own[5] ELSE '' END",
    "http.response.status_code": "nullif(regexp_extract(status, '^[1-5][0-9][0-9]$'), '')",
    "error.type": "CASE WHEN regexp_matches(status, '^[45][0-9][0-9]$') THEN status END",
    "route": "'azure'",
    "cloud.region": "place",
    "client.address": "address_of(address)",
    "account.id": "nullif(lower(regexp_extract(resource, '(?i)^/subscriptions/([^/]+)', 1)), '')",
    "project.id": "nullif(lower(regexp_extract(resource, '(?i)/accounts/([^/]+)', 1)), '')",
    "user.id": "nullif(_own[2], '')",
}
_OTHERS = " ".join(f"WHEN {literal(name)} THEN {literal(why)}" for name, why in CATEGORIES.items())
SKIP = (
    f"CASE WHEN lower(category) <> 'requestresponse' THEN CASE lower(category) {_OTHERS} ELSE 'row of another category' END "
    "WHEN asked_for IS NOT NULL OR operation IS NULL THEN NULL "
    f"WHEN model IS NOT NULL AND NOT regexp_matches(lower(operation), {literal(NO_CALLS)}) THEN NULL "
    "WHEN regexp_full_match(operation, '[A-Za-z_]{1,60}') THEN 'no model call: ' || operation ELSE 'no model call' END"
)


def _detects(names: Mapping[str, str], item: JsonObject) -> bool:
    if names is TABLE and item.get("Category") is None:
        return {"Category", "OperationName", "ResourceId", "properties_s"} <= item.keys()
    resource, properties = (str(item.get(names[name], "")) for name in ("resource", "properties"))
    known = str(item.get(names["category"], "")).lower() in {"requestresponse", *CATEGORIES}
    return known and (
        "/PROVIDERS/MICROSOFT.COGNITIVESERVICES/" in resource.upper()
        or "Azure OpenAI" in properties
        or "modelDeploymentName" in properties
    )


def _source(name: str, title: str, names: Mapping[str, str]) -> Source:
    return Source(
        name=name,
        title=title,
        detects=lambda sample: any(_detects(names, item) for item in sample.items),
        columns=dict.fromkeys(names.values(), "VARCHAR"),
        facts=FACTS,
        rows=_rows(names),
        skip=SKIP,
        constants=frozenset({"gen_ai.provider.name", "route"}),
        layer="provider",
    )


AZURE_OPENAI = _source("azure-openai", "Azure OpenAI: diagnostic logs", LOG)
AZURE_OPENAI_TABLE = _source("azure-openai-table", "Azure OpenAI: rows of AzureDiagnostics in Log Analytics", TABLE)
