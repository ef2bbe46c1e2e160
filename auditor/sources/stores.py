"""Finds and downloads objects of a store (`s3://`, `gs://`, `az://`) through fsspec, which is imported when it is needed."""

import glob
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

from auditor.sources.download import CHANGED, Limits, RefusedError, Sink, chain, untrusted, words_of
from auditor.sources.inputs import PULL, PULLED, TABLES, UNFINISHED

Info = Mapping[str, Any]
VERSIONS = "?versionId="


@dataclass(frozen=True)
class Kind:
    """A kind of store: the package that speaks to it, and how.

    Attributes:
        extra: optional dependency of this package that installs it.
        filesystem: class of fsspec, as `module:name`.
        errors: what it raises besides `OSError` and `ValueError`, as `module:name`.
        options: what to make it with.
        pinned: whether its files are read only as long as the object is the one that was found.
    """

    extra: str
    filesystem: str
    errors: Sequence[str] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    pinned: bool = False


KINDS: dict[str, Kind] = {
    "s3": Kind(
        "s3",
        "s3fs:S3FileSystem",
        ("botocore.exceptions:BotoCoreError", "botocore.exceptions:ClientError", "aiohttp:ClientError"),
        {"config_kwargs": {"max_pool_connections": Limits().concurrency}},
        pinned=True,
    ),
    "gs": Kind(
        "gcs",
        "gcsfs:GCSFileSystem",
        ("google.auth.exceptions:GoogleAuthError", "gcsfs.retry:HttpError", "aiohttp:ClientError"),
        {"access": "read_only"},
    ),
    "az": Kind("azure", "adlfs:AzureBlobFileSystem", ("azure.core.exceptions:AzureError",), {"anon": False}),
}
"""Scheme of an address → the kind of store it is in. Credentials and endpoints are those that each package looks up."""


class _FileSystem(Protocol):
    """What is used of a file system of fsspec; names are `bucket/key`."""

    def info(self, path: str) -> Info: ...

    def find(self, path: str, *, detail: bool) -> Mapping[str, Info]: ...

    def glob(self, path: str, *, detail: bool) -> Mapping[str, Info]: ...

    def open(self, path: str, mode: str, *, block_size: int, cache_type: str) -> Any: ...


