"""A rule ready to be evaluated: conditions parsed, parameters bound, the clause versions in force chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from auditor.model.expr import TRUE, And, Compare, Const, Expr, In, Not, Present, all_of, any_of, facts_of
from auditor.model.facts import SINGLE
from auditor.model.policy import Certainty, TableName, Version


@dataclass(frozen=True)
class Span:
    """A clause version, the time for which it is applied, `[start, end)` in UTC, None being open, and the rows it is for."""

    version: Version
    start: datetime | None
    end: datetime | None
    where: Expr = TRUE

    @classmethod
    def in_force(cls, version: Version, where: Expr = TRUE) -> Span:
        """The version from the first moment of its first day to the last moment of its last."""
        return cls(version, midnight(version.from_), day_after(version.until), where)

    @property
    def condition(self) -> Expr:
        """The condition that a row is judged under the span's version."""
        time = _between(self.start, self.end)
        return time if self.where == TRUE else And((time, self.where))

    def within(self, start: datetime | None, end: datetime | None) -> Iterator[Span]:
        """Yield the part of the span in `[start, end)`, if there is one."""
        first = max((t for t in (self.start, start) if t), default=None)
        last = min((t for t in (self.end, end) if t), default=None)
        if first is None or last is None or first < last:
            yield replace(self, start=first, end=last)

    def without(self, start: datetime, end: datetime | None) -> Iterator[Span]:
        """Yield the parts of the span outside `[start, end)`."""
        yield from self.within(None, start)
        if end:
            yield from self.within(end, None)


def _between(start: datetime | None, end: datetime | None) -> Expr:
    after = Compare("timestamp", "gte", start) if start else TRUE
    return all_of(after, Compare("timestamp", "lt", end) if end else TRUE)


def _in_any(spans: tuple[Span, ...]) -> Expr:
    """The condition that a row is under one of `spans`, which are in order of time; adjoining ones are joined."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].end == span.start and span.start and joined[-1].where == span.where:
            joined[-1] = replace(joined[-1], end=span.end)
        else:
            joined.append(span)
    return any_of(*(span.condition for span in joined))


def midnight(day: date) -> datetime:
    """Return the first moment of a day in UTC."""
    return datetime.combine(day, time(), UTC)


def day_after(last: date | None) -> datetime | None:
    """Return the moment at which a last day is over, None where there is none."""
    # 9999-12-31, which some write for no end, has no next day
    return midnight(last + timedelta(days=1)) if last and last < date.max else None


BUCKET = And((Present("record.kind"), In("record.kind", ("bucket",))))
"""The row is a bucket of calls; never unknown."""


@dataclass(frozen=True)
class WindowMeasure:
    """An aggregate over `(t - window, t]` of the selected rows of one group, and the limit it must exceed.

    `fact` is what `distinct` and `sum` aggregate; `where` is the condition of a `share`.
    """

    aggregate: Literal["count", "distinct", "sum", "share"]
    by: tuple[str, ...]
    window_seconds: int
    limit: float
    fact: str = ""
    where: Expr = TRUE
    at_least: int = 1


@dataclass(frozen=True)
class Check:
    """One rule of one clause.

    A row is governed where `governed` holds, selected where `selected` holds besides, and the rule holds for it where the
    measure (if there is one) exceeds its limit as well.
    """

    id: str
    clause: str
    table: TableName
    certainty: Certainty
    spans: tuple[Span, ...]
    applies: Expr
    condition: Expr
    measure: WindowMeasure | None
    principal: tuple[str, ...]
    cannot: str = ""
    """Why a governed row that meets the condition stays undecided: `judge` where a judge would have to say, `manual` where
    only a person can check; empty where the condition decides."""

    @property
    def versions(self) -> dict[str, Expr]:
        """The ids of the versions, in order, with the condition that a row is judged under each."""
        ids = dict.fromkeys(span.version.id for span in self.spans)
        return {name: any_of(*(s.condition for s in self.spans if s.version.id == name)) for name in ids}

    @property
    def governed(self) -> Expr:
        """The document applies and one of the versions was in force."""
        return all_of(_in_any(self.spans), self.applies)

    @property
    def facts(self) -> frozenset[str]:
        """The facts that it reads."""
        return facts_of(self.selected) | self._measured

    @property
    def _measured(self) -> frozenset[str]:
        measure = self.measure
        if not measure:
            return frozenset()
        return frozenset({*measure.by, *facts_of(measure.where), *filter(None, [measure.fact])})

    @property
    def selected(self) -> Expr:
        """The row is governed and meets the rule's condition; unknown where a judge would have to say."""
        return all_of(self.governed, *self.conditions)

    @property
    def conditions(self) -> tuple[Expr, ...]:
        """What a governed row must meet."""
        own = self.condition.parts if isinstance(self.condition, And) else (self.condition,)
        return (*own, Const(None, self.cannot)) if self.cannot else own

    def among_buckets(self) -> Check:
        """Return the check without the buckets of calls that it cannot be about.

        These are all buckets where it asks what only a single call can answer. Where it measures a window, those that are
        longer than it, or of unknown length, or of an unknown number of requests that it counts.
        """
        if self.table != "usage":
            return self
        needs_calls = self.cannot == "judge" or not SINGLE.isdisjoint(facts_of(self.condition) | self._measured)
        if not needs_calls and not self.measure:
            return self
        suited: Expr = Not(BUCKET)
        if self.measure and not needs_calls:
            fits = Compare("bucket.seconds", "lte", self.measure.window_seconds)
            known: list[Expr] = [Present("bucket.seconds"), fits]
            known += [Present("request.count")] * (self.measure.aggregate in ("count", "share"))
            suited = any_of(suited, And(tuple(known)))
        return replace(self, applies=all_of(self.applies, suited))
