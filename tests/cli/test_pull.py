"""`auditor pull` as a user runs it: what it prints, what it leaves behind, and its exit codes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from auditor.errors import ExitCode
from auditor.runs.folder import MANIFEST
from tests.pull import server
from tests.pull.conftest import KEYS
from tests.pull.server import Reply, Site, serving

PERIOD = ("--since", "2026-09-01", "--until", "2026-09-03")


@pytest.fixture
def keys(monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def test_pull_then_replay(auditor, keys, tmp_path):
    with serving(Site(server.litellm())) as site:
        done = auditor("pull", "litellm", "--into", "logs", "--base-url", site.url, *PERIOD)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "spend-logs: 9 pages, 15 records\nnext: auditor replay logs\n"
        again = auditor("pull", "litellm", "--into", "logs", "--base-url", site.url, *PERIOD)
        assert (again.returncode, again.stdout, len(site.asked)) == (0, done.stdout, 9)
    replayed = auditor("replay", "logs", "--out", "run")
    assert replayed.returncode in (ExitCode.OK, ExitCode.FINDINGS, ExitCode.NOTHING_ASSESSED), replayed.stderr
    manifest = json.loads((tmp_path / "run" / MANIFEST).read_text())
    assert manifest["totals"]["records"] == 15
    assert {item["format"] for item in manifest["inputs"]} == {"parquet"}


def test_a_missing_credential_is_explained(auditor, monkeypatch):
    monkeypatch.delenv("OPENAI_ADMIN_KEY", raising=False)
    done = auditor("pull", "openai", "--into", "x", "--only", "costs")
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert "OPENAI_ADMIN_KEY is not set" in done.stderr


def test_refused_credentials_and_no_secret_on_the_terminal(auditor, keys):
    def route(asked: server.Asked) -> Reply:
        return Reply({"error": {"message": f"wrong: {asked.headers['authorization']}"}}, 401)

    with serving(Site(route)) as site:
        done = auditor("pull", "openai", "--into", "x", "--only", "costs,projects", "--base-url", site.url, *PERIOD)
    assert done.returncode == ExitCode.USAGE
    assert "must be an Admin API key with: api.usage.read" in done.stderr
    assert "CANARY" not in done.stdout + done.stderr


def test_a_deadline_is_exit_5_and_says_how_to_go_on(auditor, keys):
    with serving(Site(server.openai(page_days=1), delay=0.3)) as site:
        command = ("pull", "openai", "--into", "x", "--only", "costs", "--base-url", site.url, *PERIOD)
        done = auditor(*command, "--deadline", "0.5")
        assert done.returncode == ExitCode.PARTIAL
        assert "run the same command again to go on" in done.stderr
        assert auditor(*command).returncode == 0


def test_interrupting_keeps_what_was_received(keys, tmp_path):
    with serving(Site(server.openai(page_days=1), delay=0.1)) as site:
        command = [sys.executable, "-m", "auditor", "pull", "openai", "--into", str(tmp_path / "x"), "--only", "costs"]
        command += ["--base-url", site.url, "--since", "2026-01-01", "--until", "2026-06-01"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=dict(os.environ)) as process:
            while len(site.asked) < 3:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
    assert process.returncode == ExitCode.PARTIAL
    assert "interrupted; what was received is kept" in errors
    assert list((tmp_path / "x" / "raw").rglob("*.json.zst"))


def test_dry_run_asks_for_nothing(auditor, tmp_path):
    done = auditor("pull", "anthropic", "--into", "x", "--dry-run", "--since", "2026-01-01", "--until", "2026-03-01")
    assert done.returncode == 0
    assert "analytics-usage: 2 parts (2026-01-01_2026-01-31 … 2026-02-01_2026-03-01), at least 2 pages" in done.stdout
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("openai", "--only", "usage-completion"), "has no endpoint 'usage-completion'"),
        (("openai", "--since", "2026-02-01", "--until", "2026-01-01"), "ends (2026-01-01) before it begins"),
        (("openai", "--base-url", "http://acme.example"), "--allow-http"),
        (("openai", "--account", "a"), "openai has no --account"),
        (("cloudflare",), "needs --account"),
        (("opnai",), "is not one of"),
        (("openai", "--concurrency", "0"), "--concurrency"),
    ],
)
def test_mistakes_are_explained(auditor, monkeypatch, arguments, words):
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-CANARY")
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "cf-CANARY-1")
    monkeypatch.delenv("CLOUDFLARE_ACCOUNT_ID", raising=False)
    done = auditor("pull", *arguments, "--into", "x")
    assert done.returncode == ExitCode.USAGE
    assert words in done.stderr
