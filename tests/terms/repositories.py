"""Real git repositories in temporary folders, laid out as Open Terms Archive's."""

import os
import subprocess
from pathlib import Path

PLACE = "Acme/Terms.md"


def git(folder: Path, *arguments: str, date: str = "2026-01-01T00:00:00Z", stdin: str = "") -> str:
    """Run git in a folder, as nobody in particular."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
           (("NAME", "a"), ("EMAIL", "a@a.example"), ("DATE", date))},
    }  # fmt: skip
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def repository(folder: Path, *texts: str | None, first: int = 1) -> list[str]:
    """Add one commit a text, a day apart from the day `first` on, and return their ids. None removes the file."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    commits = []
    for day, text in enumerate(texts, start=first):
        path = folder / PLACE
        path.parent.mkdir(exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_text(text, "utf-8")
        git(folder, "add", "-A")
        git(
            folder,
            "commit",
            "-q",
            "--no-verify",
            "--allow-empty",
            "-m",
            f"text {day}",
            date=f"2026-01-{day:02}T12:00:00Z",
        )
        commits.append(git(folder, "rev-parse", "HEAD"))
    return commits


def sign(folder: Path) -> None:
    """Put what looks like a signature on the newest commit, so that whoever shows signatures calls the checker."""
    lines = git(folder, "cat-file", "commit", "HEAD").split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith("committer")) + 1
    signature = ["gpgsig -----BEGIN PGP SIGNATURE-----", " ", " AAAA", " -----END PGP SIGNATURE-----"]
    commit = "\n".join([*lines[:at], *signature, *lines[at:]]) + "\n"
    git(folder, "update-ref", "HEAD", git(folder, "hash-object", "-t", "commit", "-w", "--stdin", stdin=commit))
