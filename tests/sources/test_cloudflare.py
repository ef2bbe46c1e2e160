import json
from datetime import datetime
from typing import Any

import pytest

from tests.sources.conftest import shared

CACHED = "answered from the gateway's cache: no model was called"
LOG: dict[str, Any] = {
    "id": "01J", "created_at": "2026-03-01T10:00:01Z", "provider": "google-ai-studio", "model": "gemini-2.5-flash",
    "path": "v1beta/models/gemini-2.5-flash:generateContent", "success": True, "status_code": 200, "cached": False,
    "tokens_in": 10, "tokens_out": 0, "cost": 0.5, "metadata": '{"end_user.id":"42","application.purpose":"support"}',
}  # fmt: skip
SECRET: dict[str, Any] = {"type": "encrypted", "key": "a", "iv": "b", "data": "c"}
PUSHED: dict[str, Any] = {
    "Gateway": "g", "Provider": "anthropic", "Model": "claude-sonnet-4", "Endpoint": "v1/messages", "StatusCode": 200,
    "Cached": False, "RateLimited": False, "Metadata": SECRET, "RequestBody": SECRET, "ResponseBody": SECRET,
}  # fmt: skip


def test_a_page_as_documented(read):
    path = shared("usage", "gateways", "shape_cloudflare_ai_gateway_logs_page.json")
    (raw,) = json.loads(path.read_text())["result"]
    found = read(path)
    (entry,) = found.result.inputs
    assert (entry.format, entry.kind, entry.records, entry.rejected) == ("cloudflare", "call", 1, 0)
    assert found.records == [
        {
            "_row": 0, "_input": 0, "_line": 1,
            "timestamp": datetime.fromisoformat(raw["created_at"]).replace(tzinfo=None), "record.id": raw["id"],
            "gen_ai.provider.name": raw["provider"], "gen_ai.operation.name": "chat",
            "gen_ai.request.model": raw["model"], "gen_ai.usage.input_tokens": raw["tokens_in"],
            "gen_ai.usage.output_tokens": raw["tokens_out"], "call.cost": raw["cost"],
            "http.response.status_code": raw["status_code"],
        }
    ]  # fmt: skip


def test_pages_one_log_and_lines_are_the_same(read, write):
    rest = {"success": True, "errors": [], "result_info": {"count": 1}}
    forms = [
        write(LOG, name="a.jsonl"),
        write({"result": [LOG]} | rest, name="b.jsonl"),
        write(json.dumps({"result": LOG} | rest, indent=1), name="c.json"),
    ]
    first, *others = [read(path).records for path in forms]
    assert (first[0]["gen_ai.provider.name"], first[0]["gen_ai.operation.name"]) == ("gcp.gemini", "generate_content")
    assert (first[0]["end_user.id"], first[0]["application.purpose"]) == ("42", "support")
    assert others == [first] * 2


def test_an_empty_page_is_no_fault(read, write):
    found = read(write({"result": [], "success": True, "result_info": {"count": 0}}))
    assert (found.records, found.result.inputs[0].skipped) == ([], {"page without records": 1})


def test_failures_and_what_calls_no_model(read, write):
    found = read(
        write(
            LOG | {"success": False, "status_code": 429, "tokens_in": None, "tokens_out": None},
            LOG | {"success": False, "status_code": 0},
            LOG | {"cached": True},
            LOG | {"path": "v1/models"},
        )
    )
    assert found.column("error.type") == ["429", "failure"]
    assert found.column("http.response.status_code") == [429, None]
    assert found.column("gen_ai.usage.input_tokens") == [None, 10]
    assert found.result.inputs[0].skipped == {CACHED: 1, "no model call: lists or files": 1}


def test_heads_of_bodies(read, write):
    whole = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
    found = read(
        write(LOG | {"request_head": json.dumps(whole)}, LOG | {"request_head": '{"model":"gpt'}), text=["prompt.text"]
    )
    assert found.column("prompt.text") == ["Hello", None]


def test_logpush(read, write):
    metadata = json.dumps({"end_user.country": "FR"})
    body = {"model": "claude-sonnet-4", "messages": [{"role": "user", "content": "Hello"}]}
    found = read(
        write(
            PUSHED,
            PUSHED | {"Metadata": metadata, "RequestBody": body},
            PUSHED | {"Cached": True},
            PUSHED | {"RateLimited": True, "StatusCode": 429},
            PUSHED | {"StatusCode": 424},
        ),
        text=["prompt.text"],
    )
    (entry,) = found.result.inputs
    assert entry.format == "cloudflare-logpush"
    assert entry.skipped == {CACHED: 1, "refused by the gateway's rate limit: no model was called": 1}
    assert found.column("gen_ai.request.model") == ["claude-sonnet-4"] * 3
    assert found.column("gen_ai.operation.name") == ["chat"] * 3
    assert found.column("prompt.text") == [None, "Hello", None]
    assert found.column("end_user.country") == [None, "FR", None]
    assert found.column("error.type") == [None, None, "424"]


@pytest.mark.parametrize("lines", [(LOG, "tokens_in"), (PUSHED, "StatusCode")])
def test_damage(read, write, lines):
    good, count = lines
    found = read(write(good, json.dumps(good)[:30], good | {count: "x"}, {"other": 1}))
    assert [reject["line"] for reject in found.rejects] == [2, 3, 4]
    assert len(found.records) == 1
