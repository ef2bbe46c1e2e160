"""What others say, made fit to be read: JSON by the letter of its standard, and reasons in words on one line."""

import json

from pydantic import JsonValue

from auditor.pull.endpoint import within

SHOWN = 300
MESSAGES = (("error", "message"), ("error", "error"), ("message",), ("detail",), ("error",))
"""Where providers say why they refuse."""


def plain(text: str, longest: int = SHOWN) -> str:
    """Return text of others on one line, cut, with control characters escaped."""
    text = " ".join(text.split()) if text.isascii() or text.isprintable() else text
    cut = text if len(text) <= longest else text[:longest] + " …"
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in cut)


def strict_json(content: bytes) -> JsonValue:
    """Return the JSON value in `content`.

    Raises:
        ValueError: it is none, by RFC 8259.
    """

    def refuse(name: str) -> JsonValue:
        raise ValueError(f"{name} is no JSON")

    try:
        value: JsonValue = json.loads(content, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def reason_in(content: bytes) -> str:
    """Return the words of an answer that says why something is refused; none of a page that is made for a browser."""
    try:
        value = strict_json(content)
    except ValueError:
        return "" if content.lstrip().startswith(b"<") else content.decode("utf-8", "replace")
    listed = within(value, ("errors",))
    if isinstance(listed, list) and listed:
        value = listed[0]
    return next((text for path in MESSAGES if isinstance(text := within(value, path), str) and text), "")


def article(noun: str) -> str:
    """Return a noun with its indefinite article."""
    return f"{'an' if noun[0] in 'AEIOaeio' else 'a'} {noun}"
