"""Files in formats, layouts and words that nobody told us of: each stops, or is unknown, and none of them is clean."""

import gzip
import json
import os
import shutil

import pytest

from auditor.errors import ExitCode
from auditor.guard.data.tables import SAMPLE
from auditor.guard.inventory import as_cyclonedx
from auditor.guard.outcome import FailOn, Report
from auditor.guard.reports import render
from tests.guard.project import Project, stops

OPENAI = "openai/services-agreement/no-competing-models"
ROW = {"instruction": "q", "output": "a", "generation_model": "gpt-4o"}
PLAIN = {"instruction": "q", "output": "a"}
LICENCE = "datasets/dataset-licences/non-commercial-data"
UNKNOWN: tuple[FailOn, ...] = ("high", "unknown")


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


BASE = "mistralai/Mistral-7B-v0.1"
FILES = [
    ("c.toml", f'base_model = "{BASE}"\nlearning_rate = 1e-5\n[data]\ndataset_name = "tatsu-lab/alpaca"\n'),
    ("c.yaml", "defaults: base.yaml\ndata:\n  dataset_name: tatsu-lab/alpaca\n"),
    ("data/alpaca.yaml", "dataset_name: tatsu-lab/alpaca\n"),
    ("c.yaml", f"model_name_or_path: {BASE}\ndataset_mixer_list: [tatsu-lab/alpaca, '1.0']\nlearning_rate: 1e-5\n"),
    ("c.yaml", f"model: {BASE}\ntrain: true\ndata: tatsu-lab/alpaca\nlearning_rate: 1e-5\n"),
    ("c.yaml", f"checkpoint_dir: {BASE}\ndata: {{class_path: litgpt.data.Alpaca}}\ntrain: {{epochs: 3}}\nlora_r: 8\n"),
    ("c.yaml", f"pretrain: {BASE}\nprompt_data: tatsu-lab/alpaca\nlearning_rate: 1e-5\n"),
    ("c.json", json.dumps({"modelName": BASE, "datasetName": "tatsu-lab/alpaca", "learningRate": 1e-5})),
    ("c.yaml", "dataset_name: tatsu-lab/alpaca\nlearning_rate: 1e-5\nnum_train_epochs: 1\noutput_dir: out\n"),
    ("job.json", json.dumps({"baseModelIdentifier": "amazon.nova", "x": {"teacherModelIdentifier": "claude-3-opus"}})),
    ("job.yaml", "spec: {containers: [{args: [--dataset_name, tatsu-lab/alpaca]}]}\n"),
    ("c.yaml", f"sft: {{model_name_or_path: {BASE}, path: tatsu-lab/alpaca}}\n"),
    ("c.yml", f"base_model: {BASE}\ndatasets: [{{path: acme/x}}]\ndataset_name: tatsu-lab/alpaca\n"),
    ("c.yml", f"base_model: {BASE}\ndatasets: [{{path: acme/x}}]\nextra: {{more: [tatsu-lab/alpaca]}}\n"),
    ("c.yml", f"base_model: {BASE}\ndatasets: [tatsu-lab/alpaca]\n"),
    ("c.yml", f"base_model: {BASE}\ndatasets: [{{path: acme/x}}]\nkd: {{teacher: gpt-4o}}\n"),
    ("c.yml", f"base_model: {BASE}\ndatasets: [{{path: acme/x}}, {{pth: acme/own}}]\n"),
    ("c.yml", f"base_model: {BASE}\ndataset: acme/x\noutput_dir: out\n"),
    ("c.ini", "[train]\ndataset = tatsu-lab/alpaca\n"),
    ("c.yaml.j2", "dataset_name: tatsu-lab/alpaca\nmodel: {{ model }}\n"),
    ("c.yml", f"base_model: {BASE}\ndatasets: [{{path: acme/x}}]\nhelper: {{model: gpt-4o}}\n"),
    ("Dockerfile", 'CMD ["trl", "sft", "--dataset_name", "tatsu-lab/alpaca", "--model_name_or_path", "a/b"]\n'),
    ("run.sh", "ssh gpu 'trl sft --dataset_name tatsu-lab/alpaca --model_name_or_path a/b'\n"),
    ("run.sh", "accelerate launch -m trl.scripts.sft --dataset_name=tatsu-lab/alpaca --model_name_or_path=a/b\n"),
    ("run.sh", "python train.py --data tatsu-lab/alpaca --weights a/b\n"),
    (
        "t.py",
        "import pandas\nSFTTrainer(model='a/b', train_dataset=Dataset.from_pandas(pandas.read_json('x.jsonl')))\n",
    ),
    ("t.py", "subprocess.run(['trl', 'sft', '--dataset_name', 'tatsu-lab/alpaca'])\n"),
    ("t.py", "SFTTrainer(model='a/b',\n"),
    ("t.py", "m = AutoModel.from_pretrained('a/b')\nd = load_dataset('tatsu-lab/alpaca')\nloss(m, d).backward()\n"),
    ("t.py", "SFTTrainer(model='a/b', train_dataset=load_dataset('tatsu-lab/alpaca', split='test+train'))\n"),
    ("c.yaml", f"model: {BASE}\n\ttrain_data: tatsu-lab/alpaca\nlr: 1\n"),
    (
        "t.py",
        "from trl import SFTTrainer\nfrom datasets import load_dataset\n"
        "SFTTrainer(model='a/b', train_dataset=load_dataset(pick(['tatsu-lab/alpaca'])))\n",
    ),
    ("dvc.yaml", "stages: {train: {cmd: python train.py, deps: [${item}], outs: [models/h]}}\n"),
    (
        "dvc.yaml",
        "stages: {t: {cmd: trl sft --dataset_name tatsu-lab/alpaca --model_name_or_path a/b, outs: [out/h]}}\n",
    ),
]


