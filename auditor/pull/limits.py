"""How long a server asks to wait, in all the ways in which servers say it."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SPANS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
EPOCH = 1_000_000_000
"""Numbers from here on are points in time, smaller ones are seconds to wait."""


def asked_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds after which the server is to be asked again, or None if it does not say.

    Known are `retry-after-ms`, `Retry-After` (seconds or date, RFC 9110), `x-ratelimit-reset-*` (OpenAI: spans such as
    `6m0s`), `x-ratelimit-reset` (seconds, or a point in time) and `anthropic-ratelimit-*-reset` (RFC 3339). Of several
    limits those count of which nothing is left, or all of them if that is not told.
    """
    if (wait := _number(headers.get("retry-after-ms", ""))) is not None:
        return wait / 1000
    if value := headers.get("retry-after", "").strip():
        return _number(value) if _number(value) is not None else _until(value, now, parsedate_to_datetime)
    waits = {name: wait for name, value in headers.items() if (wait := _reset(name.lower(), value, now)) is not None}
    used_up = [wait for name, wait in waits.items() if headers.get(_remaining(name), "").strip() in ("0", "0.0")]
    return max(used_up or waits.values(), default=None)


def used_up(headers: Mapping[str, str]) -> bool:
    """Return whether nothing is left of a limit."""
    return any(
        "ratelimit" in name.lower() and "remaining" in name.lower() and value.strip() == "0"
        for name, value in headers.items()
    )


def _remaining(name: str) -> str:
    """The header that tells what is left of the limit whose reset the header `name` tells."""
    return name.lower().replace("reset", "remaining")


def _reset(name: str, value: str, now: datetime) -> float | None:
    if "ratelimit" not in name or "reset" not in name:
        return None
    value = value.strip()
    if (number := _number(value)) is not None:
        if number < EPOCH:
            return number
        seconds = number / 1000 if number > EPOCH * 1000 else number
        return max(0.0, seconds - now.timestamp())
    if SPAN.sub("", value) == "" and value:
        return sum(float(amount) * SPANS[unit] for amount, unit in SPAN.findall(value))
    return _until(value, now, datetime.fromisoformat)


def _number(value: str) -> float | None:
    value = value.strip()
    return float(value) if re.fullmatch(r"\d{1,15}(\.\d{1,9})?", value) else None


def _until(value: str, now: datetime, parse: Callable[[str], datetime]) -> float | None:
    try:
        moment = parse(value)
    except (ValueError, TypeError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
