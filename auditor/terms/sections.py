"""A text as sections: what stands under one heading or one number, with a hash of its wording. Does no I/O."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import re2

from auditor.terms.blocks import Block, blocks
from auditor.terms.markers import BULLET, DOTTED, MAX_NESTING, enumerated, ordinal, series
from auditor.terms.normal import is_day, normalise

PREAMBLE, FRONT = "preamble", "front"
_BESIDE = re2.compile(r"""\s*(["'()\[\]-])\s*""")
_TAIL = re2.compile(r"[\s;,.]*(?:\b(?:and/or|and|or))?[\s;,.:]*$")


@dataclass(frozen=True)
class Section:
    """What stands under one heading or one number.

    Attributes:
        label: its number within the document, such as `4.2(3)`; `preamble` for what stands before the first; for bullets
            the label above and `item 2`; empty for a heading without a number.
        heading: the words that it is called by, or nothing.
        text: its wording and that of everything below it, one line each, without numbers.
        hash: the first 16 hexadecimal digits of the SHA-256 of that wording.
    """

    label: str
    heading: str
    text: str
    hash: str

    @property
    def name(self) -> str:
        """Label and heading as a person would cite them."""
        return (
            " ".join(part for part in (self.label, f"'{self.heading}'" if self.heading else "") if part) or "(no name)"
        )


@dataclass
class _Node:
    """A section while the text is read. `listed` nodes end at a paragraph that is indented no deeper."""

    kind: str
    indent: int
    label: str = ""
    heading: str = ""
    level: int = 0
    number: str = ""
    listed: bool = False
    parts: "list[str | _Node]" = field(default_factory=list)

    @property
    def children(self) -> "list[_Node]":
        return [part for part in self.parts if isinstance(part, _Node)]

    def lines(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, _Node):
                yield from part.lines()
            elif part:
                yield part


class _Outline:
    """Nests blocks: by level of heading, by dotted number, by indentation, and by the series a number stands in."""

    def __init__(self) -> None:
        self.root = _Node("root", -1)
        self.stack = [self.root]

    def add(self, block: Block) -> None:
        if block.level:
            self._open_heading(block)
        elif block.marker:
            self._open_marked(block)
        elif block.defines:
            self._close_lists(block.indent)
            self._push(_Node("definition", block.indent, heading=block.defines, listed=True), block)
        else:
            self._close_lists(block.indent)
            _fill(self.stack[-1], block.text, MAX_NESTING)

    def _open_heading(self, block: Block) -> None:
        number = block.marker.number if block.marker else ""
        while len(self.stack) > 1:
            top = self.stack[-1]
            if top.level and (_below(number, top.label) if number and top.label else top.level < block.level):
                break
            self.stack.pop()
        kind = block.marker.form if block.marker else "heading"
        self._push(_Node(kind, -1, number, block.heading, block.level, number), block)

    def _open_marked(self, block: Block) -> None:
        assert block.marker
        number, form = block.marker.number, block.marker.form
        if form == DOTTED:
            while len(self.stack) > 1 and not self.stack[-1].level and not _below(number, self.stack[-1].label):
                self.stack.pop()
            self._push(_Node(DOTTED, block.indent, number, block.heading, number=number), block)
            return
        while self.stack[-1].indent > block.indent + 1:
            self.stack.pop()
        kind = self._continue(number, form, block.indent)
        top = self.stack[-1]
        if form == BULLET:
            label = f"{top.label or top.heading} item {sum(child.kind == kind for child in top.children) + 1}".strip()
        else:
            label = _joined(top.label, number, form)
        listed = form == BULLET or (form != "()" and not block.titled)
        self._push(_Node(kind, block.indent, label, block.heading, number=number, listed=listed), block)

    def _continue(self, number: str, form: str, indent: int) -> str:
        """Close the list that the number continues up to its last item, and return the kind of the list it stands in."""
        kinds = [form + kind for kind in series(number)] if number else [form]
        starts = [kind for kind in kinds if number and ordinal(number, kind[-1]) == 1]
        open_: dict[str, int] = {}
        for depth in range(len(self.stack) - 1, 0, -1):
            node = self.stack[depth]
            if node.level:
                break
            if node.kind in kinds and abs(node.indent - indent) <= 1:
                if not number or ordinal(number, node.kind[-1]) == ordinal(node.number, node.kind[-1]) + 1:
                    del self.stack[depth:]
                    return node.kind
                open_.setdefault(node.kind, depth)
        new = [kind for kind in starts if kind not in open_] or ([] if open_ else kinds)
        if new:
            return new[0]
        kind, depth = next(iter(open_.items()))
        del self.stack[depth:]
        return kind

    def _close_lists(self, indent: int) -> None:
        while len(self.stack) > 1 and not self.stack[-1].level:
            top = self.stack[-1]
            if indent < top.indent or (top.listed and indent <= top.indent):
                self.stack.pop()
            else:
                break

    def _push(self, node: _Node, block: Block) -> None:
        self.stack[-1].parts.append(node)
        self.stack.append(node)
        if block.titled:
            node.parts.append(block.heading or normalise(block.text))
        else:
            _fill(node, block.text, MAX_NESTING)


def _fill(node: _Node, text: str, depth: int) -> None:
    """Add a paragraph to a node, split at the list that runs within it."""
    lead, items, rest = enumerated(text) if depth else (text, [], "")
    wording = normalise(lead)
    node.parts.append("" if is_day(wording) else wording)
    for number, words in items:
        child = _Node("inline", node.indent, _joined(node.label, number, "()"), number=number)
        _fill(child, words, depth - 1)
        node.parts.append(child)
    if rest:
        _fill(node, rest, depth - 1)


def _joined(above: str, number: str, form: str) -> str:
    if form == "()":
        return f"{above}({number})"
    return f"{above}.{number}" if above and " item " not in above else number


def _below(number: str, label: str) -> bool:
    return bool(label) and number.startswith(label + ".")


def text_hash(text: str) -> str:
    """Return the hash of a wording.

    Nothing depends on how it is broken into lines, on spaces beside quotes, brackets and dashes, or on the `; and` at the
    end of an item, which moves when an item is added.
    """
    tight = _BESIDE.sub(r"\1", " ".join(text.split()))
    return hashlib.sha256(_TAIL.sub("", tight).encode()).hexdigest()[:16]


def sections(text: str) -> tuple[Section, ...]:
    """Return the sections of a Markdown text in their order, those above before those below them.

    A section's wording holds that of all sections below it, so that who relies on 3.4 also relies on 3.4(2). Its own number
    and those below it are no part of the wording: a clause that is only renumbered keeps its hash. Its heading is part of it.
    A line that is only a date is none, for lists of earlier versions grow without the terms changing.
    """
    outline = _Outline()
    for block in blocks(text):
        outline.add(block)
    _number_headings(outline.root)
    return tuple(_flat(_without_title(outline.root)))


def _number_headings(node: _Node) -> None:
    """Number a heading without a number: 2 if the clauses right below it are 2.1 and so on, or if it stands between 1 and 3."""
    for child in node.children:
        _number_headings(child)
    dotted = {child.label.rpartition(".")[0] for child in node.children if child.kind == DOTTED}
    if node.level and not node.label and len(dotted) == 1:
        node.label = dotted.pop()
    headings = [child for child in node.children if child.level]
    for before, heading, after in zip(headings, headings[1:], headings[2:], strict=False):
        if before.label.isdecimal() and after.label.isdecimal() and not heading.label:
            number = int(before.label) + 1
            heading.label = str(number) if int(after.label) == number + 1 else ""


def _without_title(root: _Node) -> _Node:
    """Take the title of the document off, so that it is no section that holds all others; what follows it is the preamble."""
    titles = [part for part in root.children if part.level]
    loose = [part for part in root.parts if isinstance(part, str) or not part.level]
    if len(titles) != 1 or titles[0].label or any(isinstance(part, _Node) and part.number for part in loose):
        preamble, front, rest = _until_section(root.parts), [], root.parts
        title = ""
    else:
        preamble, front, rest, title = _until_section(titles[0].parts), loose, titles[0].parts, titles[0].heading
    flat = _Node("root", -1)
    for label, parts in ((FRONT, front), (PREAMBLE, preamble)):
        if any(parts):
            flat.parts.append(_Node(label, -1, label, title if label == PREAMBLE else "", parts=list(parts)))
    flat.parts += rest[len(preamble) :]
    return flat


def _until_section(parts: "list[str | _Node]") -> "list[str | _Node]":
    for index, part in enumerate(parts):
        if isinstance(part, _Node) and (part.level or part.number):
            return parts[:index]
    return parts[: next((i for i, part in enumerate(parts) if isinstance(part, _Node)), len(parts))]


def _flat(node: _Node) -> Iterator[Section]:
    for child in node.children:
        text = "\n".join(child.lines())
        if text:
            yield Section(child.label, child.heading, text, text_hash(text))
        yield from _flat(child)
