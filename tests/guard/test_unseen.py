"""Data that nearly passed unseen, and input that nearly broke the check: each must stop, be unknown, or be told."""

import csv
import io
import json
import os
import time

import pytest

from auditor.errors import AuditorError, ExitCode
from auditor.guard.reports import FORMATS, render
from tests.guard.project import Project, stops

OPENAI = "openai/services-agreement/no-competing-models"
LICENCE = "datasets/dataset-licences/non-commercial-data"
ROW = {"instruction": "q", "output": "a", "generation_model": "gpt-4o"}


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


@pytest.mark.parametrize("name", ["data", "./data", "data/*.jsonl", "data/t*.jsonl"])
def test_a_folder_or_a_pattern_stands_for_the_files_in_it(project, name):
    project.rows("data/t.jsonl", ROW)
    project.sft("rival", name)
    assert (name, "rival", OPENAI) in stops(project.check())


@pytest.mark.parametrize("licence", ["mit AND CC-BY-NC-4.0", "Creative Commons BY-NC 4.0", "(CC BY-NC 4.0)", "NC"])
def test_a_licence_is_non_commercial_wherever_it_says_so(project, licence):
    project.rows("data/t.jsonl", {"output": "a"})
    project.write("data/README.md", f'---\nlicense: "{licence}"\n---\n')
    project.sft("rival", "data/t.jsonl")
    assert ("data/t.jsonl", "rival", LICENCE) in stops(project.check())


@pytest.mark.parametrize("licence", ["mit", "apache-2.0", "cc-by-4.0", "cc-by-sa-4.0", "ncsa", "cc0-1.0"])
def test_other_licences_are_not(project, licence):
    project.rows("data/t.jsonl", {"output": "a"})
    project.write("data/README.md", f"---\nlicense: {licence}\n---\n")
    project.sft("rival", "data/t.jsonl")
    assert stops(project.check()) == set()


@pytest.mark.parametrize(
    "text",
    ["We used GPT-4 to generate all answers.", "GPT-4 wrote the answers.", "All answers were generated with GPT-4o."],
)
def test_a_card_says_who_wrote_the_data_in_many_ways(project, text):
    project.rows("data/t.jsonl", {"output": "a"})
    project.write("data/README.md", f"---\nlicense: mit\n---\n{text}\n")
    project.sft("rival", "data/t.jsonl")
    assert ("data/t.jsonl", "rival", OPENAI) in stops(project.check())


@pytest.mark.parametrize("datasets", ["  - path: {{ dataset }}\n", "  - path: json\n", "  !include other.yml\n"])
def test_a_run_whose_datasets_cannot_be_read_is_not_clean(project, datasets):
    project.write("rival/sft.yml", f"base_model: mistralai/Mistral-7B-v0.1\ndatasets:\n{datasets}")
    report = project.check()
    assert report.unread and report.exit_code(("high", "unknown")) == ExitCode.FINDINGS


def test_commands_in_the_jobs_of_others_are_read(project):
    command = "trl sft --model_name_or_path mistralai/Mistral-7B-v0.1 --dataset_name tatsu-lab/alpaca"
    project.write("rival/job.yml", f"steps:\n  - name: train\n    run: {command}\n")
    assert ("tatsu-lab/alpaca", "rival", OPENAI) in stops(project.check())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data/t.json", json.dumps(ROW) + "\n" + json.dumps(ROW) + "\n"),
        ("data/t.json", "\ufeff" + json.dumps([ROW])),
        ("data/t.csv", "\ufeffgeneration_model,output\ngpt-4o,a\n"),
        ("data/t.jsonl", json.dumps({"tokens": [*range(500)], "tools": [{"a": {"b": 1}}] * 200} | ROW)),
        ("data/t.jsonl", json.dumps({"tools": [{"a": "b"}] * 200, "more": [{"a": "b"}] * 200} | ROW)),
        ("data/t.jsonl", json.dumps({"output": "a", "model_id": "gpt-4o-2024-08-06"})),
    ],
)
def test_layouts_of_data(project, name, content):
    project.write(name, content)
    project.sft("rival", name)
    assert (name, "rival", OPENAI) in stops(project.check())


