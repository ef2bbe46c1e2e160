"""LiteLLM proxy: `StandardLoggingPayload` as its S3, GCS and generic loggers write it, and rows of its spend logs.

Format: litellm 1.109, `types/utils.py` and `proxy/schema.prisma`; `/spend/logs/v2` answers with pages of the rows.
Objects may stand as JSON in a string. Counts of tokens include cached ones, whatever the provider's own counts do. Calls
that LiteLLM makes of its own accord (`internal_call_origin`) are calls like others.
"""

from auditor.engine import literal, quote
from auditor.sources.source import Sample, Source
from auditor.sources.words import metadata_facts

COLUMNS = (
    "id", "request_id", "litellm_call_id", "trace_id", "call_type", "custom_llm_provider", "model", "api_base",
    "startTime", "status", "cache_hit", "prompt_tokens", "completion_tokens", "total_tokens", "response_cost", "spend",
    "cost_breakdown", "metadata", "end_user", "requester_ip_address", "user_agent", "messages", "response",
    "hidden_params", "error_information", "guardrail_information", "api_key", "user", "team_id", "organization_id",
    "session_id",
)  # fmt: skip
_USAGE = (
    "prompt_tokens_details/cached_tokens", "cache_read_input_tokens", "input_tokens_details/cached_tokens",
    "cache_creation_input_tokens", "prompt_tokens_details/cache_creation_tokens",
    "completion_tokens_details/reasoning_tokens", "output_tokens_details/reasoning_tokens",
)  # fmt: skip
_ERROR = ("error_code", "error_class", "error_provider_request_id")
_REGION = ("data_residency", "vertex_location")
MEMBERS: dict[str, tuple[str, ...]] = {
    "metadata": (
        "user_api_key_org_id", "user_api_key_project_id", "user_api_key_team_id", "user_api_key_hash", "user_api_key",
        "user_api_key_user_id", "user_api_key_end_user_id", "requester_ip_address", "user_agent", "spend_logs_metadata",
        "requester_metadata", "guardrail_information", *(f"usage_object/{name}" for name in _USAGE),
        *(f"error_information/{name}" for name in _ERROR), *(f"cost_breakdown/{name}" for name in _REGION),
    ),
    "response": ("id", "model", *(f"usage/{name}" for name in _USAGE)),
    "hidden_params": (
        "api_base", "additional_headers/llm_provider-x-request-id", "additional_headers/llm_provider-request-id",
    ),
    "error_information": _ERROR,
    "cost_breakdown": _REGION,
}  # fmt: skip
"""Object → its members that are read, all of them at once."""
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


def _member(column: str, path: str) -> str:
    """Return SQL for the text of a member of an object in `column`; missing if LiteLLM writes that it is."""
    return f"stated({quote(column + '_members')}[{MEMBERS[column].index(path) + 1}])"


def _details(*paths: str) -> str:
    """Return SQL for a token count that stands in LiteLLM's own usage object or in that of the answer."""
    found = [
        _member(*where)
        for path in paths
        for where in (("metadata", f"usage_object/{path}"), ("response", f"usage/{path}"))
    ]
    return f"coalesce({', '.join(found)})"


def _failure(name: str) -> str:
    """Return SQL for a member of the error, which spend logs keep in their metadata."""
    return f"coalesce({_member('error_information', name)}, {_member('metadata', f'error_information/{name}')})"


def _rows() -> str:
    parsed = "".join(f", as_json({name}) AS {name}_json" for name in MEMBERS)
    members = "".join(
        f", json_extract_string({name}_json, [{', '.join(literal('/' + path) for path in paths)}]) AS {name}_members"
        for name, paths in MEMBERS.items()
    )
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in OPERATIONS.items())
    # acompletion, aembedding, … are the asynchronous forms; anthropic_messages is none.
    plain = (
        "regexp_replace(stated(call_type), '^_?a(completion|embedding|responses|text|generate|image|rerank|moderation"
        "|speech|transcription|list|retrieve|delete|cancel|create|file|get|vector)', '\\1')"
    )
    return (
        "SELECT *, provider_name(stated(custom_llm_provider)) AS provider, "
        f"host_of(coalesce(stated(api_base), {_member('hidden_params', 'api_base')})) AS host, "
        f"as_json(coalesce(stated(guardrail_information), {_member('metadata', 'guardrail_information')})) AS guardrails, "
        f"CASE operation_name {cases} ELSE operation_name END AS operation FROM "
        f"(SELECT *, {plain} AS operation_name{members} FROM (SELECT *{parsed} FROM line))"
    )


# What a guardrail raised: its violated categories, or its name where it intervened without naming any.
_FLAGS = """to_json(list_sort(list_distinct(flatten(list_transform(
    CASE json_type(guardrails) WHEN 'ARRAY' THEN json_extract(guardrails, '$[*]') WHEN 'OBJECT' THEN [guardrails] END,
    lambda g: CASE WHEN json_array_length(g, '$.violation_categories') > 0
        THEN json_extract_string(g, '$.violation_categories[*]')
        WHEN json_extract_string(g, '$.guardrail_status') IN ('guardrail_intervened', 'failure', 'blocked')
        THEN [coalesce(json_extract_string(g, '$.guardrail_name'), 'guardrail')] END)))))::VARCHAR"""
