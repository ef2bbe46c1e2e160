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
from auditor.guard.found import Place, Unread
from auditor.guard.outcome import GuardFinding
from auditor.guard.paths import plain
from auditor.model.base import Model
from auditor.model.finding import Waiver
from auditor.model.policy import Sentence

UNKNOWN = "unknown"
"""Stands as the rule for what could not be understood."""
SHORTEST = 3
"""Characters of a reason, as in a waiver."""
LONGEST = 2_000
"""Characters of a line in which a comment is looked for."""
COMMENT = re.compile(r"#\s*auditor:\s*(\w+)(.*)$")
FIELD = re.compile(r"\b(reason|until)\s*=\s*(\"[^\"]*\"|'[^']*'|.*?(?=\s+(?:reason|until)\s*=|$))")
RULES = re.compile(r"^\s*([a-z0-9*][\w./*-]*(?:\s*,\s*[a-z0-9*][\w./*-]*)*)")


@dataclass(frozen=True)
class Allowance:
    """A rule (or clause, or part of their ids) that somebody accepts in one file, and until when.

    `lines` are those that it is about, None for the whole file; `data` is the file beside which a sidecar says it.
    """

    rule: str
    reason: str
    until: date
    place: Place
    lines: range | None
    data: str | None = None

    def fits(self, item: GuardFinding) -> bool:
        """Return whether it is about the rule of a finding."""
        rule = item.finding.rule
        return rule == self.rule or f"/{self.rule}/" in f"/{rule}/" or fnmatchcase(rule, self.rule)

    def covers(self, place: Place) -> bool:
        """Return whether a comment is about a place: its file and, where it stands at some, the line."""
        about = self.lines is None or place.line in self.lines
        return self.data is None and place.file == self.place.file and about


def comments(path: str, text: str) -> tuple[list[Allowance], list[str]]:
    """Return the allowances in a file's comments, and in words what is wrong with others.

    A comment above everything else is about the whole file; one behind a value or above it, about that line or, where an item
    of a list begins there, that item.
    """
    allowed: list[Allowance] = []
    notices: list[str] = []
    lines = text.split("\n")
    content = next(
        (n for n, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith(("#", "---"))), 0
    )
    for number, line in enumerate(lines, 1):
        if not (found := COMMENT.search(line[:LONGEST])):
            continue
        if found.group(1) != "allow":
            notices.append(
                f"{Place(path, number)}: 'auditor: {found.group(1)}' is not known; comments begin 'auditor: allow'"
            )
            continue
        own = line.lstrip().startswith("#")
        about = None if own and number < content else _about(lines, number if own else number - 1)
        fields = {key: value.strip().strip("\"'") for key, value in FIELD.findall(found.group(2))}
        rules = RULES.match(found.group(2))
        for rule in rules.group(1).split(",") if rules else [""]:
            made = _allowance(rule.strip(), fields, Place(path, number), about)
            if isinstance(made, Allowance):
                allowed.append(made)
            else:
                notices.append(made)
    return allowed, notices


def _about(lines: Sequence[str], above: int) -> range:
    """The lines, from 1, of what follows `above` lines and the comments after them: one, or those of the item of a list."""
    after = (n for n in range(above, len(lines)) if lines[n].strip() and not lines[n].lstrip().startswith("#"))
    first = next(after, above)
    if first >= len(lines) or not lines[first].lstrip().startswith("- "):
        return range(first + 1, first + 2)
    indent = _indent(lines[first])
    rest = range(first + 1, len(lines))
    return range(first + 1, 1 + next((n for n in rest if lines[n].strip() and _indent(lines[n]) <= indent), len(lines)))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def entries(path: str, value: JsonValue) -> tuple[list[Allowance], list[str]]:
    """Return the allowances under `allow` in a sidecar, and in words what is wrong with others."""
    allowed: list[Allowance] = []
    notices: list[str] = []
    for i, item in enumerate(value if isinstance(value, list) else []):
        fields = {key: str(text) for key, text in item.items()} if isinstance(item, dict) else {}
        made = _allowance(fields.get("rule", ""), fields, Place(path, None, f"allow[{i}]"), None)
        if isinstance(made, Allowance):
            allowed.append(replace(made, data=path.rpartition(".provenance.")[0]))
        else:
            notices.append(made)
    return allowed, notices


