"""Which rules count, under which versions, with which parameters and positions."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import AuditorError
from auditor.model.check import Check
from auditor.model.expr import And, Compare, Not
from auditor.policy.load import load_policies
from auditor.policy.select import select_checks
from auditor.policy.spans import Choices, Terms

POLICY = load_policies(Path(__file__).parent.parent / "data" / "packs" / "sound")
TODAY = date(2025, 1, 1)


def chosen(terms: str = "in-force", **choices: Any) -> dict[str, Check]:
    """Return the selected checks by the name of their rule."""
    checks = select_checks(POLICY, Terms.parse(terms, TODAY), Choices(**choices))
    return {check.id.rsplit("/")[-1]: check for check in checks}


def spans(check: Check) -> list[tuple[str, datetime | None, datetime | None]]:
    return [(span.version.id, span.start, span.end) for span in check.spans]


def test_in_force_keeps_every_version_with_its_days():
    checks = chosen()
    v1 = ("v1", datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC))
    v2 = ("v2", datetime(2024, 3, 1, tzinfo=UTC), None)
    assert spans(checks["declared"]) == [v1, v2]
    assert spans(checks["narrow"]) == [v2]


@pytest.mark.parametrize(
    ("terms", "version", "rules"),
    [
        ("latest", "v2", {"declared", "narrow", "wide", "bursts"}),
        ("2025-01-01", "v2", {"declared", "narrow", "wide", "bursts"}),
        ("2024-03-01", "v2", {"declared", "narrow", "wide", "bursts"}),
        ("2024-02-29", None, {"bursts"}),
        ("2023-12-31", "v1", {"declared", "wide"}),
        ("2023-01-01", "v1", {"declared", "wide"}),
        ("2022-12-31", None, set()),
    ],
)
def test_terms_of_one_day(terms, version, rules):
    checks = chosen(terms)
    assert checks.keys() == rules
    if version:
        assert spans(checks["declared"]) == [(version, None, None)]


@pytest.mark.parametrize("terms", ["newest", "2025-13-01", "", "IN-FORCE"])
def test_terms_that_are_none(terms):
    with pytest.raises(AuditorError, match="use in-force, latest or a date"):
        Terms.parse(terms, TODAY)


@pytest.mark.parametrize(
    ("parameters", "few", "most"),
    [
        ({}, 5, 100),
        ({"few-tokens": 7}, 7, 100),
        ({"acme/terms/few-tokens": 8}, 8, 100),
        ({"few-tokens": 7, "acme/terms/few-tokens": 8}, 8, 100),
        ({"acme/terms/most-requests": 0}, 5, 0),
    ],
)
def test_parameters(parameters, few, most):
    checks = chosen(parameters=parameters)
    condition, measure = checks["declared"].condition, checks["bursts"].measure
    assert isinstance(condition, And)
    assert measure
    assert Not(Compare("gen_ai.usage.input_tokens", "lt", few)) in condition.parts
    assert measure.limit == most


def certainties(**positions: str) -> dict[str, str]:
    return {name: check.certainty for name, check in chosen(positions=positions).items()}


def test_a_reading_is_a_suspicion_until_it_is_taken():
    everything = {"declared": "certain", "bursts": "possible"}
    assert certainties() == everything | {"narrow": "possible", "wide": "possible"}
    assert certainties(**{"what-is-training": "narrow"}) == everything | {"narrow": "certain"}
    assert certainties(**{"what-is-training": "wide"}) == everything | {"wide": "likely"}


@pytest.mark.parametrize(
    ("choices", "message", "hint"),
    [
        ({"parameters": {"few-token": 1}}, "no pack has a parameter 'few-token'", "few-tokens"),
        (
            {"parameters": {"acme/term/few-tokens": 1}},
            "no pack has a parameter 'acme/term/few-tokens'",
            "acme/terms/few-tokens",
        ),
        (
            {"positions": {"what-is-trainin": "wide"}},
            "no pack leaves a position 'what-is-trainin' open",
            "what-is-training",
        ),
        (
            {"positions": {"what-is-training": "wider"}},
            "the position 'what-is-training' has no reading 'wider'",
            "narrow, wide",
        ),
    ],
)
def test_unknown_choices_are_refused(choices, message, hint):
    with pytest.raises(AuditorError) as caught:
        chosen(**choices)
    (fault,) = caught.value.faults
    assert fault.message == message
    assert hint in fault.hint


def test_all_unknown_choices_are_refused_at_once():
    with pytest.raises(AuditorError) as caught:
        chosen(parameters={"a": 1, "b": 2}, positions={"c": "d"})
    assert len(caught.value.faults) == 3
