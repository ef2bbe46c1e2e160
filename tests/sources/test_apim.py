import json
from datetime import datetime
from typing import Any

import pytest

from tests.sources.conftest import shared

URL = "https://aoai1.openai.azure.com/openai/deployments/chat-prod/chat/completions?api-version=2024-10-21"
ASKED = {"messages": [{"role": "user", "content": "capital of France?"}]}
ANSWERED = {
    "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Paris."}}],
    "usage": {"prompt_tokens": 14, "completion_tokens": 8, "total_tokens": 22},
}  # fmt: skip
PROPERTIES: dict[str, Any] = {
    "method": "POST", "url": "https://apim1.azure-api.net/chat", "backendUrl": URL, "responseCode": 200,
    "backendResponseCode": 200, "requestBody": json.dumps(ASKED), "responseBody": json.dumps(ANSWERED), "cache": "none",
    "apimSubscriptionId": "sub-1", "userId": "u-1", "apiId": "aoai",
}  # fmt: skip
LINE: dict[str, Any] = {
    "time": "2024-07-02T06:31:31.4465902Z", "category": "GatewayLogs", "correlationId": "c-1", "location": "East US",
    "callerIpAddress": "203.0.113.144", "properties": PROPERTIES,
}  # fmt: skip
SLICE: dict[str, Any] = {
    "TimeGenerated": "2026-08-01T10:00:00.123Z", "CorrelationId": "c-1", "SequenceNumber": 1, "DeploymentName": "",
    "ModelName": "", "PromptTokens": 0, "CompletionTokens": 0, "TotalTokens": 0, "Type": "ApiManagementGatewayLlmLog",
    "RequestMessages": None, "ResponseMessages": None, "RequestId": "", "Region": "East US",
}  # fmt: skip
FIRST = SLICE | {
    "SequenceNumber": 0, "DeploymentName": "chat-prod", "ModelName": "gpt-4o-2024-08-06", "PromptTokens": 14,
    "CompletionTokens": 2, "TotalTokens": 16, "RequestId": "chatcmpl-1",
}  # fmt: skip


def _line(**own: Any) -> dict[str, Any]:
    return LINE | {"properties": PROPERTIES | own}


def _filtered(**categories: Any) -> str:
    return json.dumps({"error": {"code": "content_filter", "innererror": {"content_filter_result": categories}}})


def test_gateway_logs_as_documented(read):
    path = shared("usage", "azure", "shape_apim_gateway_logs.jsonl")
    raw = [json.loads(line) for line in path.read_text().splitlines()]
    found = read(path, text=["prompt.text", "completion.text"])
    (entry,) = found.result.inputs
    assert (entry.format, entry.kind, entry.records, entry.rejected) == ("apim-gateway", "call", len(raw), 0)
    for record, told in zip(found.records, raw, strict=True):
        own = told["properties"]
        answer = json.loads(own["responseBody"])
        assert record["record.id"] == told["correlationId"]
        assert record["record.ids"] == [told["correlationId"]]
        assert record["gen_ai.provider.name"] == "azure.ai.openai"
        assert record["gen_ai.operation.name"] == "chat"
        assert record["gen_ai.request.model"] == json.loads(own["requestBody"])["model"]
        assert record["gen_ai.response.model"] == answer.get("model")
        assert record["gen_ai.usage.input_tokens"] == answer.get("usage", {}).get("prompt_tokens")
        assert record["gen_ai.usage.output_tokens"] == answer.get("usage", {}).get("completion_tokens")
        assert record["http.response.status_code"] == own["responseCode"]
        assert record["error.type"] == answer.get("error", {}).get("code")
        assert record["client.address"] == told["callerIpAddress"]
        assert record["server.address"] == "aoai1.openai.azure.com"
        assert record["prompt.text"] == "capital of France?"
        assert "cloud.region" not in record  # the gateway stands in `location`, not the model
    assert found.column("content.flags") == [None, ["custom_blocklists"]]
    assert found.column("completion.text") == ["Paris.", None]


def test_rows_for_language_models_as_documented(read):
    path = shared("usage", "azure", "shape_apim_llm_log_table.jsonl")
    raw = [json.loads(line) for line in path.read_text().splitlines()]
    (first,) = (row for row in raw if row["SequenceNumber"] == 0)
    found = read(path, text=["prompt.text", "completion.text"])
    (entry,) = found.result.inputs
    calls = len({row["CorrelationId"] for row in raw})
    assert (entry.format, entry.kind, entry.records, entry.rejected) == ("apim-llm-table", "call", calls, 0)
    assert found.records == [
        {
            "_row": 0, "_input": 0, "_line": 1, "timestamp": datetime(2026, 8, 1, 10, 0, 0, 123000),
            "record.id": first["CorrelationId"], "record.ids": [first["CorrelationId"]],
            "gen_ai.provider.name": "azure.ai.openai", "gen_ai.operation.name": "chat",
            "gen_ai.request.model": first["DeploymentName"], "gen_ai.response.model": first["ModelName"],
            "gen_ai.response.id": first["RequestId"], "gen_ai.usage.input_tokens": first["PromptTokens"],
            "gen_ai.usage.output_tokens": first["CompletionTokens"], "prompt.text": "capital of France?",
            "completion.text": "Paris.",
        }
    ]  # fmt: skip


