"""The errors a caller may see, and the exit code each one means.

AuditorError               a fault of the input, the configuration or a pack (exit 2)
└── IncompleteRunError     the run could not be finished; nothing was written (exit 5)

An error that is not an `AuditorError` is a bug (exit 70). Bad *records* are not errors: they are counted as rejects.
"""

from dataclasses import dataclass, field
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process says when it ends; the worst that happened wins."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    NOTHING_ASSESSED = 3
    INTEGRITY = 4
    PARTIAL = 5
    BUG = 70


@dataclass(frozen=True, order=True)
class Location:
    """A place in an input: file or URI, then line and column counted from 1 where they are known."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong: where, what, and (as `hint`) what to do about it.

    `damage` says that it is the content of an input, and not what was asked for.
    """

    location: Location
    message: str
    hint: str = ""
    damage: bool = False

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.location}: {self.message}{hint}"


@dataclass
class AuditorError(Exception):
    """A fault of what we were given. `faults` holds every located fault of the input, in reading order."""

    message: str
    faults: list[Fault] = field(default_factory=list)

    exit_code = ExitCode.USAGE

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {fault}" for fault in self.faults)])


class IncompleteRunError(AuditorError):
    """The run stopped before it was whole, so no run folder was written."""

    exit_code = ExitCode.PARTIAL


def raise_faults(message: str, faults: list[Fault]) -> None:
    """Raise one `AuditorError` for all `faults`, or return if there are none; if all are damage, the run is incomplete."""
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        kind = IncompleteRunError if all(fault.damage for fault in faults) else AuditorError
        raise kind(f"{message}: {count}", sorted(set(faults)))
