"""Pulls all shards of all endpoints into the store, some at a time, each page after page."""

import asyncio
from collections.abc import Callable, Iterable

from pydantic import JsonValue

from auditor.errors import AuditorError, Fault, IncompleteRunError, Location
from auditor.pull.client import Answer, Asked, Client
from auditor.pull.endpoint import Endpoint, Provider, items_of, text_of, within
from auditor.pull.exports import export
from auditor.pull.paging import Shard, StrangePageError, body_of, following, path_of, query_of, shards_of, signature
from auditor.pull.store import Head, Store, Wanted
from auditor.pull.words import strict_json

Told = Callable[[str, int, int, int], None]
"""Told of an endpoint's name, its shards that are done, its shards in all, and pages that were received just now."""


class Fetch:
    """One pull: from whom, what, where to, and what went wrong."""

    def __init__(
        self, client: Client, store: Store, provider: Provider, wanted: Wanted, told: Told | None = None
    ) -> None:
        self.client = client
        self.store = store
        self.provider = provider
        self.wanted = wanted
        self.faults: list[Fault] = []
        self.unfinished: list[Fault] = []
        self.received = 0
        self._told = told or (lambda *_: None)
        self._turns = asyncio.Semaphore(client.settings.concurrency)

    async def all(self, endpoints: Iterable[Endpoint]) -> None:
        """Pull `endpoints`; those that need the ids of another's items after that one.

        Raises:
            AuditorError: something was refused; with a fault for each endpoint.
            IncompleteRunError: something was given up, and can be gone on with.
        """
        chosen = list(endpoints)
        await asyncio.gather(*(self._endpoint(endpoint) for endpoint in chosen if not endpoint.of_each))
        await asyncio.gather(*(self._endpoint(endpoint) for endpoint in chosen if endpoint.of_each))
        if self.faults:
            raise AuditorError("not everything could be pulled", sorted(set(self.faults + self.unfinished)))
        if self.unfinished:
            raise IncompleteRunError(
                "not everything was pulled; what was is kept; run the same command again to go on",
                sorted(set(self.unfinished)),
            )

    async def _endpoint(self, endpoint: Endpoint) -> None:
        if endpoint.of_each and any(fault.location.file == endpoint.of_each for fault in self.faults + self.unfinished):
            return
        parents = self._parents(endpoint.of_each) if endpoint.of_each else ()
        shards = list(shards_of(endpoint, self.wanted.since, self.wanted.until, parents))
        open_ = [shard for shard in shards if not self.store.finished(endpoint.name, shard.name)]
        done = len(shards) - len(open_)
        failed: list[AuditorError] = []
        self._told(endpoint.name, done, len(shards), 0)

        async def one(shard: Shard) -> None:
            nonlocal done
            async with self._turns:
                if failed:
                    return
                try:
                    await self._shard(shard, lambda: self._told(endpoint.name, done, len(shards), 1))
                except AuditorError as error:
                    failed.append(error)
                    return
                done += 1
                self._told(endpoint.name, done, len(shards), 0)

        await asyncio.gather(*(one(shard) for shard in open_))
        for error in failed:
            into = self.unfinished if isinstance(error, IncompleteRunError) else self.faults
            into.append(Fault(Location(endpoint.name), error.message))

    def _parents(self, name: str) -> list[str]:
        """Return the ids of the items of an endpoint that is pulled, in order, each once."""
        endpoint = self.provider.endpoint(name)
        found: dict[str, None] = {}
        for shard in self.store.shards(name):
            for number in range(self.store.pages(name, shard)):
                page = strict_json(self.store.read(name, shard, number)[0])
                names = (text_of(within(item, ("id",))) for item in items_of(page, endpoint.paging))
                found |= dict.fromkeys(name for name in names if name and name not in (".", ".."))
        return list(found)

    async def _shard(self, shard: Shard, told: Callable[[], None]) -> None:
        """Pull the pages of a shard that are not kept yet; where to go on is read off the last one that is."""
        endpoint = shard.endpoint
        number = self.store.pages(endpoint.name, shard.name)
        been = [self.store.head(endpoint.name, shard.name, page) for page in range(number)]
        cursor: str | None = ""
        if number:
            content, head = self.store.read(endpoint.name, shard.name, number - 1)
            cursor = self._following(endpoint, strict_json(content), head.cursor) if endpoint.paged else None
        while cursor is not None:
            answer = await self._page(shard, cursor, been)
            items = signature(endpoint, answer.value) if endpoint.paged else ""
            head = answer.head.model_copy(update={"parent": shard.parent, "items": items})
            await asyncio.to_thread(self.store.commit, endpoint.name, shard.name, number, answer.content, head)
            been.append(head)
            number += 1
            self.received += 1
            told()
            cursor = self._following(endpoint, answer.value, cursor)
        await asyncio.to_thread(self.store.finish, endpoint.name, shard.name, number)

    def _following(self, endpoint: Endpoint, page: JsonValue, cursor: str) -> str | None:
        return following(endpoint, page, cursor) if endpoint.paged else None

    async def _page(self, shard: Shard, cursor: str, been: Iterable[Head]) -> Answer:
        endpoint = shard.endpoint
        asked = Asked(
            url=self.wanted.base_url + path_of(shard, self.wanted.options),
            query=query_of(shard, cursor),
            headers=endpoint.headers,
            body=body_of(shard, cursor),
            method="POST" if endpoint.body else "GET",
            credential=endpoint.credential,
            permission=endpoint.permission,
            cursor=cursor,
        )
        if not endpoint.paged:
            return await export(self.client, asked)
        cursors, known = {head.cursor for head in been} | {"", cursor}, {head.items for head in been} - {""}

        def parse(content: bytes) -> JsonValue:
            """Read a page; one that was received before is a mistake of the server, which may pass."""
            page = strict_json(content)
            if following(endpoint, page, cursor) in cursors:
                raise StrangePageError("leads back to a page that was already received")
            if signature(endpoint, page) in known:
                raise StrangePageError("is a page that was already received")
            return page

        return await self.client.ask(asked, parse)
