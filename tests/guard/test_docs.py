"""Every example of the guard's documents works as it stands."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pre_commit.clientlib import load_config as load_hooks

from auditor.facts.declarations import load_config
from auditor.registry.datasets import datasets
from tests.conftest import ROOT
from tests.guard.project import GIT

TEXT = (ROOT / "docs/guard.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.M | re.S)


def block(language: str, start: str, text: str = "") -> str:
    return next(text for kind, text in BLOCKS if kind == language and start in text)


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "auditor.yaml").write_text(block("yaml", "models:"))
    (tmp_path / "waivers.yaml").write_text("waivers: []\n")
    (tmp_path / "training/helper").mkdir(parents=True)
    (tmp_path / "training/helper/sft.yml").write_text(block("yaml", "base_model:").split("\n", 1)[1])
    shutil.copytree(ROOT / "examples/training", tmp_path / "examples/training")
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], env=os.environ | GIT, check=True)
    return tmp_path


def test_hooks(tmp_path):
    found = [text for kind, text in BLOCKS if kind == "yaml" and text.startswith("repos:")]
    assert len(found) == 2
    for i, text in enumerate(found):
        path = tmp_path / f"{i}.yaml"
        path.write_text(text)
        assert load_hooks(str(path))["repos"][0]["hooks"][0]["id"] == "auditor-guard"


def test_the_commands_in_their_order(home):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    commands = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    assert len(commands) == 8
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), f"{command}\n{done.stdout}{done.stderr}"
    assert json.loads((home / "bom.json").read_text())["bomFormat"] == "CycloneDX"


def test_the_output_is_what_is_shown(home):
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "guard", "training"], capture_output=True, text=True, check=False
    )
    for line in block("text", "STOP").splitlines()[:2]:
        assert line in done.stdout


def test_the_comment_counts(home):
    (home / "training/helper/sft.yml").write_text(block("yaml", "# auditor: allow"))
    from auditor.guard import check

    assert not [i for i in check(["training"]).blocking() if "no-competing-models" in i.finding.rule]


def test_the_sidecar_counts(home):
    (home / "data").mkdir()
    (home / "data/answers.jsonl").write_text('{"text": "x"}\n')
    (home / "data/answers.jsonl.provenance.yml").write_text(block("yaml", "derived_from: [acme/prompts]"))
    config = "base_model: m/m\ndatasets: [{path: data/answers.jsonl}]\n"
    (home / "training/helper/sft.yml").write_text(config)
    from auditor.guard import check

    report = check(["training"])
    assert {i.finding.status for i in report.findings if "no-competing-models" in i.finding.rule} == {"waived"}


def test_the_library(home):
    done = subprocess.run(
        [sys.executable, "-c", block("python", "full=True")], capture_output=True, text=True, check=True
    )
    assert "training/helper/sft.yml:3" in done.stdout and "https://openai.com" in done.stdout


def test_dagster_keeps_the_training_from_running(home):
    code = block("python", "dagster") + (
        "\nresult = dg.materialize([training_data, may_be_trained_on, model], raise_on_error=False)\n"
        "check_ = result.get_asset_check_evaluations()[0]\n"
        "print(result.success, check_.passed, sorted(e.step_key for e in result.get_step_success_events()))\n"
    )
    env = os.environ | {"DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "true"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("False False") and "model" not in done.stdout, done.stdout + done.stderr[-2000:]
    (home / "training/helper/sft.yml").write_text("base_model: m/m\ndatasets: [{path: acme/none}]\n")
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("True True") and "model" in done.stdout, done.stdout + done.stderr[-2000:]


def test_the_other_examples_are_well_formed():
    ast.parse(block("python", "airflow"))
    jobs = yaml.safe_load(block("yaml", "jobs:"))
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (step,) = [step for step in jobs["jobs"]["guard"]["steps"] if "auditor" in step["uses"]]
    assert step["with"].keys() <= action["inputs"].keys()
    assert "gitlab=gl-code-quality.json" in yaml.safe_load(block("yaml", "codequality"))["guard"]["script"][1]


def test_the_formats_are_all_named():
    from auditor.guard.formats.configs import CONFIGS

    assert all(form.name in TEXT for form in CONFIGS)


def test_the_registrys_document(tmp_path):
    text = (ROOT / "docs/datasets.md").read_text("utf-8")
    path = tmp_path / "auditor.yaml"
    path.write_text(re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)[0])
    assert len(load_config(path).declarations.datasets) == 2
    (line,) = re.findall(r"^```json\n(.*?)^```", text, re.M | re.S)
    fields = set(re.findall(r"`(\w+)`", text[text.index("| field") : text.index("Most entries")]))
    assert json.loads(line).keys() <= fields
    assert {key for entry in datasets().entries for key in vars(entry)} - {"line"} <= fields
