"""The GitHub action: its form, and its shell steps as a runner would run them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.guard.project import Project

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS = {step.get("name", step.get("uses")): step for step in ACTION["runs"]["steps"]}


@pytest.fixture
def project(tmp_path) -> Project:
    project = Project(tmp_path / "work")
    project.git("init", "-q")
    project.sft("rival", "teknium/OpenHermes-2.5")
    project.sft("with space", "stanfordnlp/imdb")
    project.git("add", "-A")
    return project


def check(project: Project, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the step that checks, with the inputs as the runner passes them."""
    runner = project.root.parent / "runner"
    program = runner / "auditor" / "bin" / "auditor"
    if not program.exists():
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m auditor "$@"\n')
        program.chmod(0o755)
    given = {name: str(entry["default"]) for name, entry in ACTION["inputs"].items()} | inputs
    env = {key: str(value) for key, value in STEPS["Check"]["env"].items()}
    for name, value in given.items():
        env = {key: text.replace(f"${{{{ inputs.{name} }}}}", value) for key, text in env.items()}
    assert not any("${{" in value for value in env.values())
    summary = {"RUNNER_TEMP": str(runner), "GITHUB_STEP_SUMMARY": str(runner / "summary.md")}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS["Check"]["run"]],
        cwd=project.root, env=os.environ | env | summary, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_it_annotates_fails_and_leaves_sarif_and_a_summary(project):
    done = check(project)
    assert done.returncode == 1, done.stderr
    assert "::error file=rival/sft.yml,line=3" in done.stdout
    assert (project.root / "auditor.sarif").stat().st_size > 1000
    assert "## auditor guard" in (project.root.parent / "runner/summary.md").read_text()


def test_paths_and_severities_are_passed_on(project):
    assert check(project, paths="sorter student auditor.yaml").returncode == 2  # the first two are not there
    assert check(project, paths="auditor.yaml waivers.yaml").returncode == 0
    project.sft("rival", "acme/nobody-knows")
    assert check(project).returncode == 0
    assert check(project, **{"fail-on": "high unknown", "full": "false"}).returncode == 1
    assert check(project, config="none.yaml").returncode == 2


def test_nothing_in_an_input_is_run(project):
    mark = Path(project.root / "ran")
    for name in ("paths", "config", "fail-on", "sarif"):
        check(project, **{name: f'$(touch {mark}) `touch {mark}` "; touch {mark}; "'})
    assert not mark.exists()


def test_the_steps_are_pinned_to_what_they_need():
    assert ACTION["runs"]["using"] == "composite"
    assert all("uses" in step or step["shell"] == "bash" for step in ACTION["runs"]["steps"])
    assert not any("${{" in step.get("run", "") for step in ACTION["runs"]["steps"])
