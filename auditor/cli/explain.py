"""`auditor explain`: what a clause says, how a rule decides, and why a finding was made."""

from collections.abc import Iterator
from pathlib import Path

import click

from auditor.cli.options import FILE, plain, policies_option
from auditor.errors import AuditorError, ExitCode
from auditor.model.finding import Finding
from auditor.model.policy import Clause, Document, Rule
from auditor.policy.load import load_policies
from auditor.reports.words import fact_value, number
from auditor.runs.folder import read_run
from auditor.yamlfile import nearest, write_yaml


@click.command()
@click.argument("name", metavar="RULE|CLAUSE|FINDING")
@click.option(
    "--run", type=FILE, help="Run folder in which the finding stands; the newest in auditor-runs if not given."
)
@policies_option
def command(name: str, run: Path | None, policies: str | None) -> int:
    """Explain a clause, a rule or a finding."""
    finding = _finding(name, run) if name.startswith("f-") else None
    target = finding.rule if finding else name
    known: dict[str, tuple[Document, Clause, Rule | None]] = {}
    for document in load_policies(policies).documents:
        for clause in document.clauses:
            known[document.clause_id(clause)] = (document, clause, None)
            known |= {f"{document.clause_id(clause)}/{rule.id}": (document, clause, rule) for rule in clause.rules}
    if target not in known:
        raise AuditorError(f"no clause or rule '{target}' {nearest(target, set(known))}".rstrip())
    lines = [*(_explain_finding(finding) if finding else ()), *_explain_clause(*known[target])]
    click.echo(plain("\n".join(lines)))
    return ExitCode.OK


def _finding(name: str, run: Path | None) -> Finding:
    folder = run or max(Path("auditor-runs").glob("*/run.json"), default=Path("auditor-runs/none/run.json")).parent
    found = {finding.id: finding for finding in read_run(folder).findings}
    if name not in found:
        raise AuditorError(f"the run {folder} has no finding '{name}' {nearest(name, set(found))}".rstrip())
    return found[name]


def _explain_finding(finding: Finding) -> Iterator[str]:
    yield f"{finding.summary}"
    yield f"  {finding.severity}, {finding.certainty}, {finding.status}; id {finding.id}"
    yield f"  {number(finding.count)} rows from {finding.first_seen} to {finding.last_seen}"
    yield f"  judged under version {', '.join(f'{v} ({number(n)} rows)' for v, n in finding.versions.items())}"
    if finding.window:
        yield f"  most in one window: {number(finding.window.value)}, more than {number(finding.window.limit)}"
    for name, value in finding.facts.items():
        yield f"  {name} = {fact_value(value)}"
    for example in finding.examples:
        yield f"  for example {example.input}, line {example.line}, record {example.record_id}"
    if finding.waiver:
        yield f"  waived by {finding.waiver.approver} until {finding.waiver.expires}: {finding.waiver.reason}"
    if finding.lapse:
        yield f"  the waiver no longer counts: {finding.lapse}"
    yield ""


def _explain_clause(document: Document, clause: Clause, only: Rule | None) -> Iterator[str]:
    yield f"{clause.title}  [{document.clause_id(clause)}]"
    yield f"  {document.document.title}: {clause.kind}, {clause.category.value}, severity {clause.severity}"
    yield f"  {' '.join(clause.says.split())}"
    for version in clause.versions:
        until = version.until or "today"
        url = version.url or document.document.url
        yield f"  version {version.id}: section {version.section}, {version.from_} to {until}, {url}"
        text = f", text {version.text}" if version.text else ""
        yield f"    confidence {version.confidence}{f', in {version.source}' if version.source else ''}{text}"
    for exception in clause.exceptions:
        yield f"  exception: {' '.join(exception.says.split())}"
    for reading in clause.readings:
        yield f"  reading {reading.id} (position {clause.position}): {' '.join(reading.says.split())}"
    if clause.manual and not clause.rules:
        yield f"  only a person can check it: {' '.join(clause.manual.split())}"
    yield f"  what to do: {' '.join(clause.remedy.split())}"
    for rule in clause.rules:
        if only is None or rule.id == only.id:
            yield from _explain_rule(rule)


def _explain_rule(rule: Rule) -> Iterator[str]:
    yield ""
    yield f"  rule {rule.id}: {rule.title}"
    yield f"    reads {rule.table}; if it holds, the sign is {rule.certainty}"
    shown = rule.model_dump(
        mode="json",
        include={"when", "unless", "measure", "exceeds", "judge", "versions", "reading"},
        exclude_defaults=True,
    )
    yield from (f"    {line}" for line in write_yaml(shown).splitlines())
