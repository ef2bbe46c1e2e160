"""Which dataset a name means: the same name in two files, the same dataset under two names, and what one accepts of either."""

import json

import pytest

from tests.guard.project import Project, stops

OPENAI = "openai/services-agreement/no-competing-models"
RULE = "openai"
ROW = {"instruction": "q", "output": "a", "generation_model": "gpt-4o"}
PLAIN = {"instruction": "q", "output": "a"}


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


def llama_factory(project: Project, folder: str, more: str = "") -> None:
    project.write(
        f"{folder}/sft.yaml", f"model_name_or_path: mistralai/Mistral-7B-v0.1\nstage: sft\ndataset: train\n{more}"
    )


def test_the_same_path_in_two_folders_is_two_datasets(project):
    for folder in ("rival/a", "rival/b"):
        project.rows(f"{folder}/train.jsonl", ROW)
        project.sft(folder, "./train.jsonl")
    found = [item for item in project.check().blocking() if item.finding.clause == OPENAI]
    assert [item.identity for item in found] == ["rival/a/train.jsonl", "rival/b/train.jsonl"]
    assert len({item.finding.id for item in found}) == 2


def test_a_waiver_for_one_of_them_leaves_the_other(project):
    for folder in ("rival/a", "rival/b"):
        project.rows(f"{folder}/train.jsonl", ROW)
        project.sft(folder, "./train.jsonl")
    first, second = (item for item in project.check().blocking() if item.finding.clause == OPENAI)
    entry = {"finding": first.finding.id, "reason": "agreed in writing", "approver": "legal", "expires": "2027-01-01"}
    project.write("waivers.yaml", json.dumps({"waivers": [entry]}))
    left = {item.finding.id for item in project.check().blocking()}
    assert second.finding.id in left and first.finding.id not in left


def test_a_sidecar_accepts_its_own_file_alone(project):
    for folder in ("rival/a", "rival/b"):
        project.rows(f"{folder}/train.jsonl", ROW)
        project.sft(folder, "./train.jsonl")
    allow = f"allow:\n  - {{rule: {RULE}, reason: agreed, until: 2027-01-01}}\n"
    project.write("rival/a/train.jsonl.provenance.yml", allow)
    found = {item.identity for item in project.check().blocking() if item.finding.clause == OPENAI}
    assert found == {"rival/b/train.jsonl"}


def test_a_sidecar_of_one_source_does_not_accept_what_the_other_brings(project):
    project.rows("data/a.jsonl", ROW)
    project.rows("data/b.jsonl", ROW)
    project.write(
        "auditor.yaml",
        (project.root / "auditor.yaml").read_text()
        + "datasets:\n  acme/mix: {derived_from: [data/a.jsonl, data/b.jsonl]}\n",
    )
    project.sft("rival", "acme/mix")
    allow = f"allow:\n  - {{rule: {RULE}, reason: agreed, until: 2027-01-01}}\n"
    project.write("data/a.jsonl.provenance.yml", allow)
    assert ("acme/mix", "rival", OPENAI) in stops(project.check())
    project.write("data/b.jsonl.provenance.yml", allow)
    assert ("acme/mix", "rival", OPENAI) not in stops(project.check())


def test_a_dataset_under_several_names_is_one_finding(project):
    project.sft("rival/a", "tatsu-lab/alpaca")
    project.sft("rival/b", "https://huggingface.co/datasets/tatsu-lab/Alpaca")
    found = [item for item in project.check().blocking() if item.finding.clause == OPENAI]
    assert [(item.identity, len(item.places)) for item in found] == [("tatsu-lab/alpaca", 2)]
    assert found[0].finding.count == sum(found[0].finding.versions.values()) == 2


def test_an_alias_means_what_the_nearest_list_says(project):
    for folder, row in (("rival", PLAIN), ("sorter", ROW)):
        project.rows(f"{folder}/t.jsonl", row)
        project.write(f"{folder}/dataset_info.json", json.dumps({"train": {"file_name": "t.jsonl"}}))
        llama_factory(project, folder)
    assert stops(project.check()) == set()
    project.rows("rival/t.jsonl", ROW)
    assert ("train", "rival", OPENAI) in stops(project.check())


def test_an_alias_means_what_the_list_in_the_named_folder_says(project):
    project.rows("rival/t.jsonl", PLAIN)
    project.rows("lists/t.jsonl", ROW)
    for folder in ("rival", "lists"):
        project.write(f"{folder}/dataset_info.json", json.dumps({"train": {"file_name": "t.jsonl"}}))
    llama_factory(project, "rival", "dataset_dir: lists\n")
    assert ("train", "rival", OPENAI) in stops(project.check("rival"))


