"""What the guard stops, and what it lets pass: datasets, teachers and bases against the shipped packs."""

from datetime import date

import pytest

from auditor.errors import ExitCode
from tests.guard.project import Project, stops

OPENAI = "openai/services-agreement/no-competing-models"
ANTHROPIC = "anthropic/commercial-terms/no-competing-products"
ANTHROPIC_ANY = "anthropic/usage-policy/no-model-training"
LICENCE = "datasets/dataset-licences/non-commercial-data"
LLAMA_3 = "meta/llama-3-licence/no-improving-other-models"


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


def test_a_derivative_of_alpaca_is_stopped_by_the_terms_and_by_the_licence(project):
    project.sft("rival", "mhenrichsen/alpaca_2k_test")
    report = project.check()
    assert stops(report) == {
        ("mhenrichsen/alpaca_2k_test", "rival", OPENAI),
        ("mhenrichsen/alpaca_2k_test", "rival", LICENCE),
    }
    terms = next(item for item in report.findings if item.finding.clause == OPENAI)
    assert terms.evidence == "declared"
    assert terms.places[0].line == 3 and terms.places[0].key == "datasets[0].path"
    assert terms.statements[0].via == ("mhenrichsen/alpaca_2k_test",)
    assert report.exit_code() == ExitCode.FINDINGS


@pytest.mark.parametrize("dataset", ["Open-Orca/SlimOrca", "teknium/OpenHermes-2.5", "vicgalle/alpaca-gpt4"])
def test_sets_written_by_gpt_4_are_stopped_whatever_their_card_permits(project, dataset):
    project.sft("rival", dataset)
    assert (dataset, "rival", OPENAI) in stops(project.check())


def test_sets_written_by_claude_are_stopped(project):
    project.sft("rival", "nothingiisreal/Claude-3-Opus-Instruct-15K")
    found = {clause for _, _, clause in stops(project.check())}
    assert found == {ANTHROPIC, ANTHROPIC_ANY}


def test_a_classifier_for_the_house_passes_for_openai_and_is_stopped_for_anthropic_from_september_2025(project):
    project.sft("sorter", "IlyaGusev/ru_turbo_alpaca", "simplescaling/s1K-claude-3-7-sonnet")
    before, after = project.check(now=date(2025, 9, 14)), project.check(now=date(2025, 9, 15))
    assert stops(before) == set()
    assert {clause for _, _, clause in stops(after)} == {ANTHROPIC_ANY}
    assert {item.finding.clause_version for item in after.blocking()} == {"aup-2025"}
    assert {item.finding.certainty for item in before.findings if item.finding.clause == ANTHROPIC_ANY} == {"possible"}


def test_a_licence_against_commerce_binds_commercial_models_alone(project):
    project.sft("rival", "stingning/ultrachat")
    project.sft("student", "stingning/ultrachat")
    project.write("data/README.md", "---\nlicense: cc-by-nc-4.0\ntask_categories: [text-generation]\n---\nOurs.\n")
    project.rows("data/ours.jsonl", {"text": "people wrote this"})
    project.sft("rival", "data/ours.jsonl")
    project.sft("student", "data/ours.jsonl")
    assert {(m, c) for _, m, c in stops(project.check())} == {("rival", LICENCE)}


@pytest.mark.parametrize(
    ("teacher", "base", "stopped"),
    [
        ("meta-llama/Meta-Llama-3-70B-Instruct", "mistralai/Mistral-7B-v0.1", True),
        ("meta-llama/Meta-Llama-3-70B-Instruct", "meta-llama/Meta-Llama-3-8B", False),
        ("meta-llama/Llama-3.1-70B-Instruct", "mistralai/Mistral-7B-v0.1", False),
        ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-0.5B", False),
    ],
)
def test_teachers_under_the_licence_of_llama_3_and_of_3_1_differ(project, teacher, base, stopped):
    project.write(
        "student/gkd.yaml",
        f"model_name_or_path: {base}\nteacher_model_name_or_path: {teacher}\ndataset_name: stanfordnlp/imdb\n",
    )
    expected = {(f"output of {teacher}", "student", LLAMA_3)} if stopped else set()
    report = project.check()
    assert stops(report) == expected
    assert not any(case.dataset.startswith("output of") for case in report.undecided), (
        "weights that the run loads itself"
    )


