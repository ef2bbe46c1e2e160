"""Every example in the README works as it stands: commands, files, and Python."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
RECORD = {"timestamp": "2025-06-01T12:00:00Z", "gen_ai.provider.name": "openai", "route": "direct", "api_key.id": "k1"}


def block(language: str, start: str) -> str:
    return next(text for kind, text in BLOCKS if kind == language and text.startswith(start))


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    lines = [json.dumps(RECORD | {"record.id": str(i), "gen_ai.request.model": "gpt-4o"}) for i in range(3)]
    (tmp_path / "logs/gateway.jsonl").write_text("\n".join(lines))
    (tmp_path / "usage.csv").write_text("time,model,key,gateway\n1748779200,gpt-4o,k1,eu-proxy\n")
    (tmp_path / "mapping.yaml").write_text(block("yaml", "format: csv"))
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "training").mkdir()
    (tmp_path / "training/sft.yml").write_text("base_model: m/m\ndatasets: [{path: tatsu-lab/alpaca}]\n")
    (tmp_path / "archive/Grok").mkdir(parents=True)
    (tmp_path / "archive/Grok/Commercial Terms.md").write_text("# Terms\n\n## 1. Use\n\nUse it well.\n")
    return tmp_path


def test_the_commands_work_in_the_order_they_stand(home):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    commands = [
        line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line.startswith("auditor ")
    ]
    assert len(commands) == 16
    for command in commands:
        if command.startswith("auditor waive"):
            with (home / "auditor.yaml").open("a") as file:
                file.write("waivers: waivers.yaml\n")
        done = subprocess.run(
            ["bash", "-c", command], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), f"{command}\n{done.stdout}{done.stderr}"
    assert (home / "first.html").read_text().startswith("<!")
    assert json.loads((home / "bom.json").read_text())["bomFormat"] == "CycloneDX"
    mapped = json.loads((home / "runs/mapped/run.json").read_text())
    assert mapped["totals"]["assessed"] == 1, "the columns became facts"


def test_the_python_works(home):
    (home / "auditor.yaml").write_text("{}\n")
    done = subprocess.run(
        [sys.executable, "-c", block("python", "import auditor")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_policy_file_is_whole_and_its_tests_pass(home):
    (home / "my-policy.yaml").write_text(block("yaml", "provider: example"))
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "policy", "test", "my-policy.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "3 of 3 policy tests passed\n", done.stdout + done.stderr


def test_the_waiver_is_read(home):
    from auditor.facts.declarations import load_config

    (home / "waivers.yaml").write_text(block("yaml", "waivers:"))
    (home / "auditor.yaml").write_text("waivers: waivers.yaml\n")
    assert load_config(home / "auditor.yaml").waivers[0].approver == "Dr. A. Counsel"


def test_every_verb_and_every_file_it_links_exists():
    from auditor.cli import VERBS

    text = (ROOT / "README.md").read_text()
    for verb in VERBS:
        assert f"auditor {verb}" in text
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (ROOT / target).exists(), target


def test_the_table_of_what_one_has_names_every_format_and_every_api():
    from auditor.pull import PROVIDERS
    from auditor.sources import SOURCES

    text = (ROOT / "README.md").read_text()
    table = text[text.index("| I have …") : text.index("Files may be plain")]
    named = {name for row in table.splitlines() if "|" in row for name in re.findall(r"`([a-z-]+)`", row.split("|")[3])}
    known = {name for name in SOURCES if not name.endswith("-table")} - {"empty-page", "arrow", "mapping"}
    assert named == known
    pulled = re.findall(r"`auditor pull ([a-z]+)", table)
    assert {*pulled, "portkey", "cloudflare"} == {*PROVIDERS, "otlp"}
    credentials = text[text.index("| from | credentials") : text.index("A pull that was cut off")]
    for provider in PROVIDERS.values():
        for endpoint in provider.endpoints:
            assert all(f"`{name}`" in credentials for name in endpoint.credential.variables), endpoint
