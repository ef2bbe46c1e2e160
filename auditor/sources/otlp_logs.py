"""OpenTelemetry log records as OTLP/JSON: what instrumentation says of a model call in events, in newer and older ways.

Format: https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/ (one LogsData a line). A record is a
`gen_ai.client.inference.operation.details` event, or all the events of one span that hold a message each. The span itself,
if it is read from a trace, is the same call.
"""

from auditor.engine import literal, quote
from auditor.sources.otlp import (
    ATTRIBUTES,
    FACTS,
    RESOURCE,
    TAKES,
    attribute,
    fields_of,
    told_by_attributes,
    unnested,
)
from auditor.sources.source import Sample, Source

DETAILS = "gen_ai.client.inference.operation.details"
MESSAGES = tuple(f"gen_ai.{role}.message" for role in ("system", "developer", "user", "assistant", "tool"))
CHOICE = "gen_ai.choice"
_PAIRS = literal('[{"key":"VARCHAR","value":{"stringValue":"VARCHAR","arrayValue":"VARCHAR","kvlistValue":"VARCHAR"}}]')
_MOMENT = "coalesce(nullif(call.timeUnixNano, '0'), call.observedTimeUnixNano)"


def _pairs(kvlist: str) -> str:
    """Return SQL for the members of what a key-value list holds, as a list of structures."""
    return f"from_json(json_extract({kvlist}, '$.values'), {_PAIRS})"


def _rows() -> str:
    """Return SQL that makes a row of each details event and of the message events of each span."""
    names = ", ".join(map(literal, (*MESSAGES, CHOICE)))
    columns = told_by_attributes() | {"event": f"coalesce(event_name, {attribute('event.name')}, '')"}
    named = ", ".join(f"{sql} AS {quote(name)}" for name, sql in columns.items())
    records = unnested(
        "resourceLogs", "scopeLogs", "logRecords", _MOMENT, ", call.eventName AS event_name, call.body AS body"
    )
    # The text of an event, and of the message within a choice.
    content = "list_filter({}, lambda p: p.key = 'content')[1].value.stringValue"
    body = "json_extract(as_json(body), '$.kvlistValue')"
    message = "list_filter(pairs, lambda p: p.key = 'message')[1].value.kvlistValue"
    grouped = ", ".join(
        f"any_value({quote(name)}) AS {quote(name)}"
        for name in (*told_by_attributes(), "event", "trace", "span", "is_otlp", "bare")
        if name not in ("ids", "gen_ai.response.finish_reasons")
    )
    choices = f"FILTER (event = {literal(CHOICE)})"
    return (
        f"SELECT min(_line) AS _line, min(moment) AS moment, {grouped}, "
        f"string_agg(said, chr(10) ORDER BY moment) FILTER (event <> {literal(CHOICE)}) AS input_parts, "
        f"string_agg(said, chr(10) ORDER BY moment) {choices} AS output_parts, "
        'coalesce(any_value("gen_ai.response.finish_reasons"), '
        f"nullif(to_json(list(reason) {choices})::VARCHAR, '[]')) AS \"gen_ai.response.finish_reasons\", "
        "coalesce(any_value(ids), []) AS ids "
        f"FROM (SELECT *, {content.format('coalesce(inner_pairs, pairs)')} AS said, "
        "list_filter(pairs, lambda p: p.key = 'finish_reason')[1].value.stringValue AS reason FROM "
        f"(SELECT *, {_pairs(f'as_json({message})')} AS inner_pairs FROM (SELECT *, row_number() OVER () AS place, "
        f"CASE WHEN event IN ({names}) THEN {_pairs(body)} END AS pairs FROM "
        f"(SELECT _line, is_otlp, trace, span, moment, body, keys IS NULL AND event_name IS NULL AS bare, {named} FROM "
        f"({records}))))) GROUP BY CASE WHEN event IN ({names}) AND span IS NOT NULL "
        "THEN coalesce(trace, '') || '/' || span ELSE place::VARCHAR END"
    )


def _detects(sample: Sample) -> bool:
    return any("resourceLogs" in item for item in sample.objects)


_RECORD = (
    "STRUCT(traceId VARCHAR, spanId VARCHAR, eventName VARCHAR, timeUnixNano VARCHAR, observedTimeUnixNano VARCHAR, "
    f"body VARCHAR, attributes {ATTRIBUTES})[]"
)
_NAMES = ", ".join(map(literal, (DETAILS, CHOICE, *MESSAGES)))

OTLP_LOGS = Source(
    name="otlp-logs",
    title="OpenTelemetry logs of model calls, OTLP/JSON: details and message events",
    detects=_detects,
    columns={
        "resourceLogs": f"STRUCT({RESOURCE}, scopeLogs STRUCT(logRecords {_RECORD})[])[]",
        "resourceMetrics": "VARCHAR",
    },
    facts={name: sql for name, sql in FACTS.items() if name != "record.parent"},
    fields=fields_of,
    takes=TAKES | {"event.name"},
    rows=_rows(),
    skip="CASE WHEN NOT is_otlp THEN NULL WHEN bare THEN 'line without log records' "
    f"WHEN event NOT IN ({_NAMES}) THEN 'log record that is no model call' END",
    layer="application",
)