@pytest.mark.parametrize(("name", "text"), FILES)
def test_no_configuration_is_clean(project, name, text):
    project.write(f"rival/{name}", text)
    assert project.check().exit_code(UNKNOWN) == ExitCode.FINDINGS


STOPS = [
    ("c.toml", FILES[0][1]),
    ("c.yaml", f"model_name_or_path: {BASE}\ndataset_mixer_list: [tatsu-lab/alpaca, '1.0']\nlearning_rate: 1e-5\n"),
    ("c.json", json.dumps({"modelName": BASE, "datasetName": "tatsu-lab/alpaca", "learningRate": 1e-5})),
    ("job.json", json.dumps({"baseModelIdentifier": "amazon.nova", "x": {"teacherModelIdentifier": "claude-3-opus"}})),
    ("c.yml", f"base_model: {BASE}\ndatasets: [{{path: acme/x}}]\nkd: {{teacher: gpt-4o}}\n"),
    (
        "dvc.yaml",
        "stages: {t: {cmd: trl sft --dataset_name tatsu-lab/alpaca --model_name_or_path a/b, outs: [out/h]}}\n",
    ),
    ("dvc.yaml", "stages: {t: {cmd: python train.py --teacher gpt-4o, deps: [d.jsonl], outs: [models/h]}}\n"),
    ("Dockerfile", 'CMD ["trl", "sft", "--dataset_name", "tatsu-lab/alpaca", "--model_name_or_path", "a/b"]\n'),
    ("run.sh", "ssh gpu 'trl sft --dataset_name tatsu-lab/alpaca --model_name_or_path a/b'\n"),
    ("t.py", "SFTTrainer(model='a/b', train_dataset=load_dataset('tatsu-lab/alpaca', split='test+train'))\n"),
    ("t.py", "m = AutoModel.from_pretrained('a/b')\nd = load_dataset('tatsu-lab/alpaca')\nloss(m, d).backward()\n"),
]


@pytest.mark.parametrize(("name", "text"), STOPS)
def test_usual_keys_are_enough_to_stop(project, name, text):
    project.write(f"rival/{name}", text)
    assert project.check().blocking()


