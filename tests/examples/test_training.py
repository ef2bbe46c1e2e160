"""The training examples: what is stopped, what passes, and what is said of it."""

from datetime import date
from pathlib import Path

from auditor.guard.assess import run_guard
from auditor.guard.outcome import Report
from auditor.guard.scope import GuardOptions
from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "training"
ANSWERS, ALPACA = "examples/training/data/answers.jsonl", "tatsu-lab/alpaca"


def check(now: date = date(2026, 11, 25)) -> Report:
    return run_guard([EXAMPLE], GuardOptions(config=Path(EXAMPLE / "auditor.yaml"), now=now), environ={})


def test_what_stops_and_why():
    found = {(item.dataset, item.model, item.finding.clause, item.evidence) for item in check().blocking()}
    assert found == {
        (ANSWERS, "fernweh-lm", "openai/services-agreement/no-competing-models", "recorded"),
        (ANSWERS, "fernweh-lm", "anthropic/commercial-terms/no-competing-products", "recorded"),
        (ANSWERS, "fernweh-lm", "anthropic/usage-policy/no-model-training", "recorded"),
        (ANSWERS, "ticket-triage", "anthropic/usage-policy/no-model-training", "recorded"),
        (ALPACA, "fernweh-lm", "openai/services-agreement/no-competing-models", "declared"),
        (ALPACA, "fernweh-lm", "datasets/dataset-licences/non-commercial-data", "declared"),
    }


def test_the_classifier_was_free_before_the_policy_of_anthropic_widened():
    before = {(item.model, item.finding.clause) for item in check(date(2025, 9, 14)).blocking()}
    assert not any(model == "ticket-triage" for model, _ in before)


def test_what_people_wrote_passes():
    assert not any("tickets" in item.dataset for item in check().findings)


def test_everything_was_read():
    report = check()
    assert report.unread == ()
    assert report.examined.formats == {"axolotl": 1, "Python script": 1, "provenance": 1, "text beside data": 1}
    assert (report.examined.data, report.examined.rows) == (2, 7)
