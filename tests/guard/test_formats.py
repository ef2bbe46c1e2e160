"""Every format on a small sample of our own, and what is damaged, unknown or hostile."""

import json
from pathlib import Path

import pytest

from auditor.guard.formats.reading import read_text
from auditor.guard.found import Found, Named
from tests.conftest import SHARED


def read(path: str, text: str) -> Found:
    found = read_text(path, text)
    assert found is not None
    return found


def names(found: tuple[Named, ...]) -> list[str]:
    return [named.name for named in found]


def one(path: str, text: str) -> tuple[str, list[str], list[str], list[str], list[str]]:
    """Format, bases, teachers, datasets and outputs of the only run in a file."""
    found = read(path, text)
    (run,) = found.trainings
    return found.format, names(run.base), names(run.teachers), names(run.datasets), names(run.outputs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "base_model: a/b\ndatasets:\n  - {path: json, data_files: [d/x.jsonl]}\n  - path: c/d\nhub_model_id: me/out\n",
            ("axolotl", ["a/b"], [], ["c/d", "d/x.jsonl"], ["me/out"]),
        ),
        (
            "base_model: a/b\npretraining_dataset: c/d\noutput_dir: o\n",
            ("axolotl", ["a/b"], [], ["c/d"], ["o"]),
        ),
        (
            "model_name_or_path: a/b\nstage: rm\ndataset: one, two\nreward_model: r/m\noutput_dir: o\n",
            ("LLaMA-Factory", ["a/b"], ["r/m"], ["one", "two"], ["o"]),
        ),
        (
            "model_name_or_path: a/b\nteacher_model_name_or_path: t/t\ndataset_name: c/d\n",
            ("TRL", ["a/b"], ["t/t"], ["c/d"], []),
        ),
        (
            "model_name_or_path: a/b\ndatasets:\n  - {path: c/d}\n  - {path: parquet, data_files: x.parquet}\n",
            ("TRL", ["a/b"], [], ["c/d", "x.parquet"], []),
        ),
        (
            "model_name_or_path: a/b\ndataset_mixer:\n  c/d: 0.5\n  e/f: 0.5\noutput_dir: o\n",
            ("alignment-handbook", ["a/b"], [], ["c/d", "e/f"], ["o"]),
        ),
        (
            "model: a/b\nteacher_model: t/t\ndataset: [c/d#500, 'hf::e/f:train#10', data/x.jsonl]\nrlhf_type: gkd\n",
            ("ms-swift", ["a/b"], ["t/t"], ["c/d", "e/f", "data/x.jsonl"], []),
        ),
        (
            "model_name: unsloth/x\ndataset: c/d\nlora_alpha: 8\nsave_path: o\n",
            ("Unsloth", ["unsloth/x"], [], ["c/d"], ["o"]),
        ),
        (
            "task: llm-sft\nbase_model: a/b\nproject_name: p\ndata: {path: c/d}\n",
            ("AutoTrain", ["a/b"], [], ["c/d"], ["p"]),
        ),
        (
            "policy: {model_name: a/b}\nteacher: {model_name: t/t}\ndata: {train: {data_path: x.jsonl}}\n",
            ("NeMo RL", ["a/b"], ["t/t"], ["x.jsonl"], []),
        ),
        (
            "recipe: R\nmodel: {pretrained_model_name_or_path: a/b}\ndataset: {_target_: x.Y, path_or_dataset: c/d}\n",
            ("NeMo Automodel", ["a/b"], [], ["c/d"], []),
        ),
        (
            "variables: {data: s3://b/x}\nmodel: {pretrained_model_name_or_path: a/b}\n"
            "train_loader: {dataset: {streams: {one: {remote: '${variables.data}'}}}}\nsave_folder: o\n",
            ("LLM Foundry", ["a/b"], [], ["s3://b/x"], ["o"]),
        ),
        (
            "model: a/b\nteacher: {kind: hf, path: t/t}\ndataset: {train_dataset: {repo_id: c/d}}\noutput_path: o\n",
            ("DistillKit", ["a/b"], ["t/t"], ["c/d"], ["o"]),
        ),
        (
            "model: {_component_: torchtune.models.llama3.llama3_8b}\n"
            "dataset:\n  - {_component_: torchtune.datasets.alpaca_dataset}\n"
            "  - {_component_: torchtune.datasets.chat_dataset, source: json, data_files: x.json}\n"
            "teacher_model: {_component_: torchtune.models.qwen2_5.qwen2_5_7b}\n",
            ("torchtune", ["llama3"], ["qwen2.5"], ["tatsu-lab/alpaca", "x.json"], []),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_configurations(text, expected):
    assert one("configs/x.yaml", text) == expected


def test_a_job_of_openai_in_json():
    text = json.dumps(
        {"model": "gpt-4o-mini", "training_file": "file-1", "suffix": "s", "metadata": {"teacher": "claude-3"}}
    )
    found = read("job.json", text)
    assert one("job.json", text) == ("OpenAI fine-tuning job", ["gpt-4o-mini"], ["claude-3"], ["file-1"], ["s"])
    assert found.trainings[0].service is not None and found.trainings[0].service.name == "openai"


def test_anchors_merge_keys_and_tags_are_followed():
    text = "common: &c {base_model: a/b}\nrun:\n  <<: *c\n  x: !custom 1\nbase_model: a/b\ndatasets: &d [{path: c/d}]\n"
    assert one("x.yml", text)[3] == ["c/d"]
    alias = "base_model: a/b\nlist: &d\n  - path: c/d\ndatasets: *d\n"
    assert one("x.yml", alias)[3] == ["c/d"]


def test_a_tower_of_aliases_ends():
    rows = ["base_model: a/b", "a0: &a0 [{path: c/d}, {path: c/d}]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    found = read("x.yml", "\n".join([*rows, "datasets: *a11"]))
    assert names(found.trainings[0].datasets) == ["c/d"]


def test_variables_that_nobody_fills_in_are_unknown():
    found = read("x.yml", "base_model: ${oc.env:BASE}\ndatasets:\n  - path: ${DATA}\n")
    assert found.trainings[0].datasets == ()
    assert [item.place.key for item in found.unread] == ["base_model", "datasets[0].path"]


def test_a_teacher_behind_an_address_is_unknown():
    found = read("x.yml", "base_model: a/b\ndatasets: [{path: c/d}]\nkd_online_server_base_url: http://t:8000\n")
    assert "its name does not stand here" in found.unread[0].why


def test_publishing_is_seen_and_a_private_hub_is_not():
    text = "model_name_or_path: a/b\ndataset_name: c/d\npush_to_hub: true\n"
    assert read("x.yml", text).trainings[0].published is not None
    assert read("x.yml", text + "hub_private_repo: true\n").trainings[0].published is None


def test_an_unknown_configuration_is_unknown_and_what_it_says_is_taken():
    text = "trainer:\n  student_model: a/b\n  teacher_model: gpt-4o\n  train_data: [c/d]\n  learning_rate: 1e-4\n"
    found = read("x.yaml", text)
    assert found.format == "unknown training configuration"
    assert one("x.yaml", text)[1:4] == (["a/b"], ["gpt-4o"], ["c/d"])
    assert "format that is not known" in found.unread[0].why


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "on: push\njobs: {build: {runs-on: x, steps: [{run: make}]}}\n"),
        ("docker-compose.yml", "services: {web: {image: nginx, model: x}}\n"),
        ("package.json", '{"name": "x", "dependencies": {"dataset": "1"}}'),
        ("README.md", "# A project\n\nWe train models.\n"),
        ("post.md", "---\ntitle: A post\ndate: 2026-01-01\n---\ntext\n"),
        ("x.py", "print('hello')\n"),
        ("x.json", "[]"),
        ("x.yaml", ""),
        ("x.yaml", "- 1\n- 2\n"),
        ("x.yaml", "a: [1, 2\n"),
        ("x.sh", "make test\n"),
    ],
)
def test_files_that_are_about_something_else_are_left_alone(path, text):
    assert read_text(path, text) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x.yaml", "base_model: a\ndatasets: [\n"),
        ("x.json", '{"training_file": "x", "model": '),
        ("x.yml", "base_model: &a [\n" + "dataset: " + "[" * 100),
        ("x.json", '{"dataset": ' + "[" * 100_000),
        ("x.py", "load_dataset('a'\n"),
        ("x.ipynb", "{load_dataset"),
        ("README.md", "---\ndatasets: [\n---\n"),
    ],
)
def test_what_is_damaged_and_about_training_is_unknown(path, text):
    found = read_text(path, text)
    assert found is not None and found.unread and not found.trainings


