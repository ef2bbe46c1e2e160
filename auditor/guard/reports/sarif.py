"""The report as SARIF 2.1.0, as code hosts read it: one result for each rule and file, with what was accepted as suppressed."""

import hashlib
import json
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from auditor import __version__
from auditor.guard.outcome import GuardFinding, Report
from auditor.guard.reports import words
from auditor.model.policy import Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RANKS: dict[Severity, str] = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}
"""Severity → the number that GitHub sorts by (`security-severity`)."""
LOCATIONS = 100
"""Places of a result that hosts show."""


def as_sarif(report: Report, fail_on: Severity) -> str:
    """Return the report as a SARIF log with one run."""
    groups = list(_by_rule_and_file(report.findings))
    rules = {items[0].finding.rule: _rule(items[0]) for items in groups}
    index = {name: i for i, name in enumerate(rules)}
    run: JsonValue = {
        "tool": {
            "driver": {
                "name": "auditor guard",
                "semanticVersion": __version__,
                "version": __version__,
                "rules": list(rules.values()),
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The top of the repository."}}},
        "results": [_result(items, fail_on, index) for items in groups],
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": list(_notifications(report))}],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _by_rule_and_file(findings: Sequence[GuardFinding]) -> Iterator[list[GuardFinding]]:
    """The findings of one rule in one file; accepted ones apart, as a suppression is of a whole result."""
    groups: dict[tuple[str, str, str], list[GuardFinding]] = {}
    for item in findings:
        accepted = "" if item.open else item.finding.id
        groups.setdefault((item.finding.rule, item.file, accepted), []).append(item)
    yield from groups.values()


def _rule(item: GuardFinding) -> JsonValue:
    return {
        "id": item.finding.rule,
        "name": item.clause.title,
        "shortDescription": {"text": item.clause.title},
        "fullDescription": {"text": item.clause.says},
        "help": {"text": f"{words.clause(item)}\n{item.clause.says}\n{item.clause.url}\n{item.finding.remedy}"},
        "helpUri": item.clause.url,
        "properties": {"security-severity": RANKS[item.finding.severity], "tags": ["provider terms", "training data"]},
    }


def _result(items: list[GuardFinding], fail_on: Severity, index: dict[str, int]) -> JsonValue:
    first = items[0]
    blocks = any(item.blocks(fail_on) for item in items)
    message = " ".join(words.headline(item) for item in items[:5])
    more = f" And {len(items) - 5} more datasets." if len(items) > 5 else ""
    result: dict[str, JsonValue] = {
        "ruleId": first.finding.rule,
        "ruleIndex": index[first.finding.rule],
        "level": "error" if blocks else "warning",
        "message": {"text": f"{message}{more} {words.clause(first)}. Ways out: {'; '.join(first.ways)}"},
        "locations": [_location(item, i) for item in items for i in range(len(item.places))][:LOCATIONS],
        "partialFingerprints": {"auditorGuard/v1": fingerprint(items)},
        "occurrenceCount": sum(item.finding.count for item in items),
        "properties": {
            "certainty": first.finding.certainty,
            "evidence": first.evidence,
            "findings": [item.finding.id for item in items],
            "severity": first.finding.severity,
        },
    }
    if not first.open:
        kind = (
            "inSource" if first.finding.waiver and first.finding.waiver.approver.startswith("comment") else "external"
        )
        result["suppressions"] = [{"kind": kind, "status": "accepted", "justification": words.status(first)}]
    return result


def fingerprint(items: Sequence[GuardFinding]) -> str:
    """Return what stays the same as long as a rule finds something in a file: neither lines nor wording are in it."""
    key = [items[0].finding.rule, items[0].file, "" if items[0].open else items[0].finding.id]
    return hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]


def _location(item: GuardFinding, number: int) -> JsonValue:
    place = item.places[number]
    physical: dict[str, JsonValue] = {"artifactLocation": {"uri": _uri(place.file), "uriBaseId": "SRCROOT"}}
    if place.line:
        physical["region"] = {"startLine": place.line}
    location: dict[str, JsonValue] = {"physicalLocation": physical}
    if place.key:
        location["logicalLocations"] = [{"fullyQualifiedName": place.key}]
    return location


def _uri(path: str) -> str:
    from urllib.parse import quote  # only here

    return quote(path)


def _notifications(report: Report) -> Iterator[JsonValue]:
    for text in (*words.open_cases(report), *(f"{item.place}: {item.why}" for item in report.unread), *report.notices):
        yield {"level": "warning", "message": {"text": text}}
    if text := words.not_examined(report):
        yield {"level": "note", "message": {"text": text}}
    yield {"level": "note", "message": {"text": words.examined(report.examined)}}
