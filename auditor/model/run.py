"""The manifest of a run, `run.json`: what was read, under which terms, and the verdict on every clause."""

from datetime import date
from typing import Literal

from pydantic import Field

from auditor.model.base import Model
from auditor.model.declarations import Agreement, Authorisation
from auditor.model.policy import Certainty, Confidence, Severity, TableName

SCHEMA_VERSION = 1

Verdict = Literal["breach", "suspected", "waived", "undetermined", "clear", "not_applicable"]
VERDICTS: dict[Verdict, str] = {
    "breach": "a certain rule held",
    "suspected": "a sign was found that is not proof",
    "waived": "everything found was accepted by a named person, for a time",
    "undetermined": "nothing was found, but facts are missing for some rows",
    "clear": "every governed row was assessed and nothing was found",
    "not_applicable": "nothing in the inputs is governed by it",
}
"""Every verdict with its meaning, from worst to best."""


class Tool(Model):
    """The program that made the run."""

    name: str
    version: str


class RunInfo(Model):
    """When and how the run was made. `id` and `started_at` alone differ between runs on the same inputs."""

    id: str
    started_at: str
    now: date
    terms: str
    engine: str


class InputInfo(Model):
    """One input. `records` counts readable records, duplicates included; `kind` says what one of them is; times are RFC 3339 in
    UTC.
    """

    uri: str
    format: str
    sha256: str
    bytes: int
    records: int
    rejected: int
    duplicates: int
    skipped: int
    first: str | None
    last: str | None
    truncated: str = ""
    kind: Literal["call", "bucket", "event", "snapshot", "item"] = "call"


class PackInfo(Model):
    """A policy pack that was used."""

    id: str
    sha256: str


class ConfigInfo(Model):
    """The configuration file that was used; both None if there was none."""

    path: str | None
    sha256: str | None


class Totals(Model):
    """Counts of records, each in one place: calls, buckets of calls and control events, and besides them what informs on
    accounts or is material for training.

    received = assessed + unknown + not_governed + outside_period + rejected + duplicates + informing.

    `records` = assessed + unknown + not_governed; `governed` = assessed + unknown. A governed record is assessed if at
    least one rule gave a definite answer for it. `checks` counts pairs of a governed row (of any table) and a rule;
    `decided` those with a definite answer.
    """

    received: int
    records: int
    rejected: int
    duplicates: int
    outside_period: int
    governed: int
    assessed: int
    unknown: int
    not_governed: int
    checks: int
    decided: int
    informing: int = 0


class RuleResult(Model):
    """What one rule answered. Rows: governed, surely or perhaps = hits + unknown + the rest, which were found not to hold.

    `outdated`: the clause's text has changed since the rule was reviewed against it.
    """

    id: str
    title: str
    table: TableName
    certainty: Certainty
    governed: int
    hits: int
    unknown: int
    missing_facts: dict[str, int]
    not_examined: bool
    judged: bool = True
    outdated: bool = False


class VersionResult(Model):
    """A clause version, with the rows that were judged under it."""

    id: str
    section: str
    from_: date = Field(alias="from")
    until: date | None
    source: str
    url: str
    confidence: Confidence
    governed: int
    hits: int


class OverrideInfo(Model):
    """What an agreement of the company says of a clause; `until` is None while it holds."""

    agreement: str
    document: str
    effect: Literal["off", "replaced", "tightened"]
    says: str
    by: str | None
    from_: date = Field(alias="from")
    until: date | None


class ReadingInfo(Model):
    """One reading of an open term, and whether counsel took it."""

    id: str
    says: str
    taken: bool


class ClauseResult(Model):
    """The verdict on one clause, with all that a report says about it.

    `governed`, `hits` and `unknown` count rows; a row counts once however many rules held. `perhaps` are rows of which it is
    unknown whether the clause governs them; they are not in `governed`. A clause with `manual` has no
    rules: it cannot be tested by machine, and every governed row is unknown. `text` is the hash of its section's text as
    last known. `version` is the version that
    applied to the latest governed row (the newest one if there was none).
    """

    id: str
    provider: str
    document: str
    document_title: str
    title: str
    category: str
    kind: str
    severity: Severity
    version: str
    verdict: Verdict
    why: str
    governed: int
    hits: int
    unknown: int
    waived: int
    missing_facts: dict[str, int]
    rules: tuple[RuleResult, ...]
    versions: tuple[VersionResult, ...]
    says: str
    exceptions: tuple[str, ...]
    remedy: str
    position: str | None
    readings: tuple[ReadingInfo, ...]
    manual: str | None = None
    perhaps: int = 0
    text: str | None = None
    overrides: tuple[OverrideInfo, ...] = ()


class ParameterInfo(Model):
    """A parameter as used in the run."""

    id: str
    value: float
    default: float
    unit: str
    reason: str


class FindingsTotal(Model):
    """Findings by status."""

    active: int
    waived: int
    expired: int
    baseline: int


class FactCoverage(Model):
    """How many of the records carry a fact, in the records themselves or by declaration."""

    fact: str
    meaning: str
    recorded: int
    present: int


class Advice(Model):
    """What to declare to learn more: a missing fact, whose it is, and how many checks wait for it."""

    fact: str
    meaning: str
    checks: int
    clauses: tuple[str, ...]
    principals: dict[str, int]


class Coverage(Model):
    """`coverage.json`: what could be seen and what could not.

    `carried`: per input, how many of its records carry each fact themselves. `idle`: per input, the spans of days (first and
    last, in UTC) of which it has no record, between others of which it has.
    `unused_fields`: per input, fields that no fact takes. `skipped`: per input, things that are no records, by reason.
    `unresolved_models`: names of called models that the registry does not know, with the number of records; the most frequent
    of `unresolved_names` such names.
    `not_testable`: clauses that govern something and that only a person can check.
    """

    records: int
    facts: tuple[FactCoverage, ...]
    tables: dict[str, int]
    unused_fields: dict[str, tuple[str, ...]]
    skipped: dict[str, dict[str, int]] = Field(default_factory=dict)
    carried: dict[str, dict[str, int]] = Field(default_factory=dict)
    idle: dict[str, tuple[tuple[date, date], ...]] = Field(default_factory=dict)
    unresolved_models: dict[str, int] = Field(default_factory=dict)
    unresolved_names: int = 0
    not_testable: tuple[str, ...] = ()
    advice: tuple[Advice, ...]


class Manifest(Model):
    """`run.json`."""

    schema_version: int
    tool: Tool
    run: RunInfo
    organisation: str
    inputs: tuple[InputInfo, ...]
    packs: tuple[PackInfo, ...]
    config: ConfigInfo
    totals: Totals
    clauses: tuple[ClauseResult, ...]
    findings_total: FindingsTotal
    parameters: tuple[ParameterInfo, ...]
    positions: dict[str, str]
    authorisations: tuple[Authorisation, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    complete: bool = True
