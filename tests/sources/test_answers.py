"""Answers as APIs give them, and batches of Anthropic, Bedrock and Vertex AI; training files."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sources.conftest import SHARED, shared

USAGE = SHARED / "usage"
EXAMPLES = sorted((USAGE / "openai" / "spec_examples").glob("*.json"))
KINDS = {
    "chat.completion": "openai-completions",
    "text_completion": "openai-completions",
    "response": "openai-responses",
}
TEXT = ("prompt.text", "completion.text")


def answers(response: Any) -> list[dict[str, Any]]:
    """Return the answers in an example of OpenAI's specification."""
    if not isinstance(response, dict):
        return []
    items = response["data"] if response.get("object") == "list" else [response]
    return [item for item in items if isinstance(item, dict) and item.get("object") in KINDS and "model" in item]


@pytest.mark.skipif(not EXAMPLES, reason="needs ../shared")
def test_every_answer_in_the_specification_of_openai(read, tmp_path):
    seen = 0
    for example in EXAMPLES:
        content = json.loads(example.read_text())["response"]
        if not (expected := answers(content)):
            continue
        seen += 1
        path = tmp_path / "answer.json"
        path.write_text(json.dumps(content))
        found = read(path)
        assert found.result.inputs[0].format == KINDS[expected[0]["object"]], example.name
        assert not found.rejects
        assert found.column("record.id") == [item["id"] for item in expected]
        for record, item in zip(found.records, expected, strict=True):
            usage = item.get("usage") or {}
            assert record["gen_ai.response.model"] == item["model"]
            assert record.get("gen_ai.usage.input_tokens") == usage.get("prompt_tokens", usage.get("input_tokens"))
            assert record.get("gen_ai.usage.output_tokens") == usage.get(
                "completion_tokens", usage.get("output_tokens")
            )
    assert seen > 20


def test_stored_completions_with_metadata(read, write):
    item = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_738_960_610, "model": "gpt-4o-2024-08-06",
        "request_id": "req_1", "metadata": {"application.id": "claims", "end_user.id": "c-1"}, "input_user": "u-1",
        "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
        "usage": {"prompt_tokens": 13, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}},
    }  # fmt: skip
    page = {"object": "list", "data": [item, item | {"id": "chatcmpl-2", "metadata": {}}], "has_more": False}
    found = read(write(page), text=TEXT)
    assert found.column("gen_ai.provider.name") == ["openai"] * 2
    assert found.column("record.ids") == [["req_1"]] * 2
    assert found.column("application.id") == ["claims", None]
    assert found.column("end_user.id") == ["c-1", "u-1"]
    assert found.column("gen_ai.usage.cache_read.input_tokens") == [4, 4]
    assert found.column("completion.text") == ["Hello"] * 2
    other = read(write({key: value for key, value in item.items() if key != "request_id"}))
    assert "gen_ai.provider.name" not in other.records[0]  # other servers answer alike


def test_responses_tell_what_was_asked_and_which_tools_there_were(read, write):
    item = {
        "id": "resp_1", "object": "response", "created_at": 1_741_476_542, "model": "gpt-5", "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"}, "instructions": "Be kind.", "input": "Hi", "user": "u-1",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}],
        "tools": [{"type": "web_search"}, {"type": "function", "name": "f"}], "metadata": {"end_user.country": "DE"},
        "usage": {"input_tokens": 9, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 2}},
    }  # fmt: skip
    (record,) = read(write(item), text=TEXT).records
    assert record["prompt.text"] == "Be kind.\nHi" and record["completion.text"] == "Hello"
    assert record["request.tools"] == ["web_search"]
    assert record["gen_ai.response.finish_reasons"] == ["length"]
    assert record["gen_ai.usage.reasoning.output_tokens"] == 2
    assert (record["end_user.id"], record["end_user.country"]) == ("u-1", "DE")


@pytest.mark.parametrize(
    ("name", "provider"),
    [("msg_01A", "anthropic"), ("msg_bdrk_01A", "aws.bedrock"), ("msg_vrtx_1", "gcp.vertex_ai"), ("x", None)],
)
def test_messages(read, write, name, provider):
    item = {
        "id": name, "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "Hello"}],
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 80, "cache_creation_input_tokens": 5, "output_tokens": 4},
    }  # fmt: skip
    found = read(write(item), text=TEXT)
    (record,) = found.records
    assert found.result.inputs[0].format == "anthropic-messages"
    assert record.get("gen_ai.provider.name") == provider
    assert record["gen_ai.usage.input_tokens"] == 95
    assert record["completion.text"] == "Hello"


def result(name: str, **message: Any) -> dict[str, Any]:
    body = {
        "id": f"msg_{name}", "type": "message", "role": "assistant", "model": "claude-x-2", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": f"tell {name}"}], "usage": {"input_tokens": 7, "output_tokens": 3},
    }  # fmt: skip
    return {"custom_id": name, "result": {"type": "succeeded", "message": body | message}}


