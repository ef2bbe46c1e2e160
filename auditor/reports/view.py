"""What the reports for people show of a run: the same data, sorted, joined, counted and cut to a readable length."""

import hashlib
from dataclasses import dataclass
from pathlib import PurePath

from auditor.model.finding import Finding
from auditor.model.policy import Certainty, Severity
from auditor.model.run import ClauseResult, Manifest, RuleResult, Verdict, VersionResult
from auditor.model.rundata import RunData
from auditor.reports.escape import json_text
from auditor.reports.opinion import Opinion, opinion, standings, verdict_counts
from auditor.reports.words import CERTAINTY_RANK, SEVERITY_RANK, VERDICT_WORDS, document

FINDINGS_PER_CLAUSE = 25
EXAMPLES = 5
TOP = 5
LIST = 200
"""How much of a long list the page shows; it says how much more there is, and where."""

RANK: dict[Verdict, int] = {verdict: rank for rank, verdict in enumerate(VERDICT_WORDS)}
OPEN_STATUSES = ("active", "expired")


@dataclass(frozen=True)
class FindingView:
    """A finding with the rule and the clause version it cites; `alike` counts other open findings of the clause."""

    finding: Finding
    anchor: str
    clause: "ClauseView"
    rule: RuleResult | None
    version: VersionResult | None
    alike: int = 0


@dataclass(frozen=True)
class ClauseView:
    """A clause with the version it cites and the number of its findings."""

    result: ClauseResult
    anchor: str
    version: VersionResult | None
    count: int


@dataclass(frozen=True)
class Section:
    """A clause with the findings that are shown under it; `hidden` are left to findings.jsonl."""

    clause: ClauseView
    findings: tuple[FindingView, ...]
    hidden: int


@dataclass(frozen=True)
class DocumentView:
    """The clauses of one document of a provider, worst first, and how many have each verdict."""

    provider: str
    title: str
    anchor: str
    clauses: tuple[ClauseView, ...]


@dataclass(frozen=True)
class ProviderView:
    """How many clauses of a provider have each verdict, and its documents."""

    name: str
    counts: dict[Verdict, int]
    documents: tuple[DocumentView, ...]


@dataclass(frozen=True)
class RunView:
    """All that a report for people shows of a run.

    Where some provider's clauses surely govern something, `others` are the providers of which no clause applied, and
    `perhaps` those of which it is only unknown whether one does. The clauses of the latter are not in `groups`.
    """

    run: RunData
    opinion: Opinion
    counts: dict[Verdict, int]
    digest: str
    first: str | None
    last: str | None
    config_name: str | None
    providers: tuple[ProviderView, ...]
    others: tuple[ProviderView, ...]
    perhaps: tuple[ProviderView, ...]
    groups: dict[Verdict, tuple[Section, ...]]
    top: tuple[FindingView, ...]
    waivers: dict[str, tuple[FindingView, ...]]

    @property
    def manifest(self) -> Manifest:
        """The run's manifest."""
        return self.run.manifest


def results_digest(run: RunData) -> str:
    """Return the SHA-256 of the findings and verdicts, as hexadecimal: the same results have the same digest.

    It is taken over one line of JSON with sorted keys, `{"findings": [...], "verdicts": {clause: verdict}}`.
    """
    verdicts = {clause.id: clause.verdict for clause in run.manifest.clauses}
    findings = ",".join(json_text(finding) for finding in run.findings)
    line = f'{{"findings":[{findings}],"verdicts":{json_text(verdicts)}}}'
    return hashlib.sha256(line.encode()).hexdigest()


