"""Turns inputs that are addresses (`s3://`, `gs://`, `az://`, `https://`) into files of the database's folder.

Objects are found first, so that what is missing or denied is told before anything large is fetched, and downloaded then,
as they are. Without such an address nothing is connected to.
"""

import asyncio
import re
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from auditor.errors import Fault, Location
from auditor.sources.download import Limits, RefusedError, Sink, StoppedError, check_size, shown
from auditor.sources.inputs import Remote
from auditor.sources.rejects import plain
from auditor.sources.source import Input, Progress
from auditor.sources.stage import SPARE_DISK
from auditor.sources.stores import KINDS, Kind, Store

if TYPE_CHECKING:
    from auditor.sources.https import Web

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://(.*)", re.IGNORECASE | re.DOTALL)
WEB = "https"
T = TypeVar("T")
R = TypeVar("R")


@dataclass
class _Found:
    """What one address stands for."""

    objects: list[Remote] = field(default_factory=list)
    passed_over: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def scheme_of(item: Input) -> str:
    """Return the scheme of an input that is an address, in small letters, or nothing."""
    match = ADDRESS.fullmatch(item.path) if item.data is None else None
    return match[1].lower() if match and not Path(item.path).exists() else ""


def _fault(uri: str, error: RefusedError) -> Fault:
    return Fault(Location(plain(uri)), str(error), error.hint)


class Remotes:
    """Finds and downloads the remote inputs of one ingestion."""

    def __init__(
        self,
        folder: Path,
        progress: Progress | None = None,
        limits: Limits | None = None,
        kinds: Mapping[str, Kind] = KINDS,
    ) -> None:
        self.folder = folder
        self.progress = progress
        self.limits = limits or Limits()
        self.kinds = kinds
        self._stores: dict[str, Store | RefusedError] = {}
        self._web: Web | None = None
        self._stop = threading.Event()
        self._telling = threading.Lock()

    async def find(self, inputs: Sequence[Input]) -> tuple[list[Input], list[tuple[str, str]], list[Fault]]:
        """Replace every address by the objects that it stands for, sorted by name; other inputs stay as they are.

        Returns:
            inputs, (address, why) for objects that are passed over, and a fault for each address that gives none.
        """
        schemes = [scheme_of(item) for item in inputs]
        await asyncio.to_thread(self._connect, {*schemes})
        wanted = [(item, scheme) for item, scheme in zip(inputs, schemes, strict=True) if scheme]
        found = iter(await self._each(self._found, wanted))
        each = [next(found) if scheme else None for scheme in schemes]
        passed_over = [left for place in each if place for left in place.passed_over]
        faults = [fault for place in each if place for fault in place.faults]
        named: list[Input] = []
        seen: set[str] = set()
        uris: Counter[str] = Counter()
        for item, place in zip(inputs, each, strict=True):
            for remote in place.objects if place else ():
                if remote.address in seen:
                    passed_over.append((remote.uri, "named twice"))
                    continue
                seen.add(remote.address)
                uris[remote.uri] += 1
                number = uris[remote.uri]  # addresses that differ only in what is not shown
                path = self.folder / f"remote-{len(seen):06d}.raw"
                named.append(replace(remote, path=str(path), uri=remote.uri + (f"#{number}" if number > 1 else "")))
            if not place:
                named.append(item)
        return named, passed_over, faults

    async def fetch(self, files: Sequence[Input], faults: list[Fault]) -> tuple[list[Input], list[Fault]]:
        """Download all remote files, if nothing stands against reading the others.

        Returns:
            the files that are here now, and `faults` with one more for each that could not be downloaded.
        """
        remotes = [item for item in files if isinstance(item, Remote)]
        faults = faults or self._too_much(remotes)
        try:
            saved = [None for _ in remotes] if faults else await self._each(self._save, remotes)
        finally:
            if self._web:
                self._web.close()
        away = [item.path for item, fault in zip(remotes, saved, strict=True) if faults or fault]
        return [item for item in files if item.path not in away], faults + [fault for fault in saved if fault]

    async def _each(self, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Do the work in a bounded number of threads; if it is broken off, the threads end, too."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(self.limits.concurrency) as pool:
            try:
                return await asyncio.gather(*(loop.run_in_executor(pool, work, item) for item in items))
            except BaseException:
                self._stop.set()
                raise

    def _connect(self, schemes: set[str]) -> None:
        """Make what speaks to the places that are named; what is imported for it takes a while."""
        for scheme in schemes & self.kinds.keys():
            try:
                self._stores[scheme] = Store(self.kinds[scheme], self.limits)
            except RefusedError as error:
                self._stores[scheme] = error
        if WEB in schemes:
            from auditor.sources.https import Web

            self._web = Web(self.limits)

    def _found(self, wanted: tuple[Input, str]) -> _Found:
        item, scheme = wanted
        uri = shown(item.path) if scheme not in self.kinds else item.path
        try:
            return self._on_web(self._web, item) if self._web and scheme == WEB else self._in_store(item, scheme)
        except RefusedError as error:
            return _Found(faults=[_fault(uri, error)])

    def _on_web(self, web: "Web", item: Input) -> _Found:
        size = web.size(item.path)
        return _Found([Remote("", item.format, item.mapping, uri=shown(item.path), address=item.path, size=size)])

    def _in_store(self, item: Input, scheme: str) -> _Found:
        store = self._stores.get(scheme)
        if isinstance(store, RefusedError):
            raise store
        if not store:
            known = ", ".join(f"{name}://" for name in (*self.kinds, WEB))
            why = (
                "is not encrypted, and is not read" if scheme == "http" else "is of no kind of address that can be read"
            )
            raise RefusedError(why, f"these are: {known}")
        sizes, passed_over = store.find(item.path.partition("://")[2])
        place = _Found(passed_over=[(f"{scheme}://{name}", why) for name, why in passed_over.items()])
        for name, size in sizes.items():
            uri = f"{scheme}://{name}"
            try:
                check_size(size, self.limits)
            except RefusedError as error:
                place.faults.append(_fault(uri, error))
            place.objects.append(Remote("", item.format, item.mapping, uri=uri, address=uri, size=size))
        return place

    def _too_much(self, remotes: Sequence[Remote]) -> list[Fault]:
        needed, free = sum(item.size or 0 for item in remotes), shutil.disk_usage(self.folder).free
        if not remotes or needed + SPARE_DISK <= free:
            return []
        why = f"the {len(remotes)} remote inputs hold {needed} bytes, and {free} are free here"
        return [Fault(Location(str(self.folder)), why, "set TMPDIR to a larger disk")]

    def _save(self, item: Remote) -> Fault | None:
        try:
            with Path(item.path).open("wb") as file:
                self._save_to(item, Sink(file, self.limits, self._stop, lambda done: self._tell(item, done)))
        except StoppedError:
            return None
        except RefusedError as error:
            return _fault(item.uri, error)
        except OSError as error:
            return Fault(Location(plain(item.uri)), f"cannot be downloaded: {error.strerror or error}")
        return None

    def _save_to(self, item: Remote, sink: Sink) -> None:
        scheme, _, name = item.address.partition("://")
        store = self._stores.get(scheme)
        if isinstance(store, Store):
            store.save(name, item.size or 0, sink)
        elif self._web:
            self._web.save(item.address, sink)

    def _tell(self, item: Remote, done: int) -> None:
        if self.progress:
            with self._telling:
                self.progress(item.uri, done, item.size or 0)
