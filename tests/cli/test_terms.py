"""`auditor terms` as a user runs it: what it prints, what it leaves behind, and its exit codes."""

import asyncio
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from auditor.terms.state import load_state, observed_texts
from tests.terms.repositories import PLACE, repository
from tests.terms.site import Answer, Site, make_certificate, serving
from tests.terms.texts import TERMS, document, write_pack

CHANGED = TERMS.replace("sell the service", "sell or lend the service")
DOCUMENT = document({"resale": "2.1(a)", "training": "2.1(c), Permitted Exception"})
RESALE = "acme/terms/resale"


@pytest.fixture
def pack(tmp_path):
    return write_pack(tmp_path / "packs", DOCUMENT)


@pytest.fixture
def folder(tmp_path):
    """A collection in a folder, with the terms in it."""
    (tmp_path / "folder" / PLACE).parent.mkdir(parents=True)
    (tmp_path / "folder" / PLACE).write_text(TERMS)
    return tmp_path / "folder"


@pytest.fixture
def check(auditor, pack, folder, tmp_path):
    """Return a function that runs `terms check` on the folder."""

    def run(*arguments):
        return auditor("terms", "check", "--state", "state", "--from", folder, "--policies", pack, *arguments)

    return run


def test_first_sight_then_nothing_then_an_alert_once_then_accepted(check, auditor, folder, tmp_path):
    first = check()
    assert (first.returncode, first.stderr) == (0, "")
    assert f"bound: {RESALE}: relies on 2.1(a)" in first.stdout
    assert "1 document: 1 checked (0 unchanged" in first.stdout
    assert "acme/terms: unchanged" in check().stdout
    (folder / PLACE).write_text(CHANGED)
    alert = check()
    assert alert.returncode == 1
    assert "ALERT acme/terms: 2.1(a) changed" in alert.stdout
    assert "sell {+or lend+} the service" in alert.stdout
    assert f"auditor terms accept {RESALE} --state state" in alert.stdout
    again = check()
    assert again.returncode == 0
    assert f"unchanged: {RESALE}: its wording is not yet reviewed" in again.stdout
    accepted = auditor("terms", "accept", RESALE, "--state", "state")
    assert (accepted.returncode, "is reviewed since" in accepted.stdout) == (0, True)
    assert "not yet reviewed" not in check().stdout
    assert set(observed_texts(tmp_path / "state")) == {RESALE, "acme/terms/training"}


def test_as_data(check, folder):
    check()
    (folder / PLACE).write_text(CHANGED)
    done = check("--output-format", "json")
    data = json.loads(done.stdout)
    (result,) = data["documents"]
    (alert,) = result["alerts"]
    assert done.returncode == 1
    assert (result["outcome"], alert["clauses"], alert["old"]["label"]) == ("alert", [RESALE], "2.1(a)")
    counts = data["counts"]
    assert counts["documents"] == counts["checked"] + counts["failed"] == 1
    assert sum(counts.values()) == 2 * counts["documents"] + counts["checked"]  # so the outcomes add up


def test_a_failure_is_partial_and_keeps_what_is_known(check, folder, tmp_path):
    check()
    before = load_state(tmp_path / "state").documents["acme/terms"].clauses
    (folder / PLACE).write_text("# Cookies\n\nMay we?\n")
    done = check()
    assert done.returncode == 5
    assert "acme/terms: failed: only 1 of 15 sections are left" in done.stdout
    assert "1 document: 0 checked" in done.stdout
    (folder / PLACE).unlink()
    assert "failed: cannot read" in check().stdout
    assert load_state(tmp_path / "state").documents["acme/terms"].clauses == before


def test_a_short_text_is_taken_after_it_is_accepted(check, auditor, folder):
    check()
    (folder / PLACE).write_text("# Terms\n\nGone.\n\n2.1 You may not (a) sell the service; (b) lend it.\n")
    assert check().returncode == 5
    assert auditor("terms", "accept", "acme/terms", "--state", "state").returncode == 0
    done = check()
    assert done.returncode == 1
    assert f"relied on by: {RESALE}" not in done.stdout
    assert "relied on by: acme/terms/training" in done.stdout


def test_what_a_provider_writes_does_nothing_to_the_terminal(check, folder):
    (folder / PLACE).write_text(TERMS.replace("sell the", "sell \x1b]0;owned\x07 \u202e the"))
    check()
    (folder / PLACE).write_text(CHANGED.replace("or lend", "\x1b[2Jor \u2066lend\u200b"))
    done = check()
    assert done.returncode == 1
    assert not {"\x1b", "\x07", "\u202e", "\u2066"} & set(done.stdout)


