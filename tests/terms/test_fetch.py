"""Fetching from a real server: what is asked, what is refused, and that a failure is said in words and never is a text."""

import asyncio
import gzip
import shutil
import ssl
import sys
import time
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from auditor.errors import AuditorError
from auditor.terms.addresses import is_public
from auditor.terms.fetch import Settings, fetch_all
from auditor.terms.html import decode, to_markdown
from auditor.terms.reading import MAX_BYTES, Reading, Wanted
from auditor.terms.sections import sections
from tests.terms.site import Answer, Site, make_certificate, resolving, serving
from tests.terms.texts import NOW, TERMS

BODY = TERMS.encode()
NEEDS_OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
HTML = {"Content-Type": "text/html"}


async def fetch(site: Site, path: str = "/", *, wanted: dict[str, str] | None = None, **settings: Any) -> Reading:
    item = Wanted("acme/terms", site.url(path), **(wanted or {}))
    defaults: dict[str, Any] = {"timeout": 5.0, "allow_private": True, "patience": 0.01}
    (reading,) = await fetch_all([item], NOW, Settings(**defaults | settings))
    return reading


async def test_a_text_is_read_and_the_client_says_who_it_is():
    async with serving(
        {"/": [Answer(BODY, headers={"ETag": '"1"', "Last-Modified": "Mon, 05 Jan 2026 00:00:00 GMT"})]}
    ) as site:
        reading = await fetch(site)
    assert (reading.text, reading.failure) == (TERMS, "")
    assert (reading.etag, reading.last_modified) == ('"1"', "Mon, 05 Jan 2026 00:00:00 GMT")
    assert reading.final_url == site.url("/")
    assert site.asked[0].headers["user-agent"].startswith("tos-auditor/")
    assert site.asked[0].headers["accept-encoding"] == "gzip, deflate"


async def test_a_text_that_is_known_is_asked_for_only_if_it_has_changed():
    async with serving({"/": [Answer(status=304)]}) as site:
        known = {"final_url": site.url("/"), "etag": '"1"', "last_modified": "yesterday", "text": TERMS}
        reading = await fetch(site, wanted=known)
        assert (reading.text, reading.etag, reading.failure) == (TERMS, '"1"', "")
        assert site.asked[0].headers["if-none-match"] == '"1"'
        assert site.asked[0].headers["if-modified-since"] == "yesterday"
        other = await fetch(site, wanted=known | {"final_url": site.url("/elsewhere")})
        assert "if-none-match" not in site.asked[1].headers
        assert "304" in (await fetch(site)).failure
    assert other.text == TERMS


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_it_tries_again_and_gives_up_in_words(status):
    async with serving({"/": [Answer(status=status), Answer(status=status), Answer(BODY)]}) as site:
        assert (await fetch(site)).text == TERMS
    async with serving({"/": [Answer(status=status)]}) as site:
        reading = await fetch(site)
    assert reading.failure == f"{site.url('/')} answers {status} (5 tries); try again later"
    assert len(site.asked) == 5


@pytest.mark.parametrize("as_date", [False, True])
async def test_it_waits_as_long_as_the_server_asks(as_date):
    after = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if as_date else "1"
    async with serving({"/": [Answer(status=429, headers={"Retry-After": after}), Answer(BODY)]}) as site:
        start = time.monotonic()
        assert (await fetch(site)).text == TERMS
    assert time.monotonic() - start > (0.5 if as_date else 1.0)


async def test_it_does_not_wait_beyond_its_time():
    async with serving({"/": [Answer(status=429, headers={"Retry-After": "3600"}), Answer(BODY)]}) as site:
        start = time.monotonic()
        reading = await fetch(site)
    assert time.monotonic() - start < 2
    assert "answers 429" in reading.failure
    assert len(site.asked) == 1


@pytest.mark.parametrize("answer", [Answer(BODY, delay=9), Answer(b"a", headers={"Content-Length": "10"})])
async def test_the_time_for_a_document_ends(answer):
    async with serving({"/": [answer]}) as site:
        start = time.monotonic()
        reading = await fetch(site, timeout=0.6)
    assert time.monotonic() - start < 3
    assert not reading.text
    assert reading.failure


async def test_a_server_that_is_not_there_is_a_failure():
    async with serving({}) as site:
        pass
    assert "cannot be reached" in (await fetch(site)).failure
    async with serving({"/": [Answer(hang_up=True)]}) as site:
        assert "cannot be reached" in (await fetch(site)).failure
        assert len(site.asked) == 5


@pytest.mark.parametrize("status", [403, 404, 410, 451])
async def test_a_refusal_is_not_tried_again(status):
    async with serving({"/": [Answer(b"<p>Verify you are human</p>", status, HTML)]}) as site:
        reading = await fetch(site)
    assert f"answers {status}" in reading.failure
    assert len(site.asked) == 1


