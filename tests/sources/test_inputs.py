import io
import os
import sys
import threading

import pytest

from auditor.errors import AuditorError
from auditor.sources import Input

GOOD = {"timestamp": "2025-01-01T00:00:00Z", "record.id": "a"}


def test_directories_globs_and_what_is_passed_over(read, write, tmp_path):
    for name in ("logs/b.jsonl", "logs/a.jsonl", "logs/deep/c.jsonl", "logs/.hidden.jsonl", "logs/.git/d.jsonl"):
        write(GOOD, name=name)
    found = read(tmp_path / "logs", tmp_path / "logs" / "*.jsonl")
    names = [item.uri.rsplit("/", 1)[1] for item in found.result.inputs]
    assert names == ["a.jsonl", "b.jsonl", "c.jsonl"]
    assert sorted(why for _, why in found.result.passed_over) == ["hidden", "hidden", "named twice", "named twice"]


def test_all_faults_at_once(read, write, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(AuditorError) as error:
        read(tmp_path / "none.jsonl", tmp_path / "no*.jsonl", tmp_path / "empty")
    text = str(error.value)
    assert "3 faults" in text
    assert "no such file" in text and "nothing matches" in text and "no file to read" in text


def test_unknown_formats_are_told_together(read, write):
    one = write({"who": 1}, name="1.jsonl")
    two = write("key: value", name="2.txt")
    with pytest.raises(AuditorError) as error:
        read(one, two, Input(str(one), format="flatt"))
    assert len(error.value.faults) == 2
    assert "its fields: who" in str(error.value) and "--format" in str(error.value)
    with pytest.raises(AuditorError, match=r"unknown format 'flatt' \(did you mean 'flat'\?\)"):
        read(Input(str(one), format="flatt"))


def test_a_forced_format_that_does_not_fit(read, write):
    path = write(GOOD)
    with pytest.raises(AuditorError, match="no record of the format litellm was recognised"):
        read(Input(str(path), format="litellm"))
    with pytest.raises(AuditorError, match="is not of the format csv"):
        read(Input(str(path), format="csv"))


def test_standard_input_and_pipes(read, tmp_path, monkeypatch):
    line = b'{"record.id": "a"}\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line)))
    assert len(read("-").records) == 1
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(line * 2))
    writer.start()
    assert len(read(pipe).records) == 2
    writer.join()


def test_utf_16_is_told(read, tmp_path):
    (tmp_path / "a.jsonl").write_bytes('{"record.id": "a"}'.encode("utf-16"))
    with pytest.raises(AuditorError, match="iconv"):
        read(tmp_path / "a.jsonl")
