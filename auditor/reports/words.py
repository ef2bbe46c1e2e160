"""Numbers, times and closed sets of values in the words of a report."""

import json
import math
from datetime import UTC, date

from pydantic import JsonValue

from auditor.model.facts import parse_time
from auditor.model.policy import Certainty, Confidence, Severity
from auditor.model.run import ClauseResult, RunInfo, Verdict

VERDICT_WORDS: dict[Verdict, str] = {
    "breach": "Breach",
    "suspected": "Suspected",
    "waived": "Waived",
    "undetermined": "Undetermined",
    "clear": "Clear",
    "not_applicable": "Not applicable",
}
SEVERITY_RANK: dict[Severity, int] = {"critical": 4, "high": 3, "medium": 2, "low": 1}
CERTAINTY_WORDS: dict[Certainty, str] = {
    "certain": "certain: the facts settle it",
    "likely": "likely: a strong sign, not proof",
    "possible": "possible: a sign to look into",
}
CERTAINTY_RANK: dict[Certainty, int] = {"certain": 3, "likely": 2, "possible": 1}
CONFIDENCE_WORDS: dict[Confidence, str] = {
    "high": "read in the text itself",
    "medium": "known second-hand",
    "low": "uncertain",
}
STATUS_WORDS = {
    "active": "Active",
    "waived": "Waived",
    "expired": "Active: the waiver no longer counts",
    "baseline": "Known from the baseline",
}
EFFECT_WORDS = {"off": "Switched off", "replaced": "Replaced", "tightened": "Tightened"}
"""What an agreement does to a clause."""
ROW_WORDS = {
    "usage": ("record", "records"),
    "events": ("control event", "control events"),
    "training": ("training input", "training inputs"),
    "matches": ("copied dataset row", "copied dataset rows"),
    "deployments": ("deployment", "deployments"),
    "organisation": ("organisation", "organisations"),
}
"""What one row of a fact table is called, and several."""
PROVIDER_NAMES = {
    "openai": "OpenAI",
    "xai": "xAI",
    "deepseek": "DeepSeek",
    "openrouter": "OpenRouter",
    "huggingface": "Hugging Face",
    "aws": "AWS",
    "datasets": "Datasets of others",
    "signals": "Published signs",
    "github": "GitHub",
    "minimax": "MiniMax",
    "nvidia": "NVIDIA",
    "stability": "Stability AI",
    "together": "Together AI",
}
"""Spellings that a capital letter alone does not give."""

MAX_TEXT = 240
SPANS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def number(value: float) -> str:
    """Return a number with thousands separated, and no more decimals than it has."""
    if not math.isfinite(value):
        return "unlimited" if value > 0 else str(value)
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,.4f}".rstrip("0").rstrip(".")


def plural(count: int, one: str, many: str = "") -> str:
    """Return `count` with its noun."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def percent(part: int, whole: int) -> str:
    """Return a share in words; only a whole reads 100 %, only nothing reads 0 %, and a share of nothing is a dash."""
    if whole <= 0:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "under 0.1 %"
    if 99.9 < share < 100:
        return "over 99.9 %"
    return f"{share:.1f} %".replace(".0 %", " %")


def moment(text: str | None) -> str:
    """Return an RFC 3339 time as `2026-03-31 14:05 UTC`; what is no time comes back as it is."""
    time = parse_time(text) if text else None
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if time else text or "–"


def day(value: date | str | None) -> str:
    """Return a date, or the day of an RFC 3339 time, as `31 March 2026`."""
    time = parse_time(value) if isinstance(value, str) else value
    return f"{time.day} {time.strftime('%B %Y')}" if time else str(value or "–")


def duration(seconds: int) -> str:
    """Return a length of time in its largest whole unit."""
    return next(plural(seconds // size, unit) for size, unit in SPANS if seconds % size == 0)


def short(text: str, limit: int = MAX_TEXT) -> str:
    """Return the beginning of a long text, saying how long it is."""
    return text if len(text) <= limit else f"{text[:limit]} … ({number(len(text))} characters)"


def prose(text: str) -> str:
    """Return text of a pack or of `auditor.yaml` as one paragraph, however its lines were broken in YAML."""
    return " ".join(text.split())


def fact_value(value: JsonValue) -> str:
    """Return the value of a fact as a person would write it."""
    match value:
        case None:
            return "missing"
        case bool():
            return "yes" if value else "no"
        case str():
            return short(value)
        case list():
            return short(", ".join(fact_value(item) for item in value))
        case _:
            return short(json.dumps(value, ensure_ascii=False, sort_keys=True))


def pairs(facts: dict[str, JsonValue]) -> str:
    """Return facts on one line: `api_key.id=key-1; user.id=u-2`."""
    return "; ".join(f"{name}={fact_value(value)}" for name, value in facts.items())


def rows(count: int, table: str) -> str:
    """Return a number of rows of a fact table in words."""
    one, many = ROW_WORDS.get(table, ("row", "rows"))
    return plural(count, one, many)


def row_name(table: str) -> str:
    """Return what the rows of a fact table are called."""
    return ROW_WORDS.get(table, ("row", "rows"))[1]


def provider(name: str) -> str:
    """Return the provider's name as it spells itself, as far as we know."""
    return PROVIDER_NAMES.get(name, name.replace("-", " ").title() if name.islower() else name)


def document(clause: ClauseResult) -> str:
    """Return the title of a clause's document, with the provider before it if the title does not name it."""
    name = provider(clause.provider)
    return (
        clause.document_title if name.lower() in clause.document_title.lower() else f"{name}: {clause.document_title}"
    )


def terms(run: RunInfo, *, contracts: bool = False) -> str:
    """Return which terms the records were judged under; `contracts` says whether some were declared."""
    match run.terms:
        case "in-force":
            own = "each record under the terms in force on its own day"
            return f"{own}, or on the day of the contract that fixes them" if contracts else own
        case "latest":
            return f"every record under the terms in force on {day(run.now)}"
        case name if parse_time(name):
            return f"every record under the terms in force on {day(name)}"
        case name:
            return f"every record under the terms in {name} for the documents that it holds, else under those in force"


def listing(parts: list[str]) -> str:
    """Return parts as `a, b and c`."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + f" and {parts[-1]}" if parts else ""
