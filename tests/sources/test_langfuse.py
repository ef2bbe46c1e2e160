"""Langfuse: pages, traces, exports and ingestion batches tell the same; wrappers, free keys of counts, boundary rows."""

import csv
import gzip
import json
from typing import Any

import pytest

from auditor.facts.calls import find_duplicates
from tests.sources.conftest import SHARED, shared

FOLDER = SHARED / "usage" / "langfuse"
TRACES = sorted((FOLDER / "framework_traces").glob("*.json"))
CALLBACKS = sorted((SHARED / "usage" / "litellm").glob("*langfuse*.json"))
ONE: dict[str, Any] = {
    "id": "00f067aa0ba902b7", "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "type": "GENERATION", "name": "chat",
    "startTime": "2026-01-02T03:04:05.678Z", "projectId": "p1", "parentObservationId": None, "level": "DEFAULT",
    "providedModelName": "gpt-4o", "usageDetails": {"input": 10, "output": 5, "total": 15}, "totalCost": 0.25,
    "userId": "u-1", "sessionId": "s-1", "metadata": {"attributes": {"gen_ai.system": "openai"}},
    "input": '[{"role": "user", "content": "Hi"}]', "output": '{"role": "assistant", "content": "Hello"}',
}  # fmt: skip


def page(*items: dict[str, Any]) -> dict[str, Any]:
    return {"data": list(items), "meta": {}}


def exported(item: dict[str, Any]) -> dict[str, Any]:
    return {"".join(f"_{c.lower()}" if c.isupper() else c for c in name): value for name, value in item.items()}


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name.partition(".")[0])
def test_real_traces_of_frameworks(read, path, db):
    content = json.loads(path.read_text())
    calls = [item for item in content["observations"] if item["type"] == "GENERATION"]
    inner = [call for call in calls if not any(other["parentObservationId"] == call["id"] for other in calls)]
    found = read(path)
    assert found.result.inputs[0].format == "langfuse-trace"
    assert not found.rejects
    assert sorted(found.column("record.id")) == sorted(call["id"] for call in calls)
    assert sum(found.result.inputs[0].skipped.values()) == len(content["observations"]) - len(calls)
    assert sum(find_duplicates(db).values()) == len(calls) - len(inner)
    kept = db.execute('SELECT "record.id" FROM distinct_records ORDER BY 1')
    assert [name for (name,) in kept] == sorted(call["id"] for call in inner)
    for record in found.records:
        (call,) = (call for call in calls if call["id"] == record["record.id"])
        assert record["gen_ai.request.model"] == call["model"]
        assert record.get("gen_ai.usage.input_tokens") == (call["inputUsage"] or None)
        assert record.get("gen_ai.usage.output_tokens") == (call["outputUsage"] or None)
        assert record.get("gen_ai.conversation.id") == content["trace"]["sessionId"]
        assert record.get("end_user.id") == content["trace"]["userId"]


@pytest.mark.skipif(not TRACES, reason="needs ../shared")
def test_providers_of_real_traces(read):
    found = read(*TRACES)
    assert {record.get("gen_ai.provider.name") for record in found.records} == {"openai", "gcp.vertex_ai", None}


@pytest.mark.parametrize("path", CALLBACKS, ids=lambda path: path.name.rpartition("__")[2])
def test_real_batches_of_a_gateway(read, path):
    (body,) = (event["body"] for event in json.loads(path.read_text())["batch"] if event["type"] == "generation-create")
    found = read(path)
    (record,) = found.records
    assert found.result.inputs[0].format == "langfuse-ingestion"
    assert found.result.inputs[0].skipped == {"observation that calls no model: trace": 1}
    assert record["gen_ai.response.id"] == body["id"].partition("_")[2]
    assert record["gen_ai.request.model"] == body["model"]
    assert record["gen_ai.usage.input_tokens"] == body["usageDetails"]["input"]
    assert record["gen_ai.usage.output_tokens"] == body["usageDetails"]["output"]
    assert record["call.cost"] == pytest.approx(body["usage"]["totalCost"])


def test_real_pages_and_exports_are_one_call(read, db):
    first = read(shared("usage", "langfuse", "shape_v2_observations_page.json"))
    item = json.loads((FOLDER / "shape_v2_observations_page.json").read_text())["data"][0]
    assert first.column("record.id") == [item["id"]]
    assert first.column("gen_ai.usage.input_tokens") == [item["usageDetails"]["input"]]
    rows = [json.loads(line) for line in (FOLDER / "shape_blob_export_observations.jsonl").read_text().splitlines()]
    second = read(FOLDER / "shape_blob_export_observations.jsonl")
    assert second.result.inputs[0].format == "langfuse-export"
    assert second.column("record.id") == [row["id"] for row in rows]
    trace = FOLDER / "framework_traces" / "openai-agents-2025-09-30.trace.json"
    read(FOLDER / "shape_v2_observations_page.json", FOLDER / "shape_blob_export_observations.jsonl", trace)
    assert sum(find_duplicates(db).values()) == 1  # the trace has the same ids, a year before


