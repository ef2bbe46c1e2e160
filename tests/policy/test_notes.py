"""Every row of the research notes on provider terms is a clause of some pack, or left out for a reason that is written down."""

import re
from functools import cache
from pathlib import Path

import pytest

from auditor.policy.load import load_policies
from auditor.yamlfile import read_yaml

NOTES = Path(__file__).parent.parent.parent.parent / "shared" / "facts" / "provider-terms.md"
EXCLUDED = Path(__file__).parent / "excluded_rows.yaml"
ROW = re.compile(r"^\| ([A-Z]{2,5}-[A-Za-z0-9]+) \|", re.MULTILINE)

pytestmark = pytest.mark.skipif(not NOTES.exists(), reason="the research notes are not beside the project")


@cache
def rows() -> frozenset[str]:
    """The ids of the rows of the clause tables."""
    return frozenset(ROW.findall(NOTES.read_text("utf-8")))


@cache
def carried() -> frozenset[str]:
    """The ids that some clause rests on."""
    return frozenset(row for d in load_policies().documents for c in d.clauses for row in c.notes)


@cache
def excluded() -> dict[str, str]:
    """The ids that no clause carries, each with the reason."""
    value = read_yaml(EXCLUDED).value
    assert isinstance(value, dict)
    return {str(row): str(reason) for row, reason in value.items()}


def test_the_notes_have_the_rows_that_we_think_of():
    assert len(rows()) > 220
    assert {"OAI-1a", "ANT-2p", "MIS-0b", "DSET-1", "XAI-1p", "HF-1"} <= rows()


def test_every_row_is_a_clause_or_excluded():
    assert sorted(rows() - carried() - excluded().keys()) == []


def test_nothing_is_excluded_that_is_a_clause_and_every_exclusion_has_a_reason():
    assert sorted(excluded().keys() & carried()) == []
    assert excluded().keys() <= rows()
    assert len(excluded()) <= 12
    assert all(len(reason) > 20 for reason in excluded().values())


def test_every_clause_names_rows_that_exist():
    # the signs in section 19 of the notes have no ids
    clauses = [
        (d.clause_id(c), c.notes) for d in load_policies().documents for c in d.clauses if d.provider != "signals"
    ]
    assert [name for name, notes in clauses if not notes] == []
    assert sorted({row for _, notes in clauses for row in notes} - rows()) == []
