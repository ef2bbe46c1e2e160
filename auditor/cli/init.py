"""`auditor init`: a commented starter for `auditor.yaml`, with the keys found in logs or the models found in training files."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from auditor.cli.options import FILE
from auditor.engine import Database, quote
from auditor.errors import AuditorError, ExitCode
from auditor.facts.usage import LINKS
from auditor.resources import resource_dir
from auditor.sources import Input, ingest

TITLES = {
    "keys": "API keys: which application uses each.",
    "projects": "Projects, workspaces or teams.",
    "services": "Services, as their telemetry names them.",
    "accounts": "Accounts.",
}
MOST = 200


class Trained(NamedTuple):
    """A model that training files make: its name, those files, and in words what they train it on."""

    name: str
    paths: list[str]
    datasets: str


class Entry(NamedTuple):
    """Something found in the logs: its name, and what was seen of it in words."""

    name: str
    calls: str


@click.command()
@click.argument("inputs", nargs=-1, metavar="[INPUT…]")
@click.option("--format", "format_", metavar="NAME", help="Format of the inputs, if it shall not be detected.")
@click.option("--mapping", type=FILE, help="Mapping file that says which column is which fact.")
@click.option("--out", type=FILE, default=Path("auditor.yaml"), show_default=True, help="File to write.")
def command(inputs: tuple[str, ...], format_: str | None, mapping: Path | None, out: Path) -> int:
    """Write a starter auditor.yaml with the keys, projects and services found in INPUT.

    Without INPUT, it has the models that training files in this repository make, for `auditor guard`.
    """
    if out.exists():
        raise AuditorError(f"{out} exists already; choose another --out")
    applications: list[Entry] = []
    sections: list[tuple[str, str, list[Entry]]] = [(section, TITLES[section], []) for section, _ in LINKS.items()]
    models = [] if inputs else _trained()
    if inputs:
        with Database() as db:
            asyncio.run(ingest(db, [Input(path, format_, mapping) for path in inputs], text=frozenset()))
            columns = db.columns("records")
            applications = list(_found(db, "application.id", columns))
            sections = [(section, TITLES[section], list(_found(db, fact, columns))) for section, fact in LINKS.items()]
    environment = Environment(  # noqa: S701  # writes YAML; every value from logs goes through the filter `yaml`
        loader=FileSystemLoader(resource_dir("templates") / "init"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["yaml"] = _quoted
    text = environment.get_template("auditor.yaml.j2").render(
        applications=applications, sections=sections, models=models
    )
    try:
        out.write_text(text + "\n", "utf-8")
    except OSError as error:
        raise AuditorError(f"cannot write {out}: {error.strerror}") from error
    found = (
        ", ".join(f"{len(entries)} {section}" for section, _, entries in sections)
        if inputs
        else f"{len(models)} model{'s' * (len(models) != 1)}"
    )
    following = f"auditor replay {' '.join(inputs)} --config {out}" if inputs else f"auditor guard --config {out}"
    click.echo(f"wrote {out} with {found}; fill it in, then: {following}")
    return ExitCode.OK


def _trained() -> list[Trained]:
    """The models that training files in this repository make."""
    from auditor.guard import check  # only where there is no log

    by_model: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for item in check().inputs:
        paths, datasets = by_model.setdefault(item.model, ({}, {}))
        paths[item.file] = None
        datasets[item.dataset] = None
    return [Trained(name, list(paths), ", ".join(list(named)[:5])) for name, (paths, named) in by_model.items()]


def _found(db: Database, fact: str, columns: dict[str, str]) -> Iterator[Entry]:
    """Yield the values of a fact in the records, the most used first, with the models they called."""
    if fact not in columns:
        return
    model = '"gen_ai.request.model"' if "gen_ai.request.model" in columns else "NULL"
    query = (
        f"SELECT {quote(fact)}, count(*) AS n, list_sort(array_agg(DISTINCT {model}) FILTER ({model} IS NOT NULL))[:4] "
        f"FROM records WHERE {quote(fact)} IS NOT NULL GROUP BY ALL ORDER BY n DESC, {quote(fact)} LIMIT {MOST}"
    )
    for name, calls, models in db.execute(query):
        used = f", models {', '.join(json.dumps(m) for m in models)}" if models else ""
        yield Entry(name, f"{calls:,} {'call' if calls == 1 else 'calls'}{used}")


def _quoted(text: str) -> str:
    """Return text as a quoted YAML scalar; JSON's escapes are YAML's."""
    return json.dumps(text)
