"""Reports, rendered from what a run folder holds and from nothing else: the same run gives the same bytes.

Nothing that differs between two runs on the same inputs (the run's id, the clock, where a file lay) gets into a report.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import AuditorError
from auditor.model.rundata import RunData
from auditor.reports import escape
from auditor.reports.data import csv_context, json_context
from auditor.reports.environment import Newline, render_chunks
from auditor.reports.view import results_digest, run_view


@dataclass(frozen=True)
class Report:
    """A report format.

    Attributes:
        about: what it is for, in words for `--help` and the docs.
        file_name: what it is called beside the run.
        template: the template in `templates/report/`.
        write: how a value is written, so that none can break out of its place.
        context: what the template is given.
        newline: how lines end.
    """

    about: str
    file_name: str
    template: str
    write: Callable[[object], object]
    context: Callable[[RunData], dict[str, object]]
    newline: Newline = "\n"


def _page(run: RunData) -> dict[str, object]:
    return {"view": run_view(run)}


REPORTS: dict[str, Report] = {
    "html": Report("one page to read, print and send on", "report.html", "report.html.j2", escape.html, _page),
    "md": Report("the same, shorter, for wikis and pull requests", "report.md", "report.md.j2", escape.markdown, _page),
    "json": Report("everything, for programs", "report.json", "report.json.j2", escape.json_text, json_context),
    "jsonl": Report("one finding a line", "report.jsonl", "findings.jsonl.j2", escape.json_text, json_context),
    "csv": Report("one finding a row", "report.csv", "findings.csv.j2", escape.csv, csv_context, newline="\r\n"),
}


def chunks(run: RunData, format: str) -> Iterator[str]:
    """Yield the report on `run` piece by piece.

    Raises:
        AuditorError: there is no such format.
    """
    if format not in REPORTS:
        raise AuditorError(f"there is no report format '{format}'; choose one of {', '.join(REPORTS)}")
    report = REPORTS[format]
    return render_chunks(report.template, report.write, report.newline, report.context(run))


def render(run: RunData, format: str) -> str:
    """Return the report on `run` as text.

    Raises:
        AuditorError: there is no such format.
    """
    return "".join(chunks(run, format))


def write_report(run: RunData, format: str, path: Path) -> None:
    """Write the report on `run` to `path` in UTF-8, replacing what is there.

    Raises:
        AuditorError: there is no such format, or the file cannot be written.
    """
    pieces = chunks(run, format)
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
    except OSError as error:
        raise AuditorError(f"cannot write {path}: {error.strerror}") from error


__all__ = ["REPORTS", "Report", "chunks", "render", "results_digest", "write_report"]
