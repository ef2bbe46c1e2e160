"""Python scripts and shell commands, on samples of our own."""

import pytest

from auditor.guard.formats.commands import read_commands
from auditor.guard.formats.reading import read_text
from auditor.guard.found import Found, Named


def read(text: str, path: str = "train.py") -> Found:
    found = read_text(path, text)
    assert found is not None
    return found


def names(found: tuple[Named, ...]) -> list[str]:
    return [named.name for named in found]


TRL = """
import argparse, os
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import GKDConfig, GKDTrainer

MODEL = "Qwen/Qwen2.5-0.5B"
parser = argparse.ArgumentParser()
parser.add_argument("--dataset", default="tatsu-lab/alpaca")
parser.add_argument("--extra")
args = parser.parse_args()

tokenizer = AutoTokenizer.from_pretrained("some/tokenizer")
model = AutoModelForCausalLM.from_pretrained(MODEL)
teacher = AutoModelForCausalLM.from_pretrained("meta-llama/Meta-Llama-3-70B-Instruct")
reference = AutoModelForCausalLM.from_pretrained("ref/ref")
train = load_dataset(args.dataset, split="train")
checks = load_dataset("json", data_files=os.path.join("data", "eval.jsonl"), split="test")
more = load_dataset(args.extra)
config = GKDConfig(output_dir="out/x", push_to_hub=True, hub_model_id="acme/x")
trainer = GKDTrainer(model=model, teacher_model=teacher, ref_model=reference, args=config, train_dataset=train)
trainer.train()
"""


def test_a_script_with_trl():
    found = read(TRL)
    (run,) = found.trainings
    assert names(run.base) == ["Qwen/Qwen2.5-0.5B"]
    assert names(run.teachers) == ["meta-llama/Meta-Llama-3-70B-Instruct"]
    assert names(run.datasets) == ["tatsu-lab/alpaca"]
    assert names(run.tests) == ["data/eval.jsonl"]
    assert names(run.outputs) == ["out/x", "acme/x"]
    assert run.published is not None
    assert run.teachers[0].place.line == TRL[: TRL.index("teacher =")].count("\n") + 1
    (open_,) = found.unread
    assert "args.extra" in open_.why and open_.place.key == "load_dataset(…)"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("load_dataset('c/d')", ["c/d"]),
        ("datasets.load_dataset(path='c/d', name='x')", ["c/d"]),
        ("load_dataset('parquet', data_files={'train': ['a.parquet', 'b.parquet']})", ["a.parquet", "b.parquet"]),
        ("load_dataset(f'{ORG}/d')", ["acme/d"]),
        ("load_dataset(ORG + '/d')", ["acme/d"]),
        ("load_dataset(str(Path('data') / 'd'))", ["data/d"]),
        ("load_dataset(os.environ.get('DATA', 'c/d'))", ["c/d"]),
        ("load_from_disk('saved/d')", ["saved/d"]),
        ("Dataset.from_json('x.jsonl')", ["x.jsonl"]),
        ("Dataset.from_pandas(pd.read_parquet('x.parquet'))", ["x.parquet"]),
        ("load_dataset('a/b' if big else 'c/d')", ["a/b", "c/d"]),
    ],
)
def test_how_datasets_are_named(expression, expected):
    text = f"import os\nORG = 'acme'\ntrainer = SFTTrainer(model='m/m', train_dataset={expression})  # load_dataset\n"
    assert names(read(text).trainings[0].datasets) == expected


@pytest.mark.parametrize(
    "expression", ["load_dataset(config['data'])", "load_dataset(sys.argv[1])", "load_dataset(NAME)"]
)
def test_a_dataset_that_stands_nowhere_is_unknown(expression):
    found = read(f"t = SFTTrainer(model='m/m', train_dataset={expression})\n")
    assert found.trainings[0].datasets == () and "does not stand in this file" in found.unread[0].why


def test_unsloth():
    text = (
        "from unsloth import FastLanguageModel\n"
        "model, tok = FastLanguageModel.from_pretrained(model_name='unsloth/llama-3-8b', max_seq_length=2048)\n"
        "trainer = SFTTrainer(model=model, train_dataset=load_dataset('yahma/alpaca-cleaned', split='train'))\n"
        "model.push_to_hub_merged('acme/out', tok)\nmodel.save_pretrained('lora')\n"
    )
    (run,) = read(text).trainings
    assert (names(run.base), names(run.datasets)) == (["unsloth/llama-3-8b"], ["yahma/alpaca-cleaned"])
    assert "lora" in names(run.outputs)


def test_reward_models_and_judges_are_teachers():
    text = "t = OnlineDPOTrainer(model='m/m', reward_model='r/r', judge='j/j', train_dataset=load_dataset('c/d'))\n"
    assert names(read(text).trainings[0].teachers) == ["r/r", "j/j"]


def test_options_of_a_training_script_count_by_their_names():
    text = (
        "from dataclasses import dataclass, field\nfrom transformers import Trainer, AutoModel\n"
        "@dataclass\nclass A:\n    model_name_or_path: str = field(default='a/b')\n    dataset_name: str = 'c/d'\n"
        "Trainer(model=AutoModel.from_pretrained(a.model_name_or_path), train_dataset=load(a.dataset_name))\n"
    )
    (run,) = read(text).trainings
    assert (names(run.base), names(run.datasets)) == (["a/b"], ["c/d"])


