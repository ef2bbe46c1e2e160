"""A quick way to pull from a server of the tests, and to look at what came of it."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from auditor.pull import Acquisition, Pull, Settings, pull
from tests.pull.server import Site

FAST = Settings(patience=0.001, timeout=5.0, tries=12)
KEYS = {
    "OPENAI_ADMIN_KEY": "sk-admin-CANARY-0123456789",
    "OPENAI_API_KEY": "sk-proj-CANARY-0123456789",
    "ANTHROPIC_ADMIN_KEY": "sk-ant-admin01-CANARY",
    "ANTHROPIC_API_KEY": "sk-ant-api03-CANARY",
    "LANGFUSE_PUBLIC_KEY": "pk-lf-CANARY",
    "LANGFUSE_SECRET_KEY": "sk-lf-CANARY",
    "HELICONE_API_KEY": "sk-helicone-CANARY",
    "PORTKEY_API_KEY": "pk-portkey-CANARY",
    "OPENROUTER_MANAGEMENT_KEY": "sk-or-CANARY-123",
    "LITELLM_MASTER_KEY": "sk-litellm-CANARY",
    "CLOUDFLARE_API_TOKEN": "cf-token-CANARY",
    "CLOUDFLARE_ACCOUNT_ID": "acc1",
    "CLOUDFLARE_GATEWAY_ID": "gate way",
}
SINCE, UNTIL = date(2026, 9, 1), date(2026, 9, 10)


@pytest.fixture
def take(tmp_path) -> Callable[..., tuple[Acquisition, Path]]:
    """Return a function that pulls from a site into a folder."""

    def run(
        site: Site,
        provider: str,
        *only: str,
        into: str = "pulled",
        settings: Settings = FAST,
        keys: dict[str, str] = KEYS,
        **more: Any,
    ) -> tuple[Acquisition, Path]:
        folder = tmp_path / into
        deadline = more.pop("deadline", None)
        asked = Pull(provider, folder, only=only, since=SINCE, until=UNTIL, base_url=site.url)
        return asyncio.run(pull(replace(asked, **more), keys.get, settings, deadline)), folder

    return run


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every table below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in ("records", "events", "snapshots")
        for path in sorted((folder / name).rglob("*.parquet"))
    }


def rows(folder: Path, *columns: str, of: str = "records") -> list[tuple[Any, ...]]:
    """Return columns of a table, sorted."""
    names = ", ".join(f'"{name}"' for name in columns)
    files = str(folder / of / "*" / "*.parquet")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        query = f"SELECT {names} FROM read_parquet('{files}', union_by_name=true, hive_partitioning=false) ORDER BY ALL"
        return connection.execute(query).fetchall()