def test_halves_of_characters_break_nothing(project):
    project.write("data/t.jsonl", '{"output": "\\ud83d", "generation_model": "gpt-4o\\ud83d"}\n')
    project.write("job.json", '{"training_file": "a\\ud800", "model": "gpt-4o"}')
    project.sft("rival", "data/t.jsonl")
    assert project.check().examined.rows == 1


@pytest.mark.parametrize("format_", FORMATS)
def test_names_of_files_may_hold_any_byte(project, format_):
    name = os.fsdecode(b"rival/t\xff.jsonl")
    project.rows(name, ROW)
    report = project.check()
    assert (name, "rival", OPENAI) in stops(report)
    assert b"jsonl" in render(report, format_).encode()


def test_a_named_pipe_is_not_opened(project):
    os.mkfifo(project.root / "x.json")
    project.sft("rival", "tatsu-lab/alpaca")
    assert stops(project.check())


def test_a_name_that_no_file_can_have(project):
    project.sft("rival", "x" * 3000, "tatsu-lab/alpaca")
    assert stops(project.check())


def test_long_fields_of_added_rows(project):
    project.git("init", "-q")
    text = io.StringIO()
    csv.writer(text).writerows([["output", "generation_model"], ["x" * 200_000, "gpt-4o"]])
    project.write("rival/t.csv", text.getvalue())
    project.git("add", "-A")
    assert ("rival/t.csv", "rival", OPENAI) in stops(project.check(staged=True))


def test_data_that_is_deleted_is_no_matter(project):
    project.git("init", "-q")
    project.rows("rival/t.jsonl", ROW)
    project.git("add", "-A")
    project.git("commit", "-qm", "x")
    project.git("rm", "-q", "rival/t.jsonl")
    report = project.check(staged=True)
    assert (report.unread, report.exit_code(("high", "unknown"))) == ((), ExitCode.OK)


def test_data_that_is_added_to_a_folder_which_a_committed_configuration_names(project):
    project.git("init", "-q")
    project.sft("rival", "data/answers")
    project.git("add", "-A")
    project.git("commit", "-qm", "x")
    project.rows("data/answers/part-001.jsonl", ROW)
    project.git("add", "-A")
    assert ("data/answers", "rival", OPENAI) in stops(project.check(staged=True))


def test_a_change_of_the_declarations_concerns_everything(project):
    project.sft("student", "tatsu-lab/alpaca")
    project.git("init", "-q")
    project.git("add", "-A")
    project.git("commit", "-qm", "x")
    config = project.root / "auditor.yaml"
    config.write_text(config.read_text().replace("student/**", "nothing/**").replace("rival/**", "student/**"))
    project.git("add", "-A")
    assert ("tatsu-lab/alpaca", "rival", OPENAI) in stops(project.check(staged=True))


def test_the_base_may_be_a_checkpoint_of_a_run(project):
    project.write("student/sft.yml", "base_model: a/b\ndatasets:\n  - path: tatsu-lab/alpaca\noutput_dir: ./runs/one\n")
    project.sft("rival", "acme/own", base="./runs/one/checkpoint-1200")
    assert ("tatsu-lab/alpaca", "rival", OPENAI) in stops(project.check())


def test_what_a_source_records_is_not_declared_away(project):
    project.write(
        "auditor.yaml",
        (project.root / "auditor.yaml").read_text()
        + "datasets:\n  acme/answers: {generators: [], derived_from: [data/t.jsonl]}\n",
    )
    project.rows("data/t.jsonl", ROW)
    project.sft("rival", "acme/answers")
    assert ("acme/answers", "rival", OPENAI) in stops(project.check())


