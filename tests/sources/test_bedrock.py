import json
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.errors import AuditorError
from tests.sources.conftest import shared

RECORD: dict[str, Any] = {
    "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-09-08T12:10:33Z",
    "accountId": "1112", "identity": {"arn": "arn:aws:iam::1112:user/alex"}, "region": "us-east-1", "requestId": "r-1",
    "operation": "Converse", "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
    "input": {"inputTokenCount": 10}, "output": {"outputTokenCount": 4},
}  # fmt: skip
GUARDED = "amazon-bedrock-guardrailAction"


def _answer(body: Any, **more: Any) -> dict[str, Any]:
    return RECORD | {"output": {"outputBodyJson": body, "outputTokenCount": 4}} | more


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _panther(kind: str) -> list[dict[str, Any]]:
    lines = shared("usage", "aws", "panther_bedrock_events.jsonl").read_text().splitlines()
    return [item["log"] for item in map(json.loads, lines) if item["log_types"] == [kind]]


def test_logs_as_documented(read):
    path = shared("usage", "aws", "shape_bedrock_invocation.jsonl")
    raw = [json.loads(line) for line in path.read_text().splitlines()]
    found = read(path, text=["prompt.text", "completion.text"])
    (entry,) = found.result.inputs
    assert (entry.format, entry.kind, entry.records, entry.rejected) == ("bedrock", "call", len(raw), 0)
    for record, told in zip(found.records, raw, strict=True):
        assert record["timestamp"] == _time(told["timestamp"])
        assert record["record.id"] == told["requestId"]
        assert record["record.ids"] == [told["requestId"]]
        assert record["gen_ai.provider.name"] == "aws.bedrock"
        assert record["route"] == "bedrock"
        assert record["gen_ai.operation.name"] == "chat"
        assert record["gen_ai.request.model"] == told["modelId"]
        assert record["gen_ai.usage.input_tokens"] == told["input"].get("inputTokenCount")
        assert record["gen_ai.usage.output_tokens"] == told["output"].get("outputTokenCount")
        assert record["cloud.region"] == told.get("inferenceRegion", told["region"])
        assert record["account.id"] == told["accountId"]
        assert record["user.id"] == told["identity"]["arn"]
        assert record.get("error.type") == told.get("errorCode")
        assert record["content.flags"] == (["guardrail"] if "INTERVENED" in json.dumps(told["output"]) else None)
    assert found.column("content.flags").count(["guardrail"]) == 1
    assert found.column("gen_ai.response.finish_reasons")[:2] == [["stop"], ["stop"]]
    assert found.column("completion.text")[:2] == ["Done.", "Hi"]
    assert found.column("completion.text")[2] is None  # it lies in S3
    assert found.column("prompt.text")[1] == "Hello"


def test_lines_of_a_data_lake(read, write):
    raw = _panther("AWS.BedrockModelInvocation")
    lines = [line | {"p_log_type": "AWS.BedrockModelInvocation", "p_row_id": str(n)} for n, line in enumerate(raw)]
    found = read(write(*lines))
    calls = [line for line in raw if line["operation"] != "ListModels"]
    (entry,) = found.result.inputs
    assert (entry.format, entry.kind, entry.records, entry.rejected) == ("bedrock", "call", len(calls), 0)
    assert entry.skipped == {"no model call: lists, counts or manages": len(raw) - len(calls)}
    assert entry.unused == ("p_log_type", "p_row_id", "schemaVersion")
    assert found.column("timestamp") == [_time(line["timestamp"][:26] + "+00:00") for line in calls]
    assert found.column("gen_ai.request.model") == [line["modelId"] for line in calls]
    assert found.column("gen_ai.usage.input_tokens") == [line["input"].get("inputTokenCount") for line in calls]
    assert found.column("gen_ai.usage.output_tokens") == [line["output"].get("outputTokenCount") for line in calls]
    guarded = ["ntervened" in json.dumps(line["output"]).replace("INTERVENED", "intervened") for line in calls]
    assert [flags == ["guardrail"] for flags in found.column("content.flags")] == guarded
    assert 0 < sum(guarded) < len(calls)


