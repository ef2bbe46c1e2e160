"""The real history of three documents: an alert at each commit that changes a relied-on section, and at no other.

What is expected was written by reading `git log -p` of the sample, not by running the check.
"""

from typing import Any

import pytest

from auditor.model.policy import Document
from auditor.policy.load import load_policies
from auditor.terms.git import opened
from auditor.terms.watch import Past, Watch, in_collection
from tests.conftest import SHARED
from tests.terms.texts import document

BUNDLE = SHARED / "fixtures" / "terms" / "genai-eu-sample.bundle"
pytestmark = pytest.mark.skipif(not BUNDLE.exists(), reason=f"the sample of real terms is not here: {BUNDLE}")

DEEPSEEK = {
    "services-vary": "1.5",
    "registration": "2.2",
    "accounts": "2.3",
    "published-output": "3.1",
    "law-abiding": "3.2",
    "minors": "3.4(7)",
    "reverse-engineering": "3.5(3)",
    "resale": "3.6(4)",
    "interests": "3.6(5)",
    "ownership": "4.2(1)",
    "distillation": "4.2(3)",
    "improvement": "4.3",
    "sanctions": "Export Control and Sanctions",
    "court": "Governing Law and Jurisdiction",
}
DEEPSEEK_ALERTS = {"9fa48f5": {"registration", "law-abiding", "minors", "interests", "distillation", "court"}}
"""Not: 4.3 gained a full stop at its end, the export clause a space, and everything from chapter 5 on a new number."""

XAI = {
    "access": "1.2",
    "beta": "1.5",
    "restrictions": "2",
    "competing": "2(b)",
    "reverse-engineering": "2(c)",
    "rights-of-others": "2(i)",
    "training": "3.1",
    "ownership": "3.2",
    "retention": "3.3",
    "indemnity": "9.2",
    "privacy": "11.1",
    "security": "Security",
    "law": "14.6",
    "period": "14.7",
    "who": "preamble",
}
XAI_ALERTS = {
    "cd98b56": {"restrictions", "rights-of-others", "training", "retention", "indemnity", "privacy", "law"},
    "17a93c2": {"privacy"},
    "6525e8a": set(XAI),
}
"""Not: two commits that change the address of an empty link and back; bold in 1.5; dates of earlier versions in the preamble;
11.2 that becomes 11.3; the full stop after the heading of 2 that goes. But two commas in 11.1 are wording."""

LLAMA = {
    "violence": "1.1.1",
    "professions": "1.4",
    "safety-measures": "1.8",
    "weapons": "2.2",
    "as-human": "3.5",
    "third-party-tools": "5",
}
LLAMA_ALERTS = {
    "ea84295": {"weapons", "as-human", "third-party-tools"},
    "3dfdebb": {"professions", "safety-measures", "weapons", "as-human"},
}
"""Not: numbers that become bullets, items that are indented anew, a heading that goes, an address with another hyphen below."""


def watched(place: str, sections: dict[str, str]) -> Document:
    """A document of our own for a place in the collection, its clauses in force all the time."""
    made = document(sections)
    return made.model_copy(update={"document": made.document.model_copy(update={"archive": place})})


def walk(state: Any, *documents: Document) -> list[Past]:
    with opened(BUNDLE) as repository:
        return Watch(state).check_history(documents, repository, "sample")


def alerted(past: Past) -> dict[str, set[str]]:
    """Commit, shortened, to the clauses alerted there."""
    alerts = [alert for result in past.results for alert in result.alerts]
    commits = dict.fromkeys(alert.commit[:7] for alert in alerts)
    return {
        commit: {id.rpartition("/")[2] for a in alerts if a.commit.startswith(commit) for id in a.clauses}
        for commit in commits
    }


@pytest.mark.parametrize(
    ("place", "sections", "expected"),
    [
        ("DeepSeek/Terms of Service", DEEPSEEK, DEEPSEEK_ALERTS),
        ("Grok/Commercial Terms", XAI, XAI_ALERTS),
        ("Llama API/Acceptable Use Policy", LLAMA, LLAMA_ALERTS),
    ],
    ids=["deepseek", "xai", "llama-api"],
)
def test_alerts_stand_exactly_where_a_relied_on_section_changed(tmp_path, place, sections, expected):
    (past,) = walk(tmp_path, watched(place, sections))
    assert alerted(past) == expected
    again = walk(tmp_path, watched(place, sections))[0]
    assert not [alert for result in again.results for alert in result.alerts]


def test_a_page_that_is_not_there_is_no_change_of_terms(tmp_path):
    """41 of 88 recorded texts are the provider's error page, and 41 are one and the same text."""
    (past,) = walk(tmp_path, watched("Llama API/Acceptable Use Policy", LLAMA))
    outcomes = [result.outcome for result in past.results]
    assert len(outcomes) == 88
    assert (past.raw_changes, past.distinct) == (87, 8)
    assert outcomes.count("failed") == 40
    assert outcomes[0] == "not bound"  # the error page came first, when nothing else was known
    assert outcomes.count("alert") == 2


def test_the_shipped_packs_on_their_history(tmp_path):
    """Where the shipped packs say where their documents stand, no alert stands at a commit without a change of wording."""
    documents, _ = in_collection(load_policies("deepseek,xai").documents, named=False)
    for past in walk(tmp_path, *documents):
        assert past.newest.outcome != "failed"
        assert {result.reading.commit[:7] for result in past.results if result.alerts} <= {
            *DEEPSEEK_ALERTS,
            *XAI_ALERTS,
        }
