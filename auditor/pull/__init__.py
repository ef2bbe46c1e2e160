"""Pulls usage records, control events and settings from providers and gateways. `PROVIDERS` lists them.

Everything that is received is kept as it was, and read into tables that `auditor replay` audits. See `auditor.pull.store`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

from auditor.errors import AuditorError, IncompleteRunError
from auditor.pull.acquisition import Acquisition, acquire, load
from auditor.pull.anthropic import ANTHROPIC
from auditor.pull.client import Client, Settings, check_base_url
from auditor.pull.endpoint import Endpoint, Provider
from auditor.pull.fetch import Fetch, Told
from auditor.pull.gateways import CLOUDFLARE, HELICONE, LITELLM, OPENROUTER, PORTKEY
from auditor.pull.langfuse import LANGFUSE
from auditor.pull.openai import OPENAI
from auditor.pull.paging import estimate, shards_of
from auditor.pull.secrets import Lookup, Secrets, find_secrets
from auditor.pull.store import Store, Wanted, locked
from auditor.yamlfile import nearest

PROVIDERS: dict[str, Provider] = {
    provider.name: provider
    for provider in (OPENAI, ANTHROPIC, LANGFUSE, HELICONE, PORTKEY, OPENROUTER, LITELLM, CLOUDFLARE)
}
"""Everything that can be pulled from, by name."""
DAYS = 30
NOT_ASKED = "not asked for"

__all__ = ["NOT_ASKED", "PROVIDERS", "Acquisition", "Planned", "Pull", "Settings", "plan", "pull"]


@dataclass(frozen=True)
class Pull:
    """What a user asks for. What is None is taken from the folder, if it was begun before, and else is the default.

    Attributes:
        provider: name in `PROVIDERS`.
        folder: where everything is kept.
        since, until: the period, both days included (UTC); the last 30 days until yesterday.
        only: names of endpoints; all for which there is a credential.
        base_url: where the provider is, if not where it usually is.
        allow_http: whether the credential may be sent without encryption.
        options: what else the provider needs to know.
    """

    provider: str
    folder: Path
    since: date | None = None
    until: date | None = None
    only: tuple[str, ...] = ()
    base_url: str | None = None
    allow_http: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Planned:
    """An endpoint as it would be pulled: shards, and the least number of pages; None if that is only known later."""

    endpoint: str
    uri: str
    shards: tuple[str, ...] | None
    pages: int | None


def plan(asked: Pull, find: Lookup, today: date) -> tuple[Wanted, list[Planned]]:
    """Return what a pull into a new folder would ask for. Needs no network and no credential.

    Raises:
        AuditorError: what is asked for cannot be.
    """
    provider = _provider(asked.provider)
    wanted = _new(asked, provider, find, today, _chosen(provider, asked.only))
    planned = []
    for name in wanted.endpoints:
        endpoint = provider.endpoint(name)
        shards = list(shards_of(endpoint, wanted.since, wanted.until))
        later = bool(endpoint.of_each)
        planned.append(
            Planned(
                name,
                wanted.base_url + endpoint.path,
                None if later else tuple(shard.name for shard in shards),
                None if later else sum(estimate(shard) for shard in shards),
            )
        )
    return wanted, planned


async def pull(
    asked: Pull, find: Lookup, settings: Settings, deadline: float | None = None, told: Told | None = None
) -> Acquisition:
    """Pull, or go on with a pull that was interrupted, and return what was pulled.

    Args:
        asked: what to pull and where to.
        find: gives the value of a credential.
        settings: how to ask.
        deadline: seconds after which to stop; what was received until then is kept.
        told: told of progress.

    Raises:
        AuditorError: something was refused, or the folder is for something else; without any secret in it.
        IncompleteRunError: it can be gone on with.
    """
    provider = _provider(asked.provider)
    chosen = _chosen(provider, asked.only)
    with locked(asked.folder):
        store = Store(asked.folder)
        store.remove_leftovers()
        begun = store.wanted()
        if begun:
            chosen = [provider.endpoint(name) for name in begun.endpoints if provider.name == begun.provider]
        secrets, chosen, left_out = _credentials(provider, chosen, find, strict=bool(begun or asked.only))
        wanted = begun or _new(asked, provider, find, settings.now().date(), chosen, left_out)
        if begun:
            _check_same(asked, provider, begun)
            if store.whole():
                return load(asked.folder)
        else:
            store.begin(wanted)
        try:
            await _fetch(store, provider, wanted, secrets, settings, deadline, told)
            return await acquire(store, provider, wanted)
        except AuditorError as error:
            raise secrets.hidden(error) from None


async def _fetch(
    store: Store,
    provider: Provider,
    wanted: Wanted,
    secrets: Secrets,
    settings: Settings,
    deadline: float | None,
    told: Told | None,
) -> None:
    async with Client(secrets, settings) as client:
        fetch = Fetch(client, store, provider, wanted, told)
        try:
            async with asyncio.timeout(deadline):
                await fetch.all(provider.endpoint(name) for name in wanted.endpoints)
        except TimeoutError as error:
            raise IncompleteRunError(
                f"the deadline of {deadline:g} s is over; {fetch.received} pages were received and are kept; "
                "run the same command again to go on"
            ) from error


def _provider(name: str) -> Provider:
    if name not in PROVIDERS:
        raise AuditorError(
            f"unknown provider '{name}' {nearest(name, set(PROVIDERS))}; there are {', '.join(PROVIDERS)}"
        )
    return PROVIDERS[name]


def _chosen(provider: Provider, only: Sequence[str]) -> list[Endpoint]:
    """Return the endpoints named, in the provider's order, with those that they depend on."""
    names = {endpoint.name for endpoint in provider.endpoints}
    if unknown := [name for name in only if name not in names]:
        raise AuditorError(f"{provider.name} has no endpoint '{unknown[0]}'; there are {', '.join(sorted(names))}")
    wanted = set(only or names)
    wanted |= {endpoint.of_each for endpoint in provider.endpoints if endpoint.name in wanted}
    return [endpoint for endpoint in provider.endpoints if endpoint.name in wanted]


