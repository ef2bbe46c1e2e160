"""The library: what an importer gets, and every kind of source it takes."""

import subprocess
import sys
from datetime import date

import pyarrow
import pytest

import auditor
from auditor import Auditor, AuditorError, Input
from tests.conftest import PACK

NOW = date(2026, 1, 15)
RECORD: dict[str, object] = {
    "record.id": "1",
    "timestamp": "2024-06-01T12:00:00Z",
    "gen_ai.provider.name": "acme",
    "route": "direct",
    "application.purpose": "training",
    "application.model.competes": True,
    "application.model.kind": "generative",
}


def verdict(run: auditor.Run) -> str:
    return run.data.manifest.clauses[0].verdict


async def test_paths_iterables_async_iterators_and_arrow_give_the_same(records):
    async def stream():
        yield RECORD

    async with Auditor(policies=PACK, now=NOW) as library:
        sources = [
            records(RECORD),
            str(records(RECORD)),
            Input(str(records(RECORD)), "flat"),
            [RECORD],
            iter([RECORD]),
            stream(),
            pyarrow.Table.from_pylist([RECORD]),
        ]
        for source in sources:
            run = await library.replay(source)
            assert verdict(run) == "breach", source
            assert run.data.manifest.totals.records == 1
        both = await library.replay([RECORD], [RECORD | {"record.id": "2"}])
        assert both.data.manifest.totals.records == 2


def test_the_synchronous_way_and_a_folder_on_request(records, tmp_path):
    run = auditor.replay(records(RECORD), policies=PACK, now=NOW, out=tmp_path / "run")
    assert verdict(run) == "breach"
    assert run.folder and (run.folder / "run.json").is_file()


def test_errors_are_raised_not_printed(tmp_path):
    with pytest.raises(AuditorError, match="absent"):
        auditor.replay(tmp_path / "absent.jsonl", policies=PACK)
    with pytest.raises(AuditorError, match="no policy pack or path"):
        auditor.replay([RECORD], policies="nobody")


def test_bad_values_in_memory_are_rejects():
    run = auditor.replay([RECORD, RECORD | {"record.id": "2", "gen_ai.usage.input_tokens": "many"}], policies=PACK)
    assert (run.data.manifest.totals.records, run.data.manifest.totals.rejected) == (1, 1)


def test_public_names_are_there():
    for name in auditor.__all__:
        assert getattr(auditor, name)
    with pytest.raises(AttributeError):
        auditor.nothing  # noqa: B018


def test_the_engine_draws_nothing_on_standard_output():
    script = (
        "from auditor.engine import Database\n"
        "with Database() as db:\n    print(db.execute(\"SELECT current_setting('enable_progress_bar')\"))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[(False,)]\n"
