"""Dataset files of every kind: what their rows record, what their text claims, and what cannot be read."""

import csv
import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor.guard.data.evidence import layout_of
from auditor.guard.data.scan import Scan, scan_file
from auditor.guard.found import Named
from auditor.guard.kinds import is_data
from tests.conftest import SHARED

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHAT = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}
ROWS: list[dict[str, Any]] = [CHAT | {"generation_model": "gpt-4o"}, CHAT | {"generation_model": "claude-3-opus"}, CHAT]


def names(found: tuple[Named, ...]) -> list[str]:
    return [named.name for named in found]


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture
def scan(tmp_path):
    def run(content: bytes, name: str = "d.jsonl", **options: Any) -> Scan:
        path = tmp_path / name
        path.write_bytes(content)
        return scan_file(name, path, **options)

    return run


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"instruction": "a", "output": "b", "model": "gpt-4"}, ["gpt-4"]),
        ({"conversations": [{"from": "gpt", "value": "a"}], "model": "vicuna-33b"}, ["vicuna-33b"]),
        ({"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}, []),
        (
            {"prompt": "a", "chosen": "b", "rejected": "c", "chosen_model": "gpt-4", "rejected_model": "z-7b"},
            ["gpt-4", "z-7b"],
        ),
        (
            {
                "instruction": "a",
                "completions": [{"model": "gpt-4", "response": "b"}, {"model": "bard", "response": "c"}],
            },
            ["gpt-4", "bard"],
        ),
        ({"generation": "a", "distilabel_metadata": {"x": 1}, "model_name": "gpt-4-turbo"}, ["gpt-4-turbo"]),
        ({"problem": "a", "deepseek_reasoning": "b", "deepseek_solution": "c"}, ["deepseek-r1"]),
        ({"claude_answer": "b", "gpt4_answer": "c", "gemini_x": ""}, ["claude", "gpt-4"]),
        ({"text": "a", "meta": {"source": {"teacher_model": "gpt-4o"}}}, ["gpt-4o"]),
        ({"text": "a", "source": "gpt-4o"}, ["gpt-4o"]),
        ({"text": "a", "source": "wikipedia", "dataset": "sharegpt", "provider": "us"}, []),
        ({"brand": "Honda", "model": "Civic", "year": 2020}, []),
        ({"model_a": "gpt-4", "model_b": "claude-1", "winner": "model_a"}, ["gpt-4", "claude-1"]),
        ({"text": "I read about GPT-4 and Claude", "title": "gpt-4"}, []),
        ({"generation_model": "unknown"}, []),
    ],
)
def test_columns_that_name_a_model(scan, row, expected):
    found = scan(lines(row))
    assert sorted(names(found.dataset.generators)) == sorted(expected)
    assert all(named.evidence == "recorded" for named in found.dataset.generators)


