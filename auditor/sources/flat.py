"""Records whose keys or columns are our fact names: calls, and by their telling facts control events and snapshots."""

from dataclasses import replace

from auditor.engine import quote
from auditor.sources.source import SCHEMAS, Kind, Sample, Source

KINDS: tuple[Kind, ...] = ("call", "event", "snapshot")
FACTS = frozenset(name for kind in KINDS for name in SCHEMAS[kind].facts)
"""Names by which such a record is told."""
TELLING: dict[str, Kind] = {"snapshot.of": "snapshot", "event.name": "event"}
"""Facts that only one kind of record has."""


def _detects(sample: Sample) -> bool:
    return any(not FACTS.isdisjoint(item) for item in sample.objects)


def _of(kind: Kind, source: Source) -> Source:
    facts = SCHEMAS[kind].facts
    return replace(
        source,
        kind=kind,
        columns=dict.fromkeys(facts, "VARCHAR"),
        facts={name: quote(name) for name in facts},
        takes=frozenset(facts),
    )


def of_kind(source: Source, sample: Sample) -> Source:
    """Return `source`, which has our fact names, for the kind of records that the sample shows."""
    names = {*sample.columns, *(name for item in sample.objects for name, value in item.items() if value is not None)}
    return _of(next((kind for name, kind in TELLING.items() if name in names), "call"), source)


FLAT = _of(
    "call",
    Source(
        name="flat",
        title="JSON records whose keys are our fact names (one a line, or an array)",
        detects=_detects,
        columns={},
        facts={},
        takes=frozenset(),
    ),
)
