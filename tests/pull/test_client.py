"""How the client asks, waits, gives up and explains; and that a credential goes nowhere but where it belongs."""

import asyncio
import gzip
import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from auditor.errors import AuditorError, IncompleteRunError
from auditor.pull.client import Asked, Client, Settings, check_base_url
from auditor.pull.endpoint import Credential
from auditor.pull.limits import asked_wait, used_up
from auditor.pull.secrets import Secrets, find_secrets, lookup
from tests.pull import server
from tests.pull.conftest import FAST, KEYS
from tests.pull.server import Asked as Request
from tests.pull.server import Reply, Site, serving

NOW = datetime(2026, 9, 1, 12, 0, 0, tzinfo=UTC)
KEY = Credential(("KEY",))
SECRET = "sk-CANARY-abcdefgh"  # noqa: S105


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "Tue, 01 Sep 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Tue, 01 Sep 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"x-ratelimit-reset-requests": "6m0s", "x-ratelimit-reset-tokens": "20ms"}, 360.0),
        (
            {
                "x-ratelimit-reset-requests": "1h",
                "x-ratelimit-reset-tokens": "1m30s",
                "x-ratelimit-remaining-tokens": "0",
            },
            90.0,
        ),
        ({"x-ratelimit-reset": "1788264030"}, 30.0),
        ({"x-ratelimit-reset": "1788264030000"}, 30.0),
        ({"ratelimit-reset": "12"}, 12.0),
        ({"anthropic-ratelimit-requests-reset": "2026-09-01T12:00:05Z"}, 5.0),
        ({"anthropic-ratelimit-requests-reset": "whenever"}, None),
        ({}, None),
    ],
)
def test_what_servers_say_about_waiting(headers, wait):
    assert asked_wait(httpx.Headers(headers), NOW) == wait


def test_used_up():
    assert used_up({"x-ratelimit-remaining-requests": "0"})
    assert not used_up({"x-ratelimit-remaining-requests": "10", "content-length": "0"})


def ask(site: Site, settings: Settings = FAST, path: str = "/x", secret: str = SECRET) -> object:
    async def run() -> object:
        async with Client(Secrets({"KEY": secret}), settings) as client:
            asked = Asked(f"{site.url}{path}", credential=KEY, permission="read")
            return (await client.ask(asked)).value

    return asyncio.run(run())


def replies(*found: Reply) -> Site:
    """A site that gives these answers one after another, and then the last one again and again."""
    left = list(found)
    return Site(lambda _: left.pop(0) if len(left) > 1 else left[0])


def test_it_waits_as_long_as_it_is_told():
    with serving(replies(Reply(status=429, headers={"Retry-After": "1"}), Reply({"ok": 1}))) as site:
        start = time.monotonic()
        assert ask(site) == {"ok": 1}
        assert 1.0 <= time.monotonic() - start < 3


def test_a_wait_that_is_too_long_is_given_up_at_once():
    with serving(replies(Reply(status=429, headers={"Retry-After": "7200"}))) as site:
        with pytest.raises(IncompleteRunError, match="asks to wait for 7200 s"):
            ask(site)
        assert len(site.asked) == 1


def test_when_nothing_is_left_the_next_request_waits():
    used = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "600ms"}

    async def run(site: Site) -> float:
        async with Client(Secrets({"KEY": SECRET}), FAST) as client:
            asked = Asked(site.url, credential=KEY)
            await client.ask(asked)
            start = time.monotonic()
            await client.ask(asked)
            return time.monotonic() - start

    with serving(replies(Reply({}, headers=used), Reply({}))) as site:
        assert 0.5 < asyncio.run(run(site)) < 3


@pytest.mark.parametrize("trouble", ["500", "429", "drop", "truncate", "invalid"])
def test_what_may_pass_is_tried_again_and_given_up_in_the_end(trouble):
    with serving(Site(lambda _: Reply({"data": list(range(100))}), trouble=1.0, kinds=(trouble,))) as site:
        with pytest.raises(IncompleteRunError, match="given up after 3 tries") as caught:
            ask(site, replace(FAST, tries=3))
        assert f"{site.url}/x" in str(caught.value)
        assert len(site.asked) == 3


@pytest.mark.parametrize("content", [b"", b"NaN", b'{"a": Infinity}', b"\xff", b"[" * 100_000, b'{"a": 1} {"b": 2}'])
def test_what_is_no_json_is_no_page(content):
    with serving(replies(Reply(content=content))) as site, pytest.raises(IncompleteRunError, match="is no JSON"):
        ask(site, replace(FAST, tries=2))


def test_a_request_that_hangs_is_given_up():
    with serving(Site(lambda _: Reply({}), delay=1.0)) as site, pytest.raises(IncompleteRunError, match="ReadTimeout"):
        ask(site, replace(FAST, timeout=0.1, tries=2))


def test_pages_are_bounded_after_decompression():
    bomb = gzip.compress(b'"' + b" " * (3 << 20) + b'"')
    with serving(replies(Reply(content=bomb, headers={"Content-Encoding": "gzip"}))) as site:
        assert ask(site) == " " * (3 << 20)
        with pytest.raises(AuditorError, match="larger than 1 MiB"):
            ask(site, replace(FAST, max_bytes=1 << 20))