def test_what_is_unknown_can_be_accepted(project):
    text = "# auditor: allow unknown reason=only evaluated until=2027-01-01\nx: {path: tatsu-lab/alpaca}\n"
    project.write("rival/c.yml", text)
    report = project.check()
    assert not report.unread and any("accepted until 2027-01-01" in notice for notice in report.notices)
    project.write("rival/c.yml", text.replace("2027", "2026"))
    assert project.check().unread
    project.write("rival/c.yml", text.replace("allow", "alow"))
    report = project.check()
    assert report.unread and any("'auditor: alow' is not known" in notice for notice in report.notices)


def test_files_without_training_stay_out_of_it(project):
    project.write("package.json", json.dumps({"name": "x", "scripts": {"train": "x"}, "dependencies": {"a/b": "1"}}))
    project.write("mkdocs.yml", "site_name: x\nnav: [{a: docs/a.md}]\n")
    project.write("pyproject.toml", '[project]\nname = "x"\n[tool.ruff]\nline-length = 120\n')
    report = project.check()
    assert not report.unread and not report.findings and not report.undecided


PEOPLE = "---\nlicense: mit\nlanguage_creators: [found]\ntask_categories: [text-generation]\n%s---\n%s\n"


def with_card(project: Project, card: str) -> Report:
    """Check a run on plain rows beside which a card lies."""
    project.rows("data/t.jsonl", PLAIN)
    project.write("data/README.md", card)
    project.sft("rival", "data/t.jsonl")
    return project.check()


@pytest.mark.parametrize(
    "text",
    [
        "The answers were generated\nby GPT-4.",
        "Answers: GPT-4o (temperature 0.7).",
        "| Generator | GPT-4 |",
        "Generator model: gpt-4o",
        "The answers were generated with GPT 4 and others.",
        "Answers were generated with GPT-4o and duplicates were removed.",
        "All answers were generated by GPT-4 without human review.",
    ],
)
def test_cards_that_name_the_writer_stop(project, text):
    assert ("data/t.jsonl", "rival", OPENAI) in stops(with_card(project, PEOPLE % ("", text)))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("", "All completions come from the OpenAI API."),
        ("", "The dataset was distilled from other sets."),
        ("", "Die Antworten stammen von GPT‑4."),
        ("source_datasets: [acme/unheard-of]\n", ""),
        ("tags: ['generator:gpt-4o']\n", ""),
    ],
)
def test_a_doubt_leaves_it_open_whether_people_wrote_it(project, key, text):
    report = with_card(project, PEOPLE % (key, text))
    assert report.undecided and report.exit_code(UNKNOWN) == ExitCode.FINDINGS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Collected for training language models.",
        "Written by Claude Monet to his friends.",
        "The questions were written by people, to produce hard cases for models such as GPT-4.",
        "The answers are not from GPT-4; they were written by people.",
        "Written to judge the answers of GPT-4.",
    ],
)
def test_a_card_of_people_is_believed(project, text):
    report = with_card(project, PEOPLE % ("", text))
    assert not report.blocking()
    assert any(name in text for name in ("Claude", "GPT")) == bool(report.undecided)


def test_a_card_at_the_top_does_not_say_that_people_wrote_everything(project):
    project.rows("third_party/x/t.jsonl", PLAIN)
    project.write("README.md", PEOPLE % ("", ""))
    project.sft("rival", "third_party/x/t.jsonl")
    assert project.check().undecided


@pytest.mark.parametrize(
    "start", ["\n\n", "<!-- a note -->\n", "\ufeff"], ids=["blank lines", "a comment", "a byte order mark"]
)
def test_front_matter_may_have_something_above_it(project, start):
    assert ("data/t.jsonl", "rival", LICENCE) in stops(with_card(project, f"{start}---\nlicense: cc-by-nc-4.0\n---\n"))


