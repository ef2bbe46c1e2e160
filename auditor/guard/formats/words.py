"""What sentences on cards say of who wrote a dataset, and licences in the spellings that files use."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache

import re2

from auditor.registry.tables import registry
from auditor.resources import resource_dir
from auditor.yamlfile import read_yaml

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
LABELLED = re2.compile(
    r"(?i)\b(?:generator|teacher|generation|model|answers?|responses?|outputs?|completions?)\s*(?:model)?\s*[:|=]\s*(.{0,60})"
)
NEGATED = re2.compile(
    r"(?i)\b(?:not|never|no longer)\s+(?:\w+\s+){0,2}?(?:generat|synthesi|distill|creat|produc|writ|annotat|used|includ|conta)"
    r"|\bnot\s+(?:from|by|with)\b|\b(?:without|except|exclud\w*)\b[^,;]{0,60}\b(?:by|from|with|of|using)\b|\b(?:answers?|rows?|outputs?|responses?|texts?)\b"
    r"[^,;]{0,60}\b(?:removed|filtered out|excluded)|^\W*(?:no|none)\b"
)
COMPARED = re.compile(
    r"(?i)\b(?:(?:compar\w+|similar|superior|inferior|equal|better|worse)\s+(?:with|to|than|against)|baselines?|"
    r"to\s+(?:judge|evaluate|assess|test|challenge|benchmark)|models\s+such\s+as)\b.*"
)
PERSON = re.compile(
    r"\bClaude\s+(?!Opus|Sonnet|Haiku|Instant|Code|AI|API|Pro|Max)[A-Z][a-z]+"
    r"|\b(?:Gemini|Claude)\s+(?:staff|team|telescope|observatory|exchange)"
)
"""People and institutions that bear the name of a model."""
SPACED = re.compile(r"\b(GPT|DeepSeek|Llama|Claude|Gemini|Qwen|Mistral|Mixtral|Grok)[  ](?=[A-Z]?\d)")
WORD = re.compile(r"[A-Za-z][\w./:+-]*\w")
BARE = frozenset(("chatgpt", "claude", "gemini", "bard", "copilot", "grok"))
"""Names of models that say enough without a number."""
HINTS = re.compile(
    r"(?i)gpt[-‑ ]?\d|\b(?:openai|chatgpt|anthropic|claude|gemini|copilot|deepseek|llama|mistral|qwen|sharegpt|alpaca|"
    r"command[ -]r|kimi|vicuna|palm[ -]?2|rlaif|model[- ]generated|llm[- ](?:output|generated|written|response)\w*|"
    r"(?:by|from|with|using|used)\s+(?:an?\s+|the\s+|large\s+)*(?:llms?|language models?)|synthetic|distill|"
    r"ai[- ]generated|machine[- ](?:generated|translated)|self-instruct)"
)
"""Words by which a text may say, in a sentence that is not understood, that models wrote something."""
SENTENCE = re.compile(r"[.!?;]\s|\s+and\s+(?=\w+\s+(?:were|was|are|is)\b)")
PART = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*|#>]|\d+[.)]))")
"""What lies between the paragraphs, items and rows of Markdown."""
CC = re.compile(r"creativecommons\.org/(?:licenses/([a-z-]+)/(\d\.\d)|publicdomain/zero/(\d\.\d))")


def models_named(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield the models that a text says wrote something: name, line from 1, and the sentence (shortened)."""
    at = 0
    body = text[:LONGEST]
    for found in (*PART.finditer(body), None):
        part = body[at : found.start() if found else len(body)]
        flat = SPACED.sub(r"\1-", part.replace("\r", " ").replace("\n", " "))
        for sentence in SENTENCE.split(flat):
            for word in _writers(sentence):
                yield word, _line(body, at, part, word), sentence.strip()[:120]
        at = found.end() if found else len(body)


def _writers(sentence: str) -> Iterator[str]:
    if NEGATED.search(sentence):
        return
    said = COMPARED.sub("", PERSON.sub("", sentence))
    parts = [made.group(1) for pattern in (MADE_BY, USED, WROTE, LABELLED) if (made := pattern.search(said))]
    for word in WORD.findall(" | ".join(parts)):
        word = re.sub(r"(?i)-(?:generated|written|annotated|produced|created)$", "", word)
        if is_model(word):
            yield word


def _line(body: str, at: int, part: str, word: str) -> int:
    """The line of a word in a part of a text, or of where that begins."""
    found = re.search(re.escape(word).replace(r"\-", r"[-\s]"), part)
    inside = found.start() if found else 0
    return body.count("\n", 0, at + inside) + 1


def hints(text: str) -> bool:
    """Return whether a text may speak of models that wrote something."""
    return HINTS.search(text[:LONGEST]) is not None


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
    """Return how much a licence closes, by the lists of the packs: 2 commerce, 1 not stated or of its own, 0 the rest."""
    folded = licence.lower()
    lists = enumerate(("unstated-dataset-licences", "non-commercial-dataset-licences"), 1)
    return max((how for how, name in lists if any(fnmatchcase(folded, p) for p in _patterns(name))), default=0)


@lru_cache
def _patterns(name: str) -> tuple[str, ...]:
    """The values of a list of the shipped packs."""
    value = read_yaml(resource_dir("policies") / "lists" / f"{name}.yaml").value
    values = value.get("values") if isinstance(value, dict) else None
    return tuple(str(item).lower() for item in values) if isinstance(values, list) else ()
