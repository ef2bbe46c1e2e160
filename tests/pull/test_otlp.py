"""The receiver of telemetry: what is acknowledged is kept, whatever happens after."""

import asyncio
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from auditor.engine import Database
from auditor.pull.lines import Files
from auditor.pull.otlp import MAX_BODY
from auditor.pull.protobuf import MESSAGES, as_json
from auditor.sources import Input, ingest
from tests.conftest import ROOT


class Receiver:
    """`auditor pull otlp` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "auditor", "pull", "otlp", "--into", str(folder), "--listen", "127.0.0.1:0"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)
        assert self.process.stderr
        line = self.process.stderr.readline()
        self.port = int(line.partition("127.0.0.1:")[2].partition(";")[0])
        self.url = f"http://127.0.0.1:{self.port}"

    def post(self, path: str, content: bytes, **headers: str) -> httpx.Response:
        named = {"Content-Type": "application/json"} | {key.replace("_", "-"): value for key, value in headers.items()}
        return httpx.post(self.url + path, content=content, headers=named)

    def lines(self, kind: str) -> list[dict[str, Any]]:
        files = sorted(self.folder.glob(f"{kind}-*.otlp.jsonl"))
        return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]

    def stop(self, number: int = signal.SIGINT) -> str:
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=20)
        return out


@pytest.fixture
def receiver(tmp_path) -> Iterator[Receiver]:
    one = Receiver(tmp_path / "received")
    yield one
    if one.process.poll() is None:
        one.process.kill()
        one.process.communicate()


def span(number: int) -> dict[str, object]:
    attributes = [
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
        {"key": "gen_ai.provider.name", "value": {"stringValue": "openai"}},
        {"key": "gen_ai.request.model", "value": {"stringValue": "gpt-4o"}},
        {"key": "gen_ai.usage.input_tokens", "value": {"intValue": str(number)}},
    ]
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": "1788264000000000000",
        "endTimeUnixNano": "1788264001000000000",
        "attributes": attributes,
        "status": {},
    }


def traces(*numbers: int) -> bytes:
    spans = [span(number) for number in numbers]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}, indent=1).encode()


def test_received_telemetry_is_read_as_otlp(receiver):
    assert receiver.post("/v1/traces", traces(1, 2)).json() == {"partialSuccess": {}}
    assert receiver.post("/v1/traces", gzip.compress(traces(3)), Content_Encoding="gzip").status_code == 200
    assert receiver.post("/v1/logs", b'{"resourceLogs": []}').status_code == 200
    out = receiver.stop()
    assert receiver.process.returncode == 0
    assert "3 requests received and kept, 0 refused" in out
    with Database() as db:
        read = asyncio.run(ingest(db, [Input(str(receiver.folder / "traces-*"))], text=()))
        assert {summary.format for summary in read.inputs} == {"otlp"}
        tokens = db.execute('SELECT "gen_ai.usage.input_tokens" FROM records ORDER BY 1')
        assert tokens == [(1,), (2,), (3,)]


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_what_the_sdk_of_opentelemetry_sends_is_read(receiver, compression):
    exporter = OTLPSpanExporter(f"{receiver.url}/v1/traces", compression=compression)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    said: dict[str, str | int] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.input_tokens": 2**40,
    }
    with provider.get_tracer("app").start_as_current_span("chat", attributes=said) as one:
        ids = one.get_span_context()
    provider.shutdown()
    assert "1 request received and kept, 0 refused" in receiver.stop()
    (line,) = receiver.lines("traces")
    (sent,) = line["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert (sent["traceId"], sent["spanId"]) == (f"{ids.trace_id:032x}", f"{ids.span_id:016x}")
    with Database() as db:
        asyncio.run(ingest(db, [Input(str(receiver.folder / "traces-*"))], text=()))
        found = db.execute('SELECT "gen_ai.provider.name", "gen_ai.usage.input_tokens" FROM records')
        assert found == [("openai", 2**40)]


def test_without_its_package_protocol_buffers_are_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, MESSAGES["traces"][0], None)
    with pytest.raises(ImportError):
        as_json("traces", b"")


def test_bodies_in_chunks(receiver):
    def chunks() -> Iterator[bytes]:
        content = traces(7)
        yield content[:10]
        yield content[10:]

    headers = {"Content-Type": "application/json"}
    assert httpx.post(f"{receiver.url}/v1/traces", content=chunks(), headers=headers).status_code == 200
    assert len(receiver.lines("traces")) == 1


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    folder = tmp_path / "received"
    acknowledged: set[int] = set()
    for round_ in range(3):
        receiver = Receiver(folder)

        def send(first: int, receiver: Receiver = receiver) -> None:
            for number in range(first, first + 10_000, 4):
                try:
                    if receiver.post("/v1/traces", traces(number)).status_code == 200:
                        acknowledged.add(number)
                except httpx.TransportError:
                    return

        threads = [threading.Thread(target=send, args=(round_ * 10_000 + lane,)) for lane in range(4)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < (round_ + 1) * 40:
            assert receiver.process.poll() is None
        os.kill(receiver.process.pid, signal.SIGKILL)
        receiver.process.communicate()
        for thread in threads:
            thread.join()
    receiver = Receiver(folder)
    kept = [
        int(line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"], 16) for line in receiver.lines("traces")
    ]
    receiver.stop(signal.SIGTERM)
    assert acknowledged <= set(kept)
    assert len(kept) == len(set(kept))


def test_a_torn_line_is_cut_off_at_the_next_start(tmp_path):
    path = tmp_path / "traces-1.otlp.jsonl"
    path.write_bytes(b'{"a": 1}\n{"b": 2}\n{"c": ' + b"x" * 100_000)
    (tmp_path / "logs-1.otlp.jsonl").write_bytes(b"{" + b"x" * 10)
    Files(tmp_path).trim()
    assert path.read_bytes() == b'{"a": 1}\n{"b": 2}\n'
    assert (tmp_path / "logs-1.otlp.jsonl").read_bytes() == b""


@pytest.mark.parametrize(
    ("path", "content", "headers", "status", "words"),
    [
        ("/v1/traces", b"\n\x0a", {"Content-Type": "application/x-protobuf"}, 400, "Protocol Buffers"),
        ("/v1/traces", b"<a/>", {"Content-Type": "text/xml"}, 415, "application/x-protobuf"),
        ("/v1/traces", b"{}", {}, 400, "resourceSpans"),
        ("/v1/logs", b'{"resourceSpans": []}', {}, 400, "resourceLogs"),
        ("/v1/traces", b"[1", {}, 400, "no JSON"),
        ("/v1/traces", b'{"resourceSpans": [NaN]}', {}, 400, "no JSON"),
        ("/v1/metrics", b"{}", {}, 404, "OTEL_METRICS_EXPORTER=none"),
        ("/", b"{}", {}, 404, "/v1/traces"),
        ("/v1/traces", b"nothing", {"Content-Encoding": "gzip"}, 400, "no gzip"),
        ("/v1/traces", gzip.compress(b"{}")[:-9], {"Content-Encoding": "gzip"}, 400, "too early"),
        ("/v1/traces", b"{}", {"Content-Encoding": "br"}, 415, "gzip"),
        ("/v1/traces", gzip.compress(b" " * (MAX_BODY + 1)), {"Content-Encoding": "gzip"}, 413, "smaller batches"),
    ],
)
def test_refusals_say_what_to_do(receiver, path, content, headers, status, words):
    named = {"Content-Type": "application/json"} | headers
    answer = httpx.post(receiver.url + path, content=content, headers=named)
    assert answer.status_code == status
    assert words in answer.json()["message"]
    assert receiver.lines("traces") == []
    assert receiver.post("/v1/traces", traces(1)).status_code == 200


def test_what_is_too_large_or_no_http_harms_nobody(receiver):
    def raw(content: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", receiver.port), timeout=10) as connection:
            connection.sendall(content)
            return connection.recv(65536)

    head = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    assert b" 413 " in raw(head + f"Content-Length: {MAX_BODY + 1}\r\n\r\n".encode())
    assert b" 411 " in raw(head + b"\r\n")
    assert b" 400 " in raw(head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
    assert b" 413 " in raw(head + b"Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n")
    assert b" 400 " in raw(b"\x16\x03\x01 nonsense\r\n\r\n")
    assert receiver.post("/v1/traces", traces(1)).status_code == 200


def test_the_address_and_the_folder_are_taken_once(receiver, auditor, tmp_path):
    taken = auditor("pull", "otlp", "--into", tmp_path / "other", "--listen", f"127.0.0.1:{receiver.port}")
    assert (taken.returncode, "cannot listen on" in taken.stderr) == (2, True)
    same = auditor("pull", "otlp", "--into", receiver.folder, "--listen", "127.0.0.1:0")
    assert (same.returncode, "another `auditor pull`" in same.stderr) == (2, True)
    wrong = auditor("pull", "otlp", "--into", "x", "--listen", "4318")
    assert (wrong.returncode, "127.0.0.1:4318" in wrong.stderr) == (2, True)
