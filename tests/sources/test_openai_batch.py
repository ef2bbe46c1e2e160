import json
from typing import Any

from tests.sources.conftest import shared


def request(name: str, model: str = "gpt-4o", **more: Any) -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": f"ask {name}"}], **more}
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}


def answer(name: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": f"tell {name}"}
    body = {
        "id": f"chatcmpl-{name}", "object": "chat.completion", "created": 1735060987, "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 1},
    }  # fmt: skip
    return {"id": f"batch_req_{name}", "custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}


TEXT = ["prompt.text", "completion.text"]


def test_output_with_its_input(read, write):
    asked = write(request("a", user="u1"), request("b", safety_identifier="s1"), name="in.jsonl")
    told = write(answer("b"), answer("a"), name="out.jsonl")
    found = read(asked, told, text=TEXT)
    assert found.column("record.id") == ["chatcmpl-b", "chatcmpl-a"]
    assert found.column("gen_ai.request.model") == ["gpt-4o", "gpt-4o"]
    assert found.column("prompt.text") == ["ask b", "ask a"]
    assert found.column("completion.text") == ["tell b", "tell a"]
    assert found.column("end_user.id") == ["s1", "u1"]
    assert found.column("route") == ["direct", "direct"]
    assert [sum(item.skipped.values()) for item in found.result.inputs] == [2, 0]


def test_output_alone_and_failed_requests(read, write):
    failed = {
        "id": "batch_req_c",
        "custom_id": "c",
        "response": None,
        "error": {"code": "batch_expired", "message": "…"},
    }
    found = read(write(answer("a"), failed))
    assert "gen_ai.request.model" not in found.result.facts
    assert found.column("gen_ai.response.model") == ["gpt-4o-2024-08-06", None]
    assert found.column("record.id") == ["chatcmpl-a", "batch_req_c"]
    assert found.column("error.type") == [None, "batch_expired"]
    assert found.rejects == []


def test_ids_that_recur_find_the_batch_they_belong_to(read, write):
    one = write(request("a", "m1"), request("b", "m1"), name="1.jsonl")
    two = write(request("a", "m2"), request("b", "m2"), request("c", "m2"), name="2.jsonl")
    found = read(one, two, write(answer("a"), answer("c"), name="out.jsonl"))
    assert found.column("gen_ai.request.model") == ["m2", "m2"]


def test_where_two_batches_fit_neither_is_taken(read, write):
    one, two = write(request("a", "m1"), name="1.jsonl"), write(request("a", "m2"), name="2.jsonl")
    found = read(one, two, write(answer("a"), name="out.jsonl"))
    assert "gen_ai.request.model" not in found.result.facts


def test_responses_and_embeddings(read, write):
    body = {
        "id": "resp_1", "object": "response", "created_at": 1735060987, "model": "gpt-5", "status": "completed",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "hello"}]}],
        "usage": {"input_tokens": 3, "output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 2}},
    }  # fmt: skip
    vector = {"object": "list", "model": "text-embedding-3-small", "usage": {"prompt_tokens": 8}}
    found = read(
        write(
            {"id": "batch_req_1", "custom_id": "1", "response": {"status_code": 200, "body": body}},
            {"id": "batch_req_2", "custom_id": "2", "response": {"status_code": 200, "body": vector}},
        ),
        text=TEXT,
    )
    assert found.column("gen_ai.operation.name") == ["chat", "embeddings"]
    assert found.column("gen_ai.usage.input_tokens") == [3, 8]
    assert found.column("gen_ai.usage.reasoning.output_tokens") == [2, None]
    assert found.column("completion.text") == ["hello", None]


def test_real_output_with_its_input(read):
    asked = shared("usage", "litellm", "openai_endpoints_input.jsonl")
    told = shared("usage", "litellm", "openai_endpoints_out.jsonl")
    raw = json.loads(told.read_text())["response"]["body"]
    (record,) = read(asked, told, text=TEXT).records
    assert record["gen_ai.request.model"] == json.loads(asked.read_text())["body"]["model"]
    assert record["gen_ai.usage.output_tokens"] == raw["usage"]["completion_tokens"]
    assert record["completion.text"] == raw["choices"][0]["message"]["content"]
    assert (record["gen_ai.provider.name"], record["route"]) == ("openai", "direct")


def test_real_output_of_azure_is_told_by_its_filters(read):
    (record,) = read(shared("usage", "litellm", "openai_endpoints_out_azure.jsonl")).records
    assert (record["gen_ai.provider.name"], record["route"]) == ("azure.ai.openai", "azure")
