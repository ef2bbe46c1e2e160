"""The command line as a user meets it: what it prints, where, and with which exit code."""

import gzip
import json
import subprocess
import sys

import pyarrow
import pyarrow.parquet
import pytest

from auditor.cli import VERBS
from auditor.facts.declarations import load_config
from tests.conftest import PACK, ROOT

BREACH = {"application.purpose": "training", "application.model.competes": True, "application.model.kind": "generative"}
PROVIDERS = {
    "openai", "anthropic", "google", "meta", "mistral", "deepseek", "xai", "cohere", "aws", "microsoft", "alibaba", "github",
    "perplexity", "openrouter", "together", "fireworks", "replicate", "cursor", "huggingface", "stability", "moonshot",
    "black-forest-labs", "minimax", "nvidia", "datasets", "signals",
}  # fmt: skip
CLEAN = {
    "application.purpose": "evaluation",
    "application.audience": "internal",
    "api_key.id": "k",
    "geo.country.iso_code": "DE",
}


def test_every_verb_has_help(auditor):
    listing = auditor("--help").stdout
    for verb in VERBS:
        assert f"  {verb} " in listing
        assert auditor(verb, "--help").returncode == 0


def test_version_and_unknown_verbs(auditor):
    assert auditor("--version").stdout.startswith("auditor, version ")
    wrong = auditor("reply")
    assert wrong.returncode == 2
    assert "No such command 'reply'" in wrong.stderr


def test_starting_up_imports_nothing_heavy():
    heavy = ["duckdb", "sqlglot", "pydantic", "jinja2", "numpy", "rich", "re2", "yaml"]
    code = (
        f"import sys; from auditor.cli import run; run(['--version']); print([m for m in {heavy} if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"


def test_replay_prints_the_opinion_the_counts_and_the_way_on(auditor, records, tmp_path):
    done = auditor("replay", records(BREACH, CLEAN), "--policies", PACK, "--out", "run", "--now", "2026-01-15")
    assert done.returncode == 1, done.stderr
    assert "1 clause is breached" in done.stdout
    assert "2 records = 2 assessed + 0 unknown" in done.stdout
    assert "acme/terms/no-competing-models" in done.stdout
    assert "Run folder: run" in done.stdout
    assert done.stderr == ""
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "coverage.json",
        "duplicates.parquet",
        "findings.jsonl",
        "hits.parquet",
        "ledger.jsonl",
        "rejects.jsonl",
        "run.json",
    ]


def test_replay_without_a_terminal_shows_no_colour_and_no_progress(auditor, records):
    done = auditor("replay", records(BREACH), "--policies", PACK, "--out", "run")
    assert "\x1b" not in done.stdout + done.stderr


def test_replay_as_json_is_the_manifest_and_quiet_is_silent(auditor, records, tmp_path):
    path = records(BREACH)
    done = auditor("replay", path, "--policies", PACK, "--out", "run", "--output-format", "json")
    assert json.loads(done.stdout) == json.loads((tmp_path / "run" / "run.json").read_text())
    assert auditor("replay", path, "--policies", PACK, "--out", "two", "--quiet").stdout == ""


def test_fail_on_and_min_coverage_decide_the_exit_code(auditor, records, tmp_path):
    def code(path, *options):
        out = f"run{len(list(tmp_path.glob('run*')))}"
        return auditor("replay", path, "--policies", PACK, "--out", out, *options).returncode

    shared = [{**CLEAN, "geo.country.iso_code": country} for country in ("DE", "FR")]
    assert code(records(*shared)) == 0, "a medium finding does not fail a run by default"
    assert code(records(*shared), "--fail-on", "medium") == 1
    assert code(records({"application.purpose": "support"}), "--min-coverage", "99") == 3
    assert code(records({"gen_ai.provider.name": "other"})) == 3


def test_standard_input_is_read(auditor, records):
    done = auditor("replay", "-", "--policies", PACK, "--out", "run", stdin=records(BREACH).read_text())
    assert done.returncode == 1, done.stderr


