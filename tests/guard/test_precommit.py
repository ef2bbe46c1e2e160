"""The real pre-commit, in real repositories: the hook is installed from a git checkout, as its users install it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.guard import make_checkout
from tests.guard.project import GIT, Project

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """The folder in which pre-commit keeps what it installs, so that it installs once."""
    return tmp_path_factory.mktemp("pre-commit-home")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory) -> Path:
    """A git repository with the files that the hook needs, as they are now."""
    folder: Path = tmp_path_factory.mktemp("checkouts") / "auditor"
    make_checkout(folder)
    return folder


@pytest.fixture
def project(tmp_path, checkout) -> Project:
    project = Project(tmp_path)
    project.git("init", "-q", "-b", "main")
    revision = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True, check=True
    ).stdout
    project.write(
        ".pre-commit-config.yaml",
        f"repos:\n  - repo: {checkout}\n    rev: {revision.strip()}\n    hooks:\n      - id: auditor-guard\n",
    )
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "start")
    return project


@pytest.fixture
def pre_commit(project, home) -> Run:
    def run(*args: str) -> subprocess.CompletedProcess[str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("PRE_COMMIT")}
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", *args],
            cwd=project.root, env=env | GIT | {"PRE_COMMIT_HOME": str(home)}, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def commit(project: Project, home: Path) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("PRE_COMMIT")} | GIT
    return subprocess.run(
        ["git", "commit", "-m", "x"], cwd=project.root, env=env | {"PRE_COMMIT_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_commit_is_stopped_and_says_why_and_a_clean_one_passes(project, pre_commit, home):
    assert pre_commit("install").returncode == 0
    project.sft("rival", "teknium/OpenHermes-2.5")
    project.git("add", "-A")
    done = commit(project, home)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "OpenAI Services Agreement, 3.3(e)" in said and "rival/sft.yml:3 (datasets[0].path)" in said
    project.write("data/ours.jsonl.provenance.yml", "generators: []\nlicence: CC-BY-4.0\n")
    project.rows("data/ours.jsonl", {"text": "people wrote this"})
    project.sft("rival", "../data/ours.jsonl")
    project.git("add", "-A")
    done = commit(project, home)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_not_staged_is_put_aside_and_kept(project, pre_commit, home):
    pre_commit("install")
    project.sft("rival", "stanfordnlp/imdb")
    project.git("add", "-A")
    mine = project.sft("rival", "stanfordnlp/imdb", "teknium/OpenHermes-2.5")  # not staged
    done = commit(project, home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OpenHermes" in mine.read_text() and "OpenHermes" not in project.git("show", "HEAD:rival/sft.yml")


def test_a_rename_a_deletion_and_a_commit_about_something_else(project, pre_commit, home):
    pre_commit("install")
    project.sft("elsewhere", "teknium/OpenHermes-2.5")
    project.write("notes.yaml", "a: b\n")
    project.git("add", "-A")
    assert commit(project, home).returncode == 0  # nobody declared that model
    (project.root / "rival").mkdir()
    project.git("mv", "elsewhere/sft.yml", "rival/sft.yml")
    assert commit(project, home).returncode == 1
    project.git("reset", "-q", "--hard")
    project.git("rm", "-q", "elsewhere/sft.yml")
    assert commit(project, home).returncode == 0


def test_all_files_and_a_range_of_commits(project, pre_commit):
    start = project.git("rev-parse", "HEAD").strip()
    project.sft("rival", "teknium/OpenHermes-2.5")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "unchecked", "--no-verify")
    assert pre_commit("run", "--all-files").returncode == 1
    assert pre_commit("run").returncode == 0  # nothing is staged
    done = pre_commit("run", "--from-ref", start, "--to-ref", "HEAD")
    assert done.returncode == 1 and "OpenHermes" in done.stdout


def test_many_files_are_looked_at_in_one_go(project, pre_commit):
    for i in range(100):
        project.sft(f"rival/{i}", "stanfordnlp/imdb")
    project.rows("data/shared.jsonl", {"text": "a", "generation_model": "gpt-4o"})
    project.sft("rival/last", "../../data/shared.jsonl")
    project.git("add", "-A")
    done = pre_commit("run", "--verbose")
    assert done.returncode == 1
    assert done.stdout.count("files examined") == 1 and "101 axolotl" in done.stdout
