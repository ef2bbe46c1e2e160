"""What an endpoint of a provider is: its path, parameters, paging, credential. Data only; `run` does the work."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, TypeAlias

from pydantic import JsonValue

JsonObject: TypeAlias = Mapping[str, JsonValue]
Query: TypeAlias = tuple[tuple[str, str], ...]
Row: TypeAlias = dict[str, str | bool | None]
Rows: TypeAlias = Callable[[JsonValue, str, str | None], Sequence[Row]]

SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a pair, which JSON can hold and UTF-8 cannot."""

Holds = Literal["usage", "events", "snapshots"]
"""What the pages of an endpoint hold: calls or sums of calls, control events, or accounts as they are now."""
PagingKind = Literal["token", "last-item", "numbered", "offset", "single", "export"]
"""How one asks for the next page: with a token that the page gives, with the id of its last item, by number, by count of
items, not at all; or a job is started and its file fetched."""
Moment = Literal["seconds", "rfc3339", "spaced", "day"]
"""How a time is written in a query."""


@dataclass(frozen=True)
class Paging:
    """How the pages of an endpoint follow one another.

    Attributes:
        kind: see `PagingKind`.
        parameter: the query parameter (or member of the body) that asks for a page.
        next: members that lead to the token or the last id in a page.
        more: members that lead to "there is more"; without them, a token or a full page says so.
        items: members that lead to the list of items; empty if the page is one item.
        total: members that lead to the number of items (numbered) or of pages (if `total_pages`).
        number: members that lead to the number of the page.
    """

    kind: PagingKind
    parameter: str = ""
    next: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    items: tuple[str, ...] = ("data",)
    total: tuple[str, ...] = ()
    total_pages: bool = False
    number: tuple[str, ...] = ()


SINGLE = Paging("single")


@dataclass(frozen=True)
class Period:
    """Names of the parameters that bound the time, and how they are written.

    Attributes:
        start, end: names of the parameters; `end` is empty where one day is asked for at a time.
        written: how a time is written.
        inclusive: whether the end itself belongs to the period, so that the last second of it has to be given.
        days: days that one request may span; a longer period is split into shards.
    """

    start: str
    end: str
    written: Moment
    inclusive: bool = False
    days: int = 31

    def query(self, first: date, last: date) -> Query:
        """Return the parameters for the days `first` to `last`, both included."""
        begin = datetime.combine(first, time(), UTC)
        finish = datetime.combine(last + timedelta(days=1), time(), UTC)
        if self.inclusive:
            finish -= timedelta(seconds=1)
        pairs = ((self.start, begin), (self.end, finish))
        return tuple((name, self._text(moment)) for name, moment in pairs if name)

    def _text(self, moment: datetime) -> str:
        match self.written:
            case "seconds":
                return str(int(moment.timestamp()))
            case "rfc3339":
                return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            case "spaced":
                return moment.strftime("%Y-%m-%d %H:%M:%S")
            case "day":
                return moment.strftime("%Y-%m-%d")


@dataclass(frozen=True)
class Credential:
    """Where a credential comes from and how it is sent.

    Attributes:
        variables: environment variables (or names in the keyring); two for HTTP Basic.
        header: the header that carries it.
        scheme: what stands before it in the header; `basic` means both variables as HTTP Basic.
        kind: what it is, in the provider's words, for messages.
    """

    variables: tuple[str, ...]
    header: str = "Authorization"
    scheme: str = "Bearer"
    kind: str = "API key"


@dataclass(frozen=True)
class Endpoint:
    """One list that a provider gives out.

    Attributes:
        name: as given to `--only`, and the name of the folder of its pages.
        path: below the base URL; `{parent}` is filled with ids of the endpoint `of_each`, `{option}` from the options.
        holds: what its items are.
        paging: how pages follow one another.
        credential: what it takes to read it.
        permission: what the credential must be allowed to, for messages.
        period: how the time is bounded; None if everything is given.
        query: further parameters, always sent.
        headers: further headers, always sent.
        body: for POST: makes the body of a request (for exports: of the job) from first and last day and the number of items
            to pass over.
        page_items: items (or buckets) on a page, as asked for by `query`; for the estimate and for full pages.
        buckets: whether items are sums by day, which bear no id of their own.
        of_each: name of the endpoint whose items' ids are asked for one after another.
        rows: for snapshots: makes rows of a page, the id of the parent, and the id of the organisation if it is known.
    """

    name: str
    path: str
    holds: Holds
    paging: Paging
    credential: Credential
    permission: str
    period: Period | None = None
    query: Query = ()
    headers: Query = ()
    body: Callable[[date, date, int], JsonObject] | None = None
    page_items: int = 100
    buckets: bool = False
    of_each: str = ""
    rows: Rows | None = None

    @property
    def paged(self) -> bool:
        """Whether it is asked for page after page, and not exported."""
        return self.paging.kind != "export"


@dataclass(frozen=True)
class Provider:
    """A provider, or a gateway, and what can be pulled from it.

    Attributes:
        name: as given to `auditor pull`.
        title: one line for people.
        base_url: where the paths begin.
        base_variables: environment variables that may hold another base URL.
        options: name → environment variable of what else is needed to fill paths.
        endpoints: what can be pulled, in order.
        limit_days: how far back it keeps what it gives out; 0 if not known.
    """

    name: str
    title: str
    base_url: str
    endpoints: tuple[Endpoint, ...]
    base_variables: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    limit_days: int = 0

    def endpoint(self, name: str) -> Endpoint:
        """Return the endpoint of that name."""
        return next(endpoint for endpoint in self.endpoints if endpoint.name == name)


def within(page: JsonValue, path: Sequence[str]) -> JsonValue:
    """Return what stands in `page` at the members `path`, or None."""
    for name in path:
        if not isinstance(page, dict):
            return None
        page = page.get(name)
    return page


def items_of(page: JsonValue, paging: Paging) -> list[JsonValue]:
    """Return the items on a page."""
    if not paging.items:
        return [page]
    found = within(page, paging.items)
    return found if isinstance(found, list) else []


def text_of(value: JsonValue) -> str | None:
    """Return a text that is not empty, and can be written; or None."""
    return value if isinstance(value, str) and value and not SURROGATE.search(value) else None


def objects_of(page: JsonValue, paging: Paging) -> list[dict[str, JsonValue]]:
    """Return the items on a page that are objects."""
    return [item for item in items_of(page, paging) if isinstance(item, dict)]
