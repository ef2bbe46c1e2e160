"""The report as code hosts want it in their jobs: GitHub's workflow commands and step summary, GitLab's code quality."""

import json
import re
from collections.abc import Iterator

from pydantic import JsonValue

from auditor.guard.outcome import GuardFinding, Report
from auditor.guard.reports import words
from auditor.guard.reports.sarif import fingerprint
from auditor.model.policy import Severity
from auditor.reports.escape import markdown, visible

ANNOTATIONS = 10
"""Annotations of a kind that GitHub shows for a step."""
GITLAB: dict[Severity, str] = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}


def as_github(report: Report, fail_on: Severity) -> str:
    """Return the findings as workflow commands, which GitHub shows beside the lines of a change."""
    items = [item for item in report.findings if item.open]
    stops = [item for item in items if item.blocks(fail_on)]
    others = [item for item in items if not item.blocks(fail_on)]
    lines = [*_commands("error", stops), *_commands("warning", others)]
    lines += [f"::notice::{_escaped(text)}" for text in [*words.open_cases(report, fail_on)][:ANNOTATIONS]]
    return "".join(f"{line}\n" for line in lines) + f"{words.examined(report.examined)}.\n"


def _commands(kind: str, items: list[GuardFinding]) -> Iterator[str]:
    for item in items[:ANNOTATIONS]:
        place = item.places[0]
        line = f",line={place.line}" if place.line else ""
        text = f"{words.headline(item)} {words.clause(item)}. Ways out: {'; '.join(item.ways)}"
        yield f"::{kind} file={_property(place.file)}{line},title={_property(item.clause.title)}::{_escaped(text)}"
    if len(items) > ANNOTATIONS:
        yield f"::{kind}::and {len(items) - ANNOTATIONS} more; the summary has them all"


def _escaped(text: str) -> str:
    text = "\n".join(visible(line) for line in text.splitlines())
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def as_summary(report: Report, fail_on: Severity) -> str:
    """Return the report as Markdown for the summary of a job."""
    lines = ["## auditor guard", "", f"{words.examined(report.examined)}.", ""]
    if report.findings:
        lines += ["| | Dataset | Model | Clause | Evidence | Where |", "|---|---|---|---|---|---|"]
        lines += [_row(item, fail_on) for item in report.findings]
        lines.append("")
    for title, texts in (
        ("Undecided", [*words.open_cases(report, fail_on)]),
        ("Not understood", [f"{item.place}: {item.why}" for item in report.unread]),
        ("Notes", [*report.notices, *filter(None, [words.not_examined(report)])]),
    ):
        if texts:
            lines += [f"### {title}", "", *(f"- {markdown(text)}" for text in texts), ""]
    return "\n".join(lines) + "\n"


def _row(item: GuardFinding, fail_on: Severity) -> str:
    kind = "stop" if item.blocks(fail_on) else "warning" if item.open else item.finding.status
    linked = f"[{markdown(item.clause.title)}]({re.sub(r'[()<>]', '', item.clause.url)})"
    clause = f"{linked} ({markdown(item.clause.document)}, {markdown(item.clause.section)})"
    cells = (kind, markdown(item.dataset), markdown(item.model), clause, item.evidence, markdown(str(item.places[0])))
    return f"| {' | '.join(cells)} |"


def as_gitlab(report: Report, fail_on: Severity) -> str:
    """Return the open findings as GitLab's code quality report; whether a job fails is said by the exit code alone."""
    issues: list[JsonValue] = [
        {
            "description": f"{words.headline(item)} {words.clause(item)}",
            "check_name": item.finding.rule,
            "fingerprint": fingerprint(place.file, item) + item.finding.id.removeprefix("f-"),
            "severity": GITLAB[item.finding.severity] if item.blocks(fail_on) else "info",
            "location": {"path": place.file, "lines": {"begin": place.line or 1}},
        }
        for item in report.findings
        if item.open
        for place in {place.file: place for place in reversed(item.places)}.values()
    ]
    return json.dumps(issues, indent=2) + "\n"
