"""Pulls that are killed at any moment, and gone on with until they are done, leave what one that was left alone leaves."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.pull.store import PAGE, TEMPORARY, Store
from tests.conftest import ROOT
from tests.pull.conftest import KEYS, digests

KILLS = 50
ONLY = "usage-completions,usage-embeddings,costs,projects,project-keys"


@pytest.fixture
def port() -> Iterator[int]:
    """A server of its own, which shuffles, repeats and fails."""
    command = [sys.executable, "-m", "tests.pull.server", "0.004"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield int(process.stdout.readline())
        process.stdin.close()
        process.wait(10)


def start(port: int, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "auditor", "pull", "openai", "--into", str(folder), "--only", ONLY]
    command += [
        "--since",
        "2026-09-01",
        "--until",
        "2026-10-15",
        "--base-url",
        f"http://127.0.0.1:{port}/v1",
        "--quiet",
    ]
    environment = os.environ | KEYS
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def pages(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob(f"[0-9]*{PAGE}")}


def made(folder: Path) -> int | None:
    """Return what tells the tables that are being made from those of another process, or None if there are none."""
    tables = folder / f"{TEMPORARY}tables"
    try:
        return tables.stat().st_ctime_ns
    except FileNotFoundError:
        return None


def test_killed_pulls_leave_what_others_leave(port, tmp_path):
    finish(start(port, tmp_path / "calm"))
    expected = digests(tmp_path / "calm")
    assert any(name.startswith("records/") for name in expected)
    chance = random.Random(7)  # noqa: S311
    kills = rounds = converting = 0
    while kills < KILLS:
        folder = tmp_path / f"wild{rounds}"
        rounds += 1
        while True:
            before = pages(folder)
            process = start(port, folder)
            more = chance.choice((0, 1, 2, 5, 15, 30, 1000))  # pages; the last means: not before it makes the tables
            left = made(folder)
            while process.poll() is None and made(folder) == left:
                if left is None and len(pages(folder)) >= len(before) + more:
                    break
                time.sleep(0.003)
            time.sleep(chance.uniform(0.0, 0.1 if made(folder) == left else 1.0))
            if process.poll() is not None:
                finish(process)
                break
            process.kill()
            process.communicate()
            kills += 1
            converting += made(folder) is not None
            after = pages(folder)
            assert {name: after[name] for name in before} == before  # what was kept once is never asked for again
        found = digests(folder)
        keep = [name for name in expected if not name.startswith("snapshots/")]
        assert {name: found.get(name) for name in keep} == {name: expected[name] for name in keep}
        assert len(found) == len(expected)
        assert not [path for path in folder.rglob("*") if path.name.startswith(TEMPORARY)]
    print(f"{kills} kills in {rounds} pulls, {converting} of them while tables were made")
    assert rounds > 1
    assert 0 < converting < kills


def test_leftovers_of_a_kill_are_removed_and_what_counts_is_the_page(tmp_path):
    folder = tmp_path / "pull"
    shard = folder / "raw" / "costs" / "all"
    shard.mkdir(parents=True)
    (shard / ".tmp-000000.json.zst").write_bytes(b"half")
    (shard / "000000.head.json").write_text("{}")
    (folder / ".tmp-tables" / "records").mkdir(parents=True)
    store = Store(folder)
    store.remove_leftovers()
    assert sorted(path.name for path in folder.rglob("*")) == ["000000.head.json", "all", "costs", "raw"]
    assert store.pages("costs", "all") == 0