def test_model_cards():
    text = "---\nbase_model:\n  - a/b\ndatasets: [c/d]\nmodel-index: [{name: m}]\nlicense: mit\n---\n# Card\n"
    assert one("m/README.md", text) == ("model card", ["a/b"], [], ["c/d"], ["m", "m"])


def test_dataset_cards():
    text = (
        "---\nlicense: other\nlicense_name: acme-terms\ntags: [claude-3-opus, synthetic, distillation]\n"
        "source_datasets: [original, extended|c/d]\nconfigs: [{data_files: [{path: data/x.jsonl}]}]\n---\n"
        "Answers were written by people. Hints were generated with gpt-4.1 and o3-mini.\n"
        "No answer was generated with gemini-2.5-pro.\n"
    )
    (dataset,) = read("sets/a/README.md", text).datasets
    assert names(dataset.names) == ["sets/a", "sets/a/data/x.jsonl"]
    assert names(dataset.generators) == ["claude-3-opus", "gpt-4.1", "o3-mini"]
    assert names(dataset.licences) == ["acme-terms"]
    assert names(dataset.sources) == ["c/d"]
    assert dataset.synthetic and dataset.made_for_training and not dataset.human
    assert dataset.generators[1].place.line == 8


@pytest.mark.parametrize(
    ("creators", "human", "synthetic"),
    [
        ("language_creators: [crowdsourced]", True, False),
        ("annotations_creators: [crowdsourced]", False, False),
        ("annotations_creators: [machine-generated]", False, True),
        ("language_creators: [expert-generated, machine-generated]", False, True),
        ("language_creators: [found]\nannotations_creators: [machine-generated]", False, True),
    ],
)
def test_who_wrote_texts_and_labels(creators, human, synthetic):
    text = f"---\nlicense: mit\ntask_ids: [qa]\n{creators}\n---\n"
    (dataset,) = read("README.md", text).datasets
    assert (bool(dataset.human), bool(dataset.synthetic)) == (human, synthetic)


