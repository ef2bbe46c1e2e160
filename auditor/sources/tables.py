"""Tables whose columns are our fact names: CSV, Parquet, and Arrow data in memory."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from auditor.engine import Database, literal, quote
from auditor.sources.flat import FACTS, FLAT
from auditor.sources.source import Container, Sample, Source
from auditor.sources.stage import MAX_LINE

DAMAGES = {
    "MISSING COLUMNS": "fewer cells than the header",
    "TOO MANY COLUMNS": "more cells than the header",
    "UNQUOTED VALUE": "a quoted cell that does not end",
    "LINE SIZE OVER MAXIMUM": f"longer than {MAX_LINE >> 20} MiB",
    "INVALID ENCODING": "not UTF-8 text",
    "INVALID STATE": "a quote where none may stand",
}


def _table(name: str, title: str, *containers: Container) -> Source:
    def detects(sample: Sample) -> bool:
        return sample.container in containers and not FACTS.isdisjoint(sample.columns)

    return replace(FLAT, name=name, title=title, detects=detects)


CSV = _table("csv", "CSV or TSV with our fact names in the header", "csv")
PARQUET = _table("parquet", "Parquet with our fact names as columns", "parquet")
ARROW = _table("arrow", "Arrow table in memory with our fact names as columns", "arrow")


def csv_relation(path: Path, columns: Iterable[str], delimiter: str, rejects: str) -> str:
    """Return a FROM item over the CSV in `path`, all text; damaged rows go to the temporary table `rejects`."""
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    return (
        f"read_csv({literal(str(path))}, header=true, auto_detect=false, delim={literal(delimiter)}, "
        f"quote='\"', escape='\"', columns={{{types}}}, max_line_size={MAX_LINE}, compression='none', nullstr='', "
        f"store_rejects=true, rejects_table={literal(rejects)}, rejects_scan={literal(rejects + '_scan')})"
    )


def csv_damages(db: Database, rejects: str) -> list[tuple[int, int, str]]:
    """Return line of the file, byte offset and words for every damaged row of the scan that filled `rejects`."""
    rows = db.execute(
        f"SELECT line, min(line_byte_position), min_by(error_type::VARCHAR, byte_position) FROM {quote(rejects)} "
        "GROUP BY line ORDER BY line"
    )
    return [(int(line), int(offset) - 1, DAMAGES.get(kind, "damaged")) for line, offset, kind in rows]


def as_texts(relation: str, columns: Mapping[str, str], wanted: Iterable[str]) -> str:
    """Return a FROM item over `relation` with the columns `wanted` as text: what is nested as JSON, what is not there as NULL.

    Args:
        relation: a FROM item.
        columns: all its columns, with their types.
        wanted: names of columns.
    """
    texts = [f"{_as_text(name, columns.get(name))} AS {quote(name)}" for name in wanted]
    return f"(SELECT {', '.join(texts)} FROM {relation})"


def _as_text(name: str, kind: str | None) -> str:
    if kind is None:
        return "NULL::VARCHAR"
    nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))
    return f"to_json({quote(name)})::VARCHAR" if nested else f"{quote(name)}::VARCHAR"
