"""Waivers: they count to the end of their day, and while the clause has the text that was reviewed."""

from datetime import date
from typing import Any

import pytest

from auditor.findings.waive import apply_waivers
from auditor.model.finding import Waiver
from tests.reports.builders import finding
from tests.reports.example_clauses import breached

FOUND = finding(breached(), 0, {"application.id": "a"}, 3, "Found")
READ, CHANGED = "0123456789abcdef", "fedcba9876543210"


@pytest.mark.parametrize(
    ("now", "reviewed", "text", "status", "lapse"),
    [
        ("2026-06-30", None, CHANGED, "waived", ""),
        ("2026-07-01", None, CHANGED, "expired", "It expired on 2026-06-30."),
        ("2026-06-30", READ, READ, "waived", ""),
        ("2026-06-30", READ, CHANGED, "expired", "The text of the clause has changed since it was given."),
        ("2026-06-30", READ, None, "waived", ""),
        ("2026-07-01", READ, CHANGED, "expired", "It expired on 2026-06-30."),
    ],
)
def test_a_waiver_counts(now, reviewed, text, status, lapse):
    values: dict[str, Any] = {"finding": FOUND.id, "reason": "agreed", "approver": "Counsel", "expires": "2026-06-30"}
    waiver = Waiver.model_validate(values | {"reviewed": reviewed})
    (result,) = apply_waivers([FOUND], [waiver], date.fromisoformat(now), {FOUND.clause: text} if text else {})
    assert (result.status, result.lapse, result.waiver) == (status, lapse, waiver)