def test_of_several_licences_the_one_that_closes_counts(project):
    report = with_card(project, "---\nlicense: [mit, Research Use Only]\n---\n")
    assert ("data/t.jsonl", "rival", LICENCE) in stops(report)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.json", json.dumps({"data": [ROW]})),
        ("t.json", json.dumps({"train": [PLAIN], "validation": [ROW]})),
        ("t.json", json.dumps({"output": ["a"], "generation_model": ["gpt-4o"]})),
        ("t.csv", "output;generation_model\na;gpt-4o\n"),
        ("t.csv", "sep=;\noutput;generation_model\na;gpt-4o\n"),
        ("t.csv", "\n\noutput, generation_model\na,gpt-4o\n"),
        ("t.csv", "output|generation_model\na|gpt-4o\n"),
        ("t.csv", 'output,meta\na,"{""generation_model"": ""gpt-4o""}"\n'),
        ("t.jsonlines", json.dumps(ROW) + "\n"),
        ("t.jsonl", json.dumps({"output": "a", "chosen-model": "gpt-4o"}) + "\n"),
        ("t.jsonl", json.dumps({"output": "a", "response_gpt4": "b"}) + "\n"),
    ],
)
def test_what_a_run_names_is_looked_into_however_it_is_written(project, name, content):
    project.write(f"data/{name}", content)
    project.write("data/README.md", PEOPLE % ("", ""))
    project.sft("rival", f"data/{name}")
    assert (f"data/{name}", "rival", OPENAI) in stops(project.check())


def test_parquet_with_models_as_bytes(project):
    duckdb = pytest.importorskip("duckdb")
    (project.root / "data").mkdir()
    place = project.root / "data" / "t.parquet"
    duckdb.execute(f"COPY (SELECT 'a' AS output, 'gpt-4o'::BLOB AS model, '\\xFF'::BLOB AS image) TO '{place}'")
    project.sft("rival", "data/t.parquet")
    assert ("data/t.parquet", "rival", OPENAI) in stops(project.check())


@pytest.mark.parametrize("name", ["t.xlsx", "t.jsonl.bz2", "t.txt", "sub/t.tfrecord"])
def test_data_that_is_not_looked_into_is_told(project, name):
    project.write(f"data/{name}", b"x")
    project.write("data/README.md", PEOPLE % ("", ""))
    project.sft("rival", "data" if "/" in name else f"data/{name}")
    report = project.check()
    assert any("not looked into" in unread.why for unread in report.unread)


def test_data_in_a_folder_of_which_git_knows_another_file(project):
    project.git("init", "-q")
    project.write(".gitignore", "data/*.jsonl\n")
    project.write("data/README.md", PEOPLE % ("", ""))
    project.rows("data/t.jsonl", ROW)
    project.sft("rival", "data")
    assert ("data", "rival", OPENAI) in stops(project.check())


def test_a_card_inside_a_folder_speaks_of_the_folder(project):
    project.rows("data/sub/x.jsonl", PLAIN)
    project.write("data/README.md", PEOPLE % ("", ""))
    project.write("data/sub/README.md", "---\nlicense: mit\ntags: [gpt-4]\n---\n")
    project.sft("rival", "data")
    assert ("data", "rival", OPENAI) in stops(project.check())


@pytest.mark.parametrize(
    ("row", "models"),
    [
        ({"text": "a", "author": "Claude"}, 0),
        ({"text": "a", "source": "Gemini"}, 0),
        ({"text": "a", "claude_monet_title": "Water Lilies"}, 0),
        ({"text": "a", "gemini_program": "x"}, 0),
        ({"text": "a", "teacher": "Mrs Smith"}, 0),
        ({"text": "a", "generator": "diesel"}, 0),
        ({"text": "a", "source": "gpt-4"}, 1),
        ({"text": "a", "teacher": "acme/tutor-2"}, 1),
    ],
)
def test_names_of_people_and_things_are_no_models(project, row, models):
    project.rows("rival/t.jsonl", row)
    (item,) = project.check().inputs
    assert len([s for s in item.statements if s.fact == "dataset.generators"]) == models


def test_signs_in_the_text_are_told(project):
    project.rows("rival/t.jsonl", *[{"prompt": "q", "completion": "As an AI language model, I cannot."}] * 3)
    assert any("call themselves a language model" in notice for notice in project.check().notices)


