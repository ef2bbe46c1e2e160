"""Documents in a collection laid out as Open Terms Archive's: `Service/Terms.md`, in a folder or in a git repository."""

from datetime import datetime
from pathlib import Path

from auditor.model.policy import Document
from auditor.terms.git import Commit, Repository
from auditor.terms.reading import MAX_BYTES, Reading


def path_in_collection(document: Document) -> str:
    """Return the place of a document's text within a collection, or nothing if the pack does not say."""
    archive = document.document.archive
    return f"{archive}.md" if archive else ""


def read_folder(document: Document, folder: Path, now: datetime) -> Reading:
    """Read a document from a folder; a path that leads out of the folder is not followed."""
    place = path_in_collection(document)
    path = folder / place
    source = str(path)
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return Reading(document.id, source, now, failure=f"{place} leads out of {folder}")
        if path.stat().st_size > MAX_BYTES:
            return Reading(document.id, source, now, failure=f"{path} is larger than {MAX_BYTES // 1_000_000} MB")
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        return Reading(document.id, source, now, failure=f"cannot read {path}: {error.strerror}")
    return Reading(document.id, source, now, text)


def read_newest(document: Document, repository: Repository, name: str) -> Reading:
    """Read a document as it stands at the newest commit of a repository, which is called `name` in what is kept."""
    newest = repository.newest()
    history = repository.history(path_in_collection(document))
    commit = history[-1].id if history else newest.id
    return _reading(document, repository, name, Commit(commit, newest.date))


def read_history(document: Document, repository: Repository, name: str, after: str) -> list[Reading] | None:
    """Read a document at every commit that touched it, the oldest first.

    Args:
        document: the document.
        repository: where its history is.
        name: what the repository is called in what is kept.
        after: the commit that was read last; only later ones are read. All if empty.

    Returns:
        The readings; None if the history does not hold the commit `after`.
    """
    commits = repository.history(path_in_collection(document))
    if after:
        ids = [commit.id for commit in commits]
        if after not in ids:
            return None
        commits = commits[ids.index(after) + 1 :]
    return [_reading(document, repository, name, commit) for commit in commits]


def _reading(document: Document, repository: Repository, name: str, commit: Commit) -> Reading:
    place = path_in_collection(document)
    text, failure = repository.text(commit.id, place)
    return Reading(document.id, f"{name}: {place}", commit.date, text, failure, commit.id)
