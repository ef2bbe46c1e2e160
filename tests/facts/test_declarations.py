"""Declarations: strict, located, all faults at once; and what they make of records."""

from pathlib import Path

import pytest

from auditor.errors import AuditorError
from auditor.facts.declarations import load_config


def write(tmp_path: Path, text: str, name: str = "auditor.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_all_faults_at_once_with_their_places(tmp_path):
    path = write(
        tmp_path,
        """\
organisation: {country: 7, counry: DE}
applications:
  bot: {audience: everybody, model: clasifier, human_review: perhaps}
models:
  classifier: {kind: clasifier, trained_on: [{generators: gpt-4o}]}
keys:
  k1: {application: bott, api_key.owner: us, prompt.text: x}
authorisations:
  - {id: a, provider: openai, scope: [destillation], document: letter, applications: [nobody]}
""",
    )
    with pytest.raises(AuditorError) as raised:
        load_config(path)
    faults = [str(fault).replace(str(path), "FILE") for fault in raised.value.faults]
    assert faults == [
        "FILE:1:16: country: expected text, found '7'",
        "FILE:1:28: unknown key 'counry' (did you mean 'country'?)",
        "FILE:3:9: audience is never 'everybody'; it is one of internal, business, consumer",
        "FILE:3:30: 'clasifier' is not declared under models (did you mean 'classifier'?)",
        "FILE:3:48: human_review: expected true or false, found 'perhaps'",
        "FILE:5:16: kind is never 'clasifier'; it is one of generative, classifier, embedding, reward, image, speech, other"
        " (did you mean 'classifier'?)",
        "FILE:5:46: the key 'dataset' is missing",
        "FILE:5:47: generators is a list (write [gpt-4o])",
        "FILE:7:8: 'bott' is not declared under applications (did you mean 'bot'?)",
        "FILE:7:46: unknown key 'prompt.text'",
        "FILE:9:31: 'destillation' is no clause category (did you mean 'distillation'?)",
        "FILE:9:72: 'nobody' is not declared under applications",
    ]


def test_a_missing_file_is_an_error_and_no_file_is_not(tmp_path):
    with pytest.raises(AuditorError, match="cannot read"):
        load_config(tmp_path / "absent.yaml")
    assert load_config(None).sha256 is None


def test_waivers_are_read_beside_the_file_and_must_be_whole(tmp_path):
    path = write(tmp_path, "waivers: waivers.yaml\n")
    waivers = write(
        tmp_path,
        """\
waivers:
  - {finding: f-1, reason: agreed, approver: Dr. Who, expires: 2026-01-31}
  - {finding: f-1, reason: agreed, approver: Dr. Who, expires: 2026-01-31}
  - {finding: f-2, reason: agreed, expires: tomorrow}
""",
        "waivers.yaml",
    )
    with pytest.raises(AuditorError) as raised:
        load_config(path)
    assert [f.message for f in raised.value.faults] == [
        "the key 'approver' is missing",
        "expires: 'tomorrow' is no day",
    ]
    waivers.write_text(
        "waivers:\n" + 2 * "  - {finding: f-1, reason: agreed, approver: Dr. Who, expires: 2026-01-31}\n"
    )
    with pytest.raises(AuditorError, match="a second waiver for the finding 'f-1'"):
        load_config(path)
    waivers.write_text("waivers:\n  - {finding: f-1, reason: agreed, approver: Dr. Who, expires: 2026-01-31}\n")
    assert load_config(path).waivers[0].approver == "Dr. Who"


def test_a_models_base_is_followed_to_the_first_that_is_not_our_own(tmp_path):
    path = write(tmp_path, "models:\n  a: {base: b}\n  b: {base: llama-3-8b}\n  c: {base: d}\n  d: {base: c}\n")
    declared = load_config(path).declarations
    assert declared.model_facts("a")["model.base"] == "llama-3-8b"
    assert len(declared.lineage("c")) == 2, "a circle ends"
