"""Which page comes after a page, and which requests make up a period."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote

from pydantic import JsonValue

from auditor.pull.endpoint import Endpoint, JsonObject, Query, items_of, text_of, within

PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")
ALL = "all"


class StrangePageError(ValueError):
    """A page is not what the endpoint gives; perhaps it is if asked again."""


@dataclass(frozen=True)
class Shard:
    """A part of an endpoint that is pulled page after page: days of the period, or one parent."""

    endpoint: Endpoint
    name: str
    first: date
    last: date
    parent: str = ""


def shards_of(endpoint: Endpoint, since: date, until: date, parents: Iterable[str] = ()) -> Iterator[Shard]:
    """Yield the shards of an endpoint for a period, both days included."""
    if endpoint.of_each:
        yield from (Shard(endpoint, _folder(parent), since, until, parent) for parent in parents)
    elif not endpoint.period:
        yield Shard(endpoint, ALL, since, until)
    else:
        step = timedelta(days=endpoint.period.days - 1)
        first = since
        while first <= until:
            last = min(first + step, until)
            yield Shard(endpoint, f"{first}_{last}", first, last)
            first = last + timedelta(days=1)


def _folder(parent: str) -> str:
    """Return a folder's name for an id that somebody else made up."""
    if PLAIN.fullmatch(parent):
        return parent
    return "x" + hashlib.sha256(parent.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def estimate(shard: Shard) -> int:
    """Return the least number of pages of a shard."""
    if not shard.endpoint.buckets or not shard.endpoint.period:
        return 1
    days = (shard.last - shard.first).days + 1
    return max(1, -(-days // shard.endpoint.page_items))


def path_of(shard: Shard, options: JsonObject) -> str:
    """Return the path to ask for, with everything filled in."""
    filled = {name: quote(str(value), safe="") for name, value in options.items()}
    return shard.endpoint.path.format(parent=quote(shard.parent, safe="", errors="replace"), **filled)


def query_of(shard: Shard, cursor: str) -> Query:
    """Return the query parameters of the page at `cursor`, which is empty for the first page."""
    endpoint = shard.endpoint
    bounds = endpoint.period.query(shard.first, shard.last) if endpoint.period else ()
    cursor = cursor or ("1" if endpoint.paging.kind == "numbered" else "")
    asked = ((endpoint.paging.parameter, cursor),) if cursor and endpoint.paging.parameter else ()
    return (*bounds, *endpoint.query, *asked)


def body_of(shard: Shard, cursor: str) -> JsonObject | None:
    """Return the body of the request for the page at `cursor`, or None if it has none."""
    return shard.endpoint.body(shard.first, shard.last, int(cursor or 0)) if shard.endpoint.body else None


def following(endpoint: Endpoint, page: JsonValue, cursor: str) -> str | None:
    """Return the cursor of the page after `page`, which was asked for with `cursor`, or None if it is the last.

    Raises:
        StrangePageError: the page has no items, or says that there is more and not where.
    """
    paging = endpoint.paging
    if paging.items and not isinstance(within(page, paging.items), list):
        raise StrangePageError(f"has no list `{'.'.join(paging.items)}`")
    items = items_of(page, paging)
    match paging.kind:
        case "token" | "last-item":
            return _stated(endpoint, page, items)
        case "numbered":
            return _numbered(endpoint, page, items, int(cursor or 1))
        case "offset":
            return str(int(cursor or 0) + endpoint.page_items) if len(items) >= endpoint.page_items else None
        case _:
            return None


def _stated(endpoint: Endpoint, page: JsonValue, items: list[JsonValue]) -> str | None:
    paging = endpoint.paging
    found = text_of(within(page, paging.next))
    more = within(page, paging.more) if paging.more else found is not None
    if not isinstance(more, bool):
        raise StrangePageError(f"does not say in `{'.'.join(paging.more)}` whether there is more")
    if more and not found and paging.kind == "last-item" and items:
        found = text_of(within(items[-1], ("id",)))
    if more and not found:
        raise StrangePageError("says that there is more, and not where")
    return found if more else None


def _numbered(endpoint: Endpoint, page: JsonValue, items: list[JsonValue], number: int) -> str | None:
    """A server may put fewer items on a page than it was asked for, so the count is taken from the page."""
    found = within(page, endpoint.paging.number)
    if isinstance(found, int) and found != number:
        raise StrangePageError(f"is page {found}, and page {number} was asked for")
    total = within(page, endpoint.paging.total)
    if isinstance(total, int) and not isinstance(total, bool):
        more = number < total if endpoint.paging.total_pages else number * min(len(items), endpoint.page_items) < total
    else:
        more = len(items) >= endpoint.page_items
    return str(number + 1) if more and items else None


def signature(endpoint: Endpoint, page: JsonValue) -> str:
    """Return a digest of the items on a page, whatever their order; empty for a page without items."""
    items = items_of(page, endpoint.paging)
    digests = {hashlib.sha256(json.dumps(item, sort_keys=True).encode()).digest() for item in items}
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest() if items else ""
