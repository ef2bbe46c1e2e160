"""How the guard's report is written; the table of formats. Each is imported when it is used."""

from collections.abc import Callable, Sequence
from importlib import import_module

from auditor.guard.outcome import FailOn, Report

FORMATS = {
    "text": ("text", "as_text"),
    "json": ("data", "as_json"),
    "sarif": ("sarif", "as_sarif"),
    "github": ("hosts", "as_github"),
    "github-summary": ("hosts", "as_summary"),
    "gitlab": ("hosts", "as_gitlab"),
}
"""Format → module in this package, and its function."""


def render(report: Report, format_: str, fail_on: Sequence[FailOn] = ("high",)) -> str:
    """Return the report in one of `FORMATS`; `fail_on` is the least severity that stops, and `unknown` if that stops too."""
    module, name = FORMATS[format_]
    write: Callable[[Report, Sequence[FailOn]], str] = getattr(import_module(f"auditor.guard.reports.{module}"), name)
    return write(report, fail_on).encode("utf-8", "backslashreplace").decode()  # names of files may hold any byte
