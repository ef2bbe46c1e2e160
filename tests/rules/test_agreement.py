"""Every engine agrees with the scalar evaluator on random rules and rows: truths, counts, hits and missing facts."""

import pytest
from hypothesis import given, settings

from . import strategies
from .engines import ENGINES, scalar

OTHERS = [name for name in ENGINES if name != "scalar"]


@pytest.mark.parametrize("engine", OTHERS)
@settings(strategies.UNSHRUNK, max_examples=200)
@given(checks=strategies.checks, rows=strategies.tables)
def test_agrees_with_scalar(engine, checks, rows):
    expected, found = scalar(checks, rows), ENGINES[engine](checks, rows)
    for check, answer, other in zip(checks, expected, found, strict=True):
        assert other == answer, check
