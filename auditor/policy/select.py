"""Loaded rules → checks: which clause versions count, which parameters and positions are used."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from auditor.errors import AuditorError, Fault, Location, raise_faults
from auditor.model.check import Check, Span
from auditor.model.expr import bind
from auditor.model.policy import Certainty, Document, ParameterRef
from auditor.policy.load import ParsedRule, Policy, load_policies
from auditor.yamlfile import nearest


@dataclass(frozen=True)
class Terms:
    """Which version of each clause a record is judged under: the one in force at its own time, or on one day for all."""

    day: date | None = None
    name: str = "in-force"

    @classmethod
    def parse(cls, text: str, today: date) -> "Terms":
        """Return the terms for `in-force`, `latest` or a date.

        Raises:
            AuditorError: `text` is none of them.
        """
        if text == "in-force":
            return cls()
        try:
            day = today if text == "latest" else date.fromisoformat(text)
        except ValueError:
            raise AuditorError(f"--terms '{text}': use in-force, latest or a date such as 2025-09-01") from None
        return cls(day, text)


@dataclass(frozen=True)
class Choices:
    """What an organisation chose: parameters by `provider/document/name` or plain name, positions by name."""

    parameters: Mapping[str, float] = field(default_factory=dict)
    positions: Mapping[str, str] = field(default_factory=dict)


def select_checks(policy: Policy, terms: Terms, choices: Choices) -> list[Check]:
    """Return the rules as checks, leaving out those whose clause is not in force under `terms` or whose reading was not taken.

    Raises:
        AuditorError: a chosen parameter or position is not known to the packs.
    """
    _refuse_unknown(policy, choices)
    checks = (check(rule, terms, choices) for rule in policy.rules)
    return [check for check in checks if check is not None]


def check(parsed: ParsedRule, terms: Terms, choices: Choices) -> Check | None:
    """Return `parsed` as a check, or None where it does not count."""
    clause, rule = parsed.clause, parsed.rule
    versions = [version for version in clause.versions if not rule.versions or version.id in rule.versions]
    if terms.day is None:
        spans = tuple(Span.in_force(version) for version in versions)
    else:
        day = terms.day
        spans = tuple(Span(v, None, None) for v in versions if v.from_ <= day and (v.until is None or day <= v.until))
    certainty = _certainty(parsed, choices)
    if not spans or certainty is None:
        return None
    values = parameter_values(parsed.document, choices)
    measure = parsed.measure
    if measure and isinstance(rule.exceeds, ParameterRef):
        measure = replace(measure, limit=values[rule.exceeds.parameter])
    if measure:
        measure = replace(measure, where=bind(measure.where, values))
    return Check(
        id=parsed.id,
        clause=parsed.document.clause_id(clause),
        table=rule.table,
        certainty=certainty,
        spans=spans,
        applies=bind(parsed.applies, values),
        condition=bind(parsed.condition, values),
        measure=measure,
        principal=rule.principal,
        not_judged=rule.judge is not None,
    )


def parameter_values(document: Document, choices: Choices) -> dict[str, float]:
    """Return the values of the document's parameters: the organisation's where it set one, else the defaults."""
    chosen = choices.parameters
    return {
        name: chosen.get(f"{document.id}/{name}", chosen.get(name, parameter.default))
        for name, parameter in document.parameters.items()
    }


def _certainty(parsed: ParsedRule, choices: Choices) -> Certainty | None:
    """A rule that follows one reading of an open term is a suspicion until counsel takes that position."""
    if parsed.rule.reading is None or parsed.clause.position is None:
        return parsed.rule.certainty
    taken = choices.positions.get(parsed.clause.position)
    if taken is None:
        return "possible"
    return parsed.rule.certainty if taken == parsed.rule.reading else None


def _names(policy: Policy) -> tuple[set[str], dict[str, set[str]]]:
    """The parameters, by plain and full name, and the readings of each position."""
    parameters = {name for d in policy.documents for p in d.parameters for name in (p, f"{d.id}/{p}")}
    return parameters, {
        c.position: {r.id for r in c.readings} for d in policy.documents for c in d.clauses if c.position
    }


def _refuse_unknown(policy: Policy, choices: Choices) -> None:
    known, readings = _names(policy)
    if not (choices.parameters.keys() <= known and choices.positions.keys() <= readings.keys()):
        # a choice may belong to a shipped pack that this run leaves out
        shipped, others = _names(load_policies())
        known, readings = known | shipped, others | readings
    place = Location("auditor.yaml")
    faults = [
        Fault(place, f"no pack has a parameter '{name}'", nearest(name, known))
        for name in choices.parameters
        if name not in known
    ]
    for name, reading in choices.positions.items():
        if name not in readings:
            faults.append(
                Fault(place, f"no pack leaves a position '{name}' open", nearest(name, {r for r in readings if r}))
            )
        elif reading not in readings[name]:
            faults.append(
                Fault(place, f"the position '{name}' has no reading '{reading}'", ", ".join(sorted(readings[name])))
            )
    raise_faults("the choices in auditor.yaml do not fit the packs", faults)
