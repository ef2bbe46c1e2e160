"""Under which version of a clause a row is judged: by its own day, a chosen one, a contract's, a draft, or none at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import zip_longest

from auditor.errors import AuditorError
from auditor.model.check import Span, day_after, midnight
from auditor.model.declarations import Agreement, Override
from auditor.model.expr import Not, all_of, as_if_at, bind
from auditor.model.policy import Clause, Document, Version
from auditor.policy.parsed import Governing


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
                f"--terms '{text}': use in-force, latest or a date such as 2025-09-01; nor is there a draft of that path"
            ) from None
        return cls(day, text)


@dataclass(frozen=True)
class Choices:
    """What an organisation chose and agreed: parameters by `provider/document/name` or plain name, positions by name."""

    parameters: Mapping[str, float] = field(default_factory=dict)
    positions: Mapping[str, str] = field(default_factory=dict)
    agreements: Sequence[Agreement] = ()
    file: str = "auditor.yaml"


def governed(parsed: Governing, values: dict[str, float], terms: Terms) -> Governing:
    """Return which rows a clause governs with all parameters bound.

    Whom a document governs may change with time, too: under the terms of a day or of a draft, it is asked as on that day.
    """
    applies = bind(parsed.applies, values)
    day = terms.day
    if parsed.document.id in terms.drafts:
        day = max(version.from_ for clause in parsed.document.clauses for version in clause.versions)
    if day:
        applies = as_if_at(applies, midnight(day))
    versions = {name: bind(condition, values) for name, condition in parsed.versions.items()}
    frozen = bind(parsed.frozen, values) if parsed.frozen is not None else None
    return Governing(parsed.document, parsed.clause, applies, versions, frozen)


def spans_of(subject: Governing, terms: Terms, choices: Choices) -> Iterator[Span]:
    """The versions under which rows are judged, less the time for which an agreement takes the clause out."""
    document = subject.document
    if document.id in terms.drafts:
        spans = [Span(version, None, None, subject.where(version)) for version in standing_versions(subject.clause)]
    elif day := terms.day:
        spans = [
            Span(version, None, None, subject.where(version)) for version in standing_versions(subject.clause, day)
        ]
    else:
        spans = [Span.in_force(version, subject.where(version)) for version in subject.clause.versions]
        spans = _frozen_spans(subject, spans, contracts(document, choices))
    for agreement, override in overrides_of(document.clause_id(subject.clause), choices):
        if override.effect != "tightened":
            if terms.day:
                spans = [] if agreement.covers(terms.day) else spans
            else:
                start, end = midnight(agreement.from_), day_after(agreement.until)
                spans = [part for span in spans for part in span.without(start, end)]
    yield from spans


def _frozen_spans(subject: Governing, spans: list[Span], periods: Sequence[tuple[date, date | None]]) -> list[Span]:
    """In each period of a contract, its first day decides the version for the rows that `frozen_when` names."""
    if subject.frozen is None:
        return spans
    frozen = []
    for day, last in periods:
        start, end = midnight(day), day_after(last)
        bound = [
            Span(version, start, end, all_of(subject.where(version), subject.frozen))
            for version in standing_versions(subject.clause, day)
        ]
        free = [
            replace(part, where=all_of(part.where, Not(subject.frozen)))
            for span in spans
            for part in span.within(start, end)
        ]
        frozen += [*bound, *free]
        spans = [part for span in spans for part in span.without(start, end)]
    return [*spans, *frozen]


def standing_versions(clause: Clause, day: date | None = None) -> list[Version]:
    """Return the versions in force on a day, or without one the newest: those without an end, else the last."""
    if day:
        return [version for version in clause.versions if in_force(version, day)]
    return [version for version in clause.versions if version.until is None] or [clause.versions[-1]]


def in_force(version: Version, day: date) -> bool:
    """Whether a version was in force on a day."""
    return version.from_ <= day and (version.until is None or day <= version.until)


def contracts(document: Document, choices: Choices) -> list[tuple[date, date | None]]:
    """Return the periods for which a contract's day decides, each from an agreement, order form or renewal to the day before
    the next one, or to the agreement's end.
    """
    made = [agreement for agreement in choices.agreements if agreement.provider == document.provider]
    days = {day: agreement.until for agreement in made for day in (agreement.from_, *agreement.renewed)}
    ordered = sorted(days)
    periods = []
    for day, following in zip_longest(ordered, ordered[1:]):
        ends = [end for end in (days[day], following - timedelta(days=1) if following else None) if end]
        periods.append((day, min(ends, default=None)))
    return periods


def overrides_of(clause: str, choices: Choices) -> Iterator[tuple[Agreement, Override]]:
    """Yield what agreements say of a clause."""
    for agreement in choices.agreements:
        yield from ((agreement, override) for override in agreement.overrides if override.clause == clause)
