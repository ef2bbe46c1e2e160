"""Langfuse: pages of observations, exports of traces and of tables, and the batches that its clients send.

Format: https://api.reference.langfuse.com (observations v2, ingestion) and https://langfuse.com/docs/api-and-data-platform.
All have the same members under other names. Who calls whom is not recorded: providers are taken from the attributes of the
client's instrumentation.
"""

from collections.abc import Callable, Mapping

from auditor.engine import literal, quote
from auditor.sources.source import JsonObject, Source
from auditor.sources.words import metadata_facts, with_members

MEMBERS = {
    "id": "id",
    "trace": "traceId",
    "parent": "parentObservationId",
    "project": "projectId",
    "kind": "type",
    "began": "startTime",
    "level": "level",
    "end_user": "userId",
    "session": "sessionId",
    "asked": "input",
    "answered": "output",
    "metadata": "metadata",
    "model": "providedModelName",
    "older_model": "model",
    "counts": "usageDetails",
    "older_counts": "usage",
    "input_count": "inputUsage",
    "output_count": "outputUsage",
    "cost": "totalCost",
    "costs": "costDetails",
}
"""What an observation has → its member in JSON of the API, newer or older."""
KINDS = ("GENERATION", "EMBEDDING")
"""Types of observations that are calls of a model."""
ALL_KINDS = (*KINDS, "SPAN", "EVENT", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR", "GUARDRAIL")
_CALL = "kind IN ('GENERATION', 'EMBEDDING')"


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


EXPORT = {name: _snake(member) for name, member in MEMBERS.items()}
"""The same for rows of an export."""
_ATTRIBUTES = "[" + ", ".join(
    literal(f"/{name}")
    for name in (
        "attributes/gen_ai.provider.name", "attributes/gen_ai.system", "attributes/llm.provider", "attributes/llm.system",
        "attributes/ai.model.provider", "ls_provider", "attributes/gen_ai.response.id", "attributes/server.address",
        "hidden_params/api_base", "attributes/gen_ai.response.finish_reasons", "attributes/gen_ai.response.model",
    )
) + "]"  # fmt: skip
_PROVIDER = ", ".join(f"nullif(_told[{place}], '')" for place in range(1, 7))
COUNTS = {
    "input": ("input", "promptTokens", "prompt_tokens", "input_tokens"),
    "output": ("output", "completionTokens", "completion_tokens", "output_tokens"),
    "total": ("total", "totalTokens", "total_tokens"),
    "read": ("input_cached_tokens", "input_cache_read", "cache_read_input_tokens", "prompt_details.cache_read",
             "prompt_tokens_details.cached_tokens"),
    "written": ("input_cache_creation", "cache_creation_input_tokens", "input_cache_write", "prompt_details.cache_write"),
    "reasoning": ("output_reasoning", "output_reasoning_tokens", "completion_details.reasoning",
                  "completion_tokens_details.reasoning_tokens"),
}  # fmt: skip
"""Count → the keys under which clients report it; the keys are free."""
_KEYS = [key for keys in COUNTS.values() for key in keys]


def _count(name: str) -> str:
    found = [f"try_cast(_counts[{_KEYS.index(key) + 1}] AS BIGINT)" for key in COUNTS[name]]
    return f"coalesce({', '.join(found)})"


# Cached tokens stand within the input or beside it, and reasoning within the output or beside it, as the client likes; the
# total tells which. Without one they stand beside, as Langfuse defines its keys.
_BESIDE = "coalesce(c_read, 0) + coalesce(c_written, 0)"
_OUTPUT = "CASE WHEN c_input + c_output = c_total THEN c_output ELSE c_output + coalesce(c_reasoning, 0) END"
_INPUT = (
    "CASE WHEN c_total IS NULL THEN c_input + beside WHEN c_input + coalesce(c_output, 0) = c_total THEN c_input "
    f"WHEN c_total - coalesce({_OUTPUT}, 0) BETWEEN c_input AND c_input + beside THEN c_total - coalesce({_OUTPUT}, 0) "
    "ELSE c_input END"
)


def _observations(base: str) -> str:
    """Return SQL over `base`, which has the columns of `MEMBERS` and `_line`, that finds counts and attributes."""
    keys = ", ".join(literal("/" + key) for key in _KEYS)
    counts = ", ".join(f"{_count(name)} AS c_{name}" for name in COUNTS)
    return (
        f"SELECT *, {_BESIDE} AS beside FROM (SELECT *, {counts} FROM (SELECT *, "
        f"json_extract_string(as_json(coalesce(nullif(counts, '{{}}'), CASE WHEN coalesce("
        f"json_extract_string(as_json(older_counts), '/unit'), 'TOKENS') = 'TOKENS' THEN older_counts END)), [{keys}]) "
        f"AS _counts, json_extract_string(as_json(metadata), {_ATTRIBUTES}) AS _told FROM ({base})))"
    )


def _text(column: str) -> str:
    """Return SQL for the text of what went in or came out, which may be JSON, JSON in a string, or plain."""
    inner = f"coalesce(CASE WHEN starts_with({column}, '\"') THEN json_extract_string(as_json({column}), '$') END, {column})"
    return f"messages_text({inner})"


FACTS = metadata_facts("metadata") | {
    "timestamp": "began",
    "record.id": "id",
    "record.ids": "nullif(to_json([lower(trace) || '/' || lower(id)])::VARCHAR, '[null]')",
    "record.parent": "lower(trace) || '/' || lower(parent)",
    "gen_ai.provider.name": f"provider_name(coalesce({_PROVIDER}))",
    "gen_ai.operation.name": "CASE kind WHEN 'GENERATION' THEN 'chat' WHEN 'EMBEDDING' THEN 'embeddings' END",
    "gen_ai.request.model": "coalesce(model, older_model)",
    "gen_ai.response.model": "nullif(_told[11], '')",
    # LiteLLM names a generation by the time and the id of the answer.
    "gen_ai.response.id": "coalesce(nullif(_told[7], ''), nullif(regexp_extract(id, '^time-[0-9-]{15}_(.+)$', 1), ''))",
    "gen_ai.response.finish_reasons": "CASE WHEN json_type(as_json(_told[10])) = 'ARRAY' THEN _told[10] END",
    "gen_ai.conversation.id": "nullif(session, '')",
    "gen_ai.usage.input_tokens": f"coalesce({_INPUT}, nullif(try_cast(input_count AS BIGINT), 0))::VARCHAR",
    "gen_ai.usage.output_tokens": f"coalesce({_OUTPUT}, nullif(try_cast(output_count AS BIGINT), 0))::VARCHAR",
    "gen_ai.usage.cache_read.input_tokens": "c_read::VARCHAR",
    "gen_ai.usage.cache_write.input_tokens": "c_written::VARCHAR",
    "gen_ai.usage.reasoning.output_tokens": "c_reasoning::VARCHAR",
    "error.type": "CASE WHEN level = 'ERROR' THEN 'error' END",
    "server.address": "coalesce(host_of(nullif(_told[8], '')), host_of(nullif(_told[9], '')))",
    "project.id": "project",
    "end_user.id": f"coalesce({metadata_facts('metadata')['end_user.id']}, nullif(end_user, ''))",
    "call.cost": "coalesce(json_extract_string(as_json(costs), '/total'), "
    "json_extract_string(as_json(older_counts), '/totalCost'), nullif(try_cast(cost AS DOUBLE), 0)::VARCHAR)",
    "prompt.text": _text("asked"),
    "completion.text": _text("answered"),
}
SKIP = (
    f"CASE WHEN kind IS NULL OR {_CALL} THEN NULL WHEN regexp_full_match(kind, '[A-Z_-]{{1,40}}') "
    "THEN 'observation that calls no model: ' || lower(kind) ELSE 'observation that calls no model' END"
)


def _source(
    name: str, title: str, columns: Mapping[str, str], rows: str, detects: Callable[[JsonObject], bool]
) -> Source:
    return Source(
        name=name,
        title=title,
        detects=lambda sample: any(map(detects, sample.items)),
        columns=columns,
        facts=FACTS,
        rows=_observations(rows),
        skip=SKIP,
        layer="application",
    )


def _renamed(members: Mapping[str, str]) -> str:
    return f"SELECT _line, {', '.join(f'{quote(member)} AS {name}' for name, member in members.items())} FROM line"


def _is_observation(item: JsonObject) -> bool:
    return {"id", "traceId", "type", "startTime"} <= item.keys() and item["type"] in ALL_KINDS


def _is_row(item: JsonObject) -> bool:
    return {"id", "trace_id", "type", "start_time", "parent_observation_id"} <= item.keys()


def _is_trace(item: JsonObject) -> bool:
    return isinstance(item.get("trace"), dict) and isinstance(item.get("observations"), list)


def _is_batch(item: JsonObject) -> bool:
    events = item.get("batch")
    return isinstance(events, list) and any(
        isinstance(event, dict) and {"type", "body", "timestamp"} <= event.keys() for event in events
    )


_OF_TRACE = "coalesce({own}, nullif(json_extract_string(as_json(trace_of), {path}), ''))"
TRACE = (
    f"SELECT * REPLACE ({_OF_TRACE.format(own='end_user', path=literal('/userId'))} AS end_user, "
    f"{_OF_TRACE.format(own='session', path=literal('/sessionId'))} AS session) FROM ("
    + with_members(
        "SELECT _line, trace AS trace_of, unnest(json_extract(as_json(observations), '$[*]')) AS item FROM line",
        "item",
        {name: f"/{member}" for name, member in MEMBERS.items()},
    )
    + ")"
)


def _batch() -> str:
    """Return SQL for the observations in batches: what is created and then updated is one, and its trace names its user."""
    events = with_members(
        "SELECT _line, item, json_extract_string(item, '/type') AS event, json_extract(item, '/body') AS body FROM "
        "(SELECT _line, unnest(json_extract(as_json(batch), '$[*]')) AS item FROM line)",
        "body",
        {name: f"/{member}" for name, member in MEMBERS.items()},
    )
    kind = (
        "CASE WHEN starts_with(event, 'observation-') THEN kind "
        "WHEN regexp_full_match(event, '[a-z-]{1,40}-(create|update)') THEN upper(regexp_extract(event, '^(.*)-', 1)) "
        "ELSE upper(event) END"
    )
    merged = ", ".join(
        f"last({name} ORDER BY _line) FILTER ({name} IS NOT NULL) AS {name}"
        for name in MEMBERS
        if name not in ("id", "kind", "trace", "end_user", "session")
    )
    users = ", ".join(
        f"coalesce(any_value({name}), any_value(trace_{name})) AS {name}" for name in ("end_user", "session")
    )
    return (
        f"SELECT min(_line) AS _line, any_value(id) AS id, kind, any_value(trace) AS trace, {users}, {merged} FROM ("
        "SELECT *, max(end_user) FILTER (kind = 'TRACE') OVER (PARTITION BY coalesce(trace, id)) AS trace_end_user, "
        "max(session) FILTER (kind = 'TRACE') OVER (PARTITION BY coalesce(trace, id)) AS trace_session "
        f"FROM (SELECT * REPLACE ({kind} AS kind) FROM ({events}))) GROUP BY kind, coalesce(id, _line::VARCHAR)"
    )


LANGFUSE = _source(
    "langfuse",
    "Langfuse: pages of observations",
    dict.fromkeys(MEMBERS.values(), "VARCHAR"),
    _renamed(MEMBERS),
    _is_observation,
)
LANGFUSE_TRACE = _source(
    "langfuse-trace",
    "Langfuse: traces with their observations, as its user interface exports them",
    {"trace": "VARCHAR", "observations": "VARCHAR"},
    TRACE,
    _is_trace,
)
LANGFUSE_EXPORT = _source(
    "langfuse-export",
    "Langfuse: exported observations (JSON lines, CSV or Parquet)",
    dict.fromkeys(EXPORT.values(), "VARCHAR"),
    _renamed(EXPORT),
    _is_row,
)
LANGFUSE_INGESTION = _source(
    "langfuse-ingestion",
    "Langfuse: batches of events that clients send",
    {"batch": "VARCHAR"},
    _batch(),
    _is_batch,
)
