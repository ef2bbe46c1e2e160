"""MLflow, Weave and Phoenix: the shapes they give out, wrappers around calls, ids, and the span itself from a trace."""

import base64
import csv
import json
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from auditor.facts.calls import find_duplicates
from tests.sources.conftest import shared

TEXT = ("prompt.text", "completion.text")
TRACE, SPAN = bytes(range(16)), bytes(range(8))
ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
ANSWER = {"id": "chatcmpl-0123456789abcdef", "choices": [{"finish_reason": "stop", "message": {"content": "Hello"}}]}


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def mlflow_span(kind: str, span: bytes = SPAN, parent: bytes | None = None, **more: Any) -> dict[str, Any]:
    told = {
        "mlflow.spanType": kind, "mlflow.spanInputs": ASKED, "mlflow.spanOutputs": ANSWER, "mlflow.llm.model": "gpt-4o",
        "mlflow.chat.tokenUsage": {"input_tokens": 9, "output_tokens": 3, "cache_read_input_tokens": 4},
    }  # fmt: skip
    return {
        "trace_id": in_base64(TRACE), "span_id": in_base64(span), "parent_span_id": parent and in_base64(parent),
        "start_time_unix_nano": 1_767_225_600_000_000_000, "status": {"code": "STATUS_CODE_OK"},
        "attributes": {name: json.dumps(value) for name, value in told.items()},
    } | more  # fmt: skip


def mlflow_trace(*spans: dict[str, Any]) -> dict[str, Any]:
    info = {
        "trace_id": "tr-1",
        "state": "OK",
        "trace_metadata": {"mlflow.trace.session": "s-1", "mlflow.trace.user": "u-1"},
    }
    return {"info": info, "data": {"spans": list(spans)}}


def test_a_real_trace_of_mlflow(read):
    path = shared("usage", "mlflow", "generated_trace_to_json.jsonl")
    trace = json.loads(path.read_text())
    (span,) = trace["data"]["spans"]
    counts = json.loads(span["attributes"]["mlflow.chat.tokenUsage"])
    found = read(path, text=TEXT)
    (record,) = found.records
    assert found.result.inputs[0].format == "mlflow"
    assert record["record.id"] == "/".join(base64.b64decode(span[name]).hex() for name in ("trace_id", "span_id"))
    assert record["gen_ai.usage.input_tokens"] == counts["input_tokens"]
    assert record["gen_ai.usage.output_tokens"] == counts["output_tokens"]
    assert record["call.cost"] == pytest.approx(json.loads(span["attributes"]["mlflow.llm.cost"])["total_cost"])
    assert (record["gen_ai.provider.name"], record["gen_ai.request.model"]) == ("openai", "gpt-4o-mini")
    assert (record["prompt.text"], record["completion.text"]) == ("Capital of France?", "Paris")


def test_spans_of_mlflow(read, write, db):
    wrapper = mlflow_span("CHAT_MODEL", b"wrapper1")
    inner = mlflow_span("LLM", SPAN, b"wrapper1")
    others = [mlflow_span(kind, bytes([n] * 8)) for n, kind in enumerate(("AGENT", "TOOL", "CHAIN", "UNKNOWN"))]
    failed = mlflow_span("CHAT_MODEL", b"failed!!", status={"code": "STATUS_CODE_ERROR"})
    found = read(write(mlflow_trace(wrapper, inner, *others), mlflow_trace(failed), mlflow_trace()))
    names = [f"{TRACE.hex()}/{span.hex()}" for span in (b"wrapper1", SPAN, b"failed!!")]
    assert found.column("record.id") == names
    assert found.column("record.parent") == [None, names[0], None]
    assert found.column("_line") == [1, 1, 2]
    assert found.column("error.type") == [None, None, "error"]
    assert found.column("gen_ai.response.id") == [ANSWER["id"]] * 3
    assert found.column("gen_ai.usage.cache_read.input_tokens") == [4, 4, 4]
    assert (found.records[0]["end_user.id"], found.records[0]["gen_ai.conversation.id"]) == ("u-1", "s-1")
    assert sum(found.result.inputs[0].skipped.values()) == 5 and not found.rejects
    find_duplicates(db)
    assert db.execute("SELECT why FROM duplicates WHERE _row = 0") == [("around",)]


def test_version_2_of_mlflow(read, write):
    span = mlflow_span("CHAT_MODEL")
    for name in ("trace_id", "span_id", "parent_span_id", "start_time_unix_nano", "status"):
        del span[name]
    span |= {
        "context": {"trace_id": f"0x{TRACE.hex()}", "span_id": f"0x{SPAN.hex()}"}, "parent_id": None,
        "start_time": 1_767_225_600_000_000_000, "status_code": "OK",
    }  # fmt: skip
    (record,) = read(write({"info": {"request_id": "r"}, "data": {"spans": [span]}})).records
    assert record["record.ids"] == [f"{TRACE.hex()}/{SPAN.hex()}"]
    assert str(record["timestamp"]) == "2026-01-01 00:00:00"


def weave_call(name: str, usage: dict[str, Any] | None, parent: str | None = None, **more: Any) -> dict[str, Any]:
    summary = {"weave": {"status": "success"}} | ({} if usage is None else {"usage": usage})
    return {
        "id": name, "project_id": "e/p", "op_name": "weave:///e/p/op/openai.chat.completions.create:a", "trace_id": "t",
        "parent_id": parent, "started_at": "2026-01-01T00:00:00Z", "inputs": ASKED, "output": ANSWER, "summary": summary,
        "attributes": {"application.id": "claims"}, "exception": None,
    } | more  # fmt: skip


