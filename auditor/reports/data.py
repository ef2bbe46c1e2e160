"""What the reports for programs and spreadsheets hold: the run's own data, without what differs between equal runs."""

import json
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from auditor.model.finding import Example, Finding
from auditor.model.run import ClauseResult, Manifest
from auditor.model.rundata import RunData


@dataclass(frozen=True)
class Row:
    """One row of the CSV report: a finding, what it cites, how many rows its rule governed, and an example."""

    finding: Finding
    clause: ClauseResult | None
    rule_title: str
    section: str
    governed: int | None
    example: Example | None


def manifest_data(manifest: Manifest) -> dict[str, Any]:
    """Return `run.json` as data, without `run.id`, `run.started_at` and the folder of the configuration file."""
    data: dict[str, Any] = json.loads(manifest.model_dump_json(by_alias=True))
    for name in ("id", "started_at"):
        del data["run"][name]
    if manifest.config.path:
        data["config"]["path"] = PurePath(manifest.config.path).name
    return data


def json_context(run: RunData) -> dict[str, object]:
    """Return the manifest, the findings and the coverage, each to be written as JSON."""
    return {"manifest": manifest_data(run.manifest), "findings": run.findings, "coverage": run.coverage}


def csv_context(run: RunData) -> dict[str, object]:
    """Return the rows of the CSV report, in the order of the findings."""
    clauses = {clause.id: clause for clause in run.manifest.clauses}
    return {"rows": [_row(finding, clauses.get(finding.clause)) for finding in run.findings]}


def _row(finding: Finding, clause: ClauseResult | None) -> Row:
    rule = next((rule for rule in clause.rules if rule.id == finding.rule), None) if clause else None
    version = next((v for v in clause.versions if v.id == finding.clause_version), None) if clause else None
    return Row(
        finding=finding,
        clause=clause,
        rule_title=rule.title if rule else "",
        section=version.section if version else "",
        governed=rule.governed if rule else None,
        example=finding.examples[0] if finding.examples else None,
    )
