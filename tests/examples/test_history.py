"""The same use on either side of a day, or of a version of a model, in one replay of `examples/history`."""

import asyncio
from datetime import date
from pathlib import Path

import pytest

from auditor.audit import Options, Run, audit
from auditor.runs.compare import compare_runs
from auditor.sources import Input
from tests.conftest import ROOT

FOLDER = ROOT / "examples" / "history"
NOW = date(2026, 11, 1)


def replay(terms: str = "in-force", out: Path | None = None) -> Run:
    options = Options(config=FOLDER / "auditor.yaml", terms=terms, now=NOW, out=out)
    return asyncio.run(audit([Input(str(FOLDER / "usage.jsonl"))], options))


@pytest.fixture(scope="module")
def run() -> Run:
    return replay()


TRAINING = {
    # record → the clause on training, the version that is cited, and how sure it is; None where nothing is found
    "openai-before": ("openai/terms-of-use/no-competing-models", "tou-2023", "certain"),
    "openai-after": None,
    "grok-before": ("xai/enterprise-terms/no-training-on-output", "ent-2025", "possible"),
    "grok-after": ("xai/enterprise-terms/no-training-on-output", "ent-2026-08", "certain"),
    "mistral-before": ("mistral/commercial-terms/no-competing-models", "combined-2024", "certain"),
    "mistral-after": None,
    "llama-3": ("meta/llama-3-licence/no-improving-other-models", "llama-3", "certain"),
    "llama-3.1": None,
}


@pytest.mark.parametrize("record", TRAINING)
def test_the_day_and_the_model_decide(run, record):
    found = {
        (finding.clause, finding.clause_version, finding.certainty)
        for finding in run.data.findings
        if any(example.record_id == record for example in finding.examples)
    }
    expected = TRAINING[record]
    assert found == ({expected} if expected else set())


def test_clauses_cite_the_version_of_the_records_day(run):
    clauses = {clause.id: clause for clause in run.data.manifest.clauses}
    grok = clauses["xai/enterprise-terms/no-training-on-output"]
    assert {v.id: (v.governed, v.hits) for v in grok.versions if v.governed} == {
        "ent-2025": (1, 1),
        "ent-2026-08": (1, 1),
    }
    openai = clauses["openai/services-agreement/no-competing-models"]
    assert (openai.verdict, openai.governed, openai.version) == ("clear", 1, "bt-2023")


def test_compare_tells_what_breaks_and_clears_between_two_days(tmp_path):
    replay("2024-02-26", tmp_path / "then")
    replay("2026-09-01", tmp_path / "now")
    found = compare_runs(tmp_path / "then", tmp_path / "now")
    broken = {change.clause: change.broken for change in found.broken}
    cleared = {change.clause: change.cleared for change in found.cleared}
    assert broken["xai/enterprise-terms/no-training-on-output"] == 2
    assert cleared["mistral/commercial-terms/no-competing-models"] == 2
    assert broken["meta/llama-3-licence/no-improving-other-models"] == 1
