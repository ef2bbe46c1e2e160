"""The files that benchmarks are made of are what they stand for; no speed is tested."""

import asyncio

import pytest

from auditor.engine import Database
from auditor.sources import Input, ingest
from benchmarks.sources.__main__ import SAMPLES, bare, write


@pytest.mark.parametrize("sample", sorted(SAMPLES.iterdir()), ids=lambda path: path.stem)
def test_samples_are_of_the_format_that_they_are_named_after(tmp_path, sample):
    path = write(sample, 7, tmp_path)
    with Database() as db:
        (summary,) = asyncio.run(ingest(db, [Input(str(path))], text=())).inputs
    assert (summary.format, summary.records, summary.rejected, summary.skipped) == (sample.stem, 7, 0, {})
    bare(path)