def test_both_logs_share_an_id(read, write):
    found = read(write(LINE, name="a.jsonl"), write(FIRST, name="b.jsonl"))
    assert [entry.format for entry in found.result.inputs] == ["apim-gateway", "apim-llm-table"]
    assert found.column("record.ids") == [["c-1"], ["c-1"]]


def test_rows_of_a_table(read, write):
    row = {name[0].upper() + name[1:]: value for name, value in PROPERTIES.items()} | {
        "TimeGenerated": "2024-07-02T06:31:31Z", "CorrelationId": "c-2", "CallerIpAddress": "198.51.100.4",
        "ResponseHeaders": {"x-ms-region": "Sweden Central", "apim-request-id": "a-7"},
    }  # fmt: skip
    found = read(write(row, row | {"Type": "ApiManagementGatewayLogs"}))
    assert found.result.inputs[0].format == "apim-gateway-table"
    record = found.records[0]
    assert record["record.ids"] == ["c-2", "a-7"]
    assert record["gen_ai.usage.input_tokens"] == 14
    assert record["client.address"] == "198.51.100.4"
    assert record["cloud.region"] == "Sweden Central"
    assert (record["api_key.id"], record["user.id"]) == ("sub-1", "u-1")
    assert len(found.records) == 2


@pytest.mark.parametrize("properties", [PROPERTIES, json.dumps(PROPERTIES)])
@pytest.mark.parametrize("shape", [lambda line: line, lambda line: {"records": [line]}])
def test_properties_are_an_object_or_text(read, write, properties, shape):
    (record,) = read(write(shape(LINE | {"properties": properties}))).records
    assert record["gen_ai.response.id"] == "chatcmpl-1"
    assert record["gen_ai.request.model"] == "chat-prod"
    assert record["api_key.id"] == "sub-1"


@pytest.mark.parametrize(
    ("body", "flags"),
    [
        (_filtered(hate={"filtered": True}, violence={"filtered": False}), ["hate"]),
        (_filtered(jailbreak={"filtered": False, "detected": True}), ["jailbreak"]),
        (_filtered(custom_blocklists=[{"filtered": False}, {"filtered": True}]), ["custom_blocklists"]),
        (_filtered(**{"a/b~c": {"filtered": True}}), ["a/b~c"]),
        (_filtered(), ["content_filter"]),
        (_filtered(hate={"filtered": False}), ["content_filter"]),
        (json.dumps({"error": {"code": "429"}, "note": '"content_filter": {"filtered": true}'}), None),
    ],
)
def test_blocked_prompts(read, write, body, flags):
    (record,) = read(write(_line(responseBody=body, responseCode=400, backendResponseCode=400))).records
    assert record.get("content.flags") == flags
    assert record["error.type"] == ("content_filter" if flags else "429")
    assert record["http.response.status_code"] == 400


def test_flags_on_an_answer(read, write):
    raised = {"violence": {"filtered": True, "severity": "high"}, "hate": {"filtered": False}}
    choice = ANSWERED["choices"][0] | {"content_filter_results": raised, "finish_reason": "content_filter"}  # type: ignore[index]
    body = ANSWERED | {
        "choices": [choice],
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {"self_harm": {"filtered": True}}}],
    }
    (record,) = read(write(_line(responseBody=json.dumps(body)))).records
    assert record["content.flags"] == ["self_harm", "violence"]
    assert record.get("error.type") is None
    assert record["gen_ai.response.finish_reasons"] == ["content_filter"]


@pytest.mark.parametrize(
    ("url", "host", "provider"),
    [
        (URL, "aoai1.openai.azure.com", "azure.ai.openai"),
        (
            URL.replace("openai.azure", "cognitiveservices.azure"),
            "aoai1.cognitiveservices.azure.com",
            "azure.ai.openai",
        ),
        ("https://api.openai.com/v1/chat/completions", "api.openai.com", None),
        ("https://x.openai.azure.com.example.org/v1/chat/completions", "x.openai.azure.com.example.org", None),
    ],
)
def test_backends(read, write, url, host, provider):
    (record,) = read(write(_line(backendUrl=url))).records
    assert (record["server.address"], record.get("gen_ai.provider.name")) == (host, provider)