@pytest.mark.parametrize("name", ["message", "@message"])
def test_events_of_cloudwatch(read, write, name):
    inner = RECORD | {"inferenceRegion": "us-west-2"}
    events = [
        {"timestamp": 1788869433000, "@timestamp": "2026-09-08 12:10:33.000", name: json.dumps(inner)},
        {"timestamp": 1788869434000, name: json.dumps({"other": 1})},
        {"timestamp": 1788869435000, name: json.dumps(inner)[:90]},
    ]
    found = read(write(*events))
    (record,) = found.records
    assert (record["_line"], record["record.id"], record["cloud.region"]) == (1, "r-1", "us-west-2")
    assert record["timestamp"] == _time(RECORD["timestamp"])
    assert found.result.inputs[0].skipped == {"log event of something else": 1}
    assert [reject["line"] for reject in found.rejects] == [3]


@pytest.mark.parametrize("envelope", ["events", "logEvents"])
def test_pages_and_subscriptions_of_cloudwatch(read, write, envelope):
    texts = [json.dumps(RECORD | {"requestId": f"r-{n}"}) for n in range(2)]
    events = [{"id": str(n), "timestamp": 1788869433000 + n, "message": text} for n, text in enumerate(texts)]
    around = {"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "bedrock", envelope: events}
    for text in (json.dumps(around), json.dumps(around, indent=1)):
        found = read(write(text))
        assert found.result.inputs[0].format == "bedrock"
        assert found.column("record.id") == ["r-0", "r-1"]


@pytest.mark.parametrize("shape", [lambda records: {"Records": records}, lambda records: {"records": records}, list])
@pytest.mark.parametrize("indent", [None, 1])
def test_containers(read, write, shape, indent):
    records = [RECORD, RECORD | {"requestId": "r-2"}]
    found = read(write(json.dumps(shape(records), indent=indent)))
    assert found.result.inputs[0].format == "bedrock"
    assert found.column("record.id") == ["r-1", "r-2"]


@pytest.mark.parametrize(
    ("counts", "whole"),
    [
        ({"inputTokenCount": 4, "cacheReadInputTokenCount": 1165, "cacheWriteInputTokenCount": 30}, 1199),
        ({"inputTokenCount": 4, "cacheReadInputTokenCount": 0}, 4),
        ({"inputTokenCount": 0}, 0),
        ({"cacheReadInputTokenCount": 7}, None),
        ({}, None),
    ],
)
def test_input_includes_what_was_cached(read, write, counts, whole):
    (record,) = read(write(RECORD | {"input": counts})).records
    assert record.get("gen_ai.usage.input_tokens") == whole
    assert record.get("gen_ai.usage.cache_read.input_tokens") == counts.get("cacheReadInputTokenCount")
    assert record.get("gen_ai.usage.cache_write.input_tokens") == counts.get("cacheWriteInputTokenCount")


@pytest.mark.parametrize(
    ("asked", "model"),
    [
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", None),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", None),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0"),
        ("arn:aws-us-gov:bedrock:us-gov-west-1:1:inference-profile/us-gov.meta.x", "us-gov.meta.x"),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123", None),
        ("arn:aws:bedrock:us-east-1:1:provisioned-model/abc", None),
        ("arn:aws:bedrock:us-east-1:1:custom-model/anthropic.claude-3-haiku-20240307-v1:0/abc", None),
    ],
)
def test_names_of_models(read, write, asked, model):
    assert read(write(RECORD | {"modelId": asked})).column("gen_ai.request.model") == [model or asked]


