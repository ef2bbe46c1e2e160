"""What is wording and what is not."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import AuditorError
from auditor.terms.normal import clean, is_day, normalise, prepare

MARKS = r"# ## * - + > 1. 3.3 (a) (b) [ ] ( ) ![ ]( <b> </b> & &amp; &amp;lt; ** __ _ ` ~ \ | --- === • — – « » ’ “ <!-- -->"
FRAGMENTS = st.sampled_from(
    [
        *MARKS.split(),
        *(
            " ",
            "    ",
            "\n",
            "\n\n",
            "\r\n",
            "\x00",
            "\u200b",
            "\u00ad",
            "\u0301",
            "\ud800",
            "ﬁ",
            "½",
            "e",
            "word",
            "Word",
        ),
        *("https://a.example/x?y=1#z", "[words](https://a.example)"),
        *("updated 22 days ago", "Last Updated: May 12, 2026"),
    ]
)
MESS: Any = st.lists(st.one_of(FRAGMENTS, st.text(max_size=4)), max_size=40).map("".join)


@pytest.mark.parametrize(
    ("text", "wording"),
    [
        ("**Bold** and _slanted_ and `code`", "Bold and slanted and code"),
        ("[words](https://a.example/b?c=d) stay", "words stay"),
        ("[words](https://a.example/b_(c) 'title')", "words"),
        ("[words][1]\n\n[1]: https://a.example", "words"),
        ("![logo](a.png)[](https://a.example) Terms", "logo Terms"),
        ("“curly” ‘quotes’ and ″others″", '"curly" \'quotes\' and "others"'),
        ("interests—if any – stay", "interests-if any-stay"),
        ("no\u00a0break, thin\u2009space,\ttab\r\nline", "no break, thin space, tab line"),
        ("zero\u200bwidth soft\u00adhyphen \u202eright\u202c", "zerowidth softhyphen right"),
        ("fullwidth （１） and ﬁne", "fullwidth (1) and fine"),
        ("1\\. escaped \\* star", "1. escaped star"),
        ("* item\n+ item\n- item\n• item", "item item item item"),
        ("This page was last modified 3 weeks ago.", "This page was"),
        ("Updated 22 days ago\n\nTerms", "Terms"),
        ("3 days ago\n\nTerms of 3 days ago", "Terms of 3 days ago"),
        ("Last Updated: June 27, 2025\nTerms", "Terms"),
        ("> Last Update: 28 April 2025\n\nTerms", "Terms"),
        ("Effective June 27, 2025", "Effective June 27, 2025"),
        ("a fish &amp; a chip <b>bold</b><br>break", "a fish & a chip bold break"),
        ("see https://a.example/b?utm_source=c&gclid=d.", "see https://a.example/b."),
        ("within 30 days , or ( later ) .", "within 30 days, or (later)."),
        ("Case IS kept", "Case IS kept"),
        ("<!-- hidden\nwords -->seen", "seen"),
    ],
)
def test_wording(text, wording):
    assert normalise(text) == wording


@given(MESS)
def test_the_wording_of_a_wording_is_itself(text):
    wording = normalise(text)
    assert normalise(wording) == wording
    assert wording == " ".join(wording.split(" ")).strip()
    assert "\n" not in wording and "\u200b" not in wording


@given(MESS)
def test_cleaning_twice_changes_nothing_more(text):
    assert clean(clean(text)) == clean(text)


@given(MESS, st.integers(0), st.sampled_from("\u200b\u200d\u2060\ufeff\u00ad\u202a\x07\u2063\ufe0f\U000e0041"))
def test_what_shows_nothing_changes_nothing(text, place, character):
    at = place % (len(text) + 1)
    assert prepare(text[:at] + character + text[at:]) == prepare(text)


@pytest.mark.parametrize("text", ["[" * 3000 + "a" + "](b)" * 3000, "<!--" * 50_000, "(" * 100_000, "[a](" * 50_000])
def test_a_hostile_text_takes_no_long_time(text):
    start = time.monotonic()
    try:
        normalise(text)
    except AuditorError as error:
        assert "nested" in str(error)
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("wording", "day"), [("May 12, 2026", True), ("12 May 2026", True), ("May 12, 2026 it", False)]
)
def test_days(wording, day):
    assert is_day(wording) is day
