"""The rules that are kept ready give the same answers as those of the packs, and are made anew when a pack changes."""

import shutil
from datetime import UTC, date, datetime

import pytest

from auditor.errors import AuditorError
from auditor.model.check import Check
from auditor.model.facts import FactValue
from auditor.model.policy import TableName
from auditor.policy.compiled import load_rules
from auditor.policy.load import load_policies
from auditor.policy.parsed import Policy
from auditor.policy.select import select_checks
from auditor.policy.spans import Choices, Terms
from tests.conftest import ROOT

TABLES: tuple[TableName, ...] = ("training", "matches")


def checks(policy: Policy) -> dict[str, Check]:
    selected = select_checks(policy, Terms.parse("in-force", date(2026, 1, 1)), Choices())
    return {check.id: check for check in selected if check.table in TABLES and not check.cannot}


def test_the_checks_are_those_of_the_packs(tmp_path):
    whole = checks(load_policies())
    first, second = checks(load_rules(None, TABLES, tmp_path)), checks(load_rules(None, TABLES, tmp_path))
    assert len(whole) > 80
    assert first == second == whole
    assert len(list(tmp_path.glob("rules-*.json"))) == 1


def test_what_a_report_says_of_a_clause_is_kept(tmp_path):
    load_rules(None, TABLES, tmp_path)
    kept = {rule.id: rule for rule in load_rules(None, TABLES, tmp_path).rules}
    for rule in load_policies().rules:
        if rule.id in kept:
            own = kept[rule.id]
            assert own.clause.model_copy(update={"rules": ()}) == rule.clause.model_copy(update={"rules": ()})
            assert (own.document.document, own.rule.title) == (rule.document.document, rule.rule.title)


@pytest.fixture
def packs(tmp_path):
    folder = tmp_path / "policies"
    for name in ("datasets", "lists"):
        shutil.copytree(ROOT / "policies" / name, folder / name)
    return folder


def test_a_changed_pack_or_list_is_read_again(tmp_path, packs):
    before = load_rules(packs, TABLES, tmp_path)
    file = packs / "datasets" / "dataset-licences.yaml"
    file.write_text(file.read_text("utf-8").replace("severity: high", "severity: critical", 1), "utf-8")
    assert before.rules[0].clause.severity == "high"
    assert load_rules(packs, TABLES, tmp_path).rules[0].clause.severity == "critical"
    names = packs / "lists" / "non-commercial-dataset-licences.yaml"
    names.write_text(names.read_text("utf-8").replace('"*by-nc*"', '"only-this"'), "utf-8")
    row: dict[str, FactValue] = {
        "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
        "dataset.id": "x",
        "dataset.licence": "only-this",
    }
    from auditor.rules.scalar import evaluate_check

    check = checks(load_rules(packs, TABLES, tmp_path))[
        "datasets/dataset-licences/non-commercial-data/trains-commercial-model"
    ]
    assert evaluate_check(check, [row | {"model.commercial": True, "authorisation.scope": []}]) == [True]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1]",
        b"\xff",
        b'{"documents": [{"provider": 1}], "lists": [], "packs": []}',
        b'{"documents": [], "lists": [], "packs": []}',
    ],
)
def test_a_damaged_file_is_made_anew(tmp_path, packs, content):
    load_rules(packs, TABLES, tmp_path)
    (file,) = tmp_path.glob("rules-*.json")
    good = file.read_bytes()
    file.write_bytes(content)
    assert load_rules(packs, TABLES, tmp_path).rules
    assert file.read_bytes() == good


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path, packs):
    (tmp_path / "file").write_text("not a folder")
    assert load_rules(packs, TABLES, tmp_path / "file").rules
    assert load_rules(packs, TABLES, None).rules


def test_faults_of_a_pack_are_told_as_ever(tmp_path, packs):
    (packs / "datasets" / "dataset-licences.yaml").write_text("provider: datasets\n", "utf-8")
    with pytest.raises(AuditorError, match="the policy packs have faults"):
        load_rules(packs, TABLES, tmp_path)


def test_files_of_older_packs_are_removed(tmp_path, packs):
    file = packs / "datasets" / "dataset-licences.yaml"
    text = file.read_text("utf-8")
    for number in range(12):
        file.write_text(f"# {number}\n{text}", "utf-8")
        load_rules(packs, TABLES, tmp_path)
    assert len(list(tmp_path.glob("rules-*.json"))) == 8
