import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sources.conftest import shared

RESOURCE = "/SUBSCRIPTIONS/S-1/RESOURCEGROUPS/RG1/PROVIDERS/MICROSOFT.COGNITIVESERVICES/ACCOUNTS/AOAI1"
PROPERTIES: dict[str, Any] = {
    "apiName": "Azure OpenAI API version 2024-10-21", "requestTime": 638515262815394150, "objectId": "o-1",
    "modelDeploymentName": "chat-prod", "modelName": "gpt-4o", "modelVersion": "2024-08-06",
}  # fmt: skip
LINE: dict[str, Any] = {
    "time": "2024-05-24T12:23:02.4350000Z", "resourceId": RESOURCE, "category": "RequestResponse", "Tenant": "eastus",
    "operationName": "ChatCompletions_Create", "resultSignature": "200", "callerIpAddress": "203.0.113.***",
    "correlationId": "c-1", "location": "eastus", "durationMs": 1021, "properties": PROPERTIES,
}  # fmt: skip


def _without(*names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in (LINE | more).items() if name not in names}


def test_logs_as_documented(read):
    path = shared("usage", "azure", "shape_openai_diagnostic.jsonl")
    raw = [json.loads(line) for line in path.read_text().splitlines()]
    found = read(path)
    (entry,) = found.result.inputs
    calls = [line for line in raw if line["operationName"] == "ChatCompletions_Create"]
    assert (entry.format, entry.kind, entry.records, entry.rejected) == ("azure-openai", "call", len(calls), 0)
    assert entry.skipped == {"no model call: Create_Thread": 1, "control event": 1}
    for record, told in zip(found.records, calls, strict=True):
        moment = datetime.fromisoformat(told["time"][:26] + "+00:00").replace(tzinfo=None)
        assert record["timestamp"] == moment
        assert record["record.id"] == told["correlationId"]
        assert record["record.ids"] == [told["correlationId"]]
        assert record["gen_ai.provider.name"] == "azure.ai.openai"
        assert record["route"] == "azure"
        assert record["gen_ai.operation.name"] == "chat"
        own = told["properties"]
        assert record["gen_ai.request.model"] == own["modelName"]
        assert record["gen_ai.response.model"] == f"{own['modelName']}-{own['modelVersion']}"
        assert record["http.response.status_code"] == int(told["resultSignature"])
        assert record["cloud.region"] == told["location"]
        assert not {"gen_ai.usage.input_tokens", "client.address", "user.id", "error.type"} & record.keys()


def test_all_that_a_line_tells(read, write):
    assert read(write(LINE | {"callerIpAddress": "203.0.113.7"})).records == [
        {
            "_row": 0, "_input": 0, "_line": 1, "timestamp": datetime(2024, 5, 24, 12, 23, 2, 435000), "record.id": "c-1",
            "record.ids": ["c-1"], "gen_ai.provider.name": "azure.ai.openai", "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o", "gen_ai.response.model": "gpt-4o-2024-08-06",
            "http.response.status_code": 200, "route": "azure", "client.address": "203.0.113.7",
            "cloud.region": "eastus", "project.id": "aoai1", "account.id": "s-1", "user.id": "o-1",
        }
    ]  # fmt: skip


@pytest.mark.parametrize("container", [lambda lines: {"records": lines}, list])
def test_containers(read, write, container):
    text = json.dumps(container([LINE, LINE | {"properties": json.dumps(PROPERTIES), "correlationId": "c-2"}]))
    found = read(write(text))
    assert found.result.inputs[0].format == "azure-openai"
    assert found.column("record.id") == ["c-1", "c-2"]
    assert found.column("gen_ai.request.model") == ["gpt-4o"] * 2
    assert found.column("user.id") == ["o-1"] * 2


