import asyncio
import gzip
import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.engine import Database
from auditor.errors import AuditorError
from auditor.sources import SOURCES, Input, ingest
from auditor.sources.source import SCHEMAS
from auditor.sources.stage import MAX_LINE

GOOD = {"timestamp": "2025-01-01T00:00:00Z", "record.id": "a"}


def test_reads_what_is_there_and_types_it(read, write):
    path = write(
        {
            "timestamp": "2025-01-01T01:00:00.123456789+01:00",
            "record.id": "a",
            "request.count": 3,
            "data.personal": True,
        },
        {
            "timestamp": 1735689600.5,
            "record.id": 7,
            "request.count": "12.0",
            "gen_ai.response.finish_reasons": ["stop"],
        },
        {"timestamp": "1735689600123456789", "gen_ai.response.finish_reasons": "length", "data.personal": "No"},
    )
    found = read(path)
    assert found.result.facts == (
        "timestamp", "record.id", "request.count", "gen_ai.response.finish_reasons", "data.personal",
    )  # fmt: skip
    assert found.column("timestamp") == [
        datetime(2025, 1, 1, 0, 0, 0, 123456),
        datetime(2025, 1, 1, 0, 0, 0, 500000),
        datetime(2025, 1, 1, 0, 0, 0, 123456),
    ]
    assert found.column("record.id") == ["a", "7", None]
    assert found.column("request.count") == [3, 12, None]
    assert found.column("gen_ai.response.finish_reasons") == [None, ["stop"], ["length"]]
    assert found.column("data.personal") == [True, None, False]
    assert found.column("_line") == [1, 2, 3]
    (summary,) = found.result.inputs
    assert (summary.format, summary.records, summary.rejected) == ("flat", 3, 0)
    assert (summary.first, summary.last) == ("2025-01-01T00:00:00.123456Z", "2025-01-01T00:00:00.500000Z")
    assert summary.present["record.id"] == 2


def test_free_text_is_read_only_where_it_is_needed(read, write):
    path = write(GOOD | {"prompt.text": "", "completion.text": "x"})
    assert "prompt.text" not in read(path).result.facts
    found = read(path, text=["prompt.text"])
    assert found.column("prompt.text") == [""], "an empty prompt is a prompt"
    assert "completion.text" not in found.result.facts


