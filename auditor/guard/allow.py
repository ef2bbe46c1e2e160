"""What people accepted: allowances in comments and sidecars, and the baseline of findings that were there before."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import JsonValue, ValidationError

from auditor.errors import AuditorError, Fault, Location, raise_faults
from auditor.guard.found import Place
from auditor.guard.outcome import GuardFinding
from auditor.model.base import Model
from auditor.model.finding import Waiver

LONGEST = 2_000
"""Characters of a line in which a comment is looked for."""
COMMENT = re.compile(r"#\s*auditor:\s*allow\b(.*)$")
FIELD = re.compile(r"\b(reason|until)\s*=\s*(\"[^\"]*\"|'[^']*'|.*?(?=\s+(?:reason|until)\s*=|$))")
RULE = re.compile(r"^\s*([a-z0-9][\w./*-]*)")


@dataclass(frozen=True)
class Allowance:
    """A rule (or clause, or part of their ids) that somebody accepts in one file, and until when.

    `line` is the line that it is about; None for the whole file.
    """

    rule: str
    reason: str
    until: date
    place: Place
    line: int | None

    def covers(self, item: GuardFinding, place: Place) -> bool:
        """Return whether it is about a finding at one place: rule, file and, where the comment stands at one, the line.

        A sidecar is about its data, wherever that is used.
        """
        rule = item.finding.rule
        if not (rule == self.rule or f"/{self.rule}/" in f"/{rule}/" or fnmatchcase(rule, self.rule)):
            return False
        beside = self.place.file.rpartition(".provenance.")[0]
        if beside and beside in {item.dataset, *(s.named.place.file for s in item.statements)}:
            return True
        return place.file == self.place.file and self.line in (None, place.line)


def comments(path: str, text: str) -> tuple[list[Allowance], list[str]]:
    """Return the allowances in a file's comments, and in words what is wrong with others.

    A comment above everything else is about the whole file; one behind a value or on the line above it, about that line.
    """
    allowed: list[Allowance] = []
    notices: list[str] = []
    lines = text.splitlines()
    content = next(
        (n for n, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith(("#", "---"))), 0
    )
    for number, line in enumerate(lines, 1):
        if not (found := COMMENT.search(line[:LONGEST])):
            continue
        own = line.lstrip().startswith("#")
        about = None if own and number < content else number
        if own and about:
            about = next(
                (n for n in range(number + 1, len(lines) + 1) if not lines[n - 1].lstrip().startswith("#")), number
            )
        fields = {key: value.strip().strip("\"'") for key, value in FIELD.findall(found.group(1))}
        rule = RULE.match(found.group(1))
        made = _allowance(rule.group(1) if rule else "", fields, Place(path, number), about)
        if isinstance(made, Allowance):
            allowed.append(made)
        else:
            notices.append(made)
    return allowed, notices


def entries(path: str, value: JsonValue) -> tuple[list[Allowance], list[str]]:
    """Return the allowances under `allow` in a sidecar, and in words what is wrong with others."""
    allowed: list[Allowance] = []
    notices: list[str] = []
    for i, item in enumerate(value if isinstance(value, list) else []):
        fields = {key: str(text) for key, text in item.items()} if isinstance(item, dict) else {}
        made = _allowance(fields.get("rule", ""), fields, Place(path, None, f"allow[{i}]"), None)
        if isinstance(made, Allowance):
            allowed.append(made)
        else:
            notices.append(made)
    return allowed, notices


def _allowance(rule: str, fields: dict[str, str], place: Place, about: int | None) -> Allowance | str:
    if not rule or rule in ("reason", "until") or not fields.get("reason"):
        return f"{place}: this allowance does not count: it needs a rule and a reason (reason=…)"
    try:
        until = date.fromisoformat(fields.get("until", ""))
    except ValueError:
        return f"{place}: this allowance does not count: it needs its last day, such as until=2026-12-31"
    return Allowance(rule, fields["reason"], until, place, about)


def apply_allowances(
    findings: Sequence[GuardFinding], allowances: Sequence[Allowance], now: date
) -> tuple[list[GuardFinding], list[str]]:
    """Return the findings with the status that allowances give them, and notices of those that expired or fit nothing."""
    used: set[Allowance] = set()
    result = []
    for item in findings:
        by_place = [[a for a in allowances if a.covers(item, place)] for place in item.places]
        used |= {allowance for covering in by_place for allowance in covering}
        if not all(by_place) or item.finding.status != "active":
            result.append(item)  # used elsewhere as well, or accepted by other means
            continue
        latest = [max(covering, key=lambda allowance: allowance.until) for covering in by_place]
        first = min(latest, key=lambda allowance: allowance.until)
        result.append(_accepted(item, first, lapsed=now > first.until))
    notices = [
        f"{a.place}: no finding fits this allowance for '{a.rule}'; take it out" for a in allowances if a not in used
    ]
    return result, notices


def _accepted(item: GuardFinding, allowance: Allowance, *, lapsed: bool) -> GuardFinding:
    waiver = Waiver(
        finding=item.finding.id,
        reason=allowance.reason,
        approver=f"comment at {allowance.place}",
        expires=allowance.until,
    )
    lapse = f"It expired on {allowance.until}." if lapsed else ""
    status = "expired" if lapsed else "waived"
    return replace(item, finding=item.finding.model_copy(update={"status": status, "waiver": waiver, "lapse": lapse}))


class BaselineEntry(Model):
    """One line of a baseline: a finding that was there before, by rule, file and content."""

    rule: str
    path: str
    content: str
    reason: str
    expires: date


def content_of(item: GuardFinding) -> str:
    """Return 16 hexadecimal digits that stand for what a finding rests on: rule, model, dataset and the evidence, no lines."""
    said = sorted({f"{s.fact}={s.value}" for s in item.statements})
    canonical = json.dumps([item.finding.rule, item.model, item.dataset, said], ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def read_baseline(path: Path) -> list[BaselineEntry]:
    """Return the entries of a baseline file.

    Raises:
        AuditorError: it cannot be read, or lines of it are no entries.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AuditorError(f"cannot read the baseline {path}: {error}") from error
    faults: list[Fault] = []
    found: list[BaselineEntry] = []
    for number, line in enumerate(lines, 1):
        try:
            found += [BaselineEntry.model_validate_json(line)] if line.strip() else []
        except ValidationError as error:
            first = error.errors()[0]
            message = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}".lstrip(": ")
            faults.append(Fault(Location(str(path), number), message, "write it with --write-baseline"))
    raise_faults("the baseline has faults", faults)
    return found


def write_baseline(findings: Iterable[GuardFinding], reason: str, expires: date) -> str:
    """Return the text of a baseline that holds the open findings: a line each, in an order that does not change."""
    rows = {
        (item.finding.rule, file, content_of(item)): BaselineEntry(
            rule=item.finding.rule, path=file, content=content_of(item), reason=reason, expires=expires
        )
        for item in findings
        for file in {place.file for place in item.places}
        if item.finding.status in ("active", "expired", "baseline")
    }
    return "".join(rows[key].model_dump_json() + "\n" for key in sorted(rows))


def apply_baseline(
    findings: Sequence[GuardFinding], baseline: Sequence[BaselineEntry], now: date
) -> Iterator[GuardFinding]:
    """Yield the findings, those that the baseline holds (and for which its day is not past) as such."""
    known = {(entry.rule, entry.content, entry.path) for entry in baseline if now <= entry.expires}
    for item in findings:
        held = all((item.finding.rule, content_of(item), place.file) in known for place in item.places)
        if held and item.finding.status in ("active", "expired"):
            yield replace(item, finding=item.finding.model_copy(update={"status": "baseline"}))
        else:
            yield item