def test_import_and_history_of_a_repository(auditor, pack, tmp_path):
    commits = repository(tmp_path / "repo", TERMS, CHANGED, TERMS)
    done = auditor("terms", "import", tmp_path / "repo", "--into", "imported", "--policies", pack)
    assert (done.returncode, done.stderr) == (0, "")
    counted = (
        "3 commits (1 alert, 1 first seen, 1 variant), 2 raw changes, 2 distinct texts, 1 variant, 1 alert at 1 commit"
    )
    assert done.stdout == f"acme/terms: {counted}\n"
    walk = ("terms", "check", "--history", "--from", tmp_path / "repo", "--state", "walked", "--policies", pack)
    done = auditor(*walk)
    assert done.returncode == 1
    assert f"seen 2026-01-02, commit {commits[1][:12]}" in done.stdout
    assert load_state(tmp_path / "walked") == load_state(tmp_path / "imported")
    again = json.loads(auditor(*walk, "--output-format", "json").stdout)
    assert [commit["outcome"] for commit in again["documents"][0]["commits"]] == ["unchanged"]
    newest = auditor("terms", "check", "--from", tmp_path / "repo", "--state", "walked", "--policies", pack)
    assert (newest.returncode, "acme/terms: unchanged" in newest.stdout) == (0, True)


def test_the_sections_that_a_pack_may_name(check, auditor):
    check()
    lines = auditor("terms", "sections", "acme/terms", "--state", "state").stdout.splitlines()
    assert [line.split()[1] for line in lines][:3] == ["preamble", "1", "1.1"]
    assert auditor("terms", "sections", "acme/term", "--state", "state").returncode == 2


def test_documents_without_a_place_are_said(auditor, tmp_path, folder):
    other = document({"one": "1"}, id="other")
    other = other.model_copy(update={"document": other.document.model_copy(update={"archive": None})})
    pack = write_pack(tmp_path / "both", DOCUMENT, other)
    check = ("terms", "check", "--state", "state", "--from", folder, "--policies", pack)
    assert "not looked for, as their packs give no `archive`: acme/other" in auditor(*check).stdout
    named = auditor(*check, "acme/other")
    assert (named.returncode, "set `archive: Service/Terms`" in named.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("acme/tems",), "did you mean 'acme/terms'?"),
        (("--history",), "is no git repository or bundle"),
        (("--timeout", "0"), "0.1"),
        (("--from", "nowhere"), "nowhere is no folder, git repository or bundle"),
    ],
)
def test_mistakes_are_said(check, arguments, message):
    done = check(*arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_damaged_state_is_said_with_its_place(check, tmp_path):
    check()
    path = tmp_path / "state" / "state.json"
    path.write_text(path.read_text()[:-100])
    done = check()
    assert (done.returncode, "state.json is damaged" in done.stderr) == (2, True)


@contextmanager
def in_thread(routes, certificate) -> Iterator[Site]:
    """Serve from another thread, while this one runs the command line."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    manager = serving(routes, certificate)
    try:
        yield asyncio.run_coroutine_threadsafe(manager.__aenter__(), loop).result(5)
    finally:
        asyncio.run_coroutine_threadsafe(manager.__aexit__(None, None, None), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_fetching_with_and_without_change(auditor, tmp_path, monkeypatch):
    certificate = make_certificate(tmp_path, "IP:127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    answers = [Answer(TERMS.encode(), headers={"ETag": '"1"'}), Answer(status=304), Answer(CHANGED.encode())]
    with in_thread({"/": answers}, certificate) as site:
        url = {"url": site.url("/", scheme="https")}
        moved = DOCUMENT.model_copy(update={"document": DOCUMENT.document.model_copy(update=url)})
        pack = write_pack(tmp_path / "packs", moved)
        check = ("terms", "check", "--state", "state", "--policies", pack, "--timeout", "10")
        refused = auditor(*check)
        assert refused.returncode == 5
        assert "which is not public; --allow-private allows it" in refused.stdout
        outcomes = [auditor(*check, "--allow-private") for _ in range(3)]
        assert [done.returncode for done in outcomes] == [0, 0, 1], outcomes
        assert [asked.headers.get("if-none-match") for asked in site.asked] == [None, '"1"', '"1"']
        assert "acme/terms: unchanged" in outcomes[1].stdout


def test_documents_that_a_collection_never_held_are_left_out_and_those_it_lost_are_missed(auditor, folder, tmp_path):
    packs = tmp_path / "packs" / "acme"
    write_pack(packs, DOCUMENT)
    text = next(packs.rglob("*.yaml")).read_text()
    (tmp_path / "packs" / "other.yaml").write_text(
        text.replace("id: terms", "id: other").replace("archive: Acme/", "archive: Other/")
    )
    assert "Other/" in (tmp_path / "packs" / "other.yaml").read_text()

    def check(*names):
        policies = f"{next(packs.rglob('*.yaml'))},{tmp_path / 'packs' / 'other.yaml'}"
        return auditor("terms", "check", *names, "--state", "state", "--from", folder, "--policies", policies)

    done = check()
    assert done.returncode == 0
    assert f"not in {folder}: acme/other" in done.stdout
    assert check("acme/other").returncode == 5, "a document that is asked for is missed"
    (folder / PLACE).unlink()
    assert check().returncode == 5, "a document that was there is missed"
