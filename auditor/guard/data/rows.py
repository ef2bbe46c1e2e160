"""What the readers of dataset files share: rows, and a file as a run of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

Row = tuple[int, object]
"""Number from 1 (a line of the file, where it has lines), and what stands there."""
CHUNKS = 20
"""Places at which a large file is sampled."""


class UnreadableError(Exception):
    """A file that cannot be read; the message says why, and what to do."""


@dataclass
class Table:
    """The rows of a file.

    Attributes:
        rows: what is read, in order.
        total: how many rows there are, where that is known beforehand.
        whole: whether all rows are read; known for certain when `rows` is used up.
        cut: whether the reading ended before the file did, as it was longer than a sample may be.
        problem: what stopped the reading, if it was not the end of the file.
    """

    rows: Iterator[Row]
    total: int | None = None
    whole: bool = True
    cut: bool = False
    problem: str = ""


class BadRow:
    """Stands for a row that cannot be read."""

    def __init__(self, why: str) -> None:
        self.why = why


def first_rows(read: Callable[[Table], Iterator[Row]], most: int | None) -> Table:
    """Return the first rows that `read` yields, at most `most` (all if None), and whether they were all."""
    table = Table(iter(()))
    rows = read(table)

    def limited() -> Iterator[Row]:
        yield from rows if most is None else islice(rows, most)
        table.whole = next(rows, None) is None and not (table.problem or table.cut)

    table.rows = limited()
    return table
