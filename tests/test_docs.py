"""Every example in the documents beside the README is read as it stands."""

import re
from datetime import date
from pathlib import Path

import pytest

from auditor.facts.declarations import load_config
from auditor.policy.load import load_policies
from auditor.policy.select import choices_of, select_checks, under_terms
from tests.conftest import ROOT

BLOCKS = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs" / "resolution.md").read_text(), re.M | re.S)


@pytest.mark.parametrize("text", BLOCKS, ids=range(len(BLOCKS)))
def test_what_stands_in_the_document_can_be_declared(tmp_path: Path, text: str):
    path = tmp_path / "auditor.yaml"
    path.write_text(text)
    declared = load_config(path).declarations
    policy, terms = under_terms(load_policies("openai"), "in-force", date(2026, 1, 1))
    assert declared.aliases or declared.agreements
    assert select_checks(policy, terms, choices_of(declared))


def test_links_lead_somewhere():
    for document in (ROOT / "docs").glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            assert target.startswith("https://") or (document.parent / target).exists(), (document, target)
