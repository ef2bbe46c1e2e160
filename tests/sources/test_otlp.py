"""OTLP against real recordings; what is expected is counted from the raw payloads with plain Python."""

import base64
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.facts.calls import find_duplicates
from tests.sources.conftest import shared

TRACES = [
    ("otel", "replayed_otel-openai-v2_default.traces.jsonl"),
    ("otel", "replayed_otel-openai-v2_gen_ai_latest_experimental_event.traces.jsonl"),
    ("otel", "replayed_anthropic-sdk-2.12.0_native.traces.jsonl"),
    ("openllmetry", "replayed_openllmetry.traces.jsonl"),
    ("openinference", "replayed_openinference.traces.jsonl"),
]
INPUT_TOKENS = ("gen_ai.usage.input_tokens", "llm.token_count.prompt")
OUTPUT_TOKENS = ("gen_ai.usage.output_tokens", "llm.token_count.completion")
CACHE_WRITE = ("gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens")
MODELS = ("gen_ai.request.model", "llm.request.model_name", "llm.model_name", "embedding.model_name")
PROVIDERS = ("gen_ai.provider.name", "gen_ai.system", "llm.provider")


def _value(value: dict[str, Any]) -> Any:
    kind, inner = next(iter(value.items()))
    if kind == "arrayValue":
        return [_value(item) for item in inner.get("values", [])]
    if kind == "kvlistValue":
        return {item["key"]: _value(item["value"]) for item in inner.get("values", [])}
    return int(inner) if kind == "intValue" else inner