_IDS = ", ".join(
    (
        "stated(litellm_call_id)",
        _member("hidden_params", "additional_headers/llm_provider-x-request-id"),
        _member("hidden_params", "additional_headers/llm_provider-request-id"),
        _failure("error_provider_request_id"),
    )
)
# What callers attach: to the request for the spend logs, or in the request's own metadata.
_ATTACHED = [metadata_facts(_member("metadata", name)) for name in ("spend_logs_metadata", "requester_metadata")]

FACTS = {name: f"coalesce({', '.join(facts[name] for facts in _ATTACHED)})" for name in _ATTACHED[0]} | {
    "timestamp": 'stated("startTime")',
    "record.id": "coalesce(stated(id), stated(request_id))",
    "record.ids": f"nullif(to_json(list_filter([{_IDS}], lambda one: one IS NOT NULL))::VARCHAR, '[]')",
    "gen_ai.provider.name": "provider",
    "gen_ai.operation.name": "operation",
    "gen_ai.request.model": "stated(model)",
    "gen_ai.response.model": _member("response", "model"),
    "gen_ai.response.id": f"coalesce({_member('response', 'id')}, stated(id), stated(request_id))",
    # Where no session is known, the trace's id may stand in its place.
    "gen_ai.conversation.id": "nullif(stated(session_id), coalesce(trace_id, ''))",
    "gen_ai.usage.input_tokens": "stated(prompt_tokens)",
    "gen_ai.usage.output_tokens": "stated(completion_tokens)",
    "gen_ai.usage.cache_read.input_tokens": _details(
        "prompt_tokens_details/cached_tokens", "cache_read_input_tokens", "input_tokens_details/cached_tokens"
    ),
    "gen_ai.usage.cache_write.input_tokens": _details(
        "cache_creation_input_tokens", "prompt_tokens_details/cache_creation_tokens"
    ),
    "gen_ai.usage.reasoning.output_tokens": _details(
        "completion_tokens_details/reasoning_tokens", "output_tokens_details/reasoning_tokens"
    ),
    "gen_ai.response.finish_reasons": "finish_reasons(response_json)",
    "call.cost": "coalesce(stated(response_cost), stated(spend))",
    "http.response.status_code": f"nullif(regexp_extract({_failure('error_code')}, '^[1-5][0-9][0-9]$'), '')",
    "error.type": f"coalesce({_failure('error_class')}, CASE WHEN status = 'failure' THEN 'failure' END)",
    "prompt.text": "stated(messages_text(stated(messages)))",
    "completion.text": "stated(answer_text(stated(response)))",
    "content.flags": f"nullif({_FLAGS}, '[]')",
    "server.address": "host",
    "cloud.region": "coalesce("
    + ", ".join(
        source
        for name in _REGION
        for source in (_member("cost_breakdown", name), _member("metadata", f"cost_breakdown/{name}"))
    )
    + ")",
    "client.address": f"coalesce(stated(requester_ip_address), {_member('metadata', 'requester_ip_address')})",
    "user_agent.original": f"coalesce(stated(user_agent), {_member('metadata', 'user_agent')})",
    "organization.id": f"coalesce({_member('metadata', 'user_api_key_org_id')}, stated(organization_id))",
    "project.id": f"coalesce({_member('metadata', 'user_api_key_project_id')}, "
    f"{_member('metadata', 'user_api_key_team_id')}, stated(team_id))",
    "api_key.id": f"coalesce({_member('metadata', 'user_api_key_hash')}, {_member('metadata', 'user_api_key')}, "
    "stated(api_key))",
    "user.id": f'coalesce({_member("metadata", "user_api_key_user_id")}, stated("user"))',
    "end_user.id": f"coalesce(stated(end_user), {_member('metadata', 'user_api_key_end_user_id')}, "
    f"{', '.join(facts['end_user.id'] for facts in _ATTACHED)})",
}


def _detects(sample: Sample) -> bool:
    return any({"call_type", "startTime", "metadata"} <= item.keys() for item in sample.items)


LITELLM = Source(
    name="litellm",
    title="LiteLLM proxy: standard logging payloads (S3, GCS, …) and spend logs",
    detects=_detects,
    columns=dict.fromkeys(COLUMNS, "VARCHAR"),
    facts=FACTS,
    rows=_rows(),
    skip="CASE WHEN lower(cache_hit) = 'true' THEN 'answered from the gateway''s cache: no model was called' "
    f"WHEN regexp_matches(operation, '{NO_CALLS}') AND coalesce(try_cast(total_tokens AS DOUBLE), 0) = 0 "
    "THEN 'no model call: ' || operation END",
    layer="gateway",
)
