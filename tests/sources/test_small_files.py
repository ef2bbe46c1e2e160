"""Many small files of one format, which are read together: each keeps its lines, rejects, counts and hash."""

import gzip
import hashlib
import json

from benchmarks.sources.__main__ import SAMPLES, lines


def test_small_files_are_read_as_if_each_stood_alone(read, db, tmp_path):
    records = list(lines(SAMPLES / "bedrock.jsonl", 60))
    contents = [records[n * 3 : n * 3 + 3] for n in range(20)]
    contents[4][1] = "{"  # damaged
    contents[5].insert(0, "")  # blank
    contents[6][2] = json.dumps({"schemaType": "ModelInvocationLog", "timestamp": "soon"})
    contents[7] = []
    paths = []
    for number, content in enumerate(contents):
        path = tmp_path / f"{number:02}.jsonl{'.gz' if number % 2 else ''}"
        text = "".join(line + "\n" for line in content).encode()
        path.write_bytes(gzip.compress(text) if number % 2 else text.rstrip(b"\n"))
        paths.append(path)
    found = read(*paths)
    assert len(list(db.folder.glob("records-*.parquet"))) <= 5, "they are converted together"
    alone = [read(path) for path in paths]
    assert [item.records for item in found.result.inputs] == [item.result.inputs[0].records for item in alone]
    assert [item.sha256 for item in found.result.inputs] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    ]
    for number, (item, single) in enumerate(zip(found.result.inputs, alone, strict=True)):
        (expected,) = single.result.inputs
        assert (item.rejected, item.present, item.first, item.last) == (
            expected.rejected, expected.present, expected.first, expected.last
        )  # fmt: skip
        lines_ = [record["_line"] for record in found.records if record["_input"] == number]
        assert lines_ == [record["_line"] for record in single.records]
    assert found.rejects == [
        reject | {"input": number} for number, single in enumerate(alone) for reject in single.rejects
    ]
    assert len(found.rejects) == 2
    assert len({record["_row"] for record in found.records}) == len(found.records)


def test_files_of_other_formats_and_large_ones_stay_apart(read, tmp_path):
    paths = []
    for number, name in enumerate(("bedrock", "bedrock", "kong", "bedrock", "otlp", "litellm", "litellm")):
        path = tmp_path / f"{number}.jsonl"
        path.write_text("\n".join(lines(SAMPLES / f"{name}.jsonl", 700 if number == 3 else 2)))
        paths.append(path)
    found = read(*paths)
    assert [item.format for item in found.result.inputs] == [
        "bedrock",
        "bedrock",
        "kong",
        "bedrock",
        "otlp",
        "litellm",
        "litellm",
    ]
    assert [item.records for item in found.result.inputs] == [2, 2, 2, 700, 2, 2, 2]