def calls(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in path.read_text("utf-8").splitlines():
        data = json.loads(line)
        for outer, scopes, inner in (
            ("resourceSpans", "scopeSpans", "spans"),
            ("resourceLogs", "scopeLogs", "logRecords"),
        ):
            for resource in data.get(outer, ()):
                for scope in resource[scopes]:
                    for call in scope[inner]:
                        own = {item["key"]: _value(item["value"]) for item in call.get("attributes", ())}
                        found.append({"call": call, **own})
    return found


def first(call: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((call[name] for name in names if name in call), None)


def span(*attributes: tuple[str, Any], **more: Any) -> dict[str, Any]:
    kinds = {str: "stringValue", int: "intValue", bool: "boolValue", list: "arrayValue", float: "doubleValue"}
    pairs = [{"key": key, "value": {kinds[type(value)]: value}} for key, value in attributes]
    return {
        "traceId": "AB" * 16,
        "spanId": "CD" * 8,
        "startTimeUnixNano": "1751277600000000000",
        "attributes": pairs,
    } | more


def line(*spans: dict[str, Any], resource: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"resourceSpans": [{"resource": {"attributes": list(resource)}, "scopeSpans": [{"spans": list(spans)}]}]}


@pytest.mark.parametrize("parts", TRACES, ids=lambda parts: parts[1][9:-13])
def test_real_traces(read, parts):
    path = shared("usage", *parts)
    expected = calls(path)
    found = read(path)
    assert len(found.records) == len(expected)
    assert found.rejects == []
    assert found.result.inputs[0].format == "otlp"
    assert found.column("gen_ai.request.model") == [first(call, MODELS) for call in expected]
    assert found.column("gen_ai.provider.name") == [first(call, PROVIDERS) for call in expected]
    assert found.column("gen_ai.usage.input_tokens") == [first(call, INPUT_TOKENS) for call in expected]
    assert found.column("gen_ai.usage.output_tokens") == [first(call, OUTPUT_TOKENS) for call in expected]
    assert found.column("gen_ai.usage.cache_write.input_tokens") == [first(call, CACHE_WRITE) for call in expected]
    assert found.column("error.type") == [first(call, ("error.type",)) for call in expected]
    assert found.column("organization.id") == [first(call, ("anthropic.organization.id",)) for call in expected]
    assert set(found.column("service.name")) == {"fixture-replay"}
    for record, call in zip(found.records, expected, strict=True):
        assert record["record.id"] == f"{call['call']['traceId']}/{call['call']['spanId']}"
        started = datetime.fromtimestamp(0, UTC) + timedelta(
            microseconds=int(call["call"]["startTimeUnixNano"]) // 1000
        )
        assert record["timestamp"] == started.replace(tzinfo=None)


def test_real_finish_reasons_and_texts(read):
    path = shared("usage", *TRACES[2])
    expected = calls(path)
    found = read(path, text=["prompt.text", "completion.text"])
    assert found.column("gen_ai.response.finish_reasons") == [
        [call["anthropic.message.stop_reason"]] if "anthropic.message.stop_reason" in call else None
        for call in expected
    ]
    for record, call in zip(found.records, expected, strict=True):
        parts = json.loads(call.get("gen_ai.system_instructions", "[]"))
        parts += [part for message in json.loads(call["gen_ai.input.messages"]) for part in message["parts"]]
        texts = [part["content"] for part in parts if part["type"] == "text"]
        assert record["prompt.text"] == "\n".join(texts)


def test_real_log_records_are_calls(read):
    path = shared("usage", "otel", "replayed_otel-openai-v2_gen_ai_latest_experimental_event.logs.jsonl")
    found = read(path, text=["prompt.text", "completion.text"])
    expected = calls(path)
    assert len(found.records) == len(expected) == 135
    for name in ("gen_ai.usage.input_tokens", "gen_ai.response.id", "gen_ai.request.model"):
        assert Counter(found.column(name)) == Counter(call.get(name) for call in expected)
    assert Counter(map(str, found.column("gen_ai.response.finish_reasons"))) == Counter(
        str(call.get("gen_ai.response.finish_reasons")) for call in expected
    )
    assert sum(text == "Say this is a test" for text in found.column("prompt.text")) > 10


def test_real_message_events_of_a_span_are_one_call(read, db):
    path = shared("usage", "otel", "replayed_otel-openai-v2_default.logs.jsonl")
    events: dict[str, list[dict[str, Any]]] = {}
    for one in path.read_text().splitlines():
        for resource in json.loads(one)["resourceLogs"]:
            for record in (record for scope in resource["scopeLogs"] for record in scope["logRecords"]):
                events.setdefault(f"{record['traceId']}/{record['spanId']}", []).append(record)
    found = read(path, text=["prompt.text", "completion.text"])
    (summary,) = found.result.inputs
    assert (summary.format, summary.records, summary.rejected, summary.skipped) == ("otlp-logs", len(events), 0, {})
    assert {record["record.id"] for record in found.records} == events.keys()
    for record in found.records:
        choices = [event["body"] for event in events[record["record.id"]] if event["eventName"] == "gen_ai.choice"]
        reasons = [_value(choice)["finish_reason"] for choice in choices]
        assert (record["gen_ai.response.finish_reasons"] or []) == reasons
        said = [_value(choice)["message"].get("content") for choice in choices]
        assert (record["completion.text"] or "") == "\n".join(text for text in said if text)
    spans = shared("usage", "otel", "replayed_otel-openai-v2_default.traces.jsonl")
    both = read(spans, path)
    assert len(both.records) == 146 + len(events)
    repeated = find_duplicates(db)  # some of the recorded exchanges were sent twice
    merged = db.execute('SELECT count("gen_ai.request.model"), count(*) FROM distinct_records')
    assert repeated[1] == len(events)
    assert merged == [(146 - repeated[0], 146 - repeated[0])]


def test_ids_in_base64_and_of_requests(read, write):
    counts = json.dumps({"input_tokens": 3, "output_tokens": 4})
    item = span(
        ("gen_ai.operation.name", "chat"), ("anthropic.request.id", "req_1"), ("llm.cost.total", 0.25),
        ("mlflow.chat.tokenUsage", counts), ("cloud.region", "eu-west-1"),
    )  # fmt: skip
    other = item | {
        "traceId": base64.b64encode(bytes(range(16))).decode(),
        "spanId": base64.b64encode(bytes(8)).decode(),
    }
    first, second = read(write(line(item, other))).records
    assert first["record.ids"] == ["req_1", first["record.id"]]
    assert second["record.id"] == bytes(range(16)).hex() + "/" + bytes(8).hex()
    assert (first["gen_ai.usage.input_tokens"], first["gen_ai.usage.output_tokens"], first["call.cost"]) == (3, 4, 0.25)
    assert first["cloud.region"] == "eu-west-1"


def test_real_indexed_messages(read):
    path = shared("usage", *TRACES[4])
    found = read(path, text=["prompt.text", "completion.text"])
    for record, call in zip(found.records, calls(path), strict=True):
        if text := call.get("llm.input_messages.0.message.content"):
            assert record["prompt.text"].startswith(text)
        if text := call.get("llm.output_messages.0.message.content"):
            assert record["completion.text"].startswith(text)


def test_only_model_calls_become_records(read, write):
    path = write(
        line(
            span(
                ("gen_ai.operation.name", "invoke_agent"),
                ("gen_ai.request.model", "m"),
                ("gen_ai.usage.input_tokens", 9),
            ),
            span(("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "m"), ("gen_ai.usage.input_tokens", 9)),
            span(("gen_ai.operation.name", "execute_tool")),
            span(("openinference.span.kind", "CHAIN"), ("llm.model_name", "m")),
            span(("traceloop.span.kind", "workflow")),
            span(("http.request.method", "POST"), ("url.full", "https://api.openai.com/v1/chat/completions")),
            span(("ai.operationId", "ai.generateText"), ("ai.model.id", "m")),
            span(
                ("ai.operationId", "ai.generateText.doGenerate"), ("ai.model.id", "m"), ("gen_ai.system", "openai.chat")
            ),
        ),
        line(),
        {"resourceMetrics": []},
    )
    found = read(path)
    assert found.column("_line") == [1, 1]
    assert found.column("gen_ai.provider.name") == [None, "openai"]
    assert sum(found.result.inputs[0].skipped.values()) == 8
    assert found.rejects == []


def test_old_names_of_providers_and_ids(read, write):
    names = ["az.ai.openai", "vertex_ai", "gemini", "xai", "OpenAI", "aws.bedrock", "some_new_one"]
    found = read(write(*[line(span(("gen_ai.system", name), ("gen_ai.operation.name", "chat"))) for name in names]))
    assert found.column("gen_ai.provider.name") == [
        "azure.ai.openai", "gcp.vertex_ai", "gcp.gemini", "x_ai", "openai", "aws.bedrock", "some_new_one",
    ]  # fmt: skip
    assert set(found.column("record.id")) == {"ab" * 16 + "/" + "cd" * 8}


@pytest.mark.parametrize(
    ("attribute", "host"),
    [
        (("server.address", "api.openai.com"), "api.openai.com"),
        (("gen_ai.openai.api_base", "https://eu.api.openai.com/v1/"), "eu.api.openai.com"),
        (("url.full", "https://me:pw@acme.openai.azure.com:443/openai?x=@y"), "acme.openai.azure.com"),
    ],
)
def test_host(read, write, attribute, host):
    found = read(write(line(span(("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "openai"), attribute))))
    assert found.records[0]["server.address"] == host


def test_faults_of_single_spans(read, write):
    bad = span(("gen_ai.operation.name", "chat"), ("gen_ai.usage.input_tokens", "abc"))
    late = span(("gen_ai.operation.name", "chat"), startTimeUnixNano="0")
    good = span(("gen_ai.operation.name", "chat"), ("gen_ai.usage.input_tokens", 3), ("gen_ai.usage.input_tokens", 4))
    found = read(write(line(bad, good, late), "{broken", line(good)))
    assert [(r["line"], r["reason"]) for r in found.rejects] == [
        (1, "gen_ai.usage.input_tokens: 'abc' is not a whole number"),
        (1, "timestamp: '0' is not a time of the years 2000 to 2100"),
        (2, "not valid JSON: Expecting property name enclosed in double quotes at column 2"),
    ]
    assert found.column("gen_ai.usage.input_tokens") == [3, 3], "of an attribute that stands twice, the first counts"


def test_int_as_number_and_resource_attributes(read, write):
    call = span(("gen_ai.operation.name", "chat"))
    call["attributes"].append({"key": "gen_ai.usage.output_tokens", "value": {"intValue": 5}})
    shared_by_all = {"key": "service.name", "value": {"stringValue": "shop"}}
    found = read(write(line(call, call, resource=(shared_by_all,))))
    assert found.column("service.name") == ["shop", "shop"]
    assert found.column("gen_ai.usage.output_tokens") == [5, 5]


def test_pretty_printed_and_vendor_examples(read):
    counts = Counter(
        read(shared("usage", "otel", f"otlp_example_{kind}.json")).result.inputs[0].format
        for kind in ("trace", "logs", "metrics", "events")
    )
    assert counts == {"otlp": 2, "otlp-logs": 2}


def test_every_span_has_the_number_of_its_line(read, write):
    one = span(("gen_ai.operation.name", "chat"))
    lines: list[Any] = [line(*[one] * count) for count in (1, 3, 0, 2)] * 700
    lines[5] = '{"resourceSpans": ['  # damaged
    found = read(write(*lines))
    expected = [number for number, count in enumerate((1, 3, 0, 2) * 700, 1) for _ in range(count) if number != 6]
    assert found.column("_line") == expected
    assert [reject["line"] for reject in found.rejects] == [6]
    assert sum(found.result.inputs[0].skipped.values()) == 700
