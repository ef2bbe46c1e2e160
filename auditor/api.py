"""The library: `Auditor` for async code, `replay` for the rest."""

import asyncio
from collections.abc import AsyncIterable, Iterable, Mapping
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from auditor.audit import Options, Run, audit
from auditor.sources import Input

if TYPE_CHECKING:
    import pyarrow

Source: TypeAlias = (
    "str | Path | Input | AsyncIterable[Mapping[str, object]] | Iterable[Mapping[str, object]] | pyarrow.Table"
)
"""A path, glob or `Input`; records as mappings with our fact names, from any iterable, also async; or an Arrow table."""


class Auditor:
    """Audits usage records against policy packs.

    Args:
        policies: names of shipped packs joined by commas, or a path; all shipped packs if None.
        config: path of `auditor.yaml`; nothing is declared if None.
        terms: `in-force`, `latest`, a date such as `2025-09-01`, or the path of a draft.
        now: the day the audit refers to; today if None.

    Example:
        ```python
        async with Auditor(config="auditor.yaml") as auditor:
            run = await auditor.replay("logs/")
        print(run.data.manifest.clauses[0].verdict)
        ```
    """

    def __init__(
        self,
        *,
        policies: str | Path | None = None,
        config: str | Path | None = None,
        terms: str = "in-force",
        now: date | None = None,
    ) -> None:
        self._policies = policies
        self._config = Path(config) if config else None
        self._terms = terms
        self._now = now

    async def __aenter__(self) -> "Auditor":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def replay(
        self, *sources: Source, out: str | Path | None = None, since: date | None = None, until: date | None = None
    ) -> Run:
        """Replay records and return the run.

        Args:
            sources: what to read.
            out: where to write the run folder; nothing is written if None.
            since: first day of the period, in UTC.
            until: last day of the period, in UTC.

        Raises:
            AuditorError: an input, the configuration or a pack has faults; all of them are named.
        """
        options = Options(
            self._policies, self._config, self._terms, since, until, self._now, Path(out) if out else None
        )
        return await audit([_input(source) for source in sources], options)


def replay(
    *sources: Source,
    policies: str | Path | None = None,
    config: str | Path | None = None,
    terms: str = "in-force",
    now: date | None = None,
    out: str | Path | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Run:
    """Replay records and return the run, for code that is not async. See `Auditor` for the arguments."""
    auditor = Auditor(policies=policies, config=config, terms=terms, now=now)
    return asyncio.run(auditor.replay(*sources, out=out, since=since, until=until))


def _input(source: Source) -> Input:
    if isinstance(source, Input):
        return source
    return Input(str(source)) if isinstance(source, (str, Path)) else Input(data=source)
