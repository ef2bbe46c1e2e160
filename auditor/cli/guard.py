"""`auditor guard`: the check before a training run."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import click

from auditor.cli.options import FILE, Day, ReportTarget, colour, plain, policies_option
from auditor.errors import AuditorError, ExitCode
from auditor.guard.allow import SHORTEST
from auditor.guard.allow import write_baseline as write_entries
from auditor.guard.assess import run_guard
from auditor.guard.outcome import FailOn, Report, least
from auditor.guard.reports import FORMATS, render
from auditor.guard.reports.words import count
from auditor.guard.scope import GuardOptions
from auditor.model.policy import SEVERITIES
from auditor.policy.compiled import cache_folder


@click.command()
@click.argument("paths", nargs=-1, type=FILE, metavar="[PATH…]")
@click.option("--staged", is_flag=True, help="Check what git has staged, and not what lies on the disk.")
@click.option(
    "--config", type=FILE, help="What the company declares; auditor.yaml at the top of the repository if not given."
)
@policies_option
@click.option(
    "--full", is_flag=True, help="Read data files whole; otherwise of large ones a sample, of changed ones what is new."
)
@click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, "unknown"]),
    multiple=True,
    default=("high",),
    show_default=True,
    help="Least severity that stops, and `unknown` to stop at what cannot be decided as well; may be repeated.",
)
@click.option(
    "--terms",
    default="in-force",
    show_default=True,
    metavar="in-force|latest|DATE",
    help="Judge under the terms in force on the day of the check, or under those of another day.",
)
@click.option("--now", type=Day(), help="Day the check refers to; today if not given.")
@click.option("--baseline", type=FILE, help="Findings that were there before and do not stop.")
@click.option("--write-baseline", type=FILE, help="Write the open findings to this file, with --reason and --expires.")
@click.option("--reason", help="With --write-baseline: why they are accepted for the time being.")
@click.option("--expires", type=Day(), help="With --write-baseline: the last day on which they are.")
@click.option(
    "--inventory",
    type=FILE,
    metavar="PATH",
    help="Write the bill of materials of models and data (CycloneDX); - for stdout.",
)
@click.option(
    "--report",
    "reports",
    type=ReportTarget(FORMATS),
    multiple=True,
    metavar="FORMAT=PATH",
    help=f"Write a report: {', '.join(FORMATS)}.",
)
@click.option(
    "--output-format", type=click.Choice([*FORMATS]), default="text", show_default=True, help="How to print results."
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing unless something stops.")
def command(
    paths: tuple[Path, ...],
    *,
    staged: bool,
    config: Path | None,
    policies: str | None,
    full: bool,
    fail_on: tuple[FailOn, ...],
    terms: str,
    now: date | None,
    baseline: Path | None,
    write_baseline: Path | None,
    reason: str | None,
    expires: date | None,
    inventory: Path | None,
    reports: tuple[tuple[str, Path], ...],
    output_format: str,
    quiet: bool,
) -> ExitCode:
    """Check training configurations, dataset cards and data files before a model is trained on them.

    PATH is a file or a folder; the current folder if none is given, what is staged with --staged, and what is committed
    where pre-commit runs it. Nothing is changed, and no network is used.

    The exit code is 0 if nothing stops the training, 1 if something does, 2 for a fault of the configuration, and 3 if
    nothing could be read.
    """
    _check_baseline(write_baseline, reason, expires, now or datetime.now(UTC).date())
    options = GuardOptions(config, policies, terms, now, staged, full, baseline, cache_folder())
    report = run_guard(paths, options)
    severity = least(fail_on)
    code = report.exit_code(fail_on)
    _write_files(report, fail_on, inventory, reports)
    if write_baseline and reason and expires:
        text = write_entries(report.findings, reason, expires)
        _write(write_baseline, text)
        entries = count(text.count("\n"), "entry", "entries")
        click.echo(f"{entries} written to {write_baseline}, until {expires}", err=True)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY") if output_format == "github" else None:
        _write(Path(summary), render(report, "github-summary", fail_on), "a")
    if not (quiet and code == ExitCode.OK) and str(inventory) != "-":
        _print(report, output_format, fail_on)
    if output_format != "text":
        _explain(code, is_blocked=bool(report.blocking(severity)))
    return code


def _write_files(
    report: Report, fail_on: Sequence[FailOn], inventory: Path | None, reports: Sequence[tuple[str, Path]]
) -> None:
    if inventory:
        from auditor.guard.inventory import as_cyclonedx  # seldom asked for

        _write(inventory, as_cyclonedx(report))
    for format_, path in reports:
        _write(path, render(report, format_, fail_on))


def _check_baseline(path: Path | None, reason: str | None, expires: date | None, now: date) -> None:
    if path and not (reason and expires):
        raise AuditorError("--write-baseline needs --reason and --expires, which stand in every line that it writes")
    if (reason or expires) and not path:
        raise AuditorError("--reason and --expires are for --write-baseline, which is not given")
    if reason and len(reason.strip()) < SHORTEST:
        raise AuditorError(f"--reason '{reason}': say it in some words")
    if expires and expires < now:
        raise AuditorError(f"--expires {expires}: that day is past")


def _explain(code: ExitCode, *, is_blocked: bool) -> None:
    if code == ExitCode.FINDINGS and not is_blocked:
        click.echo("what is undecided or was not understood stops this (--fail-on unknown)", err=True)
    if code == ExitCode.NOTHING_ASSESSED:
        click.echo("nothing could be read, so nothing was checked", err=True)


def _write(path: Path, text: str, mode: Literal["w", "a"] = "w") -> None:
    if str(path) == "-":
        click.echo(text, nl=False)
        return
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise AuditorError(f"cannot write {path}: {error.strerror}") from error


def _print(report: Report, output_format: str, fail_on: Sequence[FailOn]) -> None:
    text = render(report, output_format, fail_on)
    if output_format != "text":
        click.echo(text, nl=False)
        return
    for line in plain(text).splitlines():
        kind = "red" if line.startswith("STOP") else "yellow" if line.startswith("warning") else None
        click.echo(colour(line, kind) if kind else line)
