"""Options that several verbs share, and how text goes to the terminal."""

import os
import sys
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import click

FILE = click.Path(exists=False, path_type=Path)


class Day(click.ParamType[date]):
    """A day written as 2025-09-01."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day, or fail with what was expected."""
        if isinstance(value, datetime):
            return value.date()
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"'{value}' is no day; write it as 2025-09-01", param, ctx)


class ReportTarget(click.ParamType[tuple[str, Path]]):
    """A report to write, as FORMAT=PATH."""

    name = "format=path"

    def __init__(self, formats: Iterable[str]) -> None:
        self.formats = tuple(formats)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        """Return format and path, or fail with the formats there are."""
        format_, _, path = str(value).partition("=")
        if format_ not in self.formats or not path:
            self.fail(f"write FORMAT=PATH with one of the formats {', '.join(self.formats)}", param, ctx)
        return format_, Path(path)


output_format = click.option(
    "--output-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print results.",
)
config_option = click.option("--config", type=FILE, help="What the company declares; ./auditor.yaml if it is there.")
policies_option = click.option(
    "--policies",
    metavar="NAME,…|PATH,…",
    help="Shipped packs by name, and paths of your own; all shipped packs if not given.",
)


def find_config(path: Path | None) -> Path | None:
    """Return the configuration file to use: the one named, else `auditor.yaml` here, else none."""
    default = Path("auditor.yaml")
    return path or (default if default.is_file() else None)


def plain(text: str) -> str:
    """Return text from records or files so that a terminal shows it and does nothing else: control characters escaped."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def colour(text: str, name: str) -> str:
    """Return text in a colour where standard output is a terminal and NO_COLOR is not set."""
    return click.style(text, fg=name) if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text
