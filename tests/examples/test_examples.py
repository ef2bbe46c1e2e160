"""The example company: verdicts and findings as its stories intend, the same bytes each time, counts that add up."""

import asyncio
import gzip
import importlib.util
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from auditor.audit import Options, Run, audit
from auditor.facts.declarations import load_config
from auditor.model.finding import finding_id
from auditor.reports import write_report
from auditor.sources import Input

ROOT = Path(__file__).resolve().parents[2]
LOGS, CONFIG = Path("examples/logs"), Path("examples/auditor.yaml")
NOW = date(2026, 1, 15)
REPORTS = {"html": "report.html", "md": "report.md"}


def _load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("examples_generate", ROOT / "examples" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


generate = _load_generator()
EXPECTED: dict[str, Any] = json.loads((ROOT / "examples" / "expected.json").read_text(encoding="utf-8"))
LINES: dict[str, list[str]] = dict(generate.files())


@pytest.fixture(autouse=True)
def at_root(monkeypatch):
    """Paths in runs and reports are as given, so they are given relative to the root."""
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, Run]:
    """The run of the example as the library makes it, with its reports beside it."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        run = asyncio.run(audit([Input(str(LOGS))], Options(config=CONFIG, now=NOW, out=folder / "run")))
    for name, path in REPORTS.items():
        write_report(run.data, name, folder / path)
    return folder, run


def _replay(inputs: Path, config: Path, policies: str) -> Run:
    return asyncio.run(audit([Input(str(inputs))], Options(policies=policies, config=config, now=NOW)))


def _declare(folder: Path, pattern: str = r"\Z", new: str = "") -> Path:
    """Write the declarations of the example with one passage changed.

    The position is left out: it is refused where the pack that leaves it open is not among those used.
    """
    text = CONFIG.read_text(encoding="utf-8")
    for old, with_ in ((r"^positions:\n  .*\n", "positions: {}\n"), (pattern, new)):
        text, count = re.subn(old, with_, text, flags=re.MULTILINE)
        assert count == 1, f"{old} stands {count} times in {CONFIG}"
    (folder / "waivers.yaml").write_text("waivers: []\n", encoding="utf-8")
    path = folder / "auditor.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _verdicts(run: Run) -> dict[str, str]:
    return {clause.id: clause.verdict for clause in run.data.manifest.clauses}


def test_every_verdict(demo):
    expected = {clause: group["verdict"] for group in EXPECTED["verdicts"] for clause in group["clauses"]}
    assert len(expected) == sum(len(group["clauses"]) for group in EXPECTED["verdicts"]), "a clause is listed twice"
    found = _verdicts(demo[1])
    assert found == dict.fromkeys(found, "not_applicable") | expected


def test_every_finding(demo):
    def key(rule: str, principal: dict[str, str], status: str) -> tuple[str, tuple[tuple[str, str], ...], str]:
        return rule, tuple(sorted(principal.items())), status

    expected = {key(f["rule"], f["principal"], f["status"]): f for f in EXPECTED["findings"]}
    found = {key(f.rule, f.principal, f.status): f for f in demo[1].data.findings}
    assert len(found) == len(demo[1].data.findings)
    assert found.keys() == expected.keys()
    off = {k: found[k].count for k, f in expected.items() if not f["count"][0] <= found[k].count <= f["count"][1]}
    assert not off, "the stories intend other counts"


def test_stories_and_log_lines_agree():
    """Where a finding counts all calls of a stream, the expected count is the generator's, not the auditor's."""
    calls = Counter[str]()
    for stream in (*generate.GATEWAY, *generate.TRACES, *generate.APP_LOG):
        calls[stream.name] += stream.calls
    counted = [f for f in EXPECTED["findings"] if "application.id" in f["principal"]]
    exact = {f["principal"]["application.id"]: f["count"][0] for f in counted if f["count"][0] == f["count"][1] > 20}
    assert len(exact) >= 7
    assert exact == {name: calls[name] for name in exact}


def test_waivers_name_findings_by_their_stable_ids():
    accepted = [f for f in EXPECTED["findings"] if f["status"] != "active"]
    ids = {f["status"]: finding_id(f["rule"].rsplit("/", 1)[0], f["rule"], f["principal"]) for f in accepted}
    waivers = {waiver.finding: waiver for waiver in load_config(CONFIG).waivers}
    assert waivers.keys() == set(ids.values())
    assert waivers[ids["expired"]].expires < NOW <= waivers[ids["waived"]].expires


def test_the_command_of_the_readme_gives_the_same_bytes(demo, tmp_path):
    folder, _ = demo
    reports = [option for name, path in REPORTS.items() for option in ("--report", f"{name}={tmp_path / path}")]
    options = ["--config", str(CONFIG), "--now", "2026-01-15", "--out", str(tmp_path / "run"), *reports]
    command = [sys.executable, "-m", "auditor", "replay", str(LOGS), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "Breach" in done.stdout
    for name in ("run/findings.jsonl", "run/coverage.json", "run/rejects.jsonl", *REPORTS.values()):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name
    first, second = ((path / "run/run.json").read_text(encoding="utf-8") for path in (folder, tmp_path))
    ids = [json.loads(text)["run"] for text in (first, second)]
    for text, values in ((first, ids[0]), (second, ids[1])):
        assert text.count(values["id"]) == text.count(values["started_at"]) == 1
    first = first.replace(ids[0]["id"], ids[1]["id"]).replace(ids[0]["started_at"], ids[1]["started_at"])
    assert first == second


def test_the_generator_gives_the_committed_logs():
    """Byte for byte once unpacked: how small a file gets depends on the zlib that Python was built with."""
    committed = {path.relative_to(LOGS).as_posix(): path.read_bytes() for path in LOGS.rglob("*") if path.is_file()}
    assert committed.keys() == LINES.keys()
    for name, data in committed.items():
        assert (gzip.decompress(data) if name.endswith(".gz") else data) == generate.content(LINES[name]), name
    assert sum(map(len, committed.values())) < 6_000_000


def test_the_generator_is_the_same_twice(tmp_path):
    for name in ("a", "b"):
        generate.write(tmp_path / name)
    for path in (tmp_path / "a").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _operations(line: str) -> list[str]:
    spans = [s for r in json.loads(line)["resourceSpans"] for scope in r["scopeSpans"] for s in scope["spans"]]
    attributes = [attribute for span in spans for attribute in span["attributes"]]
    return [a["value"]["stringValue"] for a in attributes if a["key"] == "gen_ai.operation.name"]


def test_counts_add_up(demo):
    """Lines and spans are counted here from the files, without the auditor."""
    manifest = demo[1].data.manifest
    totals = manifest.totals
    records, damaged, skipped = 0, 0, 0
    for name in LINES:
        data = (LOGS / name).read_bytes()
        lines = (gzip.decompress(data) if name.endswith(".gz") else data).decode().splitlines()
        good = [line for line in lines if _is_json(line)]
        traced = name.startswith("otel/")
        operations = [o for line in good for o in _operations(line)] if traced else ["chat"] * len(good)
        summary = next(item for item in manifest.inputs if item.uri == (LOGS / name).as_posix())
        assert summary.records == operations.count("chat"), name
        assert summary.rejected == len(lines) - len(good), name
        assert summary.skipped == len(operations) - operations.count("chat"), name
        records += operations.count("chat")
        damaged += len(lines) - len(good)
        skipped += summary.skipped
    again = len(LINES["litellm/2025-11-11-again.jsonl.gz"])
    twice = LINES["otel/2025-q2.jsonl.gz"][-1]
    assert LINES["otel/2025-q2.jsonl.gz"].count(twice) == 2
    assert (damaged, skipped > 0, again > 20) == (2, True, True)
    assert totals.rejected == damaged
    assert totals.duplicates == again + _operations(twice).count("chat")
    assert totals.received == records + damaged
    assert totals.records == totals.assessed + totals.unknown + totals.not_governed
    assert totals.received == totals.records + totals.outside_period + totals.rejected + totals.duplicates
    assert totals.not_governed == 0, "every call is under somebody's terms, those through Azure under Microsoft's"


def test_advice_names_the_key_that_nobody_declared(demo):
    forgotten = generate.key_hash("spring-trial")
    assert forgotten not in CONFIG.read_text(encoding="utf-8")
    purpose = next(item for item in demo[1].data.coverage.advice if item.fact == "application.purpose")
    assert purpose.principals[f"api_key.id {forgotten}"] == 85
    waiting = [group for group in EXPECTED["verdicts"] if group["why"].endswith("from 3 March to 11 April 2025")]
    clauses = {clause.id: clause for clause in demo[1].data.manifest.clauses}
    assert [clauses[name].unknown for group in waiting for name in group["clauses"]] == [85] * 7


@pytest.mark.parametrize(
    ("inputs", "pack", "clause", "pattern", "new", "fact"),
    [
        ("otel/2025-q4.jsonl.gz", "anthropic", "anthropic/supported-regions-policy/majority-owner",
         r"^  owner_country: .*\n  owner_share: .*\n", "", "organisation.owner_share"),
        ("app/2025.jsonl.gz", "openai", "openai/services-agreement/trade-controls",
         r"^  data.export_controlled: false\n", "", "data.export_controlled"),
        ("litellm/2025-03.jsonl.gz", "meta", "meta/llama-3-licence/display-text",
         r"(?<=model: fernweh-mini, domain: travel), audience: internal", "", "application.audience"),
    ],
)  # fmt: skip
def test_what_is_not_declared_is_unknown(tmp_path, inputs, pack, clause, pattern, new, fact):
    assert _verdicts(_replay(LOGS / inputs, _declare(tmp_path), pack))[clause] == "clear"
    without = _replay(LOGS / inputs, _declare(tmp_path, pattern, new), pack)
    result = next(item for item in without.data.manifest.clauses if item.id == clause)
    assert result.verdict == "undetermined"
    assert fact in result.missing_facts


@pytest.mark.parametrize(
    ("stream", "clause", "days"),
    [
        ("sentiment-labels", "anthropic/usage-policy/no-model-training",
         {"2025-09-14": ("aup-2024", "suspected"), "2025-09-15": ("aup-2025", "breach")}),
        ("whatsapp-bot", "anthropic/usage-policy/chatbot-disclosure",
         {"2025-09-14": ("aup-2024", "breach"), "2025-09-15": ("aup-2025", "breach")}),
        ("cv-screening", "openai/usage-policies/high-stakes-decisions",
         {"2025-10-28": ("up-2024", "breach"), "2025-10-29": ("up-2025", "breach")}),
        ("sick-notes", "openai/services-agreement/health-data",
         {"2025-05-30": ("bt-2023", "breach"), "2025-05-31": ("sa-2025", "breach")}),
        ("spring-trial", "openai/services-agreement/supported-countries",
         {"2025-05-30": (None, "not_applicable"), "2025-05-31": (None, "undetermined")}),
    ],
)  # fmt: skip
def test_the_day_of_a_record_decides_the_version(tmp_path, stream, clause, days):
    call = generate.calls_of(next(s for s in generate.GATEWAY if s.name == stream))[0]
    # Models that were trained on these calls are findings of their own; here only the call counts.
    config = _declare(tmp_path, r", trained_on: \[\{dataset: moods(.|\n)*?\]\}\n", "}\n")
    for day, expected in days.items():
        moved = replace(call, at=generate.epoch(day) + (86_399.5 if day.endswith(("14", "28", "30")) else 0.0))
        log = tmp_path / f"{day}.jsonl"
        log.write_text(json.dumps(generate.payload(moved)) + "\n", encoding="utf-8")
        run = _replay(log, config, clause.split("/")[0])
        result = next(item for item in run.data.manifest.clauses if item.id == clause)
        cited = [finding.clause_version for finding in run.data.findings if finding.clause == clause]
        assert (cited, result.verdict) == ([expected[0]] if expected[0] else [], expected[1])
