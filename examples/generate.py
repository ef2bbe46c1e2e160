"""Writes the logs of Fernweh Reisen GmbH, an invented travel agency: `python examples/generate.py [--out DIR]`.

The same seed gives the same lines, byte for byte. Every story is a `Stream`; breaches and the harmless uses that
look like them stand side by side. What the auditor must say about each is in `expected.json`.
"""

import argparse
import gzip
import hashlib
import itertools
import json
import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Literal

SEED = "fernweh-2025"
DAY = 86_400
Json = Mapping[str, object]
Dated = tuple[tuple[str, str], ...]
"""Values with the day from which each counts: (("2025-01-01", "first"), ("2025-08-18", "second"))."""

GPT_SMALL: Dated = (("2025-01-01", "gpt-4o-mini"), ("2025-05-20", "gpt-4.1-mini"))
SONNET: Dated = (
    ("2025-01-01", "claude-3-5-sonnet-20241022"),
    ("2025-02-26", "claude-3-7-sonnet-20250219"),
    ("2025-05-23", "claude-sonnet-4-20250514"),
    ("2025-09-29", "claude-sonnet-4-5-20250929"),  # everybody moved on the day it came out
)
BEDROCK: Dated = (
    ("2025-01-01", "eu.anthropic.claude-3-7-sonnet-20250219-v1:0"),
    ("2025-06-10", "eu.anthropic.claude-sonnet-4-20250514-v1:0"),
)
HAIKU: Dated = (("2025-01-01", "claude-3-5-haiku-20241022"), ("2025-10-16", "claude-haiku-4-5-20251001"))
LLAMA_3: Dated = (("2025-01-01", "meta-llama/Meta-Llama-3-70B-Instruct"),)
LLAMA_3_1: Dated = (("2025-01-01", "meta-llama/Llama-3.1-70B-Instruct"),)

HOSTS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "bedrock": "https://bedrock-runtime.eu-central-1.amazonaws.com",
    "azure": "https://fernweh-we.openai.azure.com",
    "hosted_vllm": "http://gpu1.fernweh.internal:8000/v1",
}
"""LiteLLM's name of a provider → the address that the gateway calls for it."""

PLACES = ("Porto", "Bergen", "Kraków", "Palermo", "Gent", "Split", "Riga", "Cork", "Nantes", "Tromsø", "Évora")
GREETINGS = (
    "Wie ist das Wetter in {}?",
    "What is the weather like in {}?",
    "Quel temps fait-il à {} ?",
    "¿Qué tiempo hace en {}?",
    "Che tempo fa a {}?",
    "Jaka jest pogoda w {}?",
    "Hvordan er været i {}?",
    "{} 天气怎么样?",
    "Jak je v {}?",
    "Como está o tempo em {}?",
)
LABEL = ("Label this ticket as booking, refund, complaint or other: my trip to {} number {}",)
DIALOGUE = (
    "Plan four days in {} for family {}. Write out your full chain of thought.",
    "Plan four days in {} for family {}.",
    "Which museum in {} suits a class of {}?",
)
GRADE = ("Rate the following answer on a scale from 1 to 5 for accuracy: {} is worth {} days.",)
GUIDE = ("Write a walk through {} in {} stops.",)


@dataclass(frozen=True)
class Stream:
    """One kind of use: who calls which model, when, how often and with what text.

    Attributes:
        name: alias of the key at the gateway, `service.name` in traces, or application in the app's own log.
        calls: number of calls from `first` to `last`, both included.
        provider: as LiteLLM names it.
        models: models, by day.
        rhythm: customers day and evening, the office, or batches at night.
        nights: for batches: on how many nights.
        keys: aliases of keys, by day; an old key is used for two days beside the new one. `name` if empty.
        rotate: aliases of keys that are used in turn.
        user: holder of the key, or in traces the people who work.
        texts: templates of prompts that are logged; none are logged if empty.
        limited: share of calls that are turned away with status 429.
        flagged: (day, calls of that day that the guardrail flags as attempts to break it).
        tokens: typical tokens read and written.
        countries: countries of end users (in the app's own log) or callers with their weights.
    """

    name: str
    calls: int
    provider: str
    models: Dated
    rhythm: Literal["customers", "office", "batch"] = "office"
    first: str = "2025-01-01"
    last: str = "2025-12-31"
    nights: int = 1
    keys: Dated = ()
    rotate: tuple[str, ...] = ()
    user: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    limited: float = 0.0
    flagged: tuple[tuple[str, int], ...] = ()
    tokens: tuple[int, int] = (600, 150)
    countries: tuple[tuple[str, int], ...] = ()