def test_a_provider_of_data_that_people_wrote_is_a_contradiction(project):
    project.rows("data/t.jsonl", PLAIN)
    project.write("data/t.jsonl.provenance.yml", "generators: []\ngenerator_providers: [anthropic]\nlicence: MIT\n")
    project.sft("rival", "data/t.jsonl")
    assert project.check().undecided


@pytest.mark.parametrize("pattern", ["./rival/**", "rival/", "rival", "/rival/**"])
def test_a_models_files_by_their_folder(project, pattern):
    text = (project.root / "auditor.yaml").read_text().replace('"rival/**"', f'"{pattern}"')
    project.write("auditor.yaml", text)
    project.sft("rival", "tatsu-lab/alpaca")
    assert ("tatsu-lab/alpaca", "rival", OPENAI) in stops(project.check())


def test_patterns_and_waivers_that_fit_nothing_are_told(project):
    entry = {"finding": "f-0123456789abcdef0123456789abcdef", "reason": "agreed in writing", "approver": "legal"}
    project.write("waivers.yaml", json.dumps({"waivers": [entry | {"expires": "2027-01-01"}]}))
    project.sft("rival", "acme/x")
    told = [notice for notice in project.check().notices if "fits no" in notice]
    assert len(told) == 3  # the folders of two models, and the waiver
    assert not any("fits no" in notice for notice in project.check("rival").notices)


def test_a_file_with_more_values_than_are_looked_at_is_not_clean(project):
    value = {"base_model": BASE, "x": [0] * 100_000, "datasets": [{"path": "acme/x"}]}
    project.write("rival/c.json", json.dumps(value))
    assert any("those after 100,000" in unread.why for unread in project.check().unread)


def test_merge_keys_end(project):
    keys = "".join(f"  k{i}: {i}\n" for i in range(2_000))
    merges = "".join(f"x{i}:\n  <<: *a\n" for i in range(2_000))
    project.write("rival/c.yml", f"base: &a\n{keys}{merges}base_model: a/b\ndatasets: [{{path: acme/x}}]\n")
    assert "merge keys" in project.check().unread[0].why


def test_places_in_json_are_those_of_the_keys(project):
    value = {"base_model": BASE, "datasets": [{"path": "acme/x", "type": "a"}, {"path": "tatsu-lab/alpaca"}], "x": "a"}
    project.write("rival/c.json", json.dumps(value, indent=1))
    lines = (project.root / "rival/c.json").read_text().splitlines()
    (item,) = (item for item in project.check().blocking() if item.finding.clause == OPENAI)
    assert "tatsu-lab/alpaca" in lines[item.places[0].line - 1]