def test_a_card_without_a_licence_is_unknown():
    assert "no licence" in read("d/README.md", "---\ntask_categories: [x]\n---\n").unread[0].why


def test_pipelines_of_distilabel():
    text = json.dumps(
        {
            "distilabel": {"version": "1"},
            "pipeline": {
                "name": "p",
                "steps": [
                    {"step": {"llm": {"model": "gpt-4o", "type_info": {"module": "distilabel.llms.azure"}}}},
                    {
                        "step": {
                            "llm": {"model": "m", "base_url": "https://api.mistral.ai/v1", "type_info": {"module": "x"}}
                        }
                    },
                ],
            },
        }
    )
    (dataset,) = read("data/pipeline.json", text).datasets
    assert names(dataset.generators) == ["gpt-4o", "m"]
    assert names(dataset.providers) == ["azure.ai.openai", "mistral_ai"]
    assert names(dataset.names) == ["data", "p"]


def test_croissant():
    value = {
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": "acme/set",
        "license": {"@id": "https://creativecommons.org/licenses/by-nc/4.0/"},
        "prov:wasDerivedFrom": [{"@id": "acme/raw"}],
        "prov:wasGeneratedBy": {"prov:wasAssociatedWith": [{"name": "gpt-4o"}, {"name": "SyntheticDataGenerator-v1"}]},
        "distribution": [{"contentUrl": "x.jsonl"}],
    }
    (dataset,) = read("d/croissant.json", json.dumps(value)).datasets
    assert names(dataset.licences) == ["https://creativecommons.org/licenses/by-nc/4.0/"]
    assert names(dataset.generators) == ["gpt-4o"]
    assert names(dataset.sources) == ["acme/raw"]
    assert dataset.synthetic is not None
    assert "d/x.jsonl" in names(dataset.names)


def test_cyclonedx_with_references_licences_and_ancestors():
    value = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "components": [
            {
                "type": "machine-learning-model",
                "group": "acme",
                "name": "m",
                "pedigree": {"ancestors": [{"type": "machine-learning-model", "group": "a", "name": "b"}]},
                "modelCard": {"modelParameters": {"datasets": [{"ref": "d1"}]}},
            },
            {
                "type": "data",
                "bom-ref": "d1",
                "name": "answers",
                "licenses": [{"license": {"id": "MIT"}}],
                "description": "Replies generated by gpt-4o.",
            },
        ],
    }
    found = read("bom.json", json.dumps(value))
    assert one("bom.json", json.dumps(value)) == ("CycloneDX", ["a/b"], [], ["answers"], ["acme/m"])
    assert names(found.datasets[0].licences) == ["MIT"] and names(found.datasets[0].generators) == ["gpt-4o"]
    plain = {"bomFormat": "CycloneDX", "components": [{"type": "library", "name": "x"}]}
    assert read("bom.json", json.dumps(plain)).trainings == ()


