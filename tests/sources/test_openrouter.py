import json
from datetime import UTC, datetime
from typing import Any

from tests.sources.conftest import shared

GENERATION: dict[str, Any] = {
    "id": "gen-1", "created_at": "2026-07-15T23:33:19Z", "model": "anthropic/claude-sonnet-4", "provider_name": "Google",
    "native_tokens_prompt": 12, "native_tokens_completion": 7, "tokens_prompt": 10, "tokens_completion": 6,
    "total_cost": 0.01, "cancelled": False, "finish_reason": "stop", "is_byok": False,
}  # fmt: skip
ACTIVITY: dict[str, Any] = {
    "date": "2026-03-01", "model": "openai/gpt-4.1", "model_permaslug": "openai/gpt-4.1-2025-04-14",
    "endpoint_id": "e1", "provider_name": "OpenAI", "usage": 0.5, "requests": 5, "prompt_tokens": 50,
    "completion_tokens": 125, "reasoning_tokens": 25, "cached_tokens": 0,
}  # fmt: skip


def test_a_generation_as_documented(read):
    path = shared("usage", "gateways", "shape_openrouter_generation.json")
    raw = json.loads(path.read_text())["data"]
    found = read(path)
    (entry,) = found.result.inputs
    assert (entry.format, entry.kind, entry.records, entry.rejected) == ("openrouter", "call", 1, 0)
    assert "provider_name" in entry.unused
    assert found.records == [
        {
            "_row": 0, "_input": 0, "_line": 1,
            "timestamp": datetime.fromisoformat(raw["created_at"]).astimezone(UTC).replace(tzinfo=None),
            "record.id": raw["id"], "record.ids": [raw["upstream_id"]], "gen_ai.provider.name": "openrouter",
            "gen_ai.operation.name": "chat", "gen_ai.request.model": raw["model"], "gen_ai.response.id": raw["id"],
            "gen_ai.usage.input_tokens": raw["native_tokens_prompt"],
            "gen_ai.usage.output_tokens": raw["native_tokens_completion"],
            "gen_ai.usage.cache_read.input_tokens": raw["native_tokens_cached"],
            "gen_ai.usage.reasoning.output_tokens": raw["native_tokens_reasoning"],
            "gen_ai.response.finish_reasons": [raw["finish_reason"]], "call.cost": raw["total_cost"],
            "route": "openrouter", "user_agent.original": raw["user_agent"], "cloud.region": raw["data_region"],
            "end_user.id": raw["external_user"],
        }
    ]  # fmt: skip


def test_activity_as_documented(read):
    path = shared("usage", "gateways", "shape_openrouter_activity.json")
    (raw,) = json.loads(path.read_text())["data"]
    found = read(path)
    assert (found.result.inputs[0].format, found.result.inputs[0].kind) == ("openrouter-activity", "bucket")
    (record,) = found.records
    assert record["timestamp"] == datetime.fromisoformat(raw["date"])
    assert (record["record.kind"], record["request.count"]) == ("bucket", raw["requests"])
    assert (record["gen_ai.request.model"], record["gen_ai.response.model"]) == (raw["model"], raw["model_permaslug"])
    assert record["gen_ai.usage.input_tokens"] == raw["prompt_tokens"]
    assert record["gen_ai.usage.output_tokens"] == raw["completion_tokens"]
    assert record["gen_ai.usage.reasoning.output_tokens"] == raw["reasoning_tokens"]
    assert (record["call.cost"], record["route"]) == (raw["usage"], "openrouter")


def test_native_counts_come_first(read, write):
    without = GENERATION | {"native_tokens_prompt": None, "native_tokens_completion": None}
    found = read(write(GENERATION, without, GENERATION | {"native_tokens_prompt": 0}))
    assert found.column("gen_ai.usage.input_tokens") == [12, 10, 0]
    assert found.column("gen_ai.usage.output_tokens") == [7, 6, 7]


def test_lines_pages_and_answers_are_the_same(read, write):
    forms = [
        write(GENERATION, name="a.jsonl"),
        write({"data": GENERATION}, name="b.jsonl"),
        write({"data": [GENERATION]}, name="c.jsonl"),
        write(json.dumps([GENERATION], indent=1), name="d.json"),
    ]
    first, *others = [read(path).records for path in forms]
    assert len(first) == 1
    assert others == [first] * 3


def test_what_went_wrong_and_what_was_cached(read, write):
    found = read(
        write(
            GENERATION | {"cancelled": True, "finish_reason": None, "api_type": "embeddings"},
            GENERATION | {"finish_reason": "error", "api_type": "video"},
            GENERATION | {"response_cache_source_id": "gen-0"},
        )
    )
    assert found.column("error.type") == ["cancelled", "error"]
    assert found.column("gen_ai.response.finish_reasons") == [None, ["error"]]
    assert found.column("gen_ai.operation.name") == ["embeddings", "video"]
    assert found.result.inputs[0].skipped == {"answered from the gateway's cache: no model was called": 1}


def test_buckets_are_told_apart_by_what_they_are_of(read, write):
    others: list[dict[str, Any]] = [
        {"workspace_id": "w"},
        {"endpoint_id": None, "provider_name": "e1"},
        {"endpoint_id": "e1", "provider_name": None},
    ]
    found = read(write({"data": [ACTIVITY, *(ACTIVITY | more for more in others)]}))
    again = read(write({"data": [ACTIVITY | {"requests": 6}]}, name="later.jsonl"))
    assert len(set(found.column("record.id"))) == 4
    assert again.column("record.id") == found.column("record.id")[:1]
    assert found.column("project.id") == [None, "w", None, None]


def test_damage(read, write):
    found = read(write(GENERATION, {"data": {}}, '{"data": {"id"', {"data": GENERATION | {"total_cost": "x"}}))
    assert [reject["line"] for reject in found.rejects] == [2, 3, 4]
    found = read(write(ACTIVITY, {"other": 1}, ACTIVITY | {"requests": "x"}, name="activity.jsonl"))
    assert [reject["line"] for reject in found.rejects] == [2, 3]
