"""The sentences that every report of the guard shares."""

from collections.abc import Iterator, Sequence

from auditor.guard.found import Evidence, Place
from auditor.guard.knowledge import Statement
from auditor.guard.outcome import Examined, GuardFinding, Question, Report
from auditor.model.policy import Severity

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
    "source": "made from",
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
    if finding.waiver is None:
        return ""
    if finding.status == "baseline":
        return f"in the baseline until {finding.waiver.expires.isoformat()}: {finding.waiver.reason}"
    until = f"until {finding.waiver.expires.isoformat()} by {finding.waiver.approver}: {finding.waiver.reason}"
    return f"accepted {until}" if finding.status == "waived" else f"no longer accepted. {finding.lapse}"


def _needed(questions: Sequence[Question], model: str) -> Iterator[str]:
    """What to declare so that some questions can be answered."""
    facts = list(dict.fromkeys(fact for question in questions for fact in question.missing))
    yield from dict.fromkeys(DECLARE.get(fact, fact) for fact in facts if not fact.startswith("model."))
    own = [f"`{fact.removeprefix('model.')}`" for fact in facts if fact.startswith("model.")]
    if own:
        yield f"what {model} is ({', '.join(own)} under models)"


def undecided(report: Report, severity: Severity) -> Iterator[tuple[Place, str]]:
    """Yield the inputs that could not be decided and might stop, each with its place, in a sentence."""
    for item in report.undecided:
        if questions := item.grave(severity):
            clauses = count(len({question.clause for question in questions}), "clause")
            needed = "; ".join(_needed(questions, item.model))
            yield item.place, f"{item.dataset} in {item.model}: {clauses} undecided. Declare {needed}"


def unknowns(report: Report, severity: Severity) -> Iterator[tuple[Place, str]]:
    """Yield what `--fail-on unknown` stops at: inputs that could not be decided, and what was not understood."""
    yield from undecided(report, severity)
    yield from ((unread.place, f"not understood: {unread.why}") for unread in report.unread)


def open_cases(report: Report, severity: Severity) -> Iterator[str]:
    """Yield the cases that could not be decided and might stop, a sentence each, and the number of the others."""
    yield from (f"{place}: {text}" for place, text in undecided(report, severity))
    others = sum(1 for item in report.undecided if not item.grave(severity))
    if others:
        yield f"{count(others, 'input')} with open questions that would not stop; --output-format json has them"


def not_examined(report: Report) -> str:
    """Return the words on the clauses that need the lineage of rows; empty if there are none."""
    if not report.not_examined:
        return ""
    clauses = count(len(report.not_examined), "clause")
    return f"{clauses} about copies of logged outputs not examined: no matches of rows with logged outputs were given"
