"""The report as JSON, for programs."""

import json
from collections.abc import Sequence

from pydantic import JsonValue

from auditor.errors import ExitCode
from auditor.guard.found import Place
from auditor.guard.outcome import FailOn, GuardFinding, Report, least
from auditor.guard.reports import words
from auditor.model.policy import Severity

SCHEMA_VERSION = 1


def as_json(report: Report, fail_on: Sequence[FailOn]) -> str:
    """Return the whole report as one JSON object with sorted keys."""
    severity = least(fail_on)
    value: JsonValue = {
        "schema_version": SCHEMA_VERSION,
        "day": report.day.isoformat(),
        "blocks": report.exit_code(fail_on) == ExitCode.FINDINGS,
        "blocked_by_unknown": report.exit_code(fail_on) == ExitCode.FINDINGS and not report.blocking(severity),
        "examined": {
            "files": report.examined.files,
            "formats": dict(report.examined.formats),
            "unrelated": report.examined.unrelated,
            "data_files": report.examined.data,
            "rows": report.examined.rows,
            "sampled": list(report.examined.sampled),
        },
        "findings": [_finding(item, severity) for item in report.findings],
        "undecided": [
            {
                "dataset": item.dataset,
                "model": item.model,
                "place": _place(item.place),
                "could_stop": bool(item.grave(severity)),
                "questions": [
                    {
                        "clause": question.clause,
                        "severity": question.severity,
                        "certainty": question.certainty,
                        "missing_facts": list(question.missing),
                    }
                    for question in item.questions
                ],
            }
            for item in report.undecided
        ],
        "unread": [{"place": _place(item.place), "why": item.why} for item in report.unread],
        "inputs": [
            {"dataset": item.dataset, "model": item.model, "file": item.file, "place": _place(item.place)}
            for item in report.inputs
        ],
        "not_examined": list(report.not_examined),
        "notices": list(report.notices),
    }
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _place(place: Place) -> JsonValue:
    return {"file": place.file, "line": place.line, "key": place.key}


def _finding(item: GuardFinding, severity: Severity) -> JsonValue:
    finding = item.finding
    return {
        "id": finding.id,
        "blocks": item.blocks(severity),
        "status": finding.status,
        "status_text": words.status(item),
        "rule": finding.rule,
        "clause": {
            "id": item.clause.id,
            "title": item.clause.title,
            "document": item.clause.document,
            "section": item.clause.section,
            "version": finding.clause_version,
            "from": item.clause.since.isoformat(),
            "until": item.clause.until.isoformat() if item.clause.until else None,
            "url": item.clause.url,
            "says": item.clause.says,
        },
        "severity": finding.severity,
        "certainty": finding.certainty,
        "evidence": item.evidence,
        "summary": words.headline(item),
        "dataset": item.dataset,
        "model": item.model,
        "facts": dict(finding.facts),
        "statements": [
            {
                "fact": said.fact,
                "value": said.value,
                "evidence": said.evidence,
                "place": _place(said.named.place),
                "note": said.named.note,
                "via": list(said.via),
            }
            for said in item.statements
        ],
        "places": [_place(place) for place in item.places],
        "reasons": list(item.reasons),
        "ways_out": list(item.ways),
    }