def _allowance(rule: str, fields: dict[str, str], place: Place, about: range | None) -> Allowance | str:
    if not rule or rule in ("reason", "until") or len(fields.get("reason", "").strip()) < SHORTEST:
        return f"{place}: this allowance does not count: it needs a rule and a reason of some words (reason=…)"
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
        fitting = [allowance for allowance in allowances if allowance.fits(item)]
        needed = [[a for a in fitting if a.covers(place)] for place in item.places]
        if not all(needed):
            used |= {allowance for covering in needed for allowance in covering}  # it is used elsewhere as well
            needed = _beside(item, [allowance for allowance in fitting if allowance.data])
        used |= {allowance for covering in needed for allowance in covering}
        if not needed or not all(needed) or item.finding.status not in ("active", "expired"):
            left = [place for place in item.places if not any(a.covers(place) for a in fitting)]
            result.append(
                replace(item, places=tuple(dict.fromkeys((*left, *item.places))))
            )  # what nobody accepts, first
            continue
        latest = [max(covering, key=lambda allowance: allowance.until) for covering in needed]
        first = min(latest, key=lambda allowance: allowance.until)
        result.append(_accepted(item, first, lapsed=now > first.until))
    notices = [
        f"{a.place}: no finding fits this allowance for '{a.rule}'; take it out" for a in allowances if a not in used
    ]
    return result, notices


def accept_unread(
    unread: Iterable[Unread], allowances: Sequence[Allowance], now: date
) -> tuple[list[Unread], list[str], set[Allowance]]:
    """Return what was not understood and nobody accepts, what somebody does in words, and the allowances for that.

    Those are for the rule `unknown`.
    """
    left: list[Unread] = []
    accepted: list[str] = []
    used: set[Allowance] = set()
    for item in dict.fromkeys(unread):
        meant = (a for a in allowances if a.rule == UNKNOWN)
        covering = [a for a in meant if a.covers(item.place) or a.data == item.place.file]
        used |= {*covering}
        valid = max((a for a in covering if now <= a.until), key=lambda allowance: allowance.until, default=None)
        if valid:
            accepted.append(f"{item.place}: {item.why}; accepted until {valid.until} at {valid.place}: {valid.reason}")
        else:
            left.append(item)
    return left, accepted, used


def _beside(item: GuardFinding, sidecars: Sequence[Allowance]) -> list[list[Allowance]]:
    """What sidecars say of the data itself or, where it was made of others, of each file that the finding rests on."""
    own = [allowance for allowance in sidecars if allowance.data == item.identity]
    files = {said.named.place.file for said in item.statements if said.fact.startswith("dataset.")}
    return [own] if own else [[a for a in sidecars if file in (a.data, a.place.file)] for file in sorted(files)]


def _accepted(item: GuardFinding, allowance: Allowance, *, lapsed: bool) -> GuardFinding:
    waiver = Waiver(
        finding=item.finding.id,
        reason=allowance.reason,
        approver=f"{'sidecar' if allowance.data else 'comment'} at {allowance.place}",
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
    reason: Sentence
    expires: date


def content_of(item: GuardFinding) -> str:
    """Return 16 hexadecimal digits that stand for what a finding rests on: rule, model, dataset and the evidence, no lines."""
    said = sorted({f"{s.fact}={s.value} in {s.named.place.file}" for s in item.statements})
    canonical = json.dumps([item.finding.rule, item.model, item.identity, said], ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:16]


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
            rule=item.finding.rule, path=plain(file), content=content_of(item), reason=reason, expires=expires
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
    known = {(entry.rule, entry.content, entry.path): entry for entry in baseline if now <= entry.expires}
    for item in findings:
        held = [known.get((item.finding.rule, content_of(item), plain(place.file))) for place in item.places]
        if all(held) and item.finding.status in ("active", "expired"):
            entry = min((entry for entry in held if entry), key=lambda entry: entry.expires)
            waiver = Waiver(
                finding=item.finding.id, reason=entry.reason, approver="the baseline", expires=entry.expires
            )
            yield replace(item, finding=item.finding.model_copy(update={"status": "baseline", "waiver": waiver}))
        else:
            yield item
