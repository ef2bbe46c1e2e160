"""CSV, Parquet, Arrow, mapping files, and records in memory."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pyarrow
import pyarrow.parquet
import pytest

from auditor.errors import AuditorError
from auditor.sources import Input

TABLE = pyarrow.table(
    {
        "timestamp": pyarrow.array([datetime(2025, 1, 1), None], pyarrow.timestamp("us", tz="UTC")),
        "record.id": ["a", "b"],
        "gen_ai.response.finish_reasons": [["stop", "length"], None],
        "request.count": pyarrow.array([1, 2], pyarrow.int32()),
        "other": [1, 2],
    }
)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv(read, write, delimiter):
    rows = [
        ["timestamp", "record.id", "request.count", "note"],
        ["2025-01-01", '"a""x"', "1", ""],
        ["", '"l1\nl2"', "x", ""],
    ]
    found = read(write(*[delimiter.join(row) for row in rows], name="a.csv"))
    assert found.column("record.id") == ['a"x']
    assert found.column("_line") == [1]
    assert found.rejects[0] | {"input": 0} == {
        "input": 0, "line": 2, "byte_offset": None, "reason": "request.count: 'x' is not a whole number",
    }  # fmt: skip
    assert found.result.inputs[0].unused == ("note",)


def test_damaged_rows_of_csv_are_rejects(read, write):
    found = read(
        write("timestamp,record.id", "2025-01-01,a", "2025-01-01", "2025-01-01,b,c", b"2025-01-01,\xff", "2025-01-01,d")
    )
    assert found.column("record.id") == ["a", "d"]
    assert [(r["line"], r["reason"]) for r in found.rejects] == [
        (3, "fewer cells than the header"),
        (4, "more cells than the header"),
        (5, "not UTF-8 text"),
    ]


def test_parquet_and_arrow(read, tmp_path):
    pyarrow.parquet.write_table(TABLE, tmp_path / "a.parquet")
    for item in (
        Input(str(tmp_path / "a.parquet")),
        Input("mine", data=TABLE),
        Input("mine", data=pyarrow.RecordBatchReader.from_batches(TABLE.schema, TABLE.to_batches())),
    ):
        found = read(item)
        assert found.column("timestamp") == [datetime(2025, 1, 1), None]
        assert found.column("gen_ai.response.finish_reasons") == [["stop", "length"], None]
        assert found.column("request.count") == [1, 2]
        assert found.result.inputs[0].unused == ("other",)


def test_a_flipped_bit_in_parquet_is_found(read, tmp_path):
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(
        pyarrow.table({"record.id": [f"r{i}" for i in range(5000)]}), path, write_page_checksum=True
    )
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(AuditorError, match="does not match its checksum"):
        read(path)


@pytest.mark.parametrize(
    "options", [{"write_page_checksum": True, "data_page_version": "2.0"}, {"compression": "zstd"}, {}]
)
def test_whole_pages_pass(read, tmp_path, options):
    path = tmp_path / "a.parquet"
    table = pyarrow.table({"record.id": [f"r{i}" * 50 for i in range(20000)], "data.personal": [True] * 20000})
    pyarrow.parquet.write_table(table, path, **options)
    assert len(read(path).records) == 20000


MAPPING = """
format: {format}
facts:
  record.id: id
  timestamp: {{column: ts, unit: ms}}
  gen_ai.provider.name: {{constant: openai}}
  application.purpose: {{column: use, values: {{helpdesk: support}}}}
"""


def test_mapping_of_csv(read, write):
    mapping = write(MAPPING.format(format="csv"), name="m.yaml")
    path = write("id;ts;use", "a;1735689600123;helpdesk", "b;;other", "c;x;", name="a.csv")
    found = read(Input(str(path), mapping=mapping))
    assert found.column("timestamp") == [datetime(2025, 1, 1, 0, 0, 0, 123000), None]
    assert found.column("application.purpose") == ["support", "other"]
    assert found.column("gen_ai.provider.name") == ["openai", "openai"]
    assert [r["line"] for r in found.rejects] == [3]


def test_mapping_of_nested_json(read, write):
    mapping = write(
        "format: jsonl\nfacts:\n  record.id: id\n  user.id: /who/na~1me\n  request.count: {constant: 1}", name="m.yaml"
    )
    found = read(Input(str(write({"id": "a", "who": {"na/me": "u"}}, "{", {"x": 1})), mapping=mapping))
    assert found.column("user.id") == ["u"]
    assert [r["line"] for r in found.rejects] == [2, 3], "a constant makes no record of a damaged line"


def test_faults_of_mappings_are_located(read, write):
    path = write("id,ts", "a,1", name="a.csv")
    mapping = write("format: csv\nfacts:\n  record.idd: id\n  timestamp: {column: tss, unit: ms}", name="m.yaml")
    with pytest.raises(AuditorError) as error:
        read(Input(str(path), mapping=mapping))
    assert "m.yaml:3:3: 'record.idd' is no fact of usage (did you mean 'record.id'?)" in str(error.value)
    mapping.write_text("format: csv\nfacts:\n  timestamp: {column: tss, unit: ms}")
    with pytest.raises(AuditorError, match=r"m.yaml:3:3: .* has no column 'tss' \(did you mean 'ts'\?\)"):
        read(Input(str(path), mapping=mapping))


async def _records() -> AsyncIterator[dict[str, object]]:
    yield {"timestamp": datetime(2025, 1, 1, tzinfo=UTC), "record.id": "a", "request.count": 2}
    yield {"record.id": "b", "gen_ai.response.finish_reasons": ("stop",), "data.personal": False}


def test_records_from_an_iterator(read):
    for data in (
        _records(),
        [{"timestamp": "2025-01-01", "record.id": "a"}, {"record.id": "b", "data.personal": False}],
    ):
        found = read(Input("app", data=data))
        assert found.column("record.id") == ["a", "b"]
        assert found.column("data.personal") == [None, False]
        assert (found.result.inputs[0].uri, found.result.inputs[0].format) == ("app", "flat")


def test_records_that_cannot_be_facts(read):
    with pytest.raises(AuditorError, match="a record holds a object"):
        read(Input("app", data=[{"record.id": object()}]))