def test_names_line_offset_and_reason_of_rejects(read, write):
    lines = [
        json.dumps(GOOD),
        "",
        '{"timestamp": "2025-02-30T00:00:00Z"}',
        '{"request.count": "0x10"}',
        "{oops",
        '["a"]',
        '{"unknown": 1}',
        '{"request.count": 99999999999999999999}',
        '{"record.id": null}',
        b'{"record.id": "\xff"}',
        r'{"record.id": "\ud800"}',
        json.dumps(GOOD),
    ]
    path = write(*lines)
    found = read(path)
    assert found.column("_line") == [1, 12]
    assert [(r["line"], r["reason"]) for r in found.rejects] == [
        (3, "timestamp: '2025-02-30T00:00:00Z' is not a time of the years 2000 to 2100"),
        (4, "request.count: '0x10' is not a whole number"),
        (5, "not valid JSON: Expecting property name enclosed in double quotes at column 2"),
        (6, "not a JSON object"),
        (7, "no field of this line is a known fact"),
        (8, "request.count: '99999999999999999999' is not a whole number"),
        (9, "no field of this line that is read has a value"),
        (10, "not UTF-8 text: byte 16 of the line"),
        (11, "not valid JSON: half a surrogate pair, which is no character"),
    ]
    content = path.read_bytes()
    for reject in found.rejects:
        assert content[reject["byte_offset"] :].split(b"\n")[0] == content.split(b"\n")[reject["line"] - 1]
    assert found.result.rejected == found.result.inputs[0].rejected == 9


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("timestamp", "yesterday"),
        ("timestamp", "1999-12-31T23:59:59Z"),
        ("timestamp", "2101-01-01T00:00:00Z"),
        ("timestamp", "infinity"),
        ("timestamp", "20250101"),
        ("timestamp", 12345),
        ("timestamp", True),
        ("timestamp", {"a": 1}),
        ("request.count", "1_000"),
        ("request.count", 1.5),
        ("request.count", "1e3"),
        ("request.count", 2**63),
        ("data.personal", "maybe"),
        ("data.personal", 2),
        ("organisation.owner_share", "NaN"),
        ("organisation.owner_share", "1e999"),
        ("organisation.owner_share", "inf"),
        ("gen_ai.response.finish_reasons", [{"a": 1}]),
        ("gen_ai.response.finish_reasons", "[broken"),
    ],
)
def test_refuses_what_is_not_of_the_type(read, write, fact, value):
    found = read(write(GOOD, {"record.id": "b", fact: value}))
    assert [reject["line"] for reject in found.rejects] == [2]
    assert found.rejects[0]["reason"].startswith(f"{fact}: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-06-30T10:00", datetime(2025, 6, 30, 10)),
        ("2025-06-30", datetime(2025, 6, 30)),
        ("2025-06-30 10:00:00.5-0230", datetime(2025, 6, 30, 12, 30, 0, 500000)),
        ("2025-06-30t10:00:00z", datetime(2025, 6, 30, 10)),
        ("1751277600", datetime(2025, 6, 30, 10)),
        ("1751277600000", datetime(2025, 6, 30, 10)),
        ("1751277600000000", datetime(2025, 6, 30, 10)),
        ("1751277600000000999", datetime(2025, 6, 30, 10)),
        ("946684800", datetime(2000, 1, 1)),
    ],
)
def test_spellings_of_time(read, write, text, expected):
    assert read(write({"timestamp": text})).column("timestamp") == [expected]


def test_empty_is_missing_but_for_free_text(read, write):
    found = read(write(GOOD | {"user.id": "", "request.count": "", "prompt.text": ""}), text=["prompt.text"])
    assert found.rejects == []
    assert found.result.facts == ("timestamp", "record.id", "prompt.text")


def test_a_fact_that_first_comes_late_is_read(read, write):
    found = read(write(*[GOOD] * 2500, GOOD | {"user.id": "late"}))
    assert found.column("user.id") == [None] * 2500 + ["late"]


def test_unused_names_the_fields_that_nothing_takes(read, write):
    assert read(write(GOOD | {"foo": 1, "prompt.text": "x"})).result.inputs[0].unused == ("foo",)


def test_rows_are_unique_and_stable_over_inputs(read, write):
    one, two = write(GOOD, "{", GOOD, name="1.jsonl"), write(GOOD, name="2.jsonl")
    found = read(one, two)
    assert [(r["_row"], r["_input"], r["_line"]) for r in found.records] == [(0, 0, 1), (2, 0, 3), (1 << 40, 1, 1)]


@pytest.mark.parametrize("text", ["[%s,\n%s]", "%s\n%s", '{"records": [%s, %s]}', " [%s,%s] "])
def test_arrays_envelopes_and_pretty_printed_objects(read, write, text):
    one, two = (json.dumps(GOOD | {"record.id": name}, indent=2) for name in "ab")
    found = read(write(text % (one, two), end=b""))
    assert found.column("record.id") == ["a", "b"]
    assert found.column("_line") == [1, 2]


def test_a_damaged_array_is_refused_as_a_whole(read, write):
    with pytest.raises(AuditorError, match="cannot be read as flat"):
        read(write(f"[{json.dumps(GOOD)},\n{json.dumps(GOOD)},\n{{"))