def test_open_weights_of_openai_are_no_output_of_its_service(project):
    project.write(
        "rival/gkd.yaml",
        "model_name_or_path: Qwen/Qwen2.5-0.5B\nteacher_model_name_or_path: openai/gpt-oss-120b\ndataset_name: acme/prompts\n",
    )
    project.write(
        "auditor.yaml",
        (project.root / "auditor.yaml").read_text() + "datasets: {acme/prompts: {generators: [], licence: MIT}}\n",
    )
    assert stops(project.check()) == set()


def test_what_openai_released_itself_is_not_under_its_service_terms(project):
    project.sft("rival", "openai/webgpt_comparisons", "Anthropic/hh-rlhf")
    assert stops(project.check()) == set()


def test_unknown_datasets_are_unknown_and_stop_only_on_request(project):
    project.sft("rival", "acme/nobody-knows")
    report = project.check()
    assert stops(report) == set()
    (case,) = report.undecided
    assert {"dataset.generators", "dataset.licence"} <= {fact for q in case.questions for fact in q.missing}
    assert report.exit_code() == ExitCode.OK
    assert report.exit_code(["unknown"]) == ExitCode.FINDINGS


def test_a_question_that_would_not_stop_does_not_stop(project):
    """Of a model without a name it is open whether it is named after OpenAI, which is possible at most."""
    text = (project.root / "auditor.yaml").read_text().replace("name: sorter, ", "")
    project.write("auditor.yaml", text)
    project.sft("sorter", "IlyaGusev/ru_turbo_alpaca")
    report = project.check()
    assert [q.missing for case in report.undecided for q in case.questions] == [("model.name",)]
    assert report.exit_code(["unknown"]) == ExitCode.OK
    assert report.exit_code(["low", "unknown"]) == ExitCode.OK


def test_a_model_that_nobody_declared_leaves_it_open(project):
    project.sft("elsewhere", "tatsu-lab/alpaca")
    report = project.check()
    assert stops(report) == set()
    assert any("model.competes" in q.missing for case in report.undecided for q in case.questions)
    assert any("declares no model 'out'" in notice for notice in report.notices)


def test_a_model_is_found_by_the_name_of_what_comes_out(project):
    project.sft("elsewhere", "tatsu-lab/alpaca", more="hub_model_id: acme/rival\n")
    assert {model for _, model, _ in stops(project.check())} == {"rival"}


def test_each_step_of_an_inheritance_is_shown(project):
    project.sft("rival", "mhenrichsen/alpaca_2k_test")
    item = next(item for item in project.check().blocking() if item.finding.clause == OPENAI)
    steps = [(said.fact, said.value, said.named.note) for said in item.statements if said.fact == "source"]
    assert steps == [("source", "tatsu-lab/alpaca", "by its name only")]
    assert item.evidence == "declared"


def test_translations_are_not_put_under_the_terms_of_another_service(project):
    project.sft("rival", "SetFit/stsb")
    assert stops(project.check()) == set()
    assert {fact for case in project.check().undecided for q in case.questions for fact in q.missing}


def test_declarations_of_the_company_settle_what_is_said_of_a_dataset(project):
    project.sft("rival", "tatsu-lab/alpaca")
    project.sft("rival", "mhenrichsen/alpaca_2k_test")  # made from Alpaca, by the registry
    declared = "datasets:\n  mhenrichsen/alpaca_2k_test: {generators: [], licence: MIT}\n"
    project.write("auditor.yaml", (project.root / "auditor.yaml").read_text() + declared)
    report = project.check()
    assert stops(report) == set()
    assert report.undecided == ()


