"""Anthropic's Message Batches: result files, completed from the batch's requests where those are read with them.

Format: https://docs.anthropic.com/en/api/creating-message-batches. Results name no time and no request; the requests are
what was sent to create the batch, or one request a line. A request that was canceled or expired called no model.
"""

from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.source import Companion, JsonObject, Source

COLUMNS = ("custom_id", "result", "params", "requests")
ROWS = """
, matches AS (SELECT r._input AS request_file, count(*) AS known
    FROM line JOIN message_requests r ON line.custom_id = r.custom_id WHERE line.result IS NOT NULL GROUP BY 1),
own AS (SELECT any_value(request_file) AS request_file FROM matches WHERE known = (SELECT max(known) FROM matches)
    HAVING count(*) = 1),
results AS (SELECT line._line, line.custom_id, line.result, line.params, line.requests, r.params AS asked,
    json_extract_string(as_json(line.result), ['$.type', '$.message', '$.error', '$.error.request_id',
        '$.error.error.type', '$.error.type']) AS _told
    FROM line LEFT JOIN (SELECT r.* FROM message_requests r JOIN own ON r._input = own.request_file) r
    ON line.custom_id = r.custom_id)
"""
FACTS = BODIES | {
    "record.id": f"coalesce({BODIES['gen_ai.response.id']}, custom_id)",
    "record.ids": "CASE WHEN _told[4] <> '' THEN to_json([_told[4]])::VARCHAR END",
    "gen_ai.provider.name": "'anthropic'",
    "gen_ai.operation.name": "'chat'",
    "error.type": "CASE WHEN _told[1] = 'errored' THEN coalesce(nullif(_told[5], ''), nullif(_told[6], ''), 'error') END",
}


def _is_request(item: JsonObject) -> bool:
    requests = item.get("requests", [item])
    return isinstance(requests, list) and any(
        isinstance(request, dict) and {"custom_id", "params"} <= request.keys() for request in requests
    )


def _is_result(item: JsonObject) -> bool:
    result = item.get("result")
    return "custom_id" in item and isinstance(result, dict) and "type" in result


ANTHROPIC_BATCH = Source(
    name="anthropic-batch",
    title="Anthropic Message Batches: results, with their requests",
    detects=lambda sample: any(_is_result(item) or _is_request(item) for item in sample.objects),
    columns=dict.fromkeys(COLUMNS, "VARCHAR"),
    facts=FACTS,
    rows=ROWS + read_bodies("SELECT *, _told[2] AS answered FROM results"),
    skip="CASE WHEN result IS NULL AND coalesce(params, requests) IS NOT NULL "
    "THEN 'request of a batch: no call until it is answered' "
    "WHEN _told[1] IN ('canceled', 'expired') THEN 'request of a batch, ' || _told[1] || ': no call' END",
    constants=frozenset({"gen_ai.provider.name", "gen_ai.operation.name"}),
    companion=Companion(
        table="message_requests",
        detects=lambda sample: any(map(_is_request, sample.objects)),
        columns={"custom_id": "VARCHAR", "params": "VARCHAR"},
        select="SELECT any_value(_input) AS _input, custom_id, any_value(params) AS params FROM ("
        "SELECT _input, custom_id, params FROM line WHERE params IS NOT NULL UNION ALL "
        "SELECT _input, json_extract_string(item, '$.custom_id'), json_extract_string(item, '$.params') "
        "FROM (SELECT _input, unnest(json_extract(as_json(requests), '$[*]')) AS item FROM line)) "
        "WHERE custom_id IS NOT NULL GROUP BY custom_id HAVING count(*) = 1",
    ),
    layer="provider",
)
