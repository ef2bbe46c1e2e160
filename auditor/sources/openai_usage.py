"""OpenAI's usage and costs of an organisation, as its administration API pages them: sums by time and whatever was grouped by.

Format: https://platform.openai.com/docs/api-reference/usage. A dimension that is null was not grouped by: it is not known.
"""

from auditor.sources.source import JsonObject, Sample, Source

COLUMNS = ("object", "start_time", "end_time", "results")
USAGE, COSTS = "organization.usage.", "organization.costs.result"
OPERATIONS = {
    "completions": "chat",
    "embeddings": "embeddings",
    "moderations": "moderation",
    "images": "image_generation",
    "audio_speeches": "speech",
    "audio_transcriptions": "transcription",
}
"""Kinds of usage that count calls of models → OpenTelemetry's names of operations, or the like of them."""
VALUES = (
    "object", "num_model_requests", "input_tokens", "output_tokens", "input_cached_tokens", "input_cache_write_tokens",
    "model", "project_id", "user_id", "api_key_id", "batch", "service_tier", "source", "size", "line_item",
)  # fmt: skip
_PATHS = ", ".join(f"'$.{name}'" for name in VALUES) + ", '$.amount.value', '$.amount.currency'"
_NAMED = ", ".join(f"found[{place}] AS r_{name}" for place, name in enumerate((*VALUES, "amount", "currency"), 1))

ROWS = f"""
SELECT *, {_NAMED}, regexp_extract(found[1], '^organization[.]usage[.](.*)[.]result$', 1) AS usage_of FROM (
    SELECT _line, object, start_time, end_time, json_extract_string(result, [{_PATHS}]) AS found FROM (
        SELECT *, unnest(coalesce(nullif(json_extract(as_json(results), '$[*]'), []), [NULL])) AS result FROM line))
"""
_BUCKET = {
    "timestamp": "start_time",
    # Of the same span and dimensions, whatever the figures: a later pull of a day repeats it.
    "record.id": "sha256(to_json([start_time, end_time, r_object, r_model, r_project_id, r_user_id, r_api_key_id, r_batch, "
    "r_service_tier, r_source, r_size, r_line_item])::VARCHAR)",
    "bucket.seconds": "(try_cast(end_time AS BIGINT) - try_cast(start_time AS BIGINT))::VARCHAR",
    "gen_ai.provider.name": "'openai'",
    "route": "'direct'",
    "project.id": "r_project_id",
    "api_key.id": "r_api_key_id",
}
_CASES = " ".join(f"WHEN '{kind}' THEN '{name}'" for kind, name in OPERATIONS.items())


def _skip(no_call: str) -> str:
    return (
        "CASE WHEN object = 'page' THEN 'page without buckets' "
        f"WHEN found IS NULL AND start_time IS NOT NULL THEN 'span of time without usage' {no_call} END"
    )


def _buckets(sample: Sample, of: str) -> bool:
    """Return whether the sample is of buckets whose results are `of` that kind."""
    found = [results for item in sample.objects if isinstance(results := item.get("results"), list)]
    return any(isinstance(r, dict) and str(r.get("object")).startswith(of) for results in found for r in results)


def _idle(sample: Sample) -> bool:
    """Return whether the sample is of buckets of which none has a result, or a page without buckets."""
    return all(
        (item.get("object") == "bucket" and item.get("results") == [])
        or (item.get("object") == "page" and item.get("data") == [])
        for item in sample.objects
    ) and bool(sample.objects)


def _fields(item: JsonObject) -> set[str]:
    results = item.get("results")
    return {name for r in results if isinstance(r, dict) for name in r} if isinstance(results, list) else set()


def _source(name: str, title: str, of: str, facts: dict[str, str], no_call: str) -> Source:
    return Source(
        name=name,
        title=title,
        detects=lambda sample: _buckets(sample, of) or (of == USAGE and _idle(sample)),
        columns=dict.fromkeys(COLUMNS, "VARCHAR"),
        facts=_BUCKET | facts,
        fields=_fields,
        takes=frozenset((*VALUES, "amount")),
        rows=ROWS,
        skip=_skip(no_call),
        constants=frozenset(("gen_ai.provider.name", "route")),
        kind="bucket",
        layer="provider",
    )


OPENAI_USAGE = _source(
    "openai-usage",
    "OpenAI organisation usage: completions, embeddings, images, …, as sums by time (pages of the usage API)",
    USAGE,
    {
        "request.count": "r_num_model_requests",
        "gen_ai.operation.name": f"CASE usage_of {_CASES} END",
        "gen_ai.request.model": "r_model",
        "gen_ai.usage.input_tokens": "r_input_tokens",
        "gen_ai.usage.output_tokens": "r_output_tokens",
        "gen_ai.usage.cache_read.input_tokens": "r_input_cached_tokens",
        "gen_ai.usage.cache_write.input_tokens": "r_input_cache_write_tokens",
        "user.id": "r_user_id",
    },
    f"WHEN CASE usage_of {_CASES} END IS NULL "
    "THEN 'storage or tools, whose calls of models are counted with their own: ' || usage_of",
)
OPENAI_COSTS = _source(
    "openai-costs",
    "OpenAI organisation costs, as sums by day (pages of the costs API)",
    COSTS,
    {
        "request.count": "'0'",  # the calls that it is for are counted by the usage API
        "call.cost": "CASE WHEN lower(r_currency) = 'usd' THEN r_amount END",
    },
    "",
)
