"""A server on 127.0.0.1 that speaks the paging of every provider over generated data, and misbehaves as it is told to.

Run as a program, it serves OpenAI's usage in small pages, slowly, and prints its port.
"""

import base64
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

DAY = 86400
PAGE_DAYS = 2
"""Buckets on a page, whatever the limit that is asked for."""
MODELS = ("gpt-4.1-2025-04-14", "o3", "gpt-4o-mini")
PROJECTS = ("proj_a", "proj_b", "proj_c")
PAGING = ("page", "after", "after_id", "cursor")
TROUBLES = ("500", "429", "drop", "truncate", "invalid", "stall", "back")


def figure(*parts: object) -> int:
    """A number that looks random and is always the same."""
    return random.Random(repr(parts)).randrange(1, 100_000)  # noqa: S311


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any

    def one(self, name: str, default: str = "") -> str:
        return dict(self.query).get(name, default)

    @property
    def part(self) -> str:
        """What is asked for, whichever page of it."""
        body = {name: value for name, value in (self.body or {}).items() if name != "offset"}
        return repr((self.path, [pair for pair in self.query if pair[0] not in PAGING], body))


@dataclass
class Reply:
    """One answer as it goes out."""

    value: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None


Route = Callable[[Asked], Reply | None]


@dataclass
class Site:
    """What the server answers, what it was asked, and how often it fails."""

    route: Route
    trouble: float = 0.0
    shuffle: bool = False
    repeat: bool = False
    seed: int = 1
    delay: float = 0.0
    kinds: tuple[str, ...] = TROUBLES
    asked: list[Asked] = field(default_factory=list)
    troubles: Counter[str] = field(default_factory=Counter)
    port: int = 0
    last: dict[str, Reply] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, asked: Asked) -> tuple[Reply, str]:
        with self.lock:
            self.asked.append(asked)
            reply = self.route(asked) or Reply({"error": {"message": f"no route {asked.path}"}}, 404)
            trouble = ""
            if reply.status == 200 and self.random.random() < self.trouble:
                trouble = self.random.choice(self.kinds)
                self.troubles[trouble] += 1
            if trouble == "back" and asked.part in self.last:
                reply = self.last[asked.part]
            elif not trouble and reply.status == 200:
                self.last[asked.part] = reply
            for name in ("data", "result") if self.shuffle and isinstance(reply.value, dict) else ():
                if isinstance(reply.value.get(name), list):
                    reply = Reply(self._mixed(reply.value, name), reply.status, reply.headers)
            return reply, trouble

    def _mixed(self, value: dict[str, Any], name: str) -> dict[str, Any]:
        items = json.loads(json.dumps(value[name]))
        for item in items:
            if isinstance(item.get("results"), list):
                self.random.shuffle(item["results"])
                if self.repeat and item["results"]:
                    item["results"].append(self.random.choice(item["results"]))
        self.random.shuffle(items)
        if self.repeat and items:
            items.insert(0, self.random.choice(items))
        return value | {name: items}


