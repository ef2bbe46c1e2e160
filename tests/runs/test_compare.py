"""Two runs compared: which rows newly break and newly clear, for whom, and which verdicts changed."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

import auditor
from auditor.errors import AuditorError
from auditor.runs.compare import compare_runs
from auditor.yamlfile import write_yaml

PACK = Path(__file__).parent.parent / "data" / "packs" / "resolution"
ADVICE = "acme/usage-rules/no-advice"
CALL = {"gen_ai.provider.name": "acme", "route": "direct", "application.human_review": False}


def call(number: int, application: str, domain: str, **facts: Any) -> dict[str, Any]:
    own = {"record.id": str(number), "application.id": application, "application.domain": domain}
    return CALL | {"timestamp": "2025-06-01T12:00:00Z"} | own | facts


CALLS = [call(1, "law", "legal"), call(2, "law", "legal"), call(3, "clinic", "medical"), call(4, "trips", "travel")]


def run(folder: Path, records: list[dict[str, Any]], terms: str = "in-force") -> Path:
    """Write the records where a run can say which lines they stand in, replay them, and return the run folder."""
    source = folder.parent / f"{folder.name}.jsonl"
    source.write_text("".join(json.dumps(record) + "\n" for record in records))
    auditor.replay(source, policies=PACK, terms=terms, out=folder)
    return folder


def test_the_same_records_under_other_terms(tmp_path):
    before, after = run(tmp_path / "a", CALLS, "2023-06-01"), run(tmp_path / "b", CALLS, "2025-06-01")
    found = compare_runs(before, after)
    assert (found.before.terms, found.after.terms) == ("2023-06-01", "2025-06-01")
    assert (found.only_before, found.only_after) == ((), ())
    (change,) = found.changes
    assert (change.clause, change.before, change.after, change.broken, change.cleared) == (
        ADVICE,
        "breach",
        "breach",
        2,
        0,
    )
    assert [(p.principal, p.broken, p.cleared) for p in change.principals] == [({"application.id": "law"}, 2, 0)]
    assert (found.broken, found.cleared, found.unchanged) == ((change,), (), 2)


def test_the_other_way_round_they_clear(tmp_path):
    before, after = run(tmp_path / "a", CALLS, "2025-06-01"), run(tmp_path / "b", CALLS, "2023-06-01")
    (change,) = compare_runs(before, after).cleared
    assert (change.broken, change.cleared) == (0, 2)


def test_a_run_and_itself_are_the_same(tmp_path):
    folder = run(tmp_path / "a", CALLS)
    found = compare_runs(folder, folder)
    assert (found.changes, found.unchanged) == ((), 3)


def test_a_verdict_may_change_without_a_hit(tmp_path):
    travel = CALLS[3:]
    found = compare_runs(run(tmp_path / "a", travel, "2022-06-01"), run(tmp_path / "b", travel))
    assert {(c.clause, c.before, c.after, c.broken, c.cleared) for c in found.changes} >= {
        (ADVICE, "not_applicable", "clear", 0, 0)
    }
    assert found.broken == ()


def test_other_inputs_are_named_and_their_rows_are_changes(tmp_path):
    more = [*CALLS, call(5, "law", "legal")]
    found = compare_runs(run(tmp_path / "a", CALLS), run(tmp_path / "b", more))
    assert [Path(uri).name for uri in found.only_before] == ["a.jsonl"]
    assert [Path(uri).name for uri in found.only_after] == ["b.jsonl"]


def test_where_the_input_lay_does_not_matter(tmp_path):
    (tmp_path / "moved").mkdir()
    found = compare_runs(run(tmp_path / "a", CALLS), run(tmp_path / "moved" / "b", CALLS))
    assert (found.only_before, found.only_after, found.changes) == ((), (), ())


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(AuditorError, match="is no run folder"):
        compare_runs(tmp_path, tmp_path)


def declared(folder: Path, *datasets: str) -> Path:
    """Replay nothing but declarations: a model that competes and is trained on datasets of the provider."""
    config = folder.parent / f"{folder.name}.yaml"
    trained: JsonValue = [{"dataset": name, "generator_providers": ["acme"]} for name in datasets]
    config.write_text(write_yaml({"models": {"m": {"competes": True, "kind": "generative", "trained_on": trained}}}))
    auditor.replay(CALLS[:1], policies=PACK.parent / "acme.yaml", config=config, now=date(2025, 1, 1), out=folder)
    return folder


def test_another_declared_dataset_is_a_row_of_its_own(tmp_path):
    found = compare_runs(declared(tmp_path / "a", "one"), declared(tmp_path / "b", "one", "two", "three"))
    (change,) = found.broken
    assert (change.broken, change.cleared) == (2, 0)


def test_whose_row_it_is_and_in_which_order_it_stands_is_no_change(tmp_path):
    named = [record | {"application.id": "renamed"} for record in reversed(CALLS)]
    assert compare_runs(run(tmp_path / "a", CALLS), run(tmp_path / "b", named)).changes == ()


def test_a_damaged_file_of_hits_is_said(tmp_path):
    folder = run(tmp_path / "a", CALLS)
    (folder / "hits.parquet").write_bytes(b"PAR1")
    with pytest.raises(AuditorError, match="missing or damaged; replay the inputs anew"):
        compare_runs(folder, folder)