@pytest.mark.parametrize("kind", ["application/pdf", "application/json", "image/png", ""])
async def test_only_text_is_read(kind):
    async with serving({"/": [Answer(b"%PDF", headers={"Content-Type": kind})]}) as site:
        assert "only HTML, text and Markdown are read" in (await fetch(site)).failure


async def test_it_stops_when_a_text_is_too_large():
    async with serving({"/": [Answer(more=b"x" * 100_000)]}) as site:
        assert f"larger than {MAX_BYTES // 1_000_000} MB" in (await fetch(site, timeout=30)).failure


async def test_it_stops_when_a_text_grows_too_large_as_it_is_unpacked():
    packed = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packed.compress(b"\0" * 100_000_000) + packed.flush()
    assert len(bomb) < 200_000
    async with serving({"/": [Answer(bomb, headers={"Content-Encoding": "gzip"})]}) as site:
        assert "larger than" in (await fetch(site, timeout=30)).failure


async def test_packed_texts():
    routes = {
        "/gzip": [Answer(gzip.compress(BODY), headers={"Content-Encoding": "gzip"})],
        "/twice": [Answer(gzip.compress(gzip.compress(BODY)), headers={"Content-Encoding": "gzip, gzip"})],
        "/br": [Answer(BODY, headers={"Content-Encoding": "br"})],
        "/broken": [Answer(b"not gzip", headers={"Content-Encoding": "gzip"})],
    }
    async with serving(routes) as site:
        assert (await fetch(site, "/gzip")).text == TERMS
        assert "packed as gzip, gzip" in (await fetch(site, "/twice")).failure
        assert "packed as br" in (await fetch(site, "/br")).failure
        assert (await fetch(site, "/broken")).failure


async def test_redirects_are_followed_five_times():
    routes = {f"/{i}": [Answer(status=302, headers={"Location": f"/{i + 1}"})] for i in range(6)} | {
        "/6": [Answer(BODY)]
    }
    async with serving(routes) as site:
        reading = await fetch(site, "/1")
        assert (reading.text, reading.final_url) == (TERMS, site.url("/6"))
        assert "more than 5 times" in (await fetch(site, "/0")).failure


@pytest.mark.parametrize(
    ("location", "failure"),
    [
        ("ftp://terms.example/", "is not https"),
        ("file:///etc/passwd", "is not https"),
        ("http://user:secret@terms.example/", "user name"),
        ("http://[", "http://"),
    ],
)
async def test_a_redirect_leads_to_nothing_else(location, failure):
    async with serving({"/": [Answer(status=302, headers={"Location": location})]}) as site:
        reading = await fetch(site)
    assert failure in reading.failure
    assert not reading.text


async def test_http_and_private_addresses_need_leave():
    async with serving({"/": [Answer(BODY)]}) as site:
        assert "is not https" in (await fetch(site, allow_private=False)).failure
        item = Wanted("acme/terms", site.url("/", "terms.example", "https"))
        for addresses in (["127.0.0.1"], ["203.0.113.9"], ["93.184.215.14", "10.0.0.1"], ["::ffff:169.254.169.254"]):
            (reading,) = await fetch_all([item], NOW, Settings(timeout=2, resolve=resolving(*addresses)))
            assert "which is not public; --allow-private allows it" in reading.failure
    assert not site.asked


