"""`auditor sources`: what can be read, and which facts each format can give."""

import json

import click

from auditor.cli.options import output_format
from auditor.errors import ExitCode
from auditor.model.facts import USAGE
from auditor.sources import SOURCES


@click.command()
@output_format
def command(output_format: str) -> int:
    """List the formats that can be read."""
    if output_format == "json":
        listed = [{"name": s.name, "title": s.title, "facts": sorted(s.facts)} for s in SOURCES.values()]
        click.echo(json.dumps(listed, indent=2))
        return ExitCode.OK
    for source in SOURCES.values():
        facts = "every fact" if set(source.facts) >= set(USAGE.facts) else f"{len(source.facts)} facts"
        click.echo(f"{source.name:<14} {source.title} ({facts})")
    click.echo("\nThe format is told from the content; --format forces one, --mapping FILE reads columns of any name.")
    click.echo("gzip and zstd are read as they are. `auditor sources --output-format json` lists the facts of each.")
    return ExitCode.OK
