"""Recorded exchanges of all vendors against counts that are taken from them independently; archives; credentials."""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.sources.conftest import SHARED

FILES = sorted((SHARED / "usage" / "http_exchanges").glob("*/*.jsonl"))
NO_CALL = re.compile(r"/(assistants|threads|traces/ingest|submit_tool_outputs)$|/threads/[^/]+/messages$")
HUSH = "sk-do-not-show-this-0123456789"


def chunks(body: Any) -> list[dict[str, Any]]:
    """Return the JSON objects in an answer, whole or streamed."""
    if isinstance(body, dict):
        return [body]
    found = []
    for line in body.splitlines() if isinstance(body, str) else []:
        text = line.removeprefix("data:").strip()
        if text.startswith("{"):
            found.append(json.loads(text))
    return found


def usage(body: Any) -> tuple[int | None, int | None]:
    """Return the counts of OpenAI's, Anthropic's and Google's answers; of a stream the last ones."""
    asked = told = None
    for chunk in chunks(body):
        for place in (chunk, chunk.get("response"), chunk.get("message")):
            if not isinstance(place, dict):
                continue
            counts = place.get("usage") or {}
            if "prompt_tokens" in counts:
                asked, told = counts["prompt_tokens"], counts.get("completion_tokens", told)
            elif "input_tokens" in counts:
                beside = [counts.get(f"cache_{kind}_input_tokens") or 0 for kind in ("read", "creation")]
                asked, told = counts["input_tokens"] + sum(beside), counts["output_tokens"]
            elif "output_tokens" in counts:
                told = counts["output_tokens"]
            if google := place.get("usageMetadata"):
                asked = google.get("promptTokenCount", asked)
                told = google.get("candidatesTokenCount", 0) + google.get("thoughtsTokenCount", 0) or told
    return asked, told


def expected_model(exchange: dict[str, Any]) -> str | None:
    path = urlsplit(exchange["request"]["uri"]).path
    if named := re.search(r"/(?:model|deployments|models|endpoints)/([^/]+)", path):
        name = unquote(named[1])
        name = name if "/model/" in path else name.partition(":")[0]
        return name.rpartition("/")[2] if re.match("arn:[^/]*:(foundation-model|inference-profile)/", name) else name
    body = exchange["request"]["body"]
    return (body.get("model") or body.get("model_id")) if isinstance(body, dict) else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_real_exchanges(read, path: Path):
    exchanges = dict(enumerate(map(json.loads, path.read_text().splitlines()), 1))
    calls = {
        number: one
        for number, one in exchanges.items()
        if one["request"]["method"].upper() == "POST" and not NO_CALL.search(urlsplit(one["request"]["uri"]).path)
    }
    found = read(path)
    assert found.result.inputs[0].format == "http-exchanges"
    assert not found.rejects
    assert found.column("_line") == [*calls]
    assert sum(found.result.inputs[0].skipped.values()) == len(exchanges) - len(calls)
    for record, one in zip(found.records, calls.values(), strict=True):
        assert record["server.address"] == urlsplit(one["request"]["uri"]).hostname
        assert record["http.response.status_code"] == one["response"]["status"]
        assert record.get("gen_ai.request.model") == expected_model(one)
        assert record["gen_ai.operation.name"]
        asked, told = usage(one["response"]["body"])
        if asked is not None:
            assert record.get("gen_ai.usage.input_tokens") == asked
        if told is not None and "embed" not in one["request"]["uri"] and "rerank" not in one["request"]["uri"]:
            assert record.get("gen_ai.usage.output_tokens") == told


@pytest.mark.skipif(not FILES, reason="needs ../shared")
def test_real_exchanges_together(read):
    found = read(*FILES)
    regions = {record.get("cloud.region") for record in found.records}
    assert {"us-east-1", "us-central1", "us-south"} <= regions
    known = sum(record.get("gen_ai.usage.input_tokens") is not None for record in found.records)
    assert len(found.records) > 1_100 and known > 850
    assert sum("record.ids" in record and bool(record["record.ids"]) for record in found.records) > 800


ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
ANSWER = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1_767_225_600, "model": "gpt-4o-2024-08-06",
    "choices": [{"finish_reason": "stop", "message": {"content": "Hello"}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3},
}  # fmt: skip
STREAM = "".join(
    f"data: {json.dumps(chunk)}\n\n"
    for chunk in (
        {"id": "chatcmpl-2", "object": "chat.completion.chunk", "model": "gpt-4o", "choices": [{"delta": {"content": "Hel"}}]},
        {"id": "chatcmpl-2", "choices": [{"delta": {"content": "lo"}, "finish_reason": "stop"}]},
        {"id": "chatcmpl-2", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}},
    )
) + "data: [DONE]\n\n"  # fmt: skip


