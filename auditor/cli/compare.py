"""`auditor compare`: what newly breaks and what newly clears between two runs."""

from collections.abc import Iterator
from pathlib import Path

import click

from auditor.cli.options import FILE, output_format, plain
from auditor.errors import ExitCode
from auditor.model.comparison import ClauseChange, Comparison
from auditor.model.run import Verdict
from auditor.reports.words import VERDICT_WORDS, number, pairs, plural
from auditor.runs.compare import compare_runs
from auditor.runs.folder import as_json

SHOWN = 12
"""Principals that are listed under a clause; JSON has them all."""


@click.command()
@click.argument("before", type=FILE, metavar="RUN_A")
@click.argument("after", type=FILE, metavar="RUN_B")
@output_format
def command(before: Path, after: Path, output_format: str) -> int:
    """Show what breaks and what clears from RUN_A to RUN_B, by clause and by application or key.

    Exits with 1 if something newly breaks.
    """
    comparison = compare_runs(before, after)
    if output_format == "json":
        click.echo(as_json(comparison), nl=False)
    else:
        click.echo(plain("\n".join(_lines(comparison))))
    return ExitCode.FINDINGS if comparison.broken else ExitCode.OK


def _lines(comparison: Comparison) -> Iterator[str]:
    first, second = comparison.before, comparison.after
    yield f"{first.folder} (terms {first.terms}) → {second.folder} (terms {second.terms})"
    for name, inputs in ((first.folder, comparison.only_before), (second.folder, comparison.only_after)):
        if inputs:
            yield f"Only {name} has read {plural(len(inputs), 'input')}; its rows count as changes: {', '.join(inputs[:3])}"
    yield ""
    yield from summary(comparison)
    for title, changes, what in (
        ("Newly broken", comparison.broken, "broken"),
        ("Newly cleared", comparison.cleared, "cleared"),
    ):
        if changes:
            yield f"\n{title}"
            for change in changes:
                yield from _clause(change, what)
    if others := [change for change in comparison.changes if not change.broken and not change.cleared]:
        yield "\nOther changes of verdict"
        for change in others:
            yield f"  {_verdicts(change)}  {change.title}  [{change.clause}]"


def summary(comparison: Comparison) -> Iterator[str]:
    """Yield one line for what newly breaks and one for what newly clears, and one for the rest."""
    for word, changes in (("break", comparison.broken), ("clear", comparison.cleared)):
        rows = sum(change.broken if word == "break" else change.cleared for change in changes)
        whose = sum(bool(p.broken if word == "break" else p.cleared) for change in changes for p in change.principals)
        verb = word if rows != 1 else f"{word}s"
        yield f"{plural(rows, 'row')} newly {verb}: {plural(len(changes), 'clause')}, {plural(whose, 'subject')}"
    yield f"{plural(comparison.unchanged, 'clause')} unchanged"


def _clause(change: ClauseChange, what: str) -> Iterator[str]:
    yield f"  {change.severity:<9} {change.title}  [{change.clause}]"
    yield f"            {_verdicts(change)}, {plural(getattr(change, what), 'row')} {what}"
    own = [principal for principal in change.principals if getattr(principal, what)]
    for principal in own[:SHOWN]:
        name = pairs(dict(principal.principal)) or "no application or key named"
        yield f"            {number(getattr(principal, what)):>9}  {name}"
    if len(own) > SHOWN:
        yield f"            {'…':>9}  and {len(own) - SHOWN} more"


def _verdicts(change: ClauseChange) -> str:
    return f"{_word(change.before)} → {_word(change.after)}".lower()


def _word(verdict: Verdict | None) -> str:
    return VERDICT_WORDS[verdict] if verdict else "no such clause"
