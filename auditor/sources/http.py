"""Recorded HTTP exchanges: HTTP archives (HAR) of browsers and proxies, and lines of one request and its response each.

Format: http://www.softwareishard.com/blog/har-12-spec/; a line is `{"request": {"method", "uri" or "url", "headers", "body"},
"response": {"status", "headers", "body"}}`, headers being an object. Of the headers only those named here are read, and of
an address neither its user nor its query: credentials stand in the others. A stream in AWS's binary encoding is not decoded.
"""

from collections.abc import Callable

from auditor.engine import literal
from auditor.sources.bodies import BODIES, read_bodies
from auditor.sources.cloudtrail import model_id, operation_for
from auditor.sources.source import JsonObject, Source

IDS = (
    "x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-ms-request-id", "x-litellm-call-id",
    "cf-aig-log-id", "helicone-id",
)  # fmt: skip
"""Headers of an answer with an id of the call."""
CALLS = {
    "chat": r"/(chat/completions|responses|v1/messages|v[12]/chat|api/chat|converse(-stream)?|threads/([^/]+/)?runs)$",
    "text_completion": r"/(completions?|v1/complete|v1/generate|api/generate|generation/text(_stream)?|invocations)$",
    "embeddings": r"/(embeddings?|v[12]/embed|api/embed)$|:(batchE|e)mbedContents?$",
    "generate_content": r":(g|streamG)enerateContent$",
    "invoke": r"/model/[^/]+/invoke(-with-response-stream)?$|:(rawP|streamRawP|p)redict$",
    "rerank": r"/rerank$",
    "image_generation": r"/images/(generations|edits|variations)$",
    "speech": "/audio/speech$",
    "transcription": "/audio/(transcriptions|translations)$",
    "moderation": "/moderations$",
}
"""Operation → how the path of a call ends. What `invoke` does is told by the model."""
MODEL = "/(?:model|deployments|models|endpoints)/([^/:]+(?:%3A[^/:]*|:[0-9][^/:]*)*)"
REGION = (
    r"^(?:bedrock-runtime|runtime\.sagemaker)\.([a-z0-9-]+)\.amazonaws\.com|^([a-z0-9-]+)-aiplatform\.googleapis\.com"
    r"|^([a-z0-9-]+)\.ml\.cloud\.ibm\.com"
)
_HEADERS = "'\"MAP(VARCHAR, VARCHAR)\"'"
_MONTH = "'%a, %d %b %Y %H:%M:%S GMT'"


def _named(side: str, *names: str) -> str:
    """Return SQL for the value of the first header of `names` that one side sent; of several of one name the first."""
    found = [f"{side}_values[list_position({side}_names, {literal(name)})]" for name in names]
    value = found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"
    listed = f"CASE WHEN starts_with({value}, '[\"') THEN json_extract_string(as_json({value}), '$[0]') END"
    return f"coalesce({listed}, nullif({value}, ''))"


def _rows(exchanges: str) -> str:
    """Return SQL over `exchanges`: method, address, asked, answered, status, began, and names and values of headers."""
    called = " ".join(f"WHEN regexp_matches(path, {literal(end)}) THEN {literal(name)}" for name, end in CALLS.items())
    region = f"regexp_extract(host, {literal(REGION)}, ['aws', 'google', 'ibm'])"
    return read_bodies(
        f"SELECT *, CASE {called} END AS called, nullif(coalesce(nullif(_region.aws, ''), nullif(_region.google, ''), "
        f"nullif(_region.ibm, '')), '') AS region, {model_id('named')} AS model FROM (SELECT *, "
        f"{region} AS _region, url_decode(nullif(regexp_extract(path, {literal(MODEL)}, 1), '')) AS named FROM (SELECT *, "
        r"host_of(address) AS host, regexp_extract(address, '^(?:[a-zA-Z+.-]+://[^/?#]*)?([^?#]*)', 1) AS path "
        f"FROM ({exchanges})))"
    )


_ID_LIST = ", ".join(_named("answer", name) for name in IDS)
_OPERATION = (
    f"CASE called WHEN 'invoke' THEN {operation_for('model', BODIES['gen_ai.operation.name'])} "
    f"ELSE coalesce(called, {BODIES['gen_ai.operation.name']}) END"
)
_SENT = f"strftime(try_strptime({_named('answer', 'date')}, {_MONTH}), '%Y-%m-%dT%H:%M:%SZ')"


def _counted(name: str) -> str:
    """Return SQL for a count of Bedrock, which some models' answers leave to a header."""
    fact = f"gen_ai.usage.{name}_tokens"
    return f"coalesce({BODIES[fact]}, {_named('answer', f'x-amzn-bedrock-{name}-token-count')})"


