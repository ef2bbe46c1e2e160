"""`auditor terms`: watch the texts that the packs rest on, and say when a section that a clause relies on changes."""

import asyncio
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic import JsonValue

from auditor.cli.options import FILE, output_format, plain, policies_option
from auditor.errors import AuditorError, ExitCode
from auditor.model.policy import Document
from auditor.policy.load import load_policies
from auditor.terms.check import DocumentResult, exit_code
from auditor.terms.collection import read_folder, read_newest
from auditor.terms.git import is_repository, opened
from auditor.terms.sections import sections
from auditor.terms.state import accept as accept_names
from auditor.terms.state import kept_text, load_state, save_state
from auditor.terms.watch import Past, Watch, held, in_collection
from auditor.terms.words import alert_lines, count_line, counts_data, past_line, result_data, result_lines
from auditor.yamlfile import nearest

state_option = click.option(
    "--state", type=FILE, required=True, metavar="DIR", help="Where what is known is kept; made if it is not there."
)


@click.group()
def command() -> None:
    """Watch the terms themselves: which wording the clauses rest on, and whether it has changed."""


@command.command()
@click.argument("documents", nargs=-1, metavar="[DOCUMENT…]")
@state_option
@click.option("--from", "source", type=FILE, help="Folder, git repository or bundle to read instead of the addresses.")
@policies_option
@click.option("--history", is_flag=True, help="Walk all commits of the repository, the oldest first.")
@click.option("--allow-private", is_flag=True, help="Fetch http, and addresses that are not public, as well.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds a document.")
@output_format
def check(
    documents: tuple[str, ...],
    state: Path,
    source: Path | None,
    policies: str | None,
    timeout: float,
    output_format: str,
    *,
    history: bool,
    allow_private: bool,
) -> int:
    """Compare the documents with what was seen before; all documents of the packs if none is named."""
    chosen = _choose(documents, policies)
    watch = Watch(state)
    left_out: list[str] = []
    if source:
        chosen, left_out = _in_source(watch, chosen, source, named=bool(documents))
    if history:
        pasts = _history(watch, chosen, source)
        _show_past(pasts, str(state), left_out, output_format)
        return exit_code([past.newest for past in pasts], sum(len(r.alerts) for past in pasts for r in past.results))
    results = _from(watch, chosen, source) if source else _fetch(watch, chosen, timeout, allow_private=allow_private)
    _show(results, str(state), left_out, output_format)
    return exit_code(results, sum(len(result.alerts) for result in results))


@command.command("import")
@click.argument("repository", type=FILE)
@click.option("--into", "state", type=FILE, required=True, metavar="DIR", help="Where what is known is kept.")
@click.option("--document", "documents", multiple=True, metavar="ID", help="Only this document; may be repeated.")
@policies_option
def import_(repository: Path, state: Path, documents: tuple[str, ...], policies: str | None) -> int:
    """Take the full history of documents from a git repository or bundle laid out as Open Terms Archive's.

    Ends with 0 when every document could be read, whatever changed in the past: that is what it is for.
    """
    watch = Watch(state)
    chosen, left_out = _in_source(watch, _choose(documents, policies), repository, named=bool(documents))
    pasts = _history(watch, chosen, repository)
    for past in pasts:
        _echo(past_line(past))
        if past.newest.outcome == "failed":
            _echo(*result_lines(past.newest))
    _show_left_out(left_out)
    return exit_code([past.newest for past in pasts], 0)


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="CLAUSE…")
@state_option
def accept(names: tuple[str, ...], state: Path) -> int:
    """Mark the wording of clauses, as last observed, as reviewed; or take a document's text that was refused as too short."""
    updated, lines = accept_names(load_state(state), names, datetime.now(UTC))
    save_state(state, updated)
    _echo(*lines)
    return ExitCode.OK


@command.command("sections")
@click.argument("document")
@state_option
def sections_(document: str, state: Path) -> int:
    """List the sections of a document's newest text with their hashes, for `section` and `text` in a pack."""
    known = load_state(state).documents
    if document not in known or known[document].last is None:
        hint = nearest(document, set(known)) or f"run `auditor terms check {document} --state {state}` first"
        raise AuditorError(f"{state} holds no text of '{document}' ({hint})")
    for section in sections(kept_text(state, str(known[document].last))):
        start = section.text.replace("\n", " ")[:60]
        _echo(f"{section.hash}  {section.name}  {start if start != section.heading else ''}".rstrip())
    return ExitCode.OK


