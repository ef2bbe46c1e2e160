"""OpenTelemetry traces as OTLP/JSON: GenAI conventions of every age, OpenInference, OpenLLMetry, Anthropic.

Format: https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/ (one TracesData a line). A record is a span that
calls a model. Ids are hexadecimal; those in base64, as some write them, are brought to that.
"""

from collections.abc import Iterator

from auditor.engine import literal, quote
from auditor.sources.source import JsonObject, Sample, Source

# Attribute names that carry a fact, newest first; the first that a span has counts.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "gen_ai.provider.name": ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "llm.vendor",
                             "mlflow.llm.provider"),
    "gen_ai.request.model": (
        "gen_ai.request.model", "llm.request.model_name", "llm.request.model", "ai.model.id", "mlflow.llm.model",
        "llm.model_name", "embedding.model_name",
    ),
    "gen_ai.response.model": (
        "gen_ai.response.model", "llm.response.model_name", "llm.response.model", "ai.response.model",
    ),
    "gen_ai.response.id": ("gen_ai.response.id", "llm.response.id", "ai.response.id"),
    "gen_ai.conversation.id": (
        "gen_ai.conversation.id", "session.id", "langfuse.session.id", "traceloop.association.properties.session_id",
        "ai.telemetry.metadata.sessionId",
    ),
    "gen_ai.output.type": ("gen_ai.output.type",),
    "gen_ai.usage.input_tokens": (
        "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens", "llm.token_count.prompt",
        "ai.usage.inputTokens", "ai.usage.promptTokens",
    ),
    "gen_ai.usage.output_tokens": (
        "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens",
        "llm.token_count.completion", "ai.usage.outputTokens", "ai.usage.completionTokens",
    ),
    "gen_ai.usage.cache_read.input_tokens": (
        "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read", "ai.usage.cachedInputTokens",
    ),
    "gen_ai.usage.cache_write.input_tokens": (
        "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens", "llm.token_count.prompt_details.cache_write",
    ),
    "gen_ai.usage.reasoning.output_tokens": (
        "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens",
        "llm.token_count.completion_details.reasoning", "ai.usage.reasoningTokens",
    ),
    "gen_ai.response.finish_reasons": (
        "gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "llm.response.finish_reason",
        "llm.finish_reason", "anthropic.message.stop_reason", "ai.response.finishReason",
    ),
    "http.response.status_code": ("http.response.status_code", "http.status_code"),
    "error.type": ("error.type", "exception.type"),
    "client.address": ("client.address",),
    "user_agent.original": ("user_agent.original", "http.user_agent"),
    "geo.country.iso_code": ("geo.country.iso_code",),
    "geo.region.iso_code": ("geo.region.iso_code",),
    "cloud.region": ("cloud.region", "anthropic.response.inference_geo"),
    "call.cost": ("llm.cost.total", "gen_ai.usage.cost"),
    "service.name": ("service.name",),
    "organization.id": ("anthropic.organization.id",),
    "project.id": ("anthropic.workspace.id",),
    "user.id": (
        "user.id", "gen_ai.user", "llm.user", "langfuse.user.id", "traceloop.association.properties.user_id",
        "ai.telemetry.metadata.userId",
    ),
    "end_user.id": ("enduser.id",),
}  # fmt: skip
OPERATION = (
    "gen_ai.operation.name",
    "llm.request.type",
    "openinference.span.kind",
    "traceloop.span.kind",
    "mlflow.spanType",
)
HOST = ("server.address", "gen_ai.openai.api_base", "llm.base_url", "url.full", "http.url", "net.peer.name")
INPUT = ("gen_ai.input.messages", "gen_ai.prompt", "llm.prompts", "ai.prompt.messages", "ai.prompt", "input.value",
         "traceloop.entity.input", "mlflow.spanInputs")  # fmt: skip
OUTPUT = ("gen_ai.output.messages", "gen_ai.completion", "ai.response.text", "output.value", "traceloop.entity.output",
          "mlflow.spanOutputs")  # fmt: skip
