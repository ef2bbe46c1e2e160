"""The usage table: a record is kept as it is, the nearest declaration fills the rest, what nobody said stays unknown."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from auditor.engine import Database, quote
from auditor.facts.calls import find_duplicates
from auditor.facts.declarations import load_config
from auditor.facts.declared import declared_rows
from auditor.facts.tables import create_tables, limit_period
from auditor.model.declarations import Declarations
from auditor.sources import Input, ingest

NOW = date(2026, 1, 15)


async def usage(records: list[dict[str, object]], config: Path | None, facts: list[str]) -> list[tuple[Any, ...]]:
    with Database() as db:
        await ingest(db, [Input(data=records)], text=())
        find_duplicates(db)
        limit_period(db, None, None)
        create_tables(db, load_config(config).declarations, NOW)
        return db.execute(f"SELECT {', '.join(map(quote, facts))} FROM usage ORDER BY _row")


@pytest.fixture
def config(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "auditor.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


async def test_nearest_declaration_counts_and_a_record_is_never_overwritten(config):
    path = config(
        """\
defaults: {route: direct, account.plan: api, application: other}
applications:
  bot: {purpose: support, data.personal: true}
  other: {purpose: coding}
keys: {k1: {application: bot, route: azure}}
projects: {p1: {application: other, route: vertex, account.zero_retention: true}}
"""
    )
    records: list[dict[str, object]] = [
        {"record.id": "1", "api_key.id": "k1", "project.id": "p1"},
        {"record.id": "2", "api_key.id": "k1", "route": "bedrock", "application.purpose": "evaluation"},
        {"record.id": "3", "project.id": "p1", "account.plan": "enterprise"},
        {"record.id": "4"},
        {"record.id": "5", "application.id": "bot"},
    ]
    facts = [
        "application.id",
        "application.purpose",
        "route",
        "account.plan",
        "account.zero_retention",
        "data.personal",
    ]
    assert await usage(records, path, facts) == [
        ("bot", "support", "azure", "api", True, True),
        ("bot", "evaluation", "bedrock", "api", None, True),
        ("other", "coding", "vertex", "enterprise", True, None),
        ("other", "coding", "direct", "api", None, None),
        ("bot", "support", "direct", "api", None, True),
    ]


async def test_the_host_that_was_called_gives_route_and_provider(config):
    records: list[dict[str, object]] = [
        {"record.id": "1", "server.address": "api.openai.com"},
        {"record.id": "2", "server.address": "Bedrock-Runtime.eu-central-1.amazonaws.com"},
        {"record.id": "3", "server.address": "gateway.example.com"},
        {"record.id": "4", "server.address": "api.openai.com", "gen_ai.provider.name": "mine", "route": "other"},
    ]
    assert await usage(records, None, ["route", "gen_ai.provider.name"]) == [
        ("direct", "openai"),
        ("bedrock", "aws.bedrock"),
        (None, None),
        ("other", "mine"),
    ]


async def test_authorisations_undeclared_are_unknown_declared_none_are_empty_and_dates_count(config):
    records: list[dict[str, object]] = [
        {"record.id": "1", "application.id": "a", "timestamp": "2025-06-30T23:59:59Z"},
        {"record.id": "2", "application.id": "a", "timestamp": "2025-07-01T00:00:00Z"},
        {"record.id": "3", "application.id": "b", "timestamp": "2025-07-01T00:00:00Z"},
        {"record.id": "4", "application.id": "a", "timestamp": "2026-01-01T00:00:00Z"},
    ]
    facts = ["authorisation.id", "authorisation.scope"]
    assert await usage(records, None, facts) == [(None, None)] * 4
    assert await usage(records, config("authorisations: []\n"), facts) == [(None, [])] * 4
    path = config(
        "applications: {a: {}, b: {}}\nauthorisations:\n  - {id: letter, provider: anthropic, scope: [distillation, resale],"
        " document: letter, applications: [a], from: 2025-07-01, until: 2025-12-31}\n"
    )
    assert await usage(records, path, facts) == [
        (None, []),
        ("letter", ["anthropic/distillation", "anthropic/resale"]),
        (None, []),
        (None, []),
    ]


async def test_a_repeat_is_the_same_id_time_and_provider():
    records: list[dict[str, object]] = [
        {"record.id": "1", "timestamp": "2025-01-01T00:00:00Z"},
        {"record.id": "1", "timestamp": "2025-01-01T01:00:00+01:00"},
        {"record.id": "1", "timestamp": "2025-01-02T00:00:00Z"},
        {"timestamp": "2025-01-01T00:00:00Z"},
        {"timestamp": "2025-01-01T00:00:00Z"},
    ]
    with Database() as db:
        await ingest(db, [Input(data=records)], text=())
        assert find_duplicates(db) == {0: 1}
        assert limit_period(db, date(2025, 1, 2), None) == 3
        assert db.execute("SELECT count(*) FROM period_records") == [(1,)]


async def test_declared_models_become_training_and_deployment_rows(config):
    path = config(
        """\
organisation: {name: Example, country: DE}
applications: {shop: {audience: consumer}, tool: {audience: internal}}
models:
  student:
    kind: generative
    competes: true
    trained_on:
      - {dataset: d1, generators: [gpt-4o], date: 2025-03-01}
      - {dataset: d2}
    offered: {since: 2025-04-01, licence_files: [NOTICE]}
  derived: {base: student, offered: {}}
  fresh: {base: none, offered: {}}
"""
    )
    with Database() as db:
        await ingest(db, [Input(data=[{"record.id": "1"}])], text=())
        find_duplicates(db)
        limit_period(db, None, None)
        create_tables(db, load_config(path).declarations, NOW)
        facts = ("dataset.id", "dataset.generators", "model.competes", "organisation.country")
        training = f'SELECT {", ".join(map(quote, facts))}, "timestamp"::VARCHAR FROM training'
        assert db.execute(training) == [
            ("d1", ["gpt-4o"], True, "DE", "2025-03-01 00:00:00"),
            ("d2", None, True, "DE", "2026-01-15 00:00:00"),
        ]
        deployments = (
            'SELECT "deployment.id", "deployment.kind", "model.sources", "model.base" FROM deployments ORDER BY 1'
        )
        assert db.execute(deployments) == [
            ("derived", "model", None, None),
            ("fresh", "model", ["none"], "none"),
            ("shop", "application", None, None),
            ("student", "model", None, None),
        ]
        assert db.execute('SELECT "organisation.name" FROM organisation') == [("Example",)]


def test_what_is_declared_of_a_dataset_counts_for_every_model_that_it_trained():
    declared = Declarations.model_validate(
        {
            "datasets": {"acme/*": {"generators": ["gpt-4o"], "licence": "MIT"}, "acme/b": {"licence": "CC-BY-4.0"}},
            "models": {"m": {"trained_on": [{"dataset": "acme/a"}, {"dataset": "acme/b", "generators": []}]}},
        }
    )
    first, second = declared_rows(declared, date(2026, 1, 1))["training"]
    assert (first["dataset.generators"], first["dataset.licence"]) == (["gpt-4o"], "MIT")
    assert (second["dataset.generators"], second["dataset.licence"]) == ([], "CC-BY-4.0")
