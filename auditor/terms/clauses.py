"""One clause against one text: bound, unchanged, a variant, changed, or not bound. Does no I/O."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from auditor.model.policy import Clause, Version
from auditor.terms.reading import Parsed, Reading
from auditor.terms.references import Found, find
from auditor.terms.sections import Section
from auditor.terms.state import Bound, ClauseState, wording_hash

Outcome = Literal["unchanged", "bound", "followed", "variant", "alert", "not bound", "not in force"]
SIMILAR = 0.4
"""How much two sections must share to be taken for the old and the new wording of one; a same number or heading adds to it."""


@dataclass(frozen=True)
class Change:
    """A section that a clause relied on and that no longer stands in the text; `new` is what stands instead, if anything."""

    old_label: str
    old_hash: str
    old_text: str | None
    new: Section | None


@dataclass(frozen=True)
class ClauseResult:
    """What came out for one clause, with a note in words where there is something to do."""

    id: str
    outcome: Outcome
    version: str = ""
    note: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Context:
    """A text, and what is known of the document before it.

    Attributes:
        parsed, reading: the text and where it comes from.
        seen_before: whether this wording of the whole document was seen in an earlier text.
        standing: hashes of the sections of the text before.
        old: returns a section of an earlier text by the text's digest and the section's hash, or None.
        history: whether the text is an old one; then only what was observed counts, not what the packs say today.
    """

    parsed: Parsed
    reading: Reading
    seen_before: bool
    standing: frozenset[str]
    old: Callable[[str, str], Section | None]
    history: bool


def in_force(clause: Clause, day: date) -> Version | None:
    """Return the newest version of a clause in force on a day, or None."""
    started = [version for version in clause.versions if version.from_ <= day]
    newest = max(started, key=lambda version: version.from_, default=None)
    return newest if newest and (newest.until is None or newest.until >= day) else None


def check_clause(
    id: str, clause: Clause, before: ClauseState | None, context: Context
) -> tuple[ClauseState | None, ClauseResult]:
    """Return what is known of a clause after a text, and what came out for it."""
    version = in_force(clause, context.reading.date.date())
    if version is None:
        return before, ClauseResult(id, "not in force", note="no version of the clause was in force on that day")
    found = (
        Found(problem=f"this version stands in another text: {version.source}")
        if version.source
        else find(version.section, context.parsed.sections)
    )
    pinned = _pinned(version, found, context.parsed)
    if before is None:
        return _first(id, version, found, pinned, context)
    relied = [section.hash for section in before.sections]
    if relied and all(hash in context.parsed.by_hash for hash in relied):
        return _standing(id, version, found, pinned, before, context)
    return _changed(id, version, found, pinned, before, context)


def _pinned(version: Version, found: Found, parsed: Parsed) -> tuple[Section, ...]:
    """The sections that have the wording which the pack was written for, wherever they stand now."""
    if version.text is None:
        return ()
    if found.sections and _wording(found.sections) == version.text:
        return found.sections
    section = parsed.by_hash.get(version.text)
    return (section,) if section else ()


def _first(
    id: str, version: Version, found: Found, pinned: tuple[Section, ...], context: Context
) -> tuple[ClauseState | None, ClauseResult]:
    if pinned:
        return _state(version, pinned, None, context), ClauseResult(id, "unchanged", version.id)
    if version.text and not context.history:
        change = Change(version.section, version.text, None, found.sections[0] if found.sections else None)
        state = _state(version, found.sections, None, context, reviewed=version.text)
        note = "the pack was written for another wording, which the text does not hold"
        return state, ClauseResult(id, "alert", version.id, _and(note, found.problem), (change,))
    if not found.sections:
        return None, ClauseResult(id, "not bound", version.id, found.problem)
    note = f"relies on {', '.join(section.name for section in found.sections)}"
    state = _state(version, found.sections, None, context, reviewed=version.text)
    return state, ClauseResult(
        id, "bound", version.id, _and(note, "the pack has another wording" if version.text else "")
    )


def _standing(
    id: str, version: Version, found: Found, pinned: tuple[Section, ...], before: ClauseState, context: Context
) -> tuple[ClauseState, ClauseResult]:
    if pinned:
        return _state(version, pinned, before, context, reviewed=version.text), ClauseResult(
            id, "unchanged", version.id
        )
    if version.text and version.text != before.pack_text and not context.history:
        sections = found.sections or tuple(context.parsed.by_hash[bound.hash] for bound in before.sections)
        change = Change(version.section, version.text, None, sections[0])
        state = _state(version, sections, before, context, reviewed=version.text)
        note = "the pack was written for another wording, which the text does not hold"
        return state, ClauseResult(id, "alert", version.id, note, (change,))
    stays = tuple(context.parsed.by_hash[bound.hash] for bound in before.sections)
    hashes = {section.hash for section in stays}
    if _renamed(version, before) and found.sections and {section.hash for section in found.sections} != hashes:
        names = ", ".join(section.name for section in found.sections)
        state = _state(version, found.sections, before, context)
        return state, ClauseResult(id, "bound", version.id, f"since version {version.id} it relies on {names}")
    state = _state(version, stays, before, context)
    if context.history:
        state = state.model_copy(update={"pack_text": before.pack_text})
    note = "" if state.observed == state.reviewed else "its wording is not yet reviewed"
    if found.problem and not version.text:
        note = _and(note, f"it relies on {', '.join(section.name for section in stays)}, but {found.problem}")
    return state, ClauseResult(id, "unchanged", version.id, note)


def _changed(
    id: str, version: Version, found: Found, pinned: tuple[Section, ...], before: ClauseState, context: Context
) -> tuple[ClauseState, ClauseResult]:
    if pinned and not context.history:
        state = _state(version, pinned, before, context, reviewed=version.text)
        return state, ClauseResult(id, "followed", version.id, f"the pack follows the new text as version {version.id}")
    changes = _changes(before, context)
    by_pack = pinned or (
        found.sections if _renamed(version, before) or _wording(found.sections) in before.known else ()
    )
    new = by_pack or _successors(before, changes, context)
    if not new and not before.sections:
        since = f"{before.since:%Y-%m-%d}"
        return before, ClauseResult(
            id, "not bound", version.id, f"its section has been gone since {since}; {found.problem}"
        )
    if by_pack and len(changes) == 1 and len(new) == 1:
        changes = (Change(changes[0].old_label, changes[0].old_hash, changes[0].old_text, new[0]),)
    if (new and _wording(new) in before.known) or context.seen_before:
        state = _state(version, new, before, context) if new else before
        return state, ClauseResult(id, "variant", version.id, "this wording was seen before")
    reviewed = version.text if pinned else before.reviewed
    note = (
        f"the pack follows the new text as version {version.id}"
        if pinned
        else ""
        if new
        else "no section stands in its place"
    )
    problem = found.problem if _renamed(version, before) and not pinned else ""
    state = _state(version, new, before, context, reviewed=reviewed)
    return state, ClauseResult(id, "alert", version.id, _and(note, problem), changes)


def _renamed(version: Version, before: ClauseState) -> bool:
    """Whether the pack names another version or section than when the clause was bound."""
    return (version.id, version.section) != (before.version, before.reference)


def _wording(sections: tuple[Section, ...]) -> str:
    return wording_hash(tuple(section.hash for section in sections))


def _changes(before: ClauseState, context: Context) -> tuple[Change, ...]:
    if not before.sections:
        return (Change("", before.observed, None, None),)
    changes = []
    for bound in before.sections:
        if bound.hash not in context.parsed.by_hash:
            old = context.old(before.text, bound.hash)
            new = _successor(bound, old, context)
            changes.append(Change(bound.label or bound.heading, bound.hash, old.text if old else None, new))
    return tuple(changes)


def _successors(before: ClauseState, changes: tuple[Change, ...], context: Context) -> tuple[Section, ...]:
    successors = {change.old_hash: change.new for change in changes}
    found = [context.parsed.by_hash.get(bound.hash) or successors.get(bound.hash) for bound in before.sections]
    return tuple(dict.fromkeys(section for section in found if section))


def _successor(bound: Bound, old: Section | None, context: Context) -> Section | None:
    """The section that took the place of a lost one: the most alike among those that are new in this text."""
    best, score = None, 0.0
    words = _words(old.text) if old else Counter[str]()
    for section in context.parsed.sections:
        if section.hash in context.standing:
            continue  # it stood beside the lost section, so it is not what became of it
        same = (0.2 if section.label and section.label == bound.label else 0) + (
            0.2 if section.heading and section.heading.casefold() == bound.heading.casefold() else 0
        )
        likeness = _alike(words, _words(section.text)) + same if words else 2.5 * same
        if likeness > score:
            best, score = section, likeness
    return best if score >= SIMILAR else None


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.casefold()))


def _alike(one: Counter[str], other: Counter[str]) -> float:
    return 2 * (one & other).total() / max(1, one.total() + other.total())


def _state(
    version: Version,
    sections: tuple[Section, ...],
    before: ClauseState | None,
    context: Context,
    reviewed: str | None = None,
) -> ClauseState:
    hash = _wording(sections)
    known = before.known if before else ()
    return ClauseState(
        version=version.id,
        reference=version.section,
        sections=tuple(Bound(label=s.label, heading=s.heading, hash=s.hash) for s in sections),
        observed=hash,
        reviewed=reviewed or (before.reviewed if before else hash),
        known=known if hash in known else (*known, hash),
        text=context.parsed.sha256,
        pack_text=version.text,
        since=before.since if before and before.observed == hash else context.reading.date,
    )


def _and(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
