"""Texts one after another: what is a change, what is a variant, what is a failure, and what is never called unchanged."""

import pytest

from auditor.terms.check import OUTCOMES, count, exit_code
from auditor.terms.sections import sections
from auditor.terms.state import wording_hash
from auditor.terms.wording import difference
from tests.terms.texts import TERMS, Checks, document

SECTIONS = {"resale": "2.1(a)", "training": "2.1(c), Permitted Exception", "law": "Law"}
CHANGED = TERMS.replace("train a competing model", "train any model")
CONSENT = "Before you go on\n================\n\nWe use cookies.\n"


def hash_of(label: str, text: str = TERMS) -> str:
    return next(section.hash for section in sections(text) if label in (section.label, section.heading))


def test_first_sight_binds_and_a_second_look_finds_nothing_new():
    checks = Checks(document(SECTIONS))
    assert checks.outcomes(TERMS) == {"resale": "bound", "training": "bound", "law": "bound"}
    assert checks.check(TERMS).outcome == "unchanged"
    training = checks.state.clauses["acme/terms/training"]
    assert training.observed == wording_hash((hash_of("2.1(c)"), hash_of("Permitted Exception")))
    assert training.reviewed == training.observed


def test_a_change_is_alerted_once_and_stays_unreviewed():
    checks = Checks(document(SECTIONS))
    checks.check(TERMS)
    result = checks.check(CHANGED)
    assert result.outcome == "alert"
    (alert,) = result.alerts
    assert alert.clauses == ("acme/terms/training",)
    assert alert.change.old_label == "2.1(c)"
    assert alert.change.old_hash == hash_of("2.1(c)")
    assert alert.change.new and alert.change.new.hash == hash_of("2.1(c)", CHANGED)
    assert "[-a competing-]{+any+}" in difference(str(alert.change.old_text), alert.change.new.text)
    again = checks.check(CHANGED)
    assert again.outcome == "unchanged"
    assert {c.id: c.note for c in again.clauses}["acme/terms/training"] == "its wording is not yet reviewed"
    training = checks.state.clauses["acme/terms/training"]
    assert training.observed != training.reviewed == wording_hash((hash_of("2.1(c)"), hash_of("Permitted Exception")))


def test_clauses_of_one_section_share_one_alert():
    checks = Checks(document({"one": "2.1(c)", "two": "2.1(c)", "three": "2.1"}))
    checks.check(TERMS)
    alerts = checks.check(CHANGED).alerts
    assert [alert.clauses for alert in alerts] == [("acme/terms/one", "acme/terms/two"), ("acme/terms/three",)]


def test_going_back_and_forth_is_a_variant():
    checks = Checks(document(SECTIONS))
    checks.check(TERMS)
    assert checks.check(CHANGED).outcome == "alert"
    for text in (TERMS, CHANGED, TERMS):
        result = checks.check(text)
        assert (result.outcome, result.alerts) == ("variant", ())


def test_an_earlier_wording_within_a_new_text_is_a_variant_too():
    checks = Checks(document(SECTIONS))
    checks.check(TERMS)
    checks.check(CHANGED)
    assert checks.check(TERMS.replace("Acmeland governs", "Acmeland still governs")).outcome == "alert"
    assert checks.outcomes(CHANGED.replace("may change", "may end"))["training"] == "variant"


def test_a_whole_text_that_was_seen_before_the_clause_was_watched_is_a_variant():
    checks = Checks(document({"resale": "2.1(a)"}))
    checks.check(TERMS)
    both = document({"resale": "2.1(a)", "training": "2.1(c)"})
    assert checks.outcomes(CHANGED, both)["training"] == "bound"
    assert checks.outcomes(TERMS, both)["training"] == "variant"


def test_a_change_elsewhere_is_counted_and_not_alerted():
    checks = Checks(document({"resale": "2.1(a)"}))
    checks.check(TERMS)
    result = checks.check(CHANGED)
    assert (result.outcome, result.raw_changed, result.alerts) == ("changed without alert", True, ())


