"""`auditor policy`: list, show, check, test and describe policy packs."""

import json

import click
from pydantic import BaseModel

from auditor.cli.options import output_format
from auditor.cli.policy_diff import command as diff
from auditor.errors import AuditorError, ExitCode
from auditor.model.describe import DRAFT, json_schema
from auditor.model.facts import TABLES
from auditor.model.policy import Clause, Document, NamedList
from auditor.policy.load import load_policies
from auditor.policy.parsed import ParsedRule, Policy
from auditor.policy.review import known_texts, to_review
from auditor.policy.select import check
from auditor.policy.spans import Choices, Terms
from auditor.rules.cases import run_case
from auditor.yamlfile import nearest, write_yaml

policies_argument = click.argument("policies", required=False, metavar="[NAME,…|PATH]")
SCHEMAS: dict[str, type[BaseModel]] = {"document": Document, "list": NamedList}


@click.group()
def command() -> None:
    """Work on policy packs: the clauses, their versions, and the rules that check them."""


@command.command("list")
@policies_argument
@output_format
def list_(policies: str | None, output_format: str) -> int:
    """List the documents, with the number of their clauses, versions and rules.

    Clauses that only a person can check are counted as "by hand".
    """
    policy = load_policies(policies)
    rows = [
        {
            "id": document.id,
            "title": document.document.title,
            "clauses": len(document.clauses),
            "versions": sum(len(clause.versions) for clause in document.clauses),
            "rules": sum(len(clause.rules) for clause in document.clauses),
            "by_hand": sum(not clause.rules for clause in document.clauses),
        }
        for document in policy.documents
    ]
    if output_format == "json":
        click.echo(json.dumps(rows, indent=2))
        return ExitCode.OK
    width = max(len(str(row["id"])) for row in rows)
    for row in rows:
        counts = " ".join(f"{row[what]:>3} {what}" for what in ("clauses", "versions", "rules"))
        by_hand = f"  ({row['by_hand']} by hand)" if row["by_hand"] else ""
        click.echo(f"{row['id']:<{width}}  {counts}  {row['title']}{by_hand}")
    click.echo(_summary(policy))
    return ExitCode.OK


@command.command()
@click.argument("name")
@click.option("--policies", metavar="NAME,…|PATH", help="Where to look; all shipped packs if not given.")
def show(name: str, policies: str | None) -> int:
    """Show a document or clause, such as openai/services-agreement, as it is written."""
    policy = load_policies(policies)
    found: dict[str, Document | Clause] = {document.id: document for document in policy.documents}
    found |= {d.clause_id(clause): clause for d in policy.documents for clause in d.clauses}
    if name not in found:
        raise AuditorError(f"no document or clause '{name}' {nearest(name, set(found))}".rstrip())
    click.echo(write_yaml(found[name].model_dump(mode="json", by_alias=True, exclude_defaults=True)), nl=False)
    return ExitCode.OK


@command.command("check")
@policies_argument
def check_(policies: str | None) -> int:
    """Report every fault of every policy file, with its place."""
    policy = load_policies(policies)
    for rule in to_review(policy, known_texts(policy)):
        click.echo(f"to review: {rule} was written against another text of its clause")
    click.echo(f"{_summary(policy)}: no faults")
    return ExitCode.OK


@command.command()
@policies_argument
def test(policies: str | None) -> int:
    """Run the tests that stand in the packs."""
    policy = load_policies(policies)
    failures = [failure for rule in policy.rules for failure in failing_tests(rule)]
    for failure in failures:
        click.echo(failure)
    total = sum(len(rule.rule.tests) for rule in policy.rules)
    click.echo(f"{total - len(failures)} of {total} policy tests passed")
    return ExitCode.FINDINGS if failures else ExitCode.OK


command.add_command(diff)


@command.command()
@click.argument("what", type=click.Choice([*SCHEMAS, *TABLES]), default="document")
def schema(what: str) -> int:
    """Print the JSON Schema of policy files (document), of named lists (list), or of the rows of a fact table."""
    described = json_schema(TABLES[what]) if what in TABLES else {"$schema": DRAFT} | SCHEMAS[what].model_json_schema()
    click.echo(json.dumps(described, indent=2, ensure_ascii=False))
    return ExitCode.OK


def failing_tests(parsed: ParsedRule) -> list[str]:
    """Return a line for each test of the rule that fails, judged under the reading that the rule follows."""
    lines = []
    positions = {parsed.clause.position: parsed.rule.reading} if parsed.clause.position and parsed.rule.reading else {}
    for number, case in enumerate(parsed.rule.tests, start=1):
        ready = check(parsed, Terms(), Choices(case.parameters, positions))
        assert ready, "a rule is in force under its own versions and reading"
        if fault := run_case(ready, case, parsed.document.test_facts):
            lines.append(f"{parsed.id}: test {number}{f' ({case.name})' if case.name else ''}: {fault}")
    return lines


def _summary(policy: Policy) -> str:
    clauses = sum(len(document.clauses) for document in policy.documents)
    return f"{len(policy.packs)} packs, {len(policy.documents)} documents, {clauses} clauses, {len(policy.rules)} rules"