OPENAI = {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-2024-08-06", "system_fingerprint": "fp_1"}
AZURE = OPENAI | {"choices": [{"content_filter_results": {}, "message": {"content": "a"}}]}
LOCAL = {"id": "chatcmpl-1", "object": "chat.completion", "model": "Qwen/Qwen2.5-7B-Instruct"}
CLAUDE = {"id": "msg_01", "type": "message", "role": "assistant", "model": "claude-3-5-sonnet-20241022", "content": []}
GEMINI = {"candidates": [{"content": {"parts": [{"text": "a"}]}}], "modelVersion": "gemini-2.0-flash"}


@pytest.mark.parametrize(
    ("row", "models", "providers"),
    [
        ({"response": OPENAI}, ["gpt-4o-2024-08-06"], ["openai"]),
        ({"log": {"deep": [{"response": AZURE}]}}, ["gpt-4o-2024-08-06"], ["azure.ai.openai"]),
        ({"response": LOCAL}, ["Qwen/Qwen2.5-7B-Instruct"], []),
        ({"response": {"id": "chatcmpl-1", "object": "chat.completion"}}, ["other"], []),
        (CLAUDE, ["claude-3-5-sonnet-20241022"], ["anthropic"]),
        ({"response": GEMINI}, ["gemini-2.0-flash"], []),
        ({"id": "resp_1", "object": "response", "model": "gpt-5", "system_fingerprint": None}, ["gpt-5"], []),
        ({"id": "msg_1", "type": "message", "text": "a mail"}, [], []),
    ],
)
def test_answers_of_apis_as_they_came(scan, row, models, providers):
    found = scan(lines(row))
    assert (names(found.dataset.generators), names(found.dataset.providers)) == (models, providers)


def test_places_and_counts(scan):
    found = scan(lines(CHAT, *ROWS, ROWS[0]))
    first, second = found.dataset.generators
    assert str(first.place) == "d.jsonl:2 (row 2: generation_model)"
    assert (first.name, first.note, second.note) == ("gpt-4o", "2 of 5 rows", "1 of 5 rows")
    assert (found.examined, found.total, found.dataset.rows) == (5, 5, 5)


def write(name: str, rows: list[dict[str, Any]], folder: Path) -> bytes:
    import pyarrow as pa
    from pyarrow import ipc, parquet

    path = folder / f"made-{name}"
    table = pa.Table.from_pylist([row | {"generation_model": row.get("generation_model")} for row in rows])
    if name.endswith(".parquet"):
        parquet.write_table(table, path, row_group_size=2)
    elif name.endswith((".arrow", ".feather")):
        make = ipc.new_file if name.endswith(".arrow") else ipc.new_stream
        with pa.OSFile(str(path), "wb") as sink, make(sink, table.schema) as writer:
            writer.write_table(table)
    elif ".csv" in name or ".tsv" in name:
        text = io.StringIO()
        flat = [{"prompt": 'a, "b"\nc', "generation_model": row.get("generation_model")} for row in rows]
        writer = csv.DictWriter(text, list(flat[0]), delimiter="\t" if ".tsv" in name else ",")
        writer.writeheader()
        writer.writerows(flat)
        path.write_text(text.getvalue(), "utf-8")
    else:
        path.write_bytes(json.dumps(rows).encode() if ".json" in name and "jsonl" not in name else lines(*rows))
    content = path.read_bytes()
    return (
        gzip.compress(content) if name.endswith(".gz") else zstd.compress(content) if name.endswith(".zst") else content
    )


@pytest.mark.parametrize(
    "name",
    [
        "d.jsonl", "d.ndjson", "d.json", "d.csv", "d.tsv", "d.parquet", "d.arrow", "d.feather", "d.jsonl.gz", "d.jsonl.zst",
        "d.json.gz", "d.csv.gz", "d.tsv.zst",
    ],
)  # fmt: skip
def test_every_kind_of_file(scan, tmp_path, name):
    found = scan(write(name, ROWS, tmp_path), name)
    assert names(found.dataset.generators) == ["gpt-4o", "claude-3-opus"]
    assert (found.examined, found.dataset.rows, found.unread) == (3, 3, ())
    assert is_data(name) or name == "d.json"


@pytest.mark.parametrize("key", ["data", "train", "rows"])
def test_json_with_rows_below_a_key_and_as_columns(scan, key):
    assert scan(json.dumps({key: ROWS}).encode(), "d.json").examined == 3
    columns = {"prompt": ["a", "b"], "generation_model": ["gpt-4o", "gpt-4o"]}
    assert names(scan(json.dumps(columns).encode(), "d.json").dataset.generators) == ["gpt-4o"]
    assert "no list of rows" in scan(b'{"a": 1}', "d.json").unread[0].why
    assert scan(lines(*ROWS), "d.json").examined == 3  # lines, whatever the name says


def test_claims_are_a_rate_over_assistant_turns_and_no_proof(scan):
    def row(user: str, assistant: str) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]}

    rows = [row("Who are you, Claude?", "I am Claude, made by Anthropic.")] * 3 + [row("a", "b")] * 97
    found = scan(lines(*rows))
    (claim,) = found.dataset.claims
    assert (claim.name, claim.evidence) == ("claude", "indicated")
    assert claim.note == "3 of 100 assistant turns (3.0 %) claim to be made by Anthropic"
    assert found.dataset.generators == ()


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("I was trained by OpenAI.", ["chatgpt"]),
        ("I'm ChatGPT, a large model", ["chatgpt"]),
        ("I am DeepSeek-V3, created by DeepSeek", ["deepseek"]),
        ("I am Qwen, created by Alibaba Cloud", ["qwen"]),
        ("I am Grok, built by xAI", ["grok"]),
        ("developed by Google DeepMind", ["gemini"]),
        ("see https://x.org/?utm_source=chatgpt.com", ["other"]),
        ("cite :contentReference[oaicite:1]", ["other"]),
        ("text\ufeff\ufe01\ufe02", ["other"]),
        ("As an AI language model, I cannot", []),
        ("Claude Monet painted. I am Claude Monet.", []),
        ("OpenAI and Anthropic are companies.", []),
        ("Certainly! I hope this helps. Let us delve.", []),
        ("<think>wait</think> 42", []),
    ],
)
def test_what_text_claims(scan, text, claims):
    found = scan(lines({"prompt": "q", "completion": text}))
    assert names(found.dataset.claims) == claims
    assert (found.dataset.synthetic is not None) == text.startswith("As an AI")


def test_people_are_left_alone(scan):
    rows = [
        {"messages": [{"role": "user", "content": "Are you ChatGPT, trained by OpenAI? I am Claude."}]},
        {"conversations": [{"from": "human", "value": "made by Anthropic"}, {"from": "gpt", "value": "No."}]},
        {"text": "The museum shows Claude Monet. The bridge was built by Meta Steel."},
    ]
    found = scan(lines(*rows))
    assert (found.dataset.generators, found.dataset.claims, found.dataset.synthetic) == ((), (), None)


