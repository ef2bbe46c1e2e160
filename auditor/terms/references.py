"""Finds the sections that a pack means by `3.3(e), Permitted Exception`: by number, else by heading. Guesses nothing."""

from dataclasses import dataclass

import re2

from auditor.terms.markers import ordinals
from auditor.terms.sections import Section

NOT_NOTED = "not noted"
_PREFIX = re2.compile(r"(?i)^(?:sections?|clauses?|articles?|paragraphs?|§+)\s*")
_LABEL = re2.compile(r"^(?:\d{1,3}|[A-Z]|\([A-Za-z0-9]{1,5}\))(?:\.[A-Za-z0-9]{1,5}|\([A-Za-z0-9]{1,5}\))*$")
_TOKEN = re2.compile(r"[A-Za-z0-9]+")
_RANGE = re2.compile(r"^(.*?)\s+to\s+(\S+)$")
_COMMA, _AND = re2.compile(r"\s*[,;]\s*(?:and\s+)?"), re2.compile(r"\s+and\s+")


@dataclass(frozen=True)
class Found:
    """The sections that a reference means; or none, and `problem` says why."""

    sections: tuple[Section, ...] = ()
    problem: str = ""


def find(reference: str, sections: tuple[Section, ...]) -> Found:
    """Return the sections that a reference means; all of its parts must be found, and each only once."""
    reference = reference.strip()
    if reference.casefold() == NOT_NOTED:
        return Found(problem="the pack does not say in which section the clause stands")
    if whole := _one(reference, sections):
        return Found((whole[0],)) if _agree(whole) else Found(problem=_several(reference, whole))
    found: list[Section] = []
    for part in _parts(reference, sections):
        matches = _one(part, sections)
        if not matches:
            return Found(problem=f"no section '{part}' in the text")
        if not _agree(matches):
            return Found(problem=_several(part, matches))
        found += [matches[0]] if matches[0] not in found else []
    return Found(tuple(found))


def _agree(matches: list[Section]) -> bool:
    return len({section.hash for section in matches}) == 1


def _several(part: str, matches: list[Section]) -> str:
    return f"'{part}' may mean {len(matches)} sections of the text"


def _parts(reference: str, sections: tuple[Section, ...]) -> list[str]:
    parts: list[str] = []
    for part in filter(None, _COMMA.split(reference)):
        halves = [part] if _one(part, sections) else list(filter(None, _AND.split(part)))
        for half in halves:
            parts += _range(half)
    return parts


def _range(part: str) -> list[str]:
    """`3.a to 3.d` as its four sections, or the part itself."""
    ends = _RANGE.match(part)
    if not ends or not _LABEL.match(ends.group(1)) or not _LABEL.match(ends.group(2)):
        return [part]
    first, last = _TOKEN.findall(ends.group(1)), _TOKEN.findall(ends.group(2))
    low, high = first[-1], last[-1]
    if len(low) != 1 or len(high) != 1 or (first[:-1] != last[:-1] and len(last) > 1) or low >= high:
        return [part]
    stem = ends.group(1).rstrip(")")[: -len(low)]
    close = ")" if ends.group(1).endswith(")") else ""
    return [f"{stem}{chr(code)}{close}" for code in range(ord(low), ord(high) + 1)]


def _one(part: str, sections: tuple[Section, ...]) -> list[Section]:
    """Every section that one part of a reference may mean; one if it is clear."""
    bare = _PREFIX.sub("", part)
    if by_name := [section for section in sections if section.label.casefold() == part.casefold() != ""]:
        return by_name
    if _LABEL.match(bare):
        return _by_label(_TOKEN.findall(bare), sections)
    wanted = _words(part)
    exact = [section for section in sections if section.heading and _words(section.heading) == wanted]
    if exact or not wanted:
        return exact
    return [section for section in sections if f" {wanted} " in f" {_words(section.heading)} "]


def _by_label(wanted: list[str], sections: tuple[Section, ...]) -> list[Section]:
    labelled = [(section, _TOKEN.findall(section.label)) for section in sections if " " not in section.label]
    if exact := [section for section, tokens in labelled if tokens == wanted]:
        return exact
    within = [
        section
        for section, tokens in labelled
        if len(tokens) > len(wanted) > 1 and tokens[: len(wanted) - 1] == wanted[:-1] and tokens[-1] == wanted[-1]
    ]
    return within or [section for section, tokens in labelled if _same_places(tokens, wanted)]


def _same_places(tokens: list[str], wanted: list[str]) -> bool:
    """Whether `1.2.1` stands for `1.b.i`: Markdown knows only decimal lists, so letters may have become numbers."""
    return len(tokens) == len(wanted) and all(
        token == want or (token.isdecimal() and _counts(want) and int(token) in ordinals(want))
        for token, want in zip(tokens, wanted, strict=True)
    )


def _counts(token: str) -> bool:
    return token.isdecimal() or (token.isalpha() and (len(token) == 1 or set(token.casefold()) <= set("ivxl")))


def _words(text: str) -> str:
    return " ".join(_TOKEN.findall(text.casefold()))
