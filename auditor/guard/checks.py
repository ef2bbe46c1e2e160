"""The packs' rules on training data, as checks of the terms that count."""

from datetime import date
from pathlib import Path

from auditor.facts.declarations import Config
from auditor.model.check import Check
from auditor.model.policy import TableName
from auditor.policy.compiled import load_rules
from auditor.policy.parsed import Policy
from auditor.policy.select import choices_of, select_checks
from auditor.policy.spans import Choices, Terms

TABLES: tuple[TableName, ...] = ("training", "matches")


def training_checks(
    policies: str | Path | None, terms: str, cache: Path | None, config: Config, now: date
) -> tuple[Policy, list[Check]]:
    """Return the packs with their rules on training data, and those rules as checks.

    Args:
        policies: names of shipped packs joined by commas, or a path; all shipped packs if None.
        terms: `in-force`, `latest` or a date.
        cache: folder in which compiled rules are kept.
        config: what the company declares, in which it may choose between readings.
        now: the day of the check.

    Raises:
        AuditorError: no such pack, faults in packs, or terms that are none.
    """
    policy = load_rules(policies, TABLES, cache)
    choices = _known_choices(policy, choices_of(config.declarations, config.path))
    return policy, select_checks(policy, Terms.parse(terms, now), choices)


def _known_choices(policy: Policy, choices: Choices) -> Choices:
    """The choices that the rules at hand know; `auditor replay` tells of those that no pack knows."""
    documents = policy.documents
    names = {name for d in documents for p in d.parameters for name in (p, f"{d.id}/{p}")}
    positions = {clause.position for d in documents for clause in d.clauses}
    clauses = {d.clause_id(clause) for d in documents for clause in d.clauses}
    agreements = [
        a.model_copy(update={"overrides": tuple(o for o in a.overrides if o.clause in clauses)})
        for a in choices.agreements
    ]
    return Choices(
        {name: value for name, value in choices.parameters.items() if name in names},
        {name: value for name, value in choices.positions.items() if name in positions},
        agreements,
        choices.file,
    )
