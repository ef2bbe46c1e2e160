"""Cloudflare AI Gateway: pages of its log API, and lines of the Logpush dataset `ai_gateway_events`.

Format: https://developers.cloudflare.com/api/resources/ai_gateway/subresources/logs/. Logpush tells neither times nor
tokens, and encrypts metadata and bodies; a customer who decrypts them may put the plain values in their place.
"""

from collections.abc import Mapping

from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.source import JsonObject, Sample, Source
from auditor.sources.words import metadata_facts, unwrapped

LOG = (
    "id", "created_at", "provider", "model", "model_type", "path", "success", "status_code", "cached", "tokens_in",
    "tokens_out", "cost", "metadata", "request_head", "response_head",
)  # fmt: skip
PUSHED = (
    "Datetime", "Provider", "Model", "Endpoint", "StatusCode", "Cached", "RateLimited", "Metadata", "RequestBody",
    "ResponseBody",
)  # fmt: skip
CACHED = "'answered from the gateway''s cache: no model was called'"


def _plain(column: str) -> str:
    """Return SQL for a column of Logpush unless it is encrypted."""
    return (
        f"""CASE WHEN coalesce(json_extract_string(as_json({column}), '/type'), '') <> 'encrypted' THEN {column} END"""
    )


def _facts(names: Mapping[str, str]) -> dict[str, str]:
    """Return the facts that both forms have, over the columns that `names` gives."""
    status = f"{names['status']}"
    return (
        BODIES
        | metadata_facts(names["metadata"])
        | {
            "timestamp": names["time"],
            "gen_ai.provider.name": f"provider_name({names['provider']})",
            "gen_ai.operation.name": f"coalesce(operation_of('/' || {names['path']}), {BODIES['gen_ai.operation.name']})",
            "gen_ai.request.model": f"coalesce(nullif({names['model']}, ''), {BODIES['gen_ai.request.model']})",
            "http.response.status_code": f"CASE WHEN {status} <> '0' THEN {status} END",
            "error.type": f"coalesce({BODIES['error.type']}, "
            f"CASE WHEN try_cast({status} AS INTEGER) >= 400 THEN {status} END, {names['failure']})",
            "end_user.id": f"coalesce({metadata_facts(names['metadata'])['end_user.id']}, {BODIES['end_user.id']})",
        }
    )


# Heads of bodies are cut; what is cut is no JSON any more.
_HEADS = ", ".join(
    f"CASE WHEN json_valid({name}_head) THEN {name}_head END AS {word}"
    for name, word in (("request", "asked"), ("response", "answered"))
)
LOG_FACTS = _facts(
    {
        "time": "created_at",
        "provider": "provider",
        "model": "model",
        "path": "path",
        "status": "status_code",
        "metadata": "metadata",
        "failure": "CASE WHEN success = 'false' THEN 'failure' END",
    }
) | {
    "record.id": "id",
    "gen_ai.operation.name": f"coalesce(operation_of('/' || path), {BODIES['gen_ai.operation.name']}, "
    "replace(lower(model_type), '-', '_'))",
    "gen_ai.usage.input_tokens": f"coalesce({BODIES['gen_ai.usage.input_tokens']}, tokens_in)",
    "gen_ai.usage.output_tokens": f"coalesce({BODIES['gen_ai.usage.output_tokens']}, tokens_out)",
    "call.cost": "cost",
}
PUSHED_FACTS = _facts(
    {
        "time": '"Datetime"',
        "provider": '"Provider"',
        "model": '"Model"',
        "path": '"Endpoint"',
        "status": '"StatusCode"',
        "metadata": "attached",
        "failure": "NULL",
    }
)


def _log(item: JsonObject) -> JsonObject:
    """Return the log in `item`, which may be the answer that holds it."""
    return result if isinstance(result := item.get("result"), dict) else item


def _is_log(item: JsonObject) -> bool:
    return {"id", "provider", "model", "cached", "tokens_in"} <= _log(item).keys()


def _is_empty_page(sample: Sample) -> bool:
    return any({"success", "result_info"} <= item.keys() and item.get("result") == [] for item in sample.objects)


CLOUDFLARE = Source(
    name="cloudflare",
    title="Cloudflare AI Gateway: logs of its API",
    detects=lambda sample: _is_empty_page(sample) or any(_is_log(item) for item in sample.objects),
    columns=dict.fromkeys((*LOG, "result"), "VARCHAR"),
    facts=LOG_FACTS,
    fields=_log,
    takes=frozenset(LOG),
    rows=read_bodies(f"SELECT *, {_HEADS} FROM ({unwrapped(LOG, 'result')})"),
    skip=f"CASE WHEN lower(cached) = 'true' THEN {CACHED} WHEN result = '[]' THEN 'page without records' "
    "WHEN calls_no_model('/' || path) THEN 'no model call: lists or files' END",
    layer="gateway",
)
CLOUDFLARE_LOGPUSH = Source(
    name="cloudflare-logpush",
    title="Cloudflare AI Gateway: Logpush dataset ai_gateway_events",
    detects=lambda sample: any({"Gateway", "Provider", "Model"} <= item.keys() for item in sample.items),
    columns=dict.fromkeys(PUSHED, "VARCHAR"),
    facts=PUSHED_FACTS,
    takes=frozenset(PUSHED),
    rows=read_bodies(
        f"SELECT *, {_plain(chr(34) + 'Metadata' + chr(34))} AS attached, "
        f"{_plain(chr(34) + 'RequestBody' + chr(34))} AS asked, {_plain(chr(34) + 'ResponseBody' + chr(34))} AS answered "
        "FROM line"
    ),
    skip=f"""CASE WHEN lower("Cached") = 'true' THEN {CACHED}
        WHEN lower("RateLimited") = 'true' THEN 'refused by the gateway''s rate limit: no model was called'
        WHEN calls_no_model('/' || "Endpoint") THEN 'no model call: lists or files' END""",
    layer="gateway",
)
