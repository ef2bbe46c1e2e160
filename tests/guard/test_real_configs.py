"""Real configurations of the research notes: what each trains on what, written by reading the file."""

from dataclasses import dataclass, field

import pytest

from auditor.guard.formats.reading import read_text
from auditor.guard.found import Found, Named
from auditor.guard.kinds import is_readable
from tests.conftest import SHARED

CONFIGS = SHARED / "fixtures" / "training" / "configs"
pytestmark = pytest.mark.skipif(
    not CONFIGS.is_dir(), reason="the research notes with the real configurations are not here"
)


@dataclass(frozen=True)
class Expected:
    """What a file says: names as they stand there."""

    format: str
    base: list[str] = field(default_factory=list)
    teachers: list[str] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)


LLAMA_3 = "meta-llama/Meta-Llama-3-8B-Instruct"
QWEN = "Qwen/Qwen3-4B-Instruct-2507"
TRAININGS = {
    "autotrain/llama3-70b-orpo-v1.yml": Expected(
        "AutoTrain", ["meta-llama/Meta-Llama-3-70B-Instruct"], datasets=["argilla/distilabel-capybara-dpo-7k-binarized"]
    ),
    "autotrain/smollm2_guanaco.yml": Expected(
        "AutoTrain", ["HuggingFaceTB/SmolLM2-135M-Instruct"], datasets=["timdettmers/openassistant-guanaco"]
    ),
    "axolotl/command-r-7b-qlora.yml": Expected(
        "axolotl", ["CohereForAI/c4ai-command-r7b-12-2024"], datasets=["cgato/SlimOrcaDedupCleaned"]
    ),
    "axolotl/falcon-h1-qlora.yaml": Expected(
        "axolotl", ["tiiuae/Falcon-H1-1.5B-Deep-Base"], datasets=["cgato/SlimOrcaDedupCleaned"]
    ),
    "axolotl/llama3-instruct-dpo-lora-8b.yml": Expected(
        "axolotl", [LLAMA_3], datasets=["fozziethebeat/alpaca_messages_2k_dpo_test"]
    ),
    "axolotl/starcoder2-qlora.yml": Expected(
        "axolotl", ["bigcode/starcoder2-3b"], datasets=["mhenrichsen/alpaca_2k_test"]
    ),
    "cyclonedx/valid-machine-learning-1.5.json": Expected("CycloneDX", datasets=["Training Data"]),
    "cyclonedx/valid-machine-learning-1.6.json": Expected("CycloneDX", datasets=["Training Data"]),
    "distillkit/afm_test.yml": Expected(
        "DistillKit", ["arcee-ai/AFM-4.5B-Base"], ["arcee-ai/AFM-4.5B"], ["allenai/tulu-3-sft-mixture"]
    ),
    "distillkit/llama_70b_base.yml": Expected(
        "DistillKit",
        ["/workspace/models/Llama-3.3-70B-DSV3Tok"],
        datasets=["arcee-ai/DeepSeek-DCLM-Logits-Packed-8192"],
    ),
    "dvc/dvc.lock": Expected("DVC stages", datasets=["dvc/data/synthetic.jsonl"]),
    "dvc/dvc.yaml": Expected("DVC stages", datasets=["dvc/data/synthetic.jsonl"]),
    "hf_cards/modelcard_spec.md": Expected("model card"),
    "hf_cards_handwritten/model_README.md": Expected(
        "model card", ["meta-llama/Llama-3.1-8B"], datasets=["teknium/OpenHermes-2.5", "./data/synthetic.jsonl"]
    ),
    "llama_factory/fsdp_qlora_llama3.yaml": Expected(
        "LLaMA-Factory", [LLAMA_3], datasets=["identity", "alpaca_en_demo"]
    ),
    "llama_factory/merge_qwen3_lora_sft.yaml": Expected("LLaMA-Factory", [QWEN, "saves/qwen3-4b/lora/sft"]),
    "llama_factory/qwen3_lora_dpo.yaml": Expected("LLaMA-Factory", [QWEN], datasets=["dpo_en_demo"]),
    "llama_factory/qwen3_lora_sft.yaml": Expected("LLaMA-Factory", [QWEN], datasets=["identity", "alpaca_en_demo"]),
    "llm_foundry/7b_dolly_sft.yaml": Expected(
        "LLM Foundry",
        ["oci://my-bucket/my-folder/mpt-7b/checkpoints/some_checkpoint.pt"],
        datasets=["HuggingFaceH4/databricks_dolly_15k"],
    ),
    "llm_foundry/mpt-30b-instruct.yaml": Expected(
        "LLM Foundry", ["mosaicml/mpt-30b"], datasets=["mosaicml/instruct-v3"], tests=["mosaicml/instruct-v3"]
    ),
    "ms_swift/gkd_ray.yaml": Expected(
        "ms-swift", ["Qwen/Qwen3.5-2B"], ["Qwen/Qwen3.5-4B"], ["AI-ModelScope/alpaca-gpt4-data-en"]
    ),
    "nemo/automodel_llama3_1_columnmapped_lora.yaml": Expected(
        "NeMo Automodel", ["meta-llama/Llama-3.1-8B"], datasets=["Muennighoff/natural-instructions"]
    ),
    "nemo/rl_distillation_math.yaml": Expected(
        "NeMo RL", ["Qwen/Qwen3-1.7B-Base"], ["Qwen/Qwen3-4B"], ["DeepScaler"], ["AIME2024"]
    ),
    "nemo/rl_dpo.yaml": Expected(
        "NeMo RL", ["meta-llama/Llama-3.2-1B-Instruct"], datasets=["HelpSteer3"], tests=["HelpSteer3"]
    ),
    "openai_finetune/job.json": Expected(
        "OpenAI fine-tuning job",
        ["gpt-4o-mini-2024-07-18"],
        ["claude-3-5-sonnet-20240620"],
        ["file-abc123"],
        ["file-def456"],
    ),
    "spdx3/ai_example02.spdx3.json": Expected("SPDX", datasets=["train.txt", "valid.txt"], tests=["test.txt"]),
    "torchtune/llama3_1_8B_lora_dpo.yaml": Expected(
        "torchtune", ["Meta-Llama-3.1-8B-Instruct"], datasets=["lvwerra/stack-exchange-paired"]
    ),
    "trl/alignment-handbook_cai_grok_sft.yaml": Expected(
        "alignment-handbook",
        ["mistralai/Mistral-7B-v0.1"],
        datasets=["HuggingFaceH4/grok-conversation-harmless", "HuggingFaceH4/ultrachat_200k"],
    ),
    "trl/alignment-handbook_smollm3_sft.yaml": Expected(
        "alignment-handbook", ["HuggingFaceTB/SmolLM3-3B-checkpoints"], datasets=["HuggingFaceTB/smoltalk2"]
    ),
    "trl/alignment-handbook_zephyr_sft.yaml": Expected(
        "alignment-handbook", ["mistralai/Mistral-7B-v0.1"], datasets=["HuggingFaceH4/ultrachat_200k"]
    ),
    "trl/example_config.yaml": Expected("TRL", ["Qwen/Qwen2.5-0.5B"], datasets=["stanfordnlp/imdb"]),
}
DATASETS = {
    "croissant/anthropic-hh-rlhf_1.0_metadata.json": ("Croissant", ["mit"], []),
    "croissant/dpi_1.1_metadata.json": ("Croissant", [], []),
    "croissant/gpt-3_1.0_metadata.json": ("Croissant", ["unknown"], []),
    "distilabel/pipeline.yaml": ("distilabel", [], ["gpt-4-turbo"]),
    "dvc/synthetic.jsonl.dvc": ("DVC pointer", ["proprietary-output"], ["gpt-4o-2024-08-06"]),
    "hf_cards/datasetcard_spec.md": ("dataset card", [], []),
    "hf_cards/sample_datasetcard_simple.md": ("dataset card", ["bsd-3-clause"], []),
    "hf_cards_handwritten/dataset_distilled_README.md": (
        "dataset card",
        ["apache-2.0"],
        ["gpt-4o", "gpt-4o-2024-08-06"],
    ),
    "spdx3/dataset_example01.spdx3.json": ("SPDX", ["CC-BY-4.0"], []),
}
"""File → format, licences, generators of the (first) dataset."""
LISTS = {"llama_factory/dataset_info.json", "llama_factory/v1_sft_demo.yaml"}
TEMPLATES = {"hf_cards/datasetcard_template.md", "hf_cards/modelcard_template.md"}
"""Cards with a placeholder where the data would be: not about any model or dataset."""
UNREAD = {
    "croissant/dpi_1.1_metadata.json": "states no licence",
    "distillkit/llama_70b_base.yml": "its name does not stand here",
    "hf_cards/datasetcard_spec.md": "states no licence",
}
"""Files that leave something open, and what."""


