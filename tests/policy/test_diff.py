"""What differs between two sets of clauses."""

from datetime import date
from pathlib import Path

from auditor.policy.diff import Side, diff
from auditor.policy.load import load_policies

PACKS = Path(__file__).parent.parent / "data" / "packs"
ACME = (PACKS / "acme.yaml").read_text()
POLICY = load_policies(PACKS / "acme.yaml")


def on(day: str) -> Side:
    return Side(day, POLICY, date.fromisoformat(day))


def edited(tmp_path: Path, *edits: tuple[str, str]) -> Side:
    text = ACME
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    file = tmp_path / "acme.yaml"
    file.write_text(text)
    return Side("draft", load_policies(file))


def test_nothing_differs_from_itself():
    found = diff(Side("a", POLICY), Side("b", POLICY))
    assert (found.clauses, found.unchanged) == ((), len(POLICY.documents[0].clauses))


def test_two_days_on_either_side_of_a_version():
    found = diff(on("2023-12-31"), on("2024-01-01"))
    clause = next(c for c in found.clauses if c.clause.endswith("no-competing-models"))
    assert (clause.change, clause.version["section"].before, clause.version["section"].after) == ("changed", "2", "3")
    assert {(rule.rule, rule.change) for rule in clause.rules} == {
        ("purpose-until-2024", "gone"),
        ("purpose-since-2024", "added"),
    }


def test_before_the_first_version_there_is_no_clause():
    found = diff(on("2022-12-31"), on("2023-01-01"))
    assert {clause.change for clause in found.clauses} == {"added"}
    assert {c.change for c in diff(on("2023-01-01"), on("2022-12-31")).clauses} == {"gone"}


def test_a_draft_that_changes_a_rule_and_its_words(tmp_path):
    draft = edited(
        tmp_path,
        ("application.model.kind: classifier, application.model.distributed: false", "application.model.kind: other"),
        ("severity: critical", "severity: high"),
    )
    (clause,) = diff(Side("shipped", POLICY), draft).clauses
    assert (clause.values["severity"].before, clause.values["severity"].after) == ("critical", "high")
    (rule,) = clause.rules
    assert (rule.rule, rule.change, list(rule.values)) == ("purpose-since-2024", "changed", ["unless"])


def test_only_the_documents_of_a_draft_are_compared(tmp_path):
    other = load_policies(PACKS / "resolution")
    found = diff(Side("shipped", POLICY), Side("draft", other), only=frozenset({"acme/usage-rules"}))
    assert {clause.change for clause in found.clauses} == {"added"}
    assert {clause.clause.split("/")[1] for clause in found.clauses} == {"usage-rules"}