def test_bad_rows_are_counted_and_the_others_read(scan):
    deep = b"[" * 100_000
    content = lines(ROWS[0]) + b"{broken\n" + deep + b"\n42\n\xff\xfe\n\n" + lines(ROWS[1])
    found = scan(content)
    assert names(found.dataset.generators) == ["gpt-4o", "claude-3-opus"]
    (problem,) = found.unread
    assert problem.place.line == 2 and "and 3 more rows" in problem.why
    assert found.dataset.rows is None


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "d.jsonl", "Git LFS"),
        (b"not parquet", "d.parquet", "not Parquet"),
        (b"not arrow", "d.arrow", "not Arrow"),
        (gzip.compress(lines(*ROWS * 50))[:60], "d.jsonl.gz", "damaged"),
        (zstd.compress(lines(*ROWS * 500))[:40], "d.jsonl.zst", "damaged"),
    ],
)
def test_what_cannot_be_read_is_said(scan, content, name, why):
    assert any(why in item.why for item in scan(content, name).unread)


def test_a_hostile_row_is_bounded(scan):
    nested: Any = "x"
    for _ in range(200):
        nested = {"a": nested}
    wide = {f"k{i}": {"model": "gpt-4o"} for i in range(50_000)}
    found = scan(lines({"deep": nested}, wide, {"prompt": "x" * 5_000_000, "completion": "I am Claude, a" * 10}))
    assert found.examined == 3


def test_many_models_are_bounded(scan):
    found = scan(lines(*({"generation_model": f"m-{i}"} for i in range(700))))
    assert len(found.dataset.generators) == 50
    assert "more than 50 models" in found.unread[0].why


def test_large_files_are_sampled_over_their_length_and_read_whole_on_demand(scan, tmp_path):
    rows = [
        {"prompt": "a" * 50, "n": i, "generation_model": "gpt-4o" if i > 8_000 else "llama-3-8b"} for i in range(10_000)
    ]
    found = scan(lines(*rows), most=1_000)
    assert 800 <= found.examined <= 1_100 and found.dataset.rows is None
    assert {"gpt-4o", "llama-3-8b"} == {*names(found.dataset.generators)}
    by_name = {named.name: named for named in found.dataset.generators}
    line = by_name["gpt-4o"].place.line
    assert line is not None and rows[line - 1]["generation_model"] == "gpt-4o"
    assert scan(lines(*rows), full=True).dataset.rows == 10_000
    packed = scan(write("d.parquet", rows, tmp_path), "d.parquet", most=1_000)
    assert packed.total == 10_000 and packed.examined <= 1_000 and packed.dataset.rows is None
    assert scan(write("d.parquet", rows, tmp_path), "d.parquet", full=True).dataset.rows == 10_000


def test_only_added_lines(scan):
    added = [(7, json.dumps(ROWS[1])), (8, "{broken")]
    found = scan(lines(*ROWS), added=added)
    assert names(found.dataset.generators) == ["claude-3-opus"]
    assert found.dataset.generators[0].place.line == 7 and found.examined == 1
    table = b'prompt,generation_model\na,gpt-4o\nb,claude-3-opus\n"c\nd",gpt-4.1\n'
    found = scan(table, "d.csv", added=[(3, "b,claude-3-opus")])
    assert names(found.dataset.generators) == ["claude-3-opus"]
    found = scan(table, "d.csv", added=[(4, '"c'), (5, 'd",gpt-4.1')])
    assert names(found.dataset.generators) == ["gpt-4.1"] and found.examined == 1


REAL = SHARED / "fixtures" / "training" / "configs"


@pytest.mark.skipif(not REAL.is_dir(), reason="the research notes with real rows are not here")
def test_layouts_of_real_datasets(tmp_path):
    found = scan_file("layouts.jsonl", REAL / "dataset_rows" / "layouts.jsonl")
    assert found.examined == 12 and not found.unread
    rows = [json.loads(line) for line in (REAL / "dataset_rows" / "layouts.jsonl").read_text("utf-8").splitlines()]
    assert {"sharegpt", "alpaca", "messages", "preference"} <= {layout_of(row) for row in rows}
    assert {"gpt-4", "gpt-4-0613", "claude-3-5-sonnet-20241022", "gpt-3.5-turbo", "deepseek-r1"} <= {
        *names(found.dataset.generators)
    }
    for name in ("chat_sft.jsonl", "dpo.jsonl"):
        found = scan_file(name, REAL / "openai_finetune" / name)
        assert found.dataset.generators == () and not found.unread


@pytest.mark.skipif(not (SHARED / "fixtures" / "hostile").is_dir(), reason="the hostile inputs are not here")
@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet", ".arrow", ".jsonl.gz"])
def test_hostile_files_are_never_a_traceback(suffix):
    for path in sorted((SHARED / "fixtures" / "hostile").rglob("*")):
        if path.is_file() and path.stat().st_size < 2_000_000:
            scan_file(f"x{suffix}", path)
