"""Snapshots of accounts: the one nearest before the record counts, and nothing is known of the time before the first."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from auditor.engine import Database, quote
from auditor.facts.calls import find_duplicates
from auditor.facts.declarations import load_config
from auditor.facts.tables import create_tables, limit_period
from auditor.sources import Input, ingest

ZERO = "account.zero_retention"


def shot(of: str, name: str, day: str, **facts: Any) -> dict[str, Any]:
    return {"snapshot.of": of, "snapshot.id": name, "timestamp": f"{day}T00:00:00Z"} | facts


async def usage(
    tmp_path: Path, calls: list[dict[str, Any]], shots: list[dict[str, Any]], facts: list[str], config: str = ""
):
    path = tmp_path / "snapshots.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in shots), "utf-8")
    declared = tmp_path / "auditor.yaml"
    declared.write_text(config, "utf-8")
    with Database() as db:
        ingested = await ingest(db, [Input(data=calls), Input(str(path))], text=())
        assert [item.kind for item in ingested.inputs] == ["call", "snapshot"]
        find_duplicates(db)
        limit_period(db, None, None)
        create_tables(db, load_config(declared if config else None).declarations, date(2026, 1, 1))
        return db.execute(f"SELECT {', '.join(map(quote, facts))} FROM usage ORDER BY _row")


def call(day: str, **facts: Any) -> dict[str, Any]:
    return {"record.id": day, "timestamp": f"{day}T12:00:00Z", "project.id": "p1"} | facts


async def test_the_nearest_before_the_record_counts(tmp_path):
    shots = [
        shot("project", "p1", "2025-06-01", **{ZERO: True}),
        shot("project", "p1", "2025-07-01", **{ZERO: False}),
        shot("project", "p2", "2025-01-01", **{ZERO: True}),
    ]
    calls = [call("2025-05-31"), call("2025-06-01"), call("2025-06-30"), call("2025-07-01"), call("2025-08-01")]
    found = await usage(tmp_path, calls, shots, [ZERO, "account.as_of"])
    june, july = "project of 2025-06-01T00:00:00Z", "project of 2025-07-01T00:00:00Z"
    assert found == [(None, None), (True, june), (True, june), (False, july), (False, july)]


async def test_the_record_comes_first_then_the_snapshot_then_what_is_declared(tmp_path):
    shots = [shot("project", "p1", "2025-01-01", **{ZERO: True})]
    calls = [call("2025-02-01", **{ZERO: False}), call("2025-02-02"), call("2024-12-31")]
    config = f"projects: {{p1: {{{ZERO}: false}}}}\n"
    assert await usage(tmp_path, calls, shots, [ZERO], config) == [(False,), (True,), (False,)]


async def test_the_nearer_subject_counts_and_both_are_named(tmp_path):
    shots = [
        shot("organization", "o1", "2025-01-01", **{"account.storage_region": "US", ZERO: False}),
        shot("project", "p1", "2025-01-02", **{ZERO: True}),
        shot("user_profile", "prof", "2025-01-03", **{"end_user.country": "FR", "application.passthrough": True}),
    ]
    calls = [call("2025-02-01", **{"organization.id": "o1", "end_user.profile.id": "prof"})]
    facts = [ZERO, "account.storage_region", "end_user.country", "application.passthrough", "account.as_of"]
    told = "user_profile of 2025-01-03T00:00:00Z, project of 2025-01-02T00:00:00Z, organization of 2025-01-01T00:00:00Z"
    assert await usage(tmp_path, calls, shots, facts) == [(True, "US", "FR", True, told)]


async def test_a_key_tells_the_application(tmp_path):
    shots = [shot("api_key", "k1", "2025-01-01", **{"application.id": "bot", "api_key.name": "Bot"})]
    calls = [call("2025-02-01", **{"api_key.id": "k1"}), call("2025-02-02", **{"api_key.id": "k2"})]
    config = "applications: {bot: {purpose: support}}\n"
    facts = ["application.id", "application.purpose", "api_key.name"]
    assert await usage(tmp_path, calls, shots, facts, config) == [("bot", "support", "Bot"), (None, None, None)]
