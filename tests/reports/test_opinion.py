"""The opinion: one sentence that adds up, and nothing green where nothing was assessed."""

import pytest

from auditor.model.run import FindingsTotal, Manifest, Totals, Verdict
from auditor.reports import render
from auditor.reports.opinion import conclusion, opinion, verdict_counts
from tests.reports.builders import clause, manifest
from tests.reports.example import example_run
from tests.reports.runs import empty_run

NONE = dict.fromkeys(Totals.model_fields, 0)


def judged(*verdicts: Verdict, **totals: int) -> Manifest:
    clauses = tuple(
        clause(f"openai/services-agreement/c{i}", f"Clause {i}", "services-agreement", v)
        for i, v in enumerate(verdicts)
    )
    return manifest(clauses=clauses, totals=Totals(**(NONE | totals)))


ASSESSED = {"received": 10, "records": 10, "governed": 10, "assessed": 10, "checks": 20, "decided": 20}


@pytest.mark.parametrize(
    ("verdicts", "tone", "headline"),
    [
        (
            ["breach", "breach", "suspected", "clear"],
            "breach",
            "2 clauses are breached, 1 shows signs that need a look and 1 is clear.",
        ),
        (
            ["suspected", "clear"],
            "suspected",
            "No clause is breached, 1 clause shows signs that need a look and 1 is clear.",
        ),
        (
            ["clear", "undetermined"],
            "undetermined",
            "No clause is breached, 1 clause could not be determined and 1 is clear.",
        ),
        (["clear", "waived"], "waived", "No clause is breached, 1 clause is waived and 1 is clear."),
        (["clear", "clear"], "clear", "No clause is breached and 2 clauses are clear."),
    ],
)
def test_conclusion(verdicts, tone, headline):
    said = opinion(judged(*verdicts, **ASSESSED))
    assert (said.tone, said.headline) == (tone, headline)


@pytest.mark.parametrize(
    ("totals", "reason"),
    [
        ({}, "No record was received."),
        (
            {"received": 7, "rejected": 4, "duplicates": 3},
            "Of 7 records received, none could be used: 4 could not be read",
        ),
        ({"received": 5, "outside_period": 5}, "5 lie outside the period"),
        ({"received": 5, "records": 5, "not_governed": 5}, "None of the 5 records read is governed"),
        ({"received": 5, "records": 5, "governed": 5, "unknown": 5, "checks": 9}, "5 records are governed, but facts"),
    ],
)
def test_nothing_assessed_says_why_and_is_never_green(totals, reason):
    said = opinion(judged("not_applicable", "undetermined", **totals))
    assert (said.tone, said.headline) == ("nothing", "Nothing was assessed.")
    assert reason in said.basis
    assert "clear" not in said.headline + said.basis


def test_declarations_alone_are_no_use_of_a_model():
    said = opinion(judged("clear", "not_applicable", checks=3, decided=3))
    assert said.headline == "No use of a model was assessed."
    assert "rests on declarations alone" in said.basis
    assert said.tone != "clear"


def test_limits():
    run = example_run().manifest
    said = opinion(run.model_copy(update={"findings_total": FindingsTotal(active=0, waived=0, expired=2, baseline=0)}))
    assert "1 input could not be read to the end; what was behind is not in these figures." in said.limits
    assert "2 findings whose waiver no longer counts count again." in said.limits
    few = opinion(judged("undetermined", **(ASSESSED | {"decided": 3})))
    assert few.limits[0].startswith("Fewer than half of the checks")
    assert few.limits[1].startswith("That no breach was found does not mean that there is none")


def test_every_clause_is_counted_once():
    counts = verdict_counts(example_run().manifest)
    assert sum(counts.values()) == len(example_run().manifest.clauses)
    assert conclusion(dict.fromkeys(counts, 0)) == "No clause was audited."


def test_empty_run_shows_nothing_green():
    text = render(empty_run(), "html")
    assert '<div class="conclusion nothing">' in text
    assert 'class="badge clear"' not in text.split('<dl class="glossary">')[0].replace(
        'none"><span class="badge clear"', ""
    )
    assert "✅ Clear" not in render(empty_run(), "md").split("## Clauses in detail")[1].split("## Appendix")[0]
