"""Phoenix: pages of spans, and spans exported as tables (data frames).

Format: https://arize.com/docs/phoenix (REST API, `get_spans_dataframe`). Attributes are OpenInference's, under dotted names;
a table has a column for each of them.
"""

from auditor.engine import literal, quote
from auditor.sources.otlp import FACTS, NO_CALLS, TAKES, told_by_attributes
from auditor.sources.source import JsonObject, Source

PREFIX = "attributes."
COLUMNS = ("id", "name", "context", "span_kind", "parent_id", "start_time", "status_code", "attributes")
TABLE = ("context.trace_id", "context.span_id", "parent_id", "span_kind", "start_time", "status_code")
_NAMES = sorted(TAKES)


def _rows(spans: str) -> str:
    """Return SQL over `spans`, which has trace, span, kind, moment, status, keys and vals."""
    columns = told_by_attributes()
    kind = "CASE lower(kind) WHEN 'llm' THEN 'chat' WHEN 'embedding' THEN 'embeddings' ELSE lower(kind) END"
    operation = f"coalesce({columns.pop('operation')}, {kind})"
    named = ", ".join(f"{sql} AS {quote(name)}" for name, sql in columns.items())
    return (
        "SELECT * REPLACE (hex_id(trace) AS trace, hex_id(span) AS span, hex_id(parent) AS parent), "
        "NULL::VARCHAR AS input_parts, "
        f"NULL::VARCHAR AS output_parts, {operation} AS operation, {named} FROM ({spans})"
    )


PAGE = """
SELECT _line, _ids[1] AS trace, _ids[2] AS span, parent_id AS parent, span_kind AS kind, start_time AS moment,
    status_code AS status,
    map_keys(_pairs) AS keys, map_values(_pairs) AS vals
FROM (SELECT *, json_extract_string(as_json(context), ['/trace_id', '/span_id']) AS _ids,
    from_json(as_json(attributes), '"MAP(VARCHAR, VARCHAR)"') AS _pairs FROM line)
"""
EXPORT = f"""
SELECT _line, "context.trace_id" AS trace, "context.span_id" AS span, parent_id AS parent, span_kind AS kind,
    start_time AS moment,
    status_code AS status, [{", ".join(map(literal, _NAMES))}] AS keys,
    [{", ".join(quote(PREFIX + name) for name in _NAMES)}] AS vals
FROM line
"""
_NO_CALLS = ", ".join(map(literal, NO_CALLS))
SKIP = (
    f"CASE WHEN operation IN ({_NO_CALLS}) THEN 'span that calls no model itself: ' || operation "
    'WHEN operation IS NULL AND coalesce("gen_ai.request.model", "gen_ai.response.model") IS NULL AND span IS NOT NULL '
    "THEN 'span without an operation or model' END"
)
ALL_FACTS = FACTS | {
    "gen_ai.operation.name": "operation",
    "completion.text": "coalesce(answer_text(output), otlp_text(output))",
    "error.type": f"coalesce({FACTS['error.type']}, CASE WHEN status = 'ERROR' THEN 'error' END)",
}


def _is_span(item: JsonObject) -> bool:
    context = item.get("context")
    return (
        isinstance(context, dict) and "span_id" in context and {"span_kind", "attributes", "start_time"} <= item.keys()
    )


PHOENIX = Source(
    name="phoenix",
    title="Phoenix: pages of spans",
    detects=lambda sample: any(map(_is_span, sample.objects)),
    columns=dict.fromkeys(COLUMNS, "VARCHAR"),
    facts=ALL_FACTS,
    rows=_rows(PAGE),
    skip=SKIP,
    layer="application",
)
PHOENIX_EXPORT = Source(
    name="phoenix-export",
    title="Phoenix: exported spans (CSV or Parquet)",
    detects=lambda sample: any({"context.span_id", "span_kind", "start_time"} <= item.keys() for item in sample.items),
    columns=dict.fromkeys((*TABLE, *(PREFIX + name for name in _NAMES)), "VARCHAR"),
    facts=ALL_FACTS,
    rows=_rows(EXPORT),
    skip=SKIP,
    layer="application",
)
