import json
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.errors import AuditorError
from auditor.sources import SOURCES
from tests.sources.conftest import shared

RECORD: dict[str, Any] = {
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


def test_real_costs_ids_and_what_callers_attach(read):
    payloads = shared("usage", "litellm", "generated_1.109.1_standard_logging_payload.jsonl")
    spend_logs = shared("usage", "litellm", "generated_1.109.1_spend_logs_payload.jsonl")
    calls = [json.loads(line) for line in payloads.read_text().splitlines()]
    rows = [row for row in map(json.loads, spend_logs.read_text().splitlines()) if "request_id" in row]
    first, second = read(payloads), read(spend_logs)
    assert first.column("call.cost") == [call["response_cost"] for call in calls]
    assert second.column("call.cost") == [row["spend"] for row in rows]
    assert first.column("record.ids") == [[call["litellm_call_id"]] for call in calls]
    assert second.column("record.ids") == [[row["litellm_call_id"]] for row in rows]
    assert set(first.column("gen_ai.conversation.id")) == {None}
    assert second.column("user_agent.original") == [json.loads(row["metadata"])["user_agent"] for row in rows]
    for record, row in zip(second.records, rows, strict=True):
        assert record["timestamp"] == datetime.fromisoformat(row["startTime"]).replace(tzinfo=None)
    # Both forms tell of the same calls.
    assert set(map(tuple, second.column("record.ids"))) <= set(map(tuple, first.column("record.ids")))
    assert [entry.layer for entry in SOURCES.values() if entry.name == "litellm"] == ["gateway"]


def test_real_times_without_a_zone(read):
    path = shared("usage", "litellm", "logging_callback_gcs_pub_sub_body__spend_logs_payload.json")
    raw = json.loads(path.read_text())
    (record,) = read(path).records
    assert record["timestamp"] == datetime.fromisoformat(raw["startTime"])
    assert (record["call.cost"], record["gen_ai.conversation.id"]) == (raw["spend"], raw["session_id"])
    assert (record["gen_ai.usage.input_tokens"], record["gen_ai.provider.name"]) == (10, raw["custom_llm_provider"])


def test_arguments_of_a_call_are_no_log(read):
    path = shared("usage", "litellm", "test_litellm__integrations__open_telemetry__data__captured_kwargs.json")
    with pytest.raises(AuditorError, match="no format that is known"):
        read(path)


def test_pages_of_spend_logs(read, write):
    row = RECORD | {"id": None, "request_id": "r1", "spend": 0.5, "startTime": "2025-01-01 00:00:00.250000"}
    page = {"data": [row, row | {"request_id": "r2"}], "total": 3, "page": 1, "page_size": 2, "total_pages": 2}
    last = page | {"data": [row | {"request_id": "r3"}], "page": 2}
    whole = read(write(json.dumps(page, indent=2), name="page.json"))
    lines = read(write(page, last, page | {"data": []}))
    assert whole.column("record.id") == ["r1", "r2"]
    assert lines.column("record.id") == ["r1", "r2", "r3"]
    assert lines.column("timestamp") == [datetime(2025, 1, 1, 0, 0, 0, 250000)] * 3
    assert lines.column("call.cost") == [0.5] * 3
    assert (lines.result.inputs[0].format, lines.rejects) == ("litellm", [])


def test_answers_from_the_cache_call_no_model(read, write):
    found = read(write(*(RECORD | {"cache_hit": word} for word in (True, "True", "False", "None", None, False))))
    assert len(found.records) == 4
    assert found.result.inputs[0].skipped == {"answered from the gateway's cache: no model was called": 2}


def test_metadata_of_callers(read, write):
    spend = {"application.purpose": "support", "end_user.country": "DE", "purpose": "triage"}
    own = json.dumps({"application.purpose": "other", "application.id": "helpdesk", "end_user.id": "customer"})
    origin = {"internal_call_origin": "guardrail"}
    found = read(
        write(
            RECORD | {"metadata": {"spend_logs_metadata": spend, "requester_metadata": own} | origin},
            RECORD | {"metadata": json.dumps({"spend_logs_metadata": json.dumps(spend)}), "end_user": "e1"},
            RECORD | {"request_tags": ["application.purpose:tag"]},
        )
    )
    assert found.column("application.purpose") == ["support", "support", None]
    assert found.column("application.id") == ["helpdesk", None, None]
    assert found.column("end_user.id") == ["customer", "e1", None]
    assert found.column("end_user.country") == ["DE", "DE", None]


def test_where_it_ran_and_what_failed(read, write):
    error = {"error_code": "429", "error_class": "RateLimitError", "error_provider_request_id": "req_9"}
    headers = {"additional_headers": {"llm_provider-x-request-id": "req_1"}}
    found = read(
        write(
            RECORD | {"cost_breakdown": {"data_residency": "eu"}, "litellm_call_id": "c1", "hidden_params": headers},
            RECORD | {"metadata": json.dumps({"cost_breakdown": {"vertex_location": "europe-west4"}})},
            RECORD | {"status": "failure", "metadata": json.dumps({"error_information": error})},
            RECORD | {"status": "failure", "error_information": {"error_code": "no_quota"}},
        )
    )
    assert found.column("cloud.region") == ["eu", "europe-west4", None, None]
    assert found.column("record.ids") == [["c1", "req_1"], None, ["req_9"], None]
    assert found.column("error.type") == [None, None, "RateLimitError", "failure"]
    assert found.column("http.response.status_code") == [None, None, 429, None]


def test_a_trace_in_place_of_a_session_is_no_conversation(read, write):
    found = read(write(RECORD | {"trace_id": "t", "session_id": "t"}, RECORD | {"trace_id": "t", "session_id": "s"}))
    assert found.column("gen_ai.conversation.id") == [None, "s"]


def test_cut_text_stays_text(read, write):
    cut = "Hello ... (litellm_truncated skipped 900 chars) ... bye"
    messages = json.dumps([{"role": "user", "content": cut}])
    found = read(write(RECORD | {"messages": messages}, RECORD | {"messages": cut}), text=["prompt.text"])
    assert found.column("prompt.text") == [cut, cut]


def test_damage(read, write):
    found = read(
        write(RECORD, '{"call_type": "acomp', RECORD | {"prompt_tokens": "x"}, {"other": 1}, RECORD | {"spend": "x"})
    )
    assert [reject["line"] for reject in found.rejects] == [2, 3, 4, 5]