INDEXED_INPUT = (
    r"^(llm\.input_messages\.[0-9]+\.message\.(content|contents\.[0-9]+\.message_content\.text)"
    r"|gen_ai\.prompt\.[0-9]+\.content|llm\.prompts\.[0-9]+\.prompt\.text"
    r"|embedding\.embeddings\.[0-9]+\.embedding\.text)$"
)
INDEXED_OUTPUT = (
    r"^(llm\.output_messages\.[0-9]+\.message\.(content|contents\.[0-9]+\.message_content\.text)"
    r"|gen_ai\.completion\.[0-9]+\.content)$"
)
OPERATIONS = {
    "completion": "text_completion",
    "llm": "chat",
    "chat_model": "chat",
    "embedding": "embeddings",
    "rerank": "rerank",
}
NO_CALLS = (
    "agent", "chain", "chat_memory", "create_agent", "create_memory", "create_memory_store", "delete_memory",
    "delete_memory_store", "evaluator", "execute_tool", "fetch_response", "guardrail", "invoke_agent",
    "invoke_workflow", "memory", "parser", "plan", "prompt", "reranker", "retrieval", "retriever",
    "search_memory", "task", "tool", "unknown", "update_memory", "upsert_memory", "workflow",
)  # fmt: skip
"""Operations that call no model themselves. An agent's span sums up its calls, which are spans of their own."""
REQUEST_IDS = ("anthropic.request.id", "openai.request.id", "aws.request_id", "gen_ai.request.id")
USAGE = "mlflow.chat.tokenUsage"
"""An attribute that holds counts as JSON: fact → its member there."""
USAGE_MEMBERS = {
    "gen_ai.usage.input_tokens": "input_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cache_read_input_tokens",
    "gen_ai.usage.cache_write.input_tokens": "cache_creation_input_tokens",
}

_KINDS = ("stringValue", "intValue", "doubleValue", "boolValue", "arrayValue", "kvlistValue")
_VALUE = f"STRUCT({', '.join(f'{kind} VARCHAR' for kind in _KINDS)})"
ATTRIBUTES = f'STRUCT("key" VARCHAR, "value" {_VALUE})[]'
RESOURCE = f"resource STRUCT(attributes {ATTRIBUTES})"


def unnested(resources: str, scopes: str, calls: str, moment: str, more: str = "") -> str:
    """Return SQL that gives each span or log record of `line` with the names and values of its attributes.

    Args:
        resources, scopes, calls: names of the lists on the way to it.
        moment: SQL for its time, of `call`.
        more: SQL for further columns, of `call`.
    """
    calls_of = (
        f"flatten(list_transform({resources}, lambda r: list_transform(coalesce(nullif(flatten(list_transform("
        f"r.{scopes}, lambda s: s.{calls})), []), [NULL]), lambda c: {{'shared': r.resource.attributes, 'call': c}})))"
    )
    return f"""
SELECT _line, _first, is_otlp, hex_id(call.traceId) AS trace, hex_id(call.spanId) AS span, {moment} AS moment{more},
    list_transform(attributes, lambda a: a.key) AS keys,
    list_transform(attributes, lambda a: coalesce(a.value.stringValue, a.value.intValue, a.value.doubleValue,
        a.value.boolValue, a.value.arrayValue, a.value.kvlistValue)) AS vals
FROM (
    SELECT _line, is_otlp, place = 1 AS _first, item.call AS call, list_concat(item.call.attributes, item.shared) AS attributes
    FROM (
        SELECT _line, is_otlp, unnest(items) AS item, generate_subscripts(items, 1) AS place FROM (
            SELECT _line, {resources} IS NOT NULL OR resourceMetrics IS NOT NULL AS is_otlp,
                coalesce(nullif({calls_of}, []), [NULL]) AS items
            FROM line)))
"""


def attribute(*names: str) -> str:
    """Return SQL for the value of the first of the attributes `names` that the row has."""
    values = [f"nullif(vals[list_position(keys, {literal(name)})], '')" for name in names]
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


def _indexed(pattern: str) -> str:
    return (
        "lines_of(list_transform(list_filter(list_zip(keys, vals), "
        f"lambda pair: regexp_matches(pair[1], {literal(pattern)})), lambda pair: pair[2]))"
    )


