"""Rules that were written against another text of their clause than the one that is known now."""

from pathlib import Path

from auditor.policy.load import load_policies
from auditor.policy.review import known_texts, to_review

PACK = (Path(__file__).parent.parent / "data" / "packs" / "acme.yaml").read_text()
OLD, NEW = "0123456789abcdef", "fedcba9876543210"


def policy(tmp_path: Path, *, text: str = "", reviewed: str = ""):
    newest = "from: 2024-01-01, confidence: medium"
    made = PACK.replace(newest, f"{newest}, text: '{text}'", 1) if text else PACK
    if reviewed:
        made = made.replace("        versions: [v2]\n", f"        versions: [v2]\n        reviewed: '{reviewed}'\n", 1)
    file = tmp_path / "acme.yaml"
    file.write_text(made)
    return load_policies(file)


def test_a_rule_was_reviewed_against_the_text_of_its_pack(tmp_path):
    pack = policy(tmp_path, text=OLD)
    clause = "acme/terms/no-competing-models"
    assert known_texts(pack) == {clause: OLD}
    assert list(to_review(pack, known_texts(pack))) == []
    assert list(to_review(pack, {clause: NEW})) == [f"{clause}/purpose-since-2024", f"{clause}/declared-dataset"]


def test_a_rule_may_name_the_text_it_was_reviewed_against(tmp_path):
    pack = policy(tmp_path, text=NEW, reviewed=OLD)
    assert list(to_review(pack, known_texts(pack))) == ["acme/terms/no-competing-models/purpose-since-2024"]


def test_without_a_known_text_nothing_is_flagged(tmp_path):
    assert list(to_review(policy(tmp_path), {})) == []
