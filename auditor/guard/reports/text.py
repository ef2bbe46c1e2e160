"""The report on a terminal."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from auditor.errors import ExitCode
from auditor.guard.outcome import FailOn, GuardFinding, Report, least
from auditor.guard.reports import words

WIDTH = 118
INDENT = " " * 12
SHOWN = 8
"""Statements, places and open cases that are written out; the others are counted."""


def as_text(report: Report, fail_on: Sequence[FailOn]) -> str:
    """Return the report as lines: what stops the commit first, then what warns, what is open, and what was looked at."""
    return "\n".join(_lines(report, fail_on)) + "\n"


def _lines(report: Report, fail_on: Sequence[FailOn]) -> Iterator[str]:
    severity = least(fail_on)
    for item in report.findings:
        if item.open:
            yield from _finding(item, "STOP" if item.blocks(severity) else "warning")
            yield ""
    yield from _section("Undecided", [*words.open_cases(report, severity)])
    yield from _section("Not understood", [f"{item.place}: {item.why}" for item in report.unread])
    accepted = [item for item in report.findings if not item.open]
    yield from _section(
        "Accepted", [f"{words.headline(item)} {words.status(item)} ({item.finding.id})" for item in accepted]
    )
    yield from _section("Note", list(report.notices))
    yield f"{words.examined(report.examined)}."
    yield from (f"  {line}" for line in report.examined.sampled)
    if text := words.not_examined(report):
        yield f"  {text}"
    yield _result(report, fail_on)


def _finding(item: GuardFinding, kind: str) -> Iterator[str]:
    finding = item.finding
    yield f"{kind}: {item.places[0]}"
    yield f"  {words.headline(item)}"
    if text := words.status(item):
        yield f"  {text}"
    yield f"  clause    {words.clause(item)}"
    yield from wrap(item.clause.says, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
    yield f"{INDENT}{item.clause.url}"
    for reading in item.clause.readings:
        yield from wrap(f"one reading: {reading}", WIDTH, initial_indent=INDENT, subsequent_indent=f"{INDENT}  ")
    yield f"  severity  {finding.severity}; {finding.certainty}; {words.EVIDENCE[item.evidence]}"
    yield from _listed("evidence", [words.statement(said) for said in item.statements])
    yield from _listed("applies", list(item.reasons))
    yield from _listed("also in", [str(place) for place in item.places[1:]])
    yield from _listed("ways out", list(item.ways))


def _listed(name: str, lines: list[str]) -> Iterator[str]:
    for i, line in enumerate(lines[:SHOWN]):
        yield f"  {name if i == 0 else '':<9} {line}"
    if len(lines) > SHOWN:
        yield f"  {'':<9} and {len(lines) - SHOWN} more"


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield from (f"  {line}" for line in lines[:SHOWN])
        if len(lines) > SHOWN:
            yield f"  and {len(lines) - SHOWN} more; --output-format json has them all"
        yield ""


def _result(report: Report, fail_on: Sequence[FailOn]) -> str:
    severity = least(fail_on)
    stops = len(report.blocking(severity))
    others = sum(1 for item in report.findings if item.open) - stops
    accepted = len(report.findings) - stops - others
    grave = sum(1 for item in report.undecided if item.grave(severity))
    parts = [
        words.count(stops, "finding stops this", "findings stop this") if stops else _none(report, fail_on),
        *([words.count(others, "warning")] if others else []),
        *([f"{accepted} accepted"] if accepted else []),
        *([words.count(grave, "undecided input")] if grave else []),
        *([f"{len(report.unread)} not understood"] if report.unread else []),
    ]
    return "; ".join(parts) + "."


def _none(report: Report, fail_on: Sequence[FailOn]) -> str:
    """The words where no finding stops: what is unknown may do so."""
    if report.exit_code(fail_on) == ExitCode.FINDINGS:
        return "What is unknown stops this (--fail-on unknown)"
    is_empty = report.exit_code() == ExitCode.NOTHING_ASSESSED
    return "Nothing could be read, so nothing was checked" if is_empty else "No finding stops this"
