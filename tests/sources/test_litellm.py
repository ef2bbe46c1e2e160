import json
from datetime import UTC, datetime

import pytest

from tests.sources.conftest import shared

RECORD = {
    "id": "x", "call_type": "acompletion", "startTime": 1735689600.25, "custom_llm_provider": "azure",
    "model": "gpt-4o", "metadata": {}, "api_base": "", "end_user": "None",
    "messages": [{"role": "user", "content": "redacted-by-litellm"}],
}  # fmt: skip


def test_real_standard_payloads(read):
    path = shared("usage", "litellm", "generated_1.109.1_standard_logging_payload.jsonl")
    raw = [json.loads(line) for line in path.read_text().splitlines()]
    found = read(path, text=["prompt.text", "completion.text"])
    assert found.rejects == []
    assert found.column("record.id") == [item["id"] for item in raw]
    assert found.column("gen_ai.request.model") == [item["model"] for item in raw]
    assert found.column("gen_ai.provider.name") == [item["custom_llm_provider"] for item in raw]
    assert found.column("gen_ai.usage.input_tokens") == [item["prompt_tokens"] for item in raw]
    assert found.column("gen_ai.usage.output_tokens") == [item["completion_tokens"] for item in raw]
    assert found.column("api_key.id") == [item["metadata"]["user_api_key_hash"] for item in raw]
    assert found.column("project.id") == [item["metadata"]["user_api_key_team_id"] for item in raw]
    assert found.column("user.id") == [item["metadata"]["user_api_key_user_id"] for item in raw]
    assert found.column("organization.id") == [item["metadata"]["user_api_key_org_id"] for item in raw]
    assert found.column("end_user.id") == [item["end_user"] for item in raw]
    assert found.column("client.address") == [item["requester_ip_address"] for item in raw]
    assert found.column("prompt.text") == [item["messages"][0]["content"] for item in raw]
    assert found.column("error.type") == [item["error_information"]["error_class"] or None for item in raw]
    assert found.column("http.response.status_code") == [
        int(item["error_information"]["error_code"] or 0) or None for item in raw
    ]
    for record, item in zip(found.records, raw, strict=True):
        assert abs(record["timestamp"].replace(tzinfo=UTC).timestamp() - item["startTime"]) < 2e-6
    assert found.records[0]["completion.text"] == "Hi there"


def test_real_spend_logs(read):
    path = shared("usage", "litellm", "generated_1.109.1_spend_logs_payload.jsonl")
    raw = [json.loads(line) for line in path.read_text().splitlines()]
    good = [item for item in raw if item.get("request_id")]
    found = read(path)
    assert found.column("record.id") == [item["request_id"] for item in good]
    assert found.column("api_key.id") == [item["api_key"] for item in good]
    assert found.column("gen_ai.usage.input_tokens") == [item["prompt_tokens"] for item in good]
    assert len(found.rejects) == len(raw) - len(good)


@pytest.mark.parametrize(
    "name",
    [
        "logging_callback_gcs_pub_sub_body__standard_logging_payload.json",
        "logging_callback_gcs_pub_sub_body__spend_logs_payload.json",
        "pypi_1.109.1__azure_sentinel__example_standard_logging_payload.json",
    ],
)
def test_real_single_objects(read, name):
    path = shared("usage", "litellm", name)
    raw = json.loads(path.read_text())
    found = read(path)
    assert found.column("record.id") == [raw.get("id") or raw["request_id"]]
    assert found.column("gen_ai.usage.output_tokens") == [raw["completion_tokens"]]
    assert found.result.inputs[0].format == "litellm"


def test_its_words_for_missing(read, write):
    found = read(write(RECORD), text=["prompt.text"])
    assert found.records == [
        {
            "_row": 0, "_input": 0, "_line": 1, "timestamp": datetime(2025, 1, 1, 0, 0, 0, 250000),
            "record.id": "x", "gen_ai.provider.name": "azure.ai.openai", "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o", "gen_ai.response.id": "x",
        }
    ]  # fmt: skip


def test_guardrails_cache_and_members_in_strings(read, write):
    usage = {"prompt_tokens_details": {"cached_tokens": 5}, "cache_creation_input_tokens": 7}
    more = {
        "metadata": json.dumps({"usage_object": usage, "user_api_key_hash": "h", "user_api_key_project_id": "p"}),
        "guardrail_information": [
            {
                "guardrail_name": "g",
                "guardrail_status": "guardrail_intervened",
                "violation_categories": ["hate", "minors"],
            },
            {"guardrail_name": "pii", "guardrail_status": "guardrail_intervened"},
            {"guardrail_name": "ok", "guardrail_status": "success"},
        ],
        "response": json.dumps({"model": "m-1", "choices": [{"finish_reason": "stop", "message": {"content": "yes"}}]}),
    }
    (record,) = read(write(RECORD | more), text=["completion.text"]).records
    assert sorted(record["content.flags"]) == ["hate", "minors", "pii"]
    assert record["gen_ai.usage.cache_read.input_tokens"] == 5
    assert record["gen_ai.usage.cache_write.input_tokens"] == 7
    assert (record["api_key.id"], record["project.id"]) == ("h", "p")
    assert (record["gen_ai.response.model"], record["gen_ai.response.finish_reasons"]) == ("m-1", ["stop"])
    assert record["completion.text"] == "yes"


@pytest.mark.parametrize(
    ("call_type", "operation"),
    [
        ("acompletion", "chat"), ("completion", "chat"), ("aembedding", "embeddings"), ("anthropic_messages", "chat"),
        ("aresponses", "chat"), ("atext_completion", "text_completion"), ("aimage_generation", "image_generation"),
    ],
)  # fmt: skip
def test_call_types(read, write, call_type, operation):
    assert read(write(RECORD | {"call_type": call_type})).column("gen_ai.operation.name") == [operation]


def test_calls_of_no_model_are_skipped(read, write):
    found = read(write(RECORD | {"call_type": "alist_batches"}, RECORD))
    assert (len(found.records), found.result.inputs[0].skipped) == (1, {"no model call: list_batches": 1})