def test_reports_are_written_with_the_run_and_again_from_its_folder(auditor, records, tmp_path):
    auditor(
        "replay",
        records(BREACH),
        "--policies",
        PACK,
        "--out",
        "run",
        "--report",
        "html=a.html",
        "--report",
        "csv=a.csv",
    )
    auditor("report", "run", "--format", "html", "--out", "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert (
        auditor("report", "run", "--format", "csv").stdout.splitlines() == (tmp_path / "a.csv").read_text().splitlines()
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["replay", "absent.jsonl"], "absent.jsonl"),
        (["replay", "x.jsonl", "--policies", "opnai"], "did you mean 'openai'?"),
        (["replay", "x.jsonl", "--config", "absent.yaml"], "cannot read absent.yaml"),
        (["replay", "x.jsonl", "--terms", "newest"], "use in-force, latest or a date"),
        (["replay", "x.jsonl", "--since", "yesterday"], "write it as 2025-09-01"),
        (["replay", "x.jsonl", "--report", "pdf=x"], "html, md, json, jsonl, csv"),
        (["replay", "x.jsonl", "--report", "html=."], "it is a folder"),
        (["report", "nowhere", "--format", "md"], "is no run folder"),
        (["explain", "openai/nothing"], "no clause or rule 'openai/nothing'"),
        (["explain", "f-0000"], "is no run folder"),
        (["policy", "show", "meta/llama-3-license"], "did you mean 'meta/llama-3-licence'?"),
        (["policy", "check", "nowhere.yaml"], "no policy pack or path"),
    ],
)
def test_faults_are_words_with_exit_2_and_never_a_traceback(auditor, tmp_path, arguments, told):
    (tmp_path / "x.jsonl").write_text('{"record.id": "1"}\n')
    done = auditor(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "auditor-runs").exists()


def test_explain_a_rule_a_clause_and_a_finding(auditor, records, tmp_path):
    clause = auditor("explain", "acme/terms/no-competing-models", "--policies", PACK).stdout
    assert "exception: Classifiers that stay in the company are allowed since 2024." in clause
    assert clause.count("  rule ") == 3
    rule = auditor("explain", "acme/terms/one-user-a-key/many-countries", "--policies", PACK).stdout
    assert "distinct: geo.country.iso_code" in rule
    auditor("replay", records(BREACH), "--policies", PACK, "--out", "auditor-runs/run")
    finding = json.loads((tmp_path / "auditor-runs/run/findings.jsonl").read_text().splitlines()[0])
    told = auditor("explain", finding["id"], "--policies", PACK).stdout
    assert finding["summary"] in told
    assert "records.jsonl, line 1, record r1" in told


def test_init_without_logs_names_the_models_that_training_files_make(auditor, tmp_path):
    (tmp_path / "training").mkdir()
    evil = "x\\n  y: {competes: true}"
    config = f'base_model: m/m\ndatasets: [{{path: tatsu-lab/alpaca}}, {{path: "{evil}"}}]\nhub_model_id: acme/helper\n'
    (tmp_path / "training/sft.yml").write_text(config)
    done = auditor("init")
    assert "with 1 model;" in done.stdout and "auditor guard" in done.stdout
    models = load_config(tmp_path / "auditor.yaml").declarations.models
    assert models == {"acme/helper": {"paths": ["training/sft.yml"]}}
    text = (tmp_path / "auditor.yaml").read_text()
    for stated in ("kind: generative", "competes: true", "distributed: false"):
        text = text.replace(f"    # {stated}  ", f"    {stated}  ", 1)
    (tmp_path / "auditor.yaml").write_text(f"{text}\nauthorisations: []\n")
    assert auditor("guard").returncode == 1


def test_init_writes_a_starter_that_loads_and_names_the_keys_found(auditor, records, tmp_path):
    path = records({"api_key.id": 'k"1: [evil]', "service.name": "web"}, {"api_key.id": "k2"}, {"api_key.id": "k2"})
    done = auditor("init", path)
    assert done.returncode == 0, done.stderr
    assert "2 keys, 0 projects, 1 services" in done.stdout
    text = (tmp_path / "auditor.yaml").read_text()
    assert text.index('"k2": {}  # 2 calls') < text.index('"k\\"1: [evil]": {}  # 1 call')
    assert auditor("replay", path, "--policies", PACK, "--out", "run").returncode in (0, 1)
    assert auditor("init", path).returncode == 2, "an existing file is kept"


