"""Sums and control events that OpenAI and Anthropic page: buckets with every dimension, cents, null dimensions, event logs."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sources.conftest import shared

OPENAI_EXAMPLES = ("usage", "openai", "spec_examples")
NO_CALLS = {"code_interpreter_sessions", "file_search_calls", "vector_stores", "web_search_calls"}


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def example(tmp_path: Path, name: str) -> tuple[Path, dict[str, Any]]:
    """Return the answer in an example of OpenAI's specification as a file, and as it is."""
    answer = json.loads(shared(*OPENAI_EXAMPLES, name).read_text())["response"]
    path = tmp_path / "page.json"
    path.write_text(json.dumps(answer))
    return path, answer


@pytest.mark.parametrize(
    "kind",
    ["completions", "embeddings", "moderations", "images", "audio_speeches", "audio_transcriptions", *sorted(NO_CALLS)],
)
def test_every_kind_of_openai_usage(read, tmp_path, kind):
    path, answer = example(tmp_path, f"get_organization_usage_{kind}.json")
    results = [(bucket, result) for bucket in answer["data"] for result in bucket["results"]]
    found = read(path)
    (summary,) = found.result.inputs
    assert (summary.format, summary.kind, found.rejects) == ("openai-usage", "bucket", [])
    if kind in NO_CALLS:
        assert (summary.records, sum(summary.skipped.values())) == (0, len(results))
        return
    assert found.column("request.count") == [result["num_model_requests"] for _, result in results]
    assert found.column("gen_ai.usage.input_tokens") == [result.get("input_tokens") for _, result in results]
    assert found.column("gen_ai.usage.output_tokens") == [result.get("output_tokens") for _, result in results]
    assert found.column("timestamp") == [at(bucket["start_time"]) for bucket, _ in results]
    assert found.column("bucket.seconds") == [86_400] * len(results)
    assert set(found.column("record.kind")) == {"bucket"}
    assert set(found.column("gen_ai.provider.name")) == {"openai"}
    assert found.column("project.id") == [None] * len(results)


USAGE = {
    "object": "organization.usage.completions.result", "input_tokens": 10, "output_tokens": 5, "num_model_requests": 2,
    "project_id": "p", "api_key_id": "k", "user_id": "u", "model": "gpt-4o", "batch": False, "service_tier": None,
}  # fmt: skip


def page(*results: dict[str, Any], start: int = 1_730_419_200) -> dict[str, Any]:
    bucket = {"object": "bucket", "start_time": start, "end_time": start + 3_600, "results": list(results)}
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None}


def test_openai_dimensions_and_repeated_buckets(read, write):
    found = read(write(page(USAGE, USAGE | {"model": "o3"}), page(USAGE), page(USAGE, start=1_730_422_800)))
    ids = found.column("record.id")
    assert ids[0] == ids[2]
    assert len(set(ids)) == 3
    first = found.records[0]
    assert (first["project.id"], first["api_key.id"], first["user.id"]) == ("p", "k", "u")
    assert (first["gen_ai.request.model"], first["bucket.seconds"]) == ("gpt-4o", 3_600)


def test_spans_without_usage_and_pages_without_spans_hold_no_records(read, write):
    empty = {"object": "page", "data": [], "has_more": False, "next_page": None}
    found = read(
        write(page(), name="a.jsonl"), write(empty, name="b.jsonl"), write(page(USAGE), page(), name="c.jsonl")
    )
    assert [summary.records for summary in found.result.inputs] == [0, 0, 1]
    assert [sum(summary.skipped.values()) for summary in found.result.inputs] == [1, 1, 1]
    assert found.rejects == []


def test_openai_costs_are_in_dollars_and_stand_for_no_further_requests(read, tmp_path, write):
    path, answer = example(tmp_path, "get_organization_costs.json")
    found = read(path)
    assert found.result.inputs[0].format == "openai-costs"
    assert found.column("call.cost") == [answer["data"][0]["results"][0]["amount"]["value"]]
    assert found.column("request.count") == [0]
    euros = {"object": "organization.costs.result", "amount": {"value": 1, "currency": "eur"}, "project_id": "p"}
    (record,) = read(write(page(euros))).records
    assert (record.get("call.cost"), record["project.id"]) == (None, "p")


def test_a_bucket_with_text_for_a_number_is_a_reject(read, write):
    found = read(write(page(USAGE | {"num_model_requests": "many"}), page(USAGE)))
    assert (len(found.records), len(found.rejects)) == (1, 1)
    assert "request.count" in found.rejects[0]["reason"]


