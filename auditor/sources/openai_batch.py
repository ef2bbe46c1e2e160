"""OpenAI's Batch API: output and error files, completed from the batch's input file where that is read with them.

Format: https://platform.openai.com/docs/api-reference/batch. Others write the same format: an answer with content
filter results is Azure's, an id `batch_req_…` is OpenAI's own, and for anything else provider and route stay unknown.
An input file alone holds requests, not calls. Embeddings and failed requests carry no time.
"""

from auditor.sources.source import Companion, JsonObject, Sample, Source
from auditor.sources.words import metadata_facts

COLUMNS = ("id", "custom_id", "response", "error", "method", "url", "body")

# Custom ids like `request-1` recur from batch to batch: of the input files, the one that knows most of an output's ids
# is its own, unless two know as many.
ROWS = """
, matches AS (SELECT r._input AS request_file, count(*) AS known
    FROM line JOIN batch_requests r ON line.custom_id = r.custom_id
    WHERE line.response IS NOT NULL OR line.error IS NOT NULL GROUP BY 1),
own AS (SELECT any_value(request_file) AS request_file FROM matches WHERE known = (SELECT max(known) FROM matches)
    HAVING count(*) = 1)
SELECT line.* EXCLUDE (id, body), line.id AS batch_id, as_json(line.response) AS answer, as_json(line.error) AS failure,
    json_extract(as_json(line.response), '$.body') AS answered, as_json(r.body) AS asked,
    coalesce(r.url, line.url) AS endpoint, json_extract_string(as_json(line.response), '$.body.created') AS created,
    CASE WHEN coalesce(json_extract(as_json(line.response), '$.body.prompt_filter_results'),
        json_extract(as_json(line.response), '$.body.choices[0].content_filter_results')) IS NOT NULL THEN 'azure'
        WHEN starts_with(line.id, 'batch_req_') THEN 'direct' END AS route
FROM line LEFT JOIN (SELECT r.* FROM batch_requests r JOIN own ON r._input = own.request_file) r
    ON line.custom_id = r.custom_id
"""

_ENDPOINTS = (
    ("embeddings", "embeddings", "list"),
    ("chat", "chat/completions", "chat.completion"),
    ("chat", "responses", "response"),
    ("text_completion", "completions", "text_completion"),
)


def _operation() -> str:
    urls = " ".join(f"WHEN ends_with(endpoint, '/{end}') THEN '{name}'" for name, end, _ in _ENDPOINTS)
    kinds = " ".join(f"WHEN '{kind}' THEN '{name}'" for name, _, kind in _ENDPOINTS)
    return f"CASE {urls} ELSE CASE json_extract_string(answered, '$.object') {kinds} END END"


def _answered(*paths: str) -> str:
    found = [f"json_extract_string(answered, '$.{path}')" for path in paths]
    return f"coalesce({', '.join(found)})"


_ATTACHED = metadata_facts(
    "json_extract_string(coalesce(json_extract(asked, '$.metadata'), json_extract(answered, '$.metadata')), '$')"
)
FACTS = _ATTACHED | {
    "timestamp": _answered("created", "created_at"),
    "record.id": f"coalesce({_answered('id')}, batch_id, custom_id)",
    "record.ids": "CASE WHEN json_extract_string(answer, '$.request_id') <> '' "
    "THEN to_json([json_extract_string(answer, '$.request_id')])::VARCHAR END",
    "gen_ai.provider.name": "CASE route WHEN 'azure' THEN 'azure.ai.openai' WHEN 'direct' THEN 'openai' END",
    "gen_ai.operation.name": _operation(),
    "gen_ai.request.model": "json_extract_string(asked, '$.model')",
    "gen_ai.response.model": _answered("model"),
    "gen_ai.response.id": _answered("id"),
    "gen_ai.conversation.id": _answered("conversation.id"),
    "gen_ai.usage.input_tokens": _answered("usage.prompt_tokens", "usage.input_tokens"),
    "gen_ai.usage.output_tokens": _answered("usage.completion_tokens", "usage.output_tokens"),
    "gen_ai.usage.cache_read.input_tokens": _answered(
        "usage.prompt_tokens_details.cached_tokens", "usage.input_tokens_details.cached_tokens"
    ),
    "gen_ai.usage.cache_write.input_tokens": _answered(
        "usage.prompt_tokens_details.cache_write_tokens", "usage.input_tokens_details.cache_write_tokens"
    ),
    "gen_ai.usage.reasoning.output_tokens": _answered(
        "usage.completion_tokens_details.reasoning_tokens", "usage.output_tokens_details.reasoning_tokens"
    ),
    "gen_ai.response.finish_reasons": f"coalesce(finish_reasons(answered), {_answered('incomplete_details.reason')})",
    "http.response.status_code": "json_extract_string(answer, '$.status_code')",
    "error.type": f"coalesce(json_extract_string(failure, '$.code'), {_answered('error.code', 'error.type')})",
    "prompt.text": "lines_of([json_extract_string(asked, '$.instructions'), messages_text(coalesce("
    "json_extract_string(asked, '$.messages'), json_extract_string(asked, '$.input'), "
    "json_extract_string(asked, '$.prompt')))])",
    "completion.text": "answer_text(answered::VARCHAR)",
    "route": "route",
    "end_user.id": f"coalesce({_ATTACHED['end_user.id']}, "
    "json_extract_string(asked, '$.safety_identifier'), json_extract_string(asked, '$.user'))",
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
    rows=ROWS,
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
