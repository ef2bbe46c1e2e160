"""Reads somebody's own columns, as a mapping file names them."""

from auditor.engine import literal
from auditor.errors import Fault
from auditor.sources.mapping_file import Mapping, Rule
from auditor.sources.mapping_sql import Place, expression
from auditor.sources.source import SCHEMAS, Source
from auditor.yamlfile import Tree, nearest


def missing_columns(mapping: Mapping, tree: Tree, columns: set[str], file: str) -> list[Fault]:
    """Return a fault for each column that the mapping names and the file does not have."""
    return [
        tree.fault(path, f"{file} has no column '{column}'", nearest(column, columns))
        for path, column in mapping.columns()
        if column not in columns
    ]


def mapped_source(mapping: Mapping) -> Source:
    """Return a source that reads what `mapping` names."""
    place = Place(json=mapping.format == "jsonl", missing=mapping.missing, timezone=mapping.timezone)
    columns = dict.fromkeys(place.top(column) for _, column in mapping.columns())
    schema = SCHEMAS[mapping.kind].facts
    skip = " ".join(
        f"WHEN {place.value(rule.column)} IN ({', '.join(map(literal, rule.values))}) THEN {literal(rule.reason)}"
        for rule in mapping.skip
    )

    return Source(
        name="mapping",
        title="Your own columns, named in a mapping file (CSV, TSV, Parquet, JSON lines)",
        detects=lambda sample: False,
        columns=dict.fromkeys(sorted(columns), "VARCHAR"),
        facts={name: expression(rule, schema[name], place) for name, rule in mapping.facts.items()},
        skip=f"CASE {skip} END" if skip else "NULL",
        constants=frozenset(name for name, rule in mapping.facts.items() if rule.constant is not None),
        kind=mapping.kind,
        layer=mapping.layer,
    )


MAPPING = mapped_source(
    Mapping(format="jsonl", facts={name: Rule(column=name) for name in SCHEMAS["call"].facts if name != "record.kind"})
)
"""How the format is listed; what is read comes from the mapping file."""
