"""`auditor policy`: list, show, check, test and describe policy packs."""

import json
from datetime import date

import click

from auditor.errors import ExitCode
from auditor.model.policy import Document
from auditor.policy.load import ParsedRule, Policy, load_policies
from auditor.policy.select import Choices, Terms, check
from auditor.rules.cases import run_case

policies_argument = click.argument("policies", required=False, metavar="[NAME,…|PATH]")
format_option = click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)


@click.group()
def command() -> None:
    """Work on policy packs: the clauses, their versions, and the rules that check them."""


@command.command("check")
@policies_argument
def check_(policies: str | None) -> int:
    """Report every fault of every policy file, with its place."""
    policy = load_policies(policies)
    clauses = sum(len(document.clauses) for document in policy.documents)
    click.echo(f"{len(policy.packs)} packs, {len(policy.documents)} documents, {clauses} clauses, {len(policy.rules)} rules: no faults")
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


def failing_tests(parsed: ParsedRule) -> list[str]:
    """Return a line for each test of the rule that fails."""
    lines = []
    positions = {parsed.clause.position: parsed.rule.reading} if parsed.clause.position and parsed.rule.reading else {}
    for number, case in enumerate(parsed.rule.tests, start=1):
        ready = check(parsed, Terms(), Choices(case.parameters, positions))
        assert ready, "a rule is in force under its own versions and reading"
        if fault := run_case(ready, case, parsed.document.test_facts):
            lines.append(f"{parsed.id}: test {number}{f' ({case.name})' if case.name else ''}: {fault}")
    return lines
