"""How a text falls into sections, and what leaves their hashes alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.terms.sections import Section, sections, text_hash
from tests.terms.texts import TERMS


def labels(text: str) -> list[str]:
    return [section.label for section in sections(text)]


def hashes(text: str) -> list[str]:
    return [section.hash for section in sections(text)]


def by_label(text: str) -> dict[str, Section]:
    return {section.label or section.heading: section for section in sections(text)}


def test_the_sections_of_terms():
    assert [section.name for section in sections(TERMS)] == [
        "preamble 'Acme Terms'",
        "1 'Services'",
        "1.1",
        "1.2",
        "2 'Restrictions'",
        "2.1",
        "2.1(a)",
        "2.1(b)",
        "2.1(c)",
        "2.2",
        "2.2(1)",
        "2.2(2)",
        "'Permitted Exception'",
        "3 'Law'",
        "3.1",
    ]


def test_a_section_holds_the_wording_of_those_below_it_without_their_numbers():
    section = by_label(TERMS)["2.1"]
    assert section.text.splitlines() == [
        "You may not:",
        "sell the service;",
        'reverse engineer "the model"; or',
        "train a competing model on outputs.",
    ]
    assert section.hash == text_hash(section.text)
    assert len(section.hash) == 16


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.  **Use**\n    \n    1.  **Term**. Long.\n    2.  **End**. Short.\n2.  **Law**\n", ["1", "1.1", "1.2", "2"]),
        ("# T\n\n## 1. Use\n\n### 1.1 Sub\n\nText.\n\n## 2. Law\n\nText.\n", ["preamble", "1", "1.1", "2"]),
        ("A. Services\n\n1. One thing that is said.\n2. Another thing that is said.\n", ["A", "A.1", "A.2"]),
        ("3.4 You may not:\n\n(h) eight;\n\n(i) nine;\n\n(j) ten.\n", ["3.4", "3.4(h)", "3.4(i)", "3.4(j)"]),
        ("3.4 You may not:\n\n(a) one:\n\n(i) in one;\n\n(ii) in one;\n\n(b) two.\n",
         ["3.4", "3.4(a)", "3.4(a)(i)", "3.4(a)(ii)", "3.4(b)"]),
        ("2.3 You must:\n\n* do this;\n* do that.\n\n2.4 Else.\n", ["2.3", "2.3 item 1", "2.3 item 2", "2.4"]),
        ("# T\n\nWords.\n\n## Fraud\n\n- one\n- two\n", ["preamble", "", "Fraud item 1", "Fraud item 2"]),
        ("# T\n\n## Services\n\n1.1 One.\n\n## Between\n\nText.\n\n## Law\n\n3.1 One.\n",
         ["preamble", "1", "1.1", "2", "3", "3.1"]),
        ("Section 1. Use\n\nText under it.\n\nSection 2. Law\n\nText.\n", ["1", "2"]),
        ("4.2 You have (1) this; (2) that; and (3) more, etc.\n", ["4.2", "4.2(1)", "4.2(2)", "4.2(3)"]),
        ("4.2 See Section 3(a) and clauses (a) and (b) of it.\n", ["4.2"]),
        ("4.2 It may (i) do; or (ii) do not. You will not (i) sell; or (ii) lend.\n",
         ["4.2", "4.2(i)", "4.2(ii)", "4.2(i)", "4.2(ii)"]),
        ("4.2 One (b) without the first is no list (c) at all.\n", ["4.2"]),
        ("1.1 A sentence that goes on until it is wrapped by somebody, see Section\n3.4 of the terms.\n", ["1.1"]),
        ("Only words.\n\nAnd more.\n", ["preamble"]),
        ("", []),
    ],
)  # fmt: skip
def test_numbers_and_nesting(text, expected):
    assert labels(text) == expected


def test_a_changed_item_leaves_its_neighbours_alone():
    before, after = by_label(TERMS), by_label(TERMS.replace("sell the service", "sell or lend the service"))
    changed = {label for label in before if before[label].hash != after[label].hash}
    assert changed == {"2", "2.1", "2.1(a)"}


def test_a_new_item_leaves_its_neighbours_alone():
    before = by_label(TERMS)
    added = TERMS.replace("outputs.\n", "outputs; or\n\n(d) lend it.\n").replace("model”; or", "model”;")
    after = by_label(added)
    assert {label for label in before if before[label].hash != after[label].hash} == {"2", "2.1"}
    assert "2.1(d)" in after


def test_renumbering_is_no_change_of_wording():
    renumbered = TERMS.replace("2.1 ", "7.4 ").replace("2.2 ", "7.5 ").replace("(a)", "(x)")
    renumbered = renumbered.replace("(b)", "(y)").replace("(c)", "(z)")
    assert by_label(renumbered)["7.4"].hash == by_label(TERMS)["2.1"].hash
    assert by_label(renumbered)["7.4(x)"].hash == by_label(TERMS)["2.1(a)"].hash


def test_bullets_in_place_of_numbers_are_no_change_of_wording():
    numbered = "1.  Do this:\n    1.  one thing.\n    2.  another.\n"
    bullets = "*   •Do this:\n    *   •one thing.\n    *   •another.\n"
    assert hashes(numbered) == hashes(bullets)


def test_the_heading_is_wording():
    one, other = (sections(f"# T\n\n## {heading}\n\nScrape.\n")[-1] for heading in ("You may", "You may not"))
    assert one.hash != other.hash


def test_a_date_in_a_list_of_earlier_versions_is_no_wording():
    text = "# T\n\n**Previous versions**\n\n* [May 12, 2026](/a)\n{}\n1. Use\n\n    Text that is said.\n"
    assert hashes(text.format("")) == hashes(text.format("* [June 9, 2025](/b)\n"))


def test_spaces_beside_quotes_are_no_wording():
    assert text_hash('(collectively"Laws")') == text_hash('(collectively "Laws" )')


def test_hashes_stay_what_they_are():
    """Packs hold hashes: a change of how they are made is a change of every pack, and this test says so."""
    terms = by_label(TERMS)
    assert [terms[label].hash for label in ("preamble", "2.1", "2.1(b)", "Permitted Exception")] == [
        "78537fca486a9f02",
        "6d6e9ffab9967377",
        "b27a4961005983fd",
        "a70c00b459d98e89",
    ]


@given(st.integers(0), st.sampled_from(["\u200b", "\u00ad", "\u2060", "\ufeff", "\u200d"]))
def test_invisible_characters_change_no_hash(place, character):
    at = place % (len(TERMS) + 1)
    assert sections(TERMS[:at] + character + TERMS[at:]) == sections(TERMS)


@given(st.from_regex(r"https?://[a-z]{1,9}\.example/[a-z0-9/_.~-]{0,20}(\?[a-z0-9_=&%-]{0,20})?", fullmatch=True))
def test_link_targets_change_no_hash(target):
    assert sections(TERMS.replace("https://acme.example/model?utm_source=a", target)) == sections(TERMS)
    assert sections(TERMS.replace("1.1 Acme", f"[1.1]({target}) Acme")) == sections(TERMS)


TRACKING = st.from_regex(r"utm_[a-z]{1,8}|gclid|fbclid|ref", fullmatch=True)


@given(st.dictionaries(TRACKING, st.from_regex(r"[A-Za-z0-9_.-]{1,9}", fullmatch=True), min_size=1))
def test_tracking_parameters_change_no_hash(parameters):
    query = "&".join(f"{key}={value}".rstrip(".-_") for key, value in parameters.items())
    text = TERMS + "\n3.2 Read https://acme.example/privacy{} and <https://acme.example/more{}>.\n"
    assert sections(text.format(f"?{query}", f"?{query}")) == sections(text.format("", ""))


@given(
    st.lists(st.from_regex(r"[A-Z][a-z]{2,8} [a-z]{2,8}[.;]", fullmatch=True), min_size=2, max_size=8, unique=True),
    st.data(),
)
def test_one_changed_item_of_any_list_changes_no_other(items, data):
    def text(items: list[str]) -> str:
        return "4.1 You may not:\n\n" + "\n\n".join(f"({number}) {item}" for number, item in enumerate(items, start=1))

    index = data.draw(st.integers(0, len(items) - 1))
    changed = [*items[:index], f"Changed {items[index]}", *items[index + 1 :]]
    before, after = sections(text(items))[1:], sections(text(changed))[1:]
    assert [i for i in range(len(items)) if before[i] != after[i]] == [index]


@given(st.text(max_size=300))
def test_any_text_has_sections_whose_hashes_fit(text):
    for section in sections(text):
        assert section == replace(section, hash=text_hash(section.text))
