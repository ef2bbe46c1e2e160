"""`auditor pull`: usage records, control events and settings, from where they are kept."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import click

from auditor.cli.options import FILE, Day, plain
from auditor.errors import AuditorError, ExitCode, IncompleteRunError
from auditor.pull import NOT_ASKED, PROVIDERS, Acquisition, Planned, Pull, Settings, plan, pull
from auditor.pull.fetch import Told
from auditor.pull.otlp import Address, receive
from auditor.pull.secrets import lookup
from auditor.pull.store import Wanted
from auditor.reports.words import number, plural

OTLP = "otlp"


class Listen(click.ParamType[Address]):
    """An address and port to listen on, as HOST:PORT."""

    name = "host:port"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        """Return host and port, or fail with what was expected."""
        host, _, port = str(value).rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            self.fail(f"'{value}' is no address and port; write it as 127.0.0.1:4318", param, ctx)
        return host.strip("[]"), int(port)


@click.command()
@click.argument("provider", metavar="PROVIDER", type=click.Choice([*PROVIDERS, OTLP]))
@click.option("--into", type=FILE, required=True, help="Folder that everything goes into; `auditor replay` reads it.")
@click.option("--since", type=Day(), help="First day of the period (UTC); 30 days before its end if not given.")
@click.option("--until", type=Day(), help="Last day of the period (UTC); yesterday if not given.")
@click.option("--only", metavar="NAME,…", help="Endpoints to pull; all for which there is a credential if not given.")
@click.option("--base-url", metavar="URL", help="Where the provider is, if not where it usually is.")
@click.option("--allow-http", is_flag=True, help="Send the credential to an address without encryption.")
@click.option("--account", help="Account id (cloudflare).")
@click.option("--gateway", help="Gateway id (cloudflare).")
@click.option("--concurrency", type=click.IntRange(1, 64), default=4, show_default=True, help="Requests at a time.")
@click.option("--deadline", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Stop after this time.")
@click.option("--dry-run", is_flag=True, help="Show what would be asked for, and ask for nothing.")
@click.option(
    "--listen",
    type=Listen(),
    default="127.0.0.1:4318",
    show_default=True,
    metavar="HOST:PORT",
    help="Where to receive telemetry (otlp).",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def command(
    provider: str,
    into: Path,
    since: date | None,
    until: date | None,
    only: str | None,
    base_url: str | None,
    allow_http: bool,  # noqa: FBT001  # click passes options by name
    account: str | None,
    gateway: str | None,
    concurrency: int,
    deadline: float | None,
    dry_run: bool,  # noqa: FBT001
    listen: Address,
    quiet: bool,  # noqa: FBT001
) -> int:
    """Pull usage records from a provider or gateway into a folder, for `auditor replay`.

    PROVIDER is openai, anthropic, langfuse, helicone, portkey, openrouter, litellm, cloudflare, or otlp, which waits for
    telemetry that applications send. Credentials are read from the environment or the keyring. A pull that was cut off
    goes on where it was when the same command is run again.
    """
    if provider == OTLP:
        return _receive(into, listen, deadline, quiet=quiet)
    names = tuple(name.strip() for name in only.split(",") if name.strip()) if only else ()
    options = {name: value for name, value in (("account", account), ("gateway", gateway)) if value}
    if unknown := sorted(options.keys() - PROVIDERS[provider].options.keys()):
        raise AuditorError(f"{provider} has no --{unknown[0]}")
    asked = Pull(provider, into, since, until, names, base_url, allow_http, options)
    if dry_run:
        wanted, planned = plan(asked, lookup(), datetime.now(UTC).date())
        _print_plan(wanted, planned)
        return ExitCode.OK
    try:
        with _progress(quiet=quiet) as told:
            done = asyncio.run(pull(asked, lookup(), Settings(concurrency=concurrency), deadline, told))
    except KeyboardInterrupt:
        raise IncompleteRunError(
            "interrupted; what was received is kept; run the same command again to go on"
        ) from None
    if not quiet:
        _print(done, into)
    return ExitCode.OK


def _receive(into: Path, listen: Address, deadline: float | None, *, quiet: bool) -> int:
    """Receive telemetry until the deadline or Ctrl-C."""

    def ready(host: str, port: int) -> None:
        if not quiet:
            click.echo(f"receiving OTLP/HTTP on http://{host}:{port}; Ctrl-C ends it", err=True)

    received = receive(into, listen, deadline, ready)
    if not quiet:
        click.echo(f"{plural(received.requests, 'request')} received and kept, {number(received.refused)} refused")
        click.echo(f"next: auditor replay {into}")
    return ExitCode.OK


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Told | None]:
    """Show progress by endpoint on a terminal, and nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, tuple[object, int]] = {}

        def show(endpoint: str, done: int, total: int, pages: int) -> None:
            task, before = tasks.get(endpoint) or (bars.add_task(endpoint, total=total), 0)
            tasks[endpoint] = task, before + pages
            bars.update(task, completed=done, description=f"{endpoint}: {plural(before + pages, 'page')}")  # type: ignore[arg-type]

        yield show


def _print_plan(wanted: Wanted, planned: list[Planned]) -> None:
    click.echo(f"{wanted.provider}, {wanted.since} to {wanted.until} (UTC); nothing was asked for")
    for item in planned:
        if item.shards is None:
            click.echo(f"  {item.endpoint}: as many as there are of what it belongs to, {plain(item.uri)}")
            continue
        parts = f"{item.shards[0]} … {item.shards[-1]}" if len(item.shards) > 1 else item.shards[0]
        pages = plural(item.pages or 0, "page")
        click.echo(
            f"  {item.endpoint}: {plural(len(item.shards), 'part')} ({parts}), at least {pages}, {plain(item.uri)}"
        )


def _print(done: Acquisition, into: Path) -> None:
    for item in done.endpoints:
        counts = {
            "duplicates": item.duplicates,
            "rejected": item.rejected,
            "not calls": sum(item.skipped.values()),
            "outside the period": item.outside,
        }
        more = "".join(f", {number(count)} {name}" for name, count in counts.items() if count)
        read = (
            f"kept as received only: {plain(item.unread)}" if item.unread else f"{plural(item.records, 'record')}{more}"
        )
        click.echo(f"{item.endpoint}: {plural(item.pages, 'page')}, {read}")
    for name, why in done.wanted.left_out.items():
        if why != NOT_ASKED:
            click.echo(f"{name}: left out, {why}")
    for note in done.notes:
        click.echo(f"note: {note}", err=True)
    click.echo(f"next: auditor replay {into}")
