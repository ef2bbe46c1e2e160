"""Damaged and hostile files: compression, and every file of JSONTestSuite as a line."""

import asyncio
import gzip
import hashlib
import json
import zlib

import pytest
from backports.zstd import compress

from auditor.engine import Database
from auditor.errors import AuditorError
from auditor.sources import Input, ingest
from auditor.sources.stage import stage
from tests.sources.conftest import shared

MAPPING = "format: {}\nfacts:\n  record.id: id\n  prompt.text: prompt\n"
LINES = b"".join(b'{"record.id": "r%d"}\n' % i for i in range(2000))


@pytest.mark.parametrize(
    ("name", "records", "rejected", "truncated"),
    [
        ("ok_2000.jsonl.gz", 2000, 0, ""),
        ("ok_2000.jsonl.zst", 2000, 0, ""),
        ("multi_member.jsonl.gz", 2000, 0, ""),
        ("multi_frame.jsonl.zst", 2000, 0, ""),
        ("gz_named_but_plain.jsonl.gz", 32, 1, ""),
        ("bad_crc.jsonl.gz", 2000, 0, "checksum"),
        ("bad_checksum.jsonl.zst", 2000, 0, "checksum"),
        ("no_trailer.jsonl.gz", 2000, 0, "ends too early"),
        ("trailing_garbage.jsonl.gz", 2000, 0, "no compressed data"),
        ("truncated.jsonl.gz", 1310, 1, "ends too early"),
        ("truncated.jsonl.zst", 0, 0, "ends too early"),
        ("empty.jsonl.gz", 0, 0, ""),
        ("zero_len_payload.jsonl.gz", 0, 0, ""),
        ("malformed.jsonl", 11, 11, ""),
    ],
)
def test_generated_files(read, write, name, records, rejected, truncated):
    path = shared("hostile", "generated", name)
    found = read(Input(str(path), mapping=write(MAPPING.format("jsonl"), name="m.yaml")), text=["prompt.text"])
    (summary,) = found.result.inputs
    assert (summary.records, summary.rejected) == (records, rejected)
    assert truncated in summary.truncated
    assert bool(truncated) == bool(summary.truncated)
    assert (summary.sha256, summary.bytes) == (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size)


@pytest.mark.parametrize("name", ["bomb_50MB.jsonl.gz", "bomb_200MB.jsonl.zst"])
def test_bombs_are_one_reject(read, write, name):
    mapping = write(MAPPING.format("jsonl"), name="m.yaml")
    with pytest.raises(AuditorError, match="no record of the format mapping"):
        read(Input(str(shared("hostile", "generated", name)), mapping=mapping))


def test_more_content_than_the_limit_is_refused(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"x" * 100_000))
    with pytest.raises(AuditorError, match="more than 50000 bytes when decompressed"):
        stage(tmp_path / "a.gz", tmp_path / "out", limit=50_000)


@pytest.mark.parametrize("name", ["truncated.parquet", "no_magic.parquet", "one_bit_flip_crc.parquet"])
def test_damaged_parquet_is_refused(read, write, name):
    mapping = write(MAPPING.format("parquet"), name="m.yaml")
    with pytest.raises(AuditorError, match=name):
        read(Input(str(shared("hostile", "generated", name)), mapping=mapping))


@pytest.mark.parametrize("pack", [gzip.compress, compress], ids=["gzip", "zstd"])
@pytest.mark.parametrize("at", [1, 3, 5, 9])
def test_what_stands_before_the_damage_is_salvaged(read, write, tmp_path, pack, at):
    packed = b"".join(pack(LINES[i : i + 4000]) for i in range(0, len(LINES), 4000))
    path = write(packed[: len(packed) * at // 10], name="a.gz", end=b"")
    found = read(path)
    assert found.result.inputs[0].truncated
    assert len(found.records) >= 2000 * (at - 1) // 10
    assert found.column("record.id") == [f"r{i}" for i in range(len(found.records))]


def test_output_that_fills_the_buffer_exactly(read, tmp_path):
    size = 4 << 20
    content = (b'{"record.id": "a"}' + b" " * size)[: size - 1] + b"\n"
    packer = zlib.compressobj(wbits=31)
    (tmp_path / "a.gz").write_bytes(packer.compress(content) + packer.flush())
    found = read(tmp_path / "a.gz")
    assert (len(found.records), found.result.inputs[0].truncated) == (1, "")


def test_json_test_suite_as_lines(read, write):
    folder = shared("hostile", "json_test_suite", "test_parsing")
    lines = {path.name: path.read_bytes().replace(b"\n", b" ") for path in sorted(folder.glob("*.json"))}
    wrapped = [b'{"record.id": "x", "other": %s}' % content for content in lines.values()]
    found = read(write(json.dumps({"record.id": "first"}), *wrapped, json.dumps({"record.id": "last"})))
    (summary,) = found.result.inputs
    assert summary.records + summary.rejected == len(lines) + 2
    assert found.records[-1]["_line"] == len(lines) + 2
    read_names = {name for at, name in enumerate(lines, 2) if at in set(found.column("_line"))}
    valid = {name for name, content in lines.items() if name.startswith("y_")}
    assert valid <= read_names, "all that is valid is read"
    assert len(valid) > 90


def test_long_prompts_do_not_fill_the_memory(read, tmp_path):
    """What the engine makes of a line is a multiple of it, for each of the 2,048 lines that it works on at a time."""
    path = tmp_path / "bedrock.jsonl"
    with path.open("w") as file:
        for number in range(3_000):
            body = {"messages": [{"role": "user", "content": [{"text": f"{number:05} " * 6_000}]}]}
            record = {
                "schemaType": "ModelInvocationLog", "timestamp": "2026-01-01T00:00:00Z", "requestId": f"r-{number}",
                "operation": "Converse", "modelId": "anthropic.claude", "input": {"inputBodyJson": body, "inputTokenCount": 9},
            }  # fmt: skip
            file.write(json.dumps(record) + "\n")
    assert path.stat().st_size > 80_000_000
    with Database() as db:
        db.execute("SET memory_limit = '600MB'")
        asyncio.run(ingest(db, [Input(str(path))], text=("prompt.text",)))
        rows = db.execute('SELECT _line, "record.id", length("prompt.text") > 20000 FROM records ORDER BY _row')
    assert rows == [(number + 1, f"r-{number}", True) for number in range(3_000)]
