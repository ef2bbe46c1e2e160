import json
from datetime import datetime
from typing import Any

import pytest

from tests.sources.conftest import shared

ROW: dict[str, Any] = {
    "endpoint": "projects/p1/locations/europe-west4/publishers/google/models/gemini-2.5-pro", "request_id": "17",
    "logging_time": "2026-09-08 21:04:22.248000 UTC", "model": "publishers/google/models/gemini-2.5-pro",
    "api_method": "GenerateContent", "full_request": {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
    "full_response": {
        "candidates": [{"finish_reason": "MAX_TOKENS", "content": {"role": "model", "parts": [{"text": "Hi"}]}}],
        "model_version": "gemini-2.5-pro", "response_id": "resp-1",
        "usage_metadata": {
            "prompt_token_count": 30, "candidates_token_count": 5, "thoughts_token_count": 9,
            "cached_content_token_count": 20,
        },
    },
}  # fmt: skip
RESOURCE = "projects/p1/locations/us-central1/publishers/google/models/gemini-2.5-pro"
ENTRY: dict[str, Any] = {
    "insertId": "i-1", "timestamp": "2026-05-06T05:52:00.360468025Z", "resource": {"labels": {"project_id": "p1"}},
    "logName": "projects/p1/logs/cloudaudit.googleapis.com%2Fdata_access",
    "protoPayload": {
        "serviceName": "aiplatform.googleapis.com", "resourceName": RESOURCE,
        "methodName": "google.cloud.aiplatform.v1.PredictionService.GenerateContent",
        "authenticationInfo": {"principalEmail": "app@p1.iam.gserviceaccount.com"},
        "requestMetadata": {"callerIp": "203.0.113.14", "callerSuppliedUserAgent": "google-genai-sdk/1.5.0"},
    },
}  # fmt: skip


def _entry(**more: Any) -> dict[str, Any]:
    return ENTRY | {"protoPayload": ENTRY["protoPayload"] | more}


def _method(name: str) -> dict[str, Any]:
    return _entry(methodName=f"google.cloud.aiplatform.v1.{name}")


def test_logs_as_documented(read):
    path = shared("usage", "gcp", "shape_vertex_request_response_bq.jsonl")
    raw = [json.loads(line) for line in path.read_text().splitlines()]
    found = read(path)
    (entry,) = found.result.inputs
    assert (entry.format, entry.kind, entry.records, entry.rejected) == ("vertex", "call", len(raw), 0)
    for record, told in zip(found.records, raw, strict=True):
        answer, usage = told["full_response"], told["full_response"]["usage_metadata"]
        moment = datetime.strptime(told["logging_time"], "%Y-%m-%d %H:%M:%S.%f UTC")
        assert record["timestamp"] == moment
        assert record["record.id"] == told["request_id"]
        assert int(record["record.id"]) > 2**53
        assert "record.ids" not in record
        assert record["gen_ai.provider.name"] == "gcp.vertex_ai"
        assert record["route"] == "vertex"
        assert record["gen_ai.operation.name"] == "generate_content"
        assert record["gen_ai.request.model"] == told["model"].rsplit("/", 1)[1]
        assert record["gen_ai.response.model"] == answer["model_version"]
        assert record["gen_ai.response.id"] == answer["response_id"]
        assert record["gen_ai.usage.input_tokens"] == usage["prompt_token_count"]
        written = usage["candidates_token_count"] + usage["thoughts_token_count"]
        assert record["gen_ai.usage.output_tokens"] == written
        assert usage["total_token_count"] == usage["prompt_token_count"] + written
        assert record["gen_ai.usage.reasoning.output_tokens"] == usage["thoughts_token_count"]
        assert record["gen_ai.response.finish_reasons"] == ["stop"]
        assert record["cloud.region"] == "us-central1"
        assert record["project.id"] == "p1"


def test_ids_beyond_what_a_float_holds(read, write):
    big = 5374205265901353985
    text = json.dumps(ROW | {"request_id": "X"}).replace('"X"', str(big))
    assert read(write(text)).column("record.id") == [str(big)]


@pytest.mark.parametrize("form", [lambda body: body, json.dumps])
def test_bodies_are_objects_or_text(read, write, form):
    row = ROW | {name: form(ROW[name]) for name in ("full_request", "full_response")}
    (record,) = read(write(row)).records
    assert record["gen_ai.usage.input_tokens"] == 30
    assert record["gen_ai.usage.output_tokens"] == 14
    assert record["gen_ai.usage.cache_read.input_tokens"] == 20
    assert record["gen_ai.response.finish_reasons"] == ["length"]


@pytest.mark.parametrize(
    ("usage", "written"),
    [
        ({"prompt_token_count": 3, "thoughts_token_count": 7}, 7),
        ({"prompt_token_count": 3, "candidates_token_count": 7}, 7),
        ({"prompt_token_count": 3, "candidates_token_count": 0, "thoughts_token_count": 0}, 0),
        ({"prompt_token_count": 3}, None),
    ],
)
def test_missing_counts_are_no_zeros(read, write, usage, written):
    (record,) = read(write(ROW | {"full_response": {"usage_metadata": usage}})).records
    assert record.get("gen_ai.usage.output_tokens") == written


def test_a_streamed_answer(read, write):
    chunks = [{"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}, ROW["full_response"]]
    payload = {"full_response": None, "response_payload": [json.dumps(chunk) for chunk in chunks]}
    streamed = {"api_method": "StreamGenerateContent"}
    found = read(write(ROW | streamed | {"full_response": chunks}, ROW | streamed | payload))
    assert found.column("gen_ai.usage.output_tokens") == [14, 14]
    assert found.column("gen_ai.response.id") == ["resp-1"] * 2
    assert found.column("gen_ai.operation.name") == ["generate_content"] * 2


def test_claude_on_vertex(read, write):
    row = ROW | {
        "endpoint": "projects/p1/locations/global/publishers/anthropic/models/claude-sonnet-4-5@20250929",
        "model": "publishers/anthropic/models/claude-sonnet-4-5@20250929", "api_method": "RawPredict",
        "full_request": {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 9},
        "full_response": {
            "id": "msg_vrtx_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
            "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn",
            "usage": {"input_tokens": 4, "cache_read_input_tokens": 100, "output_tokens": 6},
        },
    }  # fmt: skip
    (record,) = read(write(row)).records
    assert record["gen_ai.operation.name"] == "chat"
    assert record["gen_ai.request.model"] == "claude-sonnet-4-5@20250929"
    assert record["gen_ai.response.model"] == "claude-sonnet-4-5-20250929"
    assert record["gen_ai.usage.input_tokens"] == 104
    assert record["gen_ai.usage.output_tokens"] == 6
    assert record["gen_ai.response.finish_reasons"] == ["stop"]
    assert record["cloud.region"] == "global"


def test_what_only_counts_is_no_call(read, write):
    found = read(write(ROW, ROW | {"api_method": "CountTokens"}))
    assert len(found.records) == 1
    assert found.result.inputs[0].skipped == {"no model call: counts tokens": 1}


def test_a_tuned_model_stands_for_itself(read, write):
    own = "projects/12/locations/us-central1/models/345"
    (record,) = read(write(ROW | {"model": own, "endpoint": "projects/12/locations/us-central1/endpoints/6"})).records
    assert record["gen_ai.request.model"] == own
    assert record["project.id"] == "12"


def test_damaged_rows(read, write):
    bad = ROW | {"full_response": {"usage_metadata": {"prompt_token_count": "many"}}}
    found = read(write(ROW, json.dumps(ROW)[:70], bad, {"x": 1}, ROW | {"logging_time": "soon"}))
    assert [reject["line"] for reject in found.rejects] == [2, 3, 4, 5]
    assert len(found.records) == 1


def test_audit_entries_as_documented(read):
    path = shared("usage", "gcp", "shape_cloud_audit_data_access.jsonl")
    raw = [json.loads(line) for line in path.read_text().splitlines()]
    found = read(path)
    (entry,) = found.result.inputs
    assert (entry.format, entry.kind, entry.records, entry.rejected) == ("gcp-audit", "call", len(raw), 0)
    for record, told in zip(found.records, raw, strict=True):
        payload = told["protoPayload"]
        moment = datetime.fromisoformat(told["timestamp"][:26])
        assert record["timestamp"] == moment
        assert record["record.id"] == told["insertId"]
        assert "record.ids" not in record
        assert record["gen_ai.provider.name"] == "gcp.vertex_ai"
        assert record["route"] == "vertex"
        assert record["gen_ai.operation.name"] == "generate_content"
        assert record["gen_ai.request.model"] == payload["resourceName"].rsplit("/", 1)[1]
        assert record["cloud.region"] == payload["resourceName"].split("/")[3]
        assert record["project.id"] == told["resource"]["labels"]["project_id"]
        assert record["user.id"] == payload["authenticationInfo"]["principalEmail"]
        assert record["client.address"] == payload["requestMetadata"]["callerIp"]
        assert record["user_agent.original"] == payload["requestMetadata"]["callerSuppliedUserAgent"]
        assert "gen_ai.usage.input_tokens" not in record


def test_a_streamed_call_is_counted_once(read, write):
    name = {"methodName": "google.cloud.aiplatform.v1.PredictionService.StreamGenerateContent"}
    first = _entry(**name) | {"operation": {"id": "op-1", "first": True}}
    last = _entry(**name, status={"code": 8}) | {"operation": {"id": "op-1", "last": True}, "insertId": "i-2"}
    alone = _entry(**name) | {"operation": {"id": "op-2", "last": True}, "insertId": "i-3"}
    whole = _entry(**name) | {"operation": {"id": "op-3", "first": True, "last": True}, "insertId": "i-4"}
    found = read(write(last, first, alone, whole, ENTRY))
    assert found.column("record.id") == ["i-1", "i-3", "i-4", "i-1"]
    assert found.column("record.ids") == [["op-1"], ["op-2"], ["op-3"], None]
    assert found.column("error.type") == ["RESOURCE_EXHAUSTED", None, None, None]
    assert found.result.inputs[0].skipped == {"end of a streamed call, which is counted where it begins": 1}


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("PredictionService.GenerateContent", "generate_content"),
        ("PredictionService.StreamGenerateContent", "generate_content"),
        ("LlmBidiService.BidiGenerateContent", "generate_content"),
        ("internal.PredictionService.GenerateContent", "generate_content"),
        ("PredictionService.RawPredict", "chat"),
        ("PredictionService.StreamRawPredict", "chat"),
        ("PredictionService.Predict", "predict"),
    ],
)
def test_methods_that_call_a_model(read, write, name, operation):
    assert read(write(_method(name))).column("gen_ai.operation.name") == [operation]


@pytest.mark.parametrize(
    ("model", "operation"), [("text-embedding-005", "embeddings"), ("imagen-4.0", "image_generation"), ("x", "predict")]
)
def test_what_a_prediction_is(read, write, model, operation):
    resource = f"projects/p1/locations/us-central1/publishers/google/models/{model}"
    entry = _entry(methodName="google.cloud.aiplatform.v1.PredictionService.Predict", resourceName=resource)
    assert read(write(entry)).column("gen_ai.operation.name") == [operation]


def test_other_methods_and_services(read, write):
    hostile = _entry(methodName="a.b.c'); --")
    lines = [_method("PredictionService.CountTokens"), _method("JobService.CreateCustomJob"), hostile]
    found = read(write(*lines, _entry(serviceName="storage.googleapis.com"), ENTRY))
    assert len(found.records) == 1
    assert found.result.inputs[0].skipped == {
        "control event: CountTokens": 1, "control event: CreateCustomJob": 1, "control event": 1,
        "event of another service": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("address", "known"), [("2001:db8::7", True), ("private", False), ("gce-internal-ip", False)])
def test_addresses(read, write, address, known):
    (record,) = read(write(_entry(requestMetadata={"callerIp": address}))).records
    assert record.get("client.address") == (address if known else None)


@pytest.mark.parametrize(("code", "error"), [(0, None), (7, "PERMISSION_DENIED"), (99, "99")])
def test_status(read, write, code, error):
    (record,) = read(write(_entry(status={"code": code}))).records
    assert record.get("error.type") == error


def test_other_ways_to_export_entries(read, write):
    bigquery = {"protopayload_auditlog": ENTRY["protoPayload"], "insertId": "i-5", "timestamp": ENTRY["timestamp"]}
    bare = _entry(authenticationInfo={"principalSubject": "principal://x", "serviceAccountKeyName": "//iam/keys/k1"})
    found = read(write(bigquery, bare))
    assert found.column("record.id") == ["i-5", "i-1"]
    assert found.column("gen_ai.request.model") == ["gemini-2.5-pro"] * 2
    assert found.column("user.id") == ["app@p1.iam.gserviceaccount.com", "principal://x"]
    assert found.column("api_key.id") == [None, "k1"]
    assert read(write(json.dumps([ENTRY], indent=1))).column("record.id") == ["i-1"]


def test_damaged_entries(read, write):
    found = read(write(ENTRY, json.dumps(ENTRY)[:60], {"other": 1}, ENTRY | {"timestamp": "soon"}))
    assert [reject["line"] for reject in found.rejects] == [2, 3, 4]
    assert len(found.records) == 1
