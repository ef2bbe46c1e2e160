"""The rules of a policy file → rules with their conditions as expression trees. Reports faults; evaluates nothing."""

from collections.abc import Iterator

from pydantic import JsonValue

from auditor.errors import Fault
from auditor.model.check import WindowMeasure
from auditor.model.expr import TRUE, Expr, Not, all_of
from auditor.model.facts import TABLES
from auditor.model.policy import Clause, Document, ParameterRef, Rule, TableName, window_seconds
from auditor.policy.conditions import ConditionParser
from auditor.policy.parsed import ManualClause, ParsedRule
from auditor.yamlfile import KeyPath, Tree, nearest


def parse_rules(
    tree: Tree, document: Document, lists: dict[str, tuple[str, ...]], faults: list[Fault]
) -> Iterator[ParsedRule]:
    """Yield the rules of a document, adding what is wrong with their conditions to `faults`."""
    for i, clause in enumerate(document.clauses):
        governing: dict[str, tuple[Expr, dict[str, Expr], Expr | None]] = {}
        for j, rule in enumerate(clause.rules):
            parser = ConditionParser(tree, TABLES[rule.table], lists, document.parameters, faults)
            path: KeyPath = ("clauses", i, "rules", j)
            if rule.table not in governing:
                governing[rule.table] = _governing(parser, document, clause, i)
            condition, measure = _condition(parser, rule, path), _measure(parser, rule, path)
            yield ParsedRule(document, clause, *governing[rule.table], rule, condition, measure)


def parse_manual(
    tree: Tree, document: Document, lists: dict[str, tuple[str, ...]], faults: list[Fault]
) -> Iterator[ManualClause]:
    """Yield the clauses of a document that have no rules, adding what is wrong with their conditions to `faults`."""
    raw = document.applies_when
    tables = [name for name in TABLES if isinstance(raw, dict) and name in raw]
    table: TableName = "usage" if "usage" in tables or not tables else tables[0]  # type: ignore[assignment]  # a key of TABLES
    parser = ConditionParser(tree, TABLES[table], lists, document.parameters, faults)
    for i, clause in enumerate(document.clauses):
        if not clause.rules:
            yield ManualClause(document, clause, *_governing(parser, document, clause, i), table)


def _governing(
    parser: ConditionParser, document: Document, clause: Clause, i: int
) -> tuple[Expr, dict[str, Expr], Expr | None]:
    """Whom clause i governs, for whom each version was in force, and for whom a contract decides."""
    return _applies_to(parser, document, clause, i), _version_conditions(parser, clause, i), _frozen(parser, document)


def _applies_to(parser: ConditionParser, document: Document, clause: Clause, i: int) -> Expr:
    applies = _applies(parser, document.applies_when, ("applies_when",))
    if clause.applies_when is None:
        return applies
    return all_of(applies, _applies(parser, clause.applies_when, ("clauses", i, "applies_when")))


def _version_conditions(parser: ConditionParser, clause: Clause, i: int) -> dict[str, Expr]:
    return {
        version.id: _applies(parser, version.applies_when, ("clauses", i, "versions", j, "applies_when"))
        for j, version in enumerate(clause.versions)
        if version.applies_when is not None
    }


def _frozen(parser: ConditionParser, document: Document) -> Expr | None:
    """Where `frozen_when` names tables, the versions of the others are not frozen."""
    raw = document.frozen_when
    if raw is None or (isinstance(raw, dict) and set(raw) & set(TABLES) and parser.table.name not in raw):
        return None
    return _applies(parser, raw, ("frozen_when",))


def _applies(parser: ConditionParser, raw: JsonValue, path: KeyPath) -> Expr:
    """`applies_when` is one condition for every table, or a mapping from table to condition."""
    if not isinstance(raw, dict) or not set(raw) & set(TABLES):
        return parser.parse(raw, path)
    for name in raw:
        if name not in TABLES:
            parser.faults.append(
                parser.tree.fault((*path, name), f"there is no table '{name}'", nearest(name, set(TABLES)))
            )
    table = parser.table.name
    if table not in raw:
        parser.faults.append(
            parser.tree.fault(path, f"a rule reads the table '{table}', for which no condition stands here")
        )
        return TRUE
    return parser.parse(raw[table], (*path, table))


def _condition(parser: ConditionParser, rule: Rule, path: KeyPath) -> Expr:
    when = TRUE if rule.when is None else parser.parse(rule.when, (*path, "when"))
    return when if rule.unless is None else all_of(when, Not(parser.parse(rule.unless, (*path, "unless"))))


def _measure(parser: ConditionParser, rule: Rule, path: KeyPath) -> WindowMeasure | None:
    if rule.measure is None or rule.exceeds is None:
        return None
    measure, path = rule.measure, (*path, "measure")
    for name in (*measure.by, *(f for f in (measure.distinct, measure.sum) if f)):
        parser.fact(name, path)
    if measure.sum and (fact := parser.table.facts.get(measure.sum)) and fact.type not in ("integer", "number"):
        parser.faults.append(
            parser.tree.fault((*path, "sum"), f"{fact.name} is {fact.type}; only numbers can be summed")
        )
    if isinstance(rule.exceeds, ParameterRef):
        name = rule.exceeds.parameter
        if name not in parser.parameters:
            hint = nearest(name, set(parser.parameters))
            parser.faults.append(
                parser.tree.fault((*path[:-1], "exceeds"), f"there is no parameter '{name}' in this file", hint)
            )
    where = TRUE if measure.share is None else parser.parse(measure.share, (*path, "share"))
    aggregate = next(name for name in ("count", "distinct", "sum", "share") if getattr(measure, name) is not None)
    limit = rule.exceeds if isinstance(rule.exceeds, float) else 0.0
    return WindowMeasure(
        aggregate,  # type: ignore[arg-type]  # one of the four, by the list above
        measure.by,
        window_seconds(measure.window),
        limit,
        measure.distinct or measure.sum or "",
        where,
        measure.at_least,
    )
