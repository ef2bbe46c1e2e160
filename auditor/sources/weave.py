"""W&B Weave: calls of traced functions, as `calls/stream_query` answers them and as they are exported.

Format: https://docs.wandb.ai/weave (calls). A call's summary has the usage by model, of itself and of all calls in it, so that
those around others do not count. Which provider was called is told by the name of the integration.
"""

from auditor.engine import literal
from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.source import JsonObject, Source
from auditor.sources.words import metadata_facts

COLUMNS = (
    "id", "project_id", "op_name", "trace_id", "parent_id", "thread_id", "started_at", "exception", "attributes",
    "inputs", "output", "summary", "wb_user_id",
)  # fmt: skip
COUNTS = {
    "asked": ("prompt_tokens", "input_tokens"),
    "told": ("completion_tokens", "output_tokens"),
    "read": ("cache_read_input_tokens",),
    "written": ("cache_creation_input_tokens",),
    "read_within": ("prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens"),
    "reasoning": ("completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"),
}
_PATHS = ["$." + path for paths in COUNTS.values() for path in paths]


def _count(name: str) -> str:
    found = [f"_counts[{_PATHS.index('$.' + path) + 1}]" for path in COUNTS[name]]
    return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"


# Anthropic counts what was cached beside the input, under names that no other has.
CALLS = (
    "SELECT * EXCLUDE (models), unnest(models) AS model, generate_subscripts(models, 1) = 1 AS _first, "
    "len(models) > 1 AS several FROM (SELECT *, coalesce(nullif(json_keys(used), []), [NULL]) AS models "
    "FROM (SELECT *, json_extract(as_json(summary), '$.usage') AS used FROM line))"
)
FACTS = BODIES | {
    "timestamp": "started_at",
    "record.id": "id || CASE WHEN several THEN '/' || model ELSE '' END",
    "record.ids": "CASE WHEN id <> '' THEN to_json([id])::VARCHAR END",
    "record.parent": "CASE WHEN model IS NOT NULL THEN parent_id END",
    "gen_ai.provider.name": "provider_name(nullif(regexp_extract(op_name, '(?:^|/op/)(openai|anthropic|mistralai|cohere|groq|"
    "google|litellm|vertexai|cerebras|bedrock|together)[._]', 1), 'litellm'))",
    "gen_ai.operation.name": f"CASE WHEN contains(lower(op_name), 'embed') THEN 'embeddings' "
    f"ELSE coalesce({BODIES['gen_ai.operation.name']}, 'chat') END",
    "gen_ai.response.model": "model",
    "gen_ai.conversation.id": "nullif(thread_id, '')",
    "gen_ai.usage.input_tokens": f"sum_of(sum_of({_count('asked')}, {_count('read')}), {_count('written')})",
    "gen_ai.usage.output_tokens": _count("told"),
    "gen_ai.usage.cache_read.input_tokens": f"coalesce({_count('read')}, {_count('read_within')})",
    "gen_ai.usage.cache_write.input_tokens": _count("written"),
    "gen_ai.usage.reasoning.output_tokens": _count("reasoning"),
    "error.type": f"coalesce({BODIES['error.type']}, CASE WHEN nullif(exception, '') IS NOT NULL THEN 'error' END)",
    "project.id": "project_id",
    "user.id": "wb_user_id",
}
FACTS |= {
    name: f"coalesce({FACTS[name]}, {sql})" if name in FACTS else sql
    for name, sql in metadata_facts("attributes").items()
}


def _is_call(item: JsonObject) -> bool:
    return {"id", "op_name", "trace_id", "started_at", "inputs"} <= item.keys() and "project_id" in item


WEAVE = Source(
    name="weave",
    title="W&B Weave: calls of traced functions",
    detects=lambda sample: any(map(_is_call, sample.items)),
    columns=dict.fromkeys(COLUMNS, "VARCHAR"),
    facts=FACTS,
    rows=read_bodies(
        "SELECT * EXCLUDE (used), inputs AS asked, output AS answered, json_extract_string(json_extract(used, '/' || "
        f"replace(replace(model, '~', '~0'), '/', '~1')), [{', '.join(map(literal, _PATHS))}]) AS _counts FROM ({CALLS})"
    ),
    skip="CASE WHEN model IS NULL AND id IS NOT NULL THEN 'call that used no model' END",
    layer="application",
    tells_first=True,
)