def test_rows_of_log_analytics(read, write):
    row = {
        "TimeGenerated": "2024-05-24T12:23:02.435Z", "ResourceId": RESOURCE, "Category": "RequestResponse",
        "OperationName": "Embeddings_Create", "ResultSignature": "429", "CallerIPAddress": "198.51.100.***",
        "CorrelationId": "c-9", "location_s": "westeurope", "properties_s": json.dumps(PROPERTIES), "TenantId": "ws",
    }  # fmt: skip
    found = read(write(row, row | {"Category": "Audit", "OperationName": "ListKey"}))
    (entry,) = found.result.inputs
    assert (entry.format, entry.records, entry.skipped) == ("azure-openai-table", 1, {"control event": 1})
    (record,) = found.records
    assert record["timestamp"] == datetime(2024, 5, 24, 12, 23, 2, 435000)
    assert record["record.ids"] == ["c-9"]
    assert record["gen_ai.operation.name"] == "embeddings"
    assert (record["http.response.status_code"], record["error.type"]) == (429, "429")
    assert record["cloud.region"] == "westeurope"


def test_ticks_since_the_year_1(read, write):
    ticks = PROPERTIES["requestTime"]
    told = (datetime(1, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)).replace(tzinfo=None)
    found = read(write(_without("time"), _without("time", properties=PROPERTIES | {"requestTime": -5})))
    assert found.column("timestamp") == [told, None]


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("ChatCompletions_Create", "chat"),
        ("ExtensionsChatCompletions_Create", "chat"),
        ("Responses_Create", "chat"),
        ("Create_Response", "chat"),
        ("Completions_Create", "text_completion"),
        ("Embeddings_Create", "embeddings"),
        ("ImageGenerations_Create", "image_generation"),
        ("Transcriptions_Create", "transcription"),
        ("Create_Thread_And_Run", "create_run"),
        ("Something_New", "something_new"),
    ],
)
def test_operations(read, write, operation, name):
    assert read(write(LINE | {"operationName": operation})).column("gen_ai.operation.name") == [name]


def test_what_calls_no_model(read, write):
    bare = {"properties": {"apiName": PROPERTIES["apiName"], "objectId": ""}}
    names = ("Create_Thread", "Create_Message", "List_Messages", "Get_Run", "Delete_File", "Create_Assistant")
    lines = [LINE | bare | {"operationName": name} for name in names]
    got = LINE | {"operationName": "Responses_Get"}
    categories = [LINE | {"category": name} for name in ("Trace", "AzureOpenAIRequestUsage", "Audit", "Odd")]
    hostile = LINE | bare | {"operationName": "x' || y"}
    found = read(write(*lines, got, *categories, hostile, LINE))
    assert len(found.records) == 1
    assert found.result.inputs[0].skipped == {f"no model call: {name}": 1 for name in (*names, "Responses_Get")} | {
        "trace": 1, "row of usage that repeats a request": 1, "control event": 1, "row of another category": 1,
        "no model call": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("own", "asked", "answered"),
    [
        ({"modelVersion": "turbo-2024-04-09", "modelName": "gpt-4"}, "gpt-4", "gpt-4"),
        ({"modelVersion": "1", "modelName": "text-embedding-3-large"}, *["text-embedding-3-large"] * 2),
        ({"modelName": "gpt-4o-2024-08-06"}, *["gpt-4o-2024-08-06"] * 2),
        ({"modelName": ""}, "chat-prod", None),
        ({"modelName": "", "modelDeploymentName": ""}, None, None),
    ],
)
def test_models(read, write, own, asked, answered):
    (record,) = read(write(LINE | {"properties": PROPERTIES | own})).records
    assert (record.get("gen_ai.request.model"), record.get("gen_ai.response.model")) == (asked, answered)


def test_damage(read, write):
    lines = (LINE, json.dumps(LINE)[:40], LINE | {"time": "soon"}, {"other": 1}, LINE | {"properties": '{"cut'})
    found = read(write(*lines, LINE | {"durationMs": -7, "resultSignature": "Succeeded"}))
    assert [reject["line"] for reject in found.rejects] == [2, 3, 4]
    assert found.column("_line") == [1, 5, 6]
    assert found.column("gen_ai.request.model") == ["gpt-4o", None, "gpt-4o"]
    assert found.column("http.response.status_code") == [200, 200, None]
