"""What git has staged, read from its index: paths, links and contents, in few processes and bounded memory."""

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, takewhile
from pathlib import Path

from auditor.guard.git import run_git, split_paths
from auditor.guard.paths import clean

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
    def modes(self) -> dict[str, str]:
        """What is staged: path → mode."""
        entries = (entry.partition("\t") for entry in split_paths(run_git(self.root, "ls-files", "-z", "--stage")))
        return {path: head.partition(" ")[0] for head, _, path in entries}

    @cached_property
    def links(self) -> dict[str, str]:
        """Staged links → the staged files that they lead to."""
        links = [path for path, mode in self.modes.items() if mode == LINK and "\n" not in path]
        out = self._ask("--batch", links)
        found: dict[str, str] = {}
        for path in links:
            head, _, out = out.partition(b"\n")
            size = int(head.rsplit(b" ", 1)[1])
            target = clean(f"{path.rpartition('/')[0]}/{os.fsdecode(out[:size])}")
            found |= {path: target} if target in self.modes else {}
            out = out[size + 1 :]
        return found

    def read(self, paths: Sequence[str]) -> Iterator[tuple[str, bytes | None]]:
        """Yield the contents of `paths`, some at a time; None for what is not there or larger than a text."""
        asked = {path: self.links.get(path, path) for path in paths if "\n" not in path and path in self.modes}
        yield from ((path, None) for path in paths if path not in asked)
        heads = self._ask("--batch-check", [*asked.values()]).decode("utf-8", "replace").splitlines()
        sizes = [_size(head) for head in heads]
        yield from ((path, None) for path, size in zip(asked, sizes, strict=True) if size is None)
        small = [(path, size) for path, size in zip(asked, sizes, strict=True) if size is not None]
        while small:
            total = accumulate(size for _, size in small)
            count = max(1, sum(1 for _ in takewhile(lambda so_far: so_far <= PORTION, total)))
            part, small = small[:count], small[count:]
            out = self._ask("--batch", [asked[path] for path, _ in part])
            at = 0
            for path, size in part:
                begin = out.index(b"\n", at) + 1
                at = begin + size + 1
                yield path, out[begin : begin + size]

    def _ask(self, how: str, paths: Sequence[str]) -> bytes:
        names = "".join(f":./{path}\n" for path in paths)
        return run_git(self.root, "cat-file", how, stdin=os.fsencode(names)) if paths else b""


def _size(head: str) -> int | None:
    """The size of what git knows by a name, None where that is no file or too large a one."""
    parts = head.rsplit(" ", 2)
    is_small = len(parts) == 3 and parts[1] == "blob" and int(parts[2]) <= LARGEST
    return int(parts[2]) if is_small else None