def test_real_results_of_an_anthropic_batch(read):
    path = shared("usage", "anthropic", "shape_message_batch_results.jsonl")
    results = [json.loads(line)["result"] for line in path.read_text().splitlines()]
    found = read(path)
    assert found.result.inputs[0].format == "anthropic-batch"
    assert found.column("error.type") == [None, "invalid_request_error"]
    assert found.column("gen_ai.usage.input_tokens") == [results[0]["message"]["usage"]["input_tokens"], None]
    assert found.column("record.ids") == [None, ["req_1"]]
    assert found.result.inputs[0].skipped == {
        f"request of a batch, {kind}: no call": 1 for kind in ("canceled", "expired")
    }


@pytest.mark.parametrize("whole", [True, False])
def test_results_with_their_requests(read, write, whole):
    asked = [
        {"custom_id": name, "params": {"model": "claude-x", "metadata": {"user_id": f"u-{name}"},
         "messages": [{"role": "user", "content": f"ask {name}"}]}} for name in "ab"
    ]  # fmt: skip
    requests = write(*([{"requests": asked}] if whole else asked), name="requests.json")
    found = read(requests, write(result("b"), result("a"), name="results.jsonl"), text=TEXT)
    assert found.column("gen_ai.request.model") == ["claude-x", "claude-x"]
    assert found.column("gen_ai.response.model") == ["claude-x-2", "claude-x-2"]
    told = [(record["prompt.text"], record["completion.text"], record["end_user.id"]) for record in found.records]
    assert sorted(told) == [("ask a", "tell a", "u-a"), ("ask b", "tell b", "u-b")]
    assert sum(found.result.inputs[0].skipped.values()) == (1 if whole else 2)


def test_batches_of_bedrock_and_vertex(read, write):
    asked = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Hi"}],
    }
    found = read(
        write(
            {"recordId": "1", "modelInput": asked, "modelOutput": result("a")["result"]["message"]},
            {"recordId": "2", "modelInput": asked, "error": {"errorCode": 400, "errorMessage": "no"}},
            {"recordId": "3", "modelInput": asked},
        )
    )
    assert found.result.inputs[0].format == "bedrock-batch"
    assert found.column("gen_ai.provider.name") == ["aws.bedrock"] * 2
    assert found.column("gen_ai.usage.input_tokens") == [7, None]
    assert found.column("error.type") == [None, "400"]
    answer = {
        "candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "Hello"}]}}], "modelVersion": "gemini-2.5-flash",
        "usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": 2, "thoughtsTokenCount": 4},
    }  # fmt: skip
    request = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
    found = read(
        write(
            {"status": "", "processed_time": "2026-01-01T00:00:00Z", "request": request, "response": answer},
            {"status": "Bad Request", "processed_time": "2026-01-01T00:00:00Z", "request": request, "response": {}},
            {"request": request},
        ),
        text=TEXT,
    )
    assert found.result.inputs[0].format == "vertex-batch"
    assert found.column("gen_ai.usage.output_tokens") == [6, None]
    assert found.column("error.type") == [None, "error"]
    assert found.column("prompt.text") == ["Hi", "Hi"]
    assert found.result.inputs[0].skipped == {"request of a batch: no call until it is answered": 1}


INPUTS = sorted((USAGE / "litellm").glob("*batch*.jsonl")) + sorted((USAGE / "litellm").glob("openai_endpoints_input*"))


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_real_requests_of_batches_are_no_calls(read, path: Path):
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    found = read(path)
    assert not found.records and not found.rejects
    assert found.result.inputs[0].skipped == {"request of a batch: no call until it is answered": len(lines)}


@pytest.mark.parametrize("path", sorted((USAGE / "litellm").glob("*fine_tun*.jsonl")), ids=lambda path: path.stem)
def test_real_training_files_hold_items(read, db, path: Path):
    lines = [line for line in path.read_text().splitlines() if line.strip()]
    found = read(path)
    assert (found.result.inputs[0].format, found.result.inputs[0].kind) == ("fine-tuning", "item")
    assert not found.records and not found.rejects
    assert db.execute("SELECT count(*) FROM items") == [(len(lines),)]


@pytest.mark.parametrize(
    "item",
    [
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
        {"prompt": "Hi", "completion": "Hello"},
        {"input": {"messages": [{"role": "user", "content": "Hi"}]}, "preferred_output": [{"content": "Hello"}]},
    ],
)
def test_shapes_of_training_items(read, write, db, item):
    found = read(write(item, item), text=TEXT)
    assert found.result.inputs[0].format == "fine-tuning"
    ((prompt,),) = db.execute('SELECT DISTINCT "prompt.text" FROM items')
    assert prompt.startswith("Hi")
