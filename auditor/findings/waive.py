"""Applies waivers to findings. A finding is never removed: it is active, waived or expired, and counted as such."""

from collections.abc import Mapping, Sequence
from datetime import date

from auditor.model.finding import Finding, Status, Waiver


def apply_waivers(
    findings: Sequence[Finding], waivers: Sequence[Waiver], now: date, texts: Mapping[str, str]
) -> list[Finding]:
    """Return the findings with the status that the waivers give them.

    Args:
        findings: what was found.
        waivers: what was accepted. A waiver counts to the end of its last day in UTC, and while the clause's text is the one
            that was reviewed.
        now: the day the audit refers to.
        texts: clause id → hash of its section's text as last known.
    """
    by_finding = {waiver.finding: waiver for waiver in waivers}
    return [_apply(finding, by_finding.get(finding.id), now, texts.get(finding.clause)) for finding in findings]


def unused_waivers(findings: Sequence[Finding], waivers: Sequence[Waiver]) -> list[Waiver]:
    """Return the waivers whose finding did not occur in this run."""
    known = {finding.id for finding in findings}
    return [waiver for waiver in waivers if waiver.finding not in known]


def _apply(finding: Finding, waiver: Waiver | None, now: date, text: str | None) -> Finding:
    if waiver is None:
        return finding
    lapse = ""
    if now > waiver.expires:
        lapse = f"It expired on {waiver.expires}."
    elif waiver.reviewed and text and waiver.reviewed != text:
        lapse = "The text of the clause has changed since it was given."
    status: Status = "expired" if lapse else "waived"
    return finding.model_copy(update={"status": status, "waiver": waiver, "lapse": lapse})
