"""The folder a check keeps: `state.json`, and every distinct text it has read under `snapshots/`. The only place that holds
providers' texts; nothing of it ships with the project. Imports no HTTP client, for an audit reads it too."""

import hashlib
import os
import re
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError

from auditor.errors import AuditorError, Fault, Location, raise_faults
from auditor.model.base import Model
from auditor.model.policy import TextHash
from auditor.yamlfile import nearest

STATE, SNAPSHOTS = "state.json", "snapshots"
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class TextSeen(Model):
    """A text that a document has had: its raw digest, which names its snapshot, and the digest of its wording."""

    sha256: Sha256
    wording: Sha256
    sections: int
    source: str
    first_seen: AwareDatetime


class Bound(Model):
    """A section that a clause relies on, as it was last observed."""

    label: str
    heading: str
    hash: TextHash


class ClauseState(Model):
    """What a clause relies on. `observed` is the hash of it all as last seen, `reviewed` the one that somebody accepted."""

    version: str = Field(description="The clause version of the pack under which it was bound")
    reference: str = Field(description="The section that the pack named then")
    sections: tuple[Bound, ...] = Field(description="Empty when the section has gone from the text")
    observed: TextHash
    reviewed: TextHash
    known: tuple[TextHash, ...] = Field(description="Every wording that this clause has had")
    text: Sha256 = Field(description="The text in which it was last observed")
    pack_text: TextHash | None = Field(None, description="The hash that the pack gave at the last check")
    since: AwareDatetime = Field(description="When this wording was first observed")


class DocumentState(Model):
    """What is known of a document."""

    texts: tuple[TextSeen, ...] = ()
    last: Sha256 | None = Field(None, description="The text that was taken last")
    checked: AwareDatetime | None = None
    commit: str = Field("", description="The commit that was read last, where the source is a git repository")
    final_url: str = ""
    etag: str = ""
    last_modified: str = ""
    refused: Sha256 | None = Field(None, description="A text not taken because it had lost most of its sections")
    accepted: tuple[Sha256, ...] = Field((), description="Texts that were refused once and then accepted")
    clauses: dict[str, ClauseState] = Field(default_factory=dict)

    def seen(self, sha256: str | None) -> TextSeen | None:
        """Return the text with this digest, if the document had it."""
        return next((text for text in self.texts if text.sha256 == sha256), None)


class State(Model):
    """All of `state.json`: documents by id."""

    schema_version: Literal[1] = 1
    documents: dict[str, DocumentState] = Field(default_factory=dict)


def digest(text: str) -> str:
    """Return the SHA-256 of a text, which is also the name of its snapshot."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def wording_hash(hashes: tuple[str, ...]) -> str:
    """Return the hash of a clause's wording: that of its section, or of the hashes of its sections one a line."""
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:16]


def load_state(folder: Path, *, new: bool = False) -> State:
    """Return the state that a folder holds.

    Args:
        folder: the folder that was named with `--state`.
        new: whether a folder without a state is an empty state; otherwise it is a fault.

    Raises:
        AuditorError: there is none, it cannot be read, or it is damaged, with the place.
    """
    path = folder / STATE
    if new and not path.exists():
        return State()
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise AuditorError(
            f"{folder} holds no {STATE}; make one with `auditor terms check --state {folder}`"
        ) from error
    except OSError as error:
        raise AuditorError(f"cannot read {path}: {error.strerror}") from error
    try:
        return State.model_validate_json(content)
    except ValidationError as error:
        faults = [
            Fault(Location(str(path)), f"{'.'.join(map(str, detail['loc'])) or 'file'}: {detail['msg']}")
            for detail in error.errors()
        ]
        raise AuditorError(
            f"{path} is damaged, or of another version; restore it or start a new folder", faults
        ) from error