@pytest.mark.parametrize(
    ("operation", "model", "name"),
    [
        ("InvokeModel", "amazon.titan-embed-text-v2:0", "embeddings"),
        ("InvokeModel", "cohere.embed-english-v3", "embeddings"),
        ("InvokeModel", "cohere.rerank-v3-5:0", "rerank"),
        ("InvokeModel", "amazon.nova-canvas-v1:0", "image_generation"),
        ("InvokeModelWithResponseStream", "meta.llama3-8b-instruct-v1:0", "chat"),
        ("ConverseStream", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", "chat"),
        ("SomethingNew", "anthropic.claude-x", "chat"),
    ],
)
def test_operations(read, write, operation, model, name):
    found = read(write(RECORD | {"operation": operation, "modelId": model}))
    assert found.column("gen_ai.operation.name") == [name]


def test_a_body_that_ends_with_a_mark(read, write):
    chunks = [
        {"type": "message_start", "message": {"id": "msg_1", "model": "claude-3-haiku-20240307", "usage": {}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 4}},
        "[DONE]",
    ]
    (record,) = read(
        write(_answer(chunks, operation="InvokeModelWithResponseStream")), text=["completion.text"]
    ).records
    assert record["completion.text"] == "Hi"
    assert record["gen_ai.response.id"] == "msg_1"
    assert record["gen_ai.response.finish_reasons"] == ["length"]
    assert record["gen_ai.usage.output_tokens"] == 4


@pytest.mark.parametrize(
    ("body", "flagged"),
    [
        ({"stopReason": "guardrail_intervened", "output": {"message": {"content": []}}}, True),
        ({"content": [], GUARDED: "INTERVENED"}, True),
        ([{"delta": {}, GUARDED: "INTERVENED"}, "[DONE]"], True),
        ([{"delta": {}, GUARDED: "NONE"}, "[DONE]"], False),
        ({"stopReason": "end_turn", "output": {"message": {"content": [{"text": "guardrail_intervened"}]}}}, False),
        ({"content": [{"type": "tool_use", "input": {GUARDED: "INTERVENED", "stopReason": "guardrail_intervened"}}]}, False),
        ([{"delta": {"text": f'"{GUARDED}": "INTERVENED"'}}], False),
    ],
)  # fmt: skip
def test_guardrails(read, write, body, flagged):
    (record,) = read(write(_answer(body))).records
    assert record.get("content.flags") == (["guardrail"] if flagged else None)


def test_what_callers_attach(read, write):
    attached = {"application.id": "claims", "application.purpose": "triage", "end_user.country": "FR", "team": "x"}
    (record,) = read(write(RECORD | {"requestMetadata": attached})).records
    assert {name: record.get(name) for name in attached} == attached | {"team": None}


def test_failures(read, write):
    (record,) = read(write(RECORD | {"errorCode": "ThrottlingException", "input": {}, "output": {}})).records
    assert record["error.type"] == "ThrottlingException"
    assert "gen_ai.usage.input_tokens" not in record


def test_a_call_has_the_id_of_an_event_in_cloudtrail(read):
    aws = [shared("usage", "aws", name) for name in ("shape_bedrock_invocation.jsonl", "shape_cloudtrail_bedrock.json")]
    found = read(*aws)
    ids = [(record["_input"], record["record.ids"][0]) for record in found.records]
    both = {name for place, name in ids if place == 0} & {name for place, name in ids if place == 1}
    assert both == {"00000000-0000-4000-8000-000000000001"}


def test_a_schema_of_the_logs_is_no_log(read):
    with pytest.raises(AuditorError):
        read(shared("usage", "aws", "bedrock_logs_glue_schema.json"))


def test_damage(read, write):
    many = RECORD | {"output": {"outputTokenCount": "many"}}
    found = read(write(RECORD, json.dumps(RECORD)[:-9], many, {"odd": 1}, RECORD | {"input": "no object"}))
    assert [reject["line"] for reject in found.rejects] == [2, 3, 4]
    assert found.column("gen_ai.usage.output_tokens") == [4, 4]
    assert found.column("gen_ai.usage.input_tokens") == [10, None]
