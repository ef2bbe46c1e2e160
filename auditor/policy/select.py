"""Loaded rules → checks: which clause versions count, which parameters and positions are used."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from auditor.errors import AuditorError, Fault, Location, raise_faults
from auditor.model.check import Check
from auditor.model.declarations import Declarations
from auditor.model.expr import TRUE, bind
from auditor.model.policy import Certainty, Document, ParameterRef
from auditor.policy.load import load_policies
from auditor.policy.parsed import ManualClause, ParsedRule, Policy, with_drafts
from auditor.policy.spans import Choices, Terms, governed, overrides_of, spans_of
from auditor.yamlfile import nearest


def choices_of(declared: Declarations, file: str | None = None) -> Choices:
    """Return what the company chose and agreed, as it stands in `file`."""
    return Choices(declared.parameters, declared.positions, declared.agreements, file or "auditor.yaml")


def under_terms(policy: Policy, text: str, today: date) -> tuple[Policy, Terms]:
    """Return the policy to use, and the terms, for the value of `--terms`: where it is a path, the drafts in it replace the
    documents of the same id.

    A keyword or a day is taken as such, whatever files there are.

    Raises:
        AuditorError: it is neither terms nor a path, or the draft has faults.
    """
    try:
        return policy, Terms.parse(text, today)
    except AuditorError:
        if not Path(text).exists():
            raise
    draft = load_policies(Path(text))
    return with_drafts(policy, draft), Terms(None, Path(text).name, frozenset(d.id for d in draft.documents))


def select_checks(policy: Policy, terms: Terms, choices: Choices) -> list[Check]:
    """Return the rules as checks, leaving out those whose clause is not in force under `terms` or whose reading was not taken.

    A clause that only a person can check becomes a check that leaves every row undecided.

    Raises:
        AuditorError: a chosen parameter, position or override is not known to the packs.
    """
    _refuse_unknown(policy, choices)
    checks = [*(check(rule, terms, choices) for rule in policy.rules)]
    checks += [_manual(clause, terms, choices) for clause in policy.manual]
    return [check for check in checks if check is not None]


def check(parsed: ParsedRule, terms: Terms, choices: Choices) -> Check | None:
    """Return `parsed` as a check, or None where it does not count."""
    clause, rule = parsed.clause, parsed.rule
    values = parameter_values(parsed.document, choices, parsed.document.clause_id(clause))
    subject = governed(parsed, values, terms)
    spans = tuple(s for s in spans_of(subject, terms, choices) if not rule.versions or s.version.id in rule.versions)
    certainty = _certainty(parsed, choices)
    if not spans or certainty is None:
        return None
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
        applies=subject.applies,
        condition=bind(parsed.condition, values),
        measure=measure,
        principal=rule.principal,
        cannot="judge" if rule.judge else "",
    )


def _manual(parsed: ManualClause, terms: Terms, choices: Choices) -> Check | None:
    clause = parsed.document.clause_id(parsed.clause)
    subject = governed(parsed, parameter_values(parsed.document, choices, clause), terms)
    spans = tuple(spans_of(subject, terms, choices))
    if not spans:
        return None
    return Check(parsed.id, clause, parsed.table, "possible", spans, subject.applies, TRUE, None, (), cannot="manual")


def parameter_values(document: Document, choices: Choices, clause: str = "") -> dict[str, float]:
    """Return the values of the document's parameters: agreed for the clause, else chosen, else the default."""
    chosen = choices.parameters
    values = {
        name: chosen.get(f"{document.id}/{name}", chosen.get(name, parameter.default))
        for name, parameter in document.parameters.items()
    }
    for _, override in overrides_of(clause, choices):
        values |= override.parameters
    return values


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
    place = Location(choices.file)
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
    raise_faults(f"the choices in {choices.file} do not fit the packs", [*faults, *_override_faults(policy, choices)])


def _override_faults(policy: Policy, choices: Choices) -> Iterator[Fault]:
    place = Location(choices.file)
    loaded = {d.clause_id(c): d for d in policy.documents for c in d.clauses}
    if all(o.clause in loaded for a in choices.agreements for o in a.overrides):
        known = loaded
    else:
        known = {d.clause_id(c): d for d in load_policies().documents for c in d.clauses} | loaded
    for agreement in choices.agreements:
        for override in agreement.overrides:
            if override.clause not in known:
                message = f"the agreement '{agreement.id}' names a clause '{override.clause}' that no pack has"
                yield Fault(place, message, nearest(override.clause, set(known)))
                continue
            if override.by and override.clause in loaded and override.by not in loaded:
                message = f"no pack that was loaded has '{override.by}', which goes with '{override.clause}'"
                yield Fault(place, message, "name its file with --policies, beside the packs")
            parameters = known[override.clause].parameters
            for name in override.parameters:
                if name not in parameters:
                    message = f"'{override.clause}' has no parameter '{name}'"
                    yield Fault(place, message, nearest(name, set(parameters)))