@pytest.mark.parametrize("prefix", [b"\xef\xbb\xbf", b"", b"\n\n  \n"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_marks_blank_lines_and_carriage_returns(read, tmp_path, prefix, newline):
    path = tmp_path / "a.jsonl"
    good = json.dumps(GOOD).encode()
    path.write_bytes(prefix + newline.join([good, b"", b"{", good]))
    found = read(path)
    first = prefix.count(b"\n") + 1
    assert found.column("_line") == [first, first + 3]
    assert path.read_bytes()[found.rejects[0]["byte_offset"] :].startswith(b"{" + newline)


def test_a_line_that_is_too_long_is_one_reject(read, write):
    long = b'{"record.id": "' + b"x" * MAX_LINE + b'"}'
    found = read(write(GOOD, long, GOOD))
    assert found.column("_line") == [1, 3]
    assert [(r["line"], r["reason"]) for r in found.rejects] == [(2, "longer than 16 MiB")]


def test_a_line_just_short_enough_is_read(read, write):
    frame = b'{"record.id": "%s"}'
    found = read(write(GOOD, frame.replace(b"%s", b"x" * (MAX_LINE - len(frame) + 2)), GOOD))
    assert found.column("_line") == [1, 2, 3]


def test_a_first_record_longer_than_the_sample_is_recognised(read, write):
    assert len(read(write({"record.id": "a", "prompt.text": "x" * (2 << 20)}, GOOD)).records) == 2


def test_an_empty_file_holds_nothing(read, write):
    found = read(write(end=b""))
    assert found.records == []
    assert found.result.inputs[0].format == "empty"


def test_no_input_gives_an_empty_view(read):
    assert read().records == []


def test_odd_names_of_files(read, write):
    paths = [write(GOOD, name=name) for name in ("it's [1].jsonl", "a*b?.jsonl", "ü ü/%20.jsonl")]
    assert len(read(*paths).records) == 3


def test_reasons_hold_no_control_characters_and_little_text(read, write):
    found = read(write(GOOD, {"timestamp": "\x1b[31m\u202e" + "x" * 500}))
    (reject,) = found.rejects
    assert reject["reason"].isprintable()
    assert len(reject["reason"]) < 160


def test_sources_say_what_they_fill():
    for name, source in SOURCES.items():
        assert name == source.name
        assert source.title
        assert source.facts.keys() <= SCHEMAS[source.kind].facts.keys()


LINES = st.lists(
    st.one_of(
        st.just(json.dumps(GOOD).encode()),
        st.just(b""),
        st.just(b" \t"),
        st.just(b"\r"),
        st.just(b'{"record.id": 1} {"record.id": 2}'),
        st.just(b'{"record.id": 1}{"record.id": 2}'),
        st.just(b'{"record.id": [[[[1]]]]}'),
        st.just(b'{"record.id": {"a": "\\u0000"}}'),
        st.just(b'"text"'),
        st.just(b"\x00"),
        st.binary(max_size=30).map(lambda data: data.replace(b"\n", b"")),
        st.text(max_size=30).map(lambda text: json.dumps({"record.id": text}, ensure_ascii=False))
        .map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.text(alphabet='{}[]",:0123456789eE.truefalsn \\u', max_size=25).map(str.encode),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES)
def test_every_line_that_is_not_blank_is_a_record_or_a_reject(tmp_path: Path, lines: list[bytes]):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join([json.dumps(GOOD).encode(), *lines, json.dumps(GOOD).encode()]))
    with Database() as db:
        result = asyncio.run(ingest(db, [Input(str(path), format="flat")], text=()))
        summary = result.inputs[0]
        numbers = [row[0] for row in db.execute("SELECT _line FROM records")]
        rejects = [json.loads(line)["line"] for line in result.rejects.read_text().splitlines()]
    full = path.read_bytes().split(b"\n")
    assert summary.records + summary.rejected == sum(1 for line in full if line.strip(b" \t\r"))
    assert sorted(numbers + rejects) == [at for at, line in enumerate(full, 1) if line.strip(b" \t\r")]
    assert {1, len(full)} <= set(numbers)


async def test_progress_is_told(write, tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(write(*[GOOD] * 100).read_bytes()))
    told: list[tuple[str, int, int]] = []
    with Database() as db:
        await ingest(db, [Input(str(path))], text=(), progress=lambda *seen: told.append(seen))
    size = path.stat().st_size
    assert told[-1] == (path.as_posix(), size, size)
