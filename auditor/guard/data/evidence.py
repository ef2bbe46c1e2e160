"""What rows record: columns that name a model, answers of APIs as they came, and the turns in which an assistant speaks."""

import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

from auditor.guard.data.phrases import claims_of
from auditor.registry.tables import registry

SPECIFIC = frozenset((
    "generation_model", "generation_models", "model_name", "model_a", "model_b", "chosen_model", "rejected_model",
    "teacher_model", "teacher_model_name", "generator_model", "llm_model", "gen_ai.request.model",
    "gen_ai.response.model", "source_model", "annotator_model", "judge_model",
))  # fmt: skip
"""Columns of which every value is a model that wrote something, known or not."""
PIPELINES = ("completions", "distilabel_metadata")
"""Columns that pipelines write, in which `model` is always one."""
LIKELY = frozenset(("teacher", "generator", "models", "llm"))
"""Columns of which a value counts if it is written as models' ids are, since people, machines and cars stand there as well."""
GENERAL = frozenset((
    "provider", "model_id", "model_used", "model_slug", "response_model", "completion_model",
    "answer_model", "gen_model", "output_model", "assistant_model", "author_model", "gpt_model", "llm_name",
    "generated_by", "generated_with", "written_by", "teacher_name", "distilled_from", "gpt_version", "model_version",
    "api_model", "answer_by", "litellm_model", "ai_model", "model", "engine", *LIKELY,
))  # fmt: skip
"""Columns of which a value counts if it is the name of a known model."""
ORIGIN = frozenset(("source", "dataset", "author", "origin", "creator", "annotator"))
"""Columns of which a value counts if it is the name of a known model that nothing else bears, as Claude and Gemini do."""
MODEL_COLUMN = re.compile(r"^(?!target_|base_|baseline_)(?:.*_)?(?:model|llm|teacher|generator|deployment)(?:_|$)")
"""Other columns of which a value counts if it is the id of a known model."""
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
IDENT = re.compile(r"(?=.*[\d/])[A-Za-z][\w.:/@+-]+")
_LINE = r"(gpt[-_]?4o?|chatgpt|claude|gemini|deepseek)"
_ANSWER = (
    r"(?:answer|response|output|completion|text|generat|reply|message|summar|translat|label|score|rating|judg|caption|think|"
    r"reason|solution|trajector|attempt|trace|grade)\w*"
)
COLUMN = re.compile(rf"(?i){_LINE}[-_ ]{_ANSWER}|{_ANSWER}[-_ ]{_LINE}")
"""Columns that are named after the model that filled them."""
NAMED = {"gpt4": "gpt-4", "gpt4o": "gpt-4o", "deepseek": "deepseek-r1"}
"""Model in a column's name, without what joins its parts → its own name, where that is another."""
ASSISTANT = frozenset(("assistant", "gpt", "model", "chatgpt", "bing", "bard", "ai", "bot"))
"""Roles of an assistant's turn. A role is a convention of a layout, and shows nothing."""
ANSWERS = (
    "output", "response", "completion", "answer", "generation", "chosen", "rejected", "preferred_output",
    "non_preferred_output", "responses",
)  # fmt: skip
TURNS = ("messages", "conversations", "conversation", "chosen", "rejected", "completion", "preferred_output", "turns",
         "non_preferred_output", "conversation_a", "conversation_b")  # fmt: skip
LAYOUTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("preference", ("chosen", "rejected")),
    ("preference", ("preferred_output", "non_preferred_output")),
    ("sharegpt", ("conversations",)),
    ("messages", ("messages",)),
    ("alpaca", ("instruction", "output")),
    ("prompt and completion", ("prompt", "completion")),
    ("question and answer", ("question", "answer")),
    ("text", ("text",)),
)
DEEPEST = 12
NODES = 2_000
SHORTEST, SHORT = 4, 200
"""Characters of a model's name; O1 may be anything."""
NOTES = frozenset((
    "meta", "metadata", "info", "extra", "raw", "response", "provenance", "generation_info", "attributes", "raw_response",
    "api_response", "generation_config", "generation_metadata", "model_info",
))  # fmt: skip
"""Columns whose text may be JSON that holds columns of its own."""
KINDS = 500
"""Different values of one kind that are kept."""


