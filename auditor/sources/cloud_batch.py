"""Batches of Bedrock and Vertex AI: files of requests that come back with their answers, in no order and without times.

Format: https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference-data.html and
https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/batch-prediction-gemini.
"""

from collections.abc import Callable

from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.source import JsonObject, Source

UNANSWERED = "'request of a batch: no call until it is answered'"


def _source(
    name: str,
    title: str,
    columns: tuple[str, ...],
    bodies: str,
    facts: dict[str, str],
    skip: str,
    detects: Callable[[JsonObject], bool],
) -> Source:
    return Source(
        name=name,
        title=title,
        detects=lambda sample: any(map(detects, sample.objects)),
        columns=dict.fromkeys(columns, "VARCHAR"),
        facts=BODIES | facts,
        rows=read_bodies(f"SELECT *, {bodies} FROM line"),
        skip=skip,
        constants=frozenset({"gen_ai.provider.name", "route"}),
        layer="provider",
    )


BEDROCK_BATCH = _source(
    "bedrock-batch",
    "Amazon Bedrock: files of batch inference",
    ("recordId", "modelInput", "modelOutput", "error"),
    "modelInput AS asked, modelOutput AS answered, json_extract_string(as_json(error), '$.errorCode') AS _code",
    {
        "record.id": f"coalesce({BODIES['gen_ai.response.id']}, recordId)",
        "gen_ai.provider.name": "'aws.bedrock'",
        "route": "'bedrock'",
        "error.type": f"coalesce(CASE WHEN error IS NOT NULL THEN coalesce(_code, 'error') END, {BODIES['error.type']})",
    },
    f"CASE WHEN modelInput IS NOT NULL AND modelOutput IS NULL AND error IS NULL THEN {UNANSWERED} END",
    lambda item: "recordId" in item and not {"modelInput", "modelOutput"}.isdisjoint(item),
)
VERTEX_BATCH = _source(
    "vertex-batch",
    "Google Vertex AI: files of batch prediction",
    ("request", "response", "status", "processed_time", "key"),
    "request AS asked, response AS answered",
    {
        "timestamp": "coalesce(processed_time, b_created)",
        "record.id": f"coalesce({BODIES['gen_ai.response.id']}, key)",
        "gen_ai.provider.name": "'gcp.vertex_ai'",
        "route": "'vertex'",
        "error.type": f"coalesce(CASE WHEN status <> '' THEN 'error' END, {BODIES['error.type']})",
    },
    f"CASE WHEN request IS NOT NULL AND coalesce(response, nullif(status, '')) IS NULL THEN {UNANSWERED} END",
    lambda item: (
        isinstance(request := item.get("request"), dict)
        and "contents" in request
        and item.keys() <= {"request", "response", "status", "processed_time", "key", "instance", "prediction"}
    ),
)
