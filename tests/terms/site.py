"""A real web server on 127.0.0.1 that answers what a test tells it to, and remembers what it was asked."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from auditor.terms.addresses import Resolve


@dataclass
class Answer:
    """What to answer; `more` is sent again and again after the body until the client goes; `delay` comes before it."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    more: bytes = b""
    delay: float = 0.0
    hang_up: bool = False


@dataclass
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]


class Site:
    """Answers by path; a list is answered one after another, and its last again and again."""

    def __init__(self, routes: dict[str, list[Answer]]) -> None:
        self.routes = routes
        self.asked: list[Asked] = []
        self.port = 0
        self.most_at_once = 0
        self.at_once = 0
        self.server_names: list[str | None] = []

    def url(self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self.at_once -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = head[0].split(" ")[1]
        self.asked.append(
            Asked(path, {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)})
        )
        answers = self.routes.get(path.partition("?")[0], [Answer(status=404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        await asyncio.sleep(answer.delay)
        if answer.hang_up:
            return
        headers = {"Content-Type": "text/markdown; charset=utf-8", "Connection": "close"} | answer.headers
        if not answer.more:
            headers.setdefault("Content-Length", str(len(answer.body)))
        lines = [f"HTTP/1.1 {answer.status} Said", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        writer.write("\r\n".join(lines).encode("latin-1") + answer.body)
        await writer.drain()
        while answer.more:
            writer.write(answer.more)
            await writer.drain()


@asynccontextmanager
async def serving(routes: dict[str, list[Answer]], certificate: Path | None = None) -> AsyncIterator[Site]:
    """Serve on a free port of 127.0.0.1, with TLS if there is a certificate (a PEM file with its key)."""
    site = Site(routes)
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda _, name, __: site.server_names.append(name)
    server = await asyncio.start_server(site.answer, "127.0.0.1", 0, ssl=context)
    site.port = server.sockets[0].getsockname()[1]
    async with server:
        yield site


def make_certificate(folder: Path, *names: str) -> Path:
    """Make a certificate for names such as `DNS:terms.example`, signed by itself, with its key in the same file."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=test", "-addext", f"subjectAltName={','.join(names)}", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_text(certificate.read_text() + key.read_text())
    return both


def resolving(*addresses: str) -> Resolve:
    """Return a resolver that gives the same addresses for every name."""

    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve
