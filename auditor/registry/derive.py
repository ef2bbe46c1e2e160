"""Completes a row with what the registry tells: its route, and who made the models it names, under which licences.

Nothing that the row carries is overwritten. A name that the registry does not know leaves the facts missing.
"""

from collections.abc import Iterator, Mapping

from auditor.model.facts import FactValue
from auditor.registry.tables import Identity, Provider, registry

Row = Mapping[str, FactValue]
Aliases = Mapping[str, str]

KEYS = ("gen_ai.provider.name", "route", "server.address", "gen_ai.request.model", "gen_ai.response.model")
"""The facts of a call that tell which model answered, and by which route."""
TOLD = (
    "gen_ai.provider.name",
    "route",
    "called_model.maker",
    "called_model.family",
    "called_model.version",
    "called_model.licences",
)
"""The facts that `derive` adds to a call."""


def derive(table: str, row: Row, aliases: Aliases | None = None) -> dict[str, FactValue]:
    """Return `row` of the fact table `table` with the facts that follow from it.

    Args:
        table: name of the fact table.
        row: facts as they were recorded and declared.
        aliases: the company's own names of deployments → the models behind them.
    """
    names = aliases or {}
    match table:
        case "usage" | "matches":
            told = _call(row, names)
        case "training":
            told = {**_generators(row, names), **_base(row, "model", names)}
        case "deployments":
            told = {**_listed("model.source", row.get("model.sources"), names), **_base(row, "model", names)}
        case _:
            told = {}
    if table == "matches":
        told |= _base(row, "model", names)
    if table == "usage":
        told |= _base(row, "application.model", names) | {"account.country": row.get("organisation.country")}
    return {**{name: value for name, value in told.items() if value is not None}, **_given(row)}


def _given(row: Row) -> dict[str, FactValue]:
    return {name: value for name, value in row.items() if value is not None}


def _identity(name: FactValue, aliases: Aliases) -> Identity:
    return registry().model(aliases.get(name, name)) if isinstance(name, str) else Identity()


def _call(row: Row, aliases: Aliases) -> dict[str, FactValue]:
    """The model that answered counts; where its name tells nothing, the one that was asked for; then the provider."""
    tables = registry()
    address = row.get("server.address")
    host = tables.host(address) if isinstance(address, str) else None
    answered, asked = (_identity(row.get(f"gen_ai.{side}.model"), aliases) for side in ("response", "request"))
    model = answered if answered.maker else asked
    name = row.get("gen_ai.provider.name") or (host and host.provider)
    provider = tables.provider(name) if isinstance(name, str) else None
    route = row.get("route") or (host and host.route) or asked.route or answered.route or (provider and provider.route)
    named = row.get("gen_ai.response.model") or row.get("gen_ai.request.model")
    maker = model.maker or _sole_maker(provider, route == "direct" or not named)
    served = route == "direct" or (not model.maker and route not in ("self-hosted", "other"))
    service = bool(maker and provider and provider.maker == maker and served)
    return {
        "gen_ai.provider.name": name or None,
        "route": route or None,
        "called_model.maker": maker,
        "called_model.family": model.family,
        "called_model.version": model.version,
        "called_model.licences": [] if service else _list(model.licences),
    }


def _sole_maker(provider: Provider | None, certain: bool) -> str | None:  # noqa: FBT001
    return provider.maker if provider and (certain or not provider.only_direct) else None


def _list(licences: tuple[str, ...] | None) -> list[str] | None:
    return None if licences is None else list(licences)


def _base(row: Row, prefix: str, aliases: Aliases) -> dict[str, FactValue]:
    base = _identity(row.get(f"{prefix}.base"), aliases)
    return {f"{prefix}.base_maker": base.maker, f"{prefix}.base_licences": _list(base.licences)}


def _generators(row: Row, aliases: Aliases) -> dict[str, FactValue]:
    """The makers of a dataset's generators; where these are not named, the makers that its providers stand for."""
    named = row.get("dataset.generators")
    providers = row.get("dataset.generator_providers")
    if named is not None or not isinstance(providers, list):
        return _listed("dataset.generator", named, aliases)
    known = [registry().provider(name) if isinstance(name, str) else None for name in providers]
    return {"dataset.generator_makers": [item.maker if item else None for item in known]}


def _listed(prefix: str, names: FactValue, aliases: Aliases) -> dict[str, FactValue]:
    if not isinstance(names, (list, tuple)):
        return {}
    models = [_identity(name, aliases) for name in names]
    makers: list[str | None] = list(dict.fromkeys(model.maker for model in models))
    return {f"{prefix}_makers": makers, f"{prefix}_licences": list(dict.fromkeys(_licences(models)))}


def _licences(models: list[Identity]) -> Iterator[str | None]:
    """The licences of some models; a missing one for each model that is not known."""
    for model in models:
        yield from (None,) if model.licences is None else model.licences
