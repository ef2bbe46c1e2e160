"""A rule ready to be evaluated: conditions parsed, parameters bound, the clause versions in force chosen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from auditor.model.expr import TRUE, And, Compare, Const, Expr, all_of, any_of
from auditor.model.policy import Certainty, TableName, Version


@dataclass(frozen=True)
class Span:
    """A clause version and the time for which it is applied, `[start, end)` in UTC; None is open."""

    version: Version
    start: datetime | None
    end: datetime | None

    @classmethod
    def in_force(cls, version: Version) -> Span:
        """The version from the first moment of its first day to the last moment of its last."""
        last = version.until
        # 9999-12-31, which some write for no end, has no next day
        end = _midnight(last + timedelta(days=1)) if last and last < date.max else None
        return cls(version, _midnight(version.from_), end)

    @property
    def condition(self) -> Expr:
        """The condition that a row's time lies in the span."""
        return _between(self.start, self.end)


def _between(start: datetime | None, end: datetime | None) -> Expr:
    after = Compare("timestamp", "gte", start) if start else TRUE
    return all_of(after, Compare("timestamp", "lt", end) if end else TRUE)


def _in_any(spans: tuple[Span, ...]) -> Expr:
    """The condition that a row's time lies in one of `spans`, which are in order of time; adjoining ones are joined."""
    joined: list[tuple[datetime | None, datetime | None]] = []
    for span in spans:
        if joined and joined[-1][1] == span.start and span.start:
            joined[-1] = (joined[-1][0], span.end)
        else:
            joined.append((span.start, span.end))
    return any_of(*(_between(start, end) for start, end in joined))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


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
    not_judged: bool = False

    @property
    def governed(self) -> Expr:
        """The document applies and one of the versions was in force."""
        return all_of(_in_any(self.spans), self.applies)

    @property
    def selected(self) -> Expr:
        """The row is governed and meets the rule's condition; unknown where a judge would have to say."""
        return all_of(self.governed, *self.conditions)

    @property
    def conditions(self) -> tuple[Expr, ...]:
        """What a governed row must meet."""
        own = self.condition.parts if isinstance(self.condition, And) else (self.condition,)
        return (*own, Const(None, "judge")) if self.not_judged else own
