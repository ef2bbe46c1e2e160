"""Engines that hold and query the fact tables. DuckDB is the embedded default; this package alone imports it."""

from auditor.engine.duckdb import Database, EngineError, column_type, literal, quote

ENGINES = {"duckdb": Database}

__all__ = ["ENGINES", "Database", "EngineError", "column_type", "literal", "quote"]
