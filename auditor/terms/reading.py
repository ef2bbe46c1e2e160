"""A text as a source gave it, or why it gave none; and the text parsed. What the readers and the check share."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from auditor.errors import AuditorError
from auditor.terms.normal import normalise
from auditor.terms.sections import Section, sections
from auditor.terms.state import digest

MAX_BYTES = 10_000_000


@dataclass(frozen=True)
class Reading:
    """One document as read once.

    Attributes:
        document: its id in the packs, such as `deepseek/terms-of-use`.
        source: where it was read.
        date: when the text stood there, with time zone.
        text: Markdown; empty if it failed.
        failure: why there is no text, in words; empty if there is one.
        commit: the commit it was read from, in a git repository.
        final_url, etag, last_modified: what the next fetch needs to ask whether it has changed.
    """

    document: str
    source: str
    date: datetime
    text: str = ""
    failure: str = ""
    commit: str = ""
    final_url: str = ""
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True)
class Wanted:
    """A document to fetch; the last three are from the last fetch, and empty if there was none or its text is not kept."""

    document: str
    url: str
    final_url: str = ""
    etag: str = ""
    last_modified: str = ""
    text: str = ""


@dataclass(frozen=True)
class Parsed:
    """A text and what is made of it."""

    text: str

    @cached_property
    def sha256(self) -> str:
        """The digest of the text as it was read."""
        return digest(self.text)

    @cached_property
    def wording(self) -> str:
        """The digest of its wording."""
        return digest(normalise(self.text))

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """Its sections."""
        return sections(self.text)

    @cached_property
    def by_hash(self) -> dict[str, Section]:
        """Its sections by hash; of several with one wording, the first."""
        return {section.hash: section for section in reversed(self.sections)}

    def fault(self) -> str:
        """Return why the text cannot be used, or nothing."""
        try:
            empty = not normalise(self.text) or not self.sections
        except (AuditorError, RecursionError) as error:
            return f"its text cannot be read: {error}"
        return "it is empty: no wording is left when marks and links are taken away" if empty else ""
