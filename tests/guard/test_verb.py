"""`auditor guard` and `auditor waive` as a user runs them, and what the quick path imports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.guard.assess import run_guard
from auditor.guard.scope import GuardOptions
from tests.guard.project import CACHE, GIT, Project


@pytest.fixture
def project(tmp_path) -> Project:
    project = Project(tmp_path)
    project.git("init", "-q", "-b", "main")
    project.sft("rival", "teknium/OpenHermes-2.5")
    project.git("add", "-A")
    return project


def run(project: Project, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("PRE_COMMIT")} | GIT | environ
    command = [sys.executable, "-m", "auditor", *args]
    return subprocess.run(command, cwd=project.root, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_the_exit_codes(project):
    assert run(project, "guard").returncode == 1
    assert run(project, "guard", "--staged", "--now", "2026-11-25").returncode == 1
    project.sft("rival", "acme/nobody-knows")
    assert run(project, "guard").returncode == 0
    assert run(project, "guard", "--fail-on", "unknown").returncode == 1
    assert run(project, "guard", "--fail-on", "high", "--fail-on", "unknown").returncode == 1
    done = run(project, "guard", "nowhere")
    assert done.returncode == 2 and "no such file or folder" in done.stderr and "Traceback" not in done.stderr
    project.write("auditor.yaml", "modells: {}\n")
    done = run(project, "guard")
    assert done.returncode == 2 and "did you mean 'models'" in done.stderr


def test_nothing_that_could_be_read_is_no_pass(project, tmp_path):
    project.write("broken/x.yml", "base_model: [\ndatasets: [\n")
    done = run(project, "guard", "broken")
    assert done.returncode == 3 and "nothing was checked" in done.stdout
    (tmp_path / "empty").mkdir()
    assert run(project, "guard", "empty").returncode == 2


def test_least_severity_that_stops(project):
    project.sft("rival", "stanfordnlp/imdb")
    assert run(project, "guard").returncode == 0
    project.write(
        "rival/x.yml",
        "model_name_or_path: meta-llama/Meta-Llama-3-8B\ndataset_name: stanfordnlp/imdb\npush_to_hub: true\n",
    )
    text = (project.root / "auditor.yaml").read_text().replace("distributed: false", "distributed: true", 1)
    project.write("auditor.yaml", text)
    assert run(project, "guard").returncode == 0
    assert run(project, "guard", "--fail-on", "medium").returncode == 1


def test_reports_and_the_inventory_are_written(project, tmp_path):
    wanted = ("--report", "sarif=o.sarif", "--report", "gitlab=o.gl", "--inventory", "bom.json")
    done = run(project, "guard", *wanted, "--output-format", "json")
    assert json.loads(done.stdout)["blocks"] is True
    assert json.loads((tmp_path / "o.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((tmp_path / "o.gl").read_text())
    assert json.loads((tmp_path / "bom.json").read_text())["bomFormat"] == "CycloneDX"
    assert json.loads(run(project, "guard", "--inventory", "-").stdout)["bomFormat"] == "CycloneDX"
    assert run(project, "guard", "--report", "pdf=x").returncode == 2


def test_the_summary_of_a_job_on_github(project, tmp_path):
    done = run(project, "guard", "--output-format", "github", GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    assert "::error file=rival/sft.yml,line=3" in done.stdout
    assert "## auditor guard" in (tmp_path / "summary.md").read_text()


def test_quiet_says_nothing_unless_something_stops(project):
    assert "STOP" in run(project, "guard", "-q").stdout
    project.sft("rival", "acme/nobody-knows")
    assert run(project, "guard", "-q").stdout == ""


def test_a_baseline_from_the_command_line(project):
    assert run(project, "guard", "--write-baseline", "b.jsonl").returncode == 2
    run(project, "guard", "--write-baseline", "b.jsonl", "--reason", "before", "--expires", "2099-01-01")
    done = run(project, "guard", "--baseline", "b.jsonl")
    assert done.returncode == 0 and "in the baseline" in done.stdout


def test_a_finding_is_waived_with_the_command_that_is_printed(project):
    stopped = json.loads(run(project, "guard", "--output-format", "json").stdout)["findings"]
    for finding in stopped:
        way = next(way for way in finding["ways_out"] if "auditor waive" in way)
        command = way.split("auditor ", 1)[1].replace("'…'", "x-agreed")
        import shlex

        done = run(project, *shlex.split(command))
        assert done.returncode == 0, done.stderr
    done = run(project, "guard")
    assert done.returncode == 0 and "accepted until" in done.stdout
    again = run(project, "waive", stopped[0]["id"], "--reason", "xxx", "--approver", "yyy", "--expires", "2099-01-01")
    assert again.returncode == 2 and "stands in the waivers file already" in again.stderr


def test_waive_keeps_what_stands_in_the_file_and_says_what_is_missing(project):
    arguments = ("f-0123456789abcdef", "--reason", "it is fine", "--approver", "A. B.", "--expires", "2099-01-01")
    project.write(
        "waivers.yaml",
        "# ours\nwaivers:\n  - finding: f-1\n    reason: old\n    approver: C. D.\n    expires: 2026-01-01\n",
    )
    assert run(project, "waive", *arguments).returncode == 0
    text = (project.root / "waivers.yaml").read_text()
    assert text.startswith("# ours\nwaivers:\n  - finding: f-1\n") and "f-0123456789abcdef" in text
    (project.root / "waivers.yaml").unlink()
    assert run(project, "waive", *arguments).returncode == 0
    assert "f-0123456789abcdef" in (project.root / "waivers.yaml").read_text()
    assert run(project, "waive", *arguments[:-1], "2020-01-01").returncode == 2


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_waive_writes_as_the_file_is_written(project, end):
    old = "waivers:\n- finding: f-0000000000000000\n  reason: before\n  approver: C. D.\n  expires: 2099-01-01\n"
    (project.root / "waivers.yaml").write_bytes(old.replace("\n", end).encode())
    arguments = ("f-0123456789abcdef", "--reason", "it is fine", "--approver", "A. B.", "--expires", "2099-01-01")
    assert run(project, "waive", *arguments).returncode == 0
    text = (project.root / "waivers.yaml").read_bytes().decode()
    assert (
        text.startswith(old.replace("\n", end)) and text.count("\n") == text.count(end) and "\n- finding: f-01" in text
    )


@pytest.mark.parametrize(("text", "code"), [("authorisations: []\n", 0), ("{authorisations: []}\n", 2)])
def test_waive_names_the_file_where_nobody_did(project, text, code):
    (project.root / "waivers.yaml").unlink()
    project.write("auditor.yaml", text)
    arguments = ("f-0123456789abcdef", "--reason", "it is fine", "--approver", "A. B.", "--expires", "2099-01-01")
    done = run(project, "waive", *arguments)
    assert done.returncode == code and "`waivers: waivers.yaml`" in done.stdout + done.stderr
    assert (project.root / "auditor.yaml").read_text() == text + ("waivers: waivers.yaml\n" if code == 0 else "")
    assert (project.root / "waivers.yaml").exists() == (code == 0)


def test_a_waivers_file_that_is_not_there_yet_waives_nothing(project):
    (project.root / "waivers.yaml").unlink()
    project.sft("rival", "tatsu-lab/alpaca")
    assert run(project, "guard").returncode == 1


def test_the_printed_waiver_names_the_declarations_from_where_it_is_printed(project, monkeypatch):
    monkeypatch.chdir(project.root / "rival")
    report = run_guard([Path("sft.yml")], GuardOptions(cache=CACHE), environ={})
    assert any("--config ../auditor.yaml" in way for item in report.findings for way in item.ways)


def test_options_of_baselines_that_cannot_be_meant(project):
    for arguments in (("--reason", "x"), ("--write-baseline", "b.jsonl", "--reason", "x", "--expires", "2020-01-01")):
        assert run(project, "guard", *arguments).returncode == 2


def test_the_terms_of_another_day(project):
    project.sft("rival", "nothingiisreal/Claude-3-Opus-Instruct-15K")
    text = run(project, "guard", "--now", "2026-11-25", "--terms", "2025-09-01").stdout
    assert "version aup-2024" in text and "version aup-2025" not in text
    assert run(project, "guard", "--terms", "tomorrow").returncode == 2


HEAVY = {
    "numpy", "duckdb", "httpx", "jinja2", "rich", "sqlglot", "pyarrow", "tenacity", "asyncio", "backports.zstd", "ssl",
    "auditor.engine", "auditor.reports", "auditor.guard.data.scan", "auditor.guard.formats.scripts",
    "auditor.guard.formats.commands", "auditor.sources", "auditor.runs", "auditor.findings.collect",
}  # fmt: skip


def test_the_quick_path_imports_nothing_heavy(project):
    card = "---\nbase_model: mistralai/Mistral-7B-v0.1\ndatasets: [teknium/OpenHermes-2.5]\n---\n"
    project.write("rival/README.md", card)
    project.git("add", "-A")
    code = (
        "import sys\nfrom auditor.cli import run\ncode = run(['guard', '--staged', '-q'])\n"
        "print(code, len(sys.modules), *sorted(sys.modules), file=sys.stderr)\n"
    )
    env = os.environ | {"XDG_CACHE_HOME": str(project.root / "cache")}
    for _ in range(2):  # the first run compiles the packs
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=project.root, env=env, capture_output=True, text=True, check=True
        )
    code_, count, *modules = done.stderr.split()
    assert code_ == "1"
    assert not HEAVY & {*modules}
    assert int(count) < 380


def test_the_quick_path_reads_no_pack(project):
    """What was compiled is used: a pack that cannot be read is not noticed before the packs change."""
    cache = project.root / "cache"
    env = {"XDG_CACHE_HOME": str(cache)}
    run(project, "guard", **env)
    (file,) = cache.glob("auditor/rules-*.json")
    before = file.read_bytes()
    file.write_bytes(b"damaged")
    assert run(project, "guard", **env).returncode == 1
    assert file.read_bytes() == before


def test_help_and_the_table_of_verbs(project):
    text = run(project, "guard", "--help").stdout
    for option in ("--staged", "--fail-on", "--inventory", "--baseline", "--full", "--report", "--now"):
        assert option in text
    assert "guard" in run(project, "--help").stdout and Path(project.root).is_dir()