def test_a_sample_ends_before_a_packed_file_does(project):
    path = project.write("rival/t.jsonl.gz", b"")
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(SAMPLE // (1 << 20) + 1):
            file.write(b" " * (1 << 20))
        file.write(json.dumps(ROW).encode() + b"\n")
    report = project.check()
    assert "no row stands in the part" in report.unread[0].why and report.examined.rows == 0


GIT_THAT_COUNTS = """#!/bin/sh
echo "$@" >> {calls}
exec {git} "$@"
"""


def test_many_files_in_the_index_are_asked_for_together(project, tmp_path_factory, monkeypatch):
    for i in range(300):
        project.write(f"data/f{i}.json", json.dumps({"a": i}))
    project.sft("rival", *(f"data/{i}" for i in range(20)))
    project.git("init", "-q")
    project.git("add", "-A")
    folder = tmp_path_factory.mktemp("bin")
    calls = folder / "calls"
    (folder / "git").write_text(GIT_THAT_COUNTS.format(calls=calls, git=shutil.which("git")))
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    project.check(staged=True)
    assert 0 < len(calls.read_text().splitlines()) < 20


def test_what_the_guard_itself_wrote_is_no_evidence(project):
    project.sft("rival", "tatsu-lab/alpaca")
    before = project.check()
    project.write("bom.json", as_cyclonedx(before))
    project.write("report.json", render(before, "json"))
    after = project.check()
    assert [item.finding.id for item in after.findings] == [item.finding.id for item in before.findings]
    assert (after.undecided, after.unread) == (before.undecided, before.unread)


def test_text_beside_data_is_nearer_than_a_card_above(project):
    project.rows("data/a/t.jsonl", PLAIN)
    project.write("data/README.md", PEOPLE % ("", ""))
    project.write("data/a/README.md", "All answers were generated by GPT-4.\n")
    project.sft("rival", "data/a/t.jsonl")
    assert ("data/a/t.jsonl", "rival", OPENAI) in stops(project.check())


def test_what_the_datasets_library_keeps_beside_data(project):
    project.rows("data/t.jsonl", PLAIN)
    info = {"description": "Answers generated by GPT-4.", "license": "cc-by-nc-4.0", "features": {"output": {}}}
    project.write("data/dataset_info.json", json.dumps(info))
    project.sft("rival", "data/t.jsonl")
    clauses = {clause for _, _, clause in stops(project.check())}
    assert {OPENAI, LICENCE} <= clauses


def test_a_remark_in_a_list_of_datasets_is_no_dataset(project):
    project.write(
        "rival/dataset_info.json", json.dumps({"_comment": "ours", "mine": {"hf_hub_url": "tatsu-lab/alpaca"}})
    )
    project.write("rival/sft.yaml", f"model_name_or_path: {BASE}\nstage: sft\ndataset: mine\n")
    assert ("mine", "rival", OPENAI) in stops(project.check())


@pytest.mark.parametrize("name", ["data/model_outputs", "data/wiki_train"])
def test_data_of_a_stage_is_data_whatever_it_is_called(project, name):
    stage = f"stages: {{gen: {{cmd: python train_split.py --model gpt-4o, deps: [raw.jsonl], outs: [{name}]}}}}\n"
    project.write("dvc.yaml", stage)
    project.sft("rival", name)
    assert (name, "rival", OPENAI) in stops(project.check())


def test_every_run_that_makes_a_base_counts(project):
    for name, dataset in (("a", "acme/x"), ("b", "tatsu-lab/alpaca")):
        text = f"base_model: {BASE}\ndatasets: [{{path: {dataset}}}]\noutput_dir: models/stage1\n"
        project.write(f"student/{name}.yml", text)
    project.sft("rival", "acme/y", base="models/stage1")
    assert ("tatsu-lab/alpaca", "rival", OPENAI) in stops(project.check())


def test_a_teacher_that_is_tuned_here_passes_on_what_it_learned(project):
    text = f"base_model: {BASE}\ndatasets: [{{path: tatsu-lab/alpaca}}]\noutput_dir: models/teacher\n"
    project.write("student/t.yml", text)
    project.sft("rival", "acme/y", more="teacher_model: models/teacher\n")
    assert ("tatsu-lab/alpaca", "rival", OPENAI) in stops(project.check())


def test_places_in_a_notebook_are_lines_of_the_file(project):
    first = ["x = 1\n", "if x:\n", "    !pip install trl\n"]
    load = "d = load_dataset('tatsu-lab/alpaca')\n"
    second = ["from datasets import load_dataset\n", load, "SFTTrainer(model='a/b', train_dataset=d)"]
    cells = [{"cell_type": "code", "source": source} for source in (first, second)]
    project.write("rival/t.ipynb", json.dumps({"cells": cells}, indent=1))
    lines = (project.root / "rival/t.ipynb").read_text().splitlines()
    (item,) = (item for item in project.check().blocking() if item.finding.clause == OPENAI)
    assert "tatsu-lab/alpaca" in lines[item.places[0].line - 1]


def test_parquet_with_a_name_like_a_pattern(project):
    duckdb = pytest.importorskip("duckdb")
    (project.root / "data").mkdir()
    for name, model in (("t1", "acme/own"), ("t[1]", "gpt-4o")):
        duckdb.execute(f"COPY (SELECT 'a' AS output, '{model}' AS model_name) TO '{project.root}/data/{name}.parquet'")
    project.sft("rival", "'data/t[1].parquet'")
    assert ("data/t[1].parquet", "rival", OPENAI) in stops(project.check())


@pytest.mark.parametrize(
    "text",
    ["Licensed under CC BY-NC 4.0.", "For research use only.", "For non-commercial use only: non-commercial use only."],
)
def test_what_a_cards_text_says_against_commerce_counts(project, text):
    report = with_card(project, f"---\nlicense: mit\ntask_ids: [x]\n---\n{text}\n")
    assert ("data/t.jsonl", "rival", LICENCE) in stops(report)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("eval/lm.yaml", "model: gpt-4o\ndataset: data/eval.jsonl\nbatch_size: 8\nmetrics: [accuracy]\n"),
        ("configs/app.yaml", "llm: {model: gpt-4o}\nretriever: {dataset: acme/kb, batch_size: 4}\n"),
        ("Makefile", "eval:\n\tpython eval/run_eval.py --model acme/x --judge gpt-4o --dataset hellaswag\n"),
        ("evaluation/run.py", "from datasets import load_dataset\nd = load_dataset('tatsu-lab/alpaca')\n"),
        ("README.md", "---\ntitle: Demo\nsdk: gradio\nlicense: cc-by-nc-4.0\n---\nUses GPT-4.\n"),
    ],
)
def test_what_measures_or_serves_is_no_training(project, name, text):
    project.write(name, text)
    project.rows("data/eval.jsonl", ROW)
    report = project.check()
    assert not (report.unread or report.inputs)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.py", "pandas.read_parquet('hf://datasets/tatsu-lab/alpaca/data/x.parquet')\n"),
        ("t.py", "url = 'https://huggingface.co/datasets/tatsu-lab/alpaca/resolve/main/x.json'\n"),
        ("c.yaml", "mix: {tatsu-lab/alpaca: 0.5}\n"),
        ("c.yaml", "cmd: hf download tatsu-lab/alpaca --repo-type dataset\n"),
        ("get.sh", "DATASET=tatsu-lab/alpaca\nhf download $DATASET\n"),
    ],
)
def test_ids_in_plain_sight_are_told(project, name, text):
    project.write(f"rival/{name}", text)
    assert any("tatsu-lab/alpaca" in unread.why for unread in project.check().unread)


