"""The folder a check keeps: whole or as it was, and damage said with its place."""

import json
import subprocess
import sys

import pytest

from auditor.errors import AuditorError
from auditor.terms.reading import Reading
from auditor.terms.state import (
    SNAPSHOTS,
    STATE,
    State,
    accept,
    keep_text,
    kept_text,
    load_state,
    observed_texts,
    save_state,
    wording_hash,
)
from auditor.terms.watch import Watch
from tests.terms.texts import NOW, TERMS, document

CHANGED = TERMS.replace("sell the service", "sell or lend the service")


@pytest.fixture
def folder(tmp_path):
    """A state after the terms and one change of them."""
    for text in (TERMS, CHANGED):
        Watch(tmp_path / "state").check([document({"resale": "2.1(a)"})], [Reading("acme/terms", "test", NOW, text)])
    return tmp_path / "state"


def test_what_is_kept(folder):
    state = load_state(folder)
    assert state.schema_version == 1
    texts = state.documents["acme/terms"].texts
    assert {path.name for path in (folder / SNAPSHOTS).iterdir()} == {f"{text.sha256}.md" for text in texts}
    assert [kept_text(folder, text.sha256) for text in texts] == [TERMS, CHANGED]
    assert all(text.first_seen == NOW and text.source == "test" for text in texts)
    assert not [path for path in folder.rglob("*") if path.name.startswith(".")]


def test_what_an_audit_is_told(folder):
    (bound,) = load_state(folder).documents["acme/terms"].clauses["acme/terms/resale"].sections
    assert observed_texts(folder) == {"acme/terms/resale": bound.hash}


def test_an_audit_needs_no_http_client(folder):
    code = (
        "import sys; from pathlib import Path; from auditor.terms.state import observed_texts;"
        f"print(len(observed_texts(Path({str(folder)!r})))); print('httpx' in sys.modules, 'bs4' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False", "False"]


def test_accepting_moves_what_is_reviewed(folder):
    state = load_state(folder)
    before = state.documents["acme/terms"].clauses["acme/terms/resale"]
    assert before.reviewed != before.observed
    updated, lines = accept(state, ("acme/terms/resale",), NOW)
    after = updated.documents["acme/terms"].clauses["acme/terms/resale"]
    assert after.reviewed == after.observed == before.observed
    assert before.reviewed in lines[0]
    assert "already" in accept(updated, ("acme/terms/resale",), NOW)[1][0]


def test_nothing_is_accepted_if_one_name_is_wrong(folder):
    with pytest.raises(AuditorError, match="did you mean 'acme/terms/resale'"):
        accept(load_state(folder), ("acme/terms/resale", "acme/terms/resal"), NOW)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[:200], "file: Invalid JSON"),
        (lambda text: "", "Invalid JSON"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 2'), "schema_version"),
        (lambda text: text.replace('"etag"', '"tage"'), "documents.acme/terms.tage"),
        (lambda text: text.replace('"observed": "', '"observed": "../'), "clauses.acme/terms/resale.observed"),
        (lambda text: text.replace('"last": "', '"last": "../../'), "documents.acme/terms.last"),
    ],
)
def test_damage_is_said_with_its_place(folder, damage, message):
    path = folder / STATE
    path.write_text(damage(path.read_text()))
    with pytest.raises(AuditorError) as caught:
        observed_texts(folder)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_no_state_is_a_fault_but_for_a_check(tmp_path):
    with pytest.raises(AuditorError, match=r"holds no state\.json"):
        load_state(tmp_path)
    assert load_state(tmp_path, new=True) == State()


def test_a_snapshot_that_was_touched_is_not_believed(folder):
    name = load_state(folder).documents["acme/terms"].texts[0].sha256
    (folder / SNAPSHOTS / f"{name}.md").write_text("other")
    with pytest.raises(AuditorError, match="is not what was kept there"):
        kept_text(folder, name)
    with pytest.raises(AuditorError, match="cannot read the snapshot"):
        kept_text(folder, "0" * 64)


def test_a_write_that_fails_leaves_what_was_there(folder):
    before = (folder / STATE).read_bytes()
    (folder / SNAPSHOTS).rename(folder / "elsewhere")
    (folder / SNAPSHOTS).write_text("a file where a folder should be")
    with pytest.raises(AuditorError, match="cannot write"):
        keep_text(folder, "new text")
    assert (folder / STATE).read_bytes() == before
    save_state(folder, State())
    assert json.loads((folder / STATE).read_text()) == {"schema_version": 1, "documents": {}}


def test_texts_of_any_characters_are_kept(tmp_path):
    for text in ("\ud800 half", "a\r\nb", "\x00", "ü"):
        assert kept_text(tmp_path, keep_text(tmp_path, text)) == text


def test_the_hash_of_a_clause():
    assert wording_hash(("0123456789abcdef",)) == "0123456789abcdef"
    assert wording_hash(("0123456789abcdef", "0" * 16)) != wording_hash(("0" * 16, "0123456789abcdef"))
    assert len(wording_hash(())) == 16
