"""Findings: what the rules found, grouped so that a person can read it, and the waivers that accept some of them."""

import hashlib
import json
from datetime import date
from typing import Literal

from pydantic import JsonValue

from auditor.model.base import Model
from auditor.model.policy import Certainty, Sentence, Severity, TextHash

Status = Literal["active", "waived", "expired", "baseline"]


class Example(Model):
    """Where one hit was read: input, line (or record number) in it, and the record's own id."""

    input: str
    line: int | None
    record_id: str | None


class Window(Model):
    """The window of a measure that exceeded its limit by most."""

    end: str
    seconds: int
    value: float
    limit: float


class Finding(Model):
    """One rule that held for one principal, with every hit counted.

    `count` is a number of rows; `first_seen` and `last_seen` are RFC 3339 in UTC; `clause_version` is the version of the
    last hit and `versions` counts the hits under each; `facts` are the facts the rule read that all hits share. `lapse`
    says why a waiver no longer counts.
    """

    id: str
    clause: str
    clause_version: str
    versions: dict[str, int]
    rule: str
    severity: Severity
    certainty: Certainty
    status: Status
    principal: dict[str, str]
    count: int
    first_seen: str | None
    last_seen: str | None
    summary: str
    facts: dict[str, JsonValue]
    window: Window | None = None
    examples: tuple[Example, ...]
    remedy: str
    waiver: "Waiver | None" = None
    lapse: str = ""


class Waiver(Model):
    """A named person's time-limited acceptance of one finding; valid to the end of `expires` in UTC.

    `reviewed` is the hash of the section's text that the person read; if the text has changed since, the waiver lapses.
    """

    finding: str
    reason: Sentence
    approver: Sentence
    expires: date
    reviewed: TextHash | None = None


def finding_id(clause: str, rule: str, principal: dict[str, str]) -> str:
    """Return the stable id of a finding: it depends on clause, rule and principal, and on nothing else."""
    canonical = json.dumps([clause, rule, sorted(principal.items())], ensure_ascii=False, separators=(",", ":"))
    return "f-" + hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]
