"""AWS CloudTrail: events of calls to models on Amazon Bedrock. It has who called from where, and neither tokens nor text.

Format: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html. The
request id of an event is that of Bedrock's own log. A trail holds the events of all services; those are passed over.
"""

import json
from collections.abc import Collection, Iterable

from auditor.engine import literal, quote
from auditor.sources.source import JsonObject, Source

COLUMNS = (
    "eventSource", "eventName", "eventTime", "eventID", "requestID", "awsRegion", "sourceIPAddress", "userAgent",
    "errorCode", "userIdentity", "requestParameters", "additionalEventData", "recipientAccountId", "tlsDetails",
)  # fmt: skip
SERVICES = {
    "bedrock.amazonaws.com": "aws.bedrock",
    "bedrock-mantle.amazonaws.com": "aws.bedrock",
    "bedrock-runtime.amazonaws.com": "aws.bedrock",
    "aws-external-anthropic.amazonaws.com": "anthropic",
}
"""Services that answer for models → the provider. The last is Anthropic's own platform, bought through AWS."""
CALLS = "^(InvokeModel(With[A-Za-z]+)?|Converse(Stream)?|CreateInference|StartAsyncInvoke)$"
IDENTITY = ("arn", "principalId", "accountId", "accessKeyId")
MESSAGES = ("message", "@message")
"""Where CloudWatch Logs has the text of a record, in exports of log events and in results of queries."""


def unpacked(columns: Iterable[str]) -> str:
    """Return SQL for `columns` of `line`, which has them itself or holds them as the text of a CloudWatch log event."""
    names = list(columns)
    paths = ", ".join(literal("/" + name) for name in names)
    found = ", ".join(
        f"CASE WHEN _message IS NULL THEN {quote(name)} ELSE _inner[{place}] END AS {quote(name)}"
        for place, name in enumerate(names, 1)
    )
    return (
        f"SELECT _line, _message, {found} FROM (SELECT *, json_extract_string(as_json(_message), [{paths}]) AS _inner "
        f"FROM (SELECT *, coalesce({', '.join(map(quote, MESSAGES))}) AS _message FROM line))"
    )


def unwrapped_item(item: JsonObject) -> JsonObject:
    """Return the record in `item`, which may be a CloudWatch log event that holds it as text."""
    for name in MESSAGES:
        text = item.get(name)
        if isinstance(text, str) and text.lstrip().startswith("{"):
            try:
                inner = json.loads(text)
            except (ValueError, RecursionError):
                return item
            return inner if isinstance(inner, dict) else item
    return item


def model_id(sql: str) -> str:
    """Return SQL for the model that `sql` names: of an ARN, its last part, if that is the id of a model or a profile.

    Other ARNs (provisioned, imported and customised models, profiles of an application) stand for themselves.
    """
    id_of = f"regexp_extract({sql}, '^arn:[^/]*:(?:foundation-model|inference-profile)/([^/]+)$', 1)"
    return f"coalesce(nullif({id_of}, ''), {sql})"


def operation_for(model: str, stated: str = "NULL") -> str:
    """Return SQL for what a model is asked to do, told by its id, unless the body, as `stated`, tells of embeddings."""
    return (
        f"CASE WHEN contains(lower({model}), 'embed') OR {stated} = 'embeddings' THEN 'embeddings' "
        f"WHEN contains(lower({model}), 'rerank') THEN 'rerank' WHEN regexp_matches(lower({model}), "
        "'titan-image|nova-canvas|stability[.]|stable-(image|diffusion)') THEN 'image_generation' ELSE 'chat' END"
    )


def columns_with_messages(columns: Collection[str]) -> dict[str, str]:
    """Return `columns` and those of a CloudWatch log event, with their types."""
    return dict.fromkeys((*columns, *MESSAGES), "VARCHAR")


# Whatever else the event says: a name of a service, as AWS writes it where one of its services called for the caller.
_PROVIDER = f"CASE eventSource {' '.join(f'WHEN {literal(k)} THEN {literal(v)}' for k, v in SERVICES.items())} END"
_IDENTITY_PATHS = ", ".join(literal("/" + name) for name in IDENTITY)
ROWS = (
    f"SELECT *, {_PROVIDER} AS provider, {model_id('coalesce(_asked[1], _asked[2])')} AS model FROM (SELECT *, "
    f"json_extract_string(as_json(userIdentity), [{_IDENTITY_PATHS}]) AS _who, "
    "json_extract_string(as_json(requestParameters), ['/modelId', '/model']) AS _asked "
    f"FROM ({unpacked(COLUMNS)}))"
)
FACTS = {
    "timestamp": "eventTime",
    "record.id": "coalesce(nullif(eventID, ''), requestID)",
    "record.ids": "CASE WHEN requestID <> '' THEN to_json([requestID])::VARCHAR END",
    "gen_ai.provider.name": "provider",
    "gen_ai.operation.name": f"CASE WHEN starts_with(eventName, 'Converse') THEN 'chat' ELSE {operation_for('model')} END",
    "gen_ai.request.model": "model",
    "error.type": "errorCode",
    "route": "CASE provider WHEN 'aws.bedrock' THEN 'bedrock' END",
    # Named only where the call was answered in another region than it was made in.
    "cloud.region": "coalesce(nullif(json_extract_string(as_json(additionalEventData), '/inferenceRegion'), ''), awsRegion)",
    "server.address": "host_of(json_extract_string(as_json(tlsDetails), '/clientProvidedHostHeader'))",
    "client.address": "address_of(sourceIPAddress)",
    "user_agent.original": "userAgent",
    "account.id": "coalesce(_who[3], recipientAccountId)",
    "api_key.id": "_who[4]",
    "user.id": "coalesce(_who[1], _who[2])",
}


def _is_event(item: JsonObject) -> bool:
    return {"eventSource", "eventName", "eventTime", "userIdentity"} <= unwrapped_item(item).keys()


CLOUDTRAIL = Source(
    name="cloudtrail",
    title="AWS CloudTrail: events of calls to models on Bedrock",
    detects=lambda sample: any(_is_event(item) for item in sample.objects),
    columns=columns_with_messages(COLUMNS),
    facts=FACTS,
    fields=unwrapped_item,
    takes=frozenset(COLUMNS),
    rows=ROWS,
    skip=f"CASE WHEN eventSource IS NOT NULL AND provider IS NULL THEN 'event of another service' "
    f"WHEN regexp_matches(eventName, {literal(CALLS)}) THEN NULL "
    "WHEN regexp_full_match(eventName, '[A-Za-z]{1,80}') THEN 'control event: ' || eventName "
    "WHEN eventName IS NOT NULL THEN 'control event' END",
    constants=frozenset({"gen_ai.operation.name"}),
    layer="provider",
)
