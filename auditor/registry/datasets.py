"""What is publicly known of datasets: `policies/registry/datasets.jsonl`, one dataset a line; see `docs/datasets.md`."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from auditor.errors import AuditorError
from auditor.resources import resource_dir

FILE = "datasets.jsonl"
CLOSED = {"non-commercial": "non-commercial", "academic": "academic research only"}
"""Use → the words by which rules know it."""
LONGEST = 512
"""A longer name is no dataset's."""
ADDRESS = re.compile(
    r"^(?:(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co|hf-mirror\.com)/datasets/|hf://(?:datasets/)?|hf::|datasets/)"
)
CACHE = re.compile(r"(?:.*/)?datasets--([^/]+?)--([^/]+)(?:/.*)?")
"""Where the hub's client keeps its copy of a dataset."""
REVISION = re.compile(r"(?:\.git)?(?:[@#?\[:].*|/(?:tree|blob|raw|resolve|viewer)/.*)?$")
"""What follows an id: a revision and the files in it, a part of the page, a split, or the rows that ms-swift takes."""


@dataclass(frozen=True)
class Generator:
    """A model that wrote (part of) a dataset; `provider` where it was reached as a service, as records name it.

    The model `other` stands for one that the source does not name.
    """

    model: str
    provider: str | None = None


@dataclass(frozen=True)
class Licence:
    """A licence of (part of) a dataset, by its SPDX id where there is one.

    `use` is what it is for: all, non-commercial, academic, unspecified or unknown.
    """

    name: str
    use: str
    attribution: bool = False
    share_alike: bool = False

    @property
    def plain(self) -> str:
        """The name, with what it is for where the name does not say it: a custom licence may forbid commerce."""
        word = CLOSED.get(self.use)
        return (
            f"{self.name} ({word})"
            if word and not any(part in self.name.lower() for part in ("-nc", word))
            else self.name
        )


@dataclass(frozen=True)
class Entry:
    """One dataset.

    Attributes:
        id: its id on the Hugging Face hub, or the name it goes by.
        line: its line in the file, from 1.
        generators: the models that wrote it; empty if none did by the source; None where the source does not say.
        licences: the licences of its parts.
        aliases: other ids of the same data.
        terms: providers whose terms the source lists beside the licences.
        released_by: the maker that published output of its own models itself, so that the licence says it all.
        sources: datasets that it was made from.
        part: which part models wrote, if not all.
        source: where the facts are from: `DPC`, `card`, or `name` for what only its name says.
        as_of: the day of that source.
        verify: whether a person should still look at the source.
    """

    id: str
    line: int
    generators: tuple[Generator, ...] | None
    licences: tuple[Licence, ...] = ()
    aliases: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    released_by: str | None = None
    sources: tuple[str, ...] = ()
    part: str = ""
    source: str = ""
    as_of: str = ""
    verify: bool = False

    @property
    def restricted(self) -> bool:
        """Whether models wrote it whose makers' terms may count, or a licence of it is not for commerce."""
        return bool(self.generators and not self.released_by) or any(licence.use in CLOSED for licence in self.licences)


class Datasets:
    """The registry, to be asked by name."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        self._by_name = {name.lower(): entry for entry in entries for name in (*entry.aliases, entry.id)}

    def find(self, name: str) -> Entry | None:
        """Return what is known of a dataset by its id in any case, an alias, or its address, with or without a revision.

        An address may lead to a file or a page of the dataset; a path that is no address stands for nothing but itself.
        """
        text = name.strip().lower()[:LONGEST]
        told = REVISION.sub("", ADDRESS.sub("", CACHE.sub(r"\1/\2", text))).rstrip("/")
        entry = self._by_name.get(told)
        return entry or (self._by_name.get("/".join(told.split("/")[:2])) if "://" in text else None)


@lru_cache(maxsize=1)
def datasets() -> Datasets:
    """Return the shipped registry.

    Raises:
        AuditorError: the installation is damaged.
    """
    return Datasets(tuple(_read()))


def _read() -> Iterator[Entry]:
    path = resource_dir("policies") / "registry" / FILE
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise AuditorError(f"cannot read registry/{FILE}: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        try:
            yield _entry(number, **json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            raise AuditorError(f"registry/{FILE}:{number}: not an entry ({error})") from error


def _entry(
    line: int,
    *,
    generators: list[dict[str, str]] | None,
    licences: tuple[dict[str, str], ...] = (),
    aliases: tuple[str, ...] = (),
    terms: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
    **others: str,
) -> Entry:
    return Entry(
        line=line,
        generators=None if generators is None else tuple(Generator(**item) for item in generators),
        licences=tuple(Licence(**item) for item in licences),  # type: ignore[arg-type]  # checked by a test of the file
        aliases=tuple(aliases),
        terms=tuple(terms),
        sources=tuple(sources),
        **others,  # type: ignore[arg-type]  # likewise
    )
