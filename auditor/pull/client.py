"""Asks for pages: tries again where that may help, waits as long as it is told to, and says in words what stands against it."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType

import httpx
import tenacity
from pydantic import JsonValue

from auditor import __version__
from auditor.errors import AuditorError, IncompleteRunError
from auditor.pull.endpoint import Credential, JsonObject, Query
from auditor.pull.limits import asked_wait, used_up
from auditor.pull.paging import StrangePageError
from auditor.pull.secrets import Secrets
from auditor.pull.store import Head
from auditor.pull.words import article, plain, reason_in, strict_json

TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ERROR_BYTES = 64 << 10
HEADERS = {
    "User-Agent": f"tos-auditor/{__version__} (httpx/{httpx.__version__})",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
}
ORGANIZATION = ("openai-organization", "anthropic-organization-id")
REQUEST_ID = ("x-request-id", "request-id")


@dataclass(frozen=True)
class Settings:
    """How to ask.

    Attributes:
        concurrency: requests at a time.
        timeout: seconds without a byte after which a request is given up.
        tries: how often a request is made before it is given up for good.
        patience: seconds that the first wait between two tries takes at most; it doubles each time.
        longest_wait: seconds that a server may ask to wait.
        max_bytes: of a page, after decompression.
        now: the clock.
        transport: instead of the network, for tests.
    """

    concurrency: int = 4
    timeout: float = 60.0
    tries: int = 8
    patience: float = 1.0
    longest_wait: float = 900.0
    max_bytes: int = 64 << 20
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    transport: httpx.AsyncBaseTransport | None = None


@dataclass(frozen=True)
class Asked:
    """One request. `credential` is None for addresses that carry their permission in their query themselves."""

    url: str
    query: Query = ()
    headers: Query = ()
    body: JsonObject | None = None
    method: str = "GET"
    credential: Credential | None = None
    permission: str = ""
    cursor: str = ""
    max_bytes: int | None = None

    @property
    def shown(self) -> str:
        """The address, as it may be shown."""
        return self.url if self.credential else self.url.partition("?")[0]


@dataclass(frozen=True)
class Answer:
    """What came back: the content as received, the JSON in it, and the head to keep with it."""

    content: bytes
    value: JsonValue
    head: Head


Parse = Callable[[bytes], JsonValue]


class _LaterError(Exception):
    """It did not work, but perhaps it does in `wait` seconds; None if the server did not say."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Client:
    """Asks one provider. Requests share what the server said about waiting."""

    def __init__(self, secrets: Secrets, settings: Settings) -> None:
        self.secrets = secrets
        self.settings = settings
        self._not_before = 0.0
        self._http = httpx.AsyncClient(
            headers=HEADERS,
            timeout=settings.timeout,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=settings.concurrency),
            transport=settings.transport,
        )

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def ask(self, asked: Asked, parse: Parse = strict_json) -> Answer:
        """Return the answer to a request; `parse` raises `ValueError`, or `StrangePageError`, for what cannot be right.

        Raises:
            AuditorError: the request is refused, or its answer must not be kept.
            IncompleteRunError: it was given up after several tries.
        """
        try:
            return await self._retrying()(self._try, asked, parse)
        except _LaterError as error:
            reason = f"{error}; given up after {self.settings.tries} tries"
            if (error.wait or 0) > self.settings.longest_wait:
                reason = f"{error}, and asks to wait for {error.wait:.0f} s"
            raise IncompleteRunError(reason) from error

    def _retrying(self) -> tenacity.AsyncRetrying:
        jittered = tenacity.wait_random_exponential(multiplier=self.settings.patience, max=60 * self.settings.patience)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.wait if isinstance(error, _LaterError) else None
            return jittered(state) if asked is None else asked + jittered(state) / 10

        def worth_it(error: BaseException) -> bool:
            return isinstance(error, _LaterError) and (error.wait or 0) <= self.settings.longest_wait

        return tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(worth_it),
            wait=wait,
            stop=tenacity.stop_after_attempt(self.settings.tries),
            reraise=True,
        )

    async def _try(self, asked: Asked, parse: Parse) -> Answer:
        while (wait := self._not_before - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        try:
            content, headers = await self._send(asked)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise AuditorError(f"{plain(asked.shown)} is no address that can be asked: {error}") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _LaterError(
                f"{asked.shown} gave no whole answer: {plain(str(error)) or type(error).__name__}"
            ) from error
        if self.secrets.stand_in(content):
            raise AuditorError(f"the answer of {asked.shown} holds your credential, and is not kept; tell the provider")
        try:
            value = parse(content)
        except StrangePageError as error:
            raise _LaterError(f"the answer of {asked.shown} {error}") from error
        except ValueError as error:
            raise _LaterError(f"the answer of {asked.shown} is no JSON: {plain(str(error), 100)}") from error
        return Answer(content, value, self._head(asked, content, headers))

    async def _send(self, asked: Asked) -> tuple[bytes, httpx.Headers]:
        headers = dict(asked.headers)
        if asked.credential:
            name, value = self.secrets.header(asked.credential)
            headers[name] = value
        body = None if asked.body is None else json.dumps(asked.body).encode()
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = self._http.build_request(
            asked.method, asked.url, params=list(asked.query) or None, headers=headers, content=body
        )
        response = await self._http.send(request, stream=True)
        try:
            if response.status_code == httpx.codes.OK or response.status_code in (201, 202):
                self._note_limits(response.headers)
                return await self._content(response, asked), response.headers
            await self._refuse(response, asked)
        finally:
            await response.aclose()
        raise AssertionError("a refusal is raised")

    def _note_limits(self, headers: Mapping[str, str]) -> None:
        """If nothing is left, let all requests wait for as long as the server says."""
        if used_up(headers):
            wait = asked_wait(headers, self.settings.now()) or 0.0
            self._hold(min(wait, self.settings.longest_wait))

    def _hold(self, wait: float) -> None:
        self._not_before = max(self._not_before, time.monotonic() + wait)

    async def _content(self, response: httpx.Response, asked: Asked) -> bytes:
        content = bytearray()
        most = asked.max_bytes or self.settings.max_bytes
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > most:
                size = most >> 20
                raise AuditorError(
                    f"the answer of {asked.shown} is larger than {size} MiB, and was not read to its end"
                )
        return bytes(content)

    async def _refuse(self, response: httpx.Response, asked: Asked) -> None:
        """Raise what an answer other than success means."""
        status = response.status_code
        said = await self._said(response)
        where = f"{asked.shown} answers {status}{f': {said}' if said else ''}"
        if status in TRY_AGAIN:
            wait = asked_wait(response.headers, self.settings.now()) if status in (429, 503, 529) else None
            if wait is not None and wait <= self.settings.longest_wait:
                self._hold(wait)
            raise _LaterError(where, wait)
        if response.has_redirect_location:
            raise AuditorError(f"{asked.shown} redirects elsewhere, where your credential is not sent; give --base-url")
        if status in (401, 403) and asked.credential:
            names = " and ".join(asked.credential.variables)
            raise AuditorError(f"{where}. {names} must be {article(asked.credential.kind)} with: {asked.permission}")
        raise AuditorError(where)

    async def _said(self, response: httpx.Response) -> str:
        """Return the provider's own words on why it refuses, as far as it finds any."""
        content = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > ERROR_BYTES:
                    break
        except (httpx.TransportError, httpx.DecodingError):
            return ""
        return self._shown(reason_in(bytes(content)))

    def _shown(self, text: str) -> str:
        return plain(self.secrets.hide(text))

    def _head(self, asked: Asked, content: bytes, headers: httpx.Headers) -> Head:
        full = httpx.URL(asked.url, params=list(asked.query)) if asked.query else httpx.URL(asked.url)
        return Head(
            url=self.secrets.hide(str(full)) if asked.credential else asked.shown,
            cursor=asked.cursor,
            received=self.settings.now(),
            date=_date(headers.get("date", "")),
            sha256=hashlib.sha256(content).hexdigest(),
            bytes=len(content),
            organization=self._named(headers, ORGANIZATION),
            request_id=self._named(headers, REQUEST_ID),
        )

    def _named(self, headers: httpx.Headers, names: tuple[str, ...]) -> str | None:
        found = next((headers[name] for name in names if headers.get(name)), None)
        return self._shown(found)[:200] if found else None


def _date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, TypeError):
        return None


def check_base_url(url: str, *, allow_http: bool) -> str:
    """Return a base URL without a slash at its end.

    Raises:
        AuditorError: it is no https address, and neither on this machine nor allowed to be http.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise AuditorError(f"--base-url {plain(url)} is no address: {error}") from error
    if parsed.userinfo or parsed.query or parsed.fragment or not parsed.host or parsed.scheme not in ("http", "https"):
        raise AuditorError("--base-url must be an https address without user name, query and fragment")
    if parsed.scheme == "http" and parsed.host not in LOOPBACK and not allow_http:
        raise AuditorError(
            f"{plain(url)} is not https, so that your credential could be read on the way; --allow-http allows it"
        )
    return url.rstrip("/")
