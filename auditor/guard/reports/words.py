"""The sentences that every report of the guard shares."""

from collections.abc import Iterator

from auditor.guard.found import Evidence
from auditor.guard.knowledge import Statement
from auditor.guard.outcome import Examined, GuardFinding, Report, Undecided

EVIDENCE: dict[Evidence, str] = {
    "proven": "proven: a copy of a logged output",
    "recorded": "recorded in the data",
    "declared": "declared in a file or the registry",
    "indicated": "indicated by the text alone, which proves nothing",
}
FACTS = {
    "dataset.generators": "written by",
    "dataset.generator_providers": "provider",
    "dataset.route": "reached by",
    "dataset.licence": "licence",
    "dataset.made_for_training": "made for training",
    "synthetic": "written by a model",
    "human": "not written by a model",
}
DECLARE = {
    "dataset.generators": "which models wrote it (`generators`; [] if people did)",
    "dataset.generator_makers": "which models wrote it (`generators`; [] if people did)",
    "dataset.generator_licences": "which models wrote it (`generators`; [] if people did)",
    "dataset.generator_providers": "how these models were reached (`generator_providers` or `route`)",
    "dataset.route": "how these models were reached (`generator_providers` or `route`)",
    "dataset.generator_plan": "under which plan (`generator_plan`)",
    "dataset.licence": "its licence (`licence`)",
    "dataset.made_for_training": "whether it was made for training (`made_for_training`)",
    "dataset.modality": "what kind of data it is (`modality`)",
    "authorisation.scope": "which authorisations are held (`authorisations`; [] if none)",
}
"""Missing fact → what to declare."""


def count(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def examined(what: Examined) -> str:
    """Return what was looked at, in a line."""
    parts = [f"{number} {name}" for name, number in sorted(what.formats.items())]
    if what.data:
        parts.append(f"{count(what.data, 'data file')} ({count(what.rows, 'row')})")
    if what.unrelated:
        parts.append(f"{what.unrelated} not about training")
    return f"{count(what.files, 'file')} examined" + (f": {', '.join(parts)}" if parts else "")


def headline(item: GuardFinding) -> str:
    """Return what was found, in a sentence."""
    summary = item.finding.summary
    if item.evidence == "indicated":
        return f"{item.dataset} trains {item.model}, and its text claims to be a model's. If that is so: {summary}."
    return f"{item.dataset} trains {item.model}: {summary}."


def clause(item: GuardFinding) -> str:
    """Return the clause with its version."""
    info = item.clause
    until = f" to {info.until.isoformat()}" if info.until else ""
    span = f"in force from {info.since.isoformat()}{until}"
    return f"{info.document}, {info.section} ({info.id}, version {item.finding.clause_version}, {span})"


def statement(said: Statement) -> str:
    """Return one statement with its place."""
    value = "an unnamed model" if said.value is None else said.value
    via = f", which it was made from ({' ← '.join(said.via)})" if said.via else ""
    note = f" [{said.named.note}]" if said.named.note else ""
    what = "claims to be by" if said.evidence == "indicated" else FACTS.get(said.fact, said.fact)
    return f"{what} {value}: {said.named.place}{via}{note}"


def status(item: GuardFinding) -> str:
    """Return who accepted a finding, or why the acceptance lapsed; empty for one that nobody accepted."""
    finding = item.finding
    if finding.status == "baseline":
        return "in the baseline"
    if finding.waiver is None:
        return ""
    until = f"until {finding.waiver.expires.isoformat()} by {finding.waiver.approver}: {finding.waiver.reason}"
    return f"accepted {until}" if finding.status == "waived" else f"no longer accepted. {finding.lapse}"


def missing(item: Undecided) -> Iterator[str]:
    """Yield what to declare so that an open case can be decided."""
    for fact in item.missing:
        if fact.startswith("model."):
            yield f"what {item.model} is (`{fact.removeprefix('model.')}` under models)"
        else:
            yield DECLARE.get(fact, fact)


def open_cases(report: Report) -> Iterator[str]:
    """Yield the cases that could not be decided, a sentence each."""
    for item in report.undecided:
        needed = "; ".join(dict.fromkeys(missing(item)))
        yield f"{item.place}: {item.dataset} in {item.model}: {count(len(item.clauses), 'clause')} undecided. Declare {needed}"


def not_examined(report: Report) -> str:
    """Return the words on the clauses that need the lineage of rows; empty if there are none."""
    if not report.not_examined:
        return ""
    clauses = count(len(report.not_examined), "clause")
    return f"{clauses} about copies of logged outputs not examined: no matches of rows with logged outputs were given"