@NEEDS_OPENSSL
async def test_a_redirect_to_a_private_address_is_refused_too(tmp_path):
    """As if 127.0.0.1 were public: the first host is there, and sends us to one within the network."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1" if host == "terms.example" else "169.254.169.254"]

    certificate = make_certificate(tmp_path, "DNS:terms.example")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    routes = {
        "/": [Answer(BODY)],
        "/https": [Answer(status=302, headers={"Location": "https://metadata.example/latest"})],
        "/http": [Answer(status=302, headers={"Location": "http://terms.example/"})],
    }
    async with serving(routes, certificate) as site:
        wanted = [Wanted("acme/terms", site.url(path, "terms.example", "https")) for path in routes]
        settings = Settings(timeout=3, resolve=resolve, verify=trusting, is_public=lambda ip: ip == "127.0.0.1")
        good, private, http = await fetch_all(wanted, NOW, settings)
    assert good.text == TERMS
    assert "metadata.example has the address 169.254.169.254, which is not public" in private.failure
    assert "http://terms.example/ is not https" in http.failure


async def test_it_connects_to_the_address_that_was_checked_and_keeps_the_name():
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with serving({"/": [Answer(BODY)]}) as site:
        item = Wanted("acme/terms", site.url("/", "terms.example"))
        (reading,) = await fetch_all([item], NOW, Settings(timeout=2, allow_private=True, resolve=resolve))
    assert reading.text == TERMS
    assert asked == ["terms.example"]  # once: nothing is resolved again between the check and the connection
    assert site.asked[0].headers["host"] == f"terms.example:{site.port}"


async def test_a_second_address_is_used_if_the_first_does_not_answer():
    async with serving({"/": [Answer(BODY)]}) as site:
        reading = await fetch(site, resolve=resolving("127.0.0.99", "127.0.0.1"))
    assert reading.text == TERMS


@NEEDS_OPENSSL
async def test_tls_is_checked_against_the_name_and_not_the_address(tmp_path):
    certificate = make_certificate(tmp_path, "DNS:terms.example")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    settings = Settings(timeout=3, allow_private=True, resolve=resolving("127.0.0.1"), verify=trusting, patience=0.01)
    async with serving({"/": [Answer(BODY)]}, certificate) as site:
        urls = [site.url("/", host, "https") for host in ("terms.example", "other.example")]
        good, bad = await fetch_all([Wanted("acme/terms", url) for url in urls], NOW, settings)
    assert good.text == TERMS
    assert "certificate" in bad.failure
    assert site.server_names[0] == "terms.example"


async def test_few_at_once_and_in_the_order_asked_for():
    routes = {f"/{i}": [Answer(f"text {i}".encode(), delay=0.05 * (5 - i % 5))] for i in range(10)}
    async with serving(routes) as site:
        wanted = [Wanted(f"acme/{i}", site.url(f"/{i}")) for i in range(10)]
        readings = await fetch_all(wanted, NOW, Settings(allow_private=True))
    assert [reading.text for reading in readings] == [f"text {i}" for i in range(10)]
    assert 1 < site.most_at_once <= 4


async def test_one_failure_leaves_the_others_alone():
    async with serving({"/a": [Answer(BODY)]}) as site:
        wanted = [Wanted(f"acme/{name}", site.url(f"/{name}")) for name in ("b", "a")]
        failed, read = await asyncio.wait_for(fetch_all(wanted, NOW, Settings(allow_private=True)), 5)
    assert (bool(failed.failure), read.text) == (True, TERMS)


PAGE = """<!doctype html><html><head><title>T</title><style>p{}</style><script>evil()</script></head><body>
<header>Menu</header><nav><a href="/x">Home</a></nav><main><h1>Terms</h1><h2>1. Use</h2>
<p>1.1 You may <a href="/y?utm_source=z">use</a> it.</p><ol><li>One thing<ol><li>Inner</li></ol></li><li>Other thing</li></ol>
<form>Subscribe</form></main><footer>© 2026</footer></body></html>"""


async def test_a_page_becomes_markdown_without_its_menus():
    async with serving({"/": [Answer(PAGE.encode(), headers=HTML)]}) as site:
        text = (await fetch(site)).text
    assert [section.label for section in sections(text)] == ["preamble", "1", "1.1", "1.1.1", "1.1.1.1", "1.1.2"]
    for gone in ("evil", "Menu", "Home", "©", "Subscribe", "p{}"):
        assert gone not in text


@pytest.mark.parametrize("page", ["<div>" * 50_000, "<ul><li>" * 20_000 + "x", "\x00<p>x"])
def test_a_page_nested_too_deep_is_a_fault_and_not_a_crash(page):
    try:
        assert isinstance(to_markdown(page), str)
    except AuditorError as error:
        assert "nested too deep" in str(error)


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "markdownify", None)  # as Python marks a module that cannot be imported
    with pytest.raises(AuditorError, match=r"pip install 'tos-auditor\[terms\]'"):
        to_markdown("<p>Terms")


async def test_a_page_that_takes_for_ever_is_given_up():
    async with serving({"/": [Answer(b"<a" * 1_000_000, headers=HTML)]}) as site:
        start = time.monotonic()
        reading = await fetch(site, timeout=2)
    assert "gave no answer within 2 s" in reading.failure
    assert time.monotonic() - start < 4


@pytest.mark.parametrize(
    ("content", "charset", "text"),
    [
        ("ü".encode(), None, "ü"),
        ("ü".encode("latin-1"), "latin-1", "ü"),
        (b'<meta charset="latin-1">\xfc', None, '<meta charset="latin-1">ü'),
        (b"\xef\xbb\xbfa", "latin-1", "a"),
        (b"\xff\xfe", None, "\ufffd\ufffd"),
        (b"a", "no-such-charset", "a"),
        (b"a", "hex", "a"),
    ],
)
def test_charsets(content, charset, text):
    assert decode(content, charset, is_html=True) == text


PRIVATE = """
127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 198.18.0.1 192.0.2.1
240.0.0.1 :: ::1 fe80::1 fe80::1%eth0 fc00::1 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1::
2001:db8::1 localhost 2130706433 0x7f.1 ::127.0.0.1
"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_that_are(address):
    assert is_public(address)
