"""The wording of a text: everything that is layout, typography, link or tracking taken away. Knows nothing of sections.

Used on Markdown as Open Terms Archive writes it, and on Markdown made from HTML. Expressions are RE2, for the text is a
stranger's and must not be able to make us hang.
"""

import html
import unicodedata

import re2

from auditor.errors import AuditorError

MAX_PASSES = 60
INVISIBLE = frozenset(
    [
        *(0x034F, 0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0),
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    ]
)
"""Characters that show nothing though Unicode counts them as letters or marks."""
NEWLINES = "\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"
SINGLE_QUOTES, DOUBLE_QUOTES = "‘’‚‛′‵´ʼ＇`", "“”„‟″‶«»＂"
DASHES = "‐‑‒–—―−⁃﹘﹣－"

DAY = (
    r"(?:[A-Za-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}"
    r"|\d{1,2}(?:st|nd|rd|th)? [A-Za-z]{3,9}\.?,? \d{4}|\d{4}-\d{2}-\d{2})"
)
AGO = (
    r"(?:about |over |almost |more than )?(?:\d+|an?|one|two|three|four|five|six|several|few) "
    r"(?:second|minute|hour|day|week|month|year)s? ago"
)
TOUCHED = r"(?:last )?(?:updated?|modified|revised|edited|changed|published|posted)"

_COMMENT = re2.compile(r"(?s)<!--.*?-->")
_LINK = re2.compile(r'!?\[([^\[\]]*)\]\(\s*(?:[^()\s]|\([^()\s]*\))*(?:\s+(?:"[^"]*"|\'[^\']*\'))?\s*\)')
_REFERENCE = re2.compile(r"\[([^\[\]]+)\]\[[^\[\]]*\]")
_DEFINITION = re2.compile(r"(?m)^ {0,3}\[[^\[\]]+\]:[ \t]+\S.*$")
_AUTOLINK = re2.compile(r"<((?:https?://|mailto:)[^<>\s]*)>")
_INLINE_TAG = re2.compile(r"(?i)</?(?:a|abbr|b|code|em|font|i|mark|small|span|strong|sub|sup|u)(?:\s[^<>]*)?/?>")
_TAG = re2.compile(r"</?[A-Za-z][^<>]*>")
_URL_QUERY = re2.compile(r"""(https?://[^\s"'<>()\[\]?#]*)[?#](?:[^\s"'<>()\[\]]*[^\s"'<>()\[\].,;:!?*_])?""")
_RULE = re2.compile(r"(?m)^[ \t]*(?:[-=]{2,}|(?:- ){2,}-)[ \t]*$")
_LINE_START = re2.compile(r"(?m)^[ \t]*(?:[>+-][ \t]+|>)+")
_DATED = re2.compile(rf"(?i)\b(?:{TOUCHED}:? {AGO}|last (?:updated?|modified|revised)(?: date)?(?: on)?:? ?{DAY})\.?")
_ONLY_AGO = re2.compile(rf"(?im)^[ \t]*{AGO}[ \t]*$")
_ONLY_DAY = re2.compile(rf"^{DAY}$")
_DASHES = re2.compile(r"\s*-(?:[\s-]*-)?\s*")
_BEFORE = re2.compile(r"\s+([,.;:!?)\]])")
_AFTER = re2.compile(r"([(\[])\s+")
_DROPPED = str.maketrans("", "", "*_`~#|\\•◦▪‣●○■□∙")


class _Characters(dict[int, int | str | None]):
    """A table for `str.translate` that is filled as characters come up: what each becomes, None if it goes."""

    def __missing__(self, code: int) -> int | str | None:
        self[code] = value = _character(code)
        return value


def _character(code: int) -> int | str | None:
    character = chr(code)
    category = unicodedata.category(character)
    if character in NEWLINES:
        return "\n"
    if character == "\r":
        return "\r"  # turned into a line break together with what follows it
    if character == "\t" or category == "Zs":
        return "    " if character == "\t" else " "
    if code in INVISIBLE or category in ("Cc", "Cf", "Cs", "Co"):
        return None
    if character in SINGLE_QUOTES and character != "`":
        return "'"
    if character in DOUBLE_QUOTES:
        return '"'
    return "-" if character in DASHES else code


_CHARACTERS = _Characters()


def clean(text: str) -> str:
    """Return text with plain quotes, dashes and spaces, in NFKC, without characters that show nothing; lines are kept."""
    text = text.translate(_CHARACTERS).replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFKC", text).translate(_CHARACTERS)


def prepare(text: str) -> str:
    """Return clean text with its lines and emphasis, but without link targets, tags, escapes and what tracks a reader."""
    text = _COMMENT.sub("", html.unescape(clean(text)))
    text = _DEFINITION.sub("", text.replace("\\", ""))
    for _ in range(MAX_PASSES):
        text, links = _LINK.subn(r"\1", text)
        if not links:
            break
    text = _AUTOLINK.sub(r"\1", _REFERENCE.sub(r"\1", text))
    return str(_URL_QUERY.sub(r"\1", _TAG.sub(" ", _INLINE_TAG.sub("", text))))


def normalise(text: str) -> str:
    """Return the wording of `text` on one line. Case, punctuation and numbers are kept; the result is its own wording.

    Taken away: link targets, queries of addresses, HTML tags, characters that show nothing, kinds of quotes, dashes and
    spaces, Markdown's marks and escapes, list bullets, and when a page was last updated ("updated 22 days ago").

    Raises:
        AuditorError: the text is nested so deep that its wording cannot be told.
    """
    for _ in range(MAX_PASSES):
        wording = _once(text)
        if wording == text:
            return wording
        text = wording
    raise AuditorError(f"the text is nested more than {MAX_PASSES} deep, and is not read")


def is_day(wording: str) -> bool:
    """Whether a wording is no more than a date."""
    return bool(_ONLY_DAY.match(wording))


def _once(text: str) -> str:
    text = _LINE_START.sub("", _RULE.sub("", prepare(text))).translate(_DROPPED)
    text = _ONLY_AGO.sub("", text)
    text = _DATED.sub("", " ".join(text.split()))
    text = _BEFORE.sub(r"\1", _DASHES.sub("-", " ".join(text.split())))
    return str(_AFTER.sub(r"\1", text)).strip()