def entry(body: str, encoding: str = "", url: str = "https://api.openai.com/v1/chat/completions") -> dict[str, Any]:
    content = {"size": len(body), "mimeType": "application/json", "text": body} | (
        {"encoding": encoding} if encoding else {}
    )
    request = {
        "method": "POST", "url": url, "headers": [{"name": "Authorization", "value": f"Bearer {HUSH}"}],
        "postData": {"mimeType": "application/json", "text": json.dumps(ASKED)},
    }  # fmt: skip
    headers = [
        {"name": "X-Request-ID", "value": "req_0123456789abcdef"},
        {"name": "OpenAI-Organization", "value": "org-1"},
    ]
    answer = {"status": 200, "headers": headers, "content": content}
    return {"startedDateTime": "2026-01-02T03:04:05.678+01:00", "request": request, "response": answer}


def archive(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": list(entries)}}, indent=1)


@pytest.mark.parametrize("packed", [False, True])
def test_archives(read, tmp_path, packed):
    plain = entry(json.dumps(ANSWER))
    encoded = entry(base64.b64encode(json.dumps(ANSWER | {"id": "chatcmpl-3"}).encode()).decode(), encoding="base64")
    page = entry("<html>", url="https://example.com/")
    page["request"]["method"] = "GET"
    text = archive(plain, entry(STREAM), encoded, page).encode()
    path = tmp_path / "session.har"
    path.write_bytes(gzip.compress(text) if packed else text)
    found = read(path, text=("prompt.text", "completion.text"))
    assert found.result.inputs[0].format == "har"
    assert found.column("record.id") == ["chatcmpl-1", "chatcmpl-2", "chatcmpl-3"]
    assert found.column("gen_ai.usage.output_tokens") == [3, 2, 3]
    assert found.column("completion.text") == ["Hello"] * 3 and found.column("prompt.text") == ["Hi"] * 3
    assert found.column("record.ids") == [["req_0123456789abcdef"]] * 3
    assert found.column("organization.id") == ["org-1"] * 3
    assert {str(moment) for moment in found.column("timestamp")} == {"2026-01-02 02:04:05.678000"}
    assert found.result.inputs[0].skipped == {"no model call: not a POST request": 1}


def test_credentials_reach_neither_facts_nor_rejects(read, write):
    url = (
        f"https://user:{HUSH}@generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent?key={HUSH}"
    )
    headers = {"x-api-key": HUSH, "Authorization": [f"Bearer {HUSH}"], "Cookie": HUSH, "User-Agent": ["tool/1"]}
    line = {
        "request": {"method": "POST", "url": url, "headers": headers, "body": {"contents": []}},
        "response": {"status": 200, "headers": {"Set-Cookie": HUSH, "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}, "body": {}},
    }  # fmt: skip
    bad = json.loads(json.dumps(line))
    bad["response"]["status"] = "many"
    found = read(write(line, bad), text=("prompt.text", "completion.text"))
    (record,) = found.records
    assert (record["gen_ai.request.model"], record["server.address"]) == (
        "gemini-2.5-pro",
        "generativelanguage.googleapis.com",
    )
    assert record["user_agent.original"] == "tool/1"
    assert len(found.rejects) == 1
    assert HUSH not in repr(found.records) + repr(found.rejects)


@pytest.mark.parametrize(
    "line",
    [
        ({"url": "/v1/chat/completions", "headers": {}, "body": None}, {"status": 500, "headers": {}}),
        (
            {"url": "https://x/v1/messages", "headers": None, "body": "{"},
            {"status": 200, "headers": [], "body": "data: {"},
        ),
    ],
)
def test_broken_bodies_are_calls_all_the_same(read, write, line):
    found = read(write({"request": {"method": "POST"} | line[0], "response": line[1]}))
    assert len(found.records) == 1 and not found.rejects


def test_header_models_and_counts_of_bedrock(read, write):
    line = {
        "request": {"method": "POST", "headers": {}, "body": {"inputText": "Hi"}, "uri": "https://bedrock-runtime.eu-west-1."
                    "amazonaws.com/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Feu.amazon.nova-lite-v1%3A0/invoke"},
        "response": {"status": 200, "body": {"outputs": [{"text": "Hello", "stop_reason": "stop"}]}, "headers": {
            "X-Amzn-Bedrock-Input-Token-Count": "4", "x-amzn-bedrock-output-token-count": "2", "x-amzn-RequestId": "r-1"}},
    }  # fmt: skip
    (record,) = read(write(line)).records
    assert record["gen_ai.request.model"] == "eu.amazon.nova-lite-v1:0"
    assert (record["gen_ai.usage.input_tokens"], record["gen_ai.usage.output_tokens"]) == (4, 2)
    assert (record["cloud.region"], record["gen_ai.operation.name"], record["record.ids"]) == (
        "eu-west-1",
        "chat",
        ["r-1"],
    )
