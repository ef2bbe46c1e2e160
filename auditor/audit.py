"""The audit from inputs to run folder, in the order of its stops: sources, policy, facts, rules, findings, run.

Not called `replay`, because `auditor.replay` is the library's function.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from auditor.engine import Database
from auditor.errors import ExitCode
from auditor.facts.calls import find_duplicates, left_out, write_duplicates
from auditor.facts.declarations import Config, load_config
from auditor.facts.tables import create_tables, has_buckets, limit_period
from auditor.findings.collect import collect_findings, write_hits
from auditor.findings.conclude import Answers
from auditor.findings.cover import Seen, cover
from auditor.findings.waive import apply_waivers
from auditor.model.check import Check
from auditor.model.declarations import relative
from auditor.model.facts import TABLES, USAGE
from auditor.model.policy import SEVERITIES, Severity
from auditor.model.run import InputInfo
from auditor.model.rundata import RunData
from auditor.policy.load import load_policies
from auditor.policy.parsed import Policy
from auditor.policy.review import known_texts
from auditor.policy.select import choices_of, select_checks, under_terms
from auditor.rules.evaluate import create_hits, evaluate_table
from auditor.runs.folder import DUPLICATES, HITS, refuse_existing, write_run
from auditor.runs.manifest import Occasion, build_manifest
from auditor.sources import Ingested, Input, Progress, ingest
from auditor.sources.source import LAYERS


@dataclass(frozen=True)
class Options:
    """How to make a run.

    Attributes:
        policies: names of shipped packs joined by commas, or a path; all shipped packs if None.
        config: path of `auditor.yaml`; nothing is declared if None.
        terms: `in-force`, `latest`, a date, or the path of a draft.
        since: first day of the period, in UTC; records before it are counted but not judged.
        until: last day of the period, in UTC.
        now: the day the audit refers to: what `latest` means, and what waivers are measured against; today if None.
        out: where to write the run folder; nothing is written if None.
    """

    policies: str | Path | None = None
    config: Path | None = None
    terms: str = "in-force"
    since: date | None = None
    until: date | None = None
    now: date | None = None
    out: Path | None = None


@dataclass(frozen=True)
class Run:
    """A finished run: its data, and the folder it was written to, if any."""

    data: RunData
    folder: Path | None = None

    @property
    def coverage(self) -> float:
        """The percentage of checks (a governed row and a rule) that got a definite answer; 0 if there were none."""
        totals = self.data.manifest.totals
        return 100 * totals.decided / totals.checks if totals.checks else 0.0

    def exit_code(self, fail_on: Severity = "high", min_coverage: float = 0.0) -> ExitCode:
        """Return how the run ended: incomplete, too little assessed, findings at or above `fail_on`, or none of these."""
        if not self.data.manifest.complete:
            return ExitCode.PARTIAL
        if not self.data.manifest.totals.decided or self.coverage < min_coverage:
            return ExitCode.NOTHING_ASSESSED
        open_ = (finding for finding in self.data.findings if finding.status in ("active", "expired"))
        least = SEVERITIES.index(fail_on)
        return ExitCode.FINDINGS if any(SEVERITIES.index(f.severity) >= least for f in open_) else ExitCode.OK


async def audit(inputs: Sequence[Input], options: Options, progress: Progress | None = None) -> Run:
    """Audit usage records against policy packs.

    Args:
        inputs: what to read.
        options: under which terms, with which declarations, and where to write.
        progress: told what is being done.

    Raises:
        AuditorError: an input, the configuration or a pack has faults; all of them are named.
    """
    started = datetime.now(UTC)
    if options.out:
        refuse_existing(options.out)
    policy = load_policies(options.policies)
    config = load_config(options.config)
    now = options.now or started.date()
    policy, terms = under_terms(policy, options.terms, now)
    checks = select_checks(policy, terms, choices_of(config.declarations, config.path))
    with Database() as db:
        ingested = await ingest(db, inputs, text=_text_needed(checks), progress=progress)
        occasion = Occasion(now, started, terms.name, db.version)
        data = await asyncio.to_thread(_assess, db, ingested, policy, config, checks, options, occasion)
        if options.out:
            uris = [item.uri for item in data.manifest.inputs]
            writers = {
                HITS: lambda path: write_hits(db, checks, uris, path),
                DUPLICATES: lambda path: write_duplicates(db, uris, path),
            }
            await asyncio.to_thread(write_run, options.out, data, ingested.rejects, writers)
    return Run(data, options.out)


def _assess(
    db: Database,
    ingested: Ingested,
    policy: Policy,
    config: Config,
    checks: Sequence[Check],
    options: Options,
    occasion: Occasion,
) -> RunData:
    """From records in the engine to the data of a run."""
    find_duplicates(db, [LAYERS.index(item.layer) for item in ingested.inputs])
    outside = limit_period(db, options.since, options.until)
    create_tables(db, config.declarations, occasion.now)
    if has_buckets(db):
        checks = [check.among_buckets() for check in checks]
    create_hits(db)
    outcomes = {name: evaluate_table(db, name, checks) for name in TABLES}
    described = {rule.id: (rule.clause, rule.rule) for rule in policy.rules}
    found = collect_findings(db, checks, described, [item.uri for item in ingested.inputs])
    texts = known_texts(policy) | _observed_texts(config)
    findings = apply_waivers(found, config.waivers, occasion.now, texts)
    declared = config.declarations
    answers = Answers(checks, outcomes, findings, choices_of(declared, config.path), declared.tolerance, texts)
    inputs = _inputs(ingested, left_out(db))
    manifest = build_manifest(policy, config, answers, inputs, outside, occasion)
    return RunData(manifest, tuple(findings), cover(db, checks, outcomes, _seen(ingested)))


def _inputs(ingested: Ingested, duplicates: Mapping[int, int]) -> list[InputInfo]:
    """What was read of each input, as the manifest says it."""
    return [
        InputInfo(
            uri=item.uri,
            format=item.format,
            kind=item.kind,
            sha256=item.sha256,
            bytes=item.bytes,
            records=item.records,
            rejected=item.rejected,
            duplicates=duplicates.get(i, 0),
            skipped=sum(item.skipped.values()),
            first=item.first,
            last=item.last,
            truncated=item.truncated,
        )
        for i, item in enumerate(ingested.inputs)
    ]


def _seen(ingested: Ingested) -> Seen:
    """What the inputs held, by input."""
    skipped = {item.uri: dict(item.skipped) for item in ingested.inputs if item.skipped}
    return Seen(
        carried={item.uri: dict(item.present) for item in ingested.inputs if item.present},
        idle={item.uri: item.idle for item in ingested.inputs if item.idle},
        unused={item.uri: item.unused for item in ingested.inputs if item.unused},
        skipped=skipped | {path: {why: 1} for path, why in ingested.passed_over},
    )


def _observed_texts(config: Config) -> dict[str, str]:
    """The texts of clauses as `auditor terms check` last saw them, where the company lets it watch."""
    if not (config.declarations.terms and config.path):
        return {}
    from auditor.terms.state import observed_texts  # few watch the terms

    return observed_texts(Path(relative(config.declarations.terms, Path(config.path))))


def _text_needed(checks: Sequence[Check]) -> frozenset[str]:
    """The free-text facts that some rule on usage reads; the others are not even read from the inputs."""
    read = frozenset(fact for check in checks if check.table == "usage" for fact in check.facts)
    text = frozenset(name for name in read if USAGE.facts[name].text)
    return text | {"prompt.text"} if "prompt.template" in read else text
