"""Builds the manifest of a run from what the steps before it gave."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from auditor import __version__
from auditor.facts.declarations import Config
from auditor.findings.conclude import Answers, conclude
from auditor.model.finding import Finding
from auditor.model.run import (
    SCHEMA_VERSION,
    ConfigInfo,
    FindingsTotal,
    InputInfo,
    Manifest,
    PackInfo,
    ParameterInfo,
    RunInfo,
    Tool,
    Totals,
)
from auditor.policy.load import registry_pack
from auditor.policy.parsed import Policy
from auditor.policy.select import choices_of, parameter_values


@dataclass(frozen=True)
class Occasion:
    """When and how a run is made: the day it refers to, when it was started, the terms, and the engine."""

    now: date
    started: datetime
    terms: str
    engine: str


def build_manifest(
    policy: Policy,
    config: Config,
    answers: Answers,
    inputs: Sequence[InputInfo],
    outside_period: int,
    occasion: Occasion,
) -> Manifest:
    """Return the manifest, with the verdict on every clause."""
    declared = config.declarations
    return Manifest(
        schema_version=SCHEMA_VERSION,
        tool=Tool(name="auditor", version=__version__),
        run=RunInfo(
            id=_run_id(occasion.started),
            started_at=occasion.started.isoformat(timespec="seconds"),
            now=occasion.now,
            terms=occasion.terms,
            engine=occasion.engine,
        ),
        organisation=str(declared.organisation.get("name", "")),
        inputs=tuple(inputs),
        packs=tuple(PackInfo(id=pack.id, sha256=pack.sha256) for pack in (*policy.packs, registry_pack())),
        config=ConfigInfo(path=config.path, sha256=config.sha256),
        totals=_totals(inputs, answers, outside_period),
        clauses=tuple(conclude(policy.documents, answers)),
        findings_total=_count(answers.findings),
        parameters=tuple(_parameters(policy, config)),
        positions=declared.positions,
        authorisations=declared.authorisations or (),
        agreements=declared.agreements,
        complete=not any(item.truncated for item in inputs),
    )


def _run_id(started: datetime) -> str:
    return f"{started:%Y%m%dT%H%M%S}-{hashlib.sha256(started.isoformat().encode()).hexdigest()[:8]}"


def _totals(inputs: Sequence[InputInfo], answers: Answers, outside_period: int) -> Totals:
    outcomes = answers.outcomes
    decidable = {check.id for check in answers.checks if check.cannot != "manual"}
    read = [outcomes[name] for name in ("usage", "events")]
    records, governed = sum(outcome.rows for outcome in read), sum(outcome.governed for outcome in read)
    assessed = sum(outcome.assessed for outcome in read)
    informing = sum(item.records for item in inputs if item.kind in ("snapshot", "item"))
    rejected = sum(item.rejected for item in inputs)
    duplicates = sum(item.duplicates for item in inputs)
    counts = [counts for outcome in outcomes.values() for name, counts in outcome.checks.items() if name in decidable]
    concerned = sum(item.concerned for item in counts)
    return Totals(
        received=records + outside_period + rejected + duplicates + informing,
        records=records,
        rejected=rejected,
        duplicates=duplicates,
        outside_period=outside_period,
        governed=governed,
        assessed=assessed,
        unknown=governed - assessed,
        not_governed=records - governed,
        checks=concerned,
        decided=concerned - sum(item.unknown for item in counts),
        informing=informing,
    )


def _count(findings: Sequence[Finding]) -> FindingsTotal:
    by_status = {status: sum(f.status == status for f in findings) for status in FindingsTotal.model_fields}
    return FindingsTotal(**by_status)


def _parameters(policy: Policy, config: Config) -> Iterator[ParameterInfo]:
    choices = choices_of(config.declarations, config.path)
    for document in policy.documents:
        values = parameter_values(document, choices)
        for name, parameter in document.parameters.items():
            yield ParameterInfo(
                id=f"{document.id}/{name}",
                value=values[name],
                default=parameter.default,
                unit=parameter.unit,
                reason=parameter.reason,
            )
