"""Opens inputs: looks at the beginning of each and decides which source reads it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from auditor.engine import Database, literal, quote
from auditor.engine.duckdb import EngineError
from auditor.errors import AuditorError, Fault, Location
from auditor.sources.flat import FLAT, of_kind
from auditor.sources.inputs import STDIN, Remote, is_pipe
from auditor.sources.mapping import mapped_source, missing_columns
from auditor.sources.mapping_file import read_mapping
from auditor.sources.memory import is_arrow
from auditor.sources.pages import PageError, check_pages
from auditor.sources.rejects import plain
from auditor.sources.sniff import PARQUET, UnreadableError, sniff, table
from auditor.sources.source import Input, Sample, Source
from auditor.sources.stage import MAX_LINE, head, spool
from auditor.sources.tables import ARROW
from auditor.yamlfile import nearest

ADVICE = "name its format with --format or write a mapping file; see `auditor sources`"
TABULAR = ("csv", "parquet", "arrow")


@dataclass(frozen=True)
class Opened:
    """An input that can be read. `path` is None for a table of the database; `columns` are a table's, with types."""

    index: int
    uri: str
    path: Path | None
    sample: Sample
    source: Source
    forced: bool = False
    columns: Mapping[str, str] | None = None


def _for(source: Source, sample: Sample) -> Source:
    return of_kind(source, sample) if source.name in (FLAT.name, *TABULAR) else source


class Opener:
    """Opens the inputs of one ingestion."""

    def __init__(self, db: Database, sources: Mapping[str, Source]) -> None:
        self.db = db
        self.sources = sources

    def open(self, index: int, item: Input, spooled: Path | None = None) -> Opened | list[Fault]:
        """Return the input with its source, or what stands against reading it. `spooled` holds records from memory."""
        uri = item.uri if isinstance(item, Remote) else Path(item.path).as_posix()
        if is_arrow(item):
            name = f"arrow_{index}"
            self.db.register(name, item.data)
            columns = self.db.columns(quote(name))
            sample = Sample("arrow", columns=tuple(columns))
            return Opened(index, uri, None, sample, _for(ARROW, sample), columns=columns)
        try:
            path = spooled or self._readable(index, item)
            return (
                self._mapped(index, uri, path, item.mapping) if item.mapping else self._detected(index, uri, path, item)
            )
        except OSError as error:
            return [Fault(Location(uri), f"cannot be read: {error.strerror or error}")]
        except UnreadableError as error:
            return [Fault(Location(uri), plain(str(error)), "" if "damaged" in str(error) else ADVICE, damage=True)]
        except AuditorError as error:
            return error.faults or [Fault(Location(uri), error.message)]

    def _readable(self, index: int, item: Input) -> Path:
        """Return a file that can be read more than once."""
        path = Path(item.path)
        if item.path == STDIN:
            return spool(sys.stdin.buffer, self.db.folder / f"pipe-{index:06d}.raw")
        if is_pipe(path):
            with path.open("rb") as stream:
                return spool(stream, self.db.folder / f"pipe-{index:06d}.raw")
        return path

    def _sniff(self, path: Path) -> Sample:
        """Look at the beginning; if it holds no whole record, at a larger part of it."""
        sample = sniff(head(path))
        if sample.container == "newline_delimited" and not sample.objects:
            return sniff(head(path, 2 * MAX_LINE))
        return sample

    def _parquet(self, index: int, path: Path) -> tuple[Sample, dict[str, str]]:
        link = self.db.folder / f"peek-{index:06d}.parquet"  # a name without the characters of a glob
        link.symlink_to(path.resolve())
        if not head(path, 4).startswith(PARQUET):
            raise UnreadableError("is no Parquet file, or its beginning is damaged")
        try:
            columns = self.db.columns(f"read_parquet({literal(str(link))})")
            check_pages(self.db, link)
        except PageError as error:
            raise UnreadableError(f"is a damaged Parquet file: {error}") from error
        except EngineError as error:
            why = error.message.partition("\n")[0].partition(": ")[2].replace(str(link), "the file")
            raise UnreadableError(f"is a damaged Parquet file, of which nothing can be read: {why}") from error
        return Sample("parquet", columns=tuple(columns)), columns

    def _detected(self, index: int, uri: str, path: Path, item: Input) -> Opened | list[Fault]:
        sample, columns = self._sniff(path), None
        if sample.container == "parquet":
            sample, columns = self._parquet(index, path)
        if item.format and item.format not in self.sources:
            return [
                Fault(Location(uri), f"unknown format '{plain(item.format)}'", nearest(item.format, set(self.sources)))
            ]
        if item.format:
            source = self.sources[item.format]
            if source.name in TABULAR and source.name != sample.container != "empty":
                return [Fault(Location(uri), f"is not of the format {source.name}", damage=True)]
            return Opened(index, uri, path, sample, _for(source, sample), forced=True, columns=columns)
        if sample.container == "empty":
            return Opened(index, uri, path, sample, FLAT)
        for source in self.sources.values():
            if source.detects(sample):
                return Opened(index, uri, path, sample, _for(source, sample), columns=columns)
        names = sample.columns or tuple(sample.objects[0] if sample.objects else ())
        seen = plain(", ".join(str(name)[:30] for name in names[:6]))
        fields = f" (its fields: {seen})" if seen else ""
        return [Fault(Location(uri), f"of no format that is known{fields}", ADVICE, damage=True)]

    def _mapped(self, index: int, uri: str, path: Path, file: Path) -> Opened | list[Fault]:
        mapping, tree = read_mapping(file)
        source = mapped_source(mapping)
        columns: dict[str, str] | None = None
        if mapping.format == "csv":
            text = head(path).decode("utf-8", "replace")
            sample = table(text, mapping.delimiter or "") or Sample("csv")
        elif mapping.format == "parquet":
            sample, columns = self._parquet(index, path)
        else:
            sample = self._sniff(path)
            if sample.container in TABULAR:
                return [Fault(Location(uri), f"the mapping {file} is for JSON lines, and this is not JSON")]
        if mapping.format != "jsonl" and (faults := missing_columns(mapping, tree, set(sample.columns), uri)):
            return faults
        return Opened(index, uri, path, sample, source, forced=True, columns=columns)
