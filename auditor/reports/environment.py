"""The Jinja environments of the reports. Each writes every value in its format's way, whatever the template says."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from auditor.model.facts import TABLES
from auditor.model.run import VERDICTS
from auditor.reports import view, words
from auditor.reports.declare import place_of
from auditor.resources import resource_dir

Newline = Literal["\n", "\r\n"]

WEB_ADDRESS = re.compile(r"https://[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]+")

FILTERS: dict[str, Callable[..., Any]] = {
    "anchor": view.anchor,
    "day": words.day,
    "document": words.document,
    "duration": words.duration,
    "fact": words.fact_value,
    "moment": words.moment,
    "n": words.number,
    "pairs": words.pairs,
    "place": place_of,
    "prose": words.prose,
    "provider": words.provider,
    "row_name": words.row_name,
    "short": words.short,
}
WORDS: dict[str, Any] = {
    "CERTAINTY": words.CERTAINTY_WORDS,
    "CONFIDENCE": words.CONFIDENCE_WORDS,
    "EFFECTS": words.EFFECT_WORDS,
    "SEVERITY_RANK": words.SEVERITY_RANK,
    "STATUS": words.STATUS_WORDS,
    "TABLES": TABLES,
    "VERDICTS": VERDICTS,
    "VERDICT_WORDS": words.VERDICT_WORDS,
    "EXAMPLES": view.EXAMPLES,
    "LIST": view.LIST,
    "listing": words.listing,
    "percent": words.percent,
    "plural": words.plural,
    "rows": words.rows,
    "terms": words.terms,
}


def is_web_address(text: str) -> bool:
    """Return whether `text` may be a link: https only."""
    return WEB_ADDRESS.fullmatch(text) is not None


@cache
def environment(write: Callable[[object], object], newline: Newline = "\n") -> Environment:
    """Return the environment that writes every value with `write`, and ends lines with `newline`."""
    made = Environment(
        loader=FileSystemLoader(resource_dir("templates") / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=write,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        newline_sequence=newline,
    )
    made.filters |= FILTERS
    made.tests["web_address"] = is_web_address
    made.globals |= WORDS
    return made


def render_chunks(
    template: str, write: Callable[[object], object], newline: Newline, context: dict[str, object]
) -> Iterator[str]:
    """Yield the rendered `template` in pieces of a few kilobytes."""
    stream = environment(write, newline).get_template(template).stream(context)
    stream.enable_buffering(200)
    yield from stream
