"""LiteLLM proxy: `StandardLoggingPayload` as its S3, GCS and generic loggers write it, and rows of its spend logs.

Format: litellm 1.109, `types/utils.py` and `proxy/schema.prisma`. Objects may stand as JSON in a string.
"""

from auditor.engine import literal, quote
from auditor.sources.source import Sample, Source

COLUMNS = (
    "id", "request_id", "litellm_call_id", "call_type", "custom_llm_provider", "model", "api_base", "startTime",
    "prompt_tokens", "completion_tokens", "total_tokens", "metadata", "end_user", "requester_ip_address", "user_agent",
    "messages", "response", "hidden_params", "error_information", "guardrail_information", "api_key", "user", "team_id",
    "organization_id", "session_id",
)  # fmt: skip
OPERATIONS = {
    "anthropic_messages": "chat",
    "completion": "chat",
    "embedding": "embeddings",
    "generate_content": "generate_content",
    "responses": "chat",
    "text_completion": "text_completion",
}
"""LiteLLM's call types, without the `a` of the asynchronous ones → OpenTelemetry's operations; others stay."""
NO_CALLS = r"^(list|retrieve|delete|cancel|create_(file|batch|fine_tuning_job)|file|get|call_mcp|vector_store|health)"


def _member(column: str, *path: str) -> str:
    """Return SQL for the text of a member of an object in `column`; missing if LiteLLM writes that it is."""
    pointer = "".join(f"/{name}" for name in path)
    return f"stated(json_extract_string({quote(column + '_json')}, {literal(pointer)}))"


def _details(*paths: tuple[str, ...]) -> str:
    """Return SQL for a token count that stands in LiteLLM's own usage object or in that of the answer."""
    found = [
        _member(*start, *path) for path in paths for start in (("metadata", "usage_object"), ("response", "usage"))
    ]
    return f"coalesce({', '.join(found)})"


def _rows() -> str:
    objects = ("metadata", "response", "hidden_params", "error_information", "guardrail_information")
    parsed = "".join(f", as_json({name}) AS {name}_json" for name in objects)
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in OPERATIONS.items())
    # acompletion, aembedding, … are the asynchronous forms; anthropic_messages is none.
    plain = (
        "regexp_replace(stated(call_type), '^_?a(completion|embedding|responses|text|generate|image|rerank|moderation"
    )
    plain += "|speech|transcription|list|retrieve|delete|cancel|create|file|get|vector)', '\\1')"
    return (
        "SELECT *, provider_name(stated(custom_llm_provider)) AS provider, "
        f"host_of(coalesce(stated(api_base), {_member('hidden_params', 'api_base')})) AS host, "
        f"CASE operation_name {cases} ELSE operation_name END AS operation FROM "
        f"(SELECT *, {plain} AS operation_name{parsed} FROM line)"
    )


# What a guardrail raised: its violated categories, or its name where it intervened without naming any.
_FLAGS = """to_json(list_distinct(flatten(list_transform(
    CASE json_type(guardrail_information_json) WHEN 'ARRAY' THEN json_extract(guardrail_information_json, '$[*]')
        WHEN 'OBJECT' THEN [guardrail_information_json] END,
    lambda g: CASE WHEN json_array_length(g, '$.violation_categories') > 0
        THEN json_extract_string(g, '$.violation_categories[*]')
        WHEN json_extract_string(g, '$.guardrail_status') IN ('guardrail_intervened', 'failure', 'blocked')
        THEN [coalesce(json_extract_string(g, '$.guardrail_name'), 'guardrail')] END))))::VARCHAR"""

FACTS = {
    "timestamp": 'stated("startTime")',
    "record.id": "coalesce(stated(id), stated(request_id))",
    "gen_ai.provider.name": "provider",
    "gen_ai.operation.name": "operation",
    "gen_ai.request.model": "stated(model)",
    "gen_ai.response.model": _member("response", "model"),
    "gen_ai.response.id": f"coalesce({_member('response', 'id')}, stated(id), stated(request_id))",
    "gen_ai.conversation.id": "stated(session_id)",
    "gen_ai.usage.input_tokens": "stated(prompt_tokens)",
    "gen_ai.usage.output_tokens": "stated(completion_tokens)",
    "gen_ai.usage.cache_read.input_tokens": _details(
        ("prompt_tokens_details", "cached_tokens"),
        ("cache_read_input_tokens",),
        ("input_tokens_details", "cached_tokens"),
    ),
    "gen_ai.usage.cache_write.input_tokens": _details(
        ("cache_creation_input_tokens",), ("prompt_tokens_details", "cache_creation_tokens")
    ),
    "gen_ai.usage.reasoning.output_tokens": _details(
        ("completion_tokens_details", "reasoning_tokens"), ("output_tokens_details", "reasoning_tokens")
    ),
    "gen_ai.response.finish_reasons": "finish_reasons(response_json)",
    "http.response.status_code": _member("error_information", "error_code"),
    "error.type": _member("error_information", "error_class"),
    "prompt.text": "stated(messages_text(stated(messages)))",
    "completion.text": "stated(answer_text(stated(response)))",
    "content.flags": f"nullif({_FLAGS}, '[]')",
    "server.address": "host",
    "client.address": f"coalesce(stated(requester_ip_address), {_member('metadata', 'requester_ip_address')})",
    "user_agent.original": f"coalesce(stated(user_agent), {_member('metadata', 'user_agent')})",
    "organization.id": f"coalesce({_member('metadata', 'user_api_key_org_id')}, stated(organization_id))",
    "project.id": f"coalesce({_member('metadata', 'user_api_key_project_id')}, "
    f"{_member('metadata', 'user_api_key_team_id')}, stated(team_id))",
    "api_key.id": f"coalesce({_member('metadata', 'user_api_key_hash')}, {_member('metadata', 'user_api_key')}, "
    "stated(api_key))",
    "user.id": f'coalesce({_member("metadata", "user_api_key_user_id")}, stated("user"))',
    "end_user.id": f"coalesce(stated(end_user), {_member('metadata', 'user_api_key_end_user_id')})",
}


def _detects(sample: Sample) -> bool:
    return any({"call_type", "startTime", "metadata"} <= item.keys() for item in sample.objects)


LITELLM = Source(
    name="litellm",
    title="LiteLLM proxy: standard logging payloads (S3, GCS, …) and spend logs",
    detects=_detects,
    columns=dict.fromkeys(COLUMNS, "VARCHAR"),
    facts=FACTS,
    fields=lambda item: item,
    takes=frozenset(COLUMNS),
    rows=_rows(),
    skip=f"CASE WHEN regexp_matches(operation, '{NO_CALLS}') AND coalesce(try_cast(total_tokens AS DOUBLE), 0) = 0 "
    "THEN 'no model call: ' || operation END",
)
