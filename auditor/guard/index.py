"""What git has staged, read from its index: paths, links and contents, in few processes and bounded memory."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, takewhile
from pathlib import Path

from auditor.guard.git import run_git, split_paths
from auditor.guard.paths import clean

NORMAL, OURS = "0", "2"
"""Stages of an entry of the index: without a conflict, and our side of one."""
LINK = "120000"
"""The mode of a symbolic link in git."""
LARGEST = 4_000_000
"""Bytes of a file that is read as text."""
PORTION = 16_000_000
"""Bytes that git is asked for at once."""


class Index:
    """The index of the repository whose work tree is `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def entries(self) -> dict[str, tuple[str, str]]:
        """What is staged: path → mode and object; of a conflict, our side."""
        listed = (entry.partition("\t") for entry in split_paths(run_git(self.root, "ls-files", "-z", "--stage")))
        parts = ((path, *head.split(" ")) for head, _, path in listed)
        return {path: (mode, name) for path, mode, name, stage in parts if stage in (NORMAL, OURS)}

    @cached_property
    def links(self) -> dict[str, str]:
        """Staged links → the staged files that they lead to."""
        links = {path: name for path, (mode, name) in self.entries.items() if mode == LINK}
        found: dict[str, str] = {}
        for path, content in self._contents(links):
            target = clean(f"{path.rpartition('/')[0]}/{os.fsdecode(content or b'')}")
            found |= {path: target} if target in self.entries else {}
        return found

    def name(self, path: str) -> str | None:
        """Return the object that holds the content of a file, or of what a link leads to; None where it is not staged."""
        return self.entries.get(self.links.get(path, path), ("", None))[1]

    def read(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """Yield the contents of `paths`, some at a time; None for what is not there or larger than a text."""
        yield from self._contents({path: self.name(path) for path in paths})

    def _contents(self, names: Mapping[str, str | None]) -> Iterator[tuple[str, bytes | None]]:
        asked = {path: name for path, name in names.items() if name}
        heads = self._ask("--batch-check", asked.values()).splitlines()
        sizes = dict(zip(asked, map(_size, heads), strict=True))
        yield from ((path, None) for path in names if sizes.get(path) is None)
        small = [(path, size) for path, size in sizes.items() if size is not None]
        while small:
            total = accumulate(size for _, size in small)
            count = max(1, sum(1 for _ in takewhile(lambda so_far: so_far <= PORTION, total)))
            part, small = small[:count], small[count:]
            out = self._ask("--batch", (asked[path] for path, _ in part))
            at = 0
            for path, size in part:
                begin = out.index(b"\n", at) + 1
                at = begin + size + 1
                yield path, out[begin : begin + size]

    def _ask(self, how: str, names: Iterable[str]) -> bytes:
        asked = "".join(f"{name}\n" for name in names)
        return run_git(self.root, "cat-file", how, stdin=asked.encode()) if asked else b""


def _size(head: bytes) -> int | None:
    """The size of an object, None where it is no file or too large a one."""
    _, kind, *size = head.split(b" ")
    return int(size[0]) if kind == b"blob" and int(size[0]) <= LARGEST else None
