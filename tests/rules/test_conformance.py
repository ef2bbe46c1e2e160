"""What every rule means, on every engine: the cases of `tests/cases/rules/`."""

from collections import Counter

import pytest

from auditor.model.facts import typed_row

from .cases import Case, checks_of, read_cases, themes
from .engines import ENGINES

CASES = [(theme, case) for theme in themes() for case in read_cases(theme)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("theme", "case"), [pytest.param(t, c, id=f"{t}/{c.id}") for t, c in CASES])
def test_case(engine: str, theme: str, case: Case):
    check = checks_of(theme)[case.id]
    rows = [typed_row(case.table, row.facts) for row in case.rows]
    (answer,) = ENGINES[engine]([check], rows)
    expected = tuple(None if row.expect == "unknown" else row.expect for row in case.rows)
    assert answer.truths == expected
    assert answer.missing == Counter(name for row in case.rows for name in row.missing)
    assert answer.hits == tuple(i for i, truth in enumerate(expected) if truth)
    assert answer.unknown == expected.count(None)


def test_every_theme_has_every_answer():
    for theme in themes():
        answers = {row.expect for case in read_cases(theme) for row in case.rows}
        assert answers >= ({True, False} if theme in NEVER_UNKNOWN else {True, False, "unknown"}), theme


NEVER_UNKNOWN = {"exists"}
