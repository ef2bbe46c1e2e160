"""What a pack means by the section it names, and when it is not clear."""

import pytest

from auditor.terms.references import find
from auditor.terms.sections import sections
from tests.terms.texts import TERMS


def labels(reference: str, text: str = TERMS) -> list[str]:
    return [section.label or section.heading for section in find(reference, sections(text)).sections]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("2.1", ["2.1"]),
        ("2.1(b)", ["2.1(b)"]),
        ("2.1.b", ["2.1(b)"]),
        ("Section 2.1(b)", ["2.1(b)"]),
        ("2.2(2)", ["2.2(2)"]),
        ("restrictions", ["2"]),
        ("Permitted Exception", ["Permitted Exception"]),
        ("2.1(c), Permitted Exception", ["2.1(c)", "Permitted Exception"]),
        ("1.1, 1.2 and 3.1", ["1.1", "1.2", "3.1"]),
        ("2.1(a) to 2.1(c)", ["2.1(a)", "2.1(b)", "2.1(c)"]),
        ("2.1, preamble", ["2.1", "preamble"]),
        ("Law and Services", ["3", "1"]),
    ],
)
def test_found(reference, expected):
    assert labels(reference) == expected


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("not noted", "does not say"),
        ("9.9", "no section '9.9'"),
        ("2.1, 9.9", "no section '9.9'"),
        ("export control", "no section 'export control'"),
        ("last paragraph before the addresses", "no section"),
        ("", ""),
    ],
)
def test_not_found_in_words(reference, problem):
    found = find(reference, sections(TERMS))
    assert not found.sections
    assert problem in found.problem


def test_of_two_with_one_number_none_is_guessed():
    text = "4.2 It may (i) do; or (ii) do not. You will not (i) sell; or (ii) lend.\n"
    found = find("4.2(i)", sections(text))
    assert not found.sections
    assert found.problem == "'4.2(i)' may mean 2 sections of the text"


def test_a_heading_with_and_is_one_heading():
    assert labels("Use and Law", "# T\n\n## Use and Law\n\nA.\n\n## Use\n\nB.\n\n## Law\n\nC.\n") == ["Use and Law"]


def test_part_of_a_heading_will_do_if_only_one_has_it():
    text = "# T\n\n## Fraud and scams\n\nA.\n\n## Privacy\n\nB.\n\n## Privacy of minors\n\nC.\n"
    assert labels("fraud", text) == ["Fraud and scams"]
    assert labels("minors", text) == ["Privacy of minors"]
    assert labels("privacy", text) == ["Privacy"]


def test_letters_that_markdown_made_numbers_of():
    text = "1.  **Licence**\n    1.  Grant of rights to you.\n    2.  Redistribution.\n        1.  Copy of it to all.\n"
    assert labels("1.b", text) == ["1.2"]
    assert labels("1.b.i", text) == ["1.2.1"]


def test_a_list_within_a_list_is_found_without_the_numbers_between():
    text = "8.2 You will pay (a) all of it, that is (i) fees; and (ii) taxes; and (b) at once.\n"
    assert labels("8.2(ii)", text) == ["8.2(a)(ii)"]
