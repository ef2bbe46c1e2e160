"""One call, one row: what several sources report is counted once, and what each of them knows is kept."""

import json
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest

from auditor.engine import Database, quote
from auditor.facts.calls import find_duplicates, write_duplicates
from auditor.sources import Input, ingest

ANSWER = "chatcmpl-0123456789abcdef"
CALL = {"timestamp": "2025-06-01T12:00:00Z", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5}
SPAN = CALL | {"record.id": "t1/s1", "gen_ai.response.id": ANSWER, "prompt.language": "de"}
GATEWAY = CALL | {
    "record.id": "gw-1",
    "record.ids": [ANSWER, "req_0123456789abcdef"],
    "end_user.id": "u1",
    "route": "azure",
}
PROVIDER = CALL | {"record.id": "p-1", "record.ids": ["req_0123456789abcdef"], "route": "direct"}
Rows = list[dict[str, Any]]


async def distinct(*inputs: Rows, layers: list[int] | None = None) -> tuple[Rows, dict[int, int]]:
    with Database() as db:
        await ingest(db, [Input(f"input-{i}", data=rows) for i, rows in enumerate(inputs)], text=())
        left_out = find_duplicates(db, layers or [0] * len(inputs))
        names = [name for name in db.columns("distinct_records") if not name.startswith("_")]
        columns = ", ".join(map(quote, names))
        rows = db.execute(f"SELECT {columns} FROM distinct_records ORDER BY ALL")
        return [
            {name: value for name, value in zip(names, row, strict=True) if value is not None} for row in rows
        ], left_out


async def test_one_call_over_three_sources_counts_once_and_keeps_what_each_knows():
    rows, left_out = await distinct([SPAN], [GATEWAY], [PROVIDER], layers=[2, 1, 0])
    assert left_out == {0: 1, 1: 1}
    (row,) = rows
    assert row["record.id"] == "p-1"
    assert row["route"] == "direct"
    assert (row["end_user.id"], row["prompt.language"], row["gen_ai.response.id"]) == ("u1", "de", ANSWER)


async def test_the_order_of_the_inputs_does_not_matter():
    parts = [([SPAN], 2), ([GATEWAY], 1), ([PROVIDER], 0)]
    found = [await distinct(*(p[0] for p in order), layers=[p[1] for p in order]) for order in permutations(parts)]
    assert all(rows == found[0][0] for rows, _ in found)
    assert all(sum(left_out.values()) == 2 for _, left_out in found)


@pytest.mark.parametrize(
    ("changed", "count"),
    [
        ({}, 1),
        ({"timestamp": "2025-06-01T12:59:00Z"}, 1),
        ({"timestamp": "2025-06-01T13:00:01Z"}, 2),
        ({"timestamp": None}, 1),
        ({"gen_ai.response.id": "chatcmpl-513"}, 2),
        ({"gen_ai.response.id": None}, 2),
        ({"gen_ai.usage.input_tokens": 11}, 1),
    ],
)
async def test_what_joins_two_sources(changed: dict[str, Any], count: int):
    other = SPAN | {"record.id": "other"} | changed
    rows, _ = await distinct([SPAN], [other])
    assert len(rows) == count


async def test_an_id_that_one_source_gives_to_different_calls_joins_nothing():
    """Tries of one request may share an id; so do servers that number their answers."""
    again = SPAN | {"record.id": "t1/s2", "gen_ai.usage.output_tokens": 99}
    rows, left_out = await distinct([SPAN, again], [GATEWAY])
    assert (len(rows), left_out) == (3, {})


async def test_a_span_within_a_span_of_the_same_answer_is_one_call():
    rows, left_out = await distinct([SPAN, SPAN | {"record.id": "t1/s2"}])
    assert (len(rows), left_out) == (1, {0: 1})


async def test_long_chains_of_ids_are_followed():
    ids = [f"request-id-{number:012d}" for number in range(30)]
    inputs = [[CALL | {"record.id": str(i), "record.ids": ids[i : i + 2]}] for i in range(29)]
    rows, left_out = await distinct(*inputs)
    assert (len(rows), sum(left_out.values())) == (1, 28)


async def test_what_was_left_out_is_written_down(tmp_path):
    with Database() as db:
        await ingest(db, [Input("a", data=[SPAN, SPAN]), Input("b", data=[GATEWAY])], text=())
        find_duplicates(db, [2, 1])
        write_duplicates(db, ["a", "b"], tmp_path / "duplicates.parquet")
        rows = db.execute(f"SELECT * FROM read_parquet('{tmp_path / 'duplicates.parquet'}')")
    assert rows == [("a", 1, "b", 1, "same call"), ("a", 2, "a", 1, "repeat")]


async def test_events_repeat_too(tmp_path):
    event = {"event.name": "api_key.created", "record.id": "e1", "timestamp": "2025-06-01T12:00:00Z"}
    from auditor.facts.tables import limit_period

    with Database() as db:
        path = tmp_path / "events.jsonl"
        path.write_text("".join(json.dumps(event | {"actor.id": who}) + "\n" for who in ("a", "a")))
        await ingest(db, [Input(str(path))], text=())
        find_duplicates(db)
        limit_period(db, None, None)
        assert db.execute('SELECT "event.name", "timestamp", "actor.id" FROM period_events') == [
            ("api_key.created", datetime(2025, 6, 1, 12), "a")
        ]


async def test_a_call_around_others_is_not_counted():
    """As an agent's framework and the provider's client both record: the outer span sums up the inner ones."""

    def span(name: str, parent: str | None, tokens: int) -> dict[str, Any]:
        more = {"record.id": name, "record.ids": [name], "record.parent": parent, "gen_ai.usage.input_tokens": tokens}
        return CALL | {key: value for key, value in more.items() if value is not None}

    outer, one, two = span("t/outer", None, 30), span("t/one", "t/outer", 10), span("t/two", "t/outer", 20)
    alone = span("t/alone", "t/elsewhere", 5)
    for inputs in ([[outer, one, two, alone]], [[two, alone, one], [outer]]):
        rows, left_out = await distinct(*inputs)
        assert sum(left_out.values()) == 1
        assert sorted(row["record.id"] for row in rows) == ["t/alone", "t/one", "t/two"]