def test_anthropic_analytics(read):
    path = shared("usage", "anthropic", "shape_analytics_usage.json")
    (row,) = json.loads(path.read_text())["data"]
    usage = row["usage"]
    (record,) = read(path).records
    write_tokens = sum(usage["cache_creation"].values())
    whole = usage["uncached_input_tokens"] + usage["cache_read_input_tokens"] + write_tokens
    assert record["gen_ai.usage.input_tokens"] == whole
    assert record["gen_ai.usage.cache_write.input_tokens"] == write_tokens
    assert record["request.count"] == usage["requests"]
    assert record["end_user.profile.id"] == row["group"]["user_profile_id"]
    assert (record["cloud.region"], record["record.kind"]) == (row["group"]["inference_geo"], "bucket")
    assert record["gen_ai.request.model"] == row["group"]["model"]


def test_anthropic_cents_become_dollars(read, write):
    row: dict[str, Any] = {
        "starting_at": "2026-09-03T00:00:00Z", "ending_at": "2026-09-03T01:00:00Z", "group": {"model": "claude-x"},
        "cost": {"amount": "123.456789", "list_amount": "130", "currency": "USD"},
    }  # fmt: skip
    euros = row | {"group": {"model": "claude-y"}, "cost": row["cost"] | {"currency": "EUR"}}
    found = read(write({"data": [row, euros], "has_more": False, "next_page": None}))
    assert found.result.inputs[0].format == "anthropic-cost"
    assert found.column("call.cost") == [pytest.approx(1.23456789), None]
    assert found.column("bucket.seconds") == [3_600, 3_600]


def test_the_older_usage_report(read):
    usage = shared("usage", "anthropic", "shape_usage_report_messages.json")
    (row,) = json.loads(usage.read_text())["data"][0]["results"]
    (record,) = read(usage).records
    assert record["gen_ai.usage.input_tokens"] == row["uncached_input_tokens"] + row["cache_read_input_tokens"] + sum(
        row["cache_creation"].values()
    )
    assert record["api_key.id"] == row["api_key_id"]


def test_the_older_cost_report(read):
    path = shared("usage", "anthropic", "shape_cost_report.json")
    (row,) = json.loads(path.read_text())["data"][0]["results"]
    (record,) = read(path).records
    assert record["call.cost"] == pytest.approx(float(row["amount"]) / 100)
    assert record["request.count"] == 0


def test_a_dimension_that_is_null_or_not_available_is_missing(read, write):
    result = {
        "uncached_input_tokens": 1, "output_tokens": 2, "workspace_id": None, "api_key_id": None,
        "inference_geo": "not_available", "model": "claude-x", "cache_creation": None,
    }  # fmt: skip
    bucket = {"starting_at": "2025-08-01T00:00:00Z", "ending_at": "2025-08-02T00:00:00Z", "results": [result]}
    (record,) = read(write({"data": [bucket], "has_more": False})).records
    assert record["gen_ai.usage.input_tokens"] == 1
    assert {"project.id", "api_key.id", "cloud.region", "gen_ai.usage.cache_write.input_tokens"}.isdisjoint(record)


def test_claude_code_by_model(read):
    path = shared("usage", "anthropic", "shape_usage_report_claude_code.json")
    (day,) = json.loads(path.read_text())["data"]
    found = read(path)
    assert found.column("gen_ai.request.model") == [used["model"] for used in day["model_breakdown"]]
    tokens = day["model_breakdown"][0]["tokens"]
    record = found.records[0]
    assert record["gen_ai.usage.input_tokens"] == tokens["input"] + tokens["cache_read"] + tokens["cache_creation"]
    assert record["call.cost"] == day["model_breakdown"][0]["estimated_cost"]["amount"] / 100
    assert record["user.id"] == day["actor"]["email_address"]


@pytest.mark.parametrize(
    ("provider", "name", "format_"),
    [
        ("anthropic", "panther_compliance_activity_events.jsonl", "anthropic-compliance"),
        ("openai", "panther_audit_log_events.jsonl", "openai-audit"),
    ],
)
def test_real_control_events(read, write, db, provider, name, format_):
    raw = [json.loads(line)["log"] for line in shared("usage", provider, name).read_text().splitlines()]
    found = read(write(*raw))
    (summary,) = found.result.inputs
    assert (summary.format, summary.kind, summary.records, found.rejects) == (format_, "event", len(raw), [])
    rows = db.execute('SELECT "event.name", "record.id", "client.address" FROM event_records ORDER BY _row')
    assert [row[:2] for row in rows] == [(item["type"], item["id"]) for item in raw]
    actors = [item["actor"] for item in raw]
    addresses = [actor.get("ip_address") or (actor.get("session") or {}).get("ip_address") for actor in actors]
    assert [row[2] for row in rows] == addresses


def test_openai_audit_page_of_the_specification(read, tmp_path, db):
    path, answer = example(tmp_path, "get_organization_audit_logs_0.repaired.json")
    found = read(path)
    assert found.result.inputs[0].records == len(answer["data"])
    rows = db.execute('SELECT "timestamp", "event.name" FROM event_records ORDER BY _row')
    assert rows == [(at(item["effective_at"]), item["type"]) for item in answer["data"]]
