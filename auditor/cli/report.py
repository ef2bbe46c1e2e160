"""`auditor report`: render a run again, from its folder alone."""

from pathlib import Path

import click

from auditor.cli.options import FILE
from auditor.errors import ExitCode
from auditor.reports import REPORTS, render, write_report
from auditor.runs.folder import read_run


@click.command()
@click.argument("run", type=FILE)
@click.option("--format", "format_", type=click.Choice(list(REPORTS)), required=True, help="Format of the report.")
@click.option("--out", type=FILE, help="Where to write it; standard output if not given.")
def command(run: Path, format_: str, out: Path | None) -> int:
    """Render the report of the run folder RUN."""
    data = read_run(run)
    if out:
        write_report(data, format_, out)
    else:
        click.echo(render(data, format_), nl=False)
    return ExitCode.OK
