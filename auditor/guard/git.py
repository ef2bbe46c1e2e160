"""Runs git: reads only, without a shell, and with the paths as they are."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from auditor.errors import AuditorError


def git_command(root: Path) -> list[str]:
    """Return the start of a git command: in a folder, without its optional locks, and whatever the user set, plain."""
    return [
        "git",
        "-C",
        str(root),
        "--no-optional-locks",
        "-c",
        "core.quotepath=off",
        "-c",
        "color.ui=false",
        "-c",
        "submodule.recurse=false",
    ]


def run_git(root: Path, *args: str, stdin: bytes | None = None, fails: bool = False) -> bytes:
    """Run git in `root` and return what it prints; with `fails`, an exit code of 1 says that nothing was found.

    Raises:
        AuditorError: git is not installed, or it fails.
    """
    try:
        done = subprocess.run(  # noqa: S603  # git with arguments of ours, no shell
            [*git_command(root), *args], input=stdin, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise AuditorError("git is not installed") from error
    if done.returncode and not (fails and done.returncode == 1):
        raise AuditorError(f"git {args[0]}: {done.stderr.decode(errors='replace').strip() or done.returncode}")
    return done.stdout


def split_paths(out: bytes) -> Iterator[str]:
    """Yield the paths that git printed with `-z`."""
    yield from (os.fsdecode(part) for part in out.split(b"\0") if part)


def added_lines(diff: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that a diff without context adds: number from 1, and the line."""
    line = 0
    body = False
    for text in diff.split("\n"):
        if text.startswith("@@"):
            body = True
            line = int(text.split("+", 1)[1].split(" ", 1)[0].split(",")[0])
        elif body and text.startswith("+"):
            yield line, text[1:]
            line += 1


def as_word(text: str) -> str:
    """Return an extended regular expression for a text that is no part of a longer word, unless it begins or ends otherwise."""
    escaped = re.sub(r"[^\w\s/-]", r"\\\g<0>", text, flags=re.ASCII)
    before = "(^|[^[:alnum:]_])" if text[:1].isalnum() else ""
    after = "($|[^[:alnum:]_])" if text[-1:].isalnum() else ""
    return f"{before}{escaped}{after}"
