"""MLflow: traces as `Trace.to_json()` gives them, one a line or a list of them.

Format: https://mlflow.org/docs/latest/genai/tracing/ (versions 2 and 3). Attributes are JSON in strings, and ids of version 3
are in base64.
"""

from auditor.engine import literal, quote
from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.otlp import FACTS as TOLD
from auditor.sources.otlp import NO_CALLS, attribute, told_by_attributes
from auditor.sources.source import JsonObject, Source

SPAN = {
    "trace": ("/trace_id", "/context/trace_id"),
    "span": ("/span_id", "/context/span_id"),
    "parent": ("/parent_span_id", "/parent_id"),
    "moment": ("/start_time_unix_nano", "/start_time"),
    "attributes": ("/attributes",),
    "failed": ("/status/code", "/status_code"),
}
INFO = ("/trace_metadata", "/request_metadata", "/tags")
_PATHS = [path for paths in SPAN.values() for path in paths]


def _member(name: str) -> str:
    found = [f"_span[{_PATHS.index(path) + 1}]" for path in SPAN[name]]
    return f"coalesce({', '.join(found)})"


def _of_trace(name: str) -> str:
    found = [
        f"json_extract_string(as_json(_info[{place}]), {literal('/' + name)})" for place in range(1, len(INFO) + 1)
    ]
    return f"coalesce({', '.join(found)})"


def _rows() -> str:
    columns = told_by_attributes() | {"spent": attribute("mlflow.llm.cost")}
    named = ", ".join(f"{sql} AS {quote(name)}" for name, sql in columns.items())
    members = ", ".join(f"{_member(name)} AS {name}" for name in ("trace", "span", "parent", "moment", "failed"))
    return read_bodies(
        "SELECT *, input AS asked, output AS answered, NULL::VARCHAR AS input_parts, NULL::VARCHAR AS output_parts FROM ("
        f"SELECT * REPLACE (hex_id(trace) AS trace, hex_id(span) AS span, hex_id(parent) AS parent), {named} "
        "FROM (SELECT *, map_keys(_pairs) AS keys, list_transform(map_values(_pairs), "
        "lambda v: CASE WHEN starts_with(v, '\"') THEN coalesce(json_extract_string(as_json(v), '$'), v) ELSE v END) AS vals, "
        f"{members} FROM ("
        f"SELECT *, from_json(as_json({_member('attributes')}), '\"MAP(VARCHAR, VARCHAR)\"') AS _pairs FROM ("
        f"SELECT _line, _info, _first, json_extract_string(item, [{', '.join(map(literal, _PATHS))}]) AS _span FROM ("
        "SELECT _line, _info, unnest(spans) AS item, generate_subscripts(spans, 1) = 1 AS _first FROM ("
        f"SELECT _line, json_extract_string(as_json(info), [{', '.join(map(literal, INFO))}]) AS _info, "
        "coalesce(nullif(json_extract(as_json(data), '$.spans[*]'), []), [NULL]) AS spans FROM line))))))"
    )


_NO_CALLS = ", ".join(map(literal, NO_CALLS))
MLFLOW = Source(
    name="mlflow",
    title="MLflow: traces of model calls (Trace.to_json)",
    detects=lambda sample: any(map(_is_trace, sample.objects)),
    columns={"info": "VARCHAR", "data": "VARCHAR"},
    facts={name: f"coalesce({TOLD[name]}, {sql})" if name in TOLD else sql for name, sql in BODIES.items()}
    | {name: sql for name, sql in TOLD.items() if name not in BODIES}
    | {
        "prompt.text": f"coalesce({BODIES['prompt.text']}, {TOLD['prompt.text']})",
        "completion.text": f"coalesce({BODIES['completion.text']}, {TOLD['completion.text']})",
        "call.cost": "coalesce(json_extract_string(as_json(spent), '/total_cost'), \"call.cost\")",
        "gen_ai.conversation.id": f"coalesce({TOLD['gen_ai.conversation.id']}, {_of_trace('mlflow.trace.session')})",
        "end_user.id": f"coalesce({BODIES['end_user.id']}, {_of_trace('mlflow.trace.user')})",
        "error.type": f"coalesce({TOLD['error.type']}, CASE WHEN ends_with(failed, 'ERROR') THEN 'error' END)",
    },
    rows=_rows(),
    skip="CASE WHEN span IS NULL THEN 'trace without spans' "
    f"WHEN operation IN ({_NO_CALLS}) THEN 'span that calls no model itself: ' || operation "
    'WHEN operation IS NULL AND coalesce("gen_ai.request.model", "gen_ai.response.model") IS NULL '
    "THEN 'span without an operation or model' END",
    layer="application",
    tells_first=True,
)


def _is_trace(item: JsonObject) -> bool:
    info, data = item.get("info"), item.get("data")
    return isinstance(info, dict) and isinstance(data, dict) and isinstance(data.get("spans"), list)
