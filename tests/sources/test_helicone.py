import json
from datetime import datetime
from typing import Any

import pytest

from tests.sources.conftest import shared

CACHED = "answered from the gateway's cache: no model was called"
ROW: dict[str, Any] = {
    "request_id": "r1", "request_created_at": "2026-03-01 10:00:01.250", "request_user_id": "u1", "provider": "OPENAI",
    "target_url": "https://api.openai.com/v1/chat/completions", "request_model": "gpt-4o", "response_status": 200,
    "prompt_tokens": 10, "completion_tokens": 20, "prompt_cache_read_tokens": 0, "prompt_cache_write_tokens": 0,
    "country_code": "DE", "properties": {}, "cost": 0.25, "cache_reference_id": "00000000-0000-0000-0000-000000000000",
    "request_body": {"helicone_message": "fetching body from signed_url"}, "response_body": {},
}  # fmt: skip


def test_the_format_as_documented(read):
    path = shared("usage", "gateways", "shape_helicone_request.jsonl")
    (raw,) = (json.loads(line) for line in path.read_text().splitlines())
    found = read(path, text=["prompt.text", "completion.text"])
    assert (found.result.inputs[0].format, found.result.inputs[0].kind, found.rejects) == ("helicone", "call", [])
    (record,) = found.records
    assert record["timestamp"] == datetime.fromisoformat(raw["request_created_at"]).replace(tzinfo=None)
    assert record["record.id"] == raw["request_id"]
    assert record["gen_ai.provider.name"] == raw["provider"].lower()
    assert record["gen_ai.operation.name"] == "chat"
    assert record["gen_ai.request.model"] == raw["request_model"]
    assert record["gen_ai.response.model"] == raw["response_model"]
    assert record["gen_ai.conversation.id"] == raw["request_properties"]["Helicone-Session-Id"]
    assert record["gen_ai.usage.input_tokens"] == raw["prompt_tokens"]
    assert record["gen_ai.usage.output_tokens"] == raw["completion_tokens"]
    assert record["call.cost"] == raw["costUSD"]
    assert record["http.response.status_code"] == raw["response_status"]
    assert record["geo.country.iso_code"] == raw["country_code"]
    assert record["end_user.id"] == raw["request_user_id"]
    assert record["server.address"] == "api.openai.com"
    assert "prompt.text" not in record


def test_pages_and_rows_of_the_query_service(read, write):
    first, second = {"data": [ROW, ROW | {"request_id": "r2"}], "error": None}, {"data": [ROW | {"request_id": "r3"}]}
    for path in (write(first, second), write(json.dumps(first, indent=1), name="page.json")):
        found = read(path)
        assert found.column("record.id")[:2] == ["r1", "r2"]
        assert found.records[0] == {
            "_row": 0, "_input": 0, "_line": 1, "timestamp": datetime(2026, 3, 1, 10, 0, 1, 250000),
            "record.id": "r1", "gen_ai.provider.name": "openai", "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 20,
            "gen_ai.usage.cache_read.input_tokens": 0, "gen_ai.usage.cache_write.input_tokens": 0, "call.cost": 0.25,
            "http.response.status_code": 200, "server.address": "api.openai.com", "geo.country.iso_code": "DE",
            "end_user.id": "u1",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "tokens"),
    [
        ({"prompt_cache_read_tokens": 4}, (10, 20)),  # the provider's own count, with what was cached
        ({"prompt_cache_read_tokens": 40}, (50, 20)),  # more than there is in all: counted apart
        ({"prompt_cache_read_tokens": 4, "reasoning_tokens": 7}, (14, 27)),
        ({"provider": "ANTHROPIC", "prompt_cache_read_tokens": 4, "prompt_cache_write_tokens": 3}, (17, 20)),
        ({"prompt_tokens": None, "completion_tokens": None}, (None, None)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, (0, 0)),
    ],
)
def test_counts_of_tokens(read, write, more, tokens):
    (record,) = read(write(ROW | more)).records
    assert (record.get("gen_ai.usage.input_tokens"), record.get("gen_ai.usage.output_tokens")) == tokens


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(-3, None, "cancelled"), (-4, None, "threat"), (-7, None, "helicone -7"), (429, 429, "429"), (200, 200, None)],
)
def test_statuses(read, write, status, code, error):
    (record,) = read(write(ROW | {"response_status": status})).records
    assert (record.get("http.response.status_code"), record.get("error.type")) == (code, error)


def test_what_calls_no_model(read, write):
    found = read(
        write(
            ROW,
            ROW | {"cache_reference_id": "6d1b0b1e-0000-4000-8000-000000000002"},
            ROW | {"request_model": "tool:lookup"},
            ROW | {"request_model": "vector_db"},
            ROW | {"target_url": "https://api.openai.com/v1/models"},
        )
    )
    assert len(found.records) == 1
    assert found.result.inputs[0].skipped == {
        CACHED: 1, "no model call: tool": 1, "no model call: vector_db": 1, "no model call: lists or files": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "provider"),
    [
        ({"provider": "GOOGLE"}, "gcp.gemini"),
        ({"provider": "GOOGLE", "target_url": "https://us-aiplatform.googleapis.com/v1/x"}, "gcp.vertex_ai"),
        ({"provider": "X"}, "x_ai"),
        ({"provider": "TOGETHER"}, "together_ai"),
        ({"provider": "CUSTOM"}, None),
        ({"provider": "NEWCOMER"}, "newcomer"),
    ],
)
def test_providers(read, write, more, provider):
    assert read(write(ROW | more)).column("gen_ai.provider.name") == [provider]


def test_where_callers_are(read, write):
    found = read(write(ROW | {"country_code": "XX"}, ROW | {"country_code": "T1"}, ROW))
    assert found.column("geo.country.iso_code") == [None, None, "DE"]
    assert found.column("client.anonymised") == [None, True, None]


def test_properties_and_bodies(read, write):
    properties = {"application.purpose": "support", "end_user.id": "customer", "end_user.age": "17", "purpose": "no"}
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
    answered = {
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-2024-08-06",
        "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 21},
    }  # fmt: skip
    more = {"request_properties": properties, "request_body": asked, "response_body": json.dumps(answered)}
    (record,) = read(write(ROW | more), text=["prompt.text", "completion.text"]).records
    assert (record["application.purpose"], record["end_user.id"], record["end_user.age"]) == ("support", "customer", 17)
    assert (record["gen_ai.response.id"], record["gen_ai.response.model"]) == ("chatcmpl-1", "gpt-4o-2024-08-06")
    assert (record["gen_ai.usage.input_tokens"], record["gen_ai.usage.output_tokens"]) == (11, 21)
    assert record["gen_ai.response.finish_reasons"] == ["stop"]
    assert (record["prompt.text"], record["completion.text"]) == ("Hello", "Hi")


def test_damage(read, write):
    huge = ROW | {"prompt_tokens": 2**63 - 1, "prompt_cache_read_tokens": 2**63 - 1, "reasoning_tokens": 0}
    found = read(write(ROW, '{"request_id": "r2", "request_cre', ROW | {"prompt_tokens": "many"}, huge, {"other": 1}))
    assert [reject["line"] for reject in found.rejects] == [2, 3, 4, 5]
    assert "'many' is not a whole number" in found.rejects[1]["reason"]
    assert len(found.records) == 1
