"""OpenRouter: generations (`/api/v1/generation?id=`), and activity by day and model (`/api/v1/activity`).

Format: https://openrouter.ai/docs/api-reference. Native counts of tokens are the provider's; the others are made with
one tokeniser for all. Which provider stood behind OpenRouter (`provider_name`) is no fact of ours.
"""

from auditor.engine import quote
from auditor.sources.source import JsonObject, Source
from auditor.sources.words import unwrapped

GENERATION = (
    "id", "upstream_id", "created_at", "model", "api_type", "finish_reason", "cancelled", "native_tokens_prompt",
    "native_tokens_completion", "native_tokens_reasoning", "native_tokens_cached", "tokens_prompt", "tokens_completion",
    "total_cost", "external_user", "data_region", "user_agent", "workspace_id", "session_id", "response_cache_source_id",
)  # fmt: skip
ACTIVITY = (
    "date", "model", "model_permaslug", "endpoint_id", "provider_name", "usage", "requests", "prompt_tokens",
    "completion_tokens", "reasoning_tokens", "cached_tokens", "workspace_id",
)  # fmt: skip
DIMENSIONS = ("date", "model", "model_permaslug", "endpoint_id", "provider_name", "workspace_id")
BY_OPENROUTER = {"gen_ai.provider.name": "'openrouter'", "route": "'openrouter'"}

GENERATION_FACTS = BY_OPENROUTER | {
    "timestamp": "created_at",
    "record.id": "id",
    "record.ids": "CASE WHEN upstream_id <> '' THEN to_json([upstream_id])::VARCHAR END",
    "gen_ai.operation.name": "CASE api_type WHEN 'completions' THEN 'chat' WHEN 'image' THEN 'image_generation' "
    "WHEN 'stt' THEN 'transcription' WHEN 'tts' THEN 'speech' ELSE api_type END",
    "gen_ai.request.model": "model",
    "gen_ai.response.id": "id",
    "gen_ai.conversation.id": "session_id",
    "gen_ai.usage.input_tokens": "coalesce(native_tokens_prompt, tokens_prompt)",
    "gen_ai.usage.output_tokens": "coalesce(native_tokens_completion, tokens_completion)",
    "gen_ai.usage.cache_read.input_tokens": "native_tokens_cached",
    "gen_ai.usage.reasoning.output_tokens": "native_tokens_reasoning",
    "gen_ai.response.finish_reasons": "CASE WHEN finish_reason <> '' THEN to_json([lower(finish_reason)])::VARCHAR END",
    "call.cost": "total_cost",
    "error.type": "CASE WHEN cancelled = 'true' THEN 'cancelled' WHEN finish_reason = 'error' THEN 'error' END",
    "cloud.region": "data_region",
    "user_agent.original": "user_agent",
    "project.id": "workspace_id",
    "end_user.id": "external_user",
}
ACTIVITY_FACTS = BY_OPENROUTER | {
    "timestamp": "date",
    "record.id": f"sha256(to_json([{', '.join(map(quote, DIMENSIONS))}])::VARCHAR)",
    "request.count": "requests",
    "gen_ai.request.model": "model",
    "gen_ai.response.model": "model_permaslug",
    "gen_ai.usage.input_tokens": "prompt_tokens",
    "gen_ai.usage.output_tokens": "completion_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cached_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
    "call.cost": "usage",
    "project.id": "workspace_id",
}


def _generation(item: JsonObject) -> JsonObject:
    """Return the generation in `item`, which may be the answer that holds it."""
    return data if isinstance(data := item.get("data"), dict) else item


OPENROUTER = Source(
    name="openrouter",
    title="OpenRouter: generations",
    detects=lambda sample: any(
        {"id", "native_tokens_prompt", "total_cost"} <= _generation(item).keys() for item in sample.objects
    ),
    columns=dict.fromkeys((*GENERATION, "data"), "VARCHAR"),
    facts=GENERATION_FACTS,
    fields=_generation,
    takes=frozenset(GENERATION),
    rows=unwrapped(GENERATION, "data"),
    skip="CASE WHEN response_cache_source_id <> '' THEN 'answered from the gateway''s cache: no model was called' END",
    constants=frozenset(BY_OPENROUTER),
    layer="gateway",
)
OPENROUTER_ACTIVITY = Source(
    name="openrouter-activity",
    title="OpenRouter: activity by day, model and endpoint",
    detects=lambda sample: any({"date", "model_permaslug", "requests"} <= item.keys() for item in sample.items),
    columns=dict.fromkeys(ACTIVITY, "VARCHAR"),
    facts=ACTIVITY_FACTS,
    takes=frozenset(ACTIVITY),
    constants=frozenset({*BY_OPENROUTER, "record.id"}),
    kind="bucket",
    layer="gateway",
)
