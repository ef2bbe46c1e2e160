"""Hostile text from records: no report lets it become markup, a link, a formula, a line or an invisible character."""

import csv
import io
import json
import re
import unicodedata
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from auditor.model.rundata import RunData
from auditor.reports import escape, render
from auditor.reports.environment import is_web_address
from tests.reports.example import example_run
from tests.reports.runs import hostile_run

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><style>body{display:none}",
    "</title></script><!--",
    "javascript:alert(1)",
    'https://example.invalid/" onclick="alert(1)',
    "[x](javascript:alert(1))",
    "![x](http://example.invalid/x.png)",
    "a|b|c",
    "`code` **bold** _it_ ~~s~~",
    "\n\n# heading\n\n- list\n\n> quote",
    "http://example.invalid www.example.invalid",
    "<!-- comment -->",
    "{{ 7 * 7 }} {% raw %}",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\uff1d1+1",
    '",=1+1',
    "\u202egnp.exe",
    "\u2066x\u2069",
    "\u200bzero\ufeff",
    "\x1b[2J\x1b]8;;http://example.invalid/\x07click",
    "line\u2028separator\u0085next\x0b\x0c",
    "\U000e0049tag",
    "o\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307",
    "\x00nul",
    "&lt;b&gt;",
    "1. one",
    "",
]


class Shape(HTMLParser):
    """Collects the elements, attributes and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.addresses: set[str] = set()
        self.others: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src", "action", "data", "style")}
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)


def invisible(text: str) -> set[str]:
    return {hex(ord(c)) for c in text if c != "\n" and not c.isprintable() and unicodedata.category(c) != "Zs"}


def test_the_page_has_no_element_attribute_or_address_of_its_own_making():
    plain, hostile = Shape(render(example_run(), "html")), Shape(render(hostile_run(ATTACKS), "html"))
    assert hostile.tags <= plain.tags
    assert hostile.attributes <= plain.attributes
    assert hostile.others == plain.others == []
    assert not {"script", "img", "iframe", "object", "link", "base", "form"} & hostile.tags
    for address in hostile.addresses:
        assert address.startswith("#") or is_web_address(address)


def test_a_page_makes_no_requests_and_needs_no_script():
    text = render(example_run(), "html")
    assert "default-src 'none'" in text
    assert not re.search(r"<script|<link|<img|@import|url\((?!#)|javascript:", text)
    shape = Shape(text)
    assert len(shape.ids) == len(set(shape.ids))
    assert {a[1:] for a in shape.addresses if a.startswith("#")} <= set(shape.ids)


@pytest.mark.parametrize("name", ["html", "md"])
def test_nothing_invisible_is_left(name):
    text = render(hostile_run(ATTACKS), name)
    assert invisible(text) == set()
    assert r"\u202e" in text.replace(r"\\", "\\")


def test_markdown_has_no_markup_of_its_own_making():
    def kinds(run: RunData) -> tuple[set[str], set[str]]:
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(render(run, "md"))
        inner = [child for token in tokens for child in token.children or ()]
        html = {
            t.content
            for t in (*tokens, *inner)
            if t.type in ("html_inline", "html_block") and not t.content.startswith("<a href=")
        }
        return {t.type for t in (*tokens, *inner)}, html

    (plain, plain_html), (hostile, hostile_html) = kinds(example_run()), kinds(hostile_run(ATTACKS))
    assert hostile <= plain
    assert hostile_html <= plain_html == {"<code>", "</code>", "</a>"}


def test_markdown_makes_no_link_of_a_bare_address():
    assert escape.markdown("see http://x.example or www.x.example") == r"see http\://x.example or www\.x.example"


def test_csv_has_no_formula_and_no_broken_row():
    run = hostile_run(ATTACKS)
    rows = list(csv.reader(io.StringIO(render(run, "csv"), newline="")))
    assert len(rows) == len(ATTACKS) + 1
    assert {len(row) for row in rows} == {len(rows[0])}
    for row in rows[1:]:
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r", "\n", "\uff1d")), cell
            assert not cell.startswith("-") or re.fullmatch(r"-[\d.]+", cell), cell
            assert invisible(cell) == set()
    summaries = {row[15] for row in rows}
    assert {"'=1+1", r"'\t=1+1", r"'\n=1+1", "' =1+1", "<script>alert(1)</script>"} <= summaries


def test_csv_keeps_numbers():
    assert [str(escape.csv(v)) for v in (-3, 2.5, None, True, "-3")] == ["-3", "2.5", "", '"True"', '"\'-3"']


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_json_survives_and_is_one_value_a_line(name):
    run = hostile_run(ATTACKS)
    text = render(run, name)
    assert invisible(text) == set()
    assert "<" not in text
    found = json.loads(text)["findings"] if name == "json" else [json.loads(line) for line in text.splitlines()]
    assert [item["summary"] for item in found] == ATTACKS


def test_visible():
    assert escape.visible("a\u00a0b Ünïcode 日本") == "a\u00a0b Ünïcode 日本"
    assert escape.visible("a\nb\t\u202e\U000e0049") == r"a\nb\t\u202e\U000e0049"
    assert escape.visible("e\u0301") == "e\u0301"


@pytest.mark.parametrize(
    "text", ["http://a.example", "javascript:x", "https://a.example/ b", "https://a|b", "https://\u202e.example", ""]
)
def test_only_plain_https_is_a_link(text):
    assert not is_web_address(text)
