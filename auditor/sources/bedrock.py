"""Amazon Bedrock: logs of model invocations, from S3 or CloudWatch Logs.

Format: https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html. Bodies are the model maker's
own, unless they were asked for by Converse; above 100 KB they lie in S3 beside the logs, and only counts are here.
"""

from auditor.engine import literal, quote
from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.cloudtrail import columns_with_messages, model_id, operation_for, unpacked, unwrapped_item
from auditor.sources.source import JsonObject, Source
from auditor.sources.words import metadata_facts

COLUMNS = (
    "schemaType", "timestamp", "accountId", "identity", "region", "inferenceRegion", "requestId", "operation", "modelId",
    "requestMetadata", "errorCode", "input", "output",
)  # fmt: skip
MEMBERS = {
    "input": ("inputBodyJson", "inputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount"),
    "output": ("outputBodyJson", "outputTokenCount"),
}
NO_CALLS = "^(List|Get|Describe|Create|Update|Delete|Put|Count|Apply)"


def _member(column: str, name: str) -> str:
    return f"nullif(_{column}[{MEMBERS[column].index(name) + 1}], '')"


def _rows() -> str:
    parsed = "".join(
        f", json_extract_string(as_json({quote(column)}), [{', '.join(literal('/' + name) for name in names)}]) AS _{column}"
        for column, names in MEMBERS.items()
    )
    model = model_id("nullif(modelId, '')")
    return (
        f"SELECT *, {_member('input', 'inputBodyJson')} AS asked, {_member('output', 'outputBodyJson')} AS answered, "
        f"{model} AS _model FROM (SELECT *{parsed} FROM ({unpacked(COLUMNS)}))"
    )


def _own_first(name: str, own: str) -> str:
    return f"coalesce({own}, {BODIES[name]})"


_ACTION = "'/amazon-bedrock-guardrailAction'"
# Asked only of bodies that may tell it, and only where Bedrock itself writes it: prompts and answers may say anything.
_GUARDED = (
    "CASE WHEN contains(answered, 'guardrail') THEN "
    "coalesce(json_extract_string(as_json(answered), '/stopReason') = 'guardrail_intervened', FALSE) "
    f"OR coalesce(json_extract_string(as_json(answered), {_ACTION}) = 'INTERVENED', FALSE) "
    "OR coalesce(list_contains(json_extract_string(as_json(answered), '$[*].\"amazon-bedrock-guardrailAction\"'), "
    "'INTERVENED'), FALSE) END"
)
_READ, _WRITTEN = _member("input", "cacheReadInputTokenCount"), _member("input", "cacheWriteInputTokenCount")
_INPUT = f"sum_of(sum_of({_member('input', 'inputTokenCount')}, {_READ}), {_WRITTEN})"
_ATTACHED = metadata_facts("requestMetadata")
FACTS = (
    BODIES
    | _ATTACHED
    | {
        "timestamp": "timestamp",
        "record.id": "requestId",
        "record.ids": "CASE WHEN requestId <> '' THEN to_json([requestId])::VARCHAR END",
        "gen_ai.provider.name": "'aws.bedrock'",
        "gen_ai.operation.name": f"CASE WHEN starts_with(operation, 'Converse') THEN 'chat' "
        f"ELSE {operation_for('_model', BODIES['gen_ai.operation.name'])} END",
        "gen_ai.request.model": "_model",
        # Bedrock counts what was read from a cache, or put into one, apart from the input.
        "gen_ai.usage.input_tokens": _own_first("gen_ai.usage.input_tokens", _INPUT),
        "gen_ai.usage.output_tokens": _own_first("gen_ai.usage.output_tokens", _member("output", "outputTokenCount")),
        "gen_ai.usage.cache_read.input_tokens": _own_first("gen_ai.usage.cache_read.input_tokens", _READ),
        "gen_ai.usage.cache_write.input_tokens": _own_first("gen_ai.usage.cache_write.input_tokens", _WRITTEN),
        "error.type": _own_first("error.type", "nullif(errorCode, '')"),
        "content.flags": f"flags_in([{BODIES.get('content.flags', 'NULL')}, CASE WHEN {_GUARDED} THEN '[\"guardrail\"]' END])",
        "route": "'bedrock'",
        # A profile that spans regions names where the data went; without it, it stayed.
        "cloud.region": "coalesce(nullif(inferenceRegion, ''), region)",
        "account.id": "accountId",
        "user.id": "json_extract_string(as_json(identity), '/arn')",
        "end_user.id": f"coalesce({_ATTACHED['end_user.id']}, {BODIES.get('end_user.id', 'NULL')})",
    }
)


def _is_invocation(item: JsonObject) -> bool:
    record = unwrapped_item(item)
    return record.get("schemaType") == "ModelInvocationLog" or (
        {"requestId", "modelId", "operation"} <= record.keys() and not {"input", "output"}.isdisjoint(record)
    )


BEDROCK = Source(
    name="bedrock",
    title="Amazon Bedrock: model invocation logs (S3, CloudWatch Logs)",
    detects=lambda sample: any(_is_invocation(item) for item in sample.objects),
    columns=columns_with_messages(COLUMNS),
    facts=FACTS,
    fields=unwrapped_item,
    takes=frozenset(COLUMNS),
    rows=read_bodies(_rows()),
    skip=f"CASE WHEN regexp_matches(operation, {literal(NO_CALLS)}) THEN 'no model call: lists, counts or manages' "
    "WHEN schemaType <> 'ModelInvocationLog' OR (_message IS NOT NULL AND json_type(as_json(_message)) = 'OBJECT' "
    "AND coalesce(schemaType, requestId) IS NULL) THEN 'log event of something else' END",
    constants=frozenset({"gen_ai.provider.name", "gen_ai.operation.name", "route"}),
    layer="provider",
)
