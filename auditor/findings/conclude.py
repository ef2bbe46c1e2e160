"""Counts and findings → the verdict on every clause, and a sentence that says why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.model.check import Check
from auditor.model.declarations import Agreement, Override
from auditor.model.finding import Finding
from auditor.model.policy import Clause, Document, Rule, Version
from auditor.model.run import ClauseResult, OverrideInfo, ReadingInfo, RuleResult, Verdict, VersionResult
from auditor.policy.review import outdated
from auditor.policy.spans import Choices, overrides_of
from auditor.rules.evaluate import CheckCounts, ClauseCounts, Outcome


@dataclass(frozen=True)
class Answers:
    """What came out of the evaluation: outcomes by table, findings, what was chosen, and the texts of clauses as last known."""

    checks: Sequence[Check]
    outcomes: Mapping[str, Outcome]
    findings: Sequence[Finding]
    choices: Choices
    tolerance: float
    texts: Mapping[str, str]

    def examined(self, table: str) -> bool:
        """Whether the table has rows at all."""
        return self.outcomes[table].rows > 0


@dataclass(frozen=True)
class _Rows:
    """Rows of a clause: surely and perhaps governed, those that break it, and those that could not be decided."""

    governed: int
    perhaps: int
    hits: int
    unknown: int


def conclude(documents: Sequence[Document], answers: Answers) -> list[ClauseResult]:
    """Return the result of every clause, in the order of the packs."""
    used = {
        check.clause.split("/")[0]
        for check in answers.checks
        if (counts := answers.outcomes[check.table].checks.get(check.id)) and counts.concerned
    }
    return [
        _clause(document, clause, answers, provider_used=document.provider in used)
        for document in documents
        for clause in document.clauses
    ]


def _clause(document: Document, clause: Clause, answers: Answers, *, provider_used: bool) -> ClauseResult:
    name = document.clause_id(clause)
    counts = [c for outcome in answers.outcomes.values() if (c := outcome.clauses.get(name))]
    text = answers.texts.get(name)
    rules = tuple(_rule(f"{name}/{rule.id}", clause, rule, answers) for rule in clause.rules)
    found = [finding for finding in answers.findings if finding.clause == name]
    rows = _Rows(**{key: sum(getattr(c, key) for c in counts) for key in _Rows.__dataclass_fields__})
    verdict = _verdict(found, rules, rows, answers.tolerance, provider_used=provider_used)
    latest = [c.latest for c in counts if c.latest]
    taken = answers.choices.positions.get(clause.position or "")
    overrides = tuple(_override(agreement, override) for agreement, override in overrides_of(name, answers.choices))
    return ClauseResult(
        id=name,
        provider=document.provider,
        document=document.id,
        document_title=document.document.title,
        title=clause.title,
        category=clause.category,
        kind=clause.kind,
        severity=clause.severity,
        version=_newest(clause, latest) if latest else clause.versions[-1].id,
        verdict=verdict,
        why=_agreed(overrides, verdict) or _why(clause, verdict, found, rules, rows),
        governed=rows.governed,
        perhaps=rows.perhaps,
        hits=rows.hits,
        unknown=rows.unknown,
        waived=sum(finding.status == "waived" for finding in found),
        missing_facts=_sum([rule.missing_facts for rule in rules]),
        rules=rules,
        versions=tuple(_version(document, version, counts) for version in clause.versions),
        says=clause.says,
        exceptions=tuple(exception.says for exception in clause.exceptions),
        remedy=clause.remedy,
        position=clause.position,
        readings=tuple(ReadingInfo(id=r.id, says=r.says, taken=r.id == taken) for r in clause.readings),
        text=text,
        manual=clause.manual if not clause.rules else None,
        overrides=overrides,
    )


def _override(agreement: Agreement, override: Override) -> OverrideInfo:
    return OverrideInfo(
        agreement=agreement.id,
        document=agreement.document,
        effect=override.effect,
        says=override.says,
        by=override.by,
        from_=agreement.from_,
        until=agreement.until,
    )


def _agreed(overrides: Sequence[OverrideInfo], verdict: Verdict) -> str:
    out = [override for override in overrides if override.effect != "tightened"]
    if verdict != "not_applicable" or not out:
        return ""
    said = "; ".join(f"{o.effect} from {o.from_}{f' until {o.until}' if o.until else ''} by {o.document}" for o in out)
    return f"The clause is {said}. At other times, nothing in the inputs is governed by it."


def _rule(name: str, clause: Clause, rule: Rule, answers: Answers) -> RuleResult:
    check = next((check for check in answers.checks if check.id == name), None)
    counts = answers.outcomes[rule.table].checks.get(name) or CheckCounts(0, 0, 0, 0)
    return RuleResult(
        id=name,
        title=rule.title,
        table=rule.table,
        certainty=check.certainty if check else rule.certainty,
        governed=counts.concerned,
        hits=counts.hits,
        unknown=counts.unknown,
        missing_facts=dict(sorted(counts.missing.items(), key=lambda item: (-item[1], item[0]))),
        not_examined=not answers.examined(rule.table),
        judged=rule.judge is None,
        outdated=outdated(clause, rule, answers.texts.get(name.rpartition("/")[0])),
    )


def _verdict(
    found: Sequence[Finding], rules: Sequence[RuleResult], rows: _Rows, tolerance: float, *, provider_used: bool
) -> Verdict:
    open_ = [finding for finding in found if finding.status not in ("waived", "baseline")]
    if open_:
        return "breach" if any(finding.certainty == "certain" for finding in open_) else "suspected"
    if found:
        return "waived"
    if not rules:
        return "undetermined" if rows.governed or rows.unknown else "not_applicable"
    if rows.unknown * 100 > tolerance * max(rows.governed, rows.unknown):
        return "undetermined"
    if rows.governed:
        return "clear"
    return "undetermined" if provider_used and all(rule.not_examined for rule in rules) else "not_applicable"


def _why(clause: Clause, verdict: Verdict, found: Sequence[Finding], rules: Sequence[RuleResult], rows: _Rows) -> str:
    skipped = sorted({rule.table for rule in rules if rule.not_examined})
    not_examined = f" Not examined: {', '.join(skipped)} (no rows were given)." if skipped else ""
    seen = " ".join(dict.fromkeys(f"{rule.title}." for rule in rules if rule.hits))
    facts = ", ".join(list(_sum([rule.missing_facts for rule in rules]))[:4])
    perhaps = f"It is not known whether it governs {_number(rows.perhaps, 'row')}" if rows.perhaps else ""
    match verdict:
        case "breach" | "suspected":
            return f"{_number(len(found), 'finding')} in {_number(rows.governed, 'governed row')}. {seen}{not_examined}"
        case "waived":
            return f"{_number(len(found), 'finding')}, all waived. {seen}{not_examined}"
        case "undetermined" if clause.manual and not rules:
            return f"Not testable by machine. {' '.join(clause.manual.split())}"
        case "undetermined" if perhaps and not rows.governed:
            return f"{perhaps}, and {rows.unknown:,} could not be decided; missing: {facts}.{not_examined}"
        case "undetermined" if rows.unknown:
            undecided = _number(rows.unknown, "row")
            return f"Nothing was found, but {undecided} could not be decided; missing: {facts}.{not_examined}"
        case "undetermined":
            return f"The provider is used, but nothing was given that could show this.{not_examined}"
        case "clear":
            undecided = f"; {_number(rows.unknown, 'row')} undecided, within the tolerance" if rows.unknown else ""
            return f"{_number(rows.governed, 'governed row')} assessed and nothing found{undecided}.{not_examined}"
        case _ if perhaps:
            return f"{perhaps}; nothing was found in them either way.{not_examined}"
        case _:
            return f"Nothing in the inputs is governed by it.{not_examined}"


def _version(document: Document, version: Version, counts: Sequence[ClauseCounts]) -> VersionResult:
    pairs = [c.versions.get(version.id, (0, 0)) for c in counts]
    return VersionResult(
        id=version.id,
        section=version.section,
        from_=version.from_,
        until=version.until,
        source=version.source,
        url=version.url or document.document.url,
        confidence=version.confidence,
        governed=sum(pair[0] for pair in pairs),
        hits=sum(pair[1] for pair in pairs),
    )


def _newest(clause: Clause, names: Sequence[str]) -> str:
    return [version.id for version in clause.versions if version.id in names][-1]


def _sum(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Add up counts by fact, the largest first."""
    total: dict[str, int] = {}
    for item in counts:
        for fact, count in item.items():
            total[fact] = total.get(fact, 0) + count
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