def test_all_four_shapes_tell_the_same(read, write, tmp_path):
    trace = {"trace": {"id": ONE["traceId"], "userId": "u-1", "sessionId": "s-1"}}
    own = {name: value for name, value in ONE.items() if name not in ("userId", "sessionId")}
    body = {name: value for name, value in own.items() if name not in ("type", "providedModelName", "projectId")}
    created = {name: value for name, value in body.items() if name not in ("usageDetails", "output")}
    batch = [
        {"id": "1", "type": "trace-create", "timestamp": "t", "body": trace["trace"]},
        {"id": "2", "type": "generation-create", "timestamp": "t", "body": created | {"model": "gpt-4o"}},
        {"id": "3", "type": "generation-update", "timestamp": "t", "body": {
            "id": ONE["id"], "usageDetails": ONE["usageDetails"], "output": ONE["output"]}},
    ]  # fmt: skip
    table = tmp_path / "rows.csv"
    with table.open("w", newline="") as file:
        row = {key: json.dumps(v) if isinstance(v, dict) else v for key, v in exported(ONE).items()}
        writer = csv.DictWriter(file, row.keys())
        writer.writeheader()
        writer.writerow(row)
    told = []
    for path, name in (
        (write(page(ONE)), "langfuse"),
        (write(ONE, name="lines.jsonl"), "langfuse"),
        (write(trace | {"observations": [own]}, name="trace.json"), "langfuse-trace"),
        (write(exported(ONE), name="export.jsonl"), "langfuse-export"),
        (table, "langfuse-export"),
        (write({"batch": batch, "metadata": {}}, name="batch.json"), "langfuse-ingestion"),
    ):
        found = read(path, text=("prompt.text", "completion.text"))
        assert found.result.inputs[0].format == name
        (record,) = found.records
        told.append({key: value for key, value in record.items() if key[0] != "_" and key != "project.id"})
    assert all(record == told[0] for record in told)
    assert told[0]["prompt.text"] == "Hi" and told[0]["completion.text"] == "Hello"
    assert told[0]["record.ids"] == ["4bf92f3577b34da6a3ce929d0e0e4736/00f067aa0ba902b7"]
    assert told[0]["gen_ai.provider.name"] == "openai" and told[0]["call.cost"] == 0.25


@pytest.mark.parametrize(
    ("counts", "input_", "output"),
    [
        ({"input": 100, "output": 20, "total": 120, "input_cached_tokens": 80}, 100, 20),
        ({"input": 20, "output": 20, "total": 120, "input_cached_tokens": 80}, 100, 20),
        ({"input": 20, "output": 20, "input_cache_read": 70, "input_cache_creation": 10}, 100, 20),
        ({"input": 179, "output": 35, "total": 278, "output_reasoning": 64}, 179, 99),
        ({"input": 10, "total": 10}, 10, None),
        ({"input": 0, "output": 0, "total": 0}, 0, 0),
        ({}, None, None),
    ],
)
def test_keys_of_counts_are_free(read, write, counts, input_, output):
    (record,) = read(write(page(ONE | {"usageDetails": counts}))).records
    assert (record.get("gen_ai.usage.input_tokens"), record.get("gen_ai.usage.output_tokens")) == (input_, output)


def test_a_wrapper_counts_with_the_call_in_it_and_other_observations_are_no_calls(read, write, db):
    wrapper = ONE | {"id": "aaaaaaaaaaaaaaaa", "name": "ai.generateText"}
    inner = ONE | {"parentObservationId": wrapper["id"]}
    others = [ONE | {"id": f"b{number}", "type": kind} for number, kind in enumerate(("SPAN", "TOOL", "AGENT", "NEW"))]
    found = read(write(page(wrapper, inner, *others)))
    assert found.column("record.id") == [wrapper["id"], ONE["id"]]
    assert found.result.inputs[0].skipped == {
        f"observation that calls no model: {kind}": 1 for kind in ("span", "tool", "agent", "new")
    }
    assert sum(find_duplicates(db).values()) == 1
    assert db.execute('SELECT "record.id" FROM distinct_records') == [(ONE["id"],)]
    embedding = read(write(page(ONE | {"type": "EMBEDDING"})))
    assert embedding.column("gen_ai.operation.name") == ["embeddings"]


def test_rows_on_the_boundary_of_two_exports_count_once(read, tmp_path, db):
    lines = [json.dumps(exported(ONE | {"id": f"{n:016x}", "startTime": f"2026-01-02T03:04:0{n}Z"})) for n in range(4)]
    paths = [tmp_path / "one.jsonl.gz", tmp_path / "two.jsonl.gz"]
    for path, part in zip(paths, (lines[:3], lines[2:]), strict=True):
        path.write_bytes(gzip.compress("\n".join(part).encode()))
    found = read(*paths)
    assert len(found.records) == 5
    assert find_duplicates(db) == {1: 1}


def test_errors_and_metadata(read, write):
    attached = {"application.id": "claims", "end_user.country": "DE", "attributes": {}}
    (record,) = read(write(page(ONE | {"level": "ERROR", "metadata": attached}))).records
    assert (record["error.type"], record["application.id"], record["end_user.country"]) == ("error", "claims", "DE")


def test_damage(read, write):
    lines = [json.dumps(exported(ONE)), "{", json.dumps(exported(ONE | {"startTime": "soon"}))]
    found = read(write(*lines))
    assert len(found.records) == 1
    assert [reject["line"] for reject in found.rejects] == [2, 3]


@pytest.mark.skipif(not TRACES, reason="needs ../shared")
def test_what_is_no_usage_is_told_so(read):
    for name in ("chat_ml_json.json", "default-model-prices.json"):
        with pytest.raises(Exception, match="no format that is known"):
            read(FOLDER / name)
