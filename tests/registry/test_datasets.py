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
GPT_2 = ("gpt2", "openai-gpt")
CONFIGS = (
    "mhenrichsen/alpaca_2k_test", "cgato/SlimOrcaDedupCleaned", "fozziethebeat/alpaca_messages_2k_dpo_test",
    "HuggingFaceH4/ultrachat_200k", "HuggingFaceH4/grok-conversation-harmless", "AI-ModelScope/alpaca-gpt4-data-en",
    "alpaca_en_demo", "argilla/distilabel-capybara-dpo-7k-binarized", "timdettmers/openassistant-guanaco",
    "teknium/OpenHermes-2.5", "allenai/tulu-3-sft-mixture", "stanfordnlp/imdb", "llamafactory/alpaca_gpt4_zh",
)  # fmt: skip
"""What the configurations of the research notes train on, as far as it is known or plain from its name."""


def writers(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """The models that wrote a dataset, or what it was made from."""
    entry = datasets().find(name)
    assert entry is not None and entry.id not in seen, (name, seen)
    inherited = (writers(source, seen | {entry.id}) for source in entry.sources)
    return {generator.model for generator in entry.generators or ()}.union(*inherited)


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
    old = [g for e in LINES for g in e["generators"] or [] if g["model"] in GPT_2]
    assert len(old) == 6 and {tuple(g) for g in old} == {("model",)}
    assert all(registry().model(name).licences == ("mit",) for name in GPT_2)


def test_a_known_model_without_a_provider_is_open_released_by_its_maker_or_of_no_api():
    served = {
        generator["model"]
        for entry in LINES
        if "released_by" not in entry
        for generator in entry["generators"] or []
        if (known := registry().model(generator["model"])).maker and not known.licences and "provider" not in generator
    }
    assert served == {"google-translate", "bard"}


def test_exceptions_are_needed():
    named = {generator["model"] for entry in LINES for generator in entry["generators"] or []}
    assert named >= UNKNOWN
    assert not [name for name in UNKNOWN if registry().model(name).maker]


def test_how_many_there_are():
    """To be changed with every entry that is added, so that none is lost unseen."""
    written = [entry["generators"] for entry in LINES]
    assert len(LINES) == 640
    assert (sum(map(bool, written)), written.count([]), written.count(None)) == (154, 463, 23)


def test_sources_are_entries_themselves():
    for entry in LINES:
        for source in entry.get("sources", []):
            assert datasets().find(source) is not None, (entry["id"], source)


def test_what_is_known_by_name_only_is_to_be_looked_at_and_clears_nothing():
    by_name = [entry for entry in LINES if entry["source"] == "name"]
    assert by_name and all(entry["verify"] for entry in by_name)
    assert not [entry["id"] for entry in by_name if not writers(entry["id"])]


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
        "datasets/tatsu-lab/alpaca", "https://hf.co/datasets/tatsu-lab/alpaca", "tatsu-lab/alpaca#2000",
        "HTTPS://www.huggingface.co/datasets/tatsu-lab/alpaca/", "tatsu-lab/alpaca@refs/convert/parquet",
        "https://huggingface.co/datasets/tatsu-lab/alpaca?row=3", "https://huggingface.co/datasets/tatsu-lab/alpaca#x",
        "https://huggingface.co/datasets/tatsu-lab/alpaca/viewer", "https://huggingface.co/datasets/tatsu-lab/alpaca.git",
        "https://huggingface.co/datasets/tatsu-lab/alpaca/blob/main/README.md", "hf://datasets/tatsu-lab/alpaca/a/b.parquet",
        "hf://datasets/tatsu-lab/alpaca@main/a/b.parquet",
    ],
)  # fmt: skip
def test_names_in_all_spellings(name):
    found = datasets().find(name)
    assert found is not None and found.id == "tatsu-lab/alpaca"
    assert FILE.read_text("utf-8").splitlines()[found.line - 1].startswith('{"id": "tatsu-lab/alpaca"')


@pytest.mark.parametrize(
    "name",
    [
        "", "alpaca", "tatsu-lab", "x" * 5000, "../tatsu-lab/alpaca", "tatsu-lab/alpaca2", "tatsu-lab/alpaca/train.json", "@",
        "https://evil.example/datasets/tatsu-lab/alpaca", "https://huggingface.co/tatsu-lab/alpaca", "s3://tatsu-lab/alpaca",
    ],
)  # fmt: skip
def test_other_names_are_unknown(name):
    assert datasets().find(name) is None


def test_aliases_and_old_names():
    assert datasets().find("stanfordnlp/imdb") is datasets().find("imdb")
    released = datasets().find("openai/webgpt_comparisons")
    assert released is not None and released.released_by == "openai"
    inherited = datasets().find("mhenrichsen/alpaca_2k_test")
    assert inherited is not None and inherited.generators is None and inherited.sources == ("tatsu-lab/alpaca",)
    assert datasets().find("AI-ModelScope/OpenOrca") is datasets().find("Open-Orca/OpenOrca")


@pytest.mark.parametrize("name", CONFIGS)
def test_what_well_known_configurations_train_on_is_known(name):
    assert datasets().find(name) is not None


def test_a_set_named_after_a_model_that_did_not_write_it():
    assert writers("HuggingFaceH4/grok-conversation-harmless") == {"mistral-7b-instruct-v0.1"}


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