def _load(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


class Store:
    """One kind of store; may be used from several threads.

    Raises:
        RefusedError: the package that speaks to it is not installed.
    """

    def __init__(self, kind: Kind, limits: Limits) -> None:
        self.kind = kind
        self.limits = limits
        self._marks: dict[str, tuple[object, ...]] = {}
        try:
            filesystem = _load(kind.filesystem)
        except ImportError as error:
            package = kind.filesystem.partition(":")[0]
            install = f"pip install 'tos-auditor[{kind.extra}]'"
            raise RefusedError(f"needs the package {package}, which is not installed", install) from error
        self._foreign: tuple[type[Exception], ...] = (OSError, ValueError, *map(_load, kind.errors))
        options = {"skip_instance_cache": True, **kind.options}
        try:
            self._files: _FileSystem = filesystem(**options)
            self._fresh: _FileSystem = filesystem(use_listings_cache=False, **options)
        except self._foreign as error:
            raise _refused(error) from error

    def find(self, name: str) -> tuple[dict[str, int], dict[str, str]]:
        """Return the objects that `bucket/…` stands for with their sizes, and (name, why) for what is passed over.

        An object, a prefix that ends in `/` and stands for all objects below it, or a glob.
        """
        bucket, _, key = name.partition("/")
        if not bucket or glob.has_magic(bucket):
            raise RefusedError("names no single bucket")
        if VERSIONS in key:
            raise RefusedError(f"holds `{VERSIONS}`; versions of an object cannot be named")
        try:
            infos, passed_over = self._found(name, key)
        except self._foreign as error:
            raise _refused(error) from error
        self._marks |= {found: _mark(info) for found, info in infos.items()}
        sizes = {found: int(info["size"]) for found, info in sorted(infos.items())}
        return sizes, passed_over

    def save(self, name: str, size: int, sink: Sink) -> None:
        """Download an object that was found. It is never shorter, longer or another one than what was found."""
        try:
            with self._files.open(name, "rb", block_size=self.limits.chunk, cache_type="none") as file:
                if file.size != size:
                    raise RefusedError(CHANGED)
                while sink.size < size:
                    wanted = min(self.limits.chunk, size - sink.size)
                    chunk = file.read(wanted)
                    if len(chunk) != wanted:
                        raise RefusedError(
                            f"broke off: after {sink.size} of {size} bytes came {len(chunk)}, not {wanted}"
                        )
                    sink.write(chunk)
            if not self.kind.pinned and _mark(self._fresh.info(name)) != self._marks[name]:
                raise RefusedError(CHANGED)
        except self._foreign as error:
            raise _refused(error) from error

    def _found(self, name: str, key: str) -> tuple[dict[str, Info], dict[str, str]]:
        if not key or name.endswith("/"):
            root = name.rstrip("/") + "/" if not key else name
            if below := self._below(root):
                return _sorted_out(root, below)
            if not glob.has_magic(key):
                raise RefusedError("there is nothing below this prefix")
        elif info := self._single(name):
            return {name: info}, {}
        if glob.has_magic(key):
            return self._matching(name)
        if self._below(f"{name}/"):
            raise RefusedError("there is no such object", "for all objects below it, write a `/` at the end")
        raise RefusedError("there is no such object")

    def _single(self, name: str) -> Info | None:
        try:
            info = self._files.info(name)
        except FileNotFoundError as error:
            if _code(error) == "NoSuchBucket":
                raise
            return None
        return info if info["type"] == "file" and info["name"] == name else None

    def _below(self, root: str) -> dict[str, Info]:
        """Return all objects whose names begin with `root`, without the markers of empty folders."""
        found = self._files.find(root, detail=True)
        items = found.items() if isinstance(found, Mapping) else ()
        return {name: info for name, info in items if name.startswith(root) and _is_object(name, info)}

    def _matching(self, pattern: str) -> tuple[dict[str, Info], dict[str, str]]:
        start = (
            pattern[: next(at for at, character in enumerate(pattern) if character in "*?[")].rpartition("/")[0] + "/"
        )
        infos: dict[str, Info] = {}
        for name, info in self._files.glob(pattern, detail=True).items():
            if info["type"] == "directory":
                infos |= self._below(f"{name.rstrip('/')}/")
            elif _is_object(name, info):
                infos[name] = info
        if not infos:
            raise RefusedError("nothing matches this pattern")
        return _sorted_out(start, infos)


def _is_object(name: str, info: Info) -> bool:
    return info["type"] == "file" and not name.endswith("/") and VERSIONS not in name


def _mark(info: Info) -> tuple[object, ...]:
    """Return what is another for another content."""
    return info["size"], info.get("ETag") or info.get("etag")


def _sorted_out(root: str, infos: Mapping[str, Info]) -> tuple[dict[str, Info], dict[str, str]]:
    """Leave out what is left out of a local folder, too: hidden files, and pages of pulls; say why."""
    passed_over: dict[str, str] = {}
    taken: dict[str, Info] = {}
    for name, info in infos.items():
        if left_out := next(_reasons(root, name, infos), None):
            passed_over.setdefault(*left_out)
        else:
            taken[name] = info
    if not taken:
        raise RefusedError(
            next(iter(passed_over.values())) if UNFINISHED in passed_over.values() else "holds only what is hidden"
        )
    return taken, passed_over


def _reasons(root: str, name: str, names: Mapping[str, Info]) -> Iterator[tuple[str, str]]:
    parts = name.removeprefix(root).split("/")
    for depth, part in enumerate(parts):
        folder = root + "".join(f"{above}/" for above in parts[:depth])
        if part.startswith("."):
            yield f"{folder}{part}{'/' if depth < len(parts) - 1 else ''}", "hidden"
        if f"{folder}{PULL}" in names:
            finished = f"{folder}{PULLED}" in names
            if not finished or part not in TABLES or depth == len(parts) - 1:
                yield folder, "pages as received; the tables made of them are read" if finished else UNFINISHED


def _code(error: BaseException) -> str:
    """Return the code with which a store that speaks S3 says what is wrong."""
    responses = (getattr(cause, "response", None) for cause in chain(error))
    return next((str(said.get("Error", {}).get("Code")) for said in responses if isinstance(said, dict)), "")


def _refused(error: Exception) -> RefusedError:
    """Say in words what a store, or the way to it, has against a request."""
    reason, code = words_of(error), _code(error)
    if said := untrusted(error):
        return RefusedError(said)
    if type(error).__name__ == "FileExpired" or code == "PreconditionFailed":
        return RefusedError(CHANGED)
    if code == "NoSuchBucket":
        return RefusedError("there is no such bucket")
    if isinstance(error, FileNotFoundError):
        return RefusedError("there is no such bucket or object")
    if isinstance(error, PermissionError):
        return RefusedError(f"access was denied: {reason}", "check the credentials and what they permit")
    return RefusedError(f"cannot be read: {reason}")
