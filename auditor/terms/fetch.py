"""Fetches documents from their addresses; the only use of the network. A failure is a value, in words.

Only https, public addresses, text, at most 10 MB after decompression, at most 5 redirects, each checked as the first was.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import tenacity

from auditor import __version__
from auditor.errors import AuditorError
from auditor.terms.addresses import CheckedTransport, RefusedAddress, Resolve, is_public, resolve
from auditor.terms.html import converted, decode
from auditor.terms.reading import MAX_BYTES, Reading, Wanted

MAX_REDIRECTS = 5
MAX_TRIES = 5
CONCURRENT = 4
TRY_AGAIN = {429, 500, 502, 503, 504}
HTML = ("text/html", "application/xhtml+xml")
TEXT = ("text/plain", "text/markdown", "text/x-markdown")
HEADERS = {
    "User-Agent": f"tos-auditor/{__version__} (checks terms of service for change; httpx/{httpx.__version__})",
    "Accept": "text/html, application/xhtml+xml, text/markdown, text/plain;q=0.9",
    "Accept-Encoding": "gzip, deflate",
    "Accept-Language": "en",
}


@dataclass(frozen=True)
class Settings:
    """How to fetch.

    Attributes:
        timeout: seconds for one document, with all its tries, waits and redirects.
        allow_private: whether http and addresses that are not public are allowed.
        resolve: how names become addresses.
        is_public: whether an address may be connected to without `allow_private`.
        verify: the certificates to trust; those of the system if None.
        patience: seconds that the first wait between two tries takes at most; it doubles each time.
    """

    timeout: float = 60.0
    allow_private: bool = False
    resolve: Resolve = resolve
    is_public: Callable[[str], bool] = is_public
    verify: ssl.SSLContext | None = None
    patience: float = 1.0


class _FailedError(Exception):
    """The document cannot be had, for the reason that it carries."""


class _LaterError(_FailedError):
    """The document cannot be had now, but perhaps in `wait` seconds; None if the server did not say."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


async def fetch_all(wanted: Iterable[Wanted], now: datetime, settings: Settings) -> list[Reading]:
    """Fetch documents, a few at a time, and return them in the order they were asked for."""
    verify = settings.verify or ssl.create_default_context()
    inner = httpx.AsyncHTTPTransport(verify=verify, limits=httpx.Limits(max_keepalive_connections=0), trust_env=False)
    allowed = (lambda _: True) if settings.allow_private else settings.is_public
    transport = CheckedTransport(inner, settings.resolve, allowed)
    turns = asyncio.Semaphore(CONCURRENT)
    async with httpx.AsyncClient(
        transport=transport,
        headers=HEADERS,
        timeout=min(20.0, settings.timeout),
        follow_redirects=False,
        trust_env=False,
    ) as client:

        async def one(item: Wanted) -> Reading:
            async with turns:
                return await _fetch(client, item, now, settings)

        return await asyncio.gather(*(one(item) for item in wanted))


async def _fetch(client: httpx.AsyncClient, wanted: Wanted, now: datetime, settings: Settings) -> Reading:
    tried = [0]
    try:
        async with asyncio.timeout(settings.timeout):
            return await _retrying(settings)(_try, client, wanted, now, settings, tried)
    except TimeoutError:
        times = f"{tried[0]} tries" if tried[0] > 1 else "1 try"
        failure = f"{wanted.url} gave no answer within {settings.timeout:g} s ({times})"
    except _LaterError as error:
        failure = f"{error} ({tried[0]} tries); try again later" if tried[0] > 1 else f"{error}; try again later"
    except (_FailedError, AuditorError) as error:
        failure = str(error)
    return Reading(wanted.document, wanted.url, now, failure=failure)


def _retrying(settings: Settings) -> tenacity.AsyncRetrying:
    jittered = tenacity.wait_random_exponential(multiplier=settings.patience, max=20)

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, _LaterError) else None
        return jittered(state) if asked is None else asked + jittered(state) / 10

    def worth_it(error: BaseException) -> bool:
        return isinstance(error, _LaterError) and (error.wait or 0) < settings.timeout

    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(worth_it),
        wait=wait,
        stop=tenacity.stop_after_attempt(MAX_TRIES),
        reraise=True,
    )


async def _try(
    client: httpx.AsyncClient, wanted: Wanted, now: datetime, settings: Settings, tried: list[int]
) -> Reading:
    tried[0] += 1
    try:
        return await _follow(client, wanted, now, settings)
    except RefusedAddress as error:
        raise _FailedError(f"{error}; --allow-private allows it") from error
    except (httpx.DecodingError, httpx.InvalidURL) as error:
        raise _FailedError(f"{wanted.url}: {error}") from error
    except httpx.TransportError as error:
        raise _LaterError(f"{wanted.url} cannot be reached: {str(error) or type(error).__name__}") from error


async def _follow(client: httpx.AsyncClient, wanted: Wanted, now: datetime, settings: Settings) -> Reading:
    url = httpx.URL(wanted.url)
    for _ in range(MAX_REDIRECTS + 1):
        _check_url(url, allow_private=settings.allow_private)
        async with client.stream("GET", url, headers=_conditions(wanted, url)) as response:
            if response.status_code == httpx.codes.NOT_MODIFIED and wanted.text:
                return Reading(
                    wanted.document, wanted.url, now, wanted.text, "", "", str(url), wanted.etag, wanted.last_modified
                )
            if not response.has_redirect_location:
                text = await _text(response, url)
                etag, modified = response.headers.get("ETag", ""), response.headers.get("Last-Modified", "")
                return Reading(wanted.document, wanted.url, now, text, "", "", str(url), etag, modified)
            url = url.join(response.headers["Location"])
    raise _FailedError(f"{wanted.url} redirects more than {MAX_REDIRECTS} times; the last was to {url}")


def _check_url(url: httpx.URL, *, allow_private: bool) -> None:
    if url.scheme != "https" and not (url.scheme == "http" and allow_private):
        raise _FailedError(f"{url} is not https; only https is fetched, and http with --allow-private")
    if url.userinfo or not url.host:
        raise _FailedError(f"{url} holds a user name or no host, and is not fetched")


def _conditions(wanted: Wanted, url: httpx.URL) -> dict[str, str]:
    """The headers that ask for the text only if it has changed; they hold for the address that gave it, and no other."""
    if not wanted.text or str(url) != wanted.final_url:
        return {}
    headers = {"If-None-Match": wanted.etag, "If-Modified-Since": wanted.last_modified}
    return {name: value for name, value in headers.items() if value}


async def _text(response: httpx.Response, url: httpx.URL) -> str:
    if response.status_code in TRY_AGAIN:
        raise _LaterError(f"{url} answers {response.status_code}", _retry_after(response))
    if response.status_code != httpx.codes.OK:
        raise _FailedError(f"{url} answers {response.status_code} {response.reason_phrase}".rstrip())
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind not in (*HTML, *TEXT):
        raise _FailedError(f"{url} is {kind or 'of no stated type'}, and only HTML, text and Markdown are read")
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "deflate", ""):
        raise _FailedError(f"{url} is packed as {coding[:40]}, which was not asked for")
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > MAX_BYTES:
            raise _FailedError(f"{url} is larger than {MAX_BYTES // 1_000_000} MB, and was not read to its end")
    text = decode(bytes(content), response.charset_encoding, is_html=kind in HTML)
    return await converted(text) if kind in HTML else text


def _retry_after(response: httpx.Response) -> float | None:
    """The seconds that a server asks to wait, which it may give as a number or as a date."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()) if value else None
    except (ValueError, TypeError):
        return None