def test_what_data_records_is_not_overwritten_by_what_is_declared(project):
    declared = "datasets:\n  data/*: {generators: [], licence: MIT}\n"
    project.write("auditor.yaml", (project.root / "auditor.yaml").read_text() + declared)
    project.rows("data/a.jsonl", {"text": "x", "generation_model": "gpt-4o"})
    project.rows("data/b.jsonl", {"prompt": "x", "completion": "I am Claude, made by Anthropic."})
    project.sft("rival", "data/a.jsonl", "data/b.jsonl")
    report = project.check()
    assert {(d, c) for d, _, c in stops(report)} == {("data/a.jsonl", OPENAI)}
    assert {item.evidence for item in report.findings} == {"recorded"}


def test_own_names_of_models_are_known(project):
    text = (project.root / "auditor.yaml").read_text()
    project.write("auditor.yaml", f"{text}aliases: {{support-prod: gpt-4o}}\n")
    project.rows("data/a.jsonl", {"text": "x", "generation_model": "support-prod"})
    project.sft("rival", "data/a.jsonl")
    assert {c for _, _, c in stops(project.check())} == {OPENAI}


def test_paths_keep_their_case(project):
    project.rows("Data/Set/Train.jsonl", {"text": "x"})
    project.write(
        "Data/Set/README.md", "---\nlicense: cc-by-nc-4.0\ntags: [claude-3-opus]\nsize_categories: [n<1K]\n---\n"
    )
    project.sft("rival", "Data/Set/Train.jsonl")
    assert {c for _, _, c in stops(project.check("rival"))} == {ANTHROPIC, ANTHROPIC_ANY, LICENCE}


def test_an_authorisation_lets_it_pass(project):
    text = (project.root / "auditor.yaml").read_text()
    held = "[{id: A-1, provider: anthropic, scope: [distillation, competing-model-training], document: letter}]"
    project.write("auditor.yaml", text.replace("authorisations: []", f"authorisations: {held}"))
    project.sft("rival", "nothingiisreal/Claude-3-Opus-Instruct-15K")
    assert stops(project.check()) == set()


def test_taint_travels_through_cards_stages_and_bases(project):
    project.write("clean/README.md", "---\nlicense: mit\nsource_datasets: [acme/raw]\ntask_ids: [qa]\n---\n")
    project.rows("clean/rows.jsonl", {"text": "x"})
    project.write("raw/card/README.md", "---\nlicense: mit\nsize_categories: [n<1K]\ntags: [gpt-4o]\n---\n")
    project.write(
        "dvc.yaml",
        "stages:\n  clean:\n    cmd: python clean.py\n    deps: [gen.jsonl]\n    outs: [filtered.jsonl]\n"
        "  make:\n    cmd: python gen.py --model gpt-4o\n    outs: [gen.jsonl]\n",
    )
    project.rows("filtered.jsonl", {"text": "x"})
    project.sft("rival", "../filtered.jsonl")
    found = project.check()
    assert ("../filtered.jsonl", "rival", OPENAI) in stops(found)
    statement = next(item for item in found.blocking() if item.finding.clause == OPENAI).statements[0]
    assert statement.via == ("../filtered.jsonl",) and statement.named.place.file == "dvc.yaml"


def test_a_base_that_was_tuned_here_brings_its_datasets(project):
    project.write(
        "first/sft.yml",
        "base_model: mistralai/Mistral-7B-v0.1\ndatasets: [{path: tatsu-lab/alpaca, type: alpaca}]\noutput_dir: ckpt/first\n",
    )
    project.write(
        "rival/dpo.yml", "model_name_or_path: ckpt/first\ndataset_name: stanfordnlp/imdb\noutput_dir: ckpt/second\n"
    )
    report = project.check("rival/dpo.yml", "first/sft.yml")
    assert ("tatsu-lab/alpaca", "rival", OPENAI) in stops(report)
    item = next(item for item in report.blocking() if item.finding.clause == OPENAI)
    assert any("through the base model" in reason for reason in item.reasons)
    assert any("mistralai/Mistral-7B-v0.1" in reason for reason in item.reasons)


