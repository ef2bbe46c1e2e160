"""Addresses as inputs: S3 against a real server that speaks it, https against a real server with TLS, both on 127.0.0.1.

Of `gs://` and `az://` only is tested that they are told apart, and what is said if their packages are missing; what is
done with their objects is done alike for every file system of fsspec, and is tested with one that lies in memory.
"""

import asyncio
import gzip
import hashlib
import json
import shutil
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from auditor.errors import AuditorError
from auditor.sources import Input, ingest
from auditor.sources.download import Limits, shown
from auditor.sources.inputs import Remote
from auditor.sources.remote import Remotes
from auditor.sources.stores import KINDS, Kind
from tests.terms.site import Answer, make_certificate, serving

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

NEEDS_OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
MEMORY = {
    "mem": Kind(
        "memory",
        "fsspec.implementations.dirfs:DirFileSystem",
        options={"path": "/shelves", "fs": fsspec.filesystem("memory")},
    )
}


def records(*names: str) -> bytes:
    return b"".join(
        json.dumps({"timestamp": "2025-01-01T00:00:00Z", "record.id": name}).encode() + b"\n" for name in names
    )


@pytest.fixture(scope="module")
def server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def credentials(monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


class Bucket:
    def __init__(self, endpoint: str) -> None:
        self.client = boto3.client("s3", endpoint_url=endpoint)
        self.name = f"bucket-{time.monotonic_ns()}"
        self.client.create_bucket(Bucket=self.name)

    def put_all(self, objects: dict[str, bytes]) -> None:
        for key, body in objects.items():
            self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def __call__(self, key: str = "") -> str:
        return f"s3://{self.name}/{key}"


@pytest.fixture
def bucket(server, credentials, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    return Bucket(server)


def ids(found) -> list[str]:
    return sorted(found.column("record.id"))


def faults(error) -> dict[str, str]:
    return {fault.location.file: f"{fault.message} ({fault.hint})" for fault in error.value.faults}


# S3


def test_objects_are_read_as_local_files_are(read, write, bucket, tmp_path):
    plain = records("a", "b") + b'{"record.id": 1\n'
    contents = {
        "logs/plain.jsonl": plain,
        "logs/2025/packed.jsonl.gz": gzip.compress(records("c")),
        "logs/2025/packed.jsonl.zst": zstd.compress(records("d")),
        "logs/table.csv": b"timestamp,record.id\n2025-01-01T00:00:00Z,e\n",
        "logs/empty.jsonl": b"",
    }
    bucket.put_all(contents)
    for name, body in contents.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    far = read(bucket("logs/"))
    near = read(*sorted(str(tmp_path / name) for name in contents))
    assert ids(far) == ["a", "b", "c", "d", "e"]
    assert far.rejects == near.rejects and len(far.rejects) == 1
    assert far.records == near.records
    assert [item.uri for item in far.result.inputs] == [bucket(name) for name in sorted(contents)]
    assert [replace(item, uri="") for item in far.result.inputs] == [
        replace(item, uri="") for item in near.result.inputs
    ]
    for item in far.result.inputs:
        body = contents[item.uri.removeprefix(bucket())]
        assert (item.sha256, item.bytes) == (hashlib.sha256(body).hexdigest(), len(body))


def test_a_key_a_prefix_a_bucket_and_globs(read, bucket):
    names = ("a.jsonl", "logs/b.jsonl", "logs/deep/c.jsonl", "logs2/d.jsonl", "logs/[1] x.jsonl", "odd/ü+%20?.jsonl")
    bucket.put_all({name: records(name) for name in names})
    assert ids(read(bucket("logs/b.jsonl"))) == ["logs/b.jsonl"]
    assert ids(read(bucket("logs/"))) == ["logs/[1] x.jsonl", "logs/b.jsonl", "logs/deep/c.jsonl"]
    assert ids(read(bucket())) == ids(read(bucket()[:-1])) == sorted(names)
    assert ids(read(bucket("logs/*.jsonl"))) == ["logs/[1] x.jsonl", "logs/b.jsonl"]
    assert ids(read(bucket("**/*.jsonl"))) == sorted(names)
    assert ids(read(bucket("log*/"))) == ["logs/[1] x.jsonl", "logs/b.jsonl", "logs/deep/c.jsonl", "logs2/d.jsonl"]
    assert ids(read(bucket("logs/[1] x.jsonl"))) == ["logs/[1] x.jsonl"]
    assert ids(read(bucket("odd/ü+%20?.jsonl"))) == ["odd/ü+%20?.jsonl"]
    assert ids(read(bucket("a.jsonl").replace("s3", "S3", 1))) == ["a.jsonl"]


def test_addresses_and_files_keep_their_order_and_their_options(read, write, bucket):
    bucket.put_all({"x.jsonl": records("x"), "y.jsonl": records("y")})
    here = write(records("here"), end=b"")
    found = read(bucket("y.jsonl"), here, Input(bucket("x.jsonl"), format="flat"), bucket("*"))
    assert [item.uri for item in found.result.inputs] == [bucket("y.jsonl"), here.as_posix(), bucket("x.jsonl")]
    assert found.result.passed_over == ((bucket("x.jsonl"), "named twice"), (bucket("y.jsonl"), "named twice"))
    with pytest.raises(AuditorError, match="is not of the format csv") as error:
        read(Input(bucket("x.jsonl"), format="csv"))
    assert faults(error).keys() == {bucket("x.jsonl")}


def test_what_is_hidden_and_what_was_pulled(read, bucket):
    bucket.put_all(
        {
            "logs/a.jsonl": records("a"), "logs/.b.jsonl": records("b"), "logs/.git/c.jsonl": records("c"), "logs/d/": b"",
            "logs/pull/pull.json": b"{}", "logs/pull/acquisition.json": b"{}", "logs/pull/pages/1.json": b"{}",
            "logs/pull/records/r.jsonl": records("r"),
            "logs/half/pull.json": b"{}", "logs/half/records/h.jsonl": records("h"), "hid/.x": b"",
        }
    )  # fmt: skip
    found = read(bucket("logs/"))
    assert ids(found) == ["a", "r"]
    assert dict(found.result.passed_over) == {
        bucket("logs/.b.jsonl"): "hidden",
        bucket("logs/.git/"): "hidden",
        bucket("logs/pull/"): "pages as received; the tables made of them are read",
        bucket("logs/half/"): "a pull that is not finished; run `auditor pull` again",
    }
    with pytest.raises(AuditorError, match="a pull that is not finished"):
        read(bucket("logs/half/"))
    with pytest.raises(AuditorError, match="hidden"):
        read(bucket("hid/"))
    assert ids(read(bucket("logs/.b.jsonl"))) == ["b"]


def test_all_faults_at_once_and_nothing_is_downloaded(read, bucket, tmp_path, db):
    bucket.put_all({"logs/a.jsonl": records("a")})
    with pytest.raises(AuditorError) as error:
        read(
            bucket("none.jsonl"), bucket("none/"), bucket("n*.jsonl"), bucket("logs"), bucket("logs/"),
            "s3://no-such-bucket-here/x", "s3://no-such-bucket-here/x/", "s3://b*/x", "s3:///x",
            bucket("a?versionId=1"), tmp_path / "none.jsonl", "http://127.0.0.1/x?token=secret", "ftp://u:secret@host/x",
        )  # fmt: skip
    said = faults(error)
    assert "secret" not in str(error.value) and "test" not in {*said}
    expected = {
        bucket("none.jsonl"): "there is no such object",
        bucket("none/"): "nothing below this prefix",
        bucket("n*.jsonl"): "nothing matches",
        bucket("logs"): "write a `/` at the end",
        "s3://no-such-bucket-here/x": "no such bucket",
        "s3://no-such-bucket-here/x/": "no such bucket",
        "s3://b*/x": "names no single bucket",
        "s3:///x": "names no single bucket",
        bucket("a?versionId=1"): "versions of an object",
        str(tmp_path / "none.jsonl"): "no such file",
        "http://127.0.0.1/x": "not encrypted",
        "ftp://host/x": "s3://, gs://, az://, https://",
    }
    assert said.keys() == expected.keys()
    for name, words in expected.items():
        assert words in said[name], name
    assert not list(db.folder.glob("remote-*"))


def test_denied_access(read, bucket):
    bucket.put_all({"open.jsonl": records("a"), "shut.jsonl": records("b")})
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket.name}/shut*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    bucket.client.put_bucket_policy(Bucket=bucket.name, Policy=policy)
    with pytest.raises(AuditorError, match="access was denied") as error:
        read(bucket(""))
    assert faults(error).keys() == {bucket("shut.jsonl")}
    assert ids(read(bucket("open.jsonl"))) == ["a"]


def test_no_credentials_and_no_server(read, bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(AuditorError, match="cannot be read: Could not connect") as error:
        read(bucket("a.jsonl"))
    assert faults(error).keys() == {bucket("a.jsonl")}
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AuditorError, match="credentials"):
        read(bucket("a.jsonl"))


async def of(db, *named: str, limits: Limits | None = None, told=None, kinds=KINDS):
    """Find and download, with limits."""
    remotes = Remotes(db.folder, told, limits, kinds)
    files, passed_over, missing = await remotes.find([Input(name) for name in named])
    here, missing = await remotes.fetch(files, missing)
    return here, passed_over, [str(fault) for fault in missing]


async def test_large_objects_come_in_pieces_and_progress_is_told(db, bucket):
    body = records(*(f"{n:07}" for n in range(4000)))
    bucket.put_all({"large.jsonl": body, "small.jsonl": body[:100]})
    told: list[tuple[str, int, int]] = []
    limits = Limits(chunk=64 << 10, concurrency=2)
    here, _, missing = await of(db, bucket(), limits=limits, told=lambda *seen: told.append(seen))
    assert not missing
    assert [Path(item.path).read_bytes() for item in here] == [body, body[:100]]
    assert [done for uri, done, _ in told if uri == bucket("large.jsonl")] == [
        min(limits.chunk * n, len(body)) for n in range(1, -(-len(body) // limits.chunk) + 1)
    ]
    assert {total for uri, _, total in told if uri == bucket("large.jsonl")} == {len(body)}


async def test_bounds(db, bucket):
    bucket.put_all({"large.jsonl": bytes(101), "small.jsonl": bytes(100)})
    here, _, missing = await of(db, bucket("large.jsonl"), bucket("small.jsonl"), limits=Limits(max_bytes=100))
    assert not here and len(missing) == 1 and "large.jsonl: holds more than 100 bytes" in missing[0]
    assert len((await of(db, bucket("small.jsonl"), limits=Limits(max_bytes=100)))[0]) == 1
    remotes = Remotes(db.folder)
    here_, missing_ = await remotes.fetch([Remote("x", size=1 << 60, uri="s3://b/k", address="s3://b/k")], [])
    assert not here_ and f"hold {1 << 60} bytes" in str(missing_[0])


async def test_an_object_that_changes_while_it_is_read(db, bucket):
    bucket.put_all({"a.jsonl": b"a" * 3000})

    def change(uri: str, done: int, total: int) -> None:
        bucket.put_all({"a.jsonl": b"b" * 3000})

    here, _, missing = await of(db, bucket("a.jsonl"), limits=Limits(chunk=1000), told=change)
    assert not here and len(missing) == 1 and "was changed while it was downloaded" in missing[0]


async def test_an_object_that_is_cut_short_or_that_breaks_off(db, credentials, monkeypatch):
    head = Answer(headers={"Content-Length": "100", "ETag": '"1"'})
    short = Answer(bytes(50), 206, {"Content-Range": "bytes 0-99/100"})
    torn = Answer(bytes(50), 206, {"Content-Range": "bytes 0-99/100", "Content-Length": "100"})
    async with serving({"/b/short": [head, head, short], "/b/torn": [head, head, torn]}) as site:
        monkeypatch.setenv("AWS_ENDPOINT_URL", site.url(""))
        here, _, missing = await of(db, "s3://b/short", "s3://b/torn")
    assert not here and len(missing) == 2
    assert "s3://b/short: broke off: after 0 of 100 bytes came 50, not 100" in missing[0]
    assert "s3://b/torn: cannot be read" in missing[1]


@NEEDS_OPENSSL
async def test_a_store_whose_certificate_is_not_trusted(db, credentials, monkeypatch, tmp_path):
    certificate = make_certificate(tmp_path, "IP:127.0.0.1")
    async with serving({}, certificate) as site:
        monkeypatch.setenv("AWS_ENDPOINT_URL", site.url("", scheme="https"))
        with pytest.raises(AuditorError, match="s3://b/k: its TLS certificate is not trusted: self-signed") as error:
            await ingest(db, [Input("s3://b/k")], text=())
    assert len(error.value.faults) == 1 and not site.asked


async def test_what_is_broken_off_ends_its_threads(db, bucket):
    bucket.put_all({"a.jsonl": bytes(1000)})
    begun = threading.Event()

    def slow(uri: str, done: int, total: int) -> None:
        begun.set()
        time.sleep(0.02)

    download = asyncio.create_task(of(db, bucket("a.jsonl"), limits=Limits(chunk=1), told=slow))
    await asyncio.to_thread(begun.wait, 10)
    download.cancel()
    with pytest.raises(asyncio.CancelledError):
        await download
    assert (db.folder / "remote-000001.raw").stat().st_size < 1000


# https


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    both = make_certificate(tmp_path, "IP:127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    return both


QUICK = Limits(patience=0.01, tries=3)


@NEEDS_OPENSSL
async def test_https_with_a_signature_that_is_not_shown(db, certificate):
    body = gzip.compress(records("a"))
    async with serving({"/logs/a.gz": [Answer(body)], "/b": [Answer(records("b"))]}, certificate) as site:
        base = site.url("/logs/a.gz", scheme="https")
        signed = base.replace("//", "//me:hush@") + "?X-Amz-Signature=hush#hush"
        away = site.url("/b", scheme="https")
        names = [Input(signed), Input(away), Input(signed + "2"), Input(base + "?X-Amz-Signature=other")]
        found = await ingest(db, names, text=())
    assert [item.uri for item in found.inputs] == [base, away, f"{base}#2", f"{base}#3"]
    assert (found.inputs[0].sha256, found.inputs[0].bytes) == (hashlib.sha256(body).hexdigest(), len(body))
    signed_one = next(asked for asked in site.asked if "hush" in asked.path)
    assert signed_one.path == "/logs/a.gz?X-Amz-Signature=hush" and signed_one.headers["authorization"].startswith(
        "Basic"
    )
    assert "hush" not in repr(found) and "hush" not in repr(Remote(uri=base, address=signed))
    assert len({row[0] for row in db.execute('SELECT "record.id" FROM records')}) == 2


@NEEDS_OPENSSL
async def test_faults_of_https_are_told_together(db, certificate):
    page = Answer(b"<html>", headers={"Content-Type": "text/html; charset=utf-8"})
    routes = {
        "/denied": [Answer(status=403)], "/page": [page], "/busy": [Answer(status=503)],
        "/loop": [Answer(status=302, headers={"Location": "/loop"})],
        "/plain": [Answer(status=302, headers={"Location": "http://127.0.0.1/x"})],
        "/br": [Answer(b"x", headers={"Content-Encoding": "br"})],
        "/large": [Answer(b"x", headers={"Content-Length": "9" * 20})],
        "/fine": [Answer(records("a"))],
    }  # fmt: skip
    async with serving(routes, certificate) as site:
        names = {name: site.url(f"/{name}?key=secret", scheme="https") for name in (*(n[1:] for n in routes), "none")}
        here, _, missing = await of(db, *names.values(), "https://127.0.0.1:notaport/x?key=secret", limits=QUICK)
        text = "\n".join(missing)
        assert not here and "secret" not in text
        for name, words in {
            "denied": "access was denied: the server answers 403 Forbidden", "none": "there is no such file",
            "page": "is a web page", "busy": "the server answers 503", "loop": "without end", "plain": "not encrypted",
            "br": "encoding br", "large": "holds more than",
        }.items():  # fmt: skip
            assert any(shown(names[name]) in line and words in line for line in missing), (name, text)
        assert len(missing) == len(routes) + 1
        assert sum(asked.path.startswith("/busy") for asked in site.asked) == QUICK.tries
        assert sum(asked.path.startswith("/fine") for asked in site.asked) == 1  # found, and not downloaded


@NEEDS_OPENSSL
async def test_https_that_is_cut_short_is_tried_again_and_never_taken_for_whole(db, certificate):
    body = records("a", "b")
    torn = Answer(body[:40], headers={"Content-Length": str(len(body))})
    chunk = Answer(b"28\r\n" + body[:40] + b"\r\n", headers={"Transfer-Encoding": "chunked"})
    async with serving({"/torn": [torn], "/twice": [torn, torn, Answer(body)], "/chunk": [chunk]}, certificate) as site:
        names = [site.url(path, scheme="https") for path in ("/torn", "/twice", "/chunk")]
        here, _, missing = await of(db, *names, limits=QUICK)
    assert [item.uri for item in here if isinstance(item, Remote)] == [names[1]]
    assert Path(here[0].path).read_bytes() == body
    assert len(missing) == 2 and all("broke off" in line for line in missing)


@NEEDS_OPENSSL
async def test_https_of_a_file_whose_end_cannot_be_told(db, certificate):
    async def answer(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + records("a"))
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        here, _, missing = await of(db, f"https://127.0.0.1:{port}/a", limits=QUICK)
    assert not here and "does not say how long the file is" in missing[0]


@NEEDS_OPENSSL
async def test_a_redirect_to_another_place_is_followed(db, certificate):
    async with serving({"/far": [Answer(records("a"))]}, certificate) as far:
        go = Answer(status=307, headers={"Location": far.url("/far?sig=hush", scheme="https")})
        async with serving({"/near": [go]}, certificate) as near:
            here, _, missing = await of(db, near.url("/near", scheme="https"), limits=QUICK)
    assert not missing and Path(here[0].path).read_bytes() == records("a")


@NEEDS_OPENSSL
async def test_https_whose_certificate_is_not_trusted(db, tmp_path):
    async with serving({"/x": [Answer(b"x")]}, make_certificate(tmp_path, "IP:127.0.0.1")) as site:
        address = site.url("/x", scheme="https")
        with pytest.raises(AuditorError, match="its TLS certificate is not trusted: self-signed certificate"):
            await ingest(db, [Input(address)], text=())
    assert not site.asked
    _, _, missing = await of(db, address, limits=QUICK)
    assert "cannot be reached" in missing[0]


def test_what_is_shown_of_an_address():
    assert shown("https://u:p@host:1/a%2Fb?sig=x#y") == "https://host:1/a%2Fb"
    assert shown("https://u:p/@host/x") == "https://u:p/@host/x"  # no user: the host is `u`


# every store alike


@pytest.mark.parametrize(
    ("scheme", "package", "extra"), [("s3", "s3fs", "s3"), ("gs", "gcsfs", "gcs"), ("az", "adlfs", "azure")]
)
def test_a_package_that_is_missing(read, write, monkeypatch, scheme, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(AuditorError) as error:
        read(f"{scheme}://b/x/", f"{scheme}://b/y", write(records("a")))
    said = faults(error)
    assert said.keys() == {f"{scheme}://b/x/", f"{scheme}://b/y"}
    assert all(package in text and f"pip install 'tos-auditor[{extra}]'" in text for text in said.values())


async def test_a_store_without_conditions_is_asked_again_whether_its_object_is_the_same(db):
    memory = fsspec.filesystem("memory")
    memory.pipe({"/shelves/one/logs/a": b"a" * 30, "/shelves/one/logs/b": b"b" * 30})

    def change(uri: str, done: int, total: int) -> None:
        if uri.endswith("a") and done == total:
            memory.pipe("/shelves/one/logs/a", b"a" * 31)

    here, _, missing = await of(db, "mem://one/logs/*", kinds=MEMORY)
    assert [Path(item.path).read_bytes() for item in here] == [b"a" * 30, b"b" * 30] and not missing
    here, _, missing = await of(db, "mem://one/logs/*", kinds=MEMORY, limits=Limits(chunk=10), told=change)
    assert [item.uri for item in here if isinstance(item, Remote)] == ["mem://one/logs/b"]
    assert len(missing) == 1 and "mem://one/logs/a: was changed" in missing[0]


def test_nothing_is_connected_to_or_imported_without_an_address(write):
    """Looks at the process from within: its own hook sees every connection."""
    script = """
import asyncio, sys
tried = []
sys.addaudithook(lambda event, seen: tried.append(seen) if event in ("socket.connect", "socket.getaddrinfo") else None)
from auditor.engine import Database
from auditor.sources import Input, ingest
with Database() as db:
    assert asyncio.run(ingest(db, [Input(sys.argv[1])], text=())).inputs[0].records == 1
assert not tried, tried
loaded = {"s3fs", "fsspec", "botocore", "aiohttp", "httpx"} & sys.modules.keys()
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", script, str(write(records("a"), end=b""))], check=True)
