"""`auditor replay`: the audit."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import click

from auditor.audit import Options, Run, audit
from auditor.cli.options import (
    FILE,
    Day,
    ReportTarget,
    colour,
    config_option,
    find_config,
    output_format,
    plain,
    policies_option,
)
from auditor.errors import AuditorError, ExitCode
from auditor.model.policy import SEVERITIES, Severity
from auditor.model.run import Manifest
from auditor.reports import REPORTS, write_report
from auditor.reports.opinion import opinion
from auditor.reports.words import VERDICT_WORDS, number, percent, plural
from auditor.runs.folder import MANIFEST, REJECTS, as_json
from auditor.sources import Input, Progress

COLOURS = {"breach": "red", "suspected": "yellow", "clear": "green"}
SHOWN = 10


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT…")
@click.option(
    "--format",
    "format_",
    metavar="NAME",
    help="Format of the inputs, if it shall not be detected; see `auditor sources`.",
)
@click.option("--mapping", type=FILE, help="Mapping file that says which column is which fact.")
@config_option
@policies_option
@click.option(
    "--terms",
    default="in-force",
    show_default=True,
    metavar="in-force|latest|DATE|PATH",
    help="Judge each record under the terms of its own day, or all under those of one day or of a draft.",
)
@click.option("--since", type=Day(), help="First day of the period (UTC).")
@click.option("--until", type=Day(), help="Last day of the period (UTC).")
@click.option("--now", type=Day(), help="Day the audit refers to, for `latest` and for waivers; today if not given.")
@click.option("--out", type=FILE, help="Where to write the run folder; auditor-runs/<time> if not given.")
@click.option(
    "--report", "reports", type=ReportTarget(REPORTS), multiple=True, metavar="FORMAT=PATH", help="Also write a report."
)
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    default="high",
    show_default=True,
    help="Least severity that means exit 1.",
)
@click.option(
    "--min-coverage",
    type=click.FloatRange(0, 100),
    default=0.0,
    metavar="PCT",
    help="Exit 3 if fewer checks than this got a definite answer.",
)
@output_format
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def command(
    inputs: tuple[str, ...],
    format_: str | None,
    mapping: Path | None,
    config: Path | None,
    policies: str | None,
    terms: str,
    since: date | None,
    until: date | None,
    now: date | None,
    out: Path | None,
    reports: tuple[tuple[str, Path], ...],
    fail_on: Severity,
    min_coverage: float,
    output_format: str,
    quiet: bool,  # noqa: FBT001  # click passes options by name
) -> int:
    """Replay usage records against policy packs and write a run folder.

    INPUT is a file, a folder, a glob, or - for standard input.
    """
    _refuse_taken([path for _, path in reports])
    folder = out or Path("auditor-runs") / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    options = Options(policies, find_config(config), terms, since, until, now, folder)
    named = [Input(path, format_, mapping) for path in inputs]
    with reading_bars(quiet=quiet) as progress:
        run = asyncio.run(audit(named, options, progress))
    for name, path in reports:
        write_report(run.data, name, path)
    code = run.exit_code(fail_on, min_coverage)
    if output_format == "json":
        click.echo(as_json(run.data.manifest), nl=False)
    elif not quiet:
        _print(run, code, fail_on, min_coverage)
    return code


def _refuse_taken(paths: list[Path]) -> None:
    """Refuse reports that could not be written, before the work is done."""
    if wrong := [str(path) for path in paths if path.is_dir()]:
        raise AuditorError(f"cannot write a report to {', '.join(wrong)}: it is a folder")


@contextmanager
def reading_bars(*, quiet: bool) -> Iterator[Progress | None]:
    """Show a progress bar on a terminal, and nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks = {"": bars.add_task("reading", total=None)}

        def show(uri: str, done: int, total: int) -> None:
            if uri not in tasks:
                tasks[uri] = bars.add_task(plain(uri), total=total or None)
            bars.update(tasks[uri], completed=done)

        yield show


def _print(run: Run, code: ExitCode, fail_on: Severity, min_coverage: float) -> None:
    manifest = run.data.manifest
    said = opinion(manifest)
    click.echo("\n".join(line for line in (said.headline, said.basis, *said.limits) if line))
    click.echo()
    _print_counts(manifest)
    for verdict in ("breach", "suspected"):
        clauses = [clause for clause in manifest.clauses if clause.verdict == verdict]
        clauses.sort(key=lambda clause: -SEVERITIES.index(clause.severity))
        for clause in clauses[:SHOWN]:
            word = colour(f"{VERDICT_WORDS[verdict]:<12}", COLOURS[verdict])
            click.echo(f"{word} {clause.severity:<9} {plain(clause.title)}  [{clause.id}]")
        if len(clauses) > SHOWN:
            click.echo(f"{'':<22} … and {len(clauses) - SHOWN} more")
    if run.data.coverage.advice:
        click.echo("\nTo learn more, declare in auditor.yaml:")
        for advice in run.data.coverage.advice[:5]:
            click.echo(f"  {advice.fact:<36} {number(advice.checks)} checks wait for it: {advice.meaning}")
    if unknown := run.data.coverage.unresolved_models:
        names = ", ".join(plain(name) for name in list(unknown)[:5])
        count = run.data.coverage.unresolved_names
        click.echo(f"\n{plural(count, 'model name')} not known (say under `aliases` what each is): {names}")
    if manual := run.data.coverage.not_testable:
        click.echo(f"\n{plural(len(manual), 'clause')} can only be checked by a person; the report says how.")
    click.echo(f"\nDeclarations: {plain(manifest.config.path or 'none; `auditor init INPUT` writes a starter')}")
    click.echo(f"Run folder: {run.folder}   (exit {int(code)}: {_reason(run, code, fail_on, min_coverage)})")


def _print_counts(manifest: Manifest) -> None:
    totals = manifest.totals
    parts = {
        "assessed": totals.assessed,
        "unknown": totals.unknown,
        "not governed": totals.not_governed,
        "outside the period": totals.outside_period,
        "rejected": totals.rejected,
        "duplicates": totals.duplicates,
        "on accounts or for training": totals.informing,
    }
    shown = " + ".join(
        f"{number(count)} {name}" for name, count in parts.items() if count or name in ("assessed", "unknown")
    )
    click.echo(f"{number(totals.received)} records = {shown}")
    click.echo()


def _reason(run: Run, code: ExitCode, fail_on: Severity, min_coverage: float) -> str:
    totals = run.data.manifest.totals
    match code:
        case ExitCode.PARTIAL:
            cut = "; ".join(
                f"{plain(item.uri)}: {item.truncated}" for item in run.data.manifest.inputs if item.truncated
            )
            return f"not everything could be read: {cut}"
        case ExitCode.NOTHING_ASSESSED if totals.decided:
            return f"only {percent(totals.decided, totals.checks)} of checks were decided, {min_coverage:g} % were asked for"
        case ExitCode.NOTHING_ASSESSED if not totals.records:
            return (
                f"no record could be read; see {run.folder}/{REJECTS}"
                if totals.rejected
                else "the inputs hold no records"
            )
        case ExitCode.NOTHING_ASSESSED:
            return f"no record is governed by the packs used; see {run.folder}/{MANIFEST}"
        case ExitCode.FINDINGS:
            return f"findings of severity {fail_on} or above"
        case _:
            return f"no findings of severity {fail_on} or above"