class Handler(BaseHTTPRequestHandler):
    timeout = 30
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, split.path, parse_qsl(split.query, keep_blank_values=True), headers, body)
        reply, trouble = self.site.answer(asked)
        time.sleep(self.site.delay)
        content = reply.content if reply.content is not None else json.dumps(reply.value).encode()
        match trouble:
            case "500":
                self.send(Reply(status=500), b"<html>oops</html>")
            case "429":
                self.send(Reply(status=429, headers={"Retry-After": "0"}), b'{"error": {"message": "slow down"}}')
            case "drop":
                self.close_connection = True
            case "truncate":
                self.send(reply, content, len(content) // 2)
                self.close_connection = True
            case "invalid":
                self.send(reply, content[: len(content) // 2])
            case "stall":
                time.sleep(0.05)
                self.send(reply, content)
            case _:
                self.send(reply, content)

    do_POST = do_GET

    def send(self, reply: Reply, content: bytes, cut: int | None = None) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:cut])

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        TCPServer.server_bind(self)

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that was killed


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve a site until the block ends."""
    server = Server(("127.0.0.1", 0), type("Of", (Handler,), {"site": site}))
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# ------------------------------------------------------------------------------------------------------ OpenAI


USAGE = {"start_time", "end_time", "bucket_width", "project_ids[]", "user_ids[]", "api_key_ids[]", "models[]", "batch"}
USAGE |= {"group_by[]", "limit", "page"}
LISTED = {"limit", "after", "order", "include_archived"}
ALLOWED: dict[str, set[str]] = {
    "/organization/costs": {"start_time", "end_time", "bucket_width", "project_ids[]", "api_key_ids[]", "group_by[]"}
    | {"limit", "page"},
    "/organization/audit_logs": {"effective_at[gt]", "effective_at[gte]", "effective_at[lt]", "effective_at[lte]"}
    | {"project_ids[]", "event_types[]", "actor_ids[]", "actor_emails[]", "resource_ids[]", "tenant_only"}
    | {"limit", "after", "before"},
    "/chat/completions": {"model", "metadata", "after", "limit", "order"},
    "/organization/projects": {"limit", "after", "include_archived"},
    "/organization/admin_api_keys": {"limit", "after", "order"},
    "/organization/data_retention": set(),
}
GROUPS = {
    "completions": {"project_id", "user_id", "api_key_id", "model", "batch", "service_tier"},
    "images": {"project_id", "user_id", "api_key_id", "model", "size", "source"},
    "vector_stores": {"project_id"},
    "code_interpreter_sessions": {"project_id"},
    "file_search_calls": {"project_id", "user_id", "api_key_id", "vector_store_id"},
    "web_search_calls": {"project_id", "user_id", "api_key_id", "model", "context_level"},
    "costs": {"project_id", "line_item", "api_key_id"},
}
NUMBERS = {"start_time", "end_time", "limit", "effective_at[gte]", "effective_at[lt]"}


def _refusal(asked: Asked) -> str:
    """Why OpenAI would refuse the parameters, by its specification."""
    name = asked.path.rsplit("/", 1)[-1]
    allowed = USAGE if "/usage/" in asked.path else ALLOWED.get(asked.path, {"limit", "after"})
    for key, value in asked.query:
        if key not in allowed:
            return f"Unknown parameter: '{key}'."
        if key in NUMBERS and not value.isdecimal():
            return f"Invalid type for '{key}': expected an integer."
        groups = GROUPS.get(name, {"project_id", "user_id", "api_key_id", "model"})
        if key == "group_by[]" and value not in groups:
            return f"Invalid value for 'group_by[]': '{value}'."
    names = [key for key, _ in asked.query]
    if once := [key for key in set(names) if names.count(key) > 1 and not key.endswith("[]")]:
        return f"Parameter given twice: {once[0]}"
    most = {"costs": 180}.get(name, 31 if "/usage/" in asked.path else 100)
    if int(asked.one("limit", "1")) > most:
        return "limit is too large"
    return "" if "start_time" not in allowed or asked.one("start_time") else "Missing required parameter: 'start_time'."


def _results(name: str, day: int, rows: int) -> list[dict[str, Any]]:
    grouped = GROUPS.get(name, {"project_id", "user_id", "api_key_id", "model"})
    found = []
    for row in range(rows):
        count = figure(name, day, row)
        values: dict[str, Any] = {
            "project_id": PROJECTS[row % 3],
            "user_id": f"user-{row % 5}",
            "api_key_id": f"key_{row}",
            "model": MODELS[row % 3],
            "batch": row % 2 == 0,
            "service_tier": "default",
            "line_item": f"item {row}",
            "vector_store_id": f"vs_{row}",
        }
        dimensions = {key: values.get(key) for key in grouped}
        if name == "costs":
            amount = {"value": count / 100, "currency": "usd"}
            found.append({"object": "organization.costs.result", "amount": amount, **dimensions})
            continue
        numbers = {"input_tokens": count, "output_tokens": count // 2, "input_cached_tokens": count // 10}
        counted = {"num_model_requests": count % 97 + 1}
        found.append({"object": f"organization.usage.{name}.result", **numbers, **counted, **dimensions})
    return found


def openai(rows: int = 3, page_days: int = PAGE_DAYS, key: str = "") -> Route:
    """Return what OpenAI would answer; a bucket has `rows` results, a page `page_days` buckets."""

    def route(asked: Asked) -> Reply | None:
        if key and asked.headers.get("authorization") != f"Bearer {key}":
            return Reply({"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}}, 401)
        asked.path = asked.path.removeprefix("/v1")
        if why := _refusal(asked):
            return Reply({"error": {"message": why, "type": "invalid_request_error"}}, 400)
        if asked.path.startswith(("/organization/usage/", "/organization/costs")):
            return _buckets(asked, rows, page_days)
        return _settings(asked)

    return route


def _buckets(asked: Asked, rows: int, page_days: int) -> Reply:
    name = asked.path.rsplit("/", 1)[-1]
    start, end = int(asked.one("start_time")), int(asked.one("end_time"))
    page = asked.one("page")
    days = list(range(int(base64.b64decode(page)) if page else start, end, DAY))[:page_days]
    data = [
        {"object": "bucket", "start_time": day, "end_time": day + DAY, "results": _results(name, day, rows)}
        for day in days
    ]
    following = days[-1] + DAY if days else end
    token = base64.b64encode(str(following).encode()).decode() if following < end else None
    return Reply({"object": "page", "data": data, "has_more": token is not None, "next_page": token})


def _listed(asked: Asked, items: list[dict[str, Any]], size: int = 2) -> Reply:
    after = asked.one("after")
    ids = [item["id"] for item in items]
    at = ids.index(after) + 1 if after else 0
    page = items[at : at + size]
    ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
    return Reply({"object": "list", "data": page, "has_more": at + size < len(items), **ends})


def _settings(asked: Asked) -> Reply | None:
    match asked.path.split("/")[1:]:
        case ["organization", "audit_logs"]:
            return _listed(asked, _audit(int(asked.one("effective_at[gte]")), int(asked.one("effective_at[lt]"))))
        case ["chat", "completions"]:
            return _listed(asked, [_chat(number) for number in range(5)])
        case ["organization", "projects"]:
            regions = ("EU_STORAGE_PROCESSING", "US_STORAGE_PROCESSING", None)
            pairs = zip(PROJECTS, regions, strict=True)
            return _listed(asked, [{"id": name, "name": name, "residency": region} for name, region in pairs])
        case ["organization", "admin_api_keys"]:
            return _listed(asked, [{"id": "key_admin", "name": "Main", "redacted_value": "sk-admin...def"}])
        case ["organization", "projects", project, "api_keys"]:
            return _listed(asked, [{"id": f"key_{project}_{n}", "name": f"Key {n}"} for n in range(3)])
        case ["organization", "data_retention"]:
            value = {"object": "organization.data_retention", "type": "zero_data_retention"}
            return Reply(value, headers={"openai-organization": "org-acme"})
        case ["organization", "projects", project, "data_retention"]:
            kind = "modified_abuse_monitoring" if project == "proj_a" else "organization_default"
            return Reply({"object": "project.data_retention", "type": kind})
    return None


def _audit(start: int, end: int) -> list[dict[str, Any]]:
    actor = {
        "type": "session",
        "session": {"user": {"id": "user-1", "email": "a@acme.example"}, "ip_address": "192.0.2.7"},
    }
    return [
        {
            "id": f"audit_{at}",
            "type": "api_key.created",
            "effective_at": at,
            "actor": actor,
            "api_key.created": {"id": "k"},
        }
        for at in range(end - 3600, start - 1, -DAY // 2)
    ]


def _chat(number: int) -> dict[str, Any]:
    return {
        "object": "chat.completion",
        "id": f"chatcmpl-{number}",
        "created": 1_761_000_000 + number,
        "model": MODELS[0],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10 + number, "completion_tokens": 2, "total_tokens": 12 + number},
        "metadata": {},
    }


# --------------------------------------------------------------------------------------- Anthropic and gateways


def _days(start: str, end: str) -> list[datetime]:
    first = datetime.fromisoformat(start).astimezone(UTC)
    last = datetime.fromisoformat(end).astimezone(UTC)
    return [first + timedelta(days=number) for number in range((last - first).days)]


def anthropic(rows: int = 2, page_rows: int = 7) -> Route:
    """Return what Anthropic would answer; a day has `rows` rows, a page `page_rows`."""

    def route(asked: Asked) -> Reply | None:
        if not asked.headers.get("x-api-key") or asked.headers.get("anthropic-version") != "2023-06-01":
            return Reply({"type": "error", "error": {"type": "authentication_error", "message": "no key"}}, 401)
        if "/analytics/" in asked.path:
            if asked.headers.get("anthropic-beta") != "analytics-usage-cost-2026-08-24":
                return Reply({"error": {"message": "beta header is missing"}}, 400)
            if sum(key == "group_by[]" for key, _ in asked.query) > 5:
                return Reply({"error": {"message": "group_by takes at most 5"}}, 400)
            return _analytics(asked, rows, page_rows)
        return _organization(asked)

    return route


def _analytics(asked: Asked, rows: int, page_rows: int) -> Reply:
    items: list[dict[str, Any]] = []
    for day in _days(asked.one("starting_at"), asked.one("ending_at")):
        for row in range(rows):
            group = dict.fromkeys((value for key, value in asked.query if key == "group_by[]"), None)
            group |= {"model": "claude-sonnet-5", "api_key_id": f"apikey_{row}", "inference_geo": "us"}
            ends = day + timedelta(days=1)
            item: dict[str, Any] = {
                "starting_at": f"{day:%Y-%m-%dT%H:%M:%SZ}",
                "ending_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
            }
            count = figure("anthropic", day, row)
            if asked.path.endswith("cost"):
                cost = {"amount": f"{count}.25", "list_amount": f"{count}.25", "currency": "USD", "requests": 3}
                items.append(item | {"group": group, "cost": cost})
                continue
            tokens = {"uncached_input_tokens": count, "cache_read_input_tokens": 5, "output_tokens": count // 3}
            cache = {"ephemeral_5m_input_tokens": 7, "ephemeral_1h_input_tokens": 0}
            usage = {**tokens, "cache_creation": cache, "total_tokens": count, "requests": 12}
            items.append(item | {"group": group, "usage": usage})
    at = int(asked.one("page") or "0")
    token = str(at + page_rows) if at + page_rows < len(items) else None
    page = {"data": items[at : at + page_rows], "has_more": token is not None, "next_page": token}
    return Reply(page | {"organization_id": "org-1"})


def _organization(asked: Asked) -> Reply | None:
    def listed(items: list[dict[str, Any]]) -> Reply:
        return Reply({"data": items, "has_more": False, "first_id": items[0]["id"], "last_id": items[-1]["id"]})

    match asked.path.split("/")[2:]:
        case ["organizations", "usage_report", "messages"]:
            return _report(asked)
        case ["organizations", "workspaces"]:
            return listed([{"id": "wrkspc_1", "name": "W", "data_residency": {"workspace_geo": "us"}}])
        case ["organizations", "api_keys"]:
            return listed([{"id": "apikey_0", "name": "Prod"}, {"id": "apikey_1", "name": "Test"}])
        case ["user_profiles"]:
            details = {"country": "DE", "entity_type": "business"}
            one = {"id": "uprof_1", "access_type": "passthrough", "external_user_details": details}
            two = {"id": "uprof_2", "access_type": "application", "external_user_details": None}
            return Reply({"data": [one, two], "next_page": None, "has_more": False})
        case ["compliance", "activities"]:
            days = _days(asked.one("created_at.gte"), asked.one("created_at.lt"))
            actor = {
                "type": "user_actor",
                "user_id": "user_1",
                "email_address": "a@b.example",
                "ip_address": "192.0.2.1",
            }
            more = {"type": "api_key_created", "organization_id": None, "organization_uuid": None, "actor": actor}
            return listed(
                [{"id": f"act_{day:%Y%m%d}", "created_at": day.isoformat(), **more} for day in reversed(days)]
            )
    return None


def _report(asked: Asked) -> Reply:
    data = []
    for day in _days(asked.one("starting_at"), asked.one("ending_at")):
        count = figure("report", day)
        tokens = {"uncached_input_tokens": count, "cache_read_input_tokens": 5, "output_tokens": count // 3}
        cache = {"ephemeral_5m_input_tokens": 7, "ephemeral_1h_input_tokens": 0}
        names = {"api_key_id": "apikey_0", "workspace_id": None, "model": "claude-sonnet-5", "service_tier": "standard"}
        result = {**names, **tokens, "cache_creation": cache, "server_tool_use": {"web_search_requests": 0}}
        ends = day + timedelta(days=1)
        data.append(
            {"starting_at": f"{day:%Y-%m-%dT%H:%M:%SZ}", "ending_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}", "results": [result]}
        )
    return Reply({"data": data, "has_more": False, "next_page": None})


def langfuse(per_day: int = 5, page: int = 2, pair: str = "pk:sk") -> Route:
    """Return what Langfuse would answer."""

    def route(asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") != "Basic " + base64.b64encode(pair.encode()).decode():
            return Reply({"message": "Invalid credentials"}, 401)
        start = datetime.fromisoformat(asked.one("fromStartTime"))
        items = []
        for number in range(per_day):
            at = start + timedelta(hours=number)
            stamp = at.isoformat().replace("+00:00", "Z")
            items.append(
                {
                    "id": f"obs-{at:%Y%m%d}-{number}",
                    "traceId": f"trace-{number}",
                    "startTime": stamp,
                    "endTime": stamp,
                    "projectId": "clprj",
                    "type": "GENERATION",
                    "isRootObservation": True,
                    "name": "response",
                    "level": "DEFAULT",
                    "environment": "default",
                    "createdAt": stamp,
                    "updatedAt": stamp,
                    "input": "Hello",
                    "output": "Hi",
                    "metadata": {},
                    "providedModelName": "gpt-4.1",
                    "usageDetails": {"input": 10 + number, "output": 3, "total": 13 + number},
                    "totalCost": 0.5,
                    "tags": [],
                }
            )
        first = int(base64.b64decode(asked.one("cursor") or "MA=="))
        more = first + page < len(items)
        meta = {"cursor": base64.b64encode(str(first + page).encode()).decode()} if more else {}
        return Reply({"data": items[first : first + page], "meta": meta})

    return route


def helicone(total: int = 2300) -> Route:
    """Return what Helicone would answer."""

    def route(asked: Asked) -> Reply | None:
        if asked.method != "POST" or asked.path != "/v1/request/query-clickhouse":
            return None
        bounds = asked.body["filter"]
        begin = bounds["left"]["request_response_rmt"]["request_created_at"]["gte"]
        start = datetime.fromisoformat(begin)
        assert bounds["right"]["request_response_rmt"]["request_created_at"]["lt"] > begin
        offset, limit = asked.body["offset"], asked.body["limit"]
        data = [
            {
                "request_id": f"{start:%d}-{number}",
                "request_created_at": (start + timedelta(seconds=number)).isoformat(),
                "request_user_id": "u",
                "request_path": "https://api.openai.com/v1/chat/completions",
                "request_model": "gpt-4o",
                "response_model": "gpt-4o",
                "provider": "OPENAI",
                "response_status": 200,
                "request_properties": {},
                "country_code": "DE",
                "delay_ms": 5,
                "prompt_tokens": 3,
                "completion_tokens": 2,
                "total_tokens": 5,
                "costUSD": 0.1,
            }
            for number in range(offset, min(offset + limit, total))
        ]
        return Reply({"data": data, "error": None})

    return route


def portkey(rows: int = 3, polls: int = 2) -> Route:
    """Return what Portkey would answer: a job is made, started, and done after some questions about it."""
    jobs: dict[str, int] = {}

    def route(asked: Asked) -> Reply | None:
        if asked.path == "/signed":
            assert "x-portkey-api-key" not in asked.headers
            day = asked.one("day")
            lines = [
                {
                    "id": f"{day}-{number}",
                    "trace_id": f"t-{number}",
                    "created_at": f"{day}T0{number}:00:00.000Z",
                    "request": {},
                    "response": {},
                    "is_success": True,
                    "ai_org": "openai",
                    "ai_model": "gpt-4o",
                    "req_units": 3,
                    "res_units": 2,
                    "total_units": 5,
                    "cost": 1.5,
                    "cost_currency": "USD",
                    "response_time": 100,
                    "response_status_code": 200,
                    "mode": "single",
                    "metadata": {},
                }
                for number in range(rows)
            ]
            return Reply(content="".join(json.dumps(line) + "\n" for line in lines).encode())
        if not asked.headers.get("x-portkey-api-key"):
            return Reply({"message": "no key"}, 401)
        parts = asked.path.partition("/logs/exports")[2].split("/")[1:]
        if asked.method == "POST" and not parts:
            day = asked.body["filters"]["time_of_generation_min"][:10]
            jobs[day] = 0
            return Reply({"id": day, "total": rows, "object": "export"}, 201)
        match parts:
            case [day, "start"]:
                return Reply({"message": "started"})
            case [day, "download"]:
                return Reply({"signed_url": f"http://127.0.0.1:{asked.headers['host'].split(':')[1]}/signed?day={day}"})
            case [day]:
                jobs[day] += 1
                return Reply({"id": day, "status": "success" if jobs[day] > polls else "in_progress"})
        return None

    return route


def openrouter() -> Route:
    """Return what OpenRouter would answer."""

    def route(asked: Asked) -> Reply | None:
        item = {
            "date": asked.one("date"),
            "model": "openai/gpt-4.1",
            "model_permaslug": "openai/gpt-4.1-2025-04-14",
            "endpoint_id": "550e8400-e29b-41d4-a716-446655440000",
            "provider_name": "OpenAI",
            "usage": 0.015,
            "byok_usage_inference": 0.012,
            "requests": 5,
            "prompt_tokens": 50,
            "completion_tokens": 125,
            "reasoning_tokens": 25,
        }
        return Reply({"data": [item]}) if asked.path == "/activity" else None

    return route


def litellm(per_day: int = 5, size: int = 2) -> Route:
    """Return what a LiteLLM proxy would answer, with pages of `size` rows whatever is asked for."""

    def route(asked: Asked) -> Reply | None:
        start = datetime.strptime(asked.one("start_date"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        assert asked.one("end_date") == f"{start:%Y-%m-%d} 23:59:59"
        rows = [
            {
                "request_id": f"{start:%Y%m%d}-{number}",
                "call_type": "acompletion",
                "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
                "spend": 0.25,
                "total_tokens": 5,
                "prompt_tokens": 3,
                "completion_tokens": 2,
                "startTime": (start + timedelta(hours=number)).isoformat().replace("+00:00", "Z"),
                "endTime": (start + timedelta(hours=number, seconds=2)).isoformat().replace("+00:00", "Z"),
                "model": "gpt-4o",
                "custom_llm_provider": "openai",
                "api_base": "https://api.openai.com",
                "user": "",
                "metadata": {},
                "cache_hit": "False",
                "request_tags": [],
                "messages": {},
                "response": {},
                "session_id": "s",
                "status": "success",
            }
            for number in range(per_day)
        ]
        page = int(asked.one("page"))
        pages = -(-per_day // size)
        part = rows[(page - 1) * size : page * size]
        return Reply({"data": part, "total": per_day, "page": page, "page_size": size, "total_pages": pages})

    return route


def cloudflare(per_day: int = 120) -> Route:
    """Return what Cloudflare would answer."""

    def route(asked: Asked) -> Reply | None:
        if asked.path != "/accounts/acc1/ai-gateway/gateways/gate%20way/logs":
            return None
        start = datetime.fromisoformat(asked.one("start_date"))
        page, size = int(asked.one("page")), int(asked.one("per_page"))
        rows = [
            {
                "id": f"01J{start:%Y%m%d}{number:04d}",
                "cached": False,
                "created_at": (start + timedelta(minutes=number)).isoformat().replace("+00:00", "Z"),
                "duration": 1100,
                "model": "gpt-4o-mini",
                "path": "v1/chat/completions",
                "provider": "openai",
                "success": True,
                "tokens_in": 10,
                "tokens_out": 20,
                "cost": 1.4e-05,
                "custom_cost": False,
                "metadata": "{}",
                "model_type": "chat",
                "status_code": 200,
                "step": 0,
            }
            for number in range(per_day)
        ]
        part = rows[(page - 1) * size : page * size]
        info = {"page": page, "per_page": size, "count": len(part), "total_count": per_day}
        return Reply({"success": True, "result": part, "result_info": info})

    return route


if __name__ == "__main__":
    served = Site(openai(rows=4, page_days=1), delay=float(sys.argv[1]), shuffle=True, repeat=True, trouble=0.05)
    served.kinds = ("429", "truncate", "invalid", "stall")
    with serving(served):
        print(served.port, flush=True)
        sys.stdin.read()