@pytest.mark.parametrize(
    "text",
    [
        TERMS.replace("April 28, 2025", "May 1, 2026"),
        TERMS.replace("utm_source=a", "utm_source=b"),
        TERMS.replace("2\\.", "5\\.").replace("2.1", "5.1").replace("2.2", "5.2"),
        TERMS.replace("competing", "com\u200bpeting").replace("“the model”", '"the model"'),
        "Updated 22 days ago\n" + TERMS,
    ],
    ids=["date", "tracking", "renumbered", "typography", "ago"],
)
def test_what_is_no_wording_raises_no_alert(text):
    checks = Checks(document(SECTIONS))
    checks.check(TERMS)
    assert checks.check(text).outcome == "changed without alert"


def test_a_moved_section_is_unchanged_wherever_it_stands():
    checks = Checks(document(SECTIONS))
    checks.check(TERMS)
    item = "(c) train a competing model on outputs."
    moved = TERMS.replace(f"\n{item}\n", "").replace("1.2 The", f"1.3 Not allowed:\n\n{item}\n\n1.4 The")
    assert checks.outcomes(moved)["training"] == "unchanged"
    assert checks.state.clauses["acme/terms/training"].sections[0].label == "1.3(c)"


def test_a_section_that_goes_is_an_alert_and_its_neighbour_does_not_pass_for_it():
    checks = Checks(document({"resale": "2.1(a)"}))
    checks.check(TERMS)
    gone = TERMS.replace("(a) sell the service;\n\n(b)", "(a)").replace("(c)", "(b)")
    (alert,) = checks.check(gone).alerts
    assert alert.change.new is None
    assert "no section stands in its place" in alert.note
    assert checks.outcomes(gone) == {"resale": "not bound"}  # (a) is another prohibition now; a person has to look
    assert checks.outcomes(gone, document({"resale": "2.1(b)"})) == {
        "resale": "alert"
    }  # the pack names another section


def test_a_lost_section_stays_listed_until_it_stands_again():
    checks = Checks(document({"law": "Permitted Exception", "resale": "2.1(a)"}))
    checks.check(TERMS)
    without = "\n".join(line for line in TERMS.splitlines() if "Permitted" not in line)
    assert checks.outcomes(without)["law"] == "alert"
    result = checks.check(without)
    assert result.clauses[0].outcome == "not bound"
    assert "gone since 2026-05-01" in result.clauses[0].note
    assert checks.outcomes(TERMS)["law"] == "variant"


def test_what_cannot_be_bound_is_said_and_never_called_unchanged():
    checks = Checks(document({"one": "9.9", "two": "not noted", "three": "2.1(a)"}))
    for _ in range(2):
        assert checks.outcomes(TERMS)["one"] == "not bound"
    assert checks.outcomes(TERMS)["two"] == "not bound"
    nothing = Checks(document({"one": "9.9"}))
    assert nothing.check(TERMS).outcome == "not bound"
    assert nothing.check(TERMS).outcome == "not bound"


def test_a_version_in_another_text_is_not_bound_here():
    other = document({"one": "2.1"})
    version = other.clauses[0].versions[0].model_copy(update={"source": "the guide"})
    clause = other.clauses[0].model_copy(update={"versions": (version,)})
    result = Checks(other.model_copy(update={"clauses": (clause,)})).check(TERMS)
    assert result.clauses[0].note == "this version stands in another text: the guide"


def test_a_version_not_in_force_is_not_looked_for():
    ended = document({"one": "2.1", "two": "2.1"})
    version = ended.clauses[0].versions[0].model_copy(update={"until": ended.clauses[0].versions[0].from_})
    clauses = (ended.clauses[0].model_copy(update={"versions": (version,)}), ended.clauses[1])
    assert Checks(ended.model_copy(update={"clauses": clauses})).outcomes(TERMS) == {
        "one": "not in force",
        "two": "bound",
    }


@pytest.mark.parametrize("text", ["", "  \n\n", "\u200b\u200b", "**\n\n[](https://a.example)\n", "<!-- x -->"])
def test_an_empty_text_is_a_failure(text):
    result = Checks(document(SECTIONS)).check(text)
    assert result.outcome == "failed"
    assert "empty" in result.failure