def _credentials(
    provider: Provider, chosen: list[Endpoint], find: Lookup, *, strict: bool
) -> tuple[Secrets, list[Endpoint], dict[str, str]]:
    """Return the secrets, the endpoints for which there are any, and why the others are left out."""
    secrets, missing = find_secrets([endpoint.credential for endpoint in chosen], find)
    there = [endpoint for endpoint in chosen if endpoint.credential not in missing]
    left_out = {
        endpoint.name: f"{' and '.join(endpoint.credential.variables)} is not set"
        for endpoint in chosen
        if endpoint.credential in missing
    }
    if left_out and (strict or not there):
        name, why = next(iter(left_out.items()))
        kind = next(endpoint for endpoint in chosen if endpoint.name == name).credential.kind
        raise AuditorError(
            f"cannot pull {name}: {why}; export it with the {kind}, or keep it in the keyring of this machine"
        )
    others = {endpoint.name: NOT_ASKED for endpoint in provider.endpoints if endpoint not in chosen}
    return secrets, there, left_out | others


def _new(
    asked: Pull,
    provider: Provider,
    find: Lookup,
    today: date,
    chosen: Sequence[Endpoint],
    left_out: Mapping[str, str] = MappingProxyType({}),
) -> Wanted:
    """Return what is wanted, with defaults for what was not said."""
    until = asked.until or today - timedelta(days=1)
    since = asked.since or until - timedelta(days=DAYS - 1)
    if since > until:
        raise AuditorError(f"the period ends ({until}) before it begins ({since})")
    if provider.limit_days and since < today - timedelta(days=provider.limit_days):
        raise AuditorError(f"{provider.name} keeps {provider.limit_days} days; use a later --since than {since}")
    options = {name: asked.options.get(name) or find(variable) for name, variable in provider.options.items()}
    if missing := [name for name, value in options.items() if not value]:
        variable = provider.options[missing[0]]
        raise AuditorError(f"{provider.name} needs --{missing[0]}, or {variable} in the environment")
    elsewhere = asked.base_url or next(filter(None, map(find, provider.base_variables)), None)
    return Wanted(
        provider=provider.name,
        base_url=check_base_url(elsewhere or provider.base_url, allow_http=asked.allow_http),
        since=since,
        until=until,
        endpoints=tuple(endpoint.name for endpoint in chosen),
        options={name: value for name, value in options.items() if value},
        left_out=dict(left_out),
    )


def _check_same(asked: Pull, provider: Provider, begun: Wanted) -> None:
    """Raise `AuditorError` if the folder was begun for something else than what is asked for."""
    same = {
        "--since": asked.since in (None, begun.since),
        "--until": asked.until in (None, begun.until),
        "--only": not asked.only or tuple(e.name for e in _chosen(provider, asked.only)) == begun.endpoints,
        "--base-url": asked.base_url is None or asked.base_url.rstrip("/") == begun.base_url,
        "provider": provider.name == begun.provider,
        **{f"--{name}": begun.options.get(name) == value for name, value in asked.options.items()},
    }
    if other := [name for name, agrees in same.items() if not agrees]:
        raise AuditorError(
            f"{asked.folder} was begun with another {other[0]} ({begun.provider}, {begun.since} to {begun.until}, "
            f"{', '.join(begun.endpoints)}); use another folder for --into, or the same options to go on"
        )
    check_base_url(begun.base_url, allow_http=asked.allow_http)
