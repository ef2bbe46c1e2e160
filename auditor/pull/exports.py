"""Exports: a job is made and started, and when it is done its file is fetched from a signed address.

Portkey: https://portkey.ai/docs/api-reference/admin-api/data-plane/logs/log-exports-beta
"""

import asyncio
import time
from dataclasses import replace
from urllib.parse import quote

import httpx
from pydantic import JsonValue

from auditor.errors import AuditorError, IncompleteRunError
from auditor.pull.client import LOOPBACK, Answer, Asked, Client
from auditor.pull.endpoint import text_of, within
from auditor.pull.paging import StrangePageError
from auditor.pull.words import plain, strict_json

LONGEST = 3600.0
"""Seconds that an export may take."""
MOST_BYTES = 512 << 20
FAILED = ("failed", "failure", "cancelled", "canceled", "error", "stopped")
DONE = ("success", "completed", "complete", "done", "finished")


async def export(client: Client, asked: Asked) -> Answer:
    """Run an export and return its file; the value is a list of the objects in it, one a line.

    An export that is interrupted leaves a job at the provider; the next one makes its own.

    Raises:
        AuditorError, IncompleteRunError: as `Client.ask` does, or the export failed or takes too long.
    """
    created = await client.ask(replace(asked, method="POST", query=()), lambda content: _named(strict_json(content)))
    one = replace(asked, method="GET", query=(), url=f"{asked.url}/{quote(str(created.value), safe='')}", body=None)
    await client.ask(replace(one, url=f"{one.url}/start", method="POST"), _anything)
    await _finished(client, one)
    signed = await client.ask(replace(one, url=f"{one.url}/download"), lambda content: _signed(strict_json(content)))
    file = await client.ask(Asked(str(signed.value), max_bytes=MOST_BYTES), lines_of)
    return replace(file, head=file.head.model_copy(update={"url": asked.url}))


async def _finished(client: Client, one: Asked) -> None:
    """Wait until the job is done."""
    until = time.monotonic() + LONGEST
    wait = client.settings.patience
    while True:
        status = (text_of(within((await client.ask(one)).value, ("status",))) or "").lower()
        if status in DONE:
            return
        if status in FAILED:
            raise AuditorError(f"the export {one.url} ended with the status {plain(status, 40)}")
        if time.monotonic() > until:
            raise IncompleteRunError(f"the export {one.url} was not done within {LONGEST:.0f} s")
        await asyncio.sleep(wait)
        wait = min(wait * 1.5, 30.0)


def _named(value: JsonValue) -> str:
    name = text_of(within(value, ("id",)))
    if not name or name in (".", ".."):
        raise StrangePageError("names no export")
    return name


def _signed(value: JsonValue) -> str:
    """Return the address of the file, which holds its own permission and gets no credential of ours."""
    address = text_of(within(value, ("signed_url",)))
    try:
        url = httpx.URL(address or "")
    except httpx.InvalidURL as error:
        raise StrangePageError("gives no address of a file") from error
    if url.scheme != "https" and not (url.scheme == "http" and url.host in LOOPBACK):
        raise StrangePageError("gives no https address of a file")
    return str(url)


def _anything(_: bytes) -> JsonValue:
    return None


def lines_of(content: bytes) -> JsonValue:
    """Return the objects that stand one a line in `content`.

    Raises:
        ValueError: a line is no JSON object.
    """
    found: list[JsonValue] = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            value = strict_json(line)
            if not isinstance(value, dict):
                raise ValueError(f"line {number} is no object")
            found.append(value)
    return found
