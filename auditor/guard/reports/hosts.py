"""The report as code hosts want it in their jobs: GitHub's workflow commands and step summary, GitLab's code quality."""

import json
import re
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from auditor.guard.found import Place
from auditor.guard.outcome import FailOn, GuardFinding, Report, least
from auditor.guard.reports import words
from auditor.guard.reports.sarif import UNKNOWN, digest, fingerprint
from auditor.model.policy import Severity
from auditor.reports.escape import markdown, visible

ANNOTATIONS = 10
"""Annotations of a kind that GitHub shows for a step."""
GITLAB: dict[Severity, str] = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}


def as_github(report: Report, fail_on: Sequence[FailOn]) -> str:
    """Return the findings as workflow commands, which GitHub shows beside the lines of a change."""
    severity = least(fail_on)
    items = [item for item in report.findings if item.open]
    stops = [_of_finding(item) for item in items if item.blocks(severity)]
    others = [_of_finding(item) for item in items if not item.blocks(severity)]
    unknown = [(place, "unknown", text) for place, text in words.unknowns(report, severity)]
    kind = "error" if "unknown" in fail_on else "notice"
    lines = [*_commands("error", stops), *_commands("warning", others), *_commands(kind, unknown)]
    return "".join(f"{line}\n" for line in lines) + f"{words.examined(report.examined)}.\n"


def _of_finding(item: GuardFinding) -> tuple[Place, str, str]:
    text = f"{words.headline(item)} {words.clause(item)}. Ways out: {'; '.join(item.ways)}"
    return item.places[0], item.clause.title, text


def _commands(kind: str, items: list[tuple[Place, str, str]]) -> Iterator[str]:
    for place, title, text in items[:ANNOTATIONS]:
        line = f",line={place.line}" if place.line else ""
        yield f"::{kind} file={_property(place.file)}{line},title={_property(title)}::{_escaped(text)}"
    if len(items) > ANNOTATIONS:
        yield f"::{kind}::and {len(items) - ANNOTATIONS} more; the summary has them all"


def _escaped(text: str) -> str:
    text = "\n".join(visible(line) for line in text.splitlines())
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def as_summary(report: Report, fail_on: Sequence[FailOn]) -> str:
    """Return the report as Markdown for the summary of a job."""
    severity = least(fail_on)
    lines = ["## auditor guard", "", f"{words.examined(report.examined)}.", ""]
    if report.findings:
        lines += ["| | Dataset | Model | Clause | Evidence | Where |", "|---|---|---|---|---|---|"]
        lines += [_row(item, severity) for item in report.findings]
        lines.append("")
    for title, texts in (
        ("Undecided", [*words.open_cases(report, severity)]),
        ("Not understood", [f"{item.place}: {item.why}" for item in report.unread]),
        ("Notes", [*report.notices, *filter(None, [words.not_examined(report)])]),
    ):
        if texts:
            lines += [f"### {title}", "", *(f"- {markdown(text)}" for text in texts), ""]
    return "\n".join(lines) + "\n"


def _row(item: GuardFinding, severity: Severity) -> str:
    kind = "stop" if item.blocks(severity) else "warning" if item.open else item.finding.status
    linked = f"[{markdown(item.clause.title)}]({re.sub(r'[()<>]', '', item.clause.url)})"
    clause = f"{linked} ({markdown(item.clause.document)}, {markdown(item.clause.section)})"
    cells = (kind, markdown(item.dataset), markdown(item.model), clause, item.evidence, markdown(str(item.places[0])))
    return f"| {' | '.join(cells)} |"


def as_gitlab(report: Report, fail_on: Sequence[FailOn]) -> str:
    """Return the open findings as GitLab's code quality report; whether a job fails is said by the exit code alone."""
    severity = least(fail_on)
    issues: list[JsonValue] = [
        {
            "description": f"{words.headline(item)} {words.clause(item)}",
            "check_name": item.finding.rule,
            "fingerprint": fingerprint(place.file, item) + item.finding.id.removeprefix("f-"),
            "severity": GITLAB[item.finding.severity] if item.blocks(severity) else "info",
            "location": _location(place),
        }
        for item in report.findings
        if item.open
        for place in {place.file: place for place in reversed(item.places)}.values()
    ]
    issues += [
        {
            "description": text,
            "check_name": UNKNOWN,
            "fingerprint": digest(UNKNOWN, place.file, place.key, text),
            "severity": GITLAB["high"] if "unknown" in fail_on else "info",
            "location": _location(place),
        }
        for place, text in words.unknowns(report, severity)
    ]
    return json.dumps(issues, indent=2) + "\n"


def _location(place: Place) -> JsonValue:
    return {"path": place.file, "lines": {"begin": place.line or 1}}
