"""The command line. Each verb is a module of its own, imported when it is used; VERBS is the table of them."""

import gc
import sys
from importlib import import_module
from typing import Any

import click

from auditor import __version__
from auditor.errors import AuditorError, ExitCode

VERBS = {
    "replay": "replay",
    "guard": "guard",
    "report": "report",
    "compare": "compare",
    "policy": "policy",
    "explain": "explain",
    "init": "init",
    "sources": "sources",
    "pull": "pull",
    "terms": "terms",
    "waive": "waive",
}
"""Verb → module in this package; the module's `command` is the click command."""


class LazyGroup(click.Group):
    """A group that imports a verb's module only when the verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the table."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's module and return its command, or None if there is no such verb."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"auditor.cli.{VERBS[cmd_name]}").command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="auditor")
def cli() -> None:
    """Check your own use of AI models against their providers' terms, with evidence."""


def main(args: list[str] | None = None) -> None:
    """Run the command line and leave with the exit code that `ExitCode` describes."""
    sys.exit(run(args))


def run(args: list[str] | None = None) -> int:
    """Run the command line and return its exit code; the one place where errors become words for people."""
    gc.set_threshold(100_000)  # a command ends soon, and what it imports is no garbage
    try:
        outcome: Any = cli.main(args, prog_name="auditor", standalone_mode=False)
        return int(outcome or 0)
    except AuditorError as error:
        click.echo(f"error: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; nothing was written", err=True)
        return ExitCode.PARTIAL
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.PARTIAL
    except Exception:
        import traceback

        traceback.print_exc()
        click.echo("This is a bug in auditor, and no audit was made. Please report it with the lines above.", err=True)
        return ExitCode.BUG
