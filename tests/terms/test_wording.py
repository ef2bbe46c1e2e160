"""The difference of two wordings on a screen."""

import time

from auditor.terms.wording import difference


def test_words_that_went_and_came_with_a_few_around():
    old = "one two three four five six seven eight nine ten eleven twelve"
    assert (
        difference(old, old.replace("ten", "10"))
        == "… two three four five six seven eight nine [-ten-]{+10+} eleven twelve"
    )


def test_nothing_to_tell_of_equal_wordings():
    assert difference("a b c", "a  b\nc") == ""


def test_a_long_difference_is_cut_and_says_so():
    text = difference("", "word " * 5_000, longest=100)
    assert len(text) < 200
    assert "more characters" in text


def test_long_texts_take_no_long_time():
    start = time.monotonic()
    difference("a b. " * 100_000, "a c. " * 100_000)
    difference("a " * 5_000, "b a " * 2_500)
    assert time.monotonic() - start < 20