GATEWAY = (
    # Customers: two chatbots that say what they are, and one that does not.
    Stream("web-chat", 5600, "openai", GPT_SMALL, "customers", texts=GREETINGS, limited=0.004,
           keys=(("2025-01-01", "web-chat-blue"), ("2025-08-18", "web-chat-green")),
           flagged=(("2025-09-19", 24), ("2025-11-11", 8))),
    Stream("hotel-concierge", 900, "bedrock", BEDROCK, "customers"),
    Stream("whatsapp-bot", 700, "anthropic", HAIKU, "customers", first="2025-03-01"),
    # Applicants: decided by the model alone, and summed up for a person who decides.
    Stream("cv-screening", 260, "openai", (("2025-01-01", "gpt-4o"),), first="2025-02-03", tokens=(2800, 220)),
    Stream("cv-summary", 240, "openai", (("2025-01-01", "gpt-4o"),), first="2025-02-03", tokens=(2800, 420)),
    # Training data: a classifier that stays in the house, a rival model, and tuning in OpenAI's own service.
    Stream("ticket-labels", 1500, "openai", (("2025-01-01", "gpt-4o-mini"),), "batch", nights=4, texts=LABEL,
           tokens=(120, 4)),
    Stream("fernwehlm-dialogues", 600, "openai", (("2025-01-01", "gpt-4.1"),), "batch", "2025-09-08", "2025-10-10", 12,
           texts=DIALOGUE, tokens=(90, 1400)),
    Stream("reply-style", 300, "openai", (("2025-01-01", "gpt-4.1-mini"),), "batch", "2025-06-02", "2025-06-20", 3),
    # Training data from Claude: with Anthropic's authorisation, and without.
    Stream("address-labels", 400, "anthropic", SONNET, "batch", "2025-08-20", "2025-11-15", 4, tokens=(150, 30)),
    Stream("sentiment-labels", 480, "anthropic", SONNET, "batch", "2025-10-06", "2025-11-05", 4, tokens=(150, 4)),
    # Training data from Llama: version 3 forbids it, version 3.1 does not.
    Stream("llama3-guides", 450, "hosted_vllm", LLAMA_3, "batch", "2025-02-10", "2025-03-20", 5, texts=GUIDE,
           tokens=(60, 900)),
    Stream("llama31-guides", 450, "hosted_vllm", LLAMA_3_1, "batch", "2025-04-07", "2025-05-20", 5, texts=GUIDE,
           tokens=(60, 900)),
    # Health data: doctors' notes without a healthcare addendum, and repatriations under one.
    Stream("sick-notes", 220, "openai", (("2025-01-01", "gpt-4o"),), tokens=(1200, 200)),
    Stream("repatriation-desk", 180, "openai", (("2025-01-01", "gpt-4o"),), tokens=(1500, 300)),
    # Partners: one gets the bare model, the others a product.
    Stream("partner-access", 350, "anthropic", SONNET, first="2025-07-01"),
    Stream("partner-portal", 420, "anthropic", SONNET, first="2025-07-01"),
    # Published texts: under an invented author's name, and read by an editor and marked.
    Stream("diary-writer", 260, "hosted_vllm", LLAMA_3_1, tokens=(200, 900)),
    Stream("newsletter-writer", 240, "hosted_vllm", LLAMA_3_1, tokens=(200, 900)),
    # Limits: an import that moves from key to key when it is turned away, and a load test that meets them on one key.
    Stream("hotel-import", 300, "openai", GPT_SMALL, keys=(("2025-01-01", "hotel-import-1"),)),
    Stream("hotel-import", 60, "openai", GPT_SMALL, "batch", "2025-09-23", "2025-11-04", 2, limited=0.55,
           rotate=("hotel-import-1", "hotel-import-2", "hotel-import-3")),
    Stream("load-test", 260, "openai", GPT_SMALL, "batch", "2025-06-24", "2025-06-24", limited=0.45),
    # The rest of the house. The last two keys were never declared; one of them is not under OpenAI's own terms.
    Stream("search-embeddings", 500, "openai", (("2025-01-01", "text-embedding-3-small"),), "batch", nights=10,
           tokens=(250, 0)),
    Stream("team-chat", 1600, "azure", (("2025-01-01", "gpt-4o"),), tokens=(900, 250)),
    Stream("old-azure-trial", 60, "azure", (("2025-01-01", "gpt-4o"),), last="2025-02-28"),
    Stream("spring-trial", 85, "openai", (("2025-01-01", "gpt-4o"),), first="2025-03-03", last="2025-04-11"),
)  # fmt: skip
DEVELOPERS = ("anja", "bartek", "chiara", "dinesh", "elif")
TRACES = (
    Stream("code-assistant", 2000, "anthropic", SONNET, user=DEVELOPERS, tokens=(6000, 350)),
    Stream("code-assistant-bedrock", 600, "aws.bedrock", BEDROCK, user=DEVELOPERS[:2], tokens=(6000, 350)),
    Stream("data-notebooks", 300, "openai", (("2025-01-01", "gpt-4.1"),), first="2025-04-22", user=("farid",)),
    Stream("answer-judge", 350, "anthropic", SONNET, "batch", nights=2, user=("farid",), texts=GRADE, tokens=(700, 60)),
)
APP_LOG = (
    Stream("trip-planner", 900, "openai", GPT_SMALL, "customers",
           countries=(("DE", 62), ("AT", 14), ("CH", 10), ("FR", 5), ("NL", 4), ("JP", 3), ("TR", 2))),
    Stream("class-trip", 150, "openai", GPT_SMALL, countries=(("DE", 1),)),
    Stream("guide-app", 250, "openai", GPT_SMALL, "customers", first="2025-05-01", last="2025-10-15",
           countries=(("IT", 4), ("HR", 3))),
)  # fmt: skip
PILOT = Stream("trip-pilot", 12, "openai", (("2023-01-01", "gpt-3.5-turbo"),), "customers", "2023-10-23", "2023-12-08")
AGAIN = "2025-11-11"
"""A day that the gateway exported twice."""
TRAVELS = (("chiara", "2025-05-12", 3, "ES"), ("chiara", "2025-05-13", 2, "PT"), ("farid", "2025-09-15", 4, "AT"))
"""Who called from where on which day, and for how many days: engineers on the road, a few countries at a time."""
TOUR = (("2025-07-12", ("IT", "HR", "SI", "AT", "ME")), ("2025-08-02", ("IT", "SI", "HR")))
"""Days on which the guides used their one key from many countries, and from as many as is usual."""
ABROAD = (("2025-10-24", "CN", 14), ("2025-08-11", "FO", 6))
"""Holidaymakers who planned trips where OpenAI does not offer its service, or does not say whether it does."""
MINORS = ("2025-07-30", (16, 17, 17, 16, 17, 17, 16, 17, 17))


