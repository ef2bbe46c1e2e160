"""Checks documents against the state folder and writes it: with fresh readings, or along the history of a repository."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from auditor.errors import AuditorError
from auditor.model.policy import Document
from auditor.terms.check import DocumentResult, Texts, check_document
from auditor.terms.collection import path_in_collection, read_history, read_newest
from auditor.terms.git import Repository, is_repository, opened
from auditor.terms.reading import Reading, Wanted
from auditor.terms.state import (
    DocumentState,
    State,
    has_text,
    keep_text,
    kept_text,
    load_state,
    save_state,
)


@dataclass(frozen=True)
class Past:
    """What came out for one document along its history: a result for each commit, and the state of it at the end."""

    document: str
    results: tuple[DocumentResult, ...]
    distinct: int

    @property
    def newest(self) -> DocumentResult:
        """The result for its newest commit."""
        return self.results[-1]

    @property
    def raw_changes(self) -> int:
        """How many texts differ, in whatever, from the one before; error pages count as others do."""
        texts = [result.reading.text for result in self.results]
        return self.results[0].raw_changed + sum(one != other for one, other in pairwise(texts))


class Watch:
    """A state folder while documents are checked against it. What is known of a document is written as soon as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = load_state(folder, new=True)
        self.texts = Texts(lambda sha256: kept_text(folder, sha256))

    def known(self, document: str) -> DocumentState:
        """Return what is known of a document."""
        return self.state.documents.get(document, DocumentState())

    def wanted(self, document: Document) -> Wanted:
        """Return what to fetch for a document; with what asks for it only if it changed, where its last text is kept."""
        known = self.known(document.id)
        if not has_text(self.folder, known.last) or not (known.etag or known.last_modified):
            return Wanted(document.id, document.document.url)
        text = kept_text(self.folder, str(known.last))
        return Wanted(document.id, document.document.url, known.final_url, known.etag, known.last_modified, text)

    def check(self, documents: Iterable[Document], readings: Iterable[Reading]) -> list[DocumentResult]:
        """Check documents, each against its reading, and write what is known then."""
        results = []
        for document, reading in zip(documents, readings, strict=True):
            results.append(self._one(document, reading, history=False))
            save_state(self.folder, self.state)
        return results

    def check_history(self, documents: Iterable[Document], repository: Repository, name: str) -> list[Past]:
        """Check documents along their history, from the commit after the last one that was read, and write what is known.

        Args:
            documents: the documents, each with its place in the collection.
            repository: where their history is.
            name: what the repository is called in what is kept.
        """
        pasts = []
        for document in documents:
            readings = self._readings(document, repository, name)
            results = tuple(self._one(document, reading, history=True) for reading in readings)
            save_state(self.folder, self.state)
            pasts.append(Past(document.id, results, len(self.known(document.id).texts)))
        return pasts

    def _readings(self, document: Document, repository: Repository, name: str) -> list[Reading]:
        known = self.known(document.id)
        readings = None if known.texts and not known.commit else read_history(document, repository, name, known.commit)
        if readings:
            return readings
        newest = read_newest(document, repository, name)
        if readings == [] or newest.failure:
            return [newest]
        failure = (
            f"{self.folder} holds texts of it from elsewhere, and {name} does not continue them; "
            f"name a new folder for this history"
        )
        return [Reading(document.id, name, newest.date, failure=failure)]

    def _one(self, document: Document, reading: Reading, *, history: bool) -> DocumentResult:
        after, result = check_document(document, self.known(document.id), reading, self.texts, history=history)
        if reading.text and digest_is_kept(after, self.texts.of(reading.text).sha256):
            keep_text(self.folder, reading.text)
        if after != DocumentState():
            self.state = State(documents=self.state.documents | {document.id: after})
        return result


def held(documents: Iterable[Document], source: Path, watch: Watch) -> tuple[list[Document], list[str]]:
    """Return the documents that a collection holds, or that were seen before and so are missed, and the ids of the others.

    Raises:
        AuditorError: it holds none of them.
    """
    with opened(source) if is_repository(source) else nullcontext() as repository:
        there = {
            document.id: bool(repository.history(path_in_collection(document)))
            if repository
            else (source / path_in_collection(document)).exists()
            for document in documents
        }
    listed = list(documents)
    kept = [document for document in listed if there[document.id] or watch.known(document.id).last]
    if not kept:
        raise AuditorError(f"{source} holds none of the documents looked for, such as {path_in_collection(listed[0])}")
    return kept, [document.id for document in listed if document not in kept]


def digest_is_kept(state: DocumentState, sha256: str) -> bool:
    """Whether what is known of a document refers to a text, so that it must be kept."""
    return state.refused == sha256 or state.seen(sha256) is not None


def in_collection(documents: Iterable[Document], *, named: bool) -> tuple[list[Document], list[str]]:
    """Return the documents whose place in a collection is known, and the ids of the others.

    Raises:
        AuditorError: a document was asked for by name, and its place is not known.
    """
    placed, others = [], []
    for document in documents:
        if path_in_collection(document):
            placed.append(document)
        else:
            others.append(document.id)
    if others and (named or not placed):
        raise AuditorError(
            f"the packs do not say where {', '.join(others[:5])} stand in a collection; "
            f"set `archive: Service/Terms` in the document, or leave out --from to fetch it from its address"
        )
    return placed, others
