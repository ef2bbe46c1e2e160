"""The reports: SARIF, GitHub, GitLab, JSON, text, and the bill of materials against its schema."""

import json
import re
from datetime import date
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from sarif_pydantic import Sarif

from auditor.guard.allow import write_baseline
from auditor.guard.inventory import as_cyclonedx
from auditor.guard.outcome import FailOn, Report
from auditor.guard.reports import FORMATS, render
from tests.guard.project import Project

EVIL = "acme/x\u202e\x1b[31m`<script>alert(1)</script>|::error::%0A"


@pytest.fixture
def project(tmp_path) -> Project:
    project = Project(tmp_path)
    project.sft("rival", "mhenrichsen/alpaca_2k_test", "teknium/OpenHermes-2.5", "acme/nobody-knows")
    project.write("data/README.md", "---\nlicense: cc-by-4.0\nsize_categories: [n<1K]\n---\n")
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "I am Claude, made by Anthropic."}]
    project.rows("data/talk.jsonl", {"messages": turns})
    project.write("student/x.yml", "model_name_or_path: ${BASE}\ndataset_name: ../data/talk.jsonl\n")
    return project


@pytest.fixture
def report(project) -> Report:
    return project.check()


def sarif(report: Report) -> Any:
    text = render(report, "sarif")
    Sarif.model_validate_json(text)
    return json.loads(text)


def test_sarif_has_one_result_for_each_rule_and_file(report):
    (run,) = sarif(report)["runs"]
    keys = [(r["ruleId"], r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) for r in run["results"]]
    assert len(keys) == len(set(keys))
    terms = next(r for r in run["results"] if r["ruleId"].startswith("openai/services-agreement/no-competing-models"))
    assert terms["level"] == "error" and terms["occurrenceCount"] == 2
    lines = [place["physicalLocation"]["region"]["startLine"] for place in terms["locations"]]
    assert lines == [3, 5]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    notes = [n["message"]["text"] for n in run["invocations"][0]["toolExecutionNotifications"]]
    assert any("acme/nobody-knows" in note for note in notes) and any("${BASE}" in note for note in notes)
    assert any("logged outputs not examined" in note for note in notes)


def test_fingerprints_of_sarif_survive_moves_and_rewording(project, report):
    def fingerprints(of: Report) -> set[str]:
        return {r["partialFingerprints"]["auditorGuard/v1"] for r in sarif(of)["runs"][0]["results"]}

    text = (project.root / "rival/sft.yml").read_text()
    project.write("rival/sft.yml", f"# a\n# b\n{text}")
    assert fingerprints(project.check()) == fingerprints(report)
    project.write("rival/other.yml", text)
    assert fingerprints(project.check()) >= fingerprints(report)


def test_what_was_accepted_is_suppressed_in_sarif(project):
    item = project.check().blocking()[0]
    comment = f"# auditor: allow {item.finding.rule} reason=agreed until=2027-01-01\n"
    project.write("rival/sft.yml", comment + (project.root / "rival/sft.yml").read_text())
    results = sarif(project.check())["runs"][0]["results"]
    suppressed = [result for result in results if "suppressions" in result]
    assert {result["ruleId"] for result in suppressed} == {item.finding.rule}
    assert {s["kind"] for result in suppressed for s in result["suppressions"]} == {"inSource"}
    assert "agreed" in suppressed[0]["suppressions"][0]["justification"]


def test_workflow_commands_of_github(report):
    lines = render(report, "github").splitlines()
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == len(report.blocking()) and errors[0].startswith("::error file=rival/sft.yml,line=")
    assert any(line.startswith("::warning ") and "claims to be a model's" in line for line in lines)
    assert any(line.startswith("::notice file=") and "acme/nobody-knows" in line for line in lines)


def test_the_summary_of_github(report):
    text = render(report, "github-summary")
    assert "| stop | mhenrichsen/alpaca" in text.replace("\\", "")
    assert "### Undecided" in text and "### Not understood" in text


