"""Against which text of a clause a rule was reviewed, and whether that is still its text."""

from collections.abc import Iterator, Mapping

from auditor.model.policy import Clause, Rule
from auditor.policy.parsed import Policy
from auditor.policy.spans import standing_versions


def known_texts(policy: Policy) -> dict[str, str]:
    """Return the hash of the text that the packs know for each clause, by clause id; that of the newest version."""
    texts = {d.clause_id(c): c.versions[-1].text for d in policy.documents for c in d.clauses}
    return {clause: text for clause, text in texts.items() if text}


def outdated(clause: Clause, rule: Rule, text: str | None) -> bool:
    """Whether the clause's text, by its hash as last known, is another than the one the rule was reviewed against.

    A rule that names no text was reviewed against the one that its pack knows.
    """
    newest = [v for v in standing_versions(clause) if not rule.versions or v.id in rule.versions]
    if not newest:
        return False
    reviewed = rule.reviewed or newest[-1].text
    return bool(reviewed and text and reviewed != text)


def to_review(policy: Policy, texts: Mapping[str, str]) -> Iterator[str]:
    """Yield the ids of the rules whose clause has another text than the one they were reviewed against."""
    for document in policy.documents:
        for clause in document.clauses:
            name = document.clause_id(clause)
            yield from (f"{name}/{rule.id}" for rule in clause.rules if outdated(clause, rule, texts.get(name)))