@dataclass
class Call:
    """One call, in the order of its time; `at` is in seconds since 1970."""

    stream: Stream
    at: float
    number: int
    key: str
    model: str
    tokens: tuple[int, int]
    token: str
    text: str = ""
    user: str = ""
    country: str = ""
    limited: bool = False
    flagged: bool = False
    age: int | None = None


def key_hash(alias: str) -> str:
    """Return the hash under which the gateway logs the key called `alias`; it stands in `auditor.yaml`."""
    return hashlib.sha256(f"{SEED}/{alias}".encode()).hexdigest()


def epoch(day: str) -> float:
    """Return the beginning of a day in UTC, in seconds since 1970."""
    return datetime.combine(date.fromisoformat(day), time(), UTC).timestamp()


def day_of(at: float) -> str:
    """Return the UTC day of a moment, as 2025-09-19."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def calls_of(stream: Stream) -> list[Call]:
    """Return the calls of a stream in the order of time."""
    rng = random.Random(f"{SEED}/{stream.name}/{stream.first}/{stream.calls}")
    moments = sorted(_nights(rng, stream) if stream.rhythm == "batch" else _days(rng, stream))
    calls = [_call(rng, stream, at, number) for number, at in enumerate(moments)]
    for day, wanted in stream.flagged:
        for call in [call for call in calls if day_of(call.at) == day][:wanted]:
            call.flagged = True
    return calls


def _days(rng: random.Random, stream: Stream) -> Iterator[float]:
    """Yield moments in conversations of one to five calls, by weekday and hour."""
    first, last = epoch(stream.first), epoch(stream.last)
    # Days on which something happens are busy.
    starts = [epoch(day) + 36_000 + 300 * i for day, _ in stream.flagged for i in range(12)]
    left = stream.calls
    while left > 0:
        if starts:
            at, size = starts.pop(), 4
        else:
            at = first + int(rng.random() * ((last - first) / DAY + 1)) * DAY
            weekend = datetime.fromtimestamp(at, UTC).weekday() >= 5
            if rng.random() < (0.93 if weekend and stream.rhythm == "office" else 0.15):
                continue
            # Two humps of the day: morning and, for customers, evening.
            hump = 19.5 if stream.rhythm == "customers" and rng.random() < 0.55 else 9.5 if rng.random() < 0.6 else 13.5
            at += 3600 * min(23.0, max(0.0, hump + 1.4 * (rng.random() + rng.random() + rng.random() - 1.5)))
            size = 1 + int(5 * rng.random() ** 2)
        for _ in range(min(size, left)):
            yield round(at, 3)
            at += 12 + 140 * rng.random()
            left -= 1


def _nights(rng: random.Random, stream: Stream) -> Iterator[float]:
    """Yield moments of batches that run without a pause, from 21:00 UTC on evenly spread nights."""
    first, last = epoch(stream.first), epoch(stream.last)
    each = math.ceil(stream.calls / stream.nights)
    for number in range(stream.calls):
        night, place = divmod(number, each)
        start = first + int((last - first) / DAY * night / max(1, stream.nights - 1)) * DAY + 21 * 3600
        yield round(start + 4 * place + 3 * rng.random(), 3)


def _at(values: Dated, day: str) -> str:
    return [value for start, value in values if start <= day or value == values[0][1]][-1]


def _call(rng: random.Random, stream: Stream, at: float, number: int) -> Call:
    day = day_of(at)
    key = _at(stream.keys, day) if stream.keys else stream.name
    # A key that is exchanged works beside its successor for two days.
    if stream.keys and (earlier := _at(stream.keys, day_of(at - 2 * DAY))) != key and rng.random() < 0.5:
        key = earlier
    if stream.rotate:
        key = stream.rotate[number % len(stream.rotate)]
    spread = math.exp(0.8 * (rng.random() + rng.random() - 1))
    tokens = (int(stream.tokens[0] * spread) + 5, int(stream.tokens[1] * (0.4 + 1.2 * rng.random())))
    call = Call(stream, at, number, key, _at(stream.models, day), tokens, f"{rng.getrandbits(96):024x}")
    if stream.texts and rng.random() < (0.06 if stream.rhythm == "customers" else 1):
        call.text = stream.texts[number % len(stream.texts)].format(PLACES[int(rng.random() * len(PLACES))], number)
    call.limited = rng.random() < stream.limited
    if stream.user:
        call.user = stream.user[int(rng.random() * len(stream.user))]
    if stream.countries:
        call.country = rng.choices([c for c, _ in stream.countries], [w for _, w in stream.countries])[0]
    return call


def payload(call: Call) -> Json:
    """Return a call as LiteLLM 1.109 logs it (`StandardLoggingPayload`), without members that are always empty."""
    provider = call.stream.provider
    read, written = (0, 0) if call.limited else call.tokens
    seconds = round(0.4 + written / 90, 3)
    embeds = "embedding" in call.model
    done = {} if call.limited else {
        "id": f"chatcmpl-{call.token}",
        "model": "gpt-4o-2024-11-20" if call.model == "gpt-4o" else call.model,
        "object": "list" if embeds else "chat.completion",
        "choices": [] if embeds else [
            {"finish_reason": "stop", "index": 0, "message": {"content": "redacted-by-litellm", "role": "assistant"}}
        ],
    }  # fmt: skip
    shield = {"guardrail_name": "shield", "guardrail_status": "guardrail_intervened"}
    code, error = ("429", "RateLimitError") if call.limited else ("", "")
    return {
        "id": f"chatcmpl-{call.token}",
        "trace_id": call.token,
        "call_type": "aembedding" if embeds else "acompletion",
        "status": "failure" if call.limited else "success",
        "custom_llm_provider": provider,
        "model": call.model,
        "api_base": HOSTS[provider],
        "startTime": call.at,
        "endTime": round(call.at + seconds, 3),
        "response_time": seconds,
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
        "metadata": {
            "user_api_key_hash": key_hash(call.key),
            "user_api_key_alias": call.key,
            "user_api_key_org_id": "org-fernweh",
            "user_api_key_user_id": f"svc-{call.stream.name}",
        },
        "end_user": f"guest-{call.number % 977}" if call.stream.rhythm == "customers" else "",
        "requester_ip_address": "10.20.0.7",
        "user_agent": "AsyncOpenAI/Python 1.82.0",
        "messages": [{"role": "user", "content": call.text or "redacted-by-litellm"}],
        "response": done,
        "error_information": {"error_code": code, "error_class": error},
        "guardrail_information": [shield | {"violation_categories": ["jailbreak"]}] if call.flagged else None,
    }  # fmt: skip


def spans(calls: Sequence[Call]) -> Json:
    """Return calls of one service as a line of an OTLP/JSON trace file, with the tool calls that go between them."""
    resource = {"service.name": calls[0].stream.name, "deployment.environment.name": "production"}
    scope = {"name": "fernweh.telemetry", "version": "2.3.0"}
    scoped = {"scope": scope, "spans": [span for call in calls for span in _spans(call)]}
    return {"resourceSpans": [{"resource": {"attributes": _attributes(resource)}, "scopeSpans": [scoped]}]}


def _spans(call: Call) -> Iterator[Json]:
    provider = call.stream.provider
    bedrock = provider == "aws.bedrock"
    host = HOSTS["bedrock" if bedrock else provider].split("/")[2]
    attributes: dict[str, object] = {
        "gen_ai.operation.name": "chat",
        # The notebooks still write the older name of this attribute.
        "gen_ai.system" if provider == "openai" else "gen_ai.provider.name": provider,
        "gen_ai.request.model": call.model,
        "gen_ai.response.model": call.model.removeprefix("eu.anthropic.") if bedrock else call.model,
        "gen_ai.response.id": f"msg_{call.token}",
        "gen_ai.usage.input_tokens": call.tokens[0],
        "gen_ai.usage.output_tokens": call.tokens[1],
        "server.address": host,
        "user.id": call.user,
        "geo.country.iso_code": call.country,
    }
    if provider == "anthropic":
        attributes["anthropic.organization.id"] = "5f1c8c1e-6c1b-4a57-9d5f-0e6b6a1f3c2d"
    if call.text:
        parts = [{"role": "user", "parts": [{"type": "text", "content": call.text}]}]
        attributes["gen_ai.input.messages"] = json.dumps(parts, ensure_ascii=False)
    yield _span(call, call.token[:16], f"chat {call.model}", attributes, call.at)
    if call.stream.name == "code-assistant" and call.number % 4 == 0:
        tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "read_file"}
        yield _span(call, call.token[8:], "execute_tool read_file", tool, call.at + 2)


def _span(call: Call, span: str, name: str, attributes: Json, at: float) -> Json:
    start = round(at * 1000) * 1_000_000
    end = start + (400 + 11 * call.tokens[1]) * 1_000_000
    return {
        "traceId": call.token + call.token[:8],
        "spanId": span,
        "name": name,
        "kind": 3,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(end),
        "attributes": _attributes(attributes),
        "status": {"code": 1},
    }


def _attributes(values: Json) -> list[Json]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in values.items()
    ]


def app_record(call: Call) -> Json:
    """Return a call as the app writes it itself: one flat object with the auditor's own names of facts."""
    name = call.stream.name
    moment = datetime.fromtimestamp(call.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record: dict[str, object] = {
        "timestamp": moment,
        "record.id": call.token,
        "application.id": name,
        "api_key.id": f"key-{name}",
        "user.id": f"svc-{name}",
        "gen_ai.provider.name": "openai",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": call.model,
        "gen_ai.usage.input_tokens": call.tokens[0],
        "gen_ai.usage.output_tokens": call.tokens[1],
        "server.address": "api.openai.com",
        "http.response.status_code": 200,
        "end_user.id": f"guest-{call.number % 311}",
    }
    if call.country:
        record["geo.country.iso_code" if name == "guide-app" else "end_user.country"] = call.country
    if call.age is not None:
        record["end_user.age"] = call.age
    if name == "trip-pilot":
        record["account.id"] = "acct-fernweh"
    return record


def gateway_calls() -> list[Call]:
    """Return the calls that went through LiteLLM, in the order of time."""
    return sorted((call for stream in GATEWAY for call in calls_of(stream)), key=lambda call: (call.at, call.token))


def traced_calls() -> list[Call]:
    """Return the calls of the code assistant and the data team, with the countries they came from."""
    calls = [call for stream in TRACES for call in calls_of(stream)]
    for call in calls:
        call.country = "PL" if call.user == "bartek" else "DE"
        for user, start, days, country in TRAVELS:
            if call.user == user and epoch(start) <= call.at < epoch(start) + days * DAY:
                call.country = country
    return sorted(calls, key=lambda call: (call.at, call.token))


def app_calls() -> list[Call]:
    """Return the calls of the apps, with the places and ages of the people who use them."""
    planner, classes, guides = (calls_of(stream) for stream in APP_LOG)
    for day, country, count in ABROAD:
        planner += _extra(planner[0], day, count, [country])
    planner += _extra(planner[0], MINORS[0], len(MINORS[1]), ["DE"], MINORS[1])
    for call in classes:
        call.age = 14 + call.number % 4
    for day, countries in TOUR:
        guides = [call for call in guides if abs(call.at - epoch(day)) > 2 * DAY]
        guides += _extra(guides[0], day, 3 * len(countries), countries)
    for call in planner:
        call.age = call.age or 18 + call.number % 50
    return sorted([*planner, *classes, *guides], key=lambda call: (call.at, call.token))


def _extra(like: Call, day: str, count: int, countries: Sequence[str], ages: Sequence[int] = ()) -> list[Call]:
    """Return `count` more calls of the stream of `like`, within half an hour of a day."""
    rng = random.Random(f"{SEED}/{like.stream.name}/{day}")
    return [
        Call(like.stream, epoch(day) + 50_000 + 90 * i, i, like.key, _at(like.stream.models, day), (500 + 10 * i, 160),
             f"{rng.getrandbits(96):024x}", country=countries[i % len(countries)], age=ages[i] if ages else None)
        for i in range(count)
    ]  # fmt: skip


def _line(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _by_month(calls: Iterable[Call]) -> Iterator[tuple[str, list[Call]]]:
    for month, group in itertools.groupby(calls, key=lambda call: day_of(call.at)[:7]):
        yield month, list(group)


def _by_quarter(calls: Iterable[Call]) -> Iterator[tuple[str, list[Call]]]:
    for quarter, group in itertools.groupby(calls, key=lambda call: (int(day_of(call.at)[5:7]) + 2) // 3):
        yield f"2025-q{quarter}", list(group)


def files() -> Iterator[tuple[str, list[str]]]:
    """Yield every log file as its name below the folder and its lines; some are damaged or there twice on purpose."""
    calls = gateway_calls()
    for month, group in _by_month(calls):
        lines = [_line(payload(call)) for call in group]
        if month == "2025-07":
            lines.insert(len(lines) // 2, lines[len(lines) // 2][:211])  # the disk was full for a moment
        yield f"litellm/{month}.jsonl.gz", lines
    yield f"litellm/{AGAIN}-again.jsonl.gz", [_line(payload(call)) for call in calls if day_of(call.at) == AGAIN]
    for quarter, group in _by_quarter(traced_calls()):
        lines = [_line(spans(batch)) for batch in _batches(group)]
        if quarter == "2025-q2":
            lines.append(lines[-1])  # the collector delivers at least once
        yield f"otel/{quarter}.jsonl.gz", lines
    app = [_line(app_record(call)) for call in app_calls()]
    app.insert(700, app[700].replace('"gen_ai.usage.input_tokens":', '"gen_ai.usage.input_tokens":"n/a"+'))
    yield "app/2025.jsonl.gz", app
    pilot = calls_of(PILOT)
    for call in pilot:
        call.age, call.country = 30 + call.number, "DE"
    yield "app/2023-pilot.jsonl", [_line(app_record(call)) for call in pilot]


def _batches(calls: Sequence[Call]) -> Iterator[Sequence[Call]]:
    """Yield calls of one service in lots of up to eight, as a collector sends them."""
    for _, group in itertools.groupby(calls, key=lambda call: call.stream.name):
        lot = list(group)
        yield from (lot[i : i + 8] for i in range(0, len(lot), 8))


def content(lines: Sequence[str]) -> bytes:
    """Return the uncompressed content of a file with these lines."""
    return "".join(f"{line}\n" for line in lines).encode()


def write(folder: Path) -> None:
    """Write all files below `folder`."""
    for name, lines in files():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content(lines)
        path.write_bytes(gzip.compress(data, 9, mtime=0) if path.suffix == ".gz" else data)


def main() -> None:
    """Read the command line and write the logs."""
    parser = argparse.ArgumentParser(description="Write the logs of the example company.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "logs", help="folder to write to")
    write(parser.parse_args().out)


if __name__ == "__main__":
    main()
