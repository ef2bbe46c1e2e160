"""Numbers and times in words, and where a fact is declared."""

import math

import pytest
from pydantic import JsonValue

from auditor.model.facts import TABLES
from auditor.reports.declare import NOWHERE, place_of
from auditor.reports.words import (
    day,
    document,
    duration,
    fact_value,
    moment,
    number,
    percent,
    plural,
    provider,
    short,
    terms,
)
from tests.reports.builders import manifest
from tests.reports.example import example_run


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "–"),
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (1, 10_000, "under 0.1 %"),
        (9_999_999, 10_000_000, "over 99.9 %"),
        (1, 3, "33.3 %"),
    ],
)
def test_only_a_whole_reads_100_percent(part, whole, said):
    assert percent(part, whole) == said


def test_numbers():
    assert [number(v) for v in (0, 1234567, 0.25, 2.0, -3, math.inf)] == [
        "0",
        "1,234,567",
        "0.25",
        "2",
        "-3",
        "unlimited",
    ]
    assert [plural(1, "record"), plural(2, "record"), plural(0, "match", "matches")] == [
        "1 record",
        "2 records",
        "0 matches",
    ]
    assert [duration(s) for s in (86400, 3600, 90, 120, 604800)] == [
        "1 day",
        "1 hour",
        "90 seconds",
        "2 minutes",
        "7 days",
    ]


def test_times_come_back_in_utc_or_as_they_are():
    assert moment("2026-03-31T23:30:00+02:00") == "2026-03-31 21:30 UTC"
    assert moment(None) == "–"
    assert moment("yesterday") == "yesterday"
    assert day("2026-03-31T23:59:59Z") == "31 March 2026"


def test_values_of_facts():
    values: list[JsonValue] = [True, None, "x", ["a", 1], {"b": 1}]
    assert [fact_value(value) for value in values] == ["yes", "missing", "x", "a, 1", '{"b": 1}']
    assert short("a" * 300).endswith(" … (300 characters)")


def test_names():
    assert [provider(n) for n in ("openai", "anthropic", "meta", "IBM")] == ["OpenAI", "Anthropic", "Meta", "IBM"]
    titles = {document(clause) for clause in example_run().manifest.clauses}
    assert {"OpenAI Services Agreement", "Meta: Llama 4 Community License"} <= titles


def test_terms_in_words():
    run = manifest().run
    assert "in force on its own day" in terms(run)
    assert (
        terms(run.model_copy(update={"terms": "2025-09-01"}))
        == "every record under the terms in force on 1 September 2025"
    )
    assert terms(run.model_copy(update={"terms": "latest"})).endswith("2 April 2026")
    assert terms(run.model_copy(update={"terms": "drafts/new"})).startswith(
        "every record under the terms in drafts/new for"
    )
    assert terms(run, contracts=True).endswith("or on the day of the contract that fixes them")


@pytest.mark.parametrize(
    ("fact", "place"),
    [
        ("organisation.country", "organisation → country"),
        ("application.purpose", "applications → the application → purpose"),
        ("data.health", "applications → the application → data.health"),
        ("application.model.competes", "models → the model it trains → competes"),
        ("model.base", "models → the model → base"),
        ("dataset.licence", "models → the model → trained_on → licence"),
        ("deployment.countries", "models → the model → offered → countries"),
        ("route", "keys, projects, services or accounts → its id → route"),
        ("application.id", "keys, projects, services or accounts → its id → application"),
        ("timestamp", NOWHERE),
        ("prompt.text", NOWHERE),
    ],
)
def test_where_a_fact_is_declared(fact, place):
    assert place_of(fact) == place


def test_every_fact_of_the_schema_has_an_answer():
    assert all(place_of(fact) for table in TABLES.values() for fact in table.facts)
