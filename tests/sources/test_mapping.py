"""Mapping files: every example of the documentation, all units, faults with their lines, hostile names."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import AuditorError
from auditor.sources import Input
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "mapping.md").read_text()
BLOCKS = re.findall(r"^```(yaml|csv|json)\n(.*?)^```", TEXT, re.M | re.S)
EXAMPLES = {
    re.match(r"# (\S+)\.yaml", text)[1]: (text, BLOCKS[place + 1][1])  # type: ignore[index]
    for place, (kind, text) in enumerate(BLOCKS)
    if kind == "yaml"
}


@pytest.fixture
def mapped(read, tmp_path):
    def reader(mapping: str, content: str, name: str = "usage.csv") -> Any:
        (tmp_path / name).write_text(content)
        (tmp_path / "mapping.yaml").write_text(mapping)
        return read(Input(str(tmp_path / name), mapping=tmp_path / "mapping.yaml"))

    return reader


def test_the_smallest_example(mapped):
    (record,) = mapped(*EXAMPLES["smallest"]).records
    assert record["timestamp"] == datetime(2026, 1, 2, 3, 4, 5)
    assert (record["gen_ai.request.model"], record["gen_ai.provider.name"]) == ("gpt-4o", "openai")


def test_the_example_with_cents_and_local_time(mapped):
    found = mapped(*EXAMPLES["billing"])
    assert found.column("timestamp") == [datetime(2026, 7, 1, 0, 30, 1), datetime(2026, 12, 1, 1, 30, 2)]
    assert found.column("record.id") == ["b7/2", "b7/3"]
    assert found.column("gen_ai.usage.input_tokens") == [1500, 250]
    assert found.column("call.cost") == [0.02, 0.005]
    assert found.column("application.purpose") == ["support", "other"]
    assert found.column("gen_ai.provider.name") == ["openai", "anthropic"]
    assert found.result.inputs[0].skipped == {"a check of the system": 1}
    assert ["1,5" in reject["reason"] for reject in found.rejects] == [True]


def test_the_example_with_cached_tokens(mapped):
    found = mapped(*EXAMPLES["gateway"], name="usage.jsonl")
    assert found.column("record.id") == ["r1", "r2"]
    assert found.column("gen_ai.usage.input_tokens") == [100, 20]
    assert found.column("gen_ai.usage.cache_read.input_tokens") == [80, None]
    assert found.column("gen_ai.usage.output_tokens") == [5, 5]
    assert found.column("gen_ai.request.model") == ["claude-sonnet-4"] * 2
    assert found.column("end_user.id") == ["c-9", None]
    assert found.column("timestamp")[0] == datetime(2025, 1, 1) and found.column("timestamp")[1].second == 1
    assert not found.rejects


def test_the_example_of_events(mapped, db):
    found = mapped(*EXAMPLES["changes"])
    assert (found.result.inputs[0].kind, found.result.inputs[0].layer) == ("event", "provider")
    rows = db.execute('SELECT "event.name", "api_key.id", "actor.id" FROM event_records')
    assert rows == [("api_key.created", "key_1", "alice")]


@pytest.mark.parametrize(
    ("rule", "cell", "expected"),
    [
        ("{column: x, unit: s}", "1767225600.5", datetime(2026, 1, 1, 0, 0, 0, 500_000)),
        ("{column: x, unit: ms}", "1767225600123", datetime(2026, 1, 1, 0, 0, 0, 123_000)),
        ("{column: x, unit: us}", "1767225600123456", datetime(2026, 1, 1, 0, 0, 0, 123_456)),
        ("{column: x, unit: ns}", "1767225600123456789", datetime(2026, 1, 1, 0, 0, 0, 123_456)),
        ("{column: x, unit: ticks}", "639028224001234567", datetime(2026, 1, 1, 0, 0, 0, 123_456)),
        ("{column: x, timezone: America/New_York}", "2026-01-01T00:00:00", datetime(2026, 1, 1, 5)),
        ("{column: x, timezone: America/New_York}", "2026-01-01T00:00:00Z", datetime(2026, 1, 1)),
        ("{column: x, timezone: America/New_York}", "2026-01-01 00:00:00+01:00", datetime(2025, 12, 31, 23)),
        ('{column: x, format: "%d/%b/%Y:%H:%M:%S %z"}', "01/Jan/2026:00:00:00 +0100", datetime(2025, 12, 31, 23)),
        ('{column: x, format: "%m/%d/%Y %I:%M %p"}', "01/02/2026 03:04 PM", datetime(2026, 1, 2, 15, 4)),
    ],
)
def test_units_of_times(mapped, rule, cell, expected):
    found = mapped(f"format: csv\nfacts:\n  record.id: id\n  timestamp: {rule}\n", f"id,x\n1,{cell}\n")
    assert found.column("timestamp") == [expected]


@pytest.mark.parametrize(
    ("fact", "rule", "cells", "expected"),
    [
        ("call.cost", "{column: x, unit: cents}", ("123.456",), 1.23456),
        ("gen_ai.usage.input_tokens", "{column: x, unit: million}", ("1.5",), 1_500_000),
        ("bucket.seconds", "{column: x, unit: hours}", ("24",), 86_400),
        ("gen_ai.usage.input_tokens", "{sum: [x, y]}", ("9007199254740993", "2"), 9_007_199_254_740_995),
        ("gen_ai.usage.input_tokens", "{sum: [x, y]}", ("", "2"), 2),
        ("gen_ai.usage.input_tokens", "{sum: [x, y]}", ("", ""), None),
        ("gen_ai.usage.output_tokens", "{difference: [x, y]}", ("12", "2"), 10),
        ("user.id", "{first: [x, y]}", ("", "b"), "b"),
        ("user.id", "{join: [x, y]}", ("a", "b"), "a b"),
        ("user.id", "{column: x, default: nobody}", ("", "b"), "nobody"),
        ("user.id", '{column: x, values: {a: b, "*": c}}', ("z", ""), "c"),
        ("user.id", '{column: x, values: {a: b, "*": c}}', ("", ""), None),
    ],
)
def test_amounts_and_words(mapped, fact, rule, cells, expected):
    row = ",".join((*cells, "")[:2])
    found = mapped(f"format: csv\nfacts:\n  record.id: id\n  {fact}: {rule}\n", f"id,x,y\n1,{row}\n")
    (record,) = found.records
    assert record.get(fact) == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize("rule", ["{column: x, unit: cents}", "{sum: [x, y]}", "{column: x, unit: thousand}"])
def test_what_is_no_amount_is_a_reject(mapped, rule):
    fact = "call.cost" if "cents" in rule else "gen_ai.usage.input_tokens"
    found = mapped(f"format: csv\nfacts:\n  record.id: id\n  {fact}: {rule}\n", "id,x,y\n1,many,2\n2,3,4\n")
    assert len(found.records) == 1
    assert [("many" in reject["reason"], reject["line"]) for reject in found.rejects] == [(True, 1)]


def test_all_faults_are_told_with_their_lines(mapped):
    mapping = """format: csv