@dataclass
class Seen:
    """How often something was seen, and where first."""

    count: int = 0
    row: int = 0
    key: str = ""


@dataclass
class Evidence:
    """What was seen in the rows of one file.

    Attributes:
        models: model as the rows write it → how often, and where first.
        providers: provider that an answer of an API shows → the same.
        claims: what assistant turns claim (see `phrases.NAMES`) → the same.
        turns: assistant turns that were read.
        more: whether more kinds of one thing were there than are kept.
        cut: whether a row held more values than are looked at.
    """

    models: dict[str, Seen] = field(default_factory=dict)
    providers: dict[str, Seen] = field(default_factory=dict)
    claims: dict[str, Seen] = field(default_factory=dict)
    turns: int = 0
    more: bool = False
    cut: bool = False

    def add(self, number: int, row: dict[str, object]) -> None:
        """Take in one row.

        Args:
            number: its number from 1.
            row: what it holds; nothing in it is trusted.
        """
        found: dict[str, str] = {}
        dialogue = layout_of(row) in ("sharegpt", "messages", "preference", "prompt and completion")
        nodes, cut = _nodes(row)
        self.cut = self.cut or cut
        for key, value, parent, depth in nodes:
            if isinstance(value, dict):
                self._envelope(number, key, value, found)
            elif isinstance(value, (str, bytes)) and value:
                text = value if isinstance(value, str) else value[:SHORT].decode("utf-8", "replace")
                name = key.rpartition(".")[2]
                model = _model_in(_plain(name), text, certain=dialogue and depth == 1, parent=parent)
                if model and model.lower() != "unknown":
                    found.setdefault(model, key)
            if depth == 1 and value and (named := _of_column(key)):
                found.setdefault(named, f"column {key}")
        for model, key in found.items():
            self._count(self.models, model, number, key)
        for text in assistant_turns(row):
            self.turns += 1
            for claim in claims_of(text[:200_000]):
                self._count(self.claims, claim, number, "")

    def _envelope(self, number: int, key: str, value: dict[str, object], found: dict[str, str]) -> None:
        """An answer of an API: the model in it, and the provider where it can be told."""
        name, ident, kind = value.get("model"), value.get("id"), value.get("object") or value.get("type")
        ident = ident if isinstance(ident, str) else ""
        provider = ""
        if kind == "message" and value.get("role") == "assistant" and ident.startswith("msg_"):
            provider = "anthropic"
        elif kind in ("chat.completion", "response", "text_completion") or ident.startswith(("chatcmpl-", "resp_")):
            if _mentions(value, "content_filter_results") or "prompt_filter_results" in value:
                provider = "azure.ai.openai"
            elif isinstance(name, str) and registry().model(name).maker == "openai" and value.get("system_fingerprint"):
                provider = "openai"
        elif "candidates" in value and isinstance(
            version := value.get("modelVersion") or value.get("model_version"), str
        ):
            name = version
        else:
            return
        where = f"{key}.id" if ident else key
        found.setdefault(name if isinstance(name, str) and name else "other", where.lstrip("."))
        if provider:
            self._count(self.providers, provider, number, where.lstrip("."))

    def _count(self, kind: dict[str, Seen], name: str, number: int, key: str) -> None:
        seen = kind.get(name)
        if seen is None:
            if len(kind) >= KINDS:
                self.more = True
                return
            seen = kind[name] = Seen(0, number, key)
        seen.count += 1


def may_name_model(name: str) -> bool:
    """Return whether a column of this name may hold the name of a model."""
    return _plain(name) in SPECIFIC | GENERAL | ORIGIN


@lru_cache(maxsize=10_000)
def _plain(name: str) -> str:
    return CAMEL.sub("_", name).lower().replace(" ", "_").replace("-", "_").partition("[")[0]