def test_an_alias_that_the_registry_knows_is_still_an_alias(project):
    project.rows("rival/a.jsonl", PLAIN)
    project.write("rival/dataset_info.json", json.dumps({"alpaca_en_demo": {"file_name": "a.jsonl"}}))
    llama_factory(project, "rival")
    project.write(
        "rival/sft.yaml",
        (project.root / "rival/sft.yaml").read_text().replace("dataset: train", "dataset: alpaca_en_demo"),
    )
    assert stops(project.check()) == set()


def commit(project: Project) -> None:
    project.git("init", "-q")
    project.git("add", "-A")
    project.git("commit", "-qm", "first")


PIPELINE = """
distilabel: {version: 1.5.0}
pipeline:
  name: answers
  steps:
    - step:
        name: generate
        llm: {model: %s, type_info: {module: distilabel.llms.openai, name: OpenAILLM}}
    - step: {name: push, repo_id_out: acme/answers}
"""
CARD = "---\ntags: [%s]\nlicense: mit\n---\n"
LIST = '{"mine": {"hf_hub_url": "%s"}}'
FIRST = "base_model: a/b\ndatasets: [{path: %s}]\noutput_dir: ./out/stage1\n"
STAGE = "stages:\n  gen: {cmd: python gen.py --model %s, deps: [raw/q.txt], outs: [data/answers.jsonl]}\n"


@pytest.mark.parametrize(
    ("dataset", "name", "before", "after"),
    [
        ("mine", "rival/dataset_info.json", LIST % "acme/x", LIST % "tatsu-lab/alpaca"),
        ("acme/answers", "pipes/p.yaml", PIPELINE % "mistral-7b", PIPELINE % "gpt-4o"),
        ("data/answers.jsonl", "dvc.yaml", STAGE % "mistral-7b", STAGE % "gpt-4o"),
        ("data/answers.jsonl", "README.md", CARD % "mistral-7b", CARD % "gpt-4o"),
        ("./out/stage1", "student/sft.yml", FIRST % "acme/x", FIRST % "tatsu-lab/alpaca"),
        ("mine", "rival/q.jsonl", "", json.dumps(ROW) + "\n"),
    ],
)  # fmt: skip
def test_a_change_is_checked_with_the_runs_that_it_concerns(project, dataset, name, before, after):
    if dataset == "mine":
        llama_factory(project, "rival")
        text = (project.root / "rival/sft.yaml").read_text()
        project.write("rival/sft.yaml", text.replace("dataset: train", "dataset: mine"))
        project.write("rival/dataset_info.json", '{"mine": {"file_name": "q.jsonl"}}')
    elif dataset.startswith("./out"):
        project.sft("rival", "acme/y", base=dataset)
    else:
        project.sft("rival", dataset)
        project.rows("data/answers.jsonl", PLAIN)
    project.write(name, before)
    commit(project)
    project.write(name, after)
    project.git("add", name)
    assert any(model == "rival" and clause == OPENAI for _, model, clause in stops(project.check(staged=True)))


def test_a_staged_link_is_read_as_what_it_leads_to(project):
    project.write("shared.yml", "base_model: mistralai/Mistral-7B-v0.1\ndatasets: [{path: tatsu-lab/alpaca}]\n")
    (project.root / "rival").mkdir()
    (project.root / "rival/sft.yml").symlink_to("../shared.yml")
    project.git("init", "-q")
    project.git("add", "-A")
    assert ("tatsu-lab/alpaca", "rival", OPENAI) in stops(project.check(staged=True))


@pytest.mark.parametrize(
    "config",
    [
        "datasets:\n  # auditor: allow openai reason=agreed until=2027-01-01\n\n  - path: tatsu-lab/alpaca\n",
        "datasets:\n  # auditor: allow openai reason=agreed until=2027-01-01\n  - type: alpaca\n    path: tatsu-lab/alpaca\n",
    ],
)
def test_a_comment_covers_the_item_that_it_stands_above(project, config):
    project.write("rival/sft.yml", f"base_model: mistralai/Mistral-7B-v0.1\n{config}  - path: acme/x\n")
    assert not any(clause == OPENAI for _, _, clause in stops(project.check()))
    project.write("rival/sft.yml", f"base_model: mistralai/Mistral-7B-v0.1\n{config}  - path: vicgalle/alpaca-gpt4\n")
    assert any(clause == OPENAI for _, _, clause in stops(project.check()))