timezone: Mars/Olympus
facts:
  record.id: {column: x, constant: y}
  timestamp: {column: x, unit: cents}
"""
    with pytest.raises(AuditorError) as error:
        mapped(mapping, "x\n1\n")
    assert "mapping.yaml:2" in str(error.value) and "no time zone" in str(error.value)
    mapping = """format: csv
facts:
  record.id: {column: x, constant: y}
  timestamp: {column: x, unit: cents}
  user.id: {sum: [x, z]}
  call.cost: {column: x, format: "%Y"}
  usr.id: x
  end_user.id: {first: [x, z], member: /a}
  service.name: {}
"""
    with pytest.raises(AuditorError) as error:
        mapped(mapping, "x,z\n1,2\n")
    lines = {
        3: "exactly one of", 4: "one of amounts", 5: "only amounts are added", 6: "only times have a format",
        7: "did you mean 'user.id'", 8: "give that column", 9: "there is none of them",
    }  # fmt: skip
    found = {fault.location.line: str(fault) for fault in error.value.faults}
    assert found.keys() == lines.keys()
    assert all(words in found[line] for line, words in lines.items()), found


@pytest.mark.parametrize(
    "words", ['format: "%Y-%q"', "timezone: Berlin", "member: usage", "unit: fortnights", "colum: x"]
)
def test_single_faults(mapped, words):
    with pytest.raises(AuditorError, match="cannot read"):
        mapped(f"format: csv\nfacts:\n  timestamp: {{column: x, {words}}}\n", "x,y\n1,2\n")


def test_columns_that_are_missing_are_named(mapped):
    with pytest.raises(AuditorError) as error:
        mapped(
            "format: csv\nskip: [{column: kin, values: [a]}]\nfacts:\n  user.id: {first: [x, usr]}\n", "x,user\n1,2\n"
        )
    assert len(error.value.faults) == 2 and "has no column 'usr' (did you mean 'user'?)" in str(error.value)


def test_hostile_names_and_values_stay_data(mapped):
    name = "a\"; DROP TABLE x; --'"
    mapping = (
        f"format: jsonl\nmissing: ['''; --']\nfacts:\n  record.id: {name!r}\n"
        '  user.id: {column: /b, member: "/c\'d", values: {"\'": "it\'s"}}\n'
    )
    content = '{"a\\"; DROP TABLE x; --\'": "r", "b": {"c\'d": "\'"}}\n'
    mapping = mapping.replace(repr(name), "'" + name.replace("'", "''") + "'")
    (record,) = mapped(mapping, content, name="usage.jsonl").records
    assert (record["record.id"], record["user.id"]) == ("r", "it's")


def test_documentation_names_every_key():
    from auditor.sources.mapping_file import Mapping, Rule, Skip

    for model in (Mapping, Rule, Skip):
        for key in model.model_fields:
            assert f"`{key}`" in TEXT or key in ("column", "values", "reason"), key
    assert Path(ROOT / "docs" / "facts.md").exists()
