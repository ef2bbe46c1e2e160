"""What a check found, in lines for people and as data for machines. Text from providers is passed on as it is: whoever prints
it to a terminal escapes it."""

from collections import Counter
from collections.abc import Iterable

from pydantic import JsonValue

from auditor.terms.check import Alert, DocumentResult, count
from auditor.terms.watch import Past
from auditor.terms.wording import difference


def alert_lines(alert: Alert, state: str) -> list[str]:
    """Return an alert in lines: what changed, for whom, how, and what to do."""
    commit = f", commit {alert.commit[:12]}" if alert.commit else ""
    old, new = alert.change.old_label or "no section", alert.change.new
    what = f"{old} {'changed' if new else 'is gone'}" if alert.change.old_label else "a lost section stands again"
    return [
        f"ALERT {alert.document}: {what}, seen {alert.date:%Y-%m-%d}{commit}",
        f"  relied on by: {', '.join(alert.clauses)}",
        f"  before: {old}, {alert.change.old_hash}; now: {f'{new.name}, {new.hash}' if new else 'gone'}",
        *(f"  | {line}" for line in _difference(alert).splitlines()),
        *([f"  note: {alert.note}"] if alert.note else []),
        f"  next: read both; if the pack still holds, `auditor terms accept {' '.join(alert.clauses)} --state {state}`",
    ]


def _difference(alert: Alert) -> str:
    old, new = alert.change.old_text, alert.change.new
    if old is None:
        return f"(the earlier wording is not kept here) {difference('', new.text)}" if new else "(not kept here)"
    return difference(old, new.text if new else "")


def result_lines(result: DocumentResult) -> list[str]:
    """Return a document's result in lines: its outcome, why it failed, and the clauses that are not watched."""
    lines = [f"{result.document}: {result.outcome}{f': {result.failure}' if result.failure else ''}"]
    for clause in result.clauses:
        if clause.outcome == "not bound":
            lines.append(f"  not bound: {clause.id}: {clause.note}")
        elif clause.outcome in ("bound", "followed", "variant") or (clause.outcome == "unchanged" and clause.note):
            lines.append(f"  {clause.outcome}: {clause.id}: {clause.note}")
    if any(clause.outcome == "not bound" for clause in result.clauses):
        lines.append(
            "  to watch a clause that is not bound, correct its `section` in the pack, or give the version the section's "
            "hash as `text`; `auditor terms sections` lists both"
        )
    return lines


def count_line(results: Iterable[DocumentResult]) -> str:
    """Return one line that counts every document once."""
    counts = count(results)
    total, failed = sum(counts.values()), counts["failed"]
    checked = ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if outcome != "failed")
    return f"{_many(total, 'document')}: {total - failed} checked ({checked}), {failed} failed"


def past_line(past: Past) -> str:
    """Return one line about a document's history; the outcomes add up to the commits."""
    results = past.results
    outcomes = Counter(result.outcome for result in results)
    alerts = sum(len(result.alerts) for result in results)
    counted = ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
    return (
        f"{past.document}: {_many(len(results), 'commit')} ({counted}), {_many(past.raw_changes, 'raw change')}, "
        f"{_many(past.distinct, 'distinct text')}, {_many(outcomes['variant'], 'variant')}, "
        f"{_many(alerts, 'alert')} at {_many(outcomes['alert'], 'commit')}"
    )


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def result_data(result: DocumentResult) -> dict[str, JsonValue]:
    """Return a document's result as data."""
    return {
        "document": result.document,
        "outcome": result.outcome,
        "failure": result.failure or None,
        "source": result.reading.source,
        "date": result.reading.date.isoformat(),
        "commit": result.reading.commit or None,
        "raw_changed": result.raw_changed,
        "clauses": [
            {"id": clause.id, "outcome": clause.outcome, "version": clause.version or None, "note": clause.note or None}
            for clause in result.clauses
        ],
        "alerts": [_alert_data(alert) for alert in result.alerts],
    }


def _alert_data(alert: Alert) -> JsonValue:
    change = alert.change
    return {
        "document": alert.document,
        "clauses": list(alert.clauses),
        "date": alert.date.isoformat(),
        "commit": alert.commit or None,
        "source": alert.source,
        "old": {"label": change.old_label or None, "hash": change.old_hash},
        "new": {"label": change.new.label, "heading": change.new.heading, "hash": change.new.hash}
        if change.new
        else None,
        "difference": _difference(alert),
        "note": alert.note or None,
    }


def counts_data(results: Iterable[DocumentResult]) -> dict[str, JsonValue]:
    """Return the counts of documents as data."""
    counts = count(results)
    total = sum(counts.values())
    data: dict[str, JsonValue] = {"documents": total, "checked": total - counts["failed"]}
    return data | {outcome: number for outcome, number in counts.items()}  # noqa: C416 - the type of values widens