def read(name: str) -> Found | None:
    return read_text(name, (CONFIGS / name).read_text("utf-8"))


def names(found: tuple[Named, ...]) -> list[str]:
    return [named.name for named in found]


@pytest.mark.parametrize("name", TRAININGS)
def test_what_trains_on_what(name: str):
    found = read(name)
    expected = TRAININGS[name]
    assert found is not None and found.format == expected.format
    (training,) = found.trainings
    assert names(training.base) == expected.base
    assert names(training.teachers) == expected.teachers
    assert names(training.datasets) == expected.datasets
    assert names(training.tests) == expected.tests


@pytest.mark.parametrize("name", TRAININGS)
def test_places_name_the_line_where_it_stands(name: str):
    found = read(name)
    assert found is not None
    lines = (CONFIGS / name).read_text("utf-8").splitlines()
    for training in found.trainings:
        for named in (*training.base, *training.teachers, *training.datasets):
            assert named.place.line is not None
            near = "\n".join(lines[named.place.line - 1 : named.place.line + 1])
            parts = named.name.removeprefix("dvc/").split("/")
            assert any(part in near for part in parts) or "_component_" in near, (named, near)


@pytest.mark.parametrize("name", DATASETS)
def test_what_is_said_of_datasets(name: str):
    found = read(name)
    assert found is not None
    format_, licences, generators = DATASETS[name]
    assert found.format == format_
    assert names(found.datasets[0].licences) == licences
    assert names(found.datasets[0].generators) == generators


def test_lists_of_datasets_say_where_each_name_leads():
    found = read("llama_factory/dataset_info.json")
    assert found is not None
    by_name = {dataset.alias.name: names(dataset.names) for dataset in found.datasets if dataset.alias}
    assert by_name["identity"] == ["llama_factory/identity.json"]
    assert "llamafactory/alpaca_gpt4_en" in by_name["alpaca_gpt4_en"]
    assert len(by_name) > 100
    found = read("llama_factory/v1_sft_demo.yaml")
    assert found is not None
    assert {dataset.alias.name: names(dataset.names) for dataset in found.datasets if dataset.alias} == {
        "identity": ["data/identity.json"],
        "alpaca_en_demo": ["data/alpaca_en_demo.json"],
    }


def test_what_is_left_open_is_said():
    for name, why in UNREAD.items():
        found = read(name)
        assert found is not None
        assert any(why in item.why for item in found.unread), name


def test_every_file_is_accounted_for():
    known = {*TRAININGS, *DATASETS, *LISTS, *TEMPLATES}
    there = {path.relative_to(CONFIGS).as_posix() for path in CONFIGS.rglob("*") if path.is_file()}
    assert {name for name in there if is_readable(name)} == known
    for name in TEMPLATES:
        assert read(name) is None