def test_a_base_that_was_distilled_here_brings_its_teacher(project):
    project.write(
        "first/kd.yml",
        "model_name_or_path: Qwen/Qwen2.5-1.5B\nteacher_model_name_or_path: gpt-4o\noutput_dir: ckpt/a\n",
    )
    project.write("rival/sft.yml", "base_model: ckpt/a\ndatasets: [{path: stanfordnlp/imdb}]\noutput_dir: ckpt/b\n")
    assert ("output of gpt-4o", "rival", OPENAI) in stops(project.check())


def test_names_of_llama_factory_lead_through_its_list(project):
    project.write(
        "data/dataset_info.json", '{"ours": {"hf_hub_url": "vicgalle/alpaca-gpt4"}, "b": {"file_name": "b.json"}}'
    )
    project.write("data/b.json", '[{"instruction": "a", "output": "b", "model": "claude-3-opus"}]')
    project.write(
        "rival/lora.yaml", "model_name_or_path: Qwen/Qwen2.5-7B\nstage: sft\ndataset: ours,b\noutput_dir: saves/x\n"
    )
    report = project.check("rival")
    assert {(d, c) for d, _, c in stops(report)} == {
        ("ours", OPENAI), ("ours", LICENCE), ("b", ANTHROPIC), ("b", ANTHROPIC_ANY),
    }  # fmt: skip
    assert {item.evidence for item in report.blocking() if item.dataset == "b"} == {"recorded"}


def test_matches_of_rows_are_evaluated_where_they_are_given(project):
    project.sft("rival", "data/a.jsonl")
    project.rows("data/a.jsonl", {"text": "x"})
    assert any("no-competing-models" in clause for clause in project.check().not_examined)
    row = {
        "dataset.id": "data/a.jsonl", "dataset.row": 1, "record.id": "r1", "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o", "called_model.maker": "openai", "called_model.licences": [], "route": "direct",
        "match.share": 100.0, "model.id": "rival", "model.competes": True, "model.kind": "generative",
        "model.distributed": False, "timestamp": None,
    }  # fmt: skip
    from datetime import UTC, datetime

    report = project.check(matches=[row | {"timestamp": datetime(2026, 1, 1, tzinfo=UTC)}])
    proven = [item for item in report.findings if item.evidence == "proven"]
    assert {item.finding.clause for item in proven} == {OPENAI}
    assert proven[0].blocks("high")
    assert report.not_examined == ()


def test_a_run_in_the_providers_own_service_is_free(project):
    job = '{"model": "gpt-4o-mini-2024-07-18", "training_file": "data/x.jsonl", "suffix": "rival"}'
    project.write("rival/job.json", job)
    project.rows("data/x.jsonl", {"messages": [{"role": "assistant", "content": "a"}], "model": "gpt-4o"})
    assert not any(clause == OPENAI for _, _, clause in stops(project.check("rival")))


def test_what_auditor_yaml_says_was_trained_is_checked_with_it(project):
    text = (project.root / "auditor.yaml").read_text()
    declared = '"rival/**"], trained_on: [{dataset: ours, generators: [gpt-4o], generator_providers: [openai]}]'
    project.write("auditor.yaml", text.replace('"rival/**"]', declared))
    assert stops(project.check("auditor.yaml")) == {("ours", "rival", OPENAI)}


def test_data_that_belongs_to_a_model_is_checked_without_a_run(project):
    project.rows("rival/answers.jsonl", {"prompt": "a", "completion": "b", "model": "claude-3-opus"})
    assert stops(project.check()) == {
        ("rival/answers.jsonl", "rival", ANTHROPIC),
        ("rival/answers.jsonl", "rival", ANTHROPIC_ANY),
    }
