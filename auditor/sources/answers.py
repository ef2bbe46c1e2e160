"""Answers of models as their APIs give them: stored chat completions, Responses objects, Anthropic's messages.

Format: https://platform.openai.com/docs/api-reference (chat completions, completions, responses) and
https://docs.anthropic.com/en/api/messages; alone, one a line, or in a list that an API pages. Others answer in the same
shapes, so that the provider is only told where an id or a request id is the provider's own.
"""

from collections.abc import Iterable

from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.source import JsonObject, Sample, Source

COMPLETION = (
    "id", "object", "created", "model", "choices", "usage", "metadata", "request_id", "input_user", "tools", "error",
    "prompt_filter_results", "service_tier",
)  # fmt: skip
RESPONSE = (
    "id", "object", "created_at", "model", "status", "output", "usage", "metadata", "conversation", "error",
    "incomplete_details", "safety_identifier", "user", "instructions", "input", "tools", "moderation",
)  # fmt: skip
MESSAGE = ("id", "type", "role", "model", "content", "stop_reason", "usage")


def as_object(columns: Iterable[str]) -> str:
    """Return SQL for the JSON object, as text, that the text `columns` were members of."""
    members = ", ".join(f"'{name}': coalesce(as_json({name}), to_json({name}))" for name in columns)
    return f"to_json({{{members}}})::VARCHAR"


def _source(name: str, title: str, columns: tuple[str, ...], kinds: tuple[str, ...], facts: dict[str, str]) -> Source:
    asked = as_object([name for name in columns if name in ("instructions", "input", "tools", "metadata")] or ["model"])
    word = "type" if "type" in columns else "object"

    def detects(sample: Sample) -> bool:
        return any(_is(item, word, kinds) for item in sample.objects)

    return Source(
        name=name,
        title=title,
        detects=detects,
        columns=dict.fromkeys(columns, "VARCHAR"),
        facts=BODIES | {"record.id": "id", "gen_ai.request.model": "NULL::VARCHAR"} | facts,
        rows=read_bodies(f"SELECT *, {as_object(columns)} AS answered, {asked} AS asked FROM line"),
        skip=f"CASE WHEN {word} NOT IN ({', '.join(repr(kind) for kind in kinds)}) THEN 'no answer of a model' END",
        layer="provider",
    )


def _is(item: JsonObject, word: str, kinds: tuple[str, ...]) -> bool:
    parts = {"choices", "output", "content"}
    return item.get(word) in kinds and not parts.isdisjoint(item) and {"id", "model"} <= item.keys()


OPENAI_COMPLETIONS = _source(
    "openai-completions",
    "Chat completions and completions as OpenAI stores and answers them",
    COMPLETION,
    ("chat.completion", "text_completion"),
    {
        "record.ids": "CASE WHEN request_id <> '' THEN to_json([request_id])::VARCHAR END",
        "gen_ai.provider.name": "CASE WHEN prompt_filter_results IS NOT NULL THEN 'azure.ai.openai' "
        "WHEN starts_with(request_id, 'req_') THEN 'openai' END",
        "end_user.id": f"coalesce({BODIES['end_user.id']}, nullif(input_user, ''))",
    },
)
OPENAI_RESPONSES = _source(
    "openai-responses",
    "Responses objects as OpenAI stores and answers them",
    RESPONSE,
    ("response",),
    {"request.tools": BODIES["request.tools"]},
)
ANTHROPIC_MESSAGES = _source(
    "anthropic-messages",
    "Messages as Anthropic answers them",
    MESSAGE,
    ("message",),
    {
        "gen_ai.provider.name": "CASE WHEN starts_with(id, 'msg_bdrk_') THEN 'aws.bedrock' "
        "WHEN starts_with(id, 'msg_vrtx_') THEN 'gcp.vertex_ai' WHEN starts_with(id, 'msg_01') THEN 'anthropic' END",
    },
)