def test_a_weave_call_as_documented(read):
    path = shared("usage", "misc", "shape_weave_call.jsonl")
    call = json.loads(path.read_text())
    ((model, counts),) = call["summary"]["usage"].items()
    found = read(path, text=TEXT)
    (record,) = found.records
    assert found.result.inputs[0].format == "weave"
    assert (record["gen_ai.request.model"], record["gen_ai.response.model"]) == (call["inputs"]["model"], model)
    assert record["gen_ai.usage.input_tokens"] == counts["prompt_tokens"]
    assert record["gen_ai.usage.output_tokens"] == counts["completion_tokens"]
    assert (record["gen_ai.provider.name"], record["record.id"]) == ("openai", call["id"])
    assert (record["prompt.text"], record["completion.text"]) == ("Hi", "Hello")


def test_calls_of_weave(read, write, db):
    one = {"gpt-4o-2024": {"requests": 1, "prompt_tokens": 9, "completion_tokens": 3}}
    claude = {"claude/x~1": {"requests": 1, "input_tokens": 5, "cache_read_input_tokens": 80, "output_tokens": 2}}
    found = read(
        write(
            weave_call("outer", one, op_name="weave:///e/p/op/agent:b"),
            weave_call("inner", one, "outer"),
            weave_call("plain", None, op_name="weave:///e/p/op/format:c"),
            weave_call("several", one | claude, op_name="weave:///e/p/op/anthropic.Messages.create:d", exception="no"),
        )
    )
    assert sorted(found.column("record.id")) == ["inner", "outer", "several/claude/x~1", "several/gpt-4o-2024"]
    by_id = {record["record.id"]: record for record in found.records}
    assert by_id["inner"]["application.id"] == "claims"
    last = by_id["several/claude/x~1"]
    assert (last["gen_ai.usage.input_tokens"], last["gen_ai.usage.cache_read.input_tokens"]) == (85, 80)
    assert (last["gen_ai.provider.name"], last["error.type"]) == ("anthropic", "error")
    assert found.result.inputs[0].skipped == {"call that used no model": 1}
    assert sum(find_duplicates(db).values()) == 1
    assert db.execute("SELECT count(*) FROM distinct_records WHERE \"record.id\" = 'outer'") == [(0,)]


PHOENIX = {
    "llm.model_name": "gpt-4o", "llm.provider": "openai", "llm.token_count.prompt": 9, "llm.token_count.completion": 3,
    "input.value": json.dumps(ASKED), "output.value": json.dumps(ANSWER), "session.id": "s-1",
}  # fmt: skip


def phoenix_span(kind: str = "LLM") -> dict[str, Any]:
    return {
        "id": "U3Bhbjox", "name": "x", "context": {"trace_id": TRACE.hex(), "span_id": SPAN.hex()}, "span_kind": kind,
        "parent_id": None, "start_time": "2026-01-01T00:00:00+00:00", "status_code": "OK", "attributes": PHOENIX,
    }  # fmt: skip


def test_a_page_of_phoenix_as_documented(read):
    path = shared("usage", "misc", "shape_phoenix_spans_page.json")
    spans = json.loads(path.read_text())["data"]
    found = read(path)
    assert found.result.inputs[0].format == "phoenix"
    assert found.column("gen_ai.request.model") == [span["attributes"]["llm.model_name"] for span in spans]
    assert found.column("gen_ai.usage.input_tokens") == [span["attributes"]["llm.token_count.prompt"] for span in spans]
    assert found.column("record.id") == ["/".join(span["context"].values()) for span in spans]


def test_spans_of_phoenix_and_tables_tell_the_same(read, write, tmp_path):
    span = phoenix_span()
    row = {f"context.{name}": value for name, value in span["context"].items()}
    row |= {name: span[name] for name in ("name", "span_kind", "parent_id", "start_time", "status_code")}
    row |= {f"attributes.{name}": value for name, value in PHOENIX.items()}
    table, columns = tmp_path / "spans.csv", tmp_path / "spans.parquet"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, row.keys())
        writer.writeheader()
        writer.writerow(row)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row]), columns)
    page = write({"data": [span, phoenix_span("CHAIN"), phoenix_span("TOOL")], "next_cursor": None})
    told = []
    for path, name in ((page, "phoenix"), (table, "phoenix-export"), (columns, "phoenix-export")):
        found = read(path, text=TEXT)
        assert found.result.inputs[0].format == name
        (record,) = found.records
        told.append({key: value for key, value in record.items() if key[0] != "_"})
    assert told[0] == told[1] == told[2]
    assert (told[0]["prompt.text"], told[0]["completion.text"]) == ("Hi", "Hello")
    assert told[0]["gen_ai.operation.name"] == "chat"


def test_one_span_in_three_tools_is_one_call(read, write, db):
    pairs = [{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}]
    span = {
        "traceId": TRACE.hex(),
        "spanId": SPAN.hex(),
        "startTimeUnixNano": "1767225600000000000",
        "attributes": pairs,
    }
    read(
        write({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}, name="otlp.jsonl"),
        write(mlflow_trace(mlflow_span("LLM")), name="mlflow.jsonl"),
        write({"data": [phoenix_span()], "next_cursor": None}, name="phoenix.json"),
    )
    assert sum(find_duplicates(db).values()) == 2
    assert db.execute('SELECT "gen_ai.request.model", "gen_ai.usage.input_tokens" FROM distinct_records') == [
        ("gpt-4o", 9)
    ]