def told_by_attributes() -> dict[str, str]:
    """Return column → SQL over `keys` and `vals` for all that attributes tell."""
    operation = f"lower({attribute(*OPERATION)})"
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in OPERATIONS.items())
    ids = ", ".join(attribute(name) for name in REQUEST_IDS)
    return {name: attribute(*names) for name, names in SPELLINGS.items()} | {
        "operation": f"CASE {operation} {cases} ELSE {operation} END",
        "provider": f"provider_name({attribute(*SPELLINGS['gen_ai.provider.name'])})",
        "host": f"host_of({attribute(*HOST)})",
        "ids": f"list_filter([{ids}], lambda id: id IS NOT NULL)",
        "usage": attribute(USAGE),
        "system": attribute("gen_ai.system_instructions"),
        "input": attribute(*INPUT),
        "output": attribute(*OUTPUT),
    }


def _rows() -> str:
    """Return SQL that makes a row of each span, with a column for each fact's attribute."""
    columns = told_by_attributes() | {
        "vercel": attribute("ai.operationId"),
        "input_parts": _indexed(INDEXED_INPUT),
        "output_parts": _indexed(INDEXED_OUTPUT),
    }
    named = ", ".join(f"{sql} AS {quote(name)}" for name, sql in columns.items())
    spans = unnested(
        "resourceSpans", "scopeSpans", "spans", "call.startTimeUnixNano", ", hex_id(call.parentSpanId) AS parent"
    )
    bare = "span IS NULL AND moment IS NULL AS bare"
    return f"SELECT _line, _first, is_otlp, trace, span, parent, moment, {bare}, {named} FROM ({spans})"


def _skip() -> str:
    no_calls = ", ".join(literal(name) for name in NO_CALLS)
    return (
        f"CASE WHEN NOT is_otlp THEN NULL WHEN bare THEN 'line without spans' "
        f"WHEN operation IN ({no_calls}) THEN 'span that calls no model itself: ' || operation "
        "WHEN regexp_full_match(vercel, 'ai\\.[a-zA-Z]+') THEN 'span that calls no model itself: ' || vercel "
        'WHEN operation IS NULL AND coalesce("gen_ai.request.model", "gen_ai.response.model") IS NULL '
        "THEN 'span without an operation or model' END"
    )


FACTS = (
    {name: quote(name) for name in SPELLINGS}
    | {
        name: f"coalesce({quote(name)}, json_extract_string(as_json(usage), '/{member}'))"
        for name, member in USAGE_MEMBERS.items()
    }
    | {
        "timestamp": "moment",
        "record.id": "trace || '/' || span",
        "record.ids": "nullif(to_json(list_concat(ids, CASE WHEN trace <> '' AND span <> '' THEN [trace || '/' || span] "
        "ELSE [] END))::VARCHAR, '[]')",
        "record.parent": "trace || '/' || parent",
        "gen_ai.provider.name": "provider",
        "gen_ai.operation.name": "operation",
        "gen_ai.response.finish_reasons": 'array_texts("gen_ai.response.finish_reasons")',
        "server.address": "host",
        "prompt.text": "lines_of([otlp_text(system), coalesce(input_parts, otlp_text(input))])",
        "completion.text": "coalesce(output_parts, otlp_text(output))",
    }
)


def _detects(sample: Sample) -> bool:
    return any(not {"resourceSpans", "resourceMetrics"}.isdisjoint(item) for item in sample.objects)


def fields_of(item: JsonObject) -> Iterator[str]:
    """Yield the names of all attributes in a line."""
    todo: list[object] = [item]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo.extend(inner for name, inner in value.items() if name != "value")
            if isinstance(name := value.get("key"), str) and "value" in value:
                yield name
        elif isinstance(value, list):
            todo.extend(value)


TAKES = frozenset(
    {*OPERATION, *HOST, *INPUT, *OUTPUT, *REQUEST_IDS, USAGE, "gen_ai.system_instructions"}.union(*SPELLINGS.values())
)
_SPAN = f"STRUCT(traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, startTimeUnixNano VARCHAR, attributes {ATTRIBUTES})[]"

OTLP = Source(
    name="otlp",
    title="OpenTelemetry traces of model calls, OTLP/JSON (GenAI, OpenInference, OpenLLMetry, Anthropic)",
    detects=_detects,
    columns={
        "resourceSpans": f"STRUCT({RESOURCE}, scopeSpans STRUCT(spans {_SPAN})[])[]",
        "resourceMetrics": "VARCHAR",
    },
    facts=FACTS,
    fields=fields_of,
    takes=TAKES,
    rows=_rows(),
    skip=_skip(),
    layer="application",
    tells_first=True,
)
