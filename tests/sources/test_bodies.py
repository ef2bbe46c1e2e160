"""What bodies of requests and answers tell, for each vendor's shape; expected values are written by hand."""

import json
from typing import Any

import pytest

from auditor.engine import Database, literal, quote
from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.cast import define_casts
from auditor.sources.words import define_words


@pytest.fixture
def bodies(db: Database):
    define_casts(db)
    define_words(db)

    def tell(asked: Any, answered: Any) -> dict[str, Any]:
        texts = [
            "NULL" if body is None else literal(body if isinstance(body, str) else json.dumps(body))
            for body in (asked, answered)
        ]
        rows = read_bodies(f"SELECT {texts[0]}::VARCHAR AS asked, {texts[1]}::VARCHAR AS answered")
        facts = ", ".join(f"({sql})::VARCHAR AS {quote(name)}" for name, sql in BODIES.items())
        (row,) = db.execute(f"SELECT {facts} FROM ({rows})")
        return {name: value for name, value in zip(BODIES, row, strict=True) if value is not None}

    return tell


def sse(*chunks: dict[str, Any]) -> str:
    return "".join(f"event: x\ndata: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


HI = {"messages": [{"role": "user", "content": "Hi"}]}
CASES: dict[str, tuple[Any, Any, dict[str, str]]] = {
    "openai": (
        HI | {"model": "gpt-4o", "user": "u-1"},
        {"id": "chatcmpl-1", "object": "chat.completion", "created": 1767225600, "model": "gpt-4o-2024-08-06",
         "choices": [{"finish_reason": "tool_calls", "message": {"content": "Hello"}}],
         "usage": {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4},
                   "completion_tokens_details": {"reasoning_tokens": 1}}},
        {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": "9", "gen_ai.usage.output_tokens": "3",
         "gen_ai.usage.cache_read.input_tokens": "4", "gen_ai.usage.reasoning.output_tokens": "1", "end_user.id": "u-1",
         "gen_ai.response.finish_reasons": '["tool_call"]', "prompt.text": "Hi", "completion.text": "Hello"},
    ),
    "openai streamed": (
        HI,
        sse({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m",
         "choices": [{"delta": {"content": "Hel"}}]},
            {"id": "chatcmpl-1", "choices": [{"delta": {"content": "lo"}, "finish_reason": "length"}]},
            {"id": "chatcmpl-1", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}),
        {"gen_ai.response.id": "chatcmpl-1", "gen_ai.usage.input_tokens": "9", "completion.text": "Hello",
         "gen_ai.response.finish_reasons": '["length"]', "gen_ai.operation.name": "chat"},
    ),
    "responses streamed": (
        {"model": "gpt-5", "input": "Hi", "tools": [{"type": "web_search"}, {"type": "function"}]},
        sse({"type": "response.created", "response": {"id": "resp_1", "object": "response", "model": "gpt-5"}},
            {"type": "response.completed", "response": {"id": "resp_1", "object": "response", "model": "gpt-5",
             "output": [
                {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}], "usage": {
                    "input_tokens": 7, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 5}}}}),
        {"gen_ai.response.id": "resp_1", "gen_ai.usage.input_tokens": "7", "gen_ai.usage.cache_read.input_tokens": "5",
         "completion.text": "Hello", "request.tools": '["web_search"]', "prompt.text": "Hi"},
    ),
    "anthropic": (
        HI | {"model": "claude-x", "system": "Be kind.", "metadata": {"user_id": "u-1"}},
        {"id": "msg_1", "type": "message", "model": "claude-x-1", "stop_reason": "max_tokens",
         "content": [{"type": "text", "text": "Hello"}], "usage": {"input_tokens": 5, "cache_read_input_tokens": 80,
         "cache_creation_input_tokens": 15, "output_tokens": 3, "inference_geo": "us"}},
        {"gen_ai.usage.input_tokens": "100", "gen_ai.usage.cache_read.input_tokens": "80", "end_user.id": "u-1",
         "gen_ai.usage.cache_write.input_tokens": "15", "gen_ai.response.finish_reasons": '["length"]',
         "cloud.region": "us", "prompt.text": "Be kind.\nHi", "completion.text": "Hello",
          "gen_ai.operation.name": "chat"},
    ),
    "anthropic streamed": (
        HI,
        sse({"type": "message_start", "message": {"id": "msg_1", "model": "claude-x",
         "usage": {"input_tokens": 5, "output_tokens": 1}}},
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hel"}},
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "lo"}},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 6}}),
        {"gen_ai.response.id": "msg_1", "gen_ai.usage.input_tokens": "5", "gen_ai.usage.output_tokens": "6",
         "gen_ai.response.finish_reasons": '["stop"]', "completion.text": "Hello"},
    ),
    "bedrock converse": (
        {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]},
        {"output": {"message": {"content": [{"text": "Hello"}]}}, "stopReason": "guardrail_intervened",
         "usage": {"inputTokens": 4, "outputTokens": 2, "cacheReadInputTokens": 6}},
        {"gen_ai.usage.input_tokens": "10", "gen_ai.response.finish_reasons": '["content_filter"]',
         "content.flags": '["guardrail"]',
         "completion.text": "Hello", "gen_ai.operation.name": "chat"},
    ),
    "gemini as a list of chunks": (
        {"contents": [{"parts": [{"text": "Hi"}]}], "safetySettings": [{"category": "X", "threshold": "BLOCK_NONE"}]},
        [{"candidates": [{"content": {"parts": [{"text": "Hel"}]}}], "modelVersion": "gemini-2.5-pro",
         "responseId": "r1"},
         {"candidates": [{"content": {"parts": [{"text": "lo"}]}, "finishReason": "SAFETY",
                          "safetyRatings": [{"category": "HARM", "blocked": True}]}],
          "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "thoughtsTokenCount": 5}}],
        {"gen_ai.usage.input_tokens": "3", "gen_ai.usage.output_tokens": "7",
         "gen_ai.usage.reasoning.output_tokens": "5",
         "gen_ai.response.model": "gemini-2.5-pro", "gen_ai.response.finish_reasons": '["content_filter"]',
         "content.flags": '["HARM"]', "request.filters_lowered": "true", "completion.text": "Hello",
         "gen_ai.operation.name": "generate_content"},
    ),
    "cohere": (
        {"model": "command-r", "message": "Hi"},
        {"generation_id": "g1", "text": "Hello", "finish_reason": "COMPLETE",
         "meta": {"tokens": {"input_tokens": 3, "output_tokens": 2}}},
        {"gen_ai.response.id": "g1", "gen_ai.usage.input_tokens": "3",
         "gen_ai.response.finish_reasons": '["stop"]', "prompt.text": "Hi",
         "completion.text": "Hello"},
    ),
    "ollama streamed": (
        HI | {"model": "llama3"},
        '{"model":"llama3","created_at":"2026-01-01T00:00:00Z","message":{"content":"Hel"},"done":false}\n'
        '{"model":"llama3","message":{"content":"lo"},"done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":2}\n',
        {"gen_ai.usage.input_tokens": "5", "gen_ai.usage.output_tokens": "2", "completion.text": "Hello",
         "timestamp": "2026-01-01T00:00:00Z"},
    ),
    "embeddings": (
        {"model": "text-embedding-3-small", "input": ["one", "two"], "encoding_format": "float"},
        {"object": "list", "data": [{"object": "embedding", "embedding": [0.1]}], "model": "m",
         "usage": {"prompt_tokens": 8, "total_tokens": 8}},
        {"gen_ai.operation.name": "embeddings", "gen_ai.usage.input_tokens": "8"},
    ),
    "azure's filters": (
        HI,
        {"error": {"code": "content_filter",
         "innererror": {"content_filter_result": {"hate": {"filtered": True}, "sexual": {"filtered": False}}}}},
        {"error.type": "content_filter", "content.flags": '["hate"]'},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_shapes_of_vendors(bodies, name):
    asked, answered, expected = CASES[name]
    told = bodies(asked, answered)
    assert {fact: told.get(fact) for fact in expected} == expected


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[]", "{}", '"text"', "12", "not JSON", "data: {", 'data: {"id": 1', "{" * 600, '{"usage": []}',
        '{"usage": {"prompt_tokens": "many"}}', '{"usage": {"prompt_tokens": 1e400}}', '{"choices": [{}]}', "\ufeff{}",
        '{"usage": {"prompt_tokens": 99999999999999999999}}', '["[DONE]", null, 3, {"id": "x"}]',
         "data: [DONE]\n\n", '{"id": {}}',
    ],
)  # fmt: skip
def test_odd_bodies_do_no_harm(bodies, body):
    for asked, answered in ((body, None), (None, body), (body, body)):
        told = bodies(asked, answered)
        assert told.get("gen_ai.usage.input_tokens") is None


def test_streams_whose_end_is_missing_tell_what_came(bodies):
    whole = CASES["anthropic streamed"][1]
    told = bodies(HI, whole[: whole.index("event: x", 10) + 30])
    assert told["gen_ai.response.id"] == "msg_1" and told["gen_ai.usage.input_tokens"] == "5"
