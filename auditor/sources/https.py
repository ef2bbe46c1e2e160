"""Downloads one file from an `https://` address. Its query is a secret: it may hold a signature, and is never shown."""

from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from typing import TypeVar

import httpx
import tenacity

from auditor import __version__
from auditor.sources.download import Limits, RefusedError, Sink, check_size, untrusted, words_of

TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
MAX_REDIRECTS = 10
HEADERS = {"User-Agent": f"tos-auditor/{__version__} (httpx/{httpx.__version__})", "Accept-Encoding": "identity"}
CODINGS = ("", "identity", "gzip", "x-gzip", "zstd")
"""Content codings in which a body is left as it is: the reader tells compression by content."""
T = TypeVar("T")


class _LaterError(RefusedError):
    """It did not work, but perhaps it does soon."""


def _in_chunks(response: httpx.Response) -> bool:
    """Return whether the end of the body is marked in it."""
    return "chunked" in response.headers.get("Transfer-Encoding", "").lower()


class Web:
    """Asks for files; may be used from several threads."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._http = httpx.Client(headers=HEADERS, timeout=limits.timeout, follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def size(self, address: str) -> int | None:
        """Ask for the file and return its size, if the server says it; the content is left alone.

        The request is the same as for the download, because an address is signed for one kind of request only.
        """

        def ask() -> int | None:
            with closing(self._open(address)) as response:
                return self._length(response)

        return self._tried(ask)

    def save(self, address: str, sink: Sink) -> None:
        """Download the whole file; what breaks off is tried again from the beginning."""

        def download() -> None:
            sink.restart()
            with closing(self._open(address)) as response:
                for chunk in response.iter_raw(self.limits.chunk):
                    sink.write(chunk)
                length = self._length(response)
            if length not in (None, sink.size):
                raise _LaterError(f"broke off: {sink.size} of {length} bytes came")

        self._tried(download)

    def _tried(self, ask: Callable[[], T]) -> T:
        def once() -> T:
            try:
                return ask()
            except httpx.InvalidURL as error:
                raise RefusedError("is no valid address") from error  # what the error says may be a part of a secret
            except httpx.HTTPError as error:
                if reason := untrusted(error):
                    raise RefusedError(reason) from error
                broke = isinstance(error, httpx.RemoteProtocolError | httpx.ReadError)
                raise _LaterError(f"{'broke off' if broke else 'cannot be reached'}: {words_of(error)}") from error

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_LaterError),
            wait=tenacity.wait_random_exponential(multiplier=self.limits.patience, max=30),
            stop=tenacity.stop_after_attempt(self.limits.tries),
            reraise=True,
        )
        return retrying(once)

    def _open(self, address: str) -> httpx.Response:
        """Return the answer that has the file, its body not yet read."""
        request: httpx.Request | None = self._http.build_request("GET", address)
        for _ in range(MAX_REDIRECTS + 1):
            assert request
            if request.url.scheme != "https":
                raise RefusedError("leads to an address that is not encrypted")
            response = self._http.send(request, stream=True)
            try:
                if not response.has_redirect_location:
                    self._check(response)
                    return response
            except RefusedError:
                response.close()
                raise
            request = response.next_request
            response.close()
        raise RefusedError("leads from one address to another without end")

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        known = status in HTTPStatus.__members__.values()
        said = f"the server answers {status}{f' {HTTPStatus(status).phrase}' if known else ''}"
        if status in (401, 403, 407):
            raise RefusedError(f"access was denied: {said}", "an address that is signed may have to be signed anew")
        if status in (404, 410):
            raise RefusedError(f"there is no such file: {said}")
        if status != HTTPStatus.OK:
            raise (_LaterError if status in TRY_AGAIN else RefusedError)(said)
        headers = response.headers
        coding = headers.get("Content-Encoding", "").lower()
        if coding not in CODINGS:
            raise RefusedError(f"is sent in the encoding {words_of(ValueError(coding))}, which was not asked for")
        if headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml")):
            raise RefusedError("is a web page, perhaps one to sign in", "name the address of the file itself")
        if self._length(response) is None and not _in_chunks(response):
            raise RefusedError("the server does not say how long the file is, so that a part could pass for the whole")

    def _length(self, response: httpx.Response) -> int | None:
        length = "" if _in_chunks(response) else response.headers.get("Content-Length", "")
        size = int(length) if length.isdecimal() else None
        check_size(size or 0, self.limits)
        return size