FACTS = BODIES | {
    "timestamp": f"coalesce(began, {_SENT}, {BODIES['timestamp']})",
    "record.id": f"coalesce({BODIES['gen_ai.response.id']}, {_ID_LIST})",
    "record.ids": f"nullif(to_json(list_filter([{_ID_LIST}], lambda id: id IS NOT NULL))::VARCHAR, '[]')",
    "gen_ai.operation.name": _OPERATION,
    "gen_ai.request.model": f"coalesce(model, {BODIES['gen_ai.request.model']})",
    "gen_ai.usage.input_tokens": _counted("input"),
    "gen_ai.usage.output_tokens": _counted("output"),
    "http.response.status_code": "status",
    "error.type": f"coalesce({BODIES['error.type']}, CASE WHEN regexp_full_match(status, '[45][0-9][0-9]') THEN status END)",
    "server.address": f"coalesce(host, host_of({_named('question', 'host')}))",
    "cloud.region": f"coalesce({BODIES['cloud.region']}, region, {_named('answer', 'x-ms-region')})",
    "organization.id": _named("answer", "openai-organization", "anthropic-organization-id"),
    "project.id": _named("answer", "openai-project"),
    "end_user.profile.id": _named("question", "anthropic-user-profile-id"),
    "user_agent.original": _named("question", "user-agent"),
}
SKIP = (
    "CASE WHEN address IS NULL THEN NULL WHEN upper(method) <> 'POST' THEN 'no model call: not a POST request' "
    "WHEN called IS NULL AND b_input_whole IS NULL AND b_input IS NULL THEN 'no model call: to another path' END"
)

_LINE = "json_extract_string(as_json({}), [{}])"
_ASKED = _LINE.format("request", "'/method', '/uri', '/url', '/headers', '/body', '/body/string'")
_ANSWERED = _LINE.format("response", "'/status', '/status/code', '/headers', '/body', '/body/string', '/status_code'")
LINES = f"""
SELECT _line, q[1] AS method, coalesce(q[2], q[3]) AS address, coalesce(q[6], q[5]) AS asked,
    coalesce(a[5], a[4]) AS answered, coalesce(a[2], a[1], a[6]) AS status, NULL::VARCHAR AS began,
    list_transform(map_keys(qh), lambda n: lower(n)) AS question_names, map_values(qh) AS question_values,
    list_transform(map_keys(ah), lambda n: lower(n)) AS answer_names, map_values(ah) AS answer_values
FROM (SELECT *, from_json(as_json(q[4]), {_HEADERS}) AS qh, from_json(as_json(a[3]), {_HEADERS}) AS ah FROM (
    SELECT _line, {_ASKED} AS q, {_ANSWERED} AS a FROM line))
"""
_PATHS = (
    "/request/method", "/request/url", "/request/postData/text", "/response/content/text", "/response/content/encoding",
    "/response/status", "/startedDateTime",
)  # fmt: skip


def _har_headers(side: str, of: str) -> str:
    return ", ".join(
        f"json_extract_string(entry, '$.{of}.headers[*].{member}') AS {side}_{word}"
        for member, word in (("name", "all"), ("value", "values"))
    )


HAR_ROWS = f"""
SELECT _line, _m[1] AS method, _m[2] AS address, _m[3] AS asked, _m[6] AS status, _m[7] AS began,
    CASE WHEN _m[5] = 'base64' THEN decode(try(from_base64(_m[4]))) ELSE _m[4] END AS answered,
    list_transform(question_all, lambda n: lower(n)) AS question_names, question_values,
    list_transform(answer_all, lambda n: lower(n)) AS answer_names, answer_values
FROM (SELECT _line, json_extract_string(entry, [{", ".join(map(literal, _PATHS))}]) AS _m,
    {_har_headers("question", "request")}, {_har_headers("answer", "response")}
    FROM (SELECT _line, unnest(json_extract(as_json(log), '$.entries[*]')) AS entry FROM line))
"""


def _is_exchange(item: JsonObject) -> bool:
    request, response = item.get("request"), item.get("response")
    return (
        isinstance(request, dict)
        and isinstance(response, dict)
        and "method" in request
        and not {"uri", "url"}.isdisjoint(request)
        and not {"status", "status_code"}.isdisjoint(response)
        and "headers" in request
        and item.keys().isdisjoint({"latencies", "upstream_uri"})
    )


def _is_archive(item: JsonObject) -> bool:
    log = item.get("log")
    return isinstance(log, dict) and isinstance(log.get("entries"), list) and "version" in log


def _source(
    name: str, title: str, columns: tuple[str, ...], exchanges: str, detects: Callable[[JsonObject], bool]
) -> Source:
    return Source(
        name=name,
        title=title,
        detects=lambda sample: any(map(detects, sample.objects)),
        columns=dict.fromkeys(columns, "VARCHAR"),
        facts=FACTS,
        rows=_rows(exchanges),
        skip=SKIP,
        layer="application",
    )


HTTP_EXCHANGES = _source(
    "http-exchanges", "Recorded HTTP exchanges, one a line", ("request", "response"), LINES, _is_exchange
)
HAR = _source("har", "HTTP archives (HAR) of browsers and proxies", ("log",), HAR_ROWS, _is_archive)
