"""The report as SARIF 2.1.0, as code hosts read it: one result for each rule and file, with what was accepted as suppressed."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from auditor import __version__
from auditor.guard.found import Place
from auditor.guard.outcome import FailOn, GuardFinding, Report, least
from auditor.guard.reports import words
from auditor.model.policy import Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RANKS: dict[Severity, str] = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}
"""Severity → the number that GitHub sorts by (`security-severity`)."""
UNKNOWN = "unknown"
"""Stands as the rule for what `--fail-on unknown` stops at."""
LOCATIONS = 100
"""Places of a result that hosts show."""


def as_sarif(report: Report, fail_on: Sequence[FailOn]) -> str:
    """Return the report as a SARIF log with one run."""
    severity = least(fail_on)
    groups = by_rule_and_file(report.findings)
    rules = {items[0].finding.rule: _rule(items[0]) for items in groups.values()}
    unknown = [*words.unknowns(report, severity)] if "unknown" in fail_on else []
    rules |= (
        {UNKNOWN: {"id": UNKNOWN, "shortDescription": {"text": "It is not known whether this may be trained on."}}}
        if unknown
        else {}
    )
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
        "results": [
            *(_result(file, items, severity, index) for (_, file, _), items in groups.items()),
            *(_unknown(place, text, index) for place, text in unknown),
        ],
        "invocations": [
            {"executionSuccessful": True, "toolExecutionNotifications": list(_notifications(report, severity))}
        ],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


Group = tuple[str, str, str]
"""Rule, file, and the finding's id where it is accepted, as a suppression is of a whole result."""


def by_rule_and_file(findings: Sequence[GuardFinding]) -> dict[Group, list[GuardFinding]]:
    """Return the findings by rule and by file in which a run names the dataset."""
    groups: dict[Group, list[GuardFinding]] = {}
    for item in findings:
        for file in dict.fromkeys(place.file for place in item.places):
            groups.setdefault((item.finding.rule, file, "" if item.open else item.finding.id), []).append(item)
    return groups


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


def _result(file: str, items: list[GuardFinding], severity: Severity, index: dict[str, int]) -> JsonValue:
    first = items[0]
    places = [place for item in items for place in item.places if place.file == file]
    blocks = any(item.blocks(severity) for item in items)
    message = " ".join(words.headline(item) for item in items[:5])
    more = f" And {len(items) - 5} more datasets." if len(items) > 5 else ""
    result: dict[str, JsonValue] = {
        "ruleId": first.finding.rule,
        "ruleIndex": index[first.finding.rule],
        "level": "error" if blocks else "warning",
        "message": {"text": f"{message}{more} {words.clause(first)}. Ways out: {'; '.join(first.ways)}"},
        "locations": [_location(place) for place in places[:LOCATIONS]],
        "partialFingerprints": {"auditorGuard/v1": fingerprint(file, first)},
        "occurrenceCount": len(places),
        "properties": {
            "certainty": first.finding.certainty,
            "evidence": first.evidence,
            "findings": [item.finding.id for item in items],
            "severity": first.finding.severity,
        },
    }
    if not first.open:
        kind = (
            "inSource"
            if first.finding.waiver and first.finding.waiver.approver.startswith(("comment at", "sidecar at"))
            else "external"
        )
        result["suppressions"] = [{"kind": kind, "status": "accepted", "justification": words.status(first)}]
    return result


def _unknown(place: Place, text: str, index: dict[str, int]) -> JsonValue:
    return {
        "ruleId": UNKNOWN,
        "ruleIndex": index[UNKNOWN],
        "level": "error",
        "message": {"text": text},
        "locations": [_location(place)],
        "partialFingerprints": {"auditorGuard/v1": digest(UNKNOWN, place.file, place.key, text)},
    }


def fingerprint(file: str, item: GuardFinding) -> str:
    """Return what stays the same as long as a rule finds something in a file: neither lines nor wording are in it."""
    return digest(item.finding.rule, file, "" if item.open else item.finding.id)


def digest(*parts: str) -> str:
    """Return 32 hexadecimal digits that stand for some texts."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _location(place: Place) -> JsonValue:
    physical: dict[str, JsonValue] = {"artifactLocation": {"uri": _uri(place.file), "uriBaseId": "SRCROOT"}}
    if place.line:
        physical["region"] = {"startLine": place.line}
    location: dict[str, JsonValue] = {"physicalLocation": physical}
    if place.key:
        location["logicalLocations"] = [{"fullyQualifiedName": place.key}]
    return location


def _uri(path: str) -> str:
    from urllib.parse import quote  # only here

    return quote(os.fsencode(path))


def _notifications(report: Report, severity: Severity) -> Iterator[JsonValue]:
    for text in (
        *words.open_cases(report, severity),
        *(f"{item.place}: {item.why}" for item in report.unread),
        *report.notices,
    ):
        yield {"level": "warning", "message": {"text": text}}
    if text := words.not_examined(report):
        yield {"level": "note", "message": {"text": text}}
    yield {"level": "note", "message": {"text": words.examined(report.examined)}}
