"""The run folder: written whole under another name and then renamed, so that it is there completely or not at all."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from auditor.errors import AuditorError
from auditor.model.finding import Finding
from auditor.model.run import Coverage, Manifest
from auditor.model.rundata import RunData
from auditor.runs.ledger import Entry, ledger_lines

M = TypeVar("M", bound=BaseModel)
MANIFEST, FINDINGS, HITS, DUPLICATES, REJECTS, COVERAGE, LEDGER = (
    "run.json",
    "findings.jsonl",
    "hits.parquet",
    "duplicates.parquet",
    "rejects.jsonl",
    "coverage.json",
    "ledger.jsonl",
)


def refuse_existing(folder: Path) -> None:
    """Refuse a place that is taken, before any work is done: a run is evidence, and is never written over.

    Raises:
        AuditorError: something is there already.
    """
    if folder.exists():
        raise AuditorError(
            f"{folder} exists already, and runs are never written over; choose another --out or remove it"
        )


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder to write into, and rename it to `folder` if all goes well.

    Raises:
        AuditorError: the place is taken or cannot be written.
    """
    refuse_existing(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise AuditorError(f"cannot write {folder}: {error.strerror}") from error
    try:
        yield temporary
        for file in temporary.iterdir():
            _sync(file)
        _sync(temporary)
        temporary.chmod(0o755)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def write_run(folder: Path, data: RunData, rejects: Path, writers: Mapping[str, Callable[[Path], None]]) -> None:
    """Write a run folder.

    Args:
        folder: where it shall stand.
        data: manifest, findings and coverage.
        rejects: file of rejected lines, one JSON object a line, in which `input` is an index into the manifest's inputs.
        writers: name of a Parquet file (`HITS`, `DUPLICATES`) → what writes it to the path it is given.
    """
    with new_folder(folder) as temporary:
        _write(temporary / MANIFEST, as_json(data.manifest))
        _write(temporary / FINDINGS, "".join(finding.model_dump_json() + "\n" for finding in data.findings))
        _write(temporary / COVERAGE, as_json(data.coverage))
        _write_rejects(rejects, temporary / REJECTS, [item.uri for item in data.manifest.inputs])
        for name, write in writers.items():
            write(temporary / name)
        _write(temporary / LEDGER, "".join(ledger_lines(_entries(temporary, data.manifest))))


def read_run(folder: Path) -> RunData:
    """Return what the run folder holds.

    Raises:
        AuditorError: it is no run folder, or a file of it is damaged.
    """
    if not (folder / MANIFEST).is_file():
        raise AuditorError(f"{folder} is no run folder: it holds no {MANIFEST}")
    manifest = _parse(Manifest, folder / MANIFEST, _read(folder / MANIFEST))
    coverage = _parse(Coverage, folder / COVERAGE, _read(folder / COVERAGE))
    lines = _read(folder / FINDINGS).split("\n")[:-1]  # splitlines would also break at U+2028 within a text
    return RunData(manifest, tuple(_parse(Finding, folder / FINDINGS, line) for line in lines), coverage)


def as_json(model: BaseModel) -> str:
    """Return a model as indented JSON, under the names that its fields have in files."""
    return model.model_dump_json(indent=2, by_alias=True) + "\n"


def _entries(folder: Path, manifest: Manifest) -> Iterator[Entry]:
    for item in manifest.inputs:
        yield Entry("input", item.uri, item.sha256)
    for pack in manifest.packs:
        yield Entry("pack", pack.id, pack.sha256)
    if manifest.config.path and manifest.config.sha256:
        yield Entry("config", manifest.config.path, manifest.config.sha256)
    for name in (MANIFEST, FINDINGS, HITS, DUPLICATES, REJECTS, COVERAGE):
        yield Entry("file", name, _sha256(folder / name))


def _write_rejects(source: Path, target: Path, inputs: list[str]) -> None:
    """Name the input of each reject; line by line, for there may be millions."""
    with source.open(encoding="utf-8") as lines, target.open("w", encoding="utf-8", newline="\n") as out:
        for line in lines:
            reject = json.loads(line)
            out.write(json.dumps(reject | {"input": inputs[reject["input"]]}, ensure_ascii=False) + "\n")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AuditorError(f"cannot read {path}: {error}") from error


def _parse(model: type[M], path: Path, text: str) -> M:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise AuditorError(f"{path} is damaged, or of another version: {place}: {first['msg']}") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