def anchor(text: str) -> str:
    """Return `text` as the name of a place in a page: letters, digits and hyphens only."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower())


def run_view(run: RunData) -> RunView:
    """Return what a report for people shows of `run`."""
    manifest = run.manifest
    firsts = [source.first for source in manifest.inputs if source.first]
    lasts = [source.last for source in manifest.inputs if source.last]
    by_clause: dict[str, list[Finding]] = {}
    for finding in sorted(run.findings, key=_urgency):
        by_clause.setdefault(finding.clause, []).append(finding)
    clauses = [_clause(result, len(by_clause.get(result.id, ()))) for result in sorted(manifest.clauses, key=_order)]
    views = {c.result.id: [_finding(f, c) for f in by_clause.get(c.result.id, ())] for c in clauses}
    providers = _providers(clauses)
    standing = standings(manifest)
    used = "governs" in standing.values()
    detailed = [c for c in clauses if not used or standing[c.result.provider] != "perhaps"]
    everything = sorted((view for found in views.values() for view in found), key=lambda view: _urgency(view.finding))
    return RunView(
        run=run,
        opinion=opinion(manifest),
        counts=verdict_counts(manifest),
        digest=results_digest(run),
        first=min(firsts, default=None),
        last=max(lasts, default=None),
        config_name=PurePath(manifest.config.path).name if manifest.config.path else None,
        providers=tuple(p for p in providers if not used or standing[p.name] == "governs"),
        others=tuple(p for p in providers if used and standing[p.name] == "none"),
        perhaps=tuple(p for p in providers if used and standing[p.name] == "perhaps"),
        groups={verdict: _sections(verdict, detailed, views) for verdict in RANK},
        top=_top(everything),
        waivers={
            status: tuple(v for v in everything if v.finding.status == status) for status in ("waived", "expired")
        },
    )


def _order(clause: ClauseResult) -> tuple[int, int, int, str]:
    return RANK[clause.verdict], -SEVERITY_RANK[clause.severity], -clause.hits, clause.id


def _urgency(finding: Finding) -> tuple[bool, int, int, int, str]:
    severity: Severity = finding.severity
    certainty: Certainty = finding.certainty
    closed = finding.status not in OPEN_STATUSES
    return closed, -SEVERITY_RANK[severity], -CERTAINTY_RANK[certainty], -finding.count, finding.id


def _clause(result: ClauseResult, count: int) -> ClauseView:
    version = next((version for version in result.versions if version.id == result.version), None)
    return ClauseView(result, f"clause-{anchor(result.id)}", version, count)


def _finding(finding: Finding, clause: ClauseView) -> FindingView:
    rule = next((rule for rule in clause.result.rules if rule.id == finding.rule), None)
    version = next((version for version in clause.result.versions if version.id == finding.clause_version), None)
    return FindingView(finding, f"finding-{anchor(finding.id)}", clause, rule, version)


def _sections(verdict: Verdict, clauses: list[ClauseView], views: dict[str, list[FindingView]]) -> tuple[Section, ...]:
    chosen = (clause for clause in clauses if clause.result.verdict == verdict)
    return tuple(
        Section(
            clause, tuple(views[clause.result.id][:FINDINGS_PER_CLAUSE]), max(0, clause.count - FINDINGS_PER_CLAUSE)
        )
        for clause in chosen
    )


def _providers(clauses: list[ClauseView]) -> tuple[ProviderView, ...]:
    found: dict[str, dict[str, list[ClauseView]]] = {}
    for clause in clauses:
        found.setdefault(clause.result.provider, {}).setdefault(clause.result.document, []).append(clause)
    return tuple(
        ProviderView(
            name,
            {
                verdict: sum(c.result.verdict == verdict for held in documents.values() for c in held)
                for verdict in RANK
            },
            tuple(
                DocumentView(name, document(held[0].result), f"document-{anchor(f'{name}/{key}')}", tuple(held))
                for key, held in sorted(documents.items())
            ),
        )
        for name, documents in sorted(found.items())
    )


def _top(views: list[FindingView]) -> tuple[FindingView, ...]:
    """The most urgent open findings, one for each clause, so that one busy clause does not fill the list."""
    by_clause: dict[str, list[FindingView]] = {}
    for view in views:
        if view.finding.status in OPEN_STATUSES:
            by_clause.setdefault(view.finding.clause, []).append(view)
    firsts = list(by_clause.values())[:TOP]
    return tuple(
        FindingView(v[0].finding, v[0].anchor, v[0].clause, v[0].rule, v[0].version, len(v) - 1) for v in firsts
    )