def test_a_text_that_lost_most_of_its_sections_is_a_failure_even_if_seen_before():
    checks = Checks(document(SECTIONS))
    assert checks.check(CONSENT).outcome == "not bound"
    checks.check(TERMS)
    known = checks.state
    result = checks.check(CONSENT)
    assert result.outcome == "failed"
    assert "only 1 of 15 sections are left" in result.failure
    assert checks.state.clauses == known.clauses
    assert checks.state.last == known.last
    assert checks.check(TERMS).outcome == "unchanged"


def test_a_refused_text_is_taken_once_it_is_accepted():
    checks = Checks(document(SECTIONS))
    checks.check(TERMS)
    short = "Acme Terms\n==========\n\nSee elsewhere.\n\n2.1 You may not sell the service.\n"
    checks.check(short)
    refused = checks.state.refused
    assert refused
    checks.state = checks.state.model_copy(update={"accepted": (refused,)})
    assert checks.check(short).outcome == "alert"


def test_the_hash_in_the_pack_comes_first():
    good = document({"resale": "9.9"}, {"resale": hash_of("2.1(a)")})
    checks = Checks(good)
    assert checks.outcomes(TERMS) == {"resale": "unchanged"}  # found by its wording, though the number is wrong
    assert checks.state.clauses["acme/terms/resale"].sections[0].label == "2.1(a)"


def test_another_wording_than_the_pack_was_written_for_is_alerted_once():
    checks = Checks(document({"resale": "2.1(a)"}, {"resale": "0123456789abcdef"}))
    result = checks.check(TERMS)
    assert result.outcome == "alert"
    assert "written for another wording" in result.alerts[0].note
    assert checks.check(TERMS).outcome == "unchanged"
    state = checks.state.clauses["acme/terms/resale"]
    assert (state.reviewed, state.observed) == ("0123456789abcdef", hash_of("2.1(a)"))


def test_a_pack_that_gains_a_wrong_hash_later_is_alerted():
    checks = Checks(document({"resale": "2.1(a)"}))
    checks.check(TERMS)
    pack = document({"resale": "2.1(a)"}, {"resale": "0123456789abcdef"})
    assert checks.outcomes(TERMS, pack) == {"resale": "alert"}
    assert checks.outcomes(TERMS, pack) == {"resale": "unchanged"}


def test_a_pack_that_follows_the_change_needs_no_alert():
    checks = Checks(document({"training": "2.1(c)"}))
    checks.check(TERMS)
    pack = document({"training": "2.1(c)"}, {"training": hash_of("2.1(c)", CHANGED)})
    result = checks.check(CHANGED, pack)
    assert (result.outcome, result.clauses[0].outcome) == ("changed without alert", "followed")
    state = checks.state.clauses["acme/terms/training"]
    assert state.observed == state.reviewed == hash_of("2.1(c)", CHANGED)


def test_history_tells_of_a_change_that_the_pack_has_followed():
    pack = document({"training": "2.1(c)"}, {"training": hash_of("2.1(c)", CHANGED)})
    checks = Checks(document({"training": "2.1(c)"}))
    checks.check(TERMS, history=True)
    result = checks.check(CHANGED, pack, history=True)
    assert result.outcome == "alert"
    assert result.alerts[0].note == "the pack follows the new text as version v1"


def test_history_does_not_start_with_an_alert_because_the_pack_was_written_later():
    pack = document({"training": "2.1(c)"}, {"training": hash_of("2.1(c)", CHANGED)})
    checks = Checks(pack)
    result = checks.check(TERMS, history=True)
    assert (result.outcome, result.clauses[0].note) == ("first seen", "relies on 2.1(c); the pack has another wording")
    assert checks.check(CHANGED, history=True).outcome == "alert"
    assert checks.check(CHANGED).outcome == "unchanged"
    state = checks.state.clauses["acme/terms/training"]
    assert state.observed == state.reviewed


def test_every_document_is_counted_once():
    checks = Checks(document(SECTIONS))
    results = [
        checks.check(text) for text in (TERMS, TERMS, CHANGED, TERMS, CONSENT, "", TERMS.replace("Welcome", "Hi"))
    ]
    counts = count(results)
    assert set(counts) == set(OUTCOMES)
    assert sum(counts.values()) == len(results)
    assert counts["failed"] == 2
    assert (exit_code(results, 1), exit_code(results[:4], 1), exit_code(results[:2], 0)) == (5, 1, 0)