def test_jobs_of_services():
    text = (
        "f = client.files.create(file=open('data/x.jsonl', 'rb'), purpose='fine-tune')\n"
        "client.fine_tuning.jobs.create(model='gpt-4o-mini', training_file='file-1', suffix='s')\n"
    )
    (run,) = read(text).trainings
    assert names(run.datasets) == ["data/x.jsonl", "file-1"]
    assert run.service is not None and run.service.name == "openai"
    text = (
        "c.create_model_customization_job(baseModelIdentifier='meta.llama3-1-8b', customModelName='m',"
        " trainingDataConfig={'s3Uri': 's3://b/x.jsonl'})\n"
    )
    (run,) = read(text).trainings
    assert (names(run.datasets), run.service and run.service.name) == (["s3://b/x.jsonl"], "aws.bedrock")


@pytest.mark.parametrize(
    ("client", "provider"),
    [
        ("OpenAI()", []),
        ("OpenAI(base_url='https://openrouter.ai/api/v1')", ["openrouter"]),
        ("OpenAI(base_url='http://x/v1')", ["other"]),
    ],
)
def test_a_script_that_writes_a_dataset(client, provider):
    text = (
        f"client = {client}\nwith open('data/gen.jsonl', 'w') as f:\n"
        "    f.write(client.chat.completions.create(model='gpt-4o', messages=[]))\n"
    )
    found = read(text)
    (dataset,) = found.datasets
    assert (names(dataset.names), names(dataset.generators)) == (["data/gen.jsonl"], ["gpt-4o"])
    assert names(dataset.providers) == provider
    assert found.trainings == ()


def test_scripts_about_something_else_and_damaged_ones():
    assert read_text("x.py", "model = AutoModel.from_pretrained('a/b')\nprint(model('x'))\n") is None
    assert read_text("x.py", "x = 'load_dataset'\n") is None
    assert "SyntaxError" in read("load_dataset(\n").unread[0].why
    assert read("# load_dataset\n" + "(" * 500 + "\n").unread
    assert read("load_dataset('a')\0\n").unread
    assert read_text("x.py", "# load_dataset\nx = '\\d'\n") is None  # a warning of the parser is nobody's business here


def test_a_script_is_never_run(tmp_path):
    mark = tmp_path / "ran"
    read(f"open({str(mark)!r}, 'w')\nSFTTrainer(model='a/b', train_dataset=load_dataset('c/d'))\n")
    assert not mark.exists()


SHELL = """#!/bin/bash
# swift sft --model no/no --dataset no/no
MODEL=Qwen/Qwen2.5-7B
export DATA='c/d'
CUDA_VISIBLE_DEVICES=0,1 \\
swift rlhf --rlhf_type gkd \\
    --model $MODEL --teacher_model Qwen/Qwen2.5-72B \\
    --dataset ${DATA}#2000 acme/x --output_dir out  # a comment
accelerate launch --num_processes 8 train.py --model-name-or-path "$MODEL" --dataset_name=e/f --push_to_hub
python evaluate.py --x 1
llamafactory-cli train --model_name_or_path $MODEL --stage sft --dataset one,two
trl dpo --model_name_or_path a/b --dataset_name $UNSET
axolotl train configs/sft.yml
tune run lora_finetune --config llama3/8B dataset=torchtune.datasets.alpaca_dataset
autotrain llm --train --model a/b --data-path c/d --project-name p
openai api fine_tuning.jobs.create -m gpt-4o-mini -F data/train.jsonl
echo "unbalanced
"""


def test_commands_with_their_lines_and_options():
    found = read_commands("x.sh", SHELL)
    assert [(c.program, c.line) for c in found] == [
        ("ms-swift", 5), ("script", 9), ("llama-factory", 11), ("trl", 12), ("axolotl", 13), ("torchtune", 14),
        ("autotrain", 15), ("openai", 16),
    ]  # fmt: skip
    assert found[0].flags["dataset"] == ["c/d#2000", "acme/x"]
    assert found[1].flags == {"model_name_or_path": "Qwen/Qwen2.5-7B", "dataset_name": "e/f", "push_to_hub": True}


def test_shell_scripts_are_read_as_the_configurations_that_they_stand_for():
    found = read(SHELL, "run.sh")
    runs = [(names(t.base), names(t.teachers), names(t.datasets)) for t in found.trainings]
    assert runs == [
        (["Qwen/Qwen2.5-7B"], ["Qwen/Qwen2.5-72B"], ["c/d", "acme/x"]),
        (["Qwen/Qwen2.5-7B"], [], ["e/f"]),
        (["Qwen/Qwen2.5-7B"], [], ["one", "two"]),
        (["a/b"], [], []),
        ([], [], ["tatsu-lab/alpaca"]),
        (["a/b"], [], ["c/d"]),
        (["gpt-4o-mini"], [], ["data/train.jsonl"]),
    ]
    reasons = [item.why for item in found.unread]
    assert any("'${UNSET}'" in why for why in reasons) and any("llama3/8B" in why for why in reasons)
    assert all(named.place.line for run in found.trainings for named in run.datasets)


@pytest.mark.parametrize("path", ["Makefile", "docker/Dockerfile"])
def test_makefiles_and_dockerfiles(path):
    line = (
        "\tswift sft --model a/b --dataset c/d\n" if path == "Makefile" else "RUN swift sft --model a/b --dataset c/d\n"
    )
    assert names(read(f"all:\n{line}", path).trainings[0].datasets) == ["c/d"]
