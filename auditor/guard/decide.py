"""Evaluates the packs' rules on training inputs with the scalar evaluator, and keeps the evidence of each hit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue

from auditor.guard.formats.words import strictness
from auditor.guard.found import Evidence, Place
from auditor.guard.inputs import Input, assumed_provider
from auditor.guard.knowledge import Statement
from auditor.guard.outcome import STRENGTH, ClauseInfo, GuardFinding, Question, Undecided
from auditor.model.check import Check
from auditor.model.expr import And, Expr, In, Like, Not, Or, Truth
from auditor.model.facts import TABLES, FactValue
from auditor.model.finding import Example, Finding, finding_id
from auditor.model.policy import CERTAINTIES, SEVERITIES
from auditor.policy.parsed import ParsedRule, Policy
from auditor.registry.tables import registry
from auditor.rules.scalar import Row, evaluate, evaluate_check, missing_facts, missing_for_check

READS = {
    "dataset.generator_makers": "dataset.generators",
    "dataset.generator_licences": "dataset.generators",
    "dataset.generator_providers": "dataset.generator_providers",
}
"""Fact that follows from another → the fact of which the statements are shown."""
NOT_DECLARED = ("model.id", "model.base", "model.base_maker", "model.base_licences")
"""Facts of a model that a run tells."""


def decide(
    policy: Policy, checks: Sequence[Check], inputs: Sequence[Input]
) -> tuple[list[GuardFinding], list[Undecided]]:
    """Return the findings, the gravest first, and what could not be decided.

    Args:
        policy: the packs that the checks were made from.
        checks: the rules on the table `training`.
        inputs: what is trained on what.
    """
    described = {rule.id: rule for rule in policy.rules}
    rows = [item.row for item in inputs]
    found: list[GuardFinding] = []
    questions: list[list[Question]] = [[] for _ in inputs]
    for check in checks:
        rule, selected = described[check.id], check.selected
        for i, (item, truth) in enumerate(zip(inputs, evaluate_check(check, rows), strict=True)):
            if truth is None:
                missing = missing_for_check(check, rows, i) if check.measure else missing_facts(selected, item.row)
                question = Question(check.clause, rule.clause.severity, check.certainty, tuple(sorted(missing)))
                questions[i].append(question)
            if truth:
                found.append(_finding(check, rule, item, item.row, hinted=False))
            elif item.claimed is not None and _holds(check, item.claimed):
                found.append(_finding(check, rule, item, item.claimed, hinted=True))
    undecided = [
        Undecided(item.dataset, item.identity, item.model, item.place, tuple(open_))
        for item, open_ in zip(inputs, questions, strict=True)
        if open_
    ]
    return sorted(_merged(found), key=_order), undecided


def decide_matches(policy: Policy, checks: Sequence[Check], rows: Sequence[Row]) -> list[GuardFinding]:
    """Return the findings of rows of the table `matches`, each a dataset row that copies a logged output.

    Args:
        policy: the packs that the checks were made from.
        checks: the rules on the table `matches`.
        rows: facts of the table `matches`.
    """
    described = {rule.id: rule for rule in policy.rules}
    found = []
    for row in rows:
        dataset, model = str(row.get("dataset.id")), str(row.get("model.id"))
        place = Place(dataset, _line(row.get("dataset.row")), f"copies {row.get('record.id')}")
        item = Input(dict(row), (), None, place, dataset, dataset, dataset, model, declared=True, reasons=())
        found += [
            _finding(check, described[check.id], item, row, hinted=False, evidence="proven")
            for check in checks
            if _holds(check, row)
        ]
    return sorted(_merged(found), key=_order)


def _line(value: FactValue) -> int | None:
    return value if isinstance(value, int) else None


def _holds(check: Check, row: Row) -> Truth:
    return evaluate_check(check, [row])[0]


def _order(item: GuardFinding) -> tuple[int, int, int, str, str]:
    finding = item.finding
    grave, sure = SEVERITIES.index(finding.severity), CERTAINTIES.index(finding.certainty)
    return (-STRENGTH.index(item.evidence), -grave, -sure, item.file, finding.rule)


def _merged(found: Iterable[GuardFinding]) -> Iterator[GuardFinding]:
    """One finding for each rule, model and dataset, however many runs name it."""
    by_id: dict[str, list[GuardFinding]] = {}
    for item in found:
        by_id.setdefault(item.finding.id, []).append(item)
    for items in by_id.values():
        first = max(items, key=lambda item: STRENGTH.index(item.evidence))
        places = tuple(dict.fromkeys(place for item in items for place in item.places))
        examples = tuple(Example(input=p.file, line=p.line, record_id=p.key or None) for p in places[:3])
        (version,) = first.finding.versions
        counted = {"count": len(places), "versions": {version: len(places)}, "examples": examples}
        reasons = tuple(dict.fromkeys(reason for item in items for reason in item.reasons))
        yield replace(first, finding=first.finding.model_copy(update=counted), places=places, reasons=reasons)


def _finding(
    check: Check, rule: ParsedRule, item: Input, row: Row, *, hinted: bool, evidence: Evidence | None = None
) -> GuardFinding:
    principal = {"dataset.id": item.identity, "model.id": item.model}
    version = next(name for name, under in reversed(check.versions.items()) if evaluate(under, row))
    statements = _statements(check, item)
    finding = Finding(
        id=finding_id(check.clause, check.id, principal),
        clause=check.clause,
        clause_version=version,
        versions={version: 1},
        rule=check.id,
        severity=rule.clause.severity,
        certainty=check.certainty,
        status="active",
        principal=principal,
        count=1,
        first_seen=None,
        last_seen=None,
        summary=rule.rule.title,
        facts=_facts(check, row),
        examples=(),
        remedy=rule.clause.remedy,
    )
    strength: Evidence = evidence or ("indicated" if hinted else _weakest(statements))
    return GuardFinding(
        finding=finding,
        clause=_clause(rule, check.clause, version),
        evidence=strength,
        statements=statements,
        places=(item.place,),
        file=item.place.file,
        dataset=item.dataset,
        identity=item.identity,
        model=item.model,
        reasons=tuple(_reasons(check, item, row)),
        permits=tuple(dict.fromkeys(_permits(check.condition))),
    )


def _permits(expr: Expr) -> Iterator[str]:
    """The authorisations that a condition asks for."""
    match expr:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _permits(part)
        case Not(part):
            yield from _permits(part)
        case In(fact="authorisation.scope", values=values):
            yield from (value for value in sorted(values, key=str) if isinstance(value, str))
        case Like(fact="authorisation.scope", pattern=pattern):
            yield "".join(str(part) for part in pattern if isinstance(part, str))
        case _:
            return


def _clause(rule: ParsedRule, name: str, version_id: str) -> ClauseInfo:
    version = next(version for version in rule.clause.versions if version.id == version_id)
    return ClauseInfo(
        id=name,
        title=rule.clause.title,
        document=rule.document.document.title,
        section=version.section,
        since=version.from_,
        until=version.until,
        url=version.url or rule.document.document.url,
        says=" ".join(rule.clause.says.split()),
        readings=tuple(" ".join(reading.says.split()) for reading in rule.clause.readings),
    )


def _facts(check: Check, row: Row) -> dict[str, JsonValue]:
    """The facts that the rule read and the row has, as JSON."""
    facts: dict[str, JsonValue] = {}
    for name in sorted(check.facts & row.keys() - {"timestamp"}):
        value = row[name]
        if value is not None:
            listed = isinstance(value, Sequence) and not isinstance(value, str)
            facts[name] = [*value] if listed else value.isoformat() if isinstance(value, datetime) else value  # type: ignore[misc,assignment]  # a list of texts
    return facts


def _statements(check: Check, item: Input) -> tuple[Statement, ...]:
    """What is said of the facts that the rule read: of generators, those that the rule can be about."""
    read = {READS.get(fact, fact) for fact in check.facts if fact.startswith("dataset.")}
    chosen = [statement for statement in item.statements if statement.fact in read]
    maker = check.clause.partition("/")[0]
    meant = [s for s in chosen if s.fact != "dataset.generators" or not _other_maker(s.value, maker)]
    shown = sorted(meant or chosen, key=lambda s: (-STRENGTH.index(s.evidence), -_closes(s)))
    return (*shown, *(s for s in item.statements if s.fact == "source" and _leads(s, shown)))


def _closes(said: Statement) -> int:
    """How much a licence closes: the one that a finding rests on stands first."""
    return strictness(said.value) if said.fact == "dataset.licence" and said.value else 0


def _leads(source: Statement, shown: Sequence[Statement]) -> bool:
    """Whether something that is shown was inherited through a source."""
    depth = len(source.via)
    behind = [said.via for said in shown if len(said.via) > depth and said.via[:depth] == source.via]
    return any(len(via) == depth + 1 or via[depth + 1] == source.value for via in behind)


def _other_maker(name: str | None, maker: str) -> bool:
    """Whether a generator is known to be of another maker than the one whose terms the rule is about."""
    made = registry().model(name).maker if name else None
    return made is not None and made != maker


def _weakest(statements: Sequence[Statement]) -> Evidence:
    """The evidence of the weakest fact, each fact being as strong as the best that is said of it."""
    best: dict[str, int] = {}
    for statement in statements:
        if not statement.fact.startswith("dataset."):
            continue
        strength = STRENGTH.index(statement.evidence)
        best[statement.fact] = max(best.get(statement.fact, 0), strength)
    if "dataset.generators" in best:
        best.pop("dataset.generator_providers", None)
    return STRENGTH[min(best.values())] if best else "declared"


def _reasons(check: Check, item: Input, row: Row) -> Iterator[str]:
    """Why the rule applies to this model: its facts that the rule read, and what is remarkable."""
    facts = [(name, row.get(name)) for name in sorted(check.facts) if name.startswith("model.")]
    declared = [(name, value) for name, value in facts if value is not None and name not in NOT_DECLARED]
    told = [f"{name.removeprefix('model.')}: {_plain(value)}" for name, value in declared]
    source = "declared in auditor.yaml" if item.declared else "not declared in auditor.yaml"
    yield f"{item.model} is {source}" + (f" ({', '.join(told)})" if told else "")
    yield from item.reasons
    if "dataset.generator_providers" in check.facts and assumed_provider(item):
        yield "no route is given for the model that wrote the data, so its maker's own service is taken"


def _plain(value: FactValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(item) for item in value) or "none"
    return str(value)


def unexamined(checks: Sequence[Check], rows: Mapping[str, Sequence[Row]]) -> tuple[str, ...]:
    """Return the clauses whose rules are on tables of which no rows were given."""
    return tuple(dict.fromkeys(c.clause for c in checks if c.table in TABLES and not rows.get(c.table)))
