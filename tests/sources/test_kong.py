import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sources.conftest import shared

PROXY: dict[str, Any] = {
    "meta": {"provider_name": "gemini", "request_model": "gemini-2.5", "response_model": "gemini-2.5-001"},
    "usage": {
        "prompt_tokens": 14, "completion_tokens": 8, "total_tokens": 22, "cost": 0,
        "prompt_tokens_details": {"cached_tokens": 5}, "completion_tokens_details": {"reasoning_tokens": 2},
    },
}  # fmt: skip
LINE: dict[str, Any] = {
    "started_at": 1787113201719, "latencies": {}, "client_ip": "203.0.113.65", "upstream_status": "200",
    "upstream_uri": "/v1/chat/completions", "request": {"id": "k1", "uri": "/chat", "headers": {"user-agent": "a/1"}},
    "response": {"status": 200}, "consumer": {"id": "c1", "username": "team"}, "workspace_name": "claims",
    "authenticated_entity": {"id": "cred"}, "ai": {"proxy": PROXY},
}  # fmt: skip


def test_a_line_as_documented(read):
    path = shared("usage", "gateways", "shape_kong_ai_log.jsonl")
    (raw,) = (json.loads(line) for line in path.read_text().splitlines())
    found = read(path)
    (entry,) = found.result.inputs
    assert (entry.format, entry.kind, entry.records, entry.rejected) == ("kong", "call", 1, 0)
    (record,) = found.records
    told = raw["ai"]["proxy"]
    assert record["timestamp"] == datetime.fromtimestamp(raw["started_at"] / 1000, UTC).replace(tzinfo=None)
    assert record["record.id"] == raw["request"]["id"]
    assert record["gen_ai.provider.name"] == told["meta"]["provider_name"]
    assert record["gen_ai.operation.name"] == "chat"
    assert record["gen_ai.request.model"] == told["meta"]["request_model"]
    assert record["gen_ai.response.model"] == told["meta"]["response_model"]
    assert record["gen_ai.usage.input_tokens"] == told["usage"]["prompt_tokens"]
    assert record["gen_ai.usage.output_tokens"] == told["usage"]["completion_tokens"]
    assert record["call.cost"] == told["usage"]["cost"]
    assert record["http.response.status_code"] == int(raw["upstream_status"])
    assert record["client.address"] == raw["client_ip"]
    assert record["user_agent.original"] == raw["request"]["headers"]["user-agent"]
    assert record["user.id"] == raw["consumer"]["username"]
    assert record["project.id"] == raw["workspace_name"]


def test_all_that_a_line_tells(read, write):
    assert read(write(LINE)).records == [
        {
            "_row": 0, "_input": 0, "_line": 1, "timestamp": datetime(2026, 8, 19, 4, 20, 1, 719000), "record.id": "k1",
            "gen_ai.provider.name": "gcp.gemini", "gen_ai.operation.name": "chat", "gen_ai.request.model": "gemini-2.5",
            "gen_ai.response.model": "gemini-2.5-001", "gen_ai.usage.input_tokens": 14,
            "gen_ai.usage.output_tokens": 8, "gen_ai.usage.cache_read.input_tokens": 5,
            "gen_ai.usage.reasoning.output_tokens": 2, "http.response.status_code": 200,
            "client.address": "203.0.113.65", "user_agent.original": "a/1", "project.id": "claims", "api_key.id": "cred",
            "user.id": "team",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ai", "model"),
    [
        (
            {"a-transformer": {**PROXY, "meta": {**PROXY["meta"], "request_model": "other"}}, "proxy": PROXY},
            "gemini-2.5",
        ),
        ({"proxy": {"meta": {**PROXY["meta"], "request_model": "unused"}}, "my/~plugin": PROXY}, "gemini-2.5"),
        ({"proxy": {"meta": PROXY["meta"]}}, "gemini-2.5"),
        ({"mcp": {"rpc": []}, "compressor": {"original_token_count": 3}, "ai-proxy-advanced": PROXY}, "gemini-2.5"),
    ],
)
def test_several_plugins_are_one_call(read, write, ai, model):
    assert read(write(LINE | {"ai": ai})).column("gen_ai.request.model") == [model]


def test_older_names_of_counts(read, write):
    usage = {"prompt_token": 28, "completion_token": 20, "total_tokens": 48, "cost": 0.0038}
    found = read(write(LINE | {"ai": {"ai-proxy": {**PROXY, "usage": usage}}}))
    assert found.column("gen_ai.usage.input_tokens") == [28]
    assert found.column("gen_ai.usage.output_tokens") == [20]
    assert found.column("call.cost") == [0.0038]


def test_requests_that_called_no_model(read, write):
    hit = {"proxy": {**PROXY, "cache": {"cache_status": "Hit"}}}
    miss = {"proxy": {**PROXY, "cache": {"cache_status": "Miss"}}}
    bare = {name: value for name, value in LINE.items() if name != "ai"}
    others: tuple[dict[str, Any], ...] = (
        {},
        {"mcp": {"rpc": [{"method": "tools/call"}]}},
        {"a2a": {"rpc": []}},
        {"audit": {"x": {"Hate": "High"}}},
    )
    found = read(write(bare, LINE | {"ai": hit}, LINE | {"ai": miss}, *(LINE | {"ai": ai} for ai in others)))
    assert len(found.records) == 1
    assert found.result.inputs[0].skipped == {
        "request that called no model": 5, "answered from the gateway's cache: no model was called": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("upstream", "answer", "status", "error"),
    [("502, 200", 200, 200, None), ("", 401, 401, "401"), ("-", 500, 500, "500"), ("429", 429, 429, "429")],
)
def test_statuses(read, write, upstream, answer, status, error):
    (record,) = read(write(LINE | {"upstream_status": upstream, "response": {"status": answer}})).records
    assert (record["http.response.status_code"], record.get("error.type")) == (status, error)


def test_payloads_are_strings(read, write):
    asked = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    answered = {
        "id": "chatcmpl-1", "object": "chat.completion", "model": "m-1",
        "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}],
    }  # fmt: skip
    payload = {"request": json.dumps(asked), "response": json.dumps(answered)}
    old = {"payload": {"request": payload["request"]}, "proxy": {**PROXY, "payload": {"response": payload["response"]}}}
    found = read(
        write(LINE | {"ai": {"proxy": {**PROXY, "payload": payload}}}, LINE | {"ai": old}),
        text=["prompt.text", "completion.text"],
    )
    assert found.column("prompt.text") == ["Hello", "Hello"]
    assert found.column("completion.text") == ["Hi", "Hi"]
    assert found.column("gen_ai.response.id") == ["chatcmpl-1", "chatcmpl-1"]
    assert found.column("gen_ai.usage.input_tokens") == [14, 14]


def test_damage(read, write):
    counts = {"proxy": {**PROXY, "usage": {"prompt_tokens": "many"}}}
    found = read(write(LINE, '{"started_at": 17871', LINE | {"ai": counts}, {"other": 1}, LINE | {"ai": "no object"}))
    assert [reject["line"] for reject in found.rejects] == [2, 3, 4]
    assert found.result.inputs[0].skipped == {"request that called no model": 1}
    assert len(found.records) == 1