def _choose(names: tuple[str, ...], policies: str | None) -> list[Document]:
    documents = {document.id: document for document in load_policies(policies).documents}
    for name in names:
        if name not in documents:
            raise AuditorError(f"no document '{name}' in the packs {nearest(name, set(documents))}".rstrip())
    return [documents[name] for name in dict.fromkeys(names)] if names else list(documents.values())


def _in_source(
    watch: Watch, documents: list[Document], source: Path, *, named: bool
) -> tuple[list[Document], list[str]]:
    """The documents to look for in a folder or repository, and in words what is left out, where none is asked for by name."""
    placed, unplaced = in_collection(documents, named=named)
    if named or not (source.is_dir() or is_repository(source)):
        return placed, []
    kept, absent = held(placed, source, watch)
    left_out = [f"not looked for, as their packs give no `archive`: {', '.join(unplaced)}"] if unplaced else []
    return kept, [*left_out, *([f"not in {source}: {', '.join(absent)}"] if absent else [])]


def _history(watch: Watch, documents: list[Document], source: Path | None) -> list[Past]:
    if source is None or not is_repository(source):
        place = f"{source} is no git repository or bundle" if source else "no repository is named"
        raise AuditorError(f"there is no history to walk: {place}; name one with --from")
    with opened(source) as repository:
        return watch.check_history(documents, repository, str(source))


def _from(watch: Watch, documents: list[Document], source: Path) -> list[DocumentResult]:
    if is_repository(source):
        with opened(source) as repository:
            readings = [read_newest(document, repository, str(source)) for document in documents]
        return watch.check(documents, readings)
    if not source.is_dir():
        raise AuditorError(f"{source} is no folder, git repository or bundle")
    now = datetime.now(UTC)
    return watch.check(documents, [read_folder(document, source, now) for document in documents])


def _fetch(watch: Watch, documents: list[Document], timeout: float, *, allow_private: bool) -> list[DocumentResult]:
    from auditor.terms.fetch import Settings, fetch_all  # httpx takes a tenth of a second, and only this needs it

    settings = Settings(timeout=timeout, allow_private=allow_private)
    wanted = [watch.wanted(document) for document in documents]
    return watch.check(documents, asyncio.run(fetch_all(wanted, datetime.now(UTC), settings)))


def _show(results: list[DocumentResult], state: str, left_out: list[str], output_format: str) -> None:
    if output_format == "json":
        documents: list[JsonValue] = [result_data(result) for result in results]
        _echo_json({"documents": documents, "left_out": list(left_out), "counts": counts_data(results)})
        return
    for result in results:
        for alert in result.alerts:
            _echo(*alert_lines(alert, state), "")
    for result in results:
        _echo(*result_lines(result))
    _show_left_out(left_out)
    _echo(count_line(results))


def _show_past(pasts: list[Past], state: str, left_out: list[str], output_format: str) -> None:
    newest = [past.newest for past in pasts]
    if output_format == "json":
        documents: list[JsonValue] = [
            {"document": past.document, "texts": past.distinct, "commits": [result_data(r) for r in past.results]}
            for past in pasts
        ]
        _echo_json({"documents": documents, "left_out": list(left_out), "counts": counts_data(newest)})
        return
    alerts = [alert for past in pasts for result in past.results for alert in result.alerts]
    for alert in sorted(alerts, key=lambda alert: (alert.date, alert.document)):
        _echo(*alert_lines(alert, state), "")
    for past in pasts:
        _echo(past_line(past), *(f"  at its newest commit, {line.strip()}" for line in result_lines(past.newest)))
    _show_left_out(left_out)
    _echo(f"at the newest commits: {count_line(newest)}")


def _show_left_out(left_out: list[str]) -> None:
    _echo(*left_out)


def _echo(*lines: str) -> None:
    for line in lines:
        click.echo(plain(line))


def _echo_json(data: dict[str, JsonValue] | Iterable[JsonValue]) -> None:
    click.echo(json.dumps(data, indent=2))
