"""The numbers that clauses carry: `3.3`, `(e)`, `iv.`, `•`. Finds them, says in which series they stand, and counts them."""

from dataclasses import dataclass

import re2

BULLET = "bullet"
DOTTED = "dotted"
ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}
MAX_NESTING = 4
MAX_STARTS = 200

_BULLET = re2.compile(r"^(?:[*+-]\s+|[•◦▪‣●]\s*)+")
_WORD = re2.compile(r"(?i)^(?:section|article|clause|§+)\s*((?:\d{1,3}|[A-Z])(?:\.\d{1,3})*)\s*[.:)-]?(?:\s+|$)")
_DOTTED = re2.compile(r"^((?:[A-Z]|\d{1,3})(?:\.\d{1,3})+)(?:[.:)]|\s|$)\s*")
_PLAIN = re2.compile(r"^(\d{1,3}|[A-Za-z]|[ivxl]{1,6}|[IVXL]{1,6})([.)])\s+")
_PAREN = re2.compile(r"^\((\d{1,3}|[A-Za-z]|[ivxl]{1,6}|[IVXL]{1,6})\)\s*")
_HEADING = re2.compile(r"^(\d{1,3}|[A-Z])(?:[.):]\s*|\s+-\s+)")
_HEADING_BARE = re2.compile(r"^(\d{1,2})\s+")
_INLINE = re2.compile(r"(^|[\s:;,*])\((\d{1,2}|[a-zA-Z]|[ivxl]{2,5})\)\s+")
_REFERS = re2.compile(
    r"(?i)(?:\b(?:sections?|clauses?|paragraphs?|subsections?|items?|articles?|parts?)"
    r"|\([a-z0-9]{1,5}\)(?:,| and| or| to| through)*)\s*$"
)
"""What stands before a number that only refers to a clause: `clauses (a) and (b)`."""
_SENTENCE = re2.compile(r"""\.["'*_)]*\s+["'*_(]*[A-Z]""")
_EMPHASIS = re2.compile(r"^[*_]{1,3}")


@dataclass(frozen=True)
class Marker:
    """What a line starts with: the number as written, how it is written (`.`, `)`, `()`, dotted, bullet), and where."""

    number: str
    form: str


def split_marker(line: str, *, heading: bool = False) -> tuple[Marker | None, str]:
    """Return the marker at the start of a line, and the line without it. Emphasis around the number is looked through."""
    rest = _BULLET.sub("", line)
    bullet = rest != line
    bare = _EMPHASIS.sub("", rest)
    for pattern, form in ((_WORD, DOTTED), (_DOTTED, DOTTED), (_PAREN, "()"), (_PLAIN, "")):
        if found := pattern.match(bare):
            kind = form or str(found.group(2))
            return Marker(found.group(1), kind if kind != DOTTED or "." in found.group(1) else "."), _opened(
                rest, bare, found.end()
            )
    if heading and (found := _HEADING.match(bare) or _HEADING_BARE.match(bare)):
        return Marker(found.group(1), "."), _opened(rest, bare, found.end())
    return (Marker("", BULLET), rest) if bullet else (None, line)


def _opened(rest: str, bare: str, end: int) -> str:
    """What follows a number; if emphasis opened before the number, it is opened again after it."""
    return rest[: len(rest) - len(bare)] + bare[end:] if bare[end:] else ""


def series(number: str) -> list[str]:
    """Return the series that a number may stand in, the likelier first."""
    if number.isdecimal():
        return ["1"]
    lower = number.islower()
    roman = ["i" if lower else "I"] if set(number.lower()) <= set(ROMAN) else []
    letter = ["a" if lower else "A"] if len(number) == 1 else []
    return [*roman, *letter] if number.lower() in ("i", "ii") or not letter else [*letter, *roman]


def ordinal(number: str, kind: str) -> int:
    """Return the place of a number in its series, from 1."""
    if kind == "1":
        return int(number)
    if kind in "aA":
        return ord(number.lower()) - ord("a") + 1
    values = [ROMAN[digit] for digit in number.lower()]
    return sum(-value if value < max(values[i:]) else value for i, value in enumerate(values))


def ordinals(number: str) -> set[int]:
    """Return every place that a number may mean: `i` is the ninth letter and the first Roman number."""
    return {ordinal(number, kind) for kind in series(number)} if number else set()


def follows(before: Marker, after: Marker) -> bool:
    """Whether a marker is the next in the list of another: 3.4 after 3.3, (c) after (b), a bullet after a bullet."""
    if before.form != after.form:
        return False
    stem, _, last = before.number.rpartition(".")
    next_stem, _, next_last = after.number.rpartition(".")
    kinds = set(series(last)) & set(series(next_last)) if last and next_last else set()
    return stem == next_stem and (not kinds or any(ordinal(next_last, k) == ordinal(last, k) + 1 for k in kinds))


def enumerated(text: str) -> tuple[str, list[tuple[str, str]], str]:
    """Split a paragraph at the list that runs within it: `you may not (a) …; (b) …`.

    Only a list of two or more that starts at its beginning counts. What stands after its last item belongs to that item, so
    that nothing is lost, unless a later sentence has a list of its own.

    Returns:
        What stands before the list; each item as its number and its words, none if there is no such list; and the sentences
        that have a list of their own.
    """
    run = _first_run(text)
    if not run:
        return text, [], ""
    ends = [start for start, _, _ in run[1:]] + [len(text)]
    items = [(number, text[begin:end]) for (_, begin, number), end in zip(run, ends, strict=True)]
    number, last = items[-1]
    inner = _first_run(last)
    breaks = [match.end() - 1 for match in _SENTENCE.finditer(last, 0, inner[0][0])] if inner else []
    cut = breaks[-1] if breaks else len(last)
    return text[: run[0][0]], [*items[:-1], (number, last[:cut])], last[cut:]


def _first_run(text: str) -> list[tuple[int, int, str]]:
    """The first list within a paragraph: of each item where it starts, where its words start, and its number."""
    found = [
        (match.start(2) - 1, match.end(), match.group(2))
        for match in _INLINE.finditer(text)
        if not _REFERS.search(text[max(0, match.start(2) - 20) : match.start(2) - 1])
    ]
    for first in range(min(len(found), MAX_STARTS)):
        for kind in series(found[first][2]):
            if ordinal(found[first][2], kind) == 1 and len(run := _run(found[first:], kind)) > 1:
                return run
    return []


def _run(found: list[tuple[int, int, str]], kind: str) -> list[tuple[int, int, str]]:
    run: list[tuple[int, int, str]] = []
    for item in found:
        if kind in series(item[2]) and ordinal(item[2], kind) == len(run) + 1:
            run.append(item)
    return run
