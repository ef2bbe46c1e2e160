"""Paths as they stand in files, from the top of the repository, with `/` between their parts."""

PATTERN = frozenset("*?[")


def is_pattern(path: str) -> bool:
    """Return whether a path may stand for several: with `*`, `?` or `[…]`."""
    return bool(PATTERN & {*path})


def clean(path: str) -> str:
    """Return a path without `./` and `..` inside it, `.` for the root itself.

    One that begins with `/` or leads out of the repository is taken to begin at its top, since where it is trained, the
    repository may lie anywhere.
    """
    parts: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part not in ("", ".", ".."):
            parts.append(part)
    return "/".join(parts) or "."


def plain(path: str) -> str:
    """Return a path as text that can be written anywhere, as names of files may hold any byte."""
    return path.encode("utf-8", "backslashreplace").decode()
