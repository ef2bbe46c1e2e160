"""What differs between two runs: clause by clause, and for each application, key or whoever a finding is about."""

from auditor.model.base import Model
from auditor.model.policy import Severity
from auditor.model.run import Verdict


class PrincipalChange(Model):
    """Rows of one principal that break a clause in only one of the runs: `broken` in the second, `cleared` in the first."""

    principal: dict[str, str]
    broken: int
    cleared: int


class ClauseChange(Model):
    """A clause whose verdict or hits differ. A verdict is None where the run has no such clause; counts are rows."""

    clause: str
    title: str
    severity: Severity
    before: Verdict | None
    after: Verdict | None
    broken: int
    cleared: int
    principals: tuple[PrincipalChange, ...]


class RunName(Model):
    """A run that was compared: where it lies, and under which terms it was made."""

    folder: str
    terms: str


class Comparison(Model):
    """Two runs compared. `unchanged` counts clauses; `only_before` and `only_after` are inputs that one run alone has read."""

    before: RunName
    after: RunName
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    changes: tuple[ClauseChange, ...]
    unchanged: int

    @property
    def broken(self) -> tuple[ClauseChange, ...]:
        """The clauses that the second run finds broken for rows for which the first did not."""
        return tuple(change for change in self.changes if change.broken)

    @property
    def cleared(self) -> tuple[ClauseChange, ...]:
        """The clauses that the first run finds broken for rows for which the second does not."""
        return tuple(change for change in self.changes if change.cleared)
