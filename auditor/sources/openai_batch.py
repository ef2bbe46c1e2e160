"""OpenAI's Batch API: output and error files, completed from the batch's input file where that is read with them.

Format: https://platform.openai.com/docs/api-reference/batch. Others write the same format: an answer with content
filter results is Azure's, an id `batch_req_…` is OpenAI's own, and for anything else provider and route stay unknown.
An input file alone holds requests, not calls. Embeddings and failed requests carry no time.
"""

from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.source import Companion, JsonObject, Sample, Source

COLUMNS = ("id", "custom_id", "response", "error", "method", "url", "body")

# Custom ids like `request-1` recur from batch to batch: of the input files, the one that knows most of an output's ids
# is its own, unless two know as many.
ROWS = """
, matches AS (SELECT r._input AS request_file, count(*) AS known
    FROM line JOIN batch_requests r ON line.custom_id = r.custom_id
    WHERE line.response IS NOT NULL OR line.error IS NOT NULL GROUP BY 1),
own AS (SELECT any_value(request_file) AS request_file FROM matches WHERE known = (SELECT max(known) FROM matches)
    HAVING count(*) = 1),
answers AS (
    SELECT line.* EXCLUDE (id, body), line.id AS batch_id, r.body AS asked, coalesce(r.url, line.url) AS endpoint,
    json_extract_string(as_json(line.response), ['$.body', '$.status_code', '$.request_id', '$.body.prompt_filter_results',
        '$.body.choices[0].content_filter_results']) AS _told
FROM line LEFT JOIN (SELECT r.* FROM batch_requests r JOIN own ON r._input = own.request_file) r
    ON line.custom_id = r.custom_id)
"""
_FILTERED = "coalesce(_told[4], _told[5]) IS NOT NULL"
_ROUTE = f"CASE WHEN {_FILTERED} THEN 'azure' WHEN starts_with(batch_id, 'batch_req_') THEN 'direct' END"
FACTS = BODIES | {
    "record.id": f"coalesce({BODIES['gen_ai.response.id']}, batch_id, custom_id)",
    "record.ids": "CASE WHEN _told[3] <> '' THEN to_json([_told[3]])::VARCHAR END",
    "gen_ai.provider.name": f"CASE {_ROUTE} WHEN 'azure' THEN 'azure.ai.openai' WHEN 'direct' THEN 'openai' END",
    "gen_ai.operation.name": f"coalesce(operation_of(endpoint), {BODIES['gen_ai.operation.name']}, "
    "CASE b_kind WHEN 'list' THEN 'embeddings' END)",
    "http.response.status_code": "_told[2]",
    "error.type": f"coalesce(json_extract_string(as_json(error), '$.code'), {BODIES['error.type']})",
    "route": _ROUTE,
}


def _is_request(item: JsonObject) -> bool:
    return "custom_id" in item and "body" in item and "response" not in item


def _detects(sample: Sample) -> bool:
    return any("custom_id" in item and not {"response", "error", "body"}.isdisjoint(item) for item in sample.objects)


OPENAI_BATCH = Source(
    name="openai-batch",
    title="OpenAI Batch API: output and error files, with their input files",
    detects=_detects,
    columns=dict.fromkeys(COLUMNS, "VARCHAR"),
    facts=FACTS,
    rows=ROWS + read_bodies("SELECT *, _told[1] AS answered FROM answers"),
    skip="CASE WHEN custom_id IS NOT NULL AND response IS NULL AND error IS NULL "
    "THEN 'request of a batch: no call until it is answered' END",
    companion=Companion(
        table="batch_requests",
        detects=lambda sample: any(_is_request(item) for item in sample.objects),
        columns={"custom_id": "VARCHAR", "url": "VARCHAR", "body": "VARCHAR"},
        select="SELECT any_value(_input) AS _input, custom_id, any_value(url) AS url, any_value(body) AS body "
        "FROM line WHERE custom_id IS NOT NULL AND body IS NOT NULL GROUP BY custom_id HAVING count(*) = 1",
    ),
    layer="provider",
)
