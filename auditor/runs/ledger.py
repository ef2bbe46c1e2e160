"""The evidence ledger: one line for each thing the run rests on or wrote, each line bound to the one before by its hash."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

GENESIS = "0" * 64


class Entry(NamedTuple):
    """Something with a digest: its kind (input, pack, config, file), its name and its SHA-256."""

    kind: str
    name: str
    sha256: str


def ledger_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield a JSON line for each entry, with `hash` = SHA-256 over the canonical JSON of the line without it."""
    previous = GENESIS
    for number, entry in enumerate(entries, start=1):
        line = {"seq": number, **entry._asdict(), "previous": previous}
        canonical = json.dumps(line, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        previous = hashlib.sha256(canonical.encode()).hexdigest()
        yield json.dumps(line | {"hash": previous}, ensure_ascii=False) + "\n"
