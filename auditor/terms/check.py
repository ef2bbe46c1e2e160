"""A document against one reading of it, or against its whole history; and what a check of many comes to. Does no I/O."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from auditor.errors import ExitCode
from auditor.model.policy import Document
from auditor.terms.clauses import Change, ClauseResult, Context, check_clause
from auditor.terms.reading import Parsed, Reading
from auditor.terms.sections import Section
from auditor.terms.state import ClauseState, DocumentState, TextSeen

Outcome = Literal["unchanged", "changed without alert", "variant", "alert", "first seen", "not bound", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""What may come out for a document; each has exactly one, so the counts add up."""
FEWEST = 2
"""A text that has not even one in so many of the sections of the text before is not taken for the terms."""


@dataclass(frozen=True)
class Alert:
    """A section that clauses rely on has changed.

    Attributes:
        document: id of the document.
        clauses: ids of the clauses that rely on the section.
        change: what stood there, and what stands there now.
        date, source, commit: when, where and in which commit the new text was read.
        note: what the pack says about it, in words; may be empty.
    """

    document: str
    clauses: tuple[str, ...]
    change: Change
    date: datetime
    source: str
    commit: str
    note: str


@dataclass(frozen=True)
class DocumentResult:
    """What came out for one document in one reading."""

    document: str
    reading: Reading
    outcome: Outcome
    failure: str = ""
    raw_changed: bool = False
    clauses: tuple[ClauseResult, ...] = ()
    alerts: tuple[Alert, ...] = ()


@dataclass
class Texts:
    """Parsed texts, each parsed once; `kept` returns a text that was kept in the state, by its digest."""

    kept: Callable[[str], str]
    parsed: dict[str, Parsed] = field(default_factory=dict)

    def of(self, text: str) -> Parsed:
        """Return a text parsed."""
        parsed = Parsed(text)
        return self.parsed.setdefault(parsed.sha256, parsed)

    def section(self, sha256: str, hash: str) -> Section | None:
        """Return a section of a kept text by its hash."""
        return self.earlier(sha256).by_hash.get(hash)

    def earlier(self, sha256: str) -> Parsed:
        """Return a kept text parsed."""
        if sha256 not in self.parsed:
            self.parsed[sha256] = Parsed(self.kept(sha256))
        return self.parsed[sha256]


def check_document(
    document: Document, before: DocumentState, reading: Reading, texts: Texts, *, history: bool = False
) -> tuple[DocumentState, DocumentResult]:
    """Compare one reading of a document with what is known of it.

    Returns:
        What is known afterwards, and what came out. After a failure nothing more is known, but for the text refused.
    """
    if reading.failure:
        return before, DocumentResult(document.id, reading, "failed", reading.failure)
    parsed = texts.of(reading.text)
    raw_changed = before.last is not None and before.last != parsed.sha256
    if failure := parsed.fault() or _lost(before, parsed):
        refused = None if parsed.fault() else parsed.sha256
        after = before.model_copy(update={"refused": refused, "commit": reading.commit or before.commit})
        return after, DocumentResult(document.id, reading, "failed", failure, raw_changed)
    last = before.seen(before.last)
    context = Context(
        parsed=parsed,
        reading=reading,
        seen_before=any(text.wording == parsed.wording for text in before.texts)
        and last is not None
        and last.wording != parsed.wording,
        standing=frozenset(texts.earlier(before.last).by_hash) if before.last else frozenset(),
        old=texts.section,
        history=history,
    )
    clauses: dict[str, ClauseState] = dict(before.clauses)
    results: list[ClauseResult] = []
    for clause in document.clauses:
        id = document.clause_id(clause)
        state, result = check_clause(id, clause, before.clauses.get(id), context)
        results.append(result)
        if state:
            clauses[id] = state
    outcome = _outcome(results, raw_changed=raw_changed, first=before.last is None)
    alerts = _alerts(document.id, results, reading)
    return _after(before, parsed, reading, clauses), DocumentResult(
        document.id, reading, outcome, "", raw_changed, tuple(results), alerts
    )


def _lost(before: DocumentState, parsed: Parsed) -> str:
    """Say that a text has lost most of its sections, as a page that asks for consent or reports an error has."""
    last = before.seen(before.last)
    now = len(parsed.sections)
    if last is None or now * FEWEST >= last.sections or parsed.sha256 in before.accepted:
        return ""
    return (
        f"only {now} of {last.sections} sections are left, as when a page asks for consent or reports an error; read it, "
        f"and if the terms are really this short, `auditor terms accept` the document"
    )


def _outcome(results: list[ClauseResult], *, raw_changed: bool, first: bool) -> Outcome:
    outcomes = {result.outcome for result in results}
    if "alert" in outcomes:
        return "alert"
    if outcomes <= {"not bound", "not in force"}:
        return "not bound"
    if "variant" in outcomes:
        return "variant"
    if first:
        return "first seen"
    return "changed without alert" if raw_changed or "followed" in outcomes else "unchanged"


def _alerts(document: str, results: Iterable[ClauseResult], reading: Reading) -> tuple[Alert, ...]:
    """One alert a section, naming every clause that relies on it."""
    grouped: dict[tuple[str, str], list[tuple[ClauseResult, Change]]] = {}
    for result in results:
        if result.outcome == "alert":
            for change in result.changes:
                key = (change.old_hash, change.new.hash if change.new else "")
                grouped.setdefault(key, []).append((result, change))
    return tuple(
        Alert(
            document,
            tuple(dict.fromkeys(result.id for result, _ in group)),
            group[0][1],
            reading.date,
            reading.source,
            reading.commit,
            "; ".join(dict.fromkeys(result.note for result, _ in group if result.note)),
        )
        for group in grouped.values()
    )


def _after(before: DocumentState, parsed: Parsed, reading: Reading, clauses: dict[str, ClauseState]) -> DocumentState:
    seen = TextSeen(
        sha256=parsed.sha256,
        wording=parsed.wording,
        sections=len(parsed.sections),
        source=reading.source,
        first_seen=reading.date,
    )
    return before.model_copy(
        update={
            "texts": before.texts if before.seen(parsed.sha256) else (*before.texts, seen),
            "last": parsed.sha256,
            "checked": reading.date,
            "commit": reading.commit or before.commit,
            "final_url": reading.final_url,
            "etag": reading.etag,
            "last_modified": reading.last_modified,
            "refused": None,
            "clauses": clauses,
        }
    )


def count(results: Iterable[DocumentResult]) -> dict[Outcome, int]:
    """Return how many documents had each outcome; every outcome is there, and the counts add up."""
    counted = Counter(result.outcome for result in results)
    return {outcome: counted[outcome] for outcome in OUTCOMES}


def exit_code(latest: Iterable[DocumentResult], alerts: int) -> ExitCode:
    """Return what the process says: partial if a document could not be read, else findings if there are alerts."""
    if any(result.outcome == "failed" for result in latest):
        return ExitCode.PARTIAL
    return ExitCode.FINDINGS if alerts else ExitCode.OK