def test_code_quality_of_gitlab(report):
    issues = json.loads(render(report, "gitlab"))
    assert {"blocker", "info"} <= {issue["severity"] for issue in issues}
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert all(issue["location"]["lines"]["begin"] >= 1 and issue["check_name"] for issue in issues)


def test_json_says_everything(report):
    data = json.loads(render(report, "json"))
    assert data["blocks"] is True and data["examined"]["rows"] == 1
    finding = data["findings"][0]
    assert {"clause", "evidence", "facts", "statements", "places", "reasons", "ways_out", "id"} <= finding.keys()
    assert finding["clause"]["url"].startswith("https://") and finding["clause"]["from"]
    assert any(way.startswith(("take ", "train ")) for way in finding["ways_out"])
    assert any(re.search(r"auditor waive f-[0-9a-f]{16} .*--expires 2027-02-23", way) for way in finding["ways_out"])


def test_text_names_clause_version_link_evidence_place_and_ways(report):
    text = render(report, "text")
    for part in (
        "STOP: rival/sft.yml:3 (datasets[0].path)",
        "OpenAI Services Agreement, 3.3(e)",
        "version sa-2025, in force from 2025-05-31",
        "https://openai.com/policies/services-agreement/",
        "declared in a file or the registry",
        "which it was made from (mhenrichsen/alpaca_2k_test)",
        "rival is declared in auditor.yaml (competes: yes",
        "auditor waive f-",
        "1 of 1 assistant turns (100.0 %) claim to be made by Anthropic",
        "18 clauses about copies of logged outputs not examined",
        "6 files examined: 1 TRL, 1 axolotl, 1 dataset card, 1 data file (1 row), 2 not about training",
    ):
        assert part in text, part


@pytest.mark.parametrize("format_", FORMATS)
def test_reports_are_the_same_each_time(project, format_):
    assert render(project.check(), format_) == render(project.check(), format_)


@pytest.mark.parametrize("format_", FORMATS)
def test_hostile_names_stay_text(project, format_):
    project.write("rival/evil.yml", f"base_model: m\ndatasets:\n  - path: {json.dumps(EVIL)}\n")
    project.write(
        "auditor.yaml", (project.root / "auditor.yaml").read_text() + "datasets: {'acme/x*': {generators: [gpt-4o]}}\n"
    )
    text = render(project.check(), format_)
    assert "<script>" not in text or format_ in ("text", "json", "sarif", "gitlab", "github")
    if format_ == "github":
        assert not any(line.startswith("::error::%0A") for line in text.splitlines())
    if format_ in ("json", "sarif", "gitlab"):
        json.loads(text)
    if format_ != "text":  # the command line makes it fit for a terminal
        assert "\x1b" not in text and "\u202e" not in text
    if format_ == "github-summary":
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert all(len(re.findall(r"(?<!\\)\|", row)) == 7 for row in rows)


def test_the_bill_of_materials_fits_its_schema(report):
    text = as_cyclonedx(report)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    components = {item["bom-ref"]: item for item in json.loads(text)["components"]}
    model = components["model:rival"]
    assert {entry["ref"] for entry in model["modelCard"]["modelParameters"]["datasets"]} == {
        "dataset:mhenrichsen/alpaca_2k_test", "dataset:teknium/OpenHermes-2.5", "dataset:acme/nobody-knows",
    }  # fmt: skip
    assert model["pedigree"]["ancestors"] == [{"type": "machine-learning-model", "name": "mistralai/Mistral-7B-v0.1"}]
    alpaca = components["dataset:mhenrichsen/alpaca_2k_test"]
    assert alpaca["licenses"] == [{"license": {"id": "CC-BY-NC-4.0"}}]
    properties = [(item["name"], item["value"]) for item in alpaca["properties"]]
    assert ("auditor:generator", "gpt-3") in properties
    hermes = [p["value"] for p in components["dataset:teknium/OpenHermes-2.5"]["properties"] if "source" in p["name"]]
    assert any("policies/registry/datasets.jsonl" in value for value in hermes)
    assert any(name == "auditor:verdict" and "no-competing-models" in value for name, value in properties)
    unknown = {p["name"]: p["value"] for p in components["dataset:acme/nobody-knows"]["properties"]}
    assert unknown["auditor:written-by"] == "unknown" and unknown["auditor:verdict"] == "rival: undecided"


