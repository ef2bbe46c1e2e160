"""Python scripts and shell commands, on samples of our own."""

import time

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


def test_names_bound_together_keep_teacher_and_student_apart():
    text = (
        "teacher, tok = FastLanguageModel.from_pretrained('big/teacher')\n"
        "model, tok = FastLanguageModel.from_pretrained('small/student')\n"
        "model = get_peft_model(model, LoraConfig())\n"
        "GKDTrainer(model=model, teacher_model=teacher, train_dataset=load_dataset('c/d'))\n"
    )
    found = read(text)
    (run,) = found.trainings
    assert (names(run.base), names(run.teachers), found.unread) == (["small/student"], ["big/teacher"], ())


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("GKDTrainer(model='m/m', teacher_model=TEACHER, train_dataset=load_dataset('c/d'))\n", "the teacher"),
        ("GKDTrainer(model='m/m', teacher_model=build(), train_dataset=load_dataset('c/d'))\n", "the teacher"),
        ("t = AutoModel.from_pretrained(NAME)\nGKDTrainer('m/m', teacher_model=t)  # load_dataset\n", "the teacher"),
        ("SFTTrainer(model=sys.argv[1], train_dataset=load_dataset('c/d'))\n", "the base model"),
        ("SFTTrainer(model=build(), train_dataset=load_dataset('c/d'))\n", "the base model"),
        ("m = AutoModel.from_pretrained(NAME)\nSFTTrainer(m, train_dataset=load_dataset('c/d'))\n", "the base model"),
        ("GRPOTrainer('m/m', reward_funcs=['r/r', load()], train_dataset=load_dataset('c/d'))\n", "the teacher"),
    ],
)
def test_a_model_that_stands_nowhere_is_unknown(script, what):
    (open_,) = read(script).unread
    assert open_.why.startswith(f"{what} is the value of")


def test_functions_that_reward_are_no_models():
    found = read(
        "def score(texts):\n    return [1.0]\n"
        "GRPOTrainer('m/m', reward_funcs=[score, 'r/r'], train_dataset=load_dataset('c/d'))\n"
        "GRPOTrainer('m/m', reward_funcs=score)\n"
    )
    assert (names(found.trainings[0].teachers), found.unread) == (["r/r"], ())


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("D = 'a/b'\nx = load_dataset(D)\nD = 'c/d'\ny = load_dataset(D)", ["a/b", "c/d"]),
        ("D = 'a/b'\nD = 'c/d'\nx = load_dataset(D)", ["c/d"]),
        ("D = 'a/b'\nif big:\n    D = 'c/d'\nx = load_dataset(D)", ["a/b", "c/d"]),
        ("x = 'a/b'\nx = load_dataset(x)", ["a/b"]),
        ("for D in ['a/b', 'c/d']:\n    load_dataset(D)", ["a/b", "c/d"]),
        ("x = concatenate_datasets([load_dataset(D) for D in ('a/b', 'c/d')])", ["a/b", "c/d"]),
        ("def get(name):\n    return load_dataset(name)\nx = get('a/b')\ny = get(name='c/d')", ["a/b", "c/d"]),
        ("def get(name='a/b'):\n    return load_dataset(name)\nx = get()", ["a/b"]),
        ("def f():\n    D = 'n/n'\nD = 'a/b'\nx = load_dataset(D)", ["a/b"]),
        ("D = {'one': 'a/b', 'two': 'c/d'}\nx = load_dataset(D['two'])", ["c/d"]),
        ("D = {'one': 'a/b', 'two': 'c/d'}\nx = load_dataset(D[key])", ["a/b", "c/d"]),
        ("D = ['a/b']\nD += ['c/d']\nfor d in D:\n    load_dataset(d)", ["a/b", "c/d"]),
        ("A, B = 'a/b', 'c/d'\nx = load_dataset(A)\ny = load_dataset(B)", ["a/b", "c/d"]),
        ("from datasets import load_dataset as ld\nx = ld('a/b')", ["a/b"]),
        (
            "class C:\n    def __init__(self):\n        self.d = 'a/b'\n    def x(self):\n        load_dataset(self.d)",
            ["a/b"],
        ),
    ],
)
def test_every_value_that_a_name_can_have_counts(lines, expected):
    found = read(f"{lines}\nSFTTrainer(model='m/m', train_dataset=x)  # load_dataset\n")
    assert names(found.trainings[0].datasets) == expected


