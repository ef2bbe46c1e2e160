"""JSON records whose keys are our fact names."""

from auditor.engine import quote
from auditor.model.facts import TABLES
from auditor.sources.source import Sample, Source

FACTS = TABLES["usage"].facts


def _detects(sample: Sample) -> bool:
    return any(not FACTS.keys().isdisjoint(item) for item in sample.objects)


FLAT = Source(
    name="flat",
    title="JSON records whose keys are our fact names (one a line, or an array)",
    detects=_detects,
    columns=dict.fromkeys(FACTS, "VARCHAR"),
    facts={name: quote(name) for name in FACTS},
    fields=lambda item: item,
    takes=frozenset(FACTS),
)
