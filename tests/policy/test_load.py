"""Loading packs: all faults of all files at once, each with its place; and what a sound pack becomes."""

import os
import shutil
from pathlib import Path

import pytest

from auditor.errors import AuditorError
from auditor.model.check import WindowMeasure
from auditor.model.expr import And, Compare, In, Like, Not, Parameter, Wild
from auditor.policy.load import load_policies

PACKS = Path(__file__).parent.parent / "data" / "packs"
GOLDEN = PACKS / "broken.txt"
SOUND = PACKS / "sound"


def test_every_fault_of_every_file():
    """Refresh with `AUDITOR_REFRESH=1`, and read the diff."""
    with pytest.raises(AuditorError) as caught:
        load_policies(PACKS / "broken")
    found = "".join(f"{fault}\n".replace(f"{PACKS}/broken/", "") for fault in caught.value.faults)
    if os.environ.get("AUDITOR_REFRESH"):
        GOLDEN.write_text(found, "utf-8")
    assert found == GOLDEN.read_text("utf-8")
    assert caught.value.message.startswith("the policy packs have faults: ")


def test_faults_are_in_reading_order_and_all_but_one_have_a_line():
    with pytest.raises(AuditorError) as caught:
        load_policies(PACKS / "broken")
    places = [fault.location for fault in caught.value.faults]
    assert places == sorted(places, key=lambda p: (p.file, p.line or 0, p.column or 0))
    assert [p.file for p in places if p.line is None] == ["acme/"]


def test_a_sound_pack():
    policy = load_policies(SOUND)
    assert [rule.id for rule in policy.rules] == [
        "acme/terms/no-training/declared",
        "acme/terms/no-training/narrow",
        "acme/terms/no-training/wide",
        "acme/terms/rates/bursts",
    ]
    declared, _, _, bursts = policy.rules
    assert isinstance(declared.condition, And)
    assert declared.applies == In("gen_ai.provider.name", ("acme",))
    assert declared.condition.parts[0] == In("application.purpose", ("training", "distillation"))
    assert declared.condition.parts[1] == Like("gen_ai.request.model", ("acme-", Wild.ANY))
    assert declared.condition.parts[2] == Not(Compare("gen_ai.usage.input_tokens", "lt", Parameter("few-tokens")))
    assert bursts.measure == WindowMeasure("count", ("api_key.id",), 600, 0.0)
    assert [pack.id for pack in policy.packs] == ["acme"]


def test_the_digest_covers_names_contents_and_lists(tmp_path):
    digests = {load_policies(SOUND).packs[0].sha256}
    for change in ("content", "name", "list"):
        root = tmp_path / change
        (root / "acme").mkdir(parents=True)
        (root / "lists").mkdir()
        text = (SOUND / "acme" / "terms.yaml").read_text("utf-8")
        (root / "acme" / ("other.yaml" if change == "name" else "terms.yaml")).write_text(
            text + "# x\n" * (change == "content"), "utf-8"
        )
        listed = (SOUND / "lists" / "acme-models.yaml").read_text("utf-8")
        (root / "lists" / "acme-models.yaml").write_text(listed + "# x\n" * (change == "list"), "utf-8")
        digests.add(load_policies(root).packs[0].sha256)
    assert len(digests) == 4
    assert load_policies(SOUND).packs[0].sha256 in digests


def test_one_file_is_a_pack_with_the_lists_beside_it(tmp_path):
    shutil.copytree(SOUND / "lists", tmp_path / "lists")
    path = Path(shutil.copy(SOUND / "acme" / "terms.yaml", tmp_path))
    assert len(load_policies(path).rules) == 4


def test_no_such_pack(tmp_path):
    with pytest.raises(AuditorError, match="no policy pack or path 'mta'"):
        load_policies("mta")
    with pytest.raises(AuditorError, match="no policy files"):
        load_policies(tmp_path)


def test_an_empty_or_unreadable_file_is_a_fault(tmp_path):
    (tmp_path / "a.yaml").write_text("", "utf-8")
    (tmp_path / "b.yaml").write_bytes(b"\xff")
    with pytest.raises(AuditorError) as caught:
        load_policies(tmp_path)
    assert [fault.location.file for fault in caught.value.faults] == [
        str(tmp_path / "a.yaml"),
        str(tmp_path / "b.yaml"),
    ]
