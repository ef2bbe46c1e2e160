"""The formats: golden files, determinism, what must not be in a report, and size."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import AuditorError
from auditor.model.run import ConfigInfo
from auditor.reports import REPORTS, render, results_digest, write_report
from auditor.reports.view import FINDINGS_PER_CLAUSE
from tests.reports.builders import RUN_ID, STARTED_AT
from tests.reports.example import example_run
from tests.reports.runs import empty_run, large_run


@pytest.mark.parametrize("name", REPORTS)
def test_golden(name, golden):
    golden(REPORTS[name].file_name, render(example_run(), name))


def test_golden_of_a_run_in_which_nothing_was_assessed(golden):
    golden("empty.html", render(empty_run(), "html"))
    golden("empty.md", render(empty_run(), "md"))


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_that_differs_between_equal_runs(name):
    run = example_run()
    other = replace(
        run,
        manifest=run.manifest.model_copy(
            update={
                "run": run.manifest.run.model_copy(update={"id": "another", "started_at": "2027-01-01T00:00:00Z"}),
                "config": ConfigInfo(path="/elsewhere/auditor.yaml", sha256="ef" * 32),
            }
        ),
    )
    text = render(run, name)
    assert text == render(other, name)
    for secret in (RUN_ID, STARTED_AT, "/home/ana"):
        assert secret not in text


def test_digest_depends_on_findings_and_verdicts_alone():
    run = example_run()
    clauses = (run.manifest.clauses[0].model_copy(update={"verdict": "waived"}), *run.manifest.clauses[1:])
    changed = replace(run, manifest=run.manifest.model_copy(update={"clauses": clauses}))
    assert results_digest(run) == results_digest(
        replace(run, manifest=run.manifest.model_copy(update={"organisation": "X"}))
    )
    assert (
        len({results_digest(run), results_digest(changed), results_digest(replace(run, findings=run.findings[1:]))})
        == 3
    )


def test_json_holds_everything():
    run = example_run()
    data = json.loads(render(run, "json"))
    assert set(data) == {"manifest", "findings", "coverage"}
    assert [item["id"] for item in data["findings"]] == [finding.id for finding in run.findings]
    assert data["manifest"]["totals"] == run.manifest.totals.model_dump()
    assert data["manifest"]["clauses"][0]["versions"][0]["from"] == "2023-11-14"
    assert data["coverage"] == json.loads(run.coverage.model_dump_json())


def test_jsonl_has_one_finding_a_line():
    run = example_run()
    assert [json.loads(line)["id"] for line in render(run, "jsonl").splitlines()] == [
        finding.id for finding in run.findings
    ]


def test_csv_has_one_finding_a_row():
    run = example_run()
    rows = list(csv.DictReader(io.StringIO(render(run, "csv"), newline="")))
    assert [row["finding"] for row in rows] == [finding.id for finding in run.findings]
    assert [int(row["count"]) for row in rows] == [finding.count for finding in run.findings]
    assert {None} not in ({key for key in row if key is None} for row in rows)
    assert rows[3]["waiver_approver"] == "A. Rivera"
    assert rows[4]["window_value"] == "6.0"


def test_many_findings_are_cut_with_a_sentence_that_says_so():
    text = render(large_run(10_000), "html")
    assert text.count('<article class="finding') == FINDINGS_PER_CLAUSE
    assert f"{10_000 - FINDINGS_PER_CLAUSE:,} more findings of this clause are not shown here." in text
    assert "findings.jsonl" in text
    assert "hits.parquet" in text
    assert len(text) < 300_000
    assert len(render(large_run(10_000), "jsonl").splitlines()) == 10_000


def test_figures_that_do_not_add_up_are_shown_as_damage():
    run = example_run()
    totals = run.manifest.totals.model_copy(update={"received": 1})
    assert "These figures do not add up" not in render(run, "html")
    assert "These figures do not add up" in render(
        replace(run, manifest=run.manifest.model_copy(update={"totals": totals})), "html"
    )


def test_write_report_writes_the_same_bytes(tmp_path):
    for name in REPORTS:
        write_report(example_run(), name, tmp_path / name)
        assert (tmp_path / name).read_bytes() == render(example_run(), name).encode()


def test_unknown_format_and_unwritable_place(tmp_path: Path):
    with pytest.raises(AuditorError, match="no report format 'pdf'; choose one of html"):
        render(example_run(), "pdf")
    with pytest.raises(AuditorError, match="cannot write"):
        write_report(example_run(), "md", tmp_path)
