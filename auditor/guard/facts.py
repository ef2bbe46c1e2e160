"""What statements about a dataset come to as facts, and which services stand behind models where nobody says so."""

from collections.abc import Mapping, Sequence

from auditor.guard.formats.words import strictness
from auditor.guard.knowledge import Statement
from auditor.model.declarations import Facts
from auditor.model.facts import FactValue
from auditor.registry.tables import registry

SERVICES = {
    "openai": "openai", "anthropic": "anthropic", "google": "gcp.gemini", "mistral": "mistral_ai", "cohere": "cohere",
    "xai": "x_ai", "deepseek": "deepseek", "perplexity": "perplexity", "moonshot": "moonshot_ai", "alibaba": "alibaba",
}  # fmt: skip
"""Maker → its own service, as records name it: taken for models that nobody can hold where no route is given."""
NO_SERVICE = ("bard", "translate")
"""Model lines that their makers offer as products of other kinds, whose terms no pack has."""


def is_closed(row: Facts) -> bool:
    """Return whether one of the generators is a model that nobody but its maker can hold."""
    names = row.get("dataset.generators")
    models = [registry().model(name) for name in names if name] if isinstance(names, list) else []
    return any(model.maker and model.licences == () and model.family not in NO_SERVICE for model in models)


def self_hosted(row: Facts) -> bool:
    """Return whether all providers that are named stand for models that one runs oneself."""
    names = row.get("dataset.generator_providers")
    known = [registry().provider(name) for name in names if name] if isinstance(names, list) else []
    return bool(known) and all(provider and provider.route == "self-hosted" for provider in known)


def said(statements: Sequence[Statement]) -> Facts:
    """Return the facts that statements make; of several licences the one that closes most."""
    row: dict[str, FactValue] = {}
    by_fact: dict[str, list[str | None]] = {}
    for statement in statements:
        named = by_fact.setdefault(statement.fact, [])
        if statement.value not in named:
            named.append(statement.value)
    generators = by_fact.get("dataset.generators", [])
    if generators or "synthetic" in by_fact:
        row["dataset.generators"] = generators or [None]
    elif any(s.fact == "human" and not s.via for s in statements):
        row |= {"dataset.generators": [], "dataset.generator_providers": []}
    if providers := by_fact.get("dataset.generator_providers"):
        row["dataset.generator_providers"] = [
            name if name and registry().provider(name) else None for name in providers
        ]
        row["dataset.generators"] = row.get("dataset.generators") or [None]  # whoever names a provider names a model
    if len(routes := by_fact.get("dataset.route", [])) == 1:
        row["dataset.route"] = routes[0]
    if licences := [name for name in by_fact.get("dataset.licence", []) if name]:
        row["dataset.licence"] = max(licences, key=strictness)
    if "dataset.made_for_training" in by_fact:
        row["dataset.made_for_training"] = "true" in by_fact["dataset.made_for_training"]
    for fact in ("dataset.generator_plan", "dataset.modality"):
        if values := by_fact.get(fact):
            row[fact] = values[0]
    return row


def assume_providers(row: dict[str, FactValue], aliases: Mapping[str, str]) -> None:
    """Name the makers' own services for the models that nobody can hold, where neither provider nor route is given."""
    named = row.get("dataset.generator_providers")
    if row.get("dataset.route") is not None:
        return
    providers: list[str | None] = [*named] if isinstance(named, list) else []
    known = [registry().provider(name) if name else None for name in providers]
    covered = {provider.maker for provider in known if provider}
    several = any(provider is None or provider.maker is None for provider in known)
    generators = row["dataset.generators"]
    for name in generators if isinstance(generators, list) else []:
        model = registry().model(aliases.get(name, name)) if name else None
        if several or not model or model.licences != () or model.maker in covered or model.family in NO_SERVICE:
            continue
        if model.maker in SERVICES:
            providers.append(SERVICES[model.maker])
            covered.add(model.maker)
    if providers:
        row["dataset.generator_providers"] = providers