@pytest.mark.parametrize("name", ["data/t.parquet", "data/t.arrow"])
def test_damaged_tables_are_told(project, name):
    duckdb = pytest.importorskip("duckdb")
    pa = pytest.importorskip("pyarrow")
    rows = [{"output": f"answer {i}" * 50, "generation_model": "gpt-4o", "file_row_number": i} for i in range(500)]
    place = project.write(name, b"")
    table = pa.Table.from_pylist(rows)
    if name.endswith(".arrow"):
        with pa.ipc.new_file(place, table.schema) as file:
            file.write_table(table)
    else:
        duckdb.from_arrow(table).write_parquet(str(place))
    content = place.read_bytes()
    project.sft("rival", name)
    assert (name, "rival", OPENAI) in stops(project.check(full=True))
    told = 0
    for at in range(10, len(content), len(content) // 12):
        place.write_bytes(content[:at] + b"\xff\xfe\x7f" + content[at + 3 :])
        told += any("damaged" in item.why or "not " in item.why for item in project.check(full=True).unread)
    assert told  # damage to text alone is not seen by any reader


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_configurations_in_other_encodings(project, encoding):
    project.write("rival/sft.yml", "base_model: a/b\ndatasets:\n  - path: tatsu-lab/alpaca\n".encode(encoding))
    assert ("tatsu-lab/alpaca", "rival", OPENAI) in stops(project.check())


def test_every_document_of_a_file_is_read(project):
    first = "base_model: a/b\ndatasets:\n  - path: acme/own\n"
    project.write("rival/sft.yml", f"seed: 1\n---\n{first}---\n{first.replace('acme/own', 'tatsu-lab/alpaca')}")
    finding = next(item for item in project.check().findings if item.finding.clause == OPENAI)
    assert finding.places[0].line == 9


def test_a_damaged_sidecar_is_not_understood(project):
    project.write("data/t.jsonl.provenance.yml", "generators: [gpt-4o\n")
    (unread,) = project.check().unread
    assert unread.place.file == "data/t.jsonl.provenance.yml"


def test_a_hook_without_git_fails(project):
    with pytest.raises(AuditorError, match="which --staged and hooks need"):
        project.check(environ={"PRE_COMMIT": "1"})


@pytest.mark.parametrize("more", [["--reason", "x", "--approver", "Dr. A"], ["--reason", "agreed", "--approver", "B"]])
def test_waivers_that_say_nothing_are_faults(project, auditor, more):
    done = auditor(
        "waive", "f-0123456789abcdef", "--expires", "2099-12-31", "--config", str(project.root / "auditor.yaml"), *more
    )
    assert done.returncode == ExitCode.USAGE and "at least 3 characters" in done.stderr


@pytest.mark.parametrize("name", ["data/t.jsonl", "data"])
def test_data_that_git_ignores_is_looked_into_where_it_lies_on_the_disk(project, name):
    project.git("init", "-q")
    project.write(".gitignore", "data/\n")
    project.rows("data/t.jsonl", ROW)
    project.sft("rival", name)
    assert (name, "rival", OPENAI) in stops(project.check())
    assert project.check("data/t.jsonl").examined.rows == 1


def test_the_nearest_card_speaks_for_data(project):
    project.write("README.md", "---\nlicense: mit\nlanguage_creators: [found]\n---\n")
    project.write("data/README.md", "---\nlicense: cc-by-nc-4.0\n---\nGPT-4 wrote the answers.\n")
    project.rows("data/t.jsonl", {"output": "a"})
    project.sft("rival", "data/t.jsonl")
    assert {clause for *_, clause in stops(project.check())} == {OPENAI, LICENCE}


def test_data_that_only_measures_trains_nothing(project):
    project.rows("rival/eval.jsonl", ROW)
    project.sft("rival", "acme/own", more="test_datasets:\n  - path: rival/eval.jsonl\n")
    assert stops(project.check()) == set()


def test_a_new_run_on_old_data_is_told_of_all_of_it(project):
    project.git("init", "-q")
    project.rows("data/t.jsonl", ROW)
    project.git("add", "-A")
    project.git("commit", "-qm", "x")
    project.rows("data/t.jsonl", ROW, {"output": "b"})
    project.sft("rival", "data/t.jsonl")
    project.git("add", "-A")
    assert ("data/t.jsonl", "rival", OPENAI) in stops(project.check(staged=True))


def test_each_run_in_a_file_counts_with_its_own_base(project):
    run = "trl sft --dataset_name acme/x --model_name_or_path "
    project.write("rival/run.sh", f"{run}mistralai/Mistral-7B-v0.1\n{run}Qwen/Qwen2.5-3B\n")
    alone = Project(project.root / "alone")
    alone.write("rival/run.sh", f"{run}Qwen/Qwen2.5-3B\n")
    assert stops(alone.check()) and stops(alone.check()) <= stops(project.check())


@pytest.mark.parametrize("provider", ["opnai", "our-gateway", "Azure OpenAI"])
def test_a_provider_that_nobody_knows_is_unknown_and_not_somebody_else(project, provider):
    project.rows("data/t.jsonl", ROW)
    project.write("data/t.jsonl.provenance.yml", f"generator_providers: [{provider}]\nlicence: MIT\n")
    project.sft("rival", "data/t.jsonl")
    report = project.check()
    assert any(
        question.clause.endswith("no-competing-models") for item in report.undecided for question in item.questions
    )
    assert report.exit_code(("high", "unknown")) == ExitCode.FINDINGS


def test_nobody_but_its_maker_hosts_a_closed_model(project):
    project.rows("data/t.jsonl", ROW)
    project.write("data/t.jsonl.provenance.yml", "route: self-hosted\nlicence: MIT\n")
    project.sft("rival", "data/t.jsonl")
    assert project.check().exit_code(("high", "unknown")) == ExitCode.FINDINGS


@pytest.mark.parametrize("more", ["teacher: gpt-4o\n", "kd: {teacher_model: gpt-4o}\n", "generator_model: gpt-4o\n"])
def test_teachers_under_keys_that_a_format_does_not_have(project, more):
    project.sft("rival", "acme/own", more=more)
    assert ("output of gpt-4o", "rival", OPENAI) in stops(project.check())


MODEL: dict[str, object] = {"type": "machine-learning-model", "name": "rival"}
CARD = {"modelCard": {"modelParameters": {"datasets": [{"type": "dataset", "name": "tatsu-lab/alpaca"}]}}}
ALPACA = {"type": "data", "name": "tatsu-lab/alpaca", "bom-ref": "d"}


@pytest.mark.parametrize(
    "bom",
    [
        {"components": [MODEL | CARD]},
        {"metadata": {"component": MODEL | CARD}},
        {"components": [{"type": "application", "name": "x", "components": [MODEL | CARD]}]},
        {"components": [MODEL | {"bom-ref": "m"}, ALPACA], "dependencies": [{"ref": "m", "dependsOn": ["d"]}]},
    ],
)
def test_models_and_data_anywhere_in_a_bill_of_materials(project, bom):
    project.write("rival/bom.json", json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6"} | bom))
    assert ("tatsu-lab/alpaca", "rival", OPENAI) in stops(project.check())


@pytest.mark.parametrize("model", ["mistralai/Mistral-7B-v0.1", "meta-llama/Llama-3.1-8B", "acme/base"])
def test_a_job_with_the_keys_of_openai_is_not_openais_for_another_model(project, model):
    project.rows("data/t.jsonl", ROW)
    project.write("rival/job.yml", f"model: {model}\ntraining_file: data/t.jsonl\nsuffix: rival\n")
    assert ("data/t.jsonl", "rival", OPENAI) in stops(project.check())


def test_data_of_a_stage_that_is_named_after_a_model_is_data(project):
    project.write(
        "dvc.yaml",
        "stages:\n  gen: {cmd: python gen.py --model gpt-4o, outs: [data/model_answers.jsonl]}\n"
        "  train: {cmd: python train.py, deps: [data/model_answers.jsonl], outs: [models/rival]}\n",
    )
    assert ("data/model_answers.jsonl", "rival", OPENAI) in stops(project.check())


@pytest.mark.parametrize("start", ["!", "%%bash\n"])
def test_commands_in_notebooks(project, start):
    source = f"{start}trl sft --model_name_or_path a/b --dataset_name tatsu-lab/alpaca"
    project.write("rival/x.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": source}]}))
    assert ("tatsu-lab/alpaca", "rival", OPENAI) in stops(project.check())


def test_many_documents_in_a_file_take_no_time(project):
    run = "base_model: a/b\ndatasets:\n  - path: tatsu-lab/alpaca\n"
    project.write("rival/sft.yml", run + "---\na: 1\n" * 200_000)
    start = time.process_time()
    report = project.check()
    assert stops(report) and report.unread and time.process_time() - start < 20  # quadratic would be minutes
