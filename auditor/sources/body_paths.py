"""Where vendors put what a call tells: JSON paths in the bodies of requests and answers, and the vendors' words."""

FIRST: dict[str, tuple[str, ...]] = {
    "id": ("$.id", "$.response.id", "$.message.id", "$.responseId", "$.response_id", "$.generation_id"),
    "model": ("$.model", "$.response.model", "$.message.model", "$.modelVersion", "$.model_version", "$.model_id"),
    "created": ("$.created", "$.created_at", "$.response.created_at", "$.createTime", "$.create_time"),
    "kind": ("$.object", "$.response.object", "$.type"),
    "conversation": ("$.conversation.id", "$.response.conversation.id", "$.conversation"),
    "error": (
        "$.error.code", "$.error.type", "$.error.status", "$.response.error.code", "$.last_error.code", "$.__type",
        "$.errorCode",
    ),
    "failed": ("$.error", "$.errors"),
    "end_user": ("$.safety_identifier", "$.response.safety_identifier", "$.user", "$.response.user"),
    "metadata": ("$.metadata", "$.response.metadata"),
    "place": ("$.usage.inference_geo", "$.message.usage.inference_geo"),
}  # fmt: skip
"""Name → paths in a chunk, the first that has a value counting; of the chunks the first counts."""

LAST: dict[str, tuple[str, ...]] = {
    # Counts that include what came from a cache.
    "input_whole": (
        "$.usage.prompt_tokens", "$.x_groq.usage.prompt_tokens", "$.usageMetadata.promptTokenCount",
        "$.usage_metadata.prompt_token_count", "$.meta.tokens.input_tokens", "$.response.meta.tokens.input_tokens",
        "$.usage.tokens.input_tokens", "$.delta.usage.tokens.input_tokens", "$.meta.billed_units.input_tokens",
        "$.response.meta.billed_units.input_tokens", "$.usage.billed_units.input_tokens", "$.prompt_eval_count",
        "$.results[0].input_token_count", "$.inputTextTokenCount", "$.prompt_token_count",
        '$."amazon-bedrock-invocationMetrics".inputTokenCount',
    ),
    # Counts that do so for OpenAI, and leave it out for Anthropic and Bedrock, where it stands beside them.
    "input": (
        "$.usage.input_tokens", "$.response.usage.input_tokens", "$.message.usage.input_tokens", "$.usage.inputTokens",
        "$.metadata.usage.inputTokens",
    ),
    "read_beside": (
        "$.usage.cache_read_input_tokens", "$.message.usage.cache_read_input_tokens", "$.usage.cacheReadInputTokens",
        "$.usage.cacheReadInputTokenCount", "$.metadata.usage.cacheReadInputTokens",
    ),
    "write_beside": (
        "$.usage.cache_creation_input_tokens", "$.message.usage.cache_creation_input_tokens",
        "$.usage.cacheWriteInputTokens", "$.usage.cacheWriteInputTokenCount", "$.metadata.usage.cacheWriteInputTokens",
    ),
    "read_within": (
        "$.usage.prompt_tokens_details.cached_tokens", "$.usage.input_tokens_details.cached_tokens",
        "$.response.usage.input_tokens_details.cached_tokens", "$.usageMetadata.cachedContentTokenCount",
        "$.usage_metadata.cached_content_token_count", "$.usage.prompt_cache_hit_tokens", "$.usage.cached_tokens",
    ),
    "write_within": (
        "$.usage.prompt_tokens_details.cache_write_tokens", "$.usage.input_tokens_details.cache_write_tokens",
        "$.response.usage.input_tokens_details.cache_write_tokens",
    ),
    "output": (
        "$.usage.completion_tokens", "$.x_groq.usage.completion_tokens", "$.usage.output_tokens",
        "$.response.usage.output_tokens", "$.message.usage.output_tokens", "$.usage.outputTokens",
        "$.metadata.usage.outputTokens", "$.usageMetadata.candidatesTokenCount",
        "$.usage_metadata.candidates_token_count", "$.meta.tokens.output_tokens", "$.response.meta.tokens.output_tokens",
        "$.usage.tokens.output_tokens", "$.delta.usage.tokens.output_tokens", "$.meta.billed_units.output_tokens",
        "$.response.meta.billed_units.output_tokens", "$.usage.billed_units.output_tokens", "$.eval_count",
        "$.results[0].generated_token_count", "$.results[0].tokenCount", "$.totalOutputTextTokenCount",
        "$.generation_token_count", '$."amazon-bedrock-invocationMetrics".outputTokenCount',
    ),
    "total": ("$.usage.total_tokens",),
    "reasoning": (
        "$.usage.completion_tokens_details.reasoning_tokens", "$.usage.output_tokens_details.reasoning_tokens",
        "$.response.usage.output_tokens_details.reasoning_tokens", "$.usage.reasoning_tokens",
    ),
    "thoughts": ("$.usageMetadata.thoughtsTokenCount", "$.usage_metadata.thoughts_token_count"),
    "reason": (
        "$.choices[0].finish_reason", "$.stop_reason", "$.delta.stop_reason", "$.message.stop_reason", "$.stopReason",
        "$.messageStop.stopReason", "$.response.incomplete_details.reason", "$.incomplete_details.reason",
        "$.candidates[0].finishReason", "$.candidates[0].finish_reason", "$.delta.finish_reason", "$.finish_reason",
        "$.response.finish_reason", "$.generations[0].finish_reason", "$.results[0].completionReason",
        "$.results[0].stop_reason", "$.completionReason", "$.outputs[0].stop_reason",
        "$.completions[0].finishReason.reason", "$.done_reason", "$.promptFeedback.blockReason",
        "$.prompt_feedback.block_reason",
    ),
    "cost": ("$.usage.cost",),
}  # fmt: skip
"""As `FIRST`; of the chunks the last counts."""

ASKED: dict[str, tuple[str, ...]] = {
    "model": ("$.model", "$.modelId", "$.model_id"),
    "end_user": ("$.safety_identifier", "$.user", "$.metadata.user_id"),
    "conversation": ("$.conversation.id", "$.conversation", "$.conversation_id"),
    "metadata": ("$.metadata",),
}
"""Name → paths in the request."""

REASONS = {
    "content_filter": (
        "content_filtered", "guardrail_intervened", "safety", "recitation", "prohibited_content", "blocklist", "spii",
        "image_safety", "error_toxic",
    ),
    "length": ("max_tokens", "max_output_tokens", "max_length", "model_length"),
    "stop": ("end_turn", "stop_sequence", "complete", "finish", "eos_token", "endoftext", "end_of_turn"),
    "tool_call": ("tool_use", "tool_calls", "function_call"),
}  # fmt: skip
"""OpenTelemetry's reasons why a generation ended → the vendors' other words for them, in lower case."""

KINDS = {
    "chat.completion": "chat", "chat.completion.chunk": "chat", "response": "chat", "message": "chat",
    "message_start": "chat", "text_completion": "text_completion", "completion": "text_completion",
    "embedding": "embeddings",
}  # fmt: skip
"""What an answer calls itself → OpenTelemetry's name of the operation."""
