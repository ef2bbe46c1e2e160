"""The registry of datasets: its form, its spellings, and how it is asked."""

import json

import pytest

from auditor.errors import AuditorError
from auditor.registry import datasets as module
from auditor.registry.datasets import datasets
from auditor.registry.tables import registry
from tests.conftest import ROOT, SHARED

FILE = ROOT / "policies" / "registry" / "datasets.jsonl"
LINES = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
USES = ("all", "non-commercial", "academic", "unspecified", "unknown")
UNKNOWN = {
    "other", "llama", "deepl", "bing-chat", "starcoder", "instruct-gpt-j", "nous-hermes-2-yi-34b", "ctrl", "indictrans2",
    "gretel-navigator", "vicuna-13b", "vicuna-7b", "vicuna", "alpaca", "dolly", "character-ai", "seallm", "pplm_distil",
    "transformer_xl", "xlm", "grover",
}  # fmt: skip
"""Models of the sources that the table of models does not know: open weights and products without an API of old."""


def test_the_file_is_in_order_and_names_nothing_twice():
    ids = [entry["id"] for entry in LINES]
    assert ids == sorted(ids, key=lambda name: (name.lower(), name))
    names = [name.lower() for entry in LINES for name in (entry["id"], *entry.get("aliases", []))]
    assert len(names) == len(set(names))


def test_every_entry_has_a_source_and_words_that_are_known():
    for entry in LINES:
        assert entry["source"] in ("DPC", "card", "name") and entry["as_of"], entry
        assert all(licence["use"] in USES for licence in entry.get("licences", []))
        assert entry["generators"] is not None or entry.get("sources"), entry
        assert {"id", "generators", "source", "as_of"} <= entry.keys()


def test_models_and_providers_are_spelt_as_the_other_tables_have_them():
    for entry in LINES:
        for generator in entry["generators"] or []:
            known = registry().model(generator["model"])
            assert known.maker or generator["model"] in UNKNOWN, generator
            if provider := generator.get("provider"):
                told = registry().provider(provider)
                assert told is not None and told.maker == known.maker, (entry["id"], generator)


def test_open_weights_have_no_provider():
    for entry in LINES:
        for generator in entry["generators"] or []:
            if registry().model(generator["model"]).licences:
                assert "provider" not in generator, (entry["id"], generator)
    gpt2 = [e["id"] for e in LINES if any(g["model"] in ("gpt2", "openai-gpt") for g in e["generators"] or [])]
    assert len(gpt2) >= 3


def test_sources_are_entries_themselves():
    for entry in LINES:
        for source in entry.get("sources", []):
            assert datasets().find(source) is not None, (entry["id"], source)


def test_a_permissive_licence_stands_beside_the_terms_of_a_provider():
    written = [e for e in LINES if any(g.get("provider") == "openai" for g in e["generators"] or [])]
    permissive = [e for e in written if any(lic["use"] == "all" for lic in e.get("licences", []))]
    assert len(written) > 80
    assert len(permissive) / len(written) > 0.33


@pytest.mark.parametrize(
    "name",
    [
        "tatsu-lab/alpaca", "Tatsu-Lab/Alpaca", " tatsu-lab/alpaca ", "hf://datasets/tatsu-lab/alpaca", "tatsu-lab/alpaca@v1",
        "https://huggingface.co/datasets/tatsu-lab/alpaca", "https://huggingface.co/datasets/tatsu-lab/alpaca/tree/main",
        "datasets/tatsu-lab/alpaca",
    ],
)  # fmt: skip
def test_names_in_all_spellings(name):
    found = datasets().find(name)
    assert found is not None and found.id == "tatsu-lab/alpaca"
    assert FILE.read_text("utf-8").splitlines()[found.line - 1].startswith('{"id": "tatsu-lab/alpaca"')


@pytest.mark.parametrize("name", ["", "alpaca", "tatsu-lab", "x" * 5000, "../tatsu-lab/alpaca", "tatsu-lab/alpaca2"])
def test_other_names_are_unknown(name):
    assert datasets().find(name) is None


def test_aliases_and_old_names():
    assert datasets().find("stanfordnlp/imdb") is datasets().find("imdb")
    released = datasets().find("openai/webgpt_comparisons")
    assert released is not None and released.released_by == "openai"
    inherited = datasets().find("mhenrichsen/alpaca_2k_test")
    assert inherited is not None and inherited.generators is None and inherited.sources == ("tatsu-lab/alpaca",)


@pytest.mark.parametrize("line", ["{broken", '{"id": "x"}', '{"id": "x", "generators": [], "colour": 1}', "[]"])
def test_a_damaged_file_names_its_line(tmp_path, monkeypatch, line):
    (tmp_path / "registry").mkdir()
    good = '{"id": "a/b", "generators": [], "source": "card", "as_of": "2026-01-01"}'
    (tmp_path / "registry" / module.FILE).write_text(f"{good}\n{line}\n")
    monkeypatch.setattr(module, "resource_dir", lambda _: tmp_path)
    datasets.cache_clear()
    with pytest.raises(AuditorError, match=r"datasets\.jsonl:2"):
        datasets()
    datasets.cache_clear()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the research notes that the registry was made from are not here")
def test_nothing_of_the_research_notes_was_lost():
    rows = [
        json.loads(line)
        for line in (SHARED / "fixtures/training/dataset_registry.jsonl").read_text("utf-8").splitlines()
    ]
    named = [row for row in rows if not row["id"].startswith("dpc:")]
    assert all(datasets().find(row["id"]) for row in named)
    for row in named:
        entry = datasets().find(row["id"])
        assert entry is not None
        wants = {item["provider"] for item in row["generators"]} & {"openai", "anthropic", "cohere"}
        if not entry.released_by:
            has = {g.provider for g in entry.generators or ()} & {"openai", "anthropic", "cohere"}
            assert wants <= has, row["id"]


def test_a_licence_of_its_own_says_what_it_is_for():
    custom = [i for e in datasets().entries for i in e.licences if (i.name, i.use) == ("Custom", "non-commercial")]
    assert custom and {licence.plain for licence in custom} == {"Custom (non-commercial)"}
    assert {i.plain for e in datasets().entries for i in e.licences if i.name == "CC-BY-NC-4.0"} == {"CC-BY-NC-4.0"}