def _model_in(name: str, value: str, *, certain: bool, parent: str) -> str | None:
    """The model that a column names, None where it names none."""
    if len(value) > SHORT or "\n" in value:
        return None
    if name in SPECIFIC or (name in ("model", "engine") and (certain or parent.partition("[")[0] in PIPELINES)):
        return value
    if name in LIKELY and IDENT.fullmatch(value):
        return value
    if len(value) < SHORTEST or " " in value:
        return None  # a sentence is no name
    if name in GENERAL:
        return value if _is_known(value) else None
    if name in ORIGIN:
        is_own = "gpt" in value.lower() or any(character.isdigit() for character in value)
        return value if is_own and _is_known(value) else None
    is_likely = MODEL_COLUMN.search(name) and ("-" in value or "/" in value)
    return value if is_likely and IDENT.fullmatch(value) and _is_known(value) else None


def _is_known(value: str) -> bool:
    return registry().model(value).maker is not None


def _of_column(key: str) -> str | None:
    """The model after which a column is named."""
    found = COLUMN.fullmatch(key)
    model = re.sub("[-_]", "", (found.group(1) or found.group(2)).lower()) if found else ""
    return NAMED.get(model, model) or None


def _mentions(value: dict[str, object], key: str) -> bool:
    choices = value.get("choices")
    return isinstance(choices, list) and any(isinstance(choice, dict) and key in choice for choice in choices[:8])


Node = tuple[str, object, str, int]
"""Path, value, the name of the list or mapping that it is in, and depth."""


def _nodes(row: dict[str, object]) -> tuple[list[Node], bool]:
    """The texts, mappings and lists that a row holds, columns before what they hold, and whether there were too many."""
    waiting: deque[Node] = deque([("", row, "", 0)])
    found: list[Node] = []
    while waiting and len(found) < NODES:
        found.append(waiting.popleft())
        key, value, _, depth = found[-1]
        if isinstance(value, str) and value.startswith("{") and _plain(key.rpartition(".")[2]) in NOTES:
            value = _parsed(value)
        if depth >= DEEPEST:
            continue
        if isinstance(value, dict):
            inside = ((f"{key}.{name}".lstrip("."), item, key) for name, item in value.items())
        elif isinstance(value, list):
            inside = ((f"{key}[{i}]", item, key.rpartition(".")[2]) for i, item in enumerate(value))
        else:
            continue
        held = ((*part, depth + 1) for part in inside if isinstance(part[1], (str, bytes, dict, list)))
        waiting.extend(islice(held, NODES))
    return found, bool(waiting)


def _parsed(text: str) -> object:
    """A JSON object that stands in a text; the text itself where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def layout_of(row: dict[str, object]) -> str:
    """Return how a row is laid out: which of `LAYOUTS`, the log of an API, or a table of any kind."""
    for name, keys in LAYOUTS:
        if all(key in row for key in keys):
            return name
    return "log of an API" if any(key in row for key in ("response", "request", "choices", "candidates")) else "table"


def assistant_turns(row: dict[str, object]) -> Iterator[str]:
    """Yield the texts in which an assistant speaks; of a row that is a dialogue, nobody else's words."""
    turns = [item for key in TURNS for item in _list(row.get(key))]
    for turn in turns[:500]:
        if isinstance(turn, dict):
            role = turn.get("role") or turn.get("from")
            text = turn.get("content") or turn.get("value") or turn.get("text")
            if isinstance(role, str) and role.lower() in ASSISTANT:
                yield from _texts(text)
    for key in ANSWERS:
        value = row.get(key)
        if isinstance(value, str) and value:
            yield value
        elif key == "response" and isinstance(value, dict):
            yield from _api_texts(value)
    for item in _list(row.get("completions"))[:100]:
        if isinstance(item, dict) and isinstance(text := item.get("response"), str):
            yield text


def _api_texts(value: dict[str, object]) -> Iterator[str]:
    yield from _texts(value.get("content"))
    for choice in _list(value.get("choices"))[:20]:
        message = choice.get("message") if isinstance(choice, dict) else None
        if isinstance(message, dict):
            yield from _texts(message.get("content"))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in _list(value)[:100]:
        if isinstance(part, dict) and isinstance(text := part.get("text"), str):
            yield text


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
