"""Helicone: requests as `/v1/request/query-clickhouse` and its export tool give them, in pages or one a line.

Format: https://docs.helicone.ai/rest/request/post-v1requestquery-clickhouse. Requests and answers lie behind signed
links that soon expire; where an export holds them, they are read.
"""

from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.source import JsonObject, Source
from auditor.sources.words import metadata_facts

COLUMNS = (
    "request_id", "request_created_at", "request_user_id", "request_path", "target_url", "request_model",
    "response_model", "model_override", "model", "provider", "response_status", "request_properties", "properties",
    "country_code", "prompt_tokens", "completion_tokens", "reasoning_tokens", "prompt_cache_read_tokens",
    "prompt_cache_write_tokens", "cost", "costUSD", "cache_reference_id", "request_body", "response_body",
)  # fmt: skip
NO_REFERENCE = "00000000-0000-0000-0000-000000000000"


def _body(column: str) -> str:
    """Return SQL for a body; what stands in its place until it is fetched is none."""
    return f"""CASE WHEN {column} <> '{{}}' AND NOT starts_with({column}, '{{"helicone_message"') THEN {column} END"""


def _model(*columns: str) -> str:
    return (
        "coalesce("
        + ", ".join(f"CASE WHEN lower({name}) NOT IN ('', 'unknown') THEN {name} END" for name in columns)
        + ")"
    )


ROWS = f"""
SELECT *, CASE WHEN upper(provider) IN ('CUSTOM', 'HELICONE', 'LOCAL') THEN NULL
        WHEN upper(provider) = 'X' THEN 'x_ai' WHEN upper(provider) = 'LLAMA' THEN 'llama_api'
        WHEN upper(provider) = 'GOOGLE' AND ends_with(host, 'aiplatform.googleapis.com') THEN 'gcp.vertex_ai'
        ELSE provider_name(provider) END AS maker
FROM (SELECT * EXCLUDE (properties), coalesce(request_properties, properties) AS attached,
        try_cast(response_status AS INTEGER) AS status, {_model("model_override", "request_model", "model")} AS asked_model,
        nullif(regexp_extract(host_of(CASE WHEN contains(url, '://') THEN url END),
            '^(?:.*[.])?(?:helicone[.]ai|hconeai[.]com)$|^(.+)$', 1), '') AS host
    FROM (SELECT *, coalesce(target_url, request_path) AS url, {_body("request_body")} AS asked,
        {_body("response_body")} AS answered FROM line))
"""
# Newer rows count reasoning apart from the completion, and the prompt without what was read from a cache; Anthropic's
# counts never included it. Older rows of others hold the provider's own count, which does.
APART = (
    "reasoning_tokens IS NOT NULL OR try_cast(prompt_cache_read_tokens AS BIGINT) > try_cast(prompt_tokens AS BIGINT)"
)
FACTS = (
    BODIES
    | metadata_facts("attached")
    | {
        "timestamp": "request_created_at",
        "record.id": "request_id",
        "gen_ai.provider.name": "maker",
        "gen_ai.operation.name": f"coalesce(operation_of(url), {BODIES['gen_ai.operation.name']})",
        "gen_ai.request.model": f"coalesce(asked_model, {BODIES['gen_ai.request.model']})",
        "gen_ai.response.model": f"coalesce({BODIES['gen_ai.response.model']}, {_model('response_model')})",
        "gen_ai.conversation.id": "json_extract_string(as_json(attached), '/Helicone-Session-Id')",
        "gen_ai.usage.input_tokens": f"coalesce({BODIES['gen_ai.usage.input_tokens']}, "
        "CASE WHEN maker IN ('anthropic', 'aws.bedrock') "
        "THEN sum_of(sum_of(prompt_tokens, prompt_cache_read_tokens), prompt_cache_write_tokens) "
        f"WHEN {APART} THEN sum_of(prompt_tokens, prompt_cache_read_tokens) ELSE prompt_tokens END)",
        "gen_ai.usage.output_tokens": f"coalesce({BODIES['gen_ai.usage.output_tokens']}, "
        "sum_of(completion_tokens, reasoning_tokens))",
        "gen_ai.usage.cache_read.input_tokens": f"coalesce({BODIES['gen_ai.usage.cache_read.input_tokens']}, "
        "prompt_cache_read_tokens)",
        "gen_ai.usage.cache_write.input_tokens": f"coalesce({BODIES['gen_ai.usage.cache_write.input_tokens']}, "
        "prompt_cache_write_tokens)",
        "gen_ai.usage.reasoning.output_tokens": f"coalesce({BODIES['gen_ai.usage.reasoning.output_tokens']}, "
        "reasoning_tokens)",
        "call.cost": 'coalesce("costUSD", cost)',
        # Below 100 are Helicone's own: what became of a request that nobody answered.
        "http.response.status_code": "CASE WHEN status IS NULL OR status >= 100 THEN response_status END",
        "error.type": "CASE WHEN status = -3 THEN 'cancelled' WHEN status = -4 THEN 'threat' "
        "WHEN status < 0 THEN 'helicone ' || status::VARCHAR "
        f"ELSE coalesce({BODIES['error.type']}, CASE WHEN status >= 400 THEN status::VARCHAR END) END",
        "server.address": "host",
        "geo.country.iso_code": "iso_country(country_code)",
        "client.anonymised": "CASE WHEN upper(country_code) = 'T1' THEN 'true' END",
        "end_user.id": f"coalesce({metadata_facts('attached')['end_user.id']}, request_user_id, "
        f"{BODIES['end_user.id']})",
    }
)


def _is_request(item: JsonObject) -> bool:
    return {"request_id", "request_created_at", "provider"} <= item.keys() and not {
        "request_properties", "request_user_id", "response_status", "country_code",
    }.isdisjoint(item)  # fmt: skip


HELICONE = Source(
    name="helicone",
    title="Helicone: requests of its query API and exports",
    detects=lambda sample: any(_is_request(item) for item in sample.objects),
    columns=dict.fromkeys(COLUMNS, "VARCHAR"),
    facts=FACTS,
    rows=read_bodies(ROWS),
    skip=f"CASE WHEN cache_reference_id <> '{NO_REFERENCE}' THEN 'answered from the gateway''s cache: no model was called' "
    "WHEN regexp_matches(lower(asked_model), '^(vector_db$|tool:|assistant-polling$)') "
    "THEN 'no model call: ' || split_part(lower(asked_model), ':', 1) "
    "WHEN calls_no_model(url) THEN 'no model call: lists or files' END",
    layer="gateway",
)