def test_policy_verbs(auditor):
    listed = json.loads(auditor("policy", "list", "--output-format", "json").stdout)
    assert {row["id"].split("/")[0] for row in listed} >= PROVIDERS
    assert all(row["clauses"] and row["versions"] and row["rules"] + row["by_hand"] for row in listed)
    assert "1 packs, 1 documents, 5 clauses, 7 rules: no faults" in auditor("policy", "check", PACK).stdout
    assert auditor("policy", "test", PACK).stdout == "21 of 21 policy tests passed\n"
    assert auditor("policy", "show", "acme/terms", "--policies", PACK).stdout.startswith("provider: acme")
    for what in ("document", "list", "usage", "training"):
        assert json.loads(auditor("policy", "schema", what).stdout)["type"] == "object"


def test_sources_lists_every_format(auditor):
    from auditor.sources import SOURCES

    listed = json.loads(auditor("sources", "--output-format", "json").stdout)
    assert [item["name"] for item in listed] == list(SOURCES)
    assert all(name in auditor("sources").stdout for name in SOURCES)


def test_sources_tells_the_facts_of_a_format(auditor):
    done = auditor("sources", "--facts", "bedrock")
    assert "gen_ai.usage.input_tokens" in done.stdout
    wrong = auditor("sources", "--facts", "bedrok")
    assert (wrong.returncode, "there is no format 'bedrok'" in wrong.stderr) == (2, True)


def test_inspect_says_what_there_is_what_can_be_decided_and_what_to_declare(auditor, records, tmp_path):
    day = {"timestamp": "2024-06-05T00:00:00Z", "gen_ai.request.model": "unheard-of-1", "own.field": 1}
    path = records(CLEAN, {"api_key.id": "k"} | day, {"timestamp": "never"})
    done = auditor("sources", "inspect", path, "--policies", PACK)
    assert done.returncode == 0, done.stderr
    assert "flat, 2 calls" in done.stdout
    assert "1 rejected" in done.stdout
    assert "days without records: 2024-06-02 to 2024-06-04" in done.stdout
    assert "fields that become no fact: own.field" in done.stdout
    assert "acme/terms/no-competing-models/purpose-since-2024: needs application.model.competes" in done.stdout
    assert "unheard-of-1" in done.stdout
    assert list(tmp_path.iterdir()) == [path]
    found = json.loads(auditor("sources", "inspect", path, "--policies", PACK, "--output-format", "json").stdout)
    assert found["inputs"][0]["facts"]["record.id"] == 2
    assert found["inputs"][0]["days_without_records"] == ["2024-06-02/2024-06-04"]
    assert {"decided", "partly", "undecided"} == found["rules"].keys()


def test_inspect_of_a_file_that_is_cut_says_so(auditor, tmp_path):
    import gzip

    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps({"record.id": "a"}).encode() + b"\n" * 5000)[:-12])
    done = auditor("sources", "inspect", path)
    assert (done.returncode, "not whole: damaged after" in done.stdout) == (5, True)


def test_a_policy_test_that_fails_is_reported(auditor, tmp_path):
    broken = tmp_path / "acme.yaml"
    broken.write_text(
        PACK.read_text().replace("purpose: support}, expect: clean", "purpose: support}, expect: unknown", 1)
    )
    done = auditor("policy", "test", broken)
    assert done.returncode == 2, "the file no longer has a clean test"
    broken.write_text(
        PACK.read_text().replace(
            "application.model.competes: true}, expect: violation, version: v1",
            "application.model.competes: false}, expect: violation",
        )
    )
    done = auditor("policy", "test", broken)
    assert done.returncode == 1
    assert "expected violation, found clean" in done.stdout


def test_hostile_names_do_not_reach_the_terminal_raw(auditor, records):
    done = auditor("replay", records({"api_key.id": "\x1b[31mred\x07", **BREACH}), "--policies", PACK, "--out", "run")
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout


def test_running_as_a_module_and_from_the_checkout():
    assert subprocess.run(
        [sys.executable, "-m", "auditor", "--version"], cwd=ROOT, capture_output=True, check=True
    ).stdout