def test_the_bill_of_materials_can_be_read_back(report, project, tmp_path):
    project.write("boms/bom.json", as_cyclonedx(report))
    again = project.check("boms")
    assert {(item.dataset, item.model) for item in again.inputs} >= {("teknium/OpenHermes-2.5", "rival")}
    assert any(clause.startswith("openai/") for clause in {item.finding.clause for item in again.blocking()})


@pytest.fixture
def unknown(tmp_path) -> Report:
    """A check in which nothing is found, and one dataset and one file are unknown."""
    project = Project(tmp_path)
    project.sft("rival", "acme/nobody-knows")
    project.write("rival/broken.yml", "base_model: [\ndatasets: x\n")
    return project.check()


def test_what_is_unknown_stands_in_every_report_that_stops_at_it(unknown):
    cases: list[tuple[list[FailOn], bool]] = [(["high"], False), (["high", "unknown"], True)]
    for fail_on, stops in cases:
        data = json.loads(render(unknown, "json", fail_on))
        assert (data["blocks"], data["blocked_by_unknown"]) == (stops, stops)
        results = json.loads(render(unknown, "sarif", fail_on))["runs"][0]["results"]
        assert [item["level"] for item in results] == (["error", "error"] if stops else [])
        errors = [line for line in render(unknown, "github", fail_on).splitlines() if line.startswith("::error file=")]
        assert len(errors) == (2 if stops else 0)
        severities = {item["severity"] for item in json.loads(render(unknown, "gitlab", fail_on))}
        assert severities == ({"critical"} if stops else {"info"})
        last = render(unknown, "text", fail_on).splitlines()[-1]
        assert last.startswith("What is unknown stops this" if stops else "No finding stops this")


def test_a_comment_that_covers_one_of_two_files_leaves_the_other_in_front(tmp_path):
    project = Project(tmp_path)
    for name, comment in (
        ("a", "# auditor: allow openai, non-commercial-data reason=agreed until=2027-01-01"),
        ("b", ""),
    ):
        project.write(f"rival/{name}.yml", f"base_model: a/b\ndatasets:\n  - path: tatsu-lab/alpaca {comment}\n")
    report = project.check()
    assert report.blocking() and all(item.places[0].file == "rival/b.yml" for item in report.blocking())
    (tmp_path / "rival/b.yml").unlink()
    assert not project.check().blocking()  # both rules of the comment count


def test_the_baseline_is_shown_with_reason_and_last_day(tmp_path):
    project = Project(tmp_path)
    project.sft("rival", "tatsu-lab/alpaca")
    project.write("base.jsonl", write_baseline(project.check().findings, "known before", date(2027, 1, 1)))
    report = project.check(baseline="base.jsonl")
    assert not report.blocking() and "in the baseline until 2027-01-01: known before" in render(report, "text")
    assert report.examined.data == 0  # the baseline itself is no dataset


def test_data_that_is_named_and_not_here_is_told(tmp_path):
    project = Project(tmp_path)
    project.sft("rival", "data/gone.jsonl")
    assert any("data/gone.jsonl is not here" in notice for notice in project.check().notices)


def test_a_declaration_against_what_rows_record_is_told(tmp_path):
    project = Project(tmp_path)
    project.rows("data/t.jsonl", {"output": "a", "generation_model": "gpt-4o"})
    project.sft("rival", "data/t.jsonl")
    text = (tmp_path / "auditor.yaml").read_text() + "datasets:\n  data/t.jsonl: {generators: []}\n"
    project.write("auditor.yaml", text)
    (item,) = (item for item in project.check().blocking() if item.finding.clause.startswith("openai"))
    assert any("what the rows record counts" in reason for reason in item.reasons)
