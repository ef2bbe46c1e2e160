"""The rules of a few fact tables, kept ready between runs: reading all packs as YAML takes longer than a hook may take.

What is kept is JSON that the models of the packs check again when it is read; a damaged file is made anew.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from auditor import __version__
from auditor.errors import Fault
from auditor.model.base import Model
from auditor.model.policy import Document, NamedList, TableName
from auditor.policy.load import PolicyFiles, find_files, load_policies
from auditor.policy.parse import parse_rules
from auditor.policy.parsed import Pack, Policy
from auditor.yamlfile import Tree

KEPT = 8
"""Files of different packs and versions that stay."""


class Compiled(Model):
    """Documents with the rules of some tables alone, without their tests, and the lists."""

    documents: tuple[Document, ...]
    lists: tuple[NamedList, ...]
    packs: tuple[tuple[str, str], ...]


def load_rules(selection: str | Path | None, tables: Iterable[TableName], cache: Path | None) -> Policy:
    """Return the packs with nothing but their rules on `tables`.

    Args:
        selection: as for `load_policies`.
        tables: the fact tables whose rules are wanted.
        cache: folder in which they are kept; they are read from the packs each time if None.

    Raises:
        AuditorError: no such pack, or faults in the files, each with its place.
    """
    wanted = sorted(set(tables))
    file = cache / f"rules-{_key(find_files(selection), wanted)}.json" if cache else None
    compiled = _read(file) if file else None
    policy = _policy(compiled) if compiled else None
    if policy is None:
        compiled = _narrowed(load_policies(selection), wanted)
        policy = _policy(compiled)
        assert policy, "the packs were checked when they were loaded"
        if file:
            _write(file, compiled)
    return policy


def cache_folder() -> Path | None:
    """Return the user's folder for what can be made anew, None where there is no home."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "auditor"
    except RuntimeError:
        return None


def _key(files: PolicyFiles, tables: list[TableName]) -> str:
    """SHA-256 over our version, the tables, and every file's pack, name and content."""
    digest = hashlib.sha256(f"{__version__} {tables}".encode())
    for pack, paths in [*sorted(files.packs.items()), ("lists", files.lists)]:
        for path in paths:
            content = path.read_bytes()
            digest.update(f"\0{pack}/{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:32]


def _read(file: Path) -> Compiled | None:
    """What was kept, None where it is not there or not as it was written: its first line is the SHA-256 of the rest."""
    try:
        digest, _, body = file.read_bytes().partition(b"\n")
        is_whole = digest == hashlib.sha256(body).hexdigest().encode()
        return TypeAdapter(Compiled).validate_json(body) if is_whole else None
    except (OSError, ValidationError):
        return None


def _write(file: Path, compiled: Compiled) -> None:
    """Write the file whole or not at all; where that cannot be, the next run reads the packs again."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}")
        body = compiled.model_dump_json(by_alias=True, exclude_defaults=True).encode()
        part.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        part.replace(file)
        kept = sorted(file.parent.glob("rules-*.json"), key=lambda path: path.stat().st_mtime)
        for old in kept[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _narrowed(policy: Policy, tables: list[TableName]) -> Compiled:
    documents = []
    for document in policy.documents:
        clauses = []
        for clause in document.clauses:
            # a rule has at least one test, so one is left
            rules = tuple(r.model_copy(update={"tests": r.tests[:1]}) for r in clause.rules if r.table in tables)
            clauses += [clause.model_copy(update={"rules": rules})] if rules else []
        if clauses:
            documents.append(document.model_copy(update={"clauses": tuple(clauses), "test_facts": {}}))
    packs = tuple((pack.id, pack.sha256) for pack in policy.packs)
    return Compiled(documents=tuple(documents), lists=tuple(policy.lists.values()), packs=packs)


def _policy(compiled: Compiled) -> Policy | None:
    """The packs as they are used; None where their rules do not parse, as those that another version of us kept may not."""
    lists = {item.id: item for item in compiled.lists}
    values = {name: item.values for name, item in lists.items()}
    faults: list[Fault] = []
    rules = tuple(
        rule
        for document in compiled.documents
        for rule in parse_rules(Tree(document.id, None, {}), document, values, faults)
    )
    if faults:
        return None
    return Policy(compiled.documents, rules, (), lists, tuple(Pack(*pack) for pack in compiled.packs))
