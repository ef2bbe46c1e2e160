"""Receives OpenTelemetry over HTTP and keeps it in files that are read as `otlp`.

What is acknowledged is on the disk: every request is one line, which is written and synced before it is answered. Format:
https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

import json
import signal
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET6
from socketserver import TCPServer
from typing import TypeAlias

from auditor.errors import AuditorError
from auditor.pull import protobuf
from auditor.pull.lines import Files
from auditor.pull.store import locked
from auditor.pull.words import strict_json

Address: TypeAlias = tuple[str, int]
KINDS = {"/v1/traces": ("traces", "resourceSpans"), "/v1/logs": ("logs", "resourceLogs")}
"""Path → name of the files, and the member that a request must have. Each file holds one kind."""
MAX_BODY = 15 << 20
"""Bytes of a request, after decompression; a line of a file may not be much longer."""
JSON, PROTOBUF = "application/json", "application/x-protobuf"
NO_PROTOBUF = "Protocol Buffers need `pip install 'tos-auditor[otlp]'` here; or send http/json"
TIMEOUT = 30.0


class _RefusedError(Exception):
    """A request that is not kept: HTTP status and reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass
class Received:
    """How many requests were kept and refused."""

    requests: int = 0
    refused: int = 0


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT
    files: Files
    received: Received
    counting: threading.Lock

    def do_POST(self) -> None:
        """Keep a request, or say why not."""
        try:
            kind, content = self._request()
            self.files.append(kind, content)
        except _RefusedError as error:
            self._count(kept=False)
            self.close_connection = True
            self._answer(error.status, {"code": 3, "message": str(error)})
        except OSError:
            self.close_connection = True
            self._answer(503, {"code": 14, "message": "cannot be written to the disk; try again later"})
        else:
            self._count(kept=True)
            self._accept()

    def _count(self, *, kept: bool) -> None:
        with self.counting:
            self.received.requests += kept
            self.received.refused += not kept

    def do_GET(self) -> None:
        """Say what this is."""
        self.close_connection = True
        self._answer(405, {"code": 12, "message": "send OTLP/HTTP with POST to /v1/traces or /v1/logs"})

    def _request(self) -> tuple[str, bytes]:
        """Return the kind of file and the line for a request."""
        path = self.path.partition("?")[0].rstrip("/")
        if path == "/v1/metrics":
            raise _RefusedError(404, "metrics are not kept; set OTEL_METRICS_EXPORTER=none")
        if path not in KINDS:
            raise _RefusedError(404, f"nothing is received here; send to {' or '.join(KINDS)}")
        kind, member = KINDS[path]
        media = self._media()
        if media not in (JSON, PROTOBUF):
            raise _RefusedError(415, f"{JSON} or {PROTOBUF} is received")
        content = self._decoded(self._chunked() if self._is_chunked() else self._sized())
        if media == PROTOBUF:
            return kind, self._from_protobuf(kind, content)
        try:
            value = strict_json(content)
        except ValueError as error:
            raise _RefusedError(400, "the body is no JSON") from error
        if not isinstance(value, dict) or not isinstance(value.get(member), list):
            raise _RefusedError(400, f"the body has no list {member}")
        return kind, content.replace(b"\r", b" ").replace(b"\n", b" ")

    def _media(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def _from_protobuf(self, kind: str, content: bytes) -> bytes:
        try:
            line = protobuf.as_json(kind, content)
        except ImportError as error:
            raise _RefusedError(415, NO_PROTOBUF) from error
        except ValueError as error:
            raise _RefusedError(400, "the body is no export request in Protocol Buffers") from error
        if len(line) > MAX_BODY:
            raise _RefusedError(413, f"the body is larger than {MAX_BODY} bytes as JSON; send smaller batches")
        return line

    def _is_chunked(self) -> bool:
        return self.headers.get("Transfer-Encoding", "").strip().lower() == "chunked"

    def _sized(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise _RefusedError(411, "the length of the body is not given")
        if int(length) > MAX_BODY:
            raise _RefusedError(413, f"the body is larger than {MAX_BODY} bytes; send smaller batches")
        return self._exactly(int(length))

    def _exactly(self, size: int) -> bytes:
        content = self.rfile.read(size)
        if len(content) < size:
            raise _RefusedError(400, "the body ends too early")
        return content

    def _chunked(self) -> bytes:
        """Return a body in chunks (RFC 9112, 7.1)."""
        content = bytearray()
        while True:
            size = self.rfile.readline(1024).partition(b";")[0].strip()
            try:
                length = int(size, 16) if size.isalnum() else -1
            except ValueError:
                length = -1
            if length < 0:
                raise _RefusedError(400, "the body is not in chunks")
            if len(content) + length > MAX_BODY:
                raise _RefusedError(413, f"the body is larger than {MAX_BODY} bytes; send smaller batches")
            if not length:
                break
            content += self._exactly(length)
            self.rfile.readline(1024)
        while self.rfile.readline(1024).strip():  # trailers
            pass
        return bytes(content)

    def _decoded(self, content: bytes) -> bytes:
        coding = self.headers.get("Content-Encoding", "identity").strip().lower()
        if coding in ("identity", ""):
            return content
        if coding != "gzip":
            raise _RefusedError(415, "only gzip is received as compression")
        try:
            stream = zlib.decompressobj(wbits=31)
            plain = stream.decompress(content, MAX_BODY + 1)
        except zlib.error as error:
            raise _RefusedError(400, "the body is no gzip") from error
        if len(plain) > MAX_BODY:
            raise _RefusedError(413, f"the body decompresses to more than {MAX_BODY} bytes; send smaller batches")
        if not stream.eof:
            raise _RefusedError(400, "the gzip ends too early")
        return plain

    def _accept(self) -> None:
        """Say that everything was kept, in the encoding of the request; in Protocol Buffers that is nothing."""
        if self._media() == PROTOBUF:
            self._send(200, PROTOBUF, b"")
        else:
            self._answer(200, {"partialSuccess": {}})

    def _answer(self, status: int, body: dict[str, object]) -> None:
        self._send(status, JSON, json.dumps(body).encode())

    def _send(self, status: int, media: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind without asking the network for the name of this machine."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Let go of a connection that broke; whoever sent sends again."""


def receive(
    folder: Path, listen: Address, seconds: float | None = None, ready: Callable[[str, int], None] = lambda *_: None
) -> Received:
    """Receive telemetry into `folder` for so many seconds, or until Ctrl-C or SIGTERM, and say how much it was.

    Args:
        folder: where the files go.
        listen: address and port; port 0 for any that is free.
        seconds: how long; without end if None.
        ready: told the address and port when requests can be sent.

    Raises:
        AuditorError: the address cannot be listened on, or the folder is in use.
    """
    received = Received()
    with locked(folder):
        files = Files(folder)
        files.trim()
        handler = type("Handler", (_Handler,), {"files": files, "received": received, "counting": threading.Lock()})
        kind = type("Server", (_Server,), {"address_family": AF_INET6}) if ":" in listen[0] else _Server
        try:
            server = kind(listen, handler)
        except OSError as error:
            raise AuditorError(f"cannot listen on {listen[0]}:{listen[1]}: {error.strerror or error}") from error
        stop = threading.Event()
        before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            ready(listen[0], server.server_address[1])
            stop.wait(seconds)
        except KeyboardInterrupt:
            pass
        finally:
            signal.signal(signal.SIGTERM, before)
            server.shutdown()
            server.server_close()
            files.close()
    return received
