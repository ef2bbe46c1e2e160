"""The difference between two wordings, word by word, short enough to read on a screen."""

import re
from difflib import SequenceMatcher

AROUND = 8
LONGEST = 2_400
MOST_WORDS = 6_000


def difference(old: str, new: str, *, longest: int = LONGEST) -> str:
    """Return what changed: `[-words that went-]` and `{+words that came+}`, each with a few words around it.

    Args:
        old, new: two wordings.
        longest: number of characters after which the rest is left out, and said to be.
    """
    before, after = _words(old), _words(new)
    if max(len(before), len(after)) > MOST_WORDS:
        before, after = _sentences(old), _sentences(new)
    pieces: list[str] = []
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes(AROUND):
        pieces.append("… " if group[0][1] or group[0][3] else "")
        for kind, a, b, c, d in group:
            if kind == "equal":
                pieces.append(" ".join(before[a:b]) + " ")
                continue
            pieces.append(f"[-{' '.join(before[a:b])}-]" if b > a else "")
            pieces.append(f"{{+{' '.join(after[c:d])}+}}" if d > c else "")
            pieces.append(" ")
        end = group[-1]
        pieces.append("…\n" if end[2] < len(before) or end[4] < len(after) else "\n")
    text = "".join(pieces).strip()
    if len(text) <= longest:
        return text
    return f"{text[:longest]} … ({len(text) - longest} more characters; both texts are in the snapshots)"


def _words(text: str) -> list[str]:
    return text.split()


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.;:]) ", " ".join(text.split()))
