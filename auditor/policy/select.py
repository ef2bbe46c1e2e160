"""Loaded rules → checks: which clause versions count, which parameters and positions are used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from auditor.errors import AuditorError, Fault, Location, raise_faults
from auditor.model.check import Check, Span, day_after, midnight
from auditor.model.declarations import Agreement, Declarations, Override
from auditor.model.expr import TRUE, Expr, Not, all_of, as_if_at, bind
from auditor.model.policy import Certainty, Document, ParameterRef, Version
from auditor.policy.load import load_policies
from auditor.policy.parsed import ManualClause, ParsedRule, Policy, with_drafts
from auditor.yamlfile import nearest


@dataclass(frozen=True)
class Terms:
    """Which version of each clause a record is judged under: the one in force at its own time, or on one day for all.

    `drafts` are documents of which every record is judged under the newest version, whatever its dates.
    """

    day: date | None = None
    name: str = "in-force"
    drafts: frozenset[str] = frozenset()

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
            raise AuditorError(
                f"--terms '{text}': use in-force, latest or a date such as 2025-09-01, or the path of a draft"
            ) from None
        return cls(day, text)


@dataclass(frozen=True)
class Choices:
    """What an organisation chose and agreed: parameters by `provider/document/name` or plain name, positions by name."""

    parameters: Mapping[str, float] = field(default_factory=dict)
    positions: Mapping[str, str] = field(default_factory=dict)
    agreements: Sequence[Agreement] = ()


def choices_of(declared: Declarations) -> Choices:
    """Return what the company chose and agreed."""
    return Choices(declared.parameters, declared.positions, declared.agreements)


def under_terms(policy: Policy, text: str, today: date) -> tuple[Policy, Terms]:
    """Return the policy to use, and the terms, for the value of `--terms`: where it is a path, the drafts in it replace the
    documents of the same id.

    Raises:
        AuditorError: it is neither terms nor a path, or the draft has faults.
    """
    if not Path(text).exists():
        return policy, Terms.parse(text, today)
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
    versions = [version for version in clause.versions if not rule.versions or version.id in rule.versions]
    spans = _spans(parsed, versions, terms, choices)
    certainty = _certainty(parsed, choices)
    if not spans or certainty is None:
        return None
    values = parameter_values(parsed.document, choices, parsed.document.clause_id(clause))
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
        applies=_applies(bind(parsed.applies, values), terms),
        condition=bind(parsed.condition, values),
        measure=measure,
        principal=rule.principal,
        cannot="judge" if rule.judge else "",
    )


def _manual(parsed: ManualClause, terms: Terms, choices: Choices) -> Check | None:
    spans = _spans(parsed, parsed.clause.versions, terms, choices)
    clause = parsed.document.clause_id(parsed.clause)
    if not spans:
        return None
    applies = _applies(parsed.applies, terms)
    return Check(parsed.id, clause, parsed.table, "possible", spans, applies, TRUE, None, (), cannot="manual")


def _applies(condition: Expr, terms: Terms) -> Expr:
    """Whom a document governs may change with time, too: under the terms of a day, it is asked as on that day."""
    return as_if_at(condition, midnight(terms.day)) if terms.day else condition


def _spans(
    parsed: ParsedRule | ManualClause, versions: Sequence[Version], terms: Terms, choices: Choices
) -> tuple[Span, ...]:
    """The versions under which rows are judged, less the time for which an agreement takes the clause out."""
    document = parsed.document
    if document.id in terms.drafts:
        newest = [version for version in versions if version.until is None] or versions[-1:]
        spans = [Span(version, None, None, parsed.versions.get(version.id, TRUE)) for version in newest]
    elif day := terms.day:
        on_day = [version for version in versions if in_force(version, day)]
        spans = [Span(version, None, None, parsed.versions.get(version.id, TRUE)) for version in on_day]
    else:
        spans = [Span.in_force(version, parsed.versions.get(version.id, TRUE)) for version in versions]
        spans = _frozen_spans(parsed, versions, spans, contract_dates(document, choices))
    for agreement, override in overrides_of(document.clause_id(parsed.clause), choices):
        if override.effect != "tightened":
            if terms.day:
                spans = [] if agreement.covers(terms.day) else spans
            else:
                start, end = midnight(agreement.from_), day_after(agreement.until)
                spans = [part for span in spans for part in span.without(start, end)]
    return tuple(spans)


def _frozen_spans(
    parsed: ParsedRule | ManualClause, versions: Sequence[Version], spans: list[Span], dates: Sequence[date]
) -> list[Span]:
    """From the first contract on, its day decides the version for the rows that `frozen_when` names, until the next one."""
    if not dates or parsed.frozen is None:
        return spans
    first = midnight(dates[0])
    own_time = Not(parsed.frozen)
    result = [part for span in spans for part in span.within(None, first)]
    result += [replace(part, where=all_of(part.where, own_time)) for span in spans for part in span.within(first, None)]
    for day, following in zip(dates, [*dates[1:], None], strict=True):
        end = midnight(following) if following else None
        for version in versions:
            if in_force(version, day):
                where = all_of(parsed.versions.get(version.id, TRUE), parsed.frozen)
                result.append(Span(version, midnight(day), end, where))
    return result


def in_force(version: Version, day: date) -> bool:
    """Whether a version was in force on a day."""
    return version.from_ <= day and (version.until is None or day <= version.until)


def contract_dates(document: Document, choices: Choices) -> list[date]:
    """Return the days of agreements with the document's provider, of order forms and of renewals, in order."""
    made = [a for a in choices.agreements if a.provider == document.provider and document.frozen_when is not None]
    return sorted({day for agreement in made for day in (agreement.from_, *agreement.renewed)})


def overrides_of(clause: str, choices: Choices) -> Iterator[tuple[Agreement, Override]]:
    """Yield what agreements say of a clause."""
    for agreement in choices.agreements:
        yield from ((agreement, override) for override in agreement.overrides if override.clause == clause)


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
    raise_faults("the choices in auditor.yaml do not fit the packs", [*faults, *_override_faults(policy, choices)])


def _override_faults(policy: Policy, choices: Choices) -> Iterator[Fault]:
    place = Location("auditor.yaml")
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
            if override.by and override.by not in loaded:
                message = f"no pack that was loaded has '{override.by}', which goes with '{override.clause}'"
                yield Fault(place, message, "name its file with --policies, beside the packs")
            parameters = known[override.clause].parameters
            for name in override.parameters:
                if name not in parameters:
                    message = f"'{override.clause}' has no parameter '{name}'"
                    yield Fault(place, message, nearest(name, set(parameters)))
