"""Looks into one dataset file and says what it records, as a `Dataset`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.guard.data.evidence import NODES, Evidence, Seen
from auditor.guard.data.rows import BadRow, Table, UnreadableError
from auditor.guard.data.tables import added_rows, open_table
from auditor.guard.found import Dataset, Named, Place, Unread
from auditor.guard.kinds import has_lines

MOST = 20_000
"""Rows of a file that are looked at, unless all are asked for."""
SHOWN = 50
"""Models of one file that are named."""
CLAIMED = {
    "chatgpt": "OpenAI", "claude": "Anthropic", "gemini": "Google", "deepseek": "DeepSeek", "llama": "Meta",
    "qwen": "Alibaba", "grok": "xAI", "mistral": "Mistral",
}  # fmt: skip


@dataclass(frozen=True)
class Scan:
    """What was found in one file.

    Attributes:
        dataset: what its rows record and claim.
        examined: rows that were looked at.
        total: rows that it holds, where that is known.
        whole: whether it was read to its end.
        unread: what could not be read.
    """

    dataset: Dataset
    examined: int
    total: int | None
    whole: bool
    unread: tuple[Unread, ...]


def scan_file(
    path: str,
    source: Path,
    *,
    full: bool = False,
    added: Sequence[tuple[int, str]] | None = None,
    most: int | None = None,
) -> Scan:
    """Look into a dataset file.

    Args:
        path: its name, which tells the format and stands in the places.
        source: where it lies.
        full: whether every row is read.
        added: the lines (number, text) to look at, and no others; for files of lines.
        most: rows to look at; `MOST` if None.
    """
    evidence = Evidence()
    try:
        if added is None:
            table = open_table(path, source, None if full else (most or MOST))
        else:
            table = Table(added_rows(path, source, added), whole=False)
        examined, bad = _look(table, evidence)
    except (UnreadableError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return Scan(Dataset((_named(path),)), 0, None, whole=False, unread=(Unread(Place(path), str(why)),))
    rows = examined if table.whole and not bad else None
    problem = table.problem or ("no row stands in the part of it that was read" if table.cut and not examined else "")
    unread = [*_bad(path, bad), *([Unread(Place(path), problem)] if problem else [])]
    return Scan(
        dataset=_dataset(path, evidence, examined, rows),
        examined=examined,
        total=table.total if table.total is not None else rows,
        whole=table.whole,
        unread=(*unread, *_more(path, evidence)),
    )


def _look(table: Table, evidence: Evidence) -> tuple[int, list[tuple[int, str]]]:
    """Take in the rows of a table; how many there were, and the number and fault of those that cannot be read."""
    examined = 0
    bad: list[tuple[int, str]] = []
    for number, row in table.rows:
        if isinstance(row, dict):
            examined += 1
            evidence.add(number, row)
        else:
            bad.append((number, row.why if isinstance(row, BadRow) else "no object with names and values"))
    return examined, bad


def _bad(path: str, bad: Sequence[tuple[int, str]]) -> Iterator[Unread]:
    if bad:
        number, why = bad[0]
        others = f", and {len(bad) - 1:,} more rows" if len(bad) > 1 else ""
        yield Unread(Place(path, number), f"cannot be read: {why}{others}")


def _more(path: str, evidence: Evidence) -> Iterator[Unread]:
    if evidence.more or len(evidence.models) > SHOWN:
        yield Unread(Place(path), f"the rows name more than {SHOWN} models; the most frequent are shown")
    if evidence.cut:
        yield Unread(Place(path), f"of rows with more than {NODES:,} values, the values after those")


def _named(path: str) -> Named:
    return Named(path, Place(path))


def _dataset(path: str, evidence: Evidence, examined: int, rows: int | None) -> Dataset:
    def named(name: str, seen: Seen) -> Named:
        place = Place(path, seen.row if has_lines(path) else None, f"row {seen.row}: {seen.key}")
        return Named(name, place, "recorded", f"{seen.count:,} of {examined:,} rows")

    models = sorted(evidence.models.items(), key=lambda item: -item[1].count)[:SHOWN]
    generic = evidence.claims.get("a model")
    return Dataset(
        names=(_named(path),),
        generators=tuple(named(name, seen) for name, seen in models),
        providers=tuple(named(name, seen) for name, seen in evidence.providers.items()),
        synthetic=_claim(path, "a model", generic, evidence.turns) if generic else None,
        claims=tuple(
            _claim(path, name, seen, evidence.turns) for name, seen in evidence.claims.items() if name != "a model"
        ),
        rows=rows,
    )


def _claim(path: str, name: str, seen: Seen, turns: int) -> Named:
    share = f"{seen.count:,} of {turns:,} assistant turns ({100 * seen.count / turns:.1f} %)"
    if name in CLAIMED:
        note = f"{share} claim to be made by {CLAIMED[name]}"
    elif name == "a model":
        note = f"{share} call themselves a language model"
    else:
        note = f"{share} carry a {'mark of generated content (C2PA)' if name == 'c2pa mark' else 'trace of a chat website'}"
    return Named(
        name if name in CLAIMED else "other",
        Place(path, seen.row if has_lines(path) else None, "assistant turns"),
        "indicated",
        note,
    )
