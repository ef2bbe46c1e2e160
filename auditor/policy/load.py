"""Policy packs on disk → `Policy`. All faults of all files are found before anything is refused."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from auditor.errors import AuditorError, Fault, Location, raise_faults
from auditor.model.policy import Clause, Document, NamedList
from auditor.policy.lint import lint, unused_parameters
from auditor.policy.parse import parse_manual, parse_rules
from auditor.policy.parsed import ManualClause, Pack, ParsedRule, Policy
from auditor.resources import resource_dir
from auditor.yamlfile import Tree, nearest, read_yaml, validate

LISTS = "lists"
REGISTRY = "registry"
"""What is publicly known of models and hosts."""


@dataclass
class PolicyFiles:
    """The files to read: policy files by pack, and lists."""

    packs: dict[str, list[Path]] = field(default_factory=dict)
    lists: list[Path] = field(default_factory=list)


def load_policies(selection: str | Path | None = None) -> Policy:
    """Load packs.

    Args:
        selection: names of shipped packs and paths, joined by commas; a path is that of a policy file or of a folder laid
            out like `policies/`. All shipped packs if None.

    Raises:
        AuditorError: no such pack, or faults in the files, each with its place.
    """
    files = find_files(selection)
    faults: list[Fault] = []
    lists = {item.id: item for item in _load_lists(files.lists, faults)}
    values = {name: item.values for name, item in lists.items()}
    documents: list[Document] = []
    rules: list[ParsedRule] = []
    manual: list[ManualClause] = []
    for pack, paths in files.packs.items():
        for path in paths:
            if tree := _read(path, faults):
                document, found = validate(Document, tree)
                faults += found
                if document:
                    documents.append(document)
                    rules += parse_rules(tree, document, values, faults)
                    manual += parse_manual(tree, document, values, faults)
                    faults += [*lint(tree, document, pack), *unused_parameters(tree, document)]
                else:
                    faults += _faults_of_readable_clauses(tree, pack, values)
    faults += _duplicates(documents)
    raise_faults("the policy packs have faults", faults)
    packs = tuple(Pack(pack, _digest(paths, files.lists)) for pack, paths in sorted(files.packs.items()))
    return Policy(tuple(documents), tuple(rules), tuple(manual), lists, packs)


def registry_pack() -> Pack:
    """Return the tables of models and hosts as a pack, for what follows from them rests on them as on the others."""
    return Pack(REGISTRY, _digest(list((resource_dir("policies") / REGISTRY).glob("*.yaml")), []))


def _faults_of_readable_clauses(tree: Tree, pack: str, lists: dict[str, tuple[str, ...]]) -> list[Fault]:
    """The faults in those clauses of an ill-formed file that are well-formed themselves, so that all are reported at once."""
    raw = tree.value
    clauses = raw.get("clauses") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(clauses, list):
        return []
    readable = [i for i, clause in enumerate(clauses) if validate(Clause, Tree(tree.file, clause, {}))[0]]
    moved = {old: new for new, old in enumerate(readable)}
    positions = {
        ("clauses", moved[int(path[1])], *path[2:]) if path[:1] == ("clauses",) and len(path) > 1 else path: place
        for path, place in tree.positions.items()
        if path[:1] != ("clauses",) or len(path) == 1 or path[1] in moved
    }
    rest = Tree(tree.file, raw | {"clauses": [clauses[i] for i in readable]}, positions)
    document, _ = validate(Document, rest)
    if document is None:
        return []
    faults: list[Fault] = []
    list(parse_rules(rest, document, lists, faults))
    return [*faults, *lint(rest, document, pack)]


def find_files(selection: str | Path | None) -> PolicyFiles:
    """Return the files that a selection of packs names; see `load_policies`."""
    shipped = resource_dir("policies")
    if selection is None:
        return _folder(shipped)
    available = _folder(shipped).packs
    text = str(selection)
    files = PolicyFiles()
    for name in [text] if Path(text).exists() and text not in available else text.split(","):
        own = _named(name.strip(), available)
        for pack, paths in own.packs.items():
            files.packs[pack] = list(dict.fromkeys([*files.packs.get(pack, []), *paths]))
        files.lists += [item for item in own.lists if item not in files.lists]
    own_lists = {item.name for item in files.lists}
    files.lists += [item for item in _folder(shipped).lists if item.name not in own_lists]
    return files


def _named(name: str, available: dict[str, list[Path]]) -> PolicyFiles:
    """The files of a shipped pack, or of a path; lists lie beside a pack's folder, or beside a file. Own lists replace shipped
    ones of the same id.
    """
    path = Path(name)
    if name in available:
        return PolicyFiles({name: available[name]})
    if name and path.is_file():
        return PolicyFiles({path.stem: [path]}, [*_folder(path.parent).lists, *_folder(path.parent.parent).lists])
    if name and path.is_dir():
        files = _folder(path)
        if not files.packs:
            raise AuditorError(f"{path}: no policy files (*.yaml) here")
        return files
    hint = nearest(name, set(available)) or f"there are {', '.join(sorted(available))}"
    raise AuditorError(f"no policy pack or path '{name}' ({hint})")


def _folder(path: Path) -> PolicyFiles:
    files = PolicyFiles()
    for file in sorted(path.glob("*.yaml")):
        files.packs.setdefault(path.name, []).append(file)
    for file in sorted(path.glob("*/*.yaml")):
        if file.parent.name == LISTS:
            files.lists.append(file)
        elif file.parent.name != REGISTRY:
            files.packs.setdefault(file.parent.name, []).append(file)
    return files


def _read(path: Path, faults: list[Fault]) -> Tree | None:
    try:
        return read_yaml(path)
    except AuditorError as error:
        faults += error.faults or [Fault(Location(str(path)), error.message)]
        return None


def _load_lists(paths: list[Path], faults: list[Fault]) -> Iterator[NamedList]:
    for path in paths:
        if tree := _read(path, faults):
            item, found = validate(NamedList, tree)
            faults += found
            if item and item.id != path.stem:
                faults.append(tree.fault(("id",), f"the list '{item.id}' must stand in {item.id}.yaml"))
            if item:
                yield item


def _duplicates(documents: list[Document]) -> list[Fault]:
    seen: set[str] = set()
    faults = []
    for document in documents:
        if document.id in seen:
            faults.append(Fault(Location(f"{document.provider}/"), f"two files describe the document '{document.id}'"))
        seen.add(document.id)
    return faults


def _digest(paths: list[Path], lists: list[Path]) -> str:
    """SHA-256 over the pack's files and the lists, each as name, NUL, length, NUL, bytes."""
    digest = hashlib.sha256()
    for path in sorted(paths) + sorted(lists):
        content = path.read_bytes()
        digest.update(f"{path.parent.name}/{path.name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