def test_requests_that_called_no_model(read, write):
    threads = "https://aoai1.openai.azure.com/openai/threads/t-1/messages"
    lines = [
        _line(url="https://apim1.azure-api.net/orders", backendUrl="https://orders.example", requestBody="{}", responseBody=""),
        _line(method="GET"),
        _line(backendUrl=threads),
        _line(backendUrl=threads.replace("messages", "runs")),
        _line(cache="hit"),
        _line(backendUrl="", url=URL, responseCode=401, backendResponseCode=0, responseBody=""),
        LINE | {"category": "WebSocketConnectionLogs"},
        LINE,
    ]  # fmt: skip
    found = read(write(*lines))
    assert found.column("gen_ai.operation.name") == ["create_run", "chat"]
    assert found.result.inputs[0].skipped == {
        "request that called no model": 3, "answered from the gateway's cache: no model was called": 1,
        "refused by the gateway: no model was called": 1, "row of another category": 1,
    }  # fmt: skip


def test_bodies_that_were_cut(read, write):
    found = read(write(_line(requestBody=json.dumps(ASKED)[:30], responseBody=json.dumps(ANSWERED)[:60])))
    (record,) = found.records
    assert record["gen_ai.request.model"] == "chat-prod"
    assert "gen_ai.usage.input_tokens" not in record


def test_slices_of_messages(read, write):
    def said(number: int, column: str, content: str, **more: Any) -> dict[str, Any]:
        return SLICE | {"SequenceNumber": number, column: [{"role": "user", "content": content}]} | more

    asked, answered = "RequestMessages", "ResponseMessages"
    rows = [
        said(10, asked, "ten"), said(2, asked, "two"), said(2, asked, "two"), said(3, answered, "three"),
        FIRST, said(1, asked, "other", CorrelationId="c-2"),
    ]  # fmt: skip
    found = read(write(*rows), text=["prompt.text", "completion.text"])
    assert found.column("record.id") == ["c-1", "c-2"]
    assert found.column("prompt.text") == ["two\nten", "other"]
    assert found.column("completion.text") == ["three", None]
    assert found.column("gen_ai.usage.input_tokens") == [14, None]  # a slice's 0 is no count
    assert found.result.inputs[0].rejected == 0


def test_one_list_that_was_cut_into_slices(read, write):
    whole = json.dumps([{"role": "user", "content": "capital of France?"}])
    rows = [SLICE | {"SequenceNumber": n, "RequestMessages": whole[n * 20 - 20 : n * 20]} for n in (3, 1, 2)]
    found = read(write(FIRST, *rows), text=["prompt.text"])
    assert found.column("prompt.text") == ["capital of France?"]


@pytest.mark.parametrize("as_text", [False, True])
def test_diagnostic_records_for_language_models(read, write, as_text):
    def record(row: dict[str, Any]) -> dict[str, Any]:
        own = {name[0].lower() + name[1:]: value for name, value in row.items() if name != "Type"}
        return {
            "time": row["TimeGenerated"], "category": "GatewayLlmLogs", "operationName": "GatewayLlmLogs",
            "properties": json.dumps(own) if as_text else own,
        }  # fmt: skip

    found = read(write(record(SLICE), record(FIRST), record(FIRST | {"CorrelationId": "c-2", "RequestId": "r-9"})))
    (entry,) = found.result.inputs
    assert (entry.format, entry.records) == ("apim-llm", 2)
    assert found.column("gen_ai.usage.output_tokens") == [2, 2]
    assert found.column("record.ids") == [["c-1"], ["c-2", "r-9"]]
    assert found.column("gen_ai.response.id") == ["chatcmpl-1", None]


def test_a_model_without_a_deployment(read, write):
    (record,) = read(write(FIRST | {"DeploymentName": "", "ModelName": "text-embedding-3-small"})).records
    assert record["gen_ai.request.model"] == "text-embedding-3-small"
    assert record["gen_ai.operation.name"] == "embeddings"
    assert "gen_ai.provider.name" not in record


def test_damage(read, write):
    found = read(write(LINE, json.dumps(LINE)[:99], {"other": 1}, LINE | {"time": "soon"}))
    assert [reject["line"] for reject in found.rejects] == [2, 3, 4]
    bare = SLICE | {"CorrelationId": "", "SequenceNumber": 0, "PromptTokens": 3}
    rows = (
        json.dumps(FIRST)[:80],
        FIRST,
        {"other": 1},
        bare,
        bare,
        FIRST | {"PromptTokens": "many", "CorrelationId": "x"},
    )
    found = read(write(*rows, SLICE))
    assert [reject["line"] for reject in found.rejects] == [1, 3, 6]
    assert sorted(found.column("_line")) == [2, 4, 5]
    assert sum(found.column("gen_ai.usage.input_tokens")) == 14 + 3 + 3
