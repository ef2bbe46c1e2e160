"""`auditor policy diff`: what changes between two days, two packs, or a pack and a draft, and whom it would concern."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from pydantic import JsonValue

from auditor.audit import Options, audit
from auditor.cli.compare import SHOWN, summary
from auditor.cli.options import FILE, find_config, output_format, plain, policies_option
from auditor.errors import AuditorError, ExitCode
from auditor.model.comparison import Comparison
from auditor.policy.diff import ClauseDifference, PolicyDifference, Side, Value, diff
from auditor.policy.load import load_policies
from auditor.reports.words import pairs, plural, short
from auditor.resources import resource_dir
from auditor.runs.compare import compare_runs
from auditor.runs.folder import read_run
from auditor.sources import Input

CHANGES = ("added", "gone", "changed")


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@policies_option
@click.option(
    "--against", type=FILE, metavar="RUN", help="Replay the inputs of this run under both, and say who changes verdict."
)
@click.option("--config", type=FILE, help="With --against: what the company declares; ./auditor.yaml if it is there.")
@click.option("--mapping", type=FILE, help="With --against: the mapping file that the inputs were read with.")
@output_format
def command(
    before: str,
    after: str,
    policies: str | None,
    against: Path | None,
    config: Path | None,
    mapping: Path | None,
    output_format: str,
) -> int:
    """Show what changes from A to B: each a day (2025-09-01), a shipped pack, or the path of a pack or draft.

    A path under B that holds documents of a pack in A is taken as a draft: only its documents are compared.
    """
    sides = [_side(name, policies) for name in (before, after)]
    draft = _is_path(after) and not _is_path(before)
    only = frozenset(document.id for document in sides[1].policy.documents) if draft else None
    found = diff(*sides, only=only)
    comparison = None
    if against:
        under = [(policies, before) if _day(before) else (before, "in-force")]
        packs = policies if _day(before) else before
        under += [(policies, after) if _day(after) else (packs, after) if draft else (after, "in-force")]
        comparison = _replayed(against, under, find_config(config), mapping)
    if output_format == "json":
        whole: dict[str, JsonValue] = {"policy": found.model_dump(mode="json")}
        whole |= {"runs": comparison.model_dump(mode="json")} if comparison else {}
        click.echo(json.dumps(whole, indent=2, ensure_ascii=False))
    else:
        click.echo(plain("\n".join([*_lines(found), *(_whom(comparison) if comparison else ())])))
    return ExitCode.OK


def _is_path(name: str) -> bool:
    shipped = (resource_dir("policies") / name).is_dir()
    return _day(name) is None and not shipped and Path(name).exists()


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def _side(name: str, policies: str | None) -> Side:
    if day := _day(name):
        return Side(name, load_policies(policies), day)
    return Side(name, load_policies(name))


def _replayed(
    run: Path, under: Sequence[tuple[str | None, str]], config: Path | None, mapping: Path | None
) -> Comparison:
    """Replay the inputs of a run under each pair of packs and terms, and compare; nothing is kept."""
    manifest = read_run(run).manifest
    inputs = [Input(item.uri, None if mapping else item.format, mapping) for item in manifest.inputs]
    with TemporaryDirectory(prefix="auditor-") as folder:
        out = [Path(folder) / name for name in ("before", "after")]
        for (policies, terms), target in zip(under, out, strict=True):
            made = asyncio.run(audit(inputs, Options(policies, config, terms, now=manifest.run.now, out=target)))
            read = {item.uri: item.sha256 for item in made.data.manifest.inputs}
            if "-" in read:
                raise AuditorError(f"{run} has read standard input, which cannot be read again; replay from a file")
            if changed := [item.uri for item in manifest.inputs if read.get(item.uri) != item.sha256]:
                raise AuditorError(f"not as {run} has read them: {', '.join(changed)}; replay them anew first")
        return compare_runs(*out)


def _lines(found: PolicyDifference) -> Iterator[str]:
    counts = [f"{plural(sum(c.change == word for c in found.clauses), 'clause')} {word}" for word in CHANGES]
    yield f"{found.before} → {found.after}: {', '.join(counts)}, {found.unchanged} unchanged"
    for word in CHANGES:
        for clause in (c for c in found.clauses if c.change == word):
            yield from _clause(clause)


def _clause(clause: ClauseDifference) -> Iterator[str]:
    yield f"\n{clause.change}: {clause.title}  [{clause.clause}]"
    for name, value in clause.version.items():
        if clause.change == "changed" or name in ("section", "from", "until"):
            yield f"  version {name}: {_change(value)}"
    for name, value in clause.values.items():
        yield f"  {name}: {_change(value)}"
    for rule in clause.rules:
        yield f"  rule {rule.rule} {rule.change}"
        yield from (f"    {name}: {_change(value)}" for name, value in rule.values.items())


def _change(value: Value) -> str:
    before, after = (short(_written(item)) for item in (value.before, value.after))
    return f"{before} → {after}"


def _written(value: JsonValue) -> str:
    if value in (None, [], ""):
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _whom(comparison: Comparison) -> Iterator[str]:
    yield "\nThe recorded calls and declarations, replayed under both:"
    yield from (f"  {line}" for line in summary(comparison))
    for change in comparison.changes:
        if change.broken or change.cleared:
            yield f"  {change.broken:>9,} newly broken {change.cleared:>9,} newly cleared  [{change.clause}]"
            names = [pairs(dict(p.principal)) or "no application or key named" for p in change.principals]
            yield f"            {', '.join(names[:SHOWN])}{f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''}"