def test_the_same_history_under_other_terms(auditor, records):
    path = records(BREACH | {"application.model.kind": "classifier", "application.model.distributed": False})
    for terms, run in (("2023-12-31", "old"), ("2024-01-01", "new")):
        auditor("replay", path, "--policies", PACK, "--out", run, "--terms", terms)
    cleared = auditor("compare", "old", "new")
    assert cleared.returncode == 0
    assert "0 rows newly break" in cleared.stdout
    assert "1 row newly clears: 1 clause, 1 subject" in cleared.stdout
    assert "breach → clear, 1 row cleared" in cleared.stdout
    broken = auditor("compare", "new", "old", "--output-format", "json")
    assert broken.returncode == 1
    (change,) = [change for change in json.loads(broken.stdout)["changes"] if change["broken"]]
    assert (change["clause"], change["broken"]) == ("acme/terms/no-competing-models", 1)


def test_a_draft_is_replayed_before_it_takes_effect(auditor, records, tmp_path):
    draft = tmp_path / "draft.yaml"
    unless = "        unless: {application.model.kind: classifier, application.model.distributed: false}\n"
    exception = (
        "      - {says: Classifiers that stay in the company are allowed since 2024., rules: [purpose-since-2024]}\n"
    )
    text = PACK.read_text()
    assert unless in text
    draft.write_text(text.replace(unless, "").replace("    exceptions:\n" + exception, ""))
    path = records(BREACH | {"application.model.kind": "classifier", "application.model.distributed": False})
    assert auditor("replay", path, "--policies", PACK, "--out", "now").returncode == 0
    assert auditor("replay", path, "--policies", PACK, "--out", "then", "--terms", draft).returncode == 1
    assert "1 row newly breaks" in auditor("compare", "now", "then").stdout
    shown = auditor("policy", "diff", PACK, draft, "--against", "now").stdout
    assert "rule purpose-since-2024 changed" in shown
    assert "1 row newly breaks: 1 clause, 1 subject" in shown


def test_policy_diff_of_two_days(auditor):
    shown = auditor("policy", "diff", "2023-12-31", "2024-01-01", "--policies", PACK)
    assert "version section: 2 → 3" in shown.stdout
    data = json.loads(
        auditor("policy", "diff", "2023-12-31", "2024-01-01", "--policies", PACK, "--output-format", "json").stdout
    )
    assert data["policy"]["before"] == "2023-12-31"
    assert auditor("policy", "diff", "2023-12-31", "nowhere").returncode == 2
    assert auditor("policy", "diff", PACK, PACK).stdout.startswith(f"{PACK} → {PACK}: 0 clauses added")


def test_against_a_run_whose_inputs_changed_is_refused(auditor, records):
    path = records(BREACH)
    auditor("replay", path, "--policies", PACK, "--out", "run")
    path.write_text(path.read_text() + path.read_text())
    done = auditor("policy", "diff", "2023-12-31", "2024-01-01", "--policies", PACK, "--against", "run")
    assert done.returncode == 2
    assert "not as run has read them" in done.stderr


def test_inputs_that_cannot_be_read_are_named_and_end_with_5(auditor, tmp_path):
    line = b'{"record.id": "a", "timestamp": "2026-01-01T00:00:00Z"}\n'
    packed = gzip.compress(b"".join(line.replace(b'"a"', b'"%d"' % number) for number in range(9_000)))
    table = tmp_path / "table.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"record.id": [str(number) for number in range(9_000)]}), table)
    files = {
        "cut.jsonl.gz": packed[: len(packed) // 2], "half.parquet": table.read_bytes()[: table.stat().st_size // 2],
        "binary.jsonl": bytes(range(1, 32)) * 90, "other.jsonl": b'{"a": 1}\n',
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    for name in ("half.parquet", "binary.jsonl", "other.jsonl"):
        done = auditor("replay", tmp_path / name, "--out", tmp_path / "none")
        assert (done.returncode, name in done.stderr) == (5, True), done.stderr
    done = auditor("replay", tmp_path / "other.jsonl", "--format", "bedrock", "--out", tmp_path / "none")
    assert done.returncode == 5 and "other.jsonl: no record of the format bedrock" in done.stderr
    done = auditor("replay", tmp_path / "cut.jsonl.gz", "--out", tmp_path / "run")
    assert done.returncode == 5 and "cut.jsonl.gz" in done.stdout + done.stderr
    assert "damaged after" in done.stdout + done.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["totals"]["records"] > 1_000
    assert not (tmp_path / "none").exists()
    assert (
        auditor("replay", tmp_path / "half.parquet", tmp_path / "missing", "--out", tmp_path / "none").returncode == 2
    )
