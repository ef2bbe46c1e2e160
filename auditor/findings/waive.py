"""Applies waivers to findings. A finding is never removed: it is active, waived or expired, and counted as such."""

from collections.abc import Sequence
from datetime import date

from auditor.model.finding import Finding, Status, Waiver


def apply_waivers(findings: Sequence[Finding], waivers: Sequence[Waiver], now: date) -> list[Finding]:
    """Return the findings with the status that the waivers give them; a waiver counts to the end of its last day in UTC."""
    by_finding = {waiver.finding: waiver for waiver in waivers}
    return [_apply(finding, by_finding.get(finding.id), now) for finding in findings]


def unused_waivers(findings: Sequence[Finding], waivers: Sequence[Waiver]) -> list[Waiver]:
    """Return the waivers whose finding did not occur in this run."""
    known = {finding.id for finding in findings}
    return [waiver for waiver in waivers if waiver.finding not in known]


def _apply(finding: Finding, waiver: Waiver | None, now: date) -> Finding:
    if waiver is None:
        return finding
    status: Status = "waived" if now <= waiver.expires else "expired"
    return finding.model_copy(update={"status": status, "waiver": waiver})
