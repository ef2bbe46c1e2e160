"""`auditor sources`: what can be read, which facts each format can give, and what there is in a file."""

import asyncio
import json
from pathlib import Path

import click

from auditor.audit import Options, audit
from auditor.cli.inspect import inspection, print_inspection
from auditor.cli.options import FILE, config_option, find_config, output_format, policies_option
from auditor.cli.replay import reading_bars
from auditor.errors import ExitCode
from auditor.sources import SOURCES, Input, Source
from auditor.sources.source import SCHEMAS

KINDS = {
    "call": "calls",
    "bucket": "buckets",
    "event": "events",
    "snapshot": "snapshots",
    "item": "training items",
}
"""Kind of record → its name in lists."""


@click.group(invoke_without_command=True)
@click.option("--facts", metavar="FORMAT", help="List the facts that a format can give, with what each means.")
@output_format
@click.pass_context
def command(ctx: click.Context, facts: str | None, output_format: str) -> int:
    """List the formats that can be read, or look into files."""
    if ctx.invoked_subcommand:
        return ExitCode.OK
    if facts:
        return _print_facts(facts)
    if output_format == "json":
        listed = [
            {"name": s.name, "title": s.title, "kind": s.kind, "layer": s.layer, "facts": sorted(s.facts)}
            for s in SOURCES.values()
        ]
        click.echo(json.dumps(listed, indent=2))
        return ExitCode.OK
    for source in SOURCES.values():
        click.echo(f"{source.name:<24} {KINDS[source.kind]:<14} {_count(source):>10}  {source.title}")
    click.echo(
        f"\n{len(SOURCES)} formats. The format is told from the content; --format forces one, --mapping FILE reads columns of"
    )
    click.echo("any name. gzip and zstd are read as they are.")
    click.echo(
        "`auditor sources --facts FORMAT` lists the facts of one, `auditor sources inspect FILE` looks into a file."
    )
    return ExitCode.OK


@command.command("inspect")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT…")
@click.option("--format", "format_", metavar="NAME", help="Format of the inputs, if it shall not be detected.")
@click.option("--mapping", type=FILE, help="Mapping file that says which column is which fact.")
@config_option
@policies_option
@output_format
def inspect(
    inputs: tuple[str, ...],
    format_: str | None,
    mapping: Path | None,
    config: Path | None,
    policies: str | None,
    output_format: str,
) -> int:
    """Say what there is in files, which rules can be decided from it, and what to declare to decide more.

    Nothing is written.
    """
    named = [Input(path, format_, mapping) for path in inputs]
    with reading_bars(quiet=output_format == "json") as progress:
        run = asyncio.run(audit(named, Options(policies, find_config(config)), progress))
    found = inspection(run.data)
    if output_format == "json":
        click.echo(json.dumps(found, indent=2))
    else:
        print_inspection(found)
    return ExitCode.OK if run.data.manifest.complete else ExitCode.PARTIAL


def _count(source: Source) -> str:
    every = source.facts.keys() >= SCHEMAS[source.kind].facts.keys()
    return "all facts" if every else f"{len(source.facts)} facts"


def _print_facts(name: str) -> int:
    if name not in SOURCES:
        raise click.BadParameter(f"there is no format '{name}'; `auditor sources` lists them", param_hint="--facts")
    source = SOURCES[name]
    schema = SCHEMAS[source.kind].facts
    click.echo(f"{source.title}\n")
    for fact in schema.values():
        if fact.name in source.facts:
            click.echo(f"  {fact.name:<40} {fact.meaning}{f' ({fact.unit})' if fact.unit else ''}")
    return ExitCode.OK
