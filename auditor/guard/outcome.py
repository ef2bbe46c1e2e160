"""What the guard says in the end: findings with their evidence, what stayed open and why, and what was looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from auditor.errors import ExitCode
from auditor.guard.found import UNREADABLE, Evidence, Place, Unread
from auditor.guard.inputs import Input
from auditor.guard.knowledge import Statement
from auditor.model.finding import Finding
from auditor.model.policy import SEVERITIES, Certainty, Severity

FailOn = Severity | Literal["unknown"]
STRENGTH: tuple[Evidence, ...] = get_args(Evidence)
"""The weakest first."""


@dataclass(frozen=True)
class ClauseInfo:
    """The version of a clause that a finding rests on, and where it can be read."""

    id: str
    title: str
    document: str
    section: str
    since: date
    until: date | None
    url: str
    says: str
    readings: tuple[str, ...] = ()


@dataclass(frozen=True)
class GuardFinding:
    """A rule that held for a dataset that goes into a model.

    Attributes:
        finding: the finding as every part of the product knows it; its id depends on rule, model and dataset alone.
        clause: the clause in the version that counts.
        evidence: how strong the evidence is: that of the weakest fact of the dataset that the rule needed.
        statements: where the facts of the dataset stand.
        places: where training runs name the dataset.
        file: the file of the first of them.
        dataset: the dataset, as that run names it.
        identity: what stands for it under whatever name; see `Input`.
        model: the model.
        reasons: why it applies to this model.
        permits: the authorisations, as provider/category, under which the rule does not hold.
        ways: the ways out.
    """

    finding: Finding
    clause: ClauseInfo
    evidence: Evidence
    statements: tuple[Statement, ...]
    places: tuple[Place, ...]
    file: str
    dataset: str
    identity: str
    model: str
    reasons: tuple[str, ...]
    permits: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether nobody accepted it, or the acceptance has lapsed."""
        return self.finding.status in ("active", "expired")

    def blocks(self, fail_on: Severity) -> bool:
        """Return whether it stops the commit; signs in the text alone warn."""
        sure = stops(self.finding.severity, self.finding.certainty, fail_on)
        return self.open and sure and self.evidence != "indicated"


@dataclass(frozen=True)
class Question:
    """A rule that could not be decided: its clause, how bad and how sure a hit would be, and the facts that were missing."""

    clause: str
    severity: Severity
    certainty: Certainty
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Undecided:
    """A dataset in a model of which some rules could not be decided; `identity` as in `Input`."""

    dataset: str
    identity: str
    model: str
    place: Place
    questions: tuple[Question, ...]

    def grave(self, fail_on: Severity) -> tuple[Question, ...]:
        """The questions of which the answer could stop a commit."""
        return tuple(q for q in self.questions if stops(q.severity, q.certainty, fail_on))


def stops(severity: Severity, certainty: Certainty, fail_on: Severity) -> bool:
    """Return whether a hit of this kind stops a commit: rules that only say what is possible warn."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(fail_on) and certainty != "possible"


@dataclass(frozen=True)
class Examined:
    """What was looked at.

    Attributes:
        formats: how many files of each format were read.
        unrelated: files that have nothing to do with training.
        data: data files that were looked into.
        rows: rows of them that were looked at.
        sampled: what was looked at only in part, in words.
        change: whether the files are those of a change, which may have none.
    """

    formats: dict[str, int]
    unrelated: int = 0
    data: int = 0
    rows: int = 0
    sampled: tuple[str, ...] = ()
    change: bool = False

    @property
    def files(self) -> int:
        """All files that were given or followed."""
        return sum(self.formats.values()) + self.unrelated + self.data


@dataclass(frozen=True)
class Report:
    """The outcome of one check.

    Attributes:
        findings: the gravest first.
        undecided: what could not be decided, by dataset and model.
        unread: what was there and could not be understood.
        examined: what was looked at.
        inputs: every training input that was assessed.
        not_examined: clauses that look for copies of logged outputs, for which nothing was given.
        notices: what else the reader has to know, such as allowances that do not count.
        day: the day that it refers to.
    """

    findings: tuple[GuardFinding, ...]
    undecided: tuple[Undecided, ...]
    unread: tuple[Unread, ...]
    examined: Examined
    inputs: tuple[Input, ...]
    not_examined: tuple[str, ...]
    notices: tuple[str, ...]
    day: date

    def blocking(self, fail_on: Severity = "high") -> list[GuardFinding]:
        """The findings that stop a commit."""
        return [item for item in self.findings if item.blocks(fail_on)]

    def exit_code(self, fail_on: Sequence[FailOn] = ("high",)) -> ExitCode:
        """Return how the check ended: findings, nothing that could be read, or neither.

        Args:
            fail_on: the least severity that blocks, and `unknown` if what is unknown blocks as well.
        """
        severity = least(fail_on)
        if self.blocking(severity):
            return ExitCode.FINDINGS
        if "unknown" in fail_on and (self.unread or any(item.grave(severity) for item in self.undecided)):
            return ExitCode.FINDINGS
        read = sum(count for name, count in self.examined.formats.items() if name != UNREADABLE)
        empty = not self.examined.files and not self.examined.change
        nothing = not (read or self.examined.rows) and (self.unread or empty)
        return ExitCode.NOTHING_ASSESSED if nothing else ExitCode.OK


def least(fail_on: Sequence[FailOn]) -> Severity:
    """Return the least severity that stops, which is `high` where only `unknown` is given."""
    return min((item for item in fail_on if item != "unknown"), key=SEVERITIES.index, default="high")