def test_spdx_with_the_ai_and_dataset_profiles():
    def element(kind: str, ident: str, **more: object) -> dict[str, object]:
        return {"type": kind, "spdxId": ident, **more}

    graph = [
        element("ai_AIPackage", "m", name="model"),
        element("ai_AIPackage", "b", name="a/b"),
        element("dataset_DatasetPackage", "d", name="answers", dataset_dataCollectionProcess="Written by gpt-4o."),
        element("simplelicensing_LicenseExpression", "l", simplelicensing_licenseExpression="CC-BY-NC-4.0"),
        element("Relationship", "1", **{"from": "m", "relationshipType": "trainedOn", "to": ["d"]}),
        element("Relationship", "2", **{"from": "m", "relationshipType": "descendantOf", "to": ["b"]}),
        element("Relationship", "3", **{"from": "d", "relationshipType": "hasConcludedLicense", "to": ["l"]}),
    ]
    text = json.dumps({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph})
    found = read("x.spdx3.json", text)
    assert names(found.trainings[0].base) == ["a/b"] and names(found.trainings[0].datasets) == ["answers"]
    (dataset,) = found.datasets
    assert names(dataset.licences) == ["CC-BY-NC-4.0"] and names(dataset.generators) == ["gpt-4o"]


def test_sidecars_and_what_is_wrong_with_them():
    (dataset,) = read("d/x.csv.provenance.yml", "generators: [gpt-4o]\nlicence: MIT\nderived_from: [c/d]\n").datasets
    assert (names(dataset.names), names(dataset.generators)) == (["d/x.csv"], ["gpt-4o"])
    assert read("d/x.csv.provenance.yml", "generators: []\n").datasets[0].human is not None
    assert "did you mean 'licence'" in read("x.provenance.yml", "license: MIT\n").unread[0].why
    assert "expected a mapping" in read("x.provenance.yml", "- a\n").unread[0].why


def test_notebooks_are_read_as_their_code():
    cells = [
        {"cell_type": "markdown", "source": ["load_dataset('no')"]},
        {"cell_type": "code", "source": ["%pip install x\n", "from datasets import load_dataset\n"]},
        {"cell_type": "code", "source": ["t = SFTTrainer(model='a/b', train_dataset=load_dataset('c/d'))"]},
    ]
    assert one("x.ipynb", json.dumps({"cells": cells}))[:4] == ("Python script", ["a/b"], [], ["c/d"])


HOSTILE = SHARED / "fixtures" / "hostile"


@pytest.mark.skipif(not HOSTILE.is_dir(), reason="the hostile inputs are not here")
@pytest.mark.parametrize("suffix", [".yaml", ".json", ".md", ".py", ".sh", ".ipynb", ".dvc"])
def test_hostile_files_are_never_a_traceback(suffix):
    files = [path for path in sorted(HOSTILE.rglob("*")) if path.is_file() and path.stat().st_size < 300_000]
    assert len(files) > 50
    for path in files:
        text = path.read_bytes().decode("utf-8", "replace")
        read_text(f"x{suffix}", text)
        read_text(f"x{suffix}", "---\nbase_model: a\ndatasets: [x]\n" + text)


def test_names_from_hostile_files_are_data(tmp_path):
    found = read("x.yml", 'base_model: "../../etc/passwd"\ndatasets: [{path: "$(rm -rf /)\\n::error::x"}]\n')
    assert names(found.trainings[0].datasets) == []  # begins with $: filled in elsewhere
    assert not Path(tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("generators: [{model: gpt-4o}]\n", "expected a name, or a list of names"),
        ("derived_from: {raw: tatsu-lab/alpaca}\n", "expected a name, or a list of names"),
        ("route: azurre\n", "route is one of"),
        ("allow: {rule: openai}\n", "expected a list of mappings"),
        ("made_for_training: 'yes'\n", "expected true or false"),
        ("generators: [gpt-4o]\ngenerators: []\n", "a second time"),
    ],
)
def test_a_sidecar_is_read_strictly(text, why):
    found = read("d/x.jsonl.provenance.yml", text)
    assert why in found.unread[0].why
    assert not any(dataset.human for dataset in found.datasets)


def test_several_names_in_one_text_of_a_sidecar():
    (dataset,) = read("d/x.jsonl.provenance.yml", "generators: mixtral-8x7b, gpt-4o\nderived_from: a/b; c/d\n").datasets
    assert names(dataset.generators) == ["mixtral-8x7b", "gpt-4o"] and names(dataset.sources) == ["a/b", "c/d"]
