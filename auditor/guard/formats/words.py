"""What sentences on cards say of who wrote a dataset, and licences in the spellings that files use."""

import re
from collections.abc import Iterator

import re2

from auditor.registry.tables import registry

LONGEST = 400_000
"""Characters of a card's text that are read."""
MADE_BY = re2.compile(
    r"(?i)\b(?:generat|synthesi[sz]|distill|creat|produc|writ|annotat|label|augment|translat|answer|complet|respon|output|scored?|judg)"
    r"\w*\b.{0,60}?\b(?:by|with|using|from|of|through|via)\b(.{0,90})"
)
USED = re2.compile(
    r"(?i)\bus(?:ed|es|ing)\b(.{0,60}?)\bto\s+(?:\w+ly\s+)?(?:generat|synthesi[sz]|creat|produc|writ|annotat|label|translat|answer|respond)"
)
WROTE = re2.compile(r"(?i)(.{0,40}?)[\s-](?:wrote|generated|produced|created|annotated|answered|synthesi[sz]ed)\b")
NEGATED = re2.compile(r"(?i)\b(not|never|without|except|exclud\w*|remov\w*|filtered out|no longer)\b|^\W*(no|none)\b")
WORD = re.compile(r"[A-Za-z][\w./:+-]*\w")
BARE = frozenset(("chatgpt", "claude", "gemini", "bard", "copilot", "grok"))
"""Names of models that say enough without a number."""
CC = re.compile(r"creativecommons\.org/(?:licenses/([a-z-]+)/(\d\.\d)|publicdomain/zero/(\d\.\d))")


def models_named(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield the models that a text says wrote something: name, line from 1, and the sentence (shortened)."""
    for number, line in enumerate(text[:LONGEST].splitlines(), 1):
        for sentence in re.split(r"[.!?]\s", line):
            if NEGATED.search(sentence):
                continue
            parts = [made.group(1) for pattern in (MADE_BY, USED, WROTE) if (made := pattern.search(sentence))]
            for word in WORD.findall(" | ".join(parts)):
                word = re.sub(r"(?i)-(?:generated|written|annotated|produced|created)$", "", word)
                if is_model(word):
                    yield word, number, sentence.strip()[:120]


def is_model(word: str) -> bool:
    """Return whether a word is the name of a known model, and not a plain word or a person's name."""
    numbered = any(character.isdigit() for character in word)
    return (numbered or word.lower() in BARE) and registry().model(word).maker is not None


def spdx(licence: str) -> str:
    """Return a licence by its SPDX id where it is written as an address, else as it stands."""
    if found := CC.search(licence):
        return f"CC-{found.group(1).upper()}-{found.group(2)}" if found.group(1) else f"CC0-{found.group(3)}"
    for start in ("https://spdx.org/licenses/", "http://spdx.org/licenses/", "https://opensource.org/licenses/"):
        if licence.startswith(start):
            return licence.removeprefix(start).removesuffix(".html").rstrip("/")
    return licence


def strictness(licence: str) -> int:
    """Return how much a licence closes, as far as its name tells: 2 commerce, 1 not stated or of its own, 0 the rest."""
    folded = licence.lower().replace("_", "-").replace(" ", "-")
    if any(word in folded for word in ("-nc", "noncommercial", "non-commercial", "research-only", "academic")):
        return 2
    return 1 if folded in ("unspecified", "unknown", "other", "custom", "various", "no-license", "none", "") else 0
