"""Every recorded file of every format, by auto-detection alone, against numbers that are read off the raw payloads.

What is read of each is tested by format elsewhere; here nothing may be left out, and the counts add up.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import AuditorError
from tests.sources.conftest import SHARED

USAGE = SHARED / "usage"
ENVELOPES = ("data", "records", "Records", "result", "results", "observations", "value")
NO_USAGE = (
    "aws/bedrock_logs_glue_schema.json", "langfuse/chat_ml_json.json", "langfuse/default-model-prices.json",
    "litellm/test_litellm__integrations__open_telemetry__data__captured_kwargs.json", "openai/schema_object_examples.json",
    "openai/shape_compliance_logs_listing.json", "otel/schema_*.json",
)  # fmt: skip
"""Files that hold no usage: schemas, prices, arguments, a listing. They are told to be of no known format."""


@dataclass(frozen=True)
class Truth:
    """Where a format has the model and the counts, as dotted paths (`+` adds); and which items are calls."""

    provider: str | None = None
    model: str = ""
    asked: str = ""
    told: str = ""
    when: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    kind: str = "call"
    side: str = "request"


OTEL = Truth()  # attributes are lists of pairs; see test_otlp.py
TRUTHS = {
    "anthropic-usage": Truth("anthropic", "group.model", "usage.uncached_input_tokens+usage.cache_read_input_tokens+"
                             "usage.cache_creation.*", "usage.output_tokens", kind="bucket"),
    "bedrock": Truth("aws.bedrock", "modelId", "input.inputTokenCount+input.cacheReadInputTokenCount+"
                     "input.cacheWriteInputTokenCount", "output.outputTokenCount",
                     when={"operation": ("InvokeModel", "InvokeModelWithResponseStream", "Converse", "ConverseStream")}),
    "cloudtrail": Truth("aws.bedrock", "requestParameters.modelId"),
    "apim-gateway": Truth(None, "properties.backendResponseBody.model", "properties.backendResponseBody.usage.prompt_tokens",
                          "properties.backendResponseBody.usage.completion_tokens", side="response"),
    "azure-openai": Truth("azure.ai.openai", "properties.modelName", when={"operationName": ("ChatCompletions_Create",)},
                          side="response"),
    "cloudflare": Truth("openai", "model", "tokens_in", "tokens_out"),
    "helicone": Truth("openai", "request_model", "prompt_tokens", "completion_tokens"),
    "kong": Truth("openai", "ai.proxy.meta.request_model", "ai.proxy.usage.prompt_tokens", "ai.proxy.usage.completion_tokens"),
    "openrouter-activity": Truth(None, "model", "prompt_tokens", "completion_tokens", kind="bucket"),
    "openrouter": Truth(None, "model", "native_tokens_prompt", "native_tokens_completion"),
    "portkey": Truth("openai", "ai_model", "req_units", "res_units", side="response"),
    "gcp-audit": Truth("gcp.vertex_ai"),
    "vertex": Truth("gcp.vertex_ai", "full_response.model_version", "full_response.usage_metadata.prompt_token_count",
                    "full_response.usage_metadata.candidates_token_count+full_response.usage_metadata.thoughts_token_count",
                    side="response"),
    "langfuse": Truth("openai", "providedModelName", "usageDetails.input", "usageDetails.output"),
    "langfuse-export": Truth(None, "provided_model_name", "usage_details.input", "usage_details.output"),
    "litellm": Truth(None, "model", "prompt_tokens", "completion_tokens"),
    "openai-completions": Truth(None, "model", "usage.prompt_tokens", "usage.completion_tokens", side="response"),
    "openai-batch": Truth(None, "response.body.model", "response.body.usage.prompt_tokens",
                          "response.body.usage.completion_tokens", side="response"),
    "phoenix": Truth("openai", "attributes.llm.model_name", "attributes.llm.token_count.prompt",
                     "attributes.llm.token_count.completion"),
    "weave": Truth("openai", "inputs.model", "summary.usage.*.prompt_tokens", "summary.usage.*.completion_tokens"),
}  # fmt: skip
KINDS = {
    "anthropic-cost-report": "bucket", "claude-code-usage": "bucket", "anthropic-usage-report": "bucket", "fine-tuning": "item",
    "openai-audit": "event", "anthropic-compliance": "event",
} | {name: truth.kind for name, truth in TRUTHS.items()}  # fmt: skip
FILES = [path for path in sorted(USAGE.rglob("*")) if path.is_file() and path.name != "SOURCES.txt"]
PLAIN = [path for path in FILES if "spec_examples" not in path.parts]


def items(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file: its lines, or what is in its envelope."""
    text = path.read_text()
    try:
        whole = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(whole, list):
        return whole
    inner = next((whole[name] for name in ENVELOPES if isinstance(whole.get(name), list)), None)
    return inner if inner else [whole.get("data", whole) if isinstance(whole.get("data"), dict) else whole]


