"""What `auditor sources inspect` says of files: what they hold, what rules can do with it, and what to declare."""

from collections.abc import Mapping, Sequence

import click
from pydantic import JsonValue

from auditor.cli.options import plain
from auditor.model.run import ClauseResult, Coverage, InputInfo, RuleResult
from auditor.model.rundata import RunData
from auditor.reports.words import number, percent, plural

KINDS = {
    "call": ("call", "calls"),
    "bucket": ("bucket of calls", "buckets of calls"),
    "event": ("control event", "control events"),
    "snapshot": ("snapshot of an account", "snapshots of accounts"),
    "item": ("training item", "training items"),
}
SHOWN = 12
Found = Mapping[str, JsonValue]


def inspection(data: RunData) -> dict[str, JsonValue]:
    """Return what was found, as JSON."""
    manifest, coverage = data.manifest, data.coverage
    return {
        "inputs": [_input(item, coverage) for item in manifest.inputs],
        "rules": _rules(manifest.clauses),
        "advice": [advice.model_dump(mode="json") for advice in coverage.advice],
        "unresolved_models": dict(coverage.unresolved_models),
        "by_hand": len(coverage.not_testable),
    }


def _input(item: InputInfo, coverage: Coverage) -> dict[str, JsonValue]:
    idle: list[JsonValue] = [f"{first}/{last}" for first, last in coverage.idle.get(item.uri, ())]
    unused: list[JsonValue] = [*coverage.unused_fields.get(item.uri, ())]
    return {
        **item.model_dump(mode="json", exclude={"skipped"}),
        "facts": dict(coverage.carried.get(item.uri, {})),
        "skipped": dict(coverage.skipped.get(item.uri, {})),
        "days_without_records": idle,
        "unused_fields": unused,
    }


def _rules(clauses: Sequence[ClauseResult]) -> dict[str, JsonValue]:
    """The rules that govern something, by what could be decided."""
    groups: dict[str, list[JsonValue]] = {"decided": [], "partly": [], "undecided": []}
    for clause in clauses:
        for rule in clause.rules:
            if rule.governed:
                groups[_group(rule)].append(
                    {"rule": rule.id, "title": rule.title, "missing": [*sorted(rule.missing_facts)]}
                )
    return dict(groups)


def _group(rule: RuleResult) -> str:
    if not rule.unknown:
        return "decided"
    return "undecided" if rule.unknown >= rule.governed else "partly"


def print_inspection(found: dict[str, JsonValue]) -> None:
    """Print what was found, for people."""
    for item in _list(found["inputs"]):
        _print_input(item)
    _print_rules(found)
    if advice := _list(found["advice"]):
        click.echo("\nTo decide more, declare in auditor.yaml (`auditor init INPUT` writes a starter):")
        for one in advice:
            click.echo(f"  {one['fact']!s:<40} {one['checks']!s:>8} checks wait for it: {one['meaning']}")
    if models := found["unresolved_models"]:
        assert isinstance(models, dict)
        names = ", ".join(plain(name) for name in list(models)[:SHOWN])
        click.echo(f"\nModels whose names say nothing (name the model behind each under `aliases`): {names}")


def _print_input(item: Found) -> None:
    records = _int(item["records"])
    singular, several = KINDS[str(item["kind"])]
    click.echo(plain(f"{item['uri']}: {item['format']}, {plural(records, singular, several)}"))
    counts = {"rejected": _int(item["rejected"]), "repeated or told by another input": _int(item["duplicates"])}
    skipped = item["skipped"]
    assert isinstance(skipped, dict)
    for word, count in (counts | {f"passed over: {why}": _int(n) for why, n in skipped.items()}).items():
        if count:
            click.echo(plain(f"  {number(count)} {word}"))
    if item["truncated"]:
        click.echo(plain(f"  not whole: {item['truncated']}"))
    if item["first"]:
        click.echo(f"  from {item['first']} to {item['last']}")
    if idle := item["days_without_records"]:
        assert isinstance(idle, list)
        spans = [
            first if first == last else f"{first} to {last}" for first, _, last in (str(s).partition("/") for s in idle)
        ]
        more = f" and {len(spans) - SHOWN} more" if len(spans) > SHOWN else ""
        click.echo(f"  days without records: {', '.join(spans[:SHOWN])}{more}")
    facts = item["facts"]
    assert isinstance(facts, dict)
    for name, carried in facts.items():
        click.echo(f"    {name:<40} {percent(_int(carried), records):>8}")
    if unused := item["unused_fields"]:
        assert isinstance(unused, list)
        more = " …" if len(unused) > SHOWN else ""
        click.echo(plain(f"  fields that become no fact: {', '.join(map(str, unused[:SHOWN]))}{more}"))


def _print_rules(found: Found) -> None:
    rules = found["rules"]
    assert isinstance(rules, dict)
    decided, partly, undecided = (_list(rules[name]) for name in ("decided", "partly", "undecided"))
    if not (decided or partly or undecided):
        click.echo("\nNo rule of the packs governs anything here.")
        return
    click.echo(
        f"\nRules that govern something here: {len(decided)} can be decided for every record, {len(partly)} for some,"
    )
    click.echo(f"{len(undecided)} for none; {found['by_hand']} clauses only a person can check.")
    for title, group in (("For some:", partly), ("For none:", undecided)):
        if group:
            click.echo(f"\n{title}")
        for rule in group[:SHOWN]:
            missing = rule["missing"]
            assert isinstance(missing, list)
            click.echo(f"  {rule['rule']}: needs {', '.join(map(str, missing)) or 'a person'}")
        if len(group) > SHOWN:
            click.echo(f"  … and {len(group) - SHOWN} more (--output-format json lists all)")


def _list(value: JsonValue) -> list[dict[str, JsonValue]]:
    assert isinstance(value, list)
    return [item for item in value if isinstance(item, dict)]


def _int(value: JsonValue) -> int:
    assert isinstance(value, int)
    return value
