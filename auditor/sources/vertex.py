"""Google Vertex AI: request-response logs as exported from BigQuery, and data access entries of Cloud Audit Logs.

Format: https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/request-response-logging and
https://cloud.google.com/logging/docs/audit. The first has what was asked and answered and not who asked; it may hold only
a sample of the calls. The second has who asked. No id is in both.
"""

from auditor.engine import literal
from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.source import JsonObject, Source

COLUMNS = (
    "endpoint", "deployed_model_id", "logging_time", "request_id", "request_payload", "response_payload", "model",
    "api_method", "full_request", "full_response",
)  # fmt: skip
ENTRY = ("protoPayload", "protopayload_auditlog", "insertId", "timestamp", "operation", "resource")
"""Members of a log entry. BigQuery has the payload under its second name."""
PAYLOAD = (
    "serviceName", "methodName", "resourceName", "status/code", "authenticationInfo/principalEmail",
    "authenticationInfo/principalSubject", "authenticationInfo/serviceAccountKeyName", "requestMetadata/callerIp",
    "requestMetadata/callerSuppliedUserAgent", "request/endpoint", "request/model",
)  # fmt: skip
COUNTS = ("prompt_token_count", "candidates_token_count", "thoughts_token_count", "cached_content_token_count")
ANSWERED = (*(f"usage_metadata/{name}" for name in COUNTS), "model_version", "response_id", "error/code")
PREDICTIONS = (
    ("generate_content", "(Stream|Bidi)?GenerateContent"),
    ("embeddings", "(Batch)?EmbedContent"),
    ("chat", "(Stream|Streaming)?RawPredict|ChatCompletions"),
    (
        "predict",
        "(ServerStreaming|Streaming|Direct|StreamDirect)?Predict|(Direct|StreamDirect)RawPredict|PredictLongRunning",
    ),
)
"""Operation → RE2 expression on the last part of a method's name: those that call a model."""
GRPC = (
    "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
"""Names of gRPC's status codes, from 1."""


def _model(sql: str) -> str:
    """Return SQL for a publisher's model without the path to it; other resources stand for themselves."""
    return f"coalesce(nullif(regexp_extract({sql}, 'publishers/[^/]+/models/([^/:]+)', 1), ''), nullif({sql}, ''))"


def _part(word: str, *resources: str) -> str:
    """Return SQL for what follows `word` in the first resource name that has it."""
    found = (f"nullif(regexp_extract({sql}, '(?:^|/){word}/([^/]+)', 1), '')" for sql in resources)
    return f"coalesce({', '.join(found)})"


def _operation(method: str, model: str) -> str:
    """Return SQL for the operation of a method, told by the last part of its name; NULL where it calls no model."""
    cases = " ".join(
        f"WHEN regexp_full_match({method}, '(?i){words}') THEN {literal(name)}" for name, words in PREDICTIONS
    )
    return (
        f"list_transform([CASE {cases} END], lambda found: CASE WHEN found = 'predict' AND contains(lower({model}), 'embed') "
        f"THEN 'embeddings' WHEN found = 'predict' AND regexp_matches(lower({model}), 'imagen|imagegeneration') "
        "THEN 'image_generation' ELSE found END)[1]"
    )


_PATHS = ", ".join(literal("/" + name) for name in ANSWERED)
# Where an answer is a list of chunks, the last has the counts.
ROWS = f"""
SELECT *, {_operation("api_method", "_model")} AS called, json_extract_string(_last, [{_PATHS}]) AS _own
FROM (SELECT *, coalesce({_model("model")}, {_model("endpoint")}) AS _model,
        CASE WHEN starts_with(answered, '[') THEN as_json(json_extract_string(as_json(answered), '$[#-1]'))
            ELSE as_json(answered) END AS _last
    FROM (SELECT *, coalesce(full_request, json_extract_string(as_json(request_payload), '$[0]')) AS asked,
            coalesce(full_response, '[' || array_to_string(
                json_extract_string(as_json(response_payload), '$[*]'), ',') || ']') AS answered FROM line))
"""
_REASONS = """nullif(to_json(list_transform(list_filter(json_extract_string(_last, '$.candidates[*].finish_reason'),
    lambda one: one IS NOT NULL), lambda one: CASE lower(one) WHEN 'max_tokens' THEN 'length' ELSE lower(one) END))::VARCHAR,
    '[]')"""


def _count(name: str) -> str:
    return f"_own[{COUNTS.index(name) + 1}]"


def _either(name: str, own: str) -> str:
    return f"coalesce({own}, {BODIES[name]})"


# What was thought is not among the candidates; a call that was cut while thinking has no candidates at all.
_OUTPUT = (
    f"CASE WHEN {_count('candidates_token_count')} IS NULL THEN {_count('thoughts_token_count')} "
    f"ELSE sum_of({_count('candidates_token_count')}, {_count('thoughts_token_count')}) END"
)
FACTS = BODIES | {
    "timestamp": "regexp_replace(logging_time, ' UTC$', 'Z')",
    "record.id": "request_id",
    "gen_ai.provider.name": "'gcp.vertex_ai'",
    "gen_ai.operation.name": _either("gen_ai.operation.name", "called"),
    "gen_ai.request.model": "_model",
    "gen_ai.response.model": _either("gen_ai.response.model", "nullif(_own[5], '')"),
    "gen_ai.response.id": _either("gen_ai.response.id", "nullif(_own[6], '')"),
    "gen_ai.usage.input_tokens": _either("gen_ai.usage.input_tokens", _count("prompt_token_count")),
    "gen_ai.usage.output_tokens": _either("gen_ai.usage.output_tokens", _OUTPUT),
    "gen_ai.usage.cache_read.input_tokens": _either(
        "gen_ai.usage.cache_read.input_tokens", _count("cached_content_token_count")
    ),
    "gen_ai.usage.reasoning.output_tokens": _either(
        "gen_ai.usage.reasoning.output_tokens", _count("thoughts_token_count")
    ),
    "gen_ai.response.finish_reasons": f"coalesce({BODIES['gen_ai.response.finish_reasons']}, {_REASONS})",
    "error.type": _either("error.type", "_own[7]"),
    "route": "'vertex'",
    "cloud.region": _part("locations", "endpoint", "model"),
    "project.id": _part("projects", "endpoint", "model"),
}


def _is_logged(item: JsonObject) -> bool:
    return {"logging_time", "request_id"} <= item.keys() and not {
        "full_request", "request_payload", "full_response", "response_payload",
    }.isdisjoint(item)  # fmt: skip


VERTEX = Source(
    name="vertex",
    title="Google Vertex AI: request-response logs, exported from BigQuery",
    detects=lambda sample: any(_is_logged(item) for item in sample.items),
    columns=dict.fromkeys(COLUMNS, "VARCHAR"),
    facts=FACTS,
    rows=read_bodies(ROWS),
    skip="CASE WHEN lower(api_method) IN ('counttokens', 'computetokens') THEN 'no model call: counts tokens' END",
    constants=frozenset({"gen_ai.provider.name", "route"}),
    layer="provider",
)


def _told(name: str) -> str:
    return f"nullif(_payload[{PAYLOAD.index(name) + 1}], '')"


# A streamed call has an entry where it begins and one where it ends, under one operation. If both are there, the first
# stands for the call, with how it ended; where only one is, that does.
AUDIT_ROWS = f"""
, entry AS NOT MATERIALIZED (SELECT *, json_extract_string(as_json(operation), ['/id', '/first', '/last']) AS _stream,
    json_extract_string(as_json(coalesce(protoPayload, protopayload_auditlog)),
        [{", ".join(literal("/" + name) for name in PAYLOAD)}]) AS _payload FROM line),
begun AS (SELECT DISTINCT _stream[1] AS stream FROM entry WHERE _stream[2] = 'true' AND _stream[1] <> ''),
ended AS (SELECT _stream[1] AS stream, max({_told("status/code")}) AS code FROM entry
    WHERE _stream[3] = 'true' AND _stream[1] <> '' GROUP BY 1)
SELECT entry.*, begun.stream IS NOT NULL AND coalesce(_stream[2], '') <> 'true' AS counted,
    coalesce({_told("status/code")}, ended.code) AS code,
    regexp_extract({_told("methodName")}, '[^./]+$') AS method,
    coalesce({_told("resourceName")}, {_told("request/endpoint")}, {_told("request/model")}) AS resource_name
FROM entry LEFT JOIN begun ON _stream[1] = begun.stream LEFT JOIN ended ON _stream[1] = ended.stream
ORDER BY _line
"""
_CALLED = _operation("method", "resource_name")
_LABEL = "json_extract_string(as_json(resource), '/labels/{}')"
_CODES = " ".join(f"WHEN '{code}' THEN '{name}'" for code, name in enumerate(GRPC, 1))
AUDIT_FACTS = {
    "timestamp": "timestamp",
    "record.id": "insertId",
    "record.ids": "CASE WHEN _stream[1] <> '' THEN to_json([_stream[1]])::VARCHAR END",
    "gen_ai.provider.name": "'gcp.vertex_ai'",
    "gen_ai.operation.name": _CALLED,
    "gen_ai.request.model": _model("resource_name"),
    "error.type": f"CASE code WHEN '0' THEN NULL {_CODES} ELSE code END",
    "route": "'vertex'",
    "cloud.region": f"coalesce({_part('locations', 'resource_name', _told('request/endpoint'))}, "
    f"nullif({_LABEL.format('location')}, ''))",
    # Google writes `private` or `gce-internal-ip` where it does not show the address.
    "client.address": f"address_of({_told('requestMetadata/callerIp')})",
    "user_agent.original": _told("requestMetadata/callerSuppliedUserAgent"),
    "project.id": f"coalesce({_part('projects', 'resource_name')}, nullif({_LABEL.format('project_id')}, ''))",
    "api_key.id": f"nullif(regexp_extract({_told('authenticationInfo/serviceAccountKeyName')}, '[^/]+$'), '')",
    "user.id": f"coalesce({_told('authenticationInfo/principalEmail')}, {_told('authenticationInfo/principalSubject')})",
}


def _is_entry(item: JsonObject) -> bool:
    payload = item.get("protoPayload", item.get("protopayload_auditlog"))
    return isinstance(payload, dict) and {"serviceName", "methodName"} <= payload.keys()


GCP_AUDIT = Source(
    name="gcp-audit",
    title="Google Cloud Audit Logs: data access entries of Vertex AI",
    detects=lambda sample: any(_is_entry(item) for item in sample.objects),
    columns=dict.fromkeys(ENTRY, "VARCHAR"),
    facts=AUDIT_FACTS,
    rows=AUDIT_ROWS,
    skip=f"CASE WHEN {_told('serviceName')} <> 'aiplatform.googleapis.com' THEN 'event of another service' "
    "WHEN counted THEN 'end of a streamed call, which is counted where it begins' "
    f"WHEN {_CALLED} IS NOT NULL OR {_told('methodName')} IS NULL THEN NULL "
    "WHEN regexp_full_match(method, '[A-Za-z]{1,80}') THEN 'control event: ' || method ELSE 'control event' END",
    constants=frozenset({"gen_ai.provider.name", "route"}),
    layer="provider",
)
