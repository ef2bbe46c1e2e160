"""Markdown to blocks: headings, marked clauses and paragraphs, each with its indentation. Knows nothing of how they nest."""

from dataclasses import dataclass

import re2

from auditor.terms.markers import Marker, follows, split_marker
from auditor.terms.normal import clean, normalise, prepare

_ATX = re2.compile(r"^(#{1,6})\s+(.*?)[\s#]*$")
_UNDERLINE = re2.compile(r"^(?:=+|-{2,})$")
_QUOTE = re2.compile(r"^(?:>\s?)+")
_LEAD = re2.compile(r"^(?:\*\*|__)([^*_]{1,80})(?:\*\*|__)")
_DEFINES = re2.compile(
    r'^[*_]*"[*_]*([A-Z][^"*_]{1,80})[*_]*"[*_]*,? (?:means|mean|refers to|has the meaning|shall mean)\b'
)
ENDS = (".", ";", ":", ",", "!", "?", '"', ")")
SHORT = 100
TITLE = 50
"""A title above a line is no longer than this; a line that is broken in the middle of a sentence is longer."""


@dataclass
class Block:
    """One heading, clause or paragraph: `level` is 1 to 6 for a heading and 0 otherwise; `text` still has its emphasis."""

    text: str
    indent: int
    level: int = 0
    marker: Marker | None = None

    @property
    def heading(self) -> str:
        """The words that the block is called by, or nothing: all of a heading, the bold start or the short line of a clause."""
        if self.level:
            return _title(self.text)
        if self.marker and (lead := _LEAD.match(self.text)):
            return _title(lead.group(1))
        return _title(self.text) if self.titled else ""

    @property
    def titled(self) -> bool:
        """Whether the block is no more than a title: a heading, or a numbered line without a sentence in it."""
        if self.level:
            return True
        if not self.marker or not self.marker.number or len(self.text) > 2 * SHORT:
            return False
        if lead := _LEAD.match(self.text):
            return len(normalise(self.text[lead.end() :])) <= 1
        wording = normalise(self.text)
        capital = wording[:1].isupper() and self.marker.form != "()"
        return capital and len(wording) <= SHORT and not wording.endswith((*ENDS, "and", "or"))

    @property
    def defines(self) -> str:
        """The term that the paragraph defines, or nothing."""
        found = None if self.level or self.marker else _DEFINES.match(self.text)
        return _title(found.group(1)) if found else ""


def _title(text: str) -> str:
    return normalise(text).rstrip(".:; ")


def blocks(text: str) -> list[Block]:
    """Return the blocks of a Markdown text in their order."""
    found: list[Block] = []
    open_ = False
    for raw in prepare(clean(text)).split("\n"):
        line = _QUOTE.sub("", raw.strip()).strip()
        indent = len(raw) - len(raw.lstrip(" "))
        if not line:
            open_ = False
        elif _UNDERLINE.match(line):
            if open_ and found[-1].level == 0:
                found[-1] = _underlined(found[-1], 1 if line[0] == "=" else 2)
            open_ = False
        elif heading := _ATX.match(line):
            marker, rest = split_marker(heading.group(2), heading=True)
            found.append(Block(rest, indent, len(heading.group(1)), marker))
            open_ = False
        elif open_ and not _interrupts(found[-1], line):
            found[-1].text += " " + line
        else:
            marker, rest = split_marker(line)
            found.append(Block(rest, indent, 0, marker))
            open_ = True
    return found


def _underlined(block: Block, level: int) -> Block:
    if block.marker is None or not block.marker.number:
        marker, rest = split_marker(block.text, heading=True)
        return Block(rest, 0, level, marker)
    return Block(block.text, 0, level, block.marker)


def _interrupts(above: Block, line: str) -> bool:
    """Whether a line starts a block of its own though no blank line stands above it; a wrapped sentence does not."""
    marker, _ = split_marker(line)
    if marker is None:
        return False
    same_list = above.marker is not None and follows(above.marker, marker)
    title = above.titled and len(above.text) <= TITLE
    return same_list or not marker.number or title or normalise(above.text).endswith((*ENDS, "and", "or"))