def test_a_redirect_is_not_followed():
    with serving(Site(lambda _: Reply({"stolen": 1}))) as other:
        moved = replies(Reply(status=307, headers={"Location": f"{other.url}/x"}))
        with serving(moved) as site, pytest.raises(AuditorError, match="redirects elsewhere"):
            ask(site)
        assert other.asked == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "M"}}, "M"),
        ({"error": "E"}, "E"),
        ({"message": "L"}, "L"),
        ({"detail": "D"}, "D"),
        ({"errors": [{"code": 1, "message": "C"}]}, "C"),
        ({"error": {"error": "O"}}, "O"),
    ],
)
def test_the_providers_words_are_found(body, words):
    with serving(replies(Reply(body, 400))) as site, pytest.raises(AuditorError, match=f"answers 400: {words}$"):
        ask(site)


def test_html_of_an_error_page_is_not_shown():
    with serving(replies(Reply(status=404, content=b"<html><script>"))) as site, pytest.raises(AuditorError) as caught:
        ask(site)
    assert "script" not in str(caught.value)


def test_only_https_or_this_machine_is_asked():
    assert check_base_url("https://api.acme.example/v1/", allow_http=False) == "https://api.acme.example/v1"
    assert check_base_url("http://127.0.0.1:4000", allow_http=False) == "http://127.0.0.1:4000"
    assert check_base_url("http://litellm:4000", allow_http=True) == "http://litellm:4000"
    for bad in (
        "http://api.acme.example",
        "https://user:word@acme.example",
        "ftp://x",
        "acme",
        "https://a?b=c",
        "http://[",
    ):
        with pytest.raises(AuditorError):
            check_base_url(bad, allow_http=False)


# ------------------------------------------------------------------------------------------------------ secrets


def test_a_page_that_holds_the_credential_is_not_kept(take):
    def echo(asked: Request) -> Reply:
        return Reply({"object": "list", "data": [{"id": asked.headers["authorization"]}], "has_more": False})

    with serving(Site(echo)) as site, pytest.raises(AuditorError, match="holds your credential"):
        take(site, "openai", "projects")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 500, 302])
def test_no_secret_in_errors_whatever_the_server_says(take, tmp_path, status):
    def echo(asked: Request) -> Reply:
        headers = {"x-request-id": asked.headers["authorization"], "Location": f"/{asked.headers['authorization']}"}
        return Reply({"error": {"message": f"bad {asked.headers['authorization']}"}}, status, headers)

    with serving(Site(echo)) as site, pytest.raises(AuditorError) as caught:
        take(site, "openai", "projects", settings=replace(FAST, tries=2))
    assert "CANARY" not in str(caught.value) + repr(caught.value)
    assert caught.value.__cause__ is None
    assert b"CANARY" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_no_secret_in_any_file(take, tmp_path):
    route = server.openai()

    def echo(asked: Request) -> Reply | None:
        reply = route(asked)
        if reply:
            reply.headers |= {
                "x-request-id": asked.headers["authorization"],
                "openai-organization": asked.headers["authorization"],
            }
        return reply

    with serving(Site(echo)) as site:
        take(site, "openai", "usage-completions", "projects", "retention")
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(found) > 20
    assert [path for path in found if b"CANARY" in path.read_bytes()] == []


def test_secrets_do_not_show():
    secrets = Secrets({"A": "pk-lf-CANARY", "B": "sk/lf+CANARY"})
    name, value = secrets.header(Credential(("A", "B"), scheme="basic"))
    assert "CANARY" not in repr(secrets)
    for text in ("sk/lf+CANARY", "sk%2Flf%2BCANARY", value, json.dumps({"k": "pk-lf-CANARY"})):
        assert "CANARY" not in secrets.hide(f"so {text} there")
        assert value.removeprefix("Basic ") not in secrets.hide(text)
    assert name == "Authorization"
    assert secrets.hide("nothing here") == "nothing here"


@pytest.mark.parametrize("value", ["sk-a\nb-CANARY", "sk-é-CANARY", "sk-\x00-CANARY"])
def test_what_cannot_be_a_credential_is_refused_without_showing_it(value):
    with pytest.raises(AuditorError, match="what is in KEY is no credential") as caught:
        find_secrets([KEY], {"KEY": value}.get)
    assert "CANARY" not in str(caught.value)


def test_credentials_come_from_the_environment():
    assert lookup({"KEY": " value \n"})("KEY") == "value"
    assert lookup({"KEY": ""})("KEY") is None
    assert {variable for variable in KEYS if "KEY" in variable} > {"OPENAI_ADMIN_KEY"}


def test_credentials_come_from_the_keyring_if_there_is_one(tmp_path, monkeypatch):
    package = tmp_path / "keyring"
    package.mkdir()
    (package / "__init__.py").write_text("def get_password(service, name):\n    return {'KEY': service}.get(name)\n")
    (package / "errors.py").write_text("class KeyringError(Exception):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    monkeypatch.delitem(sys.modules, "keyring.errors", raising=False)
    assert lookup({})("KEY") == "auditor"
    assert lookup({"KEY": "mine"})("KEY") == "mine"
    assert lookup({})("OTHER") is None


def test_a_signed_address_gets_no_credential_and_is_not_shown(take, tmp_path):
    route = server.portkey()

    def refusing(asked: Request) -> Reply | None:
        if asked.path == "/signed":
            assert "x-portkey-api-key" not in asked.headers
            return Reply({"message": "expired"}, 403)
        return route(asked)

    with serving(Site(refusing)) as site, pytest.raises(AuditorError, match="answers 403: expired") as caught:
        take(site, "portkey")
    assert "day=" not in str(caught.value)
