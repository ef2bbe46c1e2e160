"""How a value is written in each format. A template cannot forget it: the environment applies it to every expression.

Records are written by strangers, so control characters, bidirectional overrides and other invisible characters are
shown as escapes such as `\\u202e`, and nothing from a record can become markup, a formula or a line of its own.
"""

import json
import re
import unicodedata
from typing import Any

from markupsafe import Markup
from pydantic import BaseModel

MAX_MARKS = 4
SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that a spreadsheet may take for a formula; the last four are full-width forms."""

_MARKDOWN_SPECIAL = re.compile(r"([\\`*_\[\]|~$#])")
_MARKDOWN_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKDOWN_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)](?:\s|$)))")
_MARKDOWN_LINKS = re.compile(r"(?<=[A-Za-z]):(?=//)|(?<=www)\.", re.IGNORECASE)
_MARKS = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARK_RUNS = re.compile(f"{_MARKS}{{{MAX_MARKS + 1},}}")
_JSON_UNSAFE = re.compile(r"[<>&]|[^\x20-\x7e]")


def visible(text: str) -> str:
    """Return `text` with every character that does not print as itself replaced by a printable escape."""
    if text.isascii() and text.isprintable():
        return text
    text = _MARK_RUNS.sub(lambda run: run[0][:MAX_MARKS] + "".join(_escape(c) for c in run[0][MAX_MARKS:]), text)
    return "".join(c if _shows(c) else _escape(c) for c in text)


def _shows(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    if character in SHORT_ESCAPES:
        return SHORT_ESCAPES[character]
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def html(value: object) -> object:
    """Return `value` ready for Jinja's own escaping: text with nothing invisible in it."""
    return value if hasattr(value, "__html__") else visible(str(value))


def markdown(value: object) -> Markup:
    """Return `value` as literal text of GitHub-flavoured Markdown, in a paragraph, a heading, a list or a table."""
    if isinstance(value, Markup):
        return value
    text = _MARKDOWN_SPECIAL.sub(r"\\\1", visible(str(value)))
    text = _MARKDOWN_START.sub(lambda m: f"{m[1]}{m[2]}\\" if m[2].isdigit() else f"{m[1]}\\{m[2]}", text)
    text = _MARKDOWN_LINKS.sub(lambda m: f"\\{m[0]}", text)
    return Markup("".join(_MARKDOWN_ENTITIES.get(c, c) for c in text))  # noqa: S704  # escaped above


def csv(value: object) -> Markup:
    """Return `value` as one CSV cell: numbers bare, text quoted, what looks like a formula after an apostrophe."""
    if isinstance(value, Markup):
        return value
    if value is None:
        return Markup("")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Markup(value)  # noqa: S704  # a number
    text = str(value)
    guard = "'" if text.lstrip(" ").startswith(FORMULA_STARTS) else ""
    return Markup('"' + guard + visible(text).replace('"', '""') + '"')  # noqa: S704  # quoted here


def json_text(value: object) -> Markup:
    """Return `value` as one line of JSON: keys sorted, UTF-8, and safe to read by line or to embed in a page."""
    if isinstance(value, Markup):
        return value
    text = json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return Markup(_JSON_UNSAFE.sub(lambda match: _json_escape(match[0]), text))  # noqa: S704  # JSON


def _json_escape(character: str) -> str:
    if character in "<>&":
        return f"\\u{ord(character):04x}"
    return character if _shows(character) else json.dumps(character)[1:-1]


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return json.loads(value.model_dump_json(by_alias=True))
    return value
