import json
from datetime import datetime
from typing import Any

import pytest

from tests.sources.conftest import shared

LOG: dict[str, Any] = {
    "id": "l1", "created_at": "2026-01-15 10:30:00", "is_success": True, "ai_org": "openai", "ai_model": "gpt-4o-2024",
    "req_units": 9, "res_units": 8, "cost": "1.25", "cost_currency": "USD", "response_status_code": 200,
    "request_url": "https://api.openai.com/v1/chat/completions", "cache_status": "MISS", "metadata": {"_user": "u1"},
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-2024-08-06",
    "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}],
}  # fmt: skip
ASKED: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
HEADERS: dict[str, Any] = {
    "cf-ipcountry": "FR",
    "x-real-ip": "203.0.113.9",
    "user-agent": "agent/1",
    "authorization": "Be***",
}
STORED: dict[str, Any] = {
    "_id": "x", "organisation_id": "org",
    "request": {"url": "https://api.openai.com/v1/chat/completions", "method": "POST", "headers": HEADERS,
                "body": ASKED, "portkeyHeaders": {"x-portkey-api-key": "pk***"}},
    "response": {"status": 200, "headers": {"x-request-id": "req_1"}, "body": ANSWER},
    "metrics": LOG | {"metadata": None, "api_key_id": "key", "virtual_key": "vk", "workspace_slug": "claims",
                      "metadata.key": ["_user", "end_user.country"], "metadata.value": ["u2", "FR"]},
}  # fmt: skip


def test_the_format_as_documented(read):
    path = shared("usage", "gateways", "shape_portkey_log_export.jsonl")
    (raw,) = (json.loads(line) for line in path.read_text().splitlines())
    found = read(path, text=["prompt.text"])
    assert (found.result.inputs[0].format, found.rejects) == ("portkey", [])
    (record,) = found.records
    assert record["timestamp"] == datetime.fromisoformat(raw["created_at"]).replace(tzinfo=None)
    assert record["record.id"] == raw["id"]
    assert record["gen_ai.provider.name"] == raw["ai_org"]
    assert record["gen_ai.operation.name"] == "chat"
    assert record["gen_ai.request.model"] == raw["request"]["model"]
    assert record["gen_ai.response.model"] == raw["ai_model"]
    assert record["gen_ai.usage.input_tokens"] == raw["req_units"]
    assert record["gen_ai.usage.output_tokens"] == raw["res_units"]
    assert record["call.cost"] == raw["cost"] / 100
    assert record["http.response.status_code"] == raw["response_status_code"]
    assert record["end_user.id"] == raw["metadata"]["_user"]
    assert record["server.address"] == "api.openai.com"
    assert record["prompt.text"] == raw["request"]["messages"][0]["content"]
    assert "record.ids" not in record  # a trace is no call


@pytest.mark.parametrize("dot", [".", "__"])
def test_stored_logs(read, write, dot):
    metrics = {name.replace(".", dot): value for name, value in STORED["metrics"].items()}
    found = read(write(json.dumps(STORED | {"metrics": metrics}, indent=1)), text=["prompt.text", "completion.text"])
    assert found.records == [
        {
            "_row": 0, "_input": 0, "_line": 1, "timestamp": datetime(2026, 1, 15, 10, 30),
            "record.id": "l1", "record.ids": ["req_1"], "gen_ai.provider.name": "openai",
            "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 8,
            "gen_ai.response.finish_reasons": ["stop"], "call.cost": 0.0125, "http.response.status_code": 200,
            "prompt.text": "Hello", "completion.text": "Hi", "server.address": "api.openai.com",
            "client.address": "203.0.113.9", "user_agent.original": "agent/1", "geo.country.iso_code": "FR",
            "organization.id": "org", "project.id": "claims", "api_key.id": "key", "end_user.id": "u2",
            "end_user.country": "FR",
        }
    ]  # fmt: skip


def test_stored_logs_without_bodies(read, write):
    request = {name: value for name, value in STORED["request"].items() if name != "body"}
    response = {"status": 200, "headers": {}}
    found = read(write(STORED | {"request": request, "response": response}), text=["prompt.text", "completion.text"])
    assert found.column("gen_ai.usage.input_tokens") == [9]
    assert (found.column("prompt.text"), found.column("completion.text")) == ([None], [None])


@pytest.mark.parametrize(
    ("more", "cost"),
    [
        ({"cost": 1e-05}, 1e-07), ({"cost": 0}, 0), ({"cost": None}, None), ({"cost_currency": "EUR"}, None),
        ({"cost_currency": ""}, 0.0125),
    ],
)  # fmt: skip
def test_costs_are_in_cents(read, write, more, cost):
    assert read(write(LOG | more)).column("call.cost") == [cost]


def test_bodies_in_strings_and_names_with_dots(read, write):
    more = {"request.body": json.dumps(ASKED), "response.body": json.dumps(ANSWER)}
    plain = {"request": json.dumps(ASKED), "response": json.dumps(ANSWER)}
    lists = {"metadata": None, "metadata.key": '["_user"]', "metadata.value": '["u3"]'}
    found = read(write(LOG | more | lists, LOG | plain), text=["prompt.text", "completion.text"])
    assert found.column("prompt.text") == ["Hello", "Hello"]
    assert found.column("completion.text") == ["Hi", "Hi"]
    assert found.column("end_user.id") == ["u3", "u1"]


def test_failures_and_guardrails(read, write):
    checks = [{"id": "default.regex", "verdict": False}, {"id": "default.length", "verdict": True}]
    denied = {
        "error": {"message": "no"},
        "hook_results": {"before_request_hooks": [{"verdict": False, "checks": checks}]},
    }
    found = read(
        write(
            LOG | {"is_success": False, "response_status_code": 446, "response": denied},
            LOG | {"is_success": 0, "response_status_code": None},
        )
    )
    assert found.column("http.response.status_code") == [446, None]
    assert all(found.column("error.type"))
    assert found.column("content.flags") == [["default.regex"], None]
    assert found.column("gen_ai.response.model") == [None, None]
    assert found.column("gen_ai.request.model") == ["gpt-4o-2024", "gpt-4o-2024"]


def test_what_calls_no_model(read, write):
    found = read(
        write(
            LOG,
            LOG | {"cache_status": "HIT"},
            LOG | {"cache_status": "SEMANTIC HIT"},
            LOG | {"cache_status": "DISABLED"},
            LOG | {"request_url": "https://api.openai.com/v1/files/file-1/content"},
        )
    )
    assert len(found.records) == 2
    assert found.result.inputs[0].skipped == {
        "answered from the gateway's cache: no model was called": 2, "no model call: lists or files": 1,
    }  # fmt: skip


def test_tor_and_masked_addresses(read, write):
    headers = HEADERS | {"cf-ipcountry": "T1", "x-real-ip": "203.0.113.***"}
    (record,) = read(write(STORED | {"request": STORED["request"] | {"headers": headers}})).records
    assert (record.get("geo.country.iso_code"), record["client.anonymised"]) == (None, True)
    assert "client.address" not in record


def test_damage(read, write):
    found = read(write(LOG, '{"id": "l2", "ai_org"', LOG | {"cost": "dear"}, LOG | {"req_units": "x"}, {"other": 1}))
    assert [reject["line"] for reject in found.rejects] == [2, 3, 4, 5]
    assert "'dear' is not a finite number" in found.rejects[1]["reason"]
    assert found.column("record.id") == ["l1"]
