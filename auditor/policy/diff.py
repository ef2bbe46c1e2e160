"""What differs between two sets of clauses: two days, two packs, or a pack and a draft of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import JsonValue

from auditor.model.base import Model
from auditor.model.policy import Clause, Document, Rule, Version
from auditor.policy.parsed import Policy
from auditor.policy.spans import standing_versions

Change = Literal["added", "gone", "changed"]
COMPARED = (
    "title",
    "category",
    "kind",
    "severity",
    "says",
    "exceptions",
    "remedy",
    "position",
    "readings",
    "manual",
    "applies_when",
)
RULE = (
    "title",
    "table",
    "certainty",
    "when",
    "unless",
    "measure",
    "exceeds",
    "judge",
    "reading",
    "principal",
    "reviewed",
)
VERSION = ("id", "section", "from_", "until", "source", "url", "confidence", "applies_when", "text")


@dataclass(frozen=True)
class Side:
    """One of the two: a policy, as it stood on a day or, without one, with the newest version of every clause."""

    name: str
    policy: Policy
    day: date | None = None


class Value(Model):
    """A value before and after; None where there was none."""

    before: JsonValue
    after: JsonValue


class RuleChange(Model):
    """A rule that came, went or changed, and what changed in it."""

    rule: str
    change: Change
    values: dict[str, Value]


class ClauseDifference(Model):
    """A clause that came, went or changed: what it says, which version holds, and its rules."""

    clause: str
    title: str
    change: Change
    values: dict[str, Value]
    version: dict[str, Value]
    rules: tuple[RuleChange, ...]


class PolicyDifference(Model):
    """Two sets of clauses compared; `unchanged` counts clauses."""

    before: str
    after: str
    clauses: tuple[ClauseDifference, ...]
    unchanged: int


@dataclass(frozen=True)
class _Standing:
    """A clause as it stands on one side: the versions that hold, and the rules that implement them."""

    document: Document
    clause: Clause
    versions: list[Version]
    rules: dict[str, Rule]

    @property
    def version(self) -> Version:
        """The version that is shown; where editions stand beside one another, the last."""
        return self.versions[-1]

    @property
    def around(self) -> dict[str, JsonValue]:
        """What stands around it: whom its document governs, when its versions are frozen, its limits, and other editions."""
        text = str([rule.model_dump(mode="json") for rule in self.rules.values()])
        limits: dict[str, JsonValue] = {n: p.default for n, p in self.document.parameters.items() if f"'{n}'" in text}
        return {
            "document applies_when": self.document.applies_when,
            "frozen_when": self.document.frozen_when,
            "parameters": limits or None,
            "other editions": [version.model_dump(mode="json") for version in self.versions[:-1]] or None,
        }


def diff(before: Side, after: Side, *, only: frozenset[str] | None = None) -> PolicyDifference:
    """Return what differs from `before` to `after`.

    Args:
        before: the first side.
        after: the second side.
        only: ids of the documents to look at (those of a draft); all if None.
    """
    first, second = _standing(before, only), _standing(after, only)
    names = list(dict.fromkeys([*first, *second]))
    found = [_clause(name, first.get(name), second.get(name)) for name in names]
    changed = tuple(item for item in found if item)
    return PolicyDifference(before=before.name, after=after.name, clauses=changed, unchanged=len(names) - len(changed))


def _standing(side: Side, only: frozenset[str] | None) -> dict[str, _Standing]:
    standing = {}
    for document in side.policy.documents:
        for clause in document.clauses if only is None or document.id in only else ():
            if versions := standing_versions(clause, side.day):
                ids = {version.id for version in versions}
                rules = {r.id: r for r in clause.rules if not r.versions or ids & set(r.versions)}
                standing[document.clause_id(clause)] = _Standing(document, clause, versions, rules)
    return standing


def _clause(name: str, before: _Standing | None, after: _Standing | None) -> ClauseDifference | None:
    known = after or before
    assert known
    values = _values(before.clause, after.clause, COMPARED) if before and after else {}
    if before and after:
        pairs = ((name, value, after.around[name]) for name, value in before.around.items())
        values |= {name: Value(before=old, after=new) for name, old, new in pairs if old != new}
    version = _values(before.version if before else None, after.version if after else None, VERSION)
    rules = tuple(_rules(before.rules if before else {}, after.rules if after else {})) if before and after else ()
    if before and after and not (values or version or rules):
        return None
    change: Change = "added" if before is None else "gone" if after is None else "changed"
    return ClauseDifference(
        clause=name, title=known.clause.title, change=change, values=values, version=version, rules=rules
    )


def _rules(before: Mapping[str, Rule], after: Mapping[str, Rule]) -> Iterator[RuleChange]:
    for name in dict.fromkeys([*before, *after]):
        values = _values(before.get(name), after.get(name), RULE)
        if name in before and name in after:
            if values:
                yield RuleChange(rule=name, change="changed", values=values)
        else:
            yield RuleChange(rule=name, change="added" if name in after else "gone", values={})


def _values(before: Model | None, after: Model | None, names: tuple[str, ...]) -> dict[str, Value]:
    first, second = (item.model_dump(mode="json", include=set(names)) if item else {} for item in (before, after))
    return {
        name.removesuffix("_"): Value(before=first.get(name), after=second.get(name))
        for name in names
        if first.get(name) != second.get(name)
    }