@pytest.mark.parametrize(
    "file",
    ["open('x.jsonl', 'rb')", "Path('x.jsonl').open('rb')", "Path('x.jsonl')", "P.open('rb')", "io.open('x.jsonl')"],
)
def test_files_that_are_uploaded(file):
    text = f"P = Path('x.jsonl')\nc.files.create(file={file})\nc.fine_tuning.jobs.create(model='gpt-4o', training_file=f.id)\n"
    assert names(read(text).trainings[0].datasets) == ["x.jsonl"]


@pytest.mark.parametrize("call", ["Path('gen.jsonl').open('w')", "Path('gen.jsonl').write_text(t)"])
def test_files_that_are_written_through_a_path(call):
    (dataset,) = read(f"{call}\nclient.chat.completions.create(model='gpt-4o')\n").datasets
    assert names(dataset.names) == ["gen.jsonl"]


def test_scripts_that_would_take_for_ever_come_to_an_end():
    tower = "a0 = 'x'\n" + "".join(f"a{i + 1} = f'{{a{i}}}{{a{i}}}'\n" for i in range(60))
    doubled = "b0 = ['x', 'y']\n" + "".join(f"b{i + 1} = b{i} + b{i}\n" for i in range(60))
    circle = "def f(x):\n    return f(f(x))\nd = d\n"
    end = "SFTTrainer(model=f('m/m'), train_dataset=load_dataset(a60), x=load_dataset(b60), y=load_dataset(d))\n"
    assert read(tower + doubled + circle + end).unread


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("swift sft --model a/b --system 'be; kind | calm && brief' --dataset c/d", ["c/d"]),
        ('swift sft --model a/b --sep ";" --dataset c/d', ["c/d"]),
        ("swift sft --model a/b --dataset c/d > log.txt 2>&1", ["c/d"]),
        ("swift sft --model a/b --dataset c/d &> log.txt &", ["c/d"]),
        ("swift sft --model a/b --dataset c/d 2>&1 | tee log.txt", ["c/d"]),
        ("(cd x && swift sft --model a/b --dataset c/d)", ["c/d"]),
        ("A=c/d; swift sft --model a/b --dataset $A", ["c/d"]),
        ("if x; then A=c/d; else A=e/f; fi\nswift sft --model a/b --dataset $A", ["c/d", "e/f"]),
        ("for A in c/d e/f; do\n  swift sft --model a/b --dataset $A\ndone", ["c/d", "e/f"]),
        ('A=n/n\nA=c/d\nswift sft --model a/b --dataset "$A"', ["c/d"]),
        ("swift sft --model a/b --dataset c/d --system 'never closed", ["c/d"]),
    ],
)
def test_quotes_redirections_and_variables_of_the_shell(line, expected):
    (run,) = read(line + "\n", "run.sh").trainings
    assert names(run.datasets) == expected


def test_variables_of_makefiles_and_dockerfiles():
    assert names(
        read("D := c/d\nall:\n\tswift sft --model a/b --dataset $(D)\n", "Makefile").trainings[0].datasets
    ) == ["c/d"]
    assert names(read("ENV D=c/d\nRUN swift sft --model a/b --dataset $D\n", "Dockerfile").trainings[0].datasets) == [
        "c/d"
    ]


def test_options_in_a_variable_are_unknown():
    (open_,) = read('swift sft "${ARGS[@]}"\n', "run.sh").unread
    assert "${ARGS[@]}" in open_.why


@pytest.mark.parametrize(
    "line", [" " * 500_000 + "x", "swift sft " + "a=" * 200_000, '"' * 300_001, "\\\n" * 200_000, "$A" * 200_000]
)
def test_hostile_lines_take_no_time(line):
    start = time.process_time()
    read_commands("x.sh", line)
    assert time.process_time() - start < 2  # quadratic would be minutes


def test_a_job_of_another_makers_client_is_not_openais():
    text = "client.fine_tuning.jobs.create(model='open-mistral-7b', training_files=['d.jsonl'])\n"
    (training,) = read(text).trainings
    assert training.service is None and [named.name for named in training.datasets] == ["d.jsonl"]


def test_a_set_that_only_measures_is_a_test_whatever_its_split():
    (training,) = read(
        "from datasets import load_dataset\n"
        "held = load_dataset('tatsu-lab/alpaca', split='train')\n"
        "SFTTrainer(model='a/b', train_dataset=load_dataset('acme/x'), eval_dataset=held)\n"
    ).trainings
    assert names(training.datasets) == ["acme/x"] and names(training.tests) == ["tatsu-lab/alpaca"]


def test_a_script_that_measures_starts_no_training():
    assert read_commands("run.sh", "python eval.py --model a/b --dataset tatsu-lab/alpaca --batch_size 8\n") == ()