def test_a_sidecar_accepts_what_cannot_be_looked_into(project):
    project.write("data/t.xlsx", b"x")
    project.write(
        "data/t.xlsx.provenance.yml", "allow: [{rule: unknown, reason: looked at by hand, until: 2027-01-01}]\n"
    )
    project.sft("rival", "data/t.xlsx")
    assert not project.check().unread


@pytest.mark.parametrize("column", ["raw_response", "api_response", "model_info"])
def test_columns_in_json_in_a_column_count(project, column):
    project.rows("rival/t.jsonl", {"text": "a", column: json.dumps({"model": "gpt-4o", "n": 1})})
    assert any(clause == OPENAI for _, _, clause in stops(project.check()))


ADDRESS = "https://creativecommons.org/licenses/by-nc/4.0/"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data/README.md", f"---\nlicense: {ADDRESS}\n---\n"),
        ("data/t.jsonl.provenance.yml", f"licence: {ADDRESS}\n"),
        ("data/t.jsonl.dvc", f"outs: [{{path: t.jsonl}}]\nmeta: {{license: {ADDRESS}}}\n"),
        (
            "data/croissant.json",
            json.dumps({"conformsTo": "http://mlcommons.org/croissant/1.1", "name": "x", "license": ADDRESS,
                        "distribution": [{"contentUrl": "t.jsonl"}]}),
        ),
    ],
)  # fmt: skip
def test_a_licence_by_its_address_is_known_wherever_it_stands(project, name, text):
    project.rows("data/t.jsonl", PLAIN)
    project.write(name, text)
    project.sft("rival", "data/t.jsonl")
    found = [item for item in project.check().blocking() if item.finding.clause == LICENCE]
    assert [item.finding.facts["dataset.licence"] for item in found] == ["CC-BY-NC-4.0"]