def observed_texts(folder: Path) -> dict[str, str]:
    """Return for every clause that is watched the hash of its wording as last observed.

    Args:
        folder: the folder that was named with `--state`.

    Returns:
        Clause id, such as `openai/services-agreement/no-competing-models`, to 16 hexadecimal digits. A clause whose
        section has gone has the hash of no sections, which equals none in a pack.

    Raises:
        AuditorError: there is no state, or it is damaged.
    """
    state = load_state(folder)
    return {id: clause.observed for document in state.documents.values() for id, clause in document.clauses.items()}


def save_state(folder: Path, state: State) -> None:
    """Write `state.json` whole or not at all."""
    _write(folder / STATE, (state.model_dump_json(indent=1) + "\n").encode())


def keep_text(folder: Path, text: str) -> str:
    """Keep a text as a snapshot, if it is not kept already, and return its digest."""
    name = digest(text)
    path = folder / SNAPSHOTS / f"{name}.md"
    if not path.exists():
        _write(path, text.encode("utf-8", "surrogatepass"))
    return name


def kept_text(folder: Path, sha256: str) -> str:
    """Return a text that was kept.

    Raises:
        AuditorError: it is not there, or is no longer what was kept.
    """
    path = folder / SNAPSHOTS / f"{sha256}.md"
    try:
        text = path.read_bytes().decode("utf-8", "surrogatepass")
    except (OSError, UnicodeDecodeError) as error:
        raise AuditorError(f"cannot read the snapshot {path}: {error}") from error
    if digest(text) != sha256:
        raise AuditorError(f"{path} is not what was kept there: its digest differs from its name")
    return text


def has_text(folder: Path, sha256: str | None) -> bool:
    """Whether a text is kept."""
    return bool(sha256) and (folder / SNAPSHOTS / f"{sha256}.md").is_file()


def accept(state: State, names: tuple[str, ...], now: datetime) -> tuple[State, list[str]]:
    """Mark the observed wording of clauses as reviewed, and the refused text of documents as good.

    Args:
        state: what is known.
        names: ids of clauses, or of documents.
        now: when it is accepted.

    Returns:
        The new state, and a line about each name.

    Raises:
        AuditorError: the state knows no such clause or document; none is accepted then.
    """
    documents = dict(state.documents)
    known = set(documents) | {id for document in documents.values() for id in document.clauses}
    raise_faults(
        "cannot accept",
        [
            Fault(Location(n), "no such clause or document is watched", nearest(n, known))
            for n in names
            if n not in known
        ],
    )
    lines = []
    for name in names:
        owner = (
            name if name in documents else next(id for id, document in documents.items() if name in document.clauses)
        )
        documents[owner], line = _accept_one(documents[owner], name, now)
        lines.append(line)
    return state.model_copy(update={"documents": documents}), lines


def _accept_one(document: DocumentState, name: str, now: datetime) -> tuple[DocumentState, str]:
    if name not in document.clauses:
        if document.refused is None:
            return document, f"{name}: no text of it was refused; name a clause to accept its wording"
        accepted = (*document.accepted, document.refused)
        updated = document.model_copy(update={"accepted": accepted, "refused": None, "etag": "", "last_modified": ""})
        return updated, f"{name}: the shorter text is taken at the next check"
    clause = document.clauses[name]
    if clause.reviewed == clause.observed:
        return document, f"{name}: was reviewed already, as {clause.observed}"
    reviewed = clause.model_copy(update={"reviewed": clause.observed})
    line = f"{name}: {clause.observed} is reviewed since {now:%Y-%m-%d}, before it was {clause.reviewed}"
    return document.model_copy(update={"clauses": document.clauses | {name: reviewed}}), line


def _write(path: Path, content: bytes) -> None:
    """Write a file under another name, bring it to disk, and rename it; a reader sees the old file or the new one."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{re.sub(r'[^a-z.]', '', path.name)}-", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        temporary = ""
    except OSError as error:
        raise AuditorError(f"cannot write {path}: {error.strerror}") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
