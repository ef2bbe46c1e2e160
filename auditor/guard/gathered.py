"""What was read of the files that bear on a check."""

from dataclasses import dataclass, field

from auditor.guard.allow import Allowance
from auditor.guard.found import Dataset, Found, Unread


@dataclass
class Gathered:
    """What was read.

    Attributes:
        found: what each file says, by path.
        scans: what data files record.
        unread: what could not be read.
        unrelated: files that have nothing to do with training.
        given: the files that were asked for, as opposed to those that were followed.
        data: data files that were looked into.
        rows: rows that were looked at.
        sampled: which files were looked at only in part, in words.
        allowances: what comments and sidecars accept.
        notices: in words, which of these do not count.
    """

    found: dict[str, Found] = field(default_factory=dict)
    scans: list[Dataset] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    unrelated: list[str] = field(default_factory=list)
    given: frozenset[str] = frozenset()
    data: list[str] = field(default_factory=list)
    rows: int = 0
    sampled: list[str] = field(default_factory=list)
    allowances: list[Allowance] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def allow(self, made: tuple[list[Allowance], list[str]]) -> None:
        """Keep the allowances of a file, and what is wrong with others."""
        self.allowances += made[0]
        self.notices += made[1]