def at(value: Any, path: str) -> Iterator[Any]:
    """Yield what stands at a dotted path; names may hold dots, values JSON, and `*` is every member."""
    if isinstance(value, str) and path and value.startswith("{"):
        value = json.loads(value)
    if not path:
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if path == name or path.startswith(name + "."):
                yield from at(inner, path[len(name) + 1 :])
            elif path == "*" or path.startswith("*."):
                yield from at(inner, path[2:])


def first(item: dict[str, Any], path: str) -> Any:
    return next(at(item, path), None) if path else None


def amount(item: dict[str, Any], path: str) -> int | None:
    """Return the sum of what stands at the paths between `+`, or None if nothing does."""
    found = [int(value) for part in path.split("+") if path for value in at(item, part) if value is not None]
    return sum(found) if found else None


def unwrapped(path: Path, tmp_path: Path) -> Path:
    """Return a file of the logs themselves, where the recorded ones are wrapped as examples of a test."""
    if not path.name.startswith("panther_"):
        return path
    target = tmp_path / path.name
    target.write_text("".join(json.dumps(item["log"]) + "\n" for item in items(path)))
    return target


@pytest.mark.skipif(not FILES, reason="needs ../shared")
@pytest.mark.parametrize("path", PLAIN, ids=lambda path: str(path.relative_to(USAGE)))
def test_every_recorded_file(read, tmp_path, path):
    name = path.relative_to(USAGE)
    if any(name.match(pattern) for pattern in NO_USAGE):
        with pytest.raises(AuditorError, match="of no format that is known"):
            read(path)
        return
    source = unwrapped(path, tmp_path)
    found = read(source)
    (summary,) = found.result.inputs
    assert summary.kind == KINDS.get(summary.format, "call")
    counted = summary.records + summary.rejected + sum(summary.skipped.values())
    assert counted >= 1 and len(found.rejects) == summary.rejected
    if truth := TRUTHS.get(summary.format):
        check(found, truth, items(source))


def check(found: Any, truth: Truth, raw: list[dict[str, Any]]) -> None:
    """Compare the records with what the raw items say."""
    wanted = [item for item in raw if all(first(item, path) in words for path, words in truth.when.items())]
    skipped = found.result.inputs[0].skipped
    if any(reason.startswith("request of a batch") for reason in skipped):
        wanted = []
    damaged = [raw[reject["line"] - 1] for reject in found.rejects]
    told = [
        (first(item, truth.model), amount(item, truth.asked), amount(item, truth.told))
        for item in wanted
        if item not in damaged
    ]
    records = [
        (
            record.get(f"gen_ai.{truth.side}.model") if truth.model else None,
            record.get("gen_ai.usage.input_tokens") if truth.asked else None,
            record.get("gen_ai.usage.output_tokens") if truth.told else None,
        )
        for record in found.records
    ]
    assert len(records) == len(told)
    assert Counter(counts[1:] for counts in records) == Counter(counts[1:] for counts in told)
    if truth.provider:
        assert {record["gen_ai.provider.name"] for record in found.records} == {truth.provider}
    names = Counter(model for model, *_ in records if model)
    expected = {str(model) for model, *_ in told}
    assert all(any(model in name or name in model for name in expected) for model in names), (names, told)


@pytest.mark.skipif(not FILES, reason="needs ../shared")
def test_every_example_of_the_specification_of_openai_is_read_or_told_to_be_no_usage(read, tmp_path):
    formats: Counter[str] = Counter()
    examples = [path for path in FILES if "spec_examples" in path.parts]
    for path in examples:
        target = tmp_path / path.name
        target.write_text(json.dumps(json.loads(path.read_text())["response"]))
        try:
            found = read(target)
        except AuditorError as error:
            assert "of no format that is known" in str(error) or "neither JSON" in str(error), path.name
            formats["no usage"] += 1
            continue
        formats[found.result.inputs[0].format] += 1
        assert not found.rejects, path.name
    assert sum(formats.values()) == len(examples)
    assert formats["openai-usage"] >= 9 and formats["openai-costs"] >= 1
    assert formats["openai-responses"] >= 14 and formats["openai-completions"] >= 7
    unexpected = formats.keys() - {
        "no usage",
        "openai-usage",
        "openai-costs",
        "openai-responses",
        "openai-completions",
        "openai-audit",
        "empty-page",
    }
    assert not unexpected, formats
