"""Checks on a policy file beyond its shape: ids, dates, references, and tests that cover what a rule can answer."""

from collections import Counter
from collections.abc import Iterator

from pydantic import JsonValue

from auditor.errors import Fault
from auditor.model.factcheck import fact_faults
from auditor.model.facts import TABLES
from auditor.model.policy import Clause, Document, ParameterRef, Rule
from auditor.yamlfile import KeyPath, Tree, nearest

ANSWERS = ("violation", "clean", "unknown")


def lint(tree: Tree, document: Document, pack: str) -> Iterator[Fault]:
    """Yield the faults of one policy file that lies in the folder `pack`."""
    if document.provider != pack and tree.file.endswith(f"/{pack}/{document.document.id}.yaml"):
        yield tree.fault(("provider",), f"a file of '{document.provider}' lies in the folder '{pack}/'")
    yield from _unique(tree, "clause", ("clauses",), [clause.id for clause in document.clauses])
    for i, clause in enumerate(document.clauses):
        yield from _clause(tree, document, clause, ("clauses", i))
    tables = {rule.table for clause in document.clauses for rule in clause.rules} or {"usage"}
    for name, value in document.test_facts.items():
        known = next((table for table in sorted(tables) if name in TABLES[table].facts), min(tables))
        yield from fact_faults(tree, {name: value}, ("test_facts",), known)


def unused_parameters(tree: Tree, document: Document) -> Iterator[Fault]:
    """Yield a fault for each parameter that no rule of the file uses."""
    used = str(tree.value)
    for name in document.parameters:
        if f"'parameter': '{name}'" not in used:
            yield tree.fault(("parameters", name), f"no rule uses the parameter '{name}'")


def _clause(tree: Tree, document: Document, clause: Clause, path: KeyPath) -> Iterator[Fault]:
    yield from _unique(tree, "version", (*path, "versions"), [version.id for version in clause.versions])
    yield from _unique(tree, "rule", (*path, "rules"), [rule.id for rule in clause.rules])
    for i, (earlier, later) in enumerate(zip(clause.versions, clause.versions[1:], strict=False), start=1):
        beside = earlier.applies_when is not None and later.applies_when is not None
        if not beside and (earlier.until is None or later.from_ <= earlier.until):
            place = (*path, "versions", i, "from")
            yield tree.fault(
                place, f"version '{later.id}' begins before '{earlier.id}' ends; list versions in order of time"
            )
    rules = {rule.id: rule for rule in clause.rules}
    for i, exception in enumerate(clause.exceptions):
        for rule in exception.rules:
            if rule not in rules:
                yield tree.fault(
                    (*path, "exceptions", i, "rules"), f"there is no rule '{rule}' here", nearest(rule, set(rules))
                )
            elif rules[rule].unless is None:
                yield tree.fault(
                    (*path, "exceptions", i, "rules"), f"the rule '{rule}' has no 'unless' to implement this"
                )
    if bool(clause.readings) != bool(clause.position):
        yield tree.fault((*path, "readings"), "'readings' and 'position' go together")
    for i, item in enumerate(clause.rules):
        yield from _rule(tree, document, clause, item, (*path, "rules", i))


def _rule(tree: Tree, document: Document, clause: Clause, rule: Rule, path: KeyPath) -> Iterator[Fault]:
    versions = {version.id for version in clause.versions}
    for name in rule.versions:
        if name not in versions:
            yield tree.fault((*path, "versions"), f"the clause has no version '{name}'", nearest(name, versions))
    readings = {reading.id for reading in clause.readings}
    if rule.reading and rule.reading not in readings:
        yield tree.fault(
            (*path, "reading"), f"the clause has no reading '{rule.reading}'", nearest(rule.reading, readings)
        )
    for name in rule.principal:
        if name not in TABLES[rule.table].facts:
            yield tree.fault((*path, "principal"), f"the table '{rule.table}' has no fact '{name}'")
    if isinstance(rule.exceeds, ParameterRef) and rule.judge:
        yield tree.fault((*path, "judge"), "a rule has a measure or a judge, not both")
    yield from _tests(tree, document, rule, path)


def _tests(tree: Tree, document: Document, rule: Rule, path: KeyPath) -> Iterator[Fault]:
    for answer in ANSWERS[1:] if rule.judge else ANSWERS:  # nothing is a violation until a judge is asked
        if all(test.expect != answer for test in rule.tests):
            yield tree.fault((*path, "tests"), f"the rule '{rule.id}' has no test that expects '{answer}'")
    facts = TABLES[rule.table].facts
    for i, test in enumerate(rule.tests):
        place = (*path, "tests", i)
        for name in test.missing:
            if name not in facts and name != "judge":
                yield tree.fault(
                    (*place, "missing"), f"the table '{rule.table}' has no fact '{name}'", nearest(name, set(facts))
                )
        for name in test.parameters:
            if name not in document.parameters:
                yield tree.fault((*place, "parameters", name), f"there is no parameter '{name}' in this file")
        rows: list[tuple[KeyPath, dict[str, JsonValue]]] = [((*place, "facts"), dict(test.facts))]
        rows += [((*place, "records", j), dict(record)) for j, record in enumerate(test.records)]
        for row_path, row in rows:
            yield from fact_faults(tree, row, row_path, rule.table)


def _unique(tree: Tree, kind: str, path: KeyPath, ids: list[str]) -> Iterator[Fault]:
    for name, count in Counter(ids).items():
        if count > 1:
            yield tree.fault(path, f"the {kind} id '{name}' is used {count} times")
