"""Policy packs on disk → `Policy`. All faults of all files are found before anything is refused."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from auditor.errors import AuditorError, Fault, Location, raise_faults
from auditor.model.check import WindowMeasure
from auditor.model.expr import TRUE, Expr, Not, all_of
from auditor.model.facts import TABLES
from auditor.model.policy import Clause, Document, NamedList, ParameterRef, Rule, TableName, window_seconds
from auditor.policy.conditions import ConditionParser
from auditor.policy.lint import lint, unused_parameters
from auditor.resources import resource_dir
from auditor.yamlfile import KeyPath, Tree, nearest, read_yaml, validate

LISTS = "lists"
NO_PACKS = ("registry",)


@dataclass(frozen=True)
class ParsedRule:
    """A rule with its conditions parsed; parameters are still names, and `limit` may be one."""

    document: Document
    clause: Clause
    rule: Rule
    applies: Expr
    condition: Expr
    measure: WindowMeasure | None
    versions: dict[str, Expr] = field(default_factory=dict)
    """For whom a version was in force, by its id, where that is not everybody."""
    frozen: Expr | None = None
    """For which rows the date of a contract decides the version."""

    @property
    def id(self) -> str:
        """`provider/document/clause/rule`."""
        return f"{self.document.clause_id(self.clause)}/{self.rule.id}"


@dataclass(frozen=True)
class ManualClause:
    """A clause that only a person can check, and the rows of a table that it governs."""

    document: Document
    clause: Clause
    table: TableName
    applies: Expr
    versions: dict[str, Expr] = field(default_factory=dict)
    frozen: Expr | None = None

    @property
    def id(self) -> str:
        """`provider/document/clause/manual`."""
        return f"{self.document.clause_id(self.clause)}/manual"


@dataclass(frozen=True)
class Pack:
    """The policy files of one provider, and the SHA-256 over their names and contents."""

    id: str
    sha256: str


@dataclass(frozen=True)
class Policy:
    """Everything loaded from policy files."""

    documents: tuple[Document, ...]
    rules: tuple[ParsedRule, ...]
    manual: tuple[ManualClause, ...]
    lists: dict[str, NamedList]
    packs: tuple[Pack, ...]


@dataclass
class _Files:
    """The files to read: policy files by pack, and lists."""

    packs: dict[str, list[Path]] = field(default_factory=dict)
    lists: list[Path] = field(default_factory=list)


def load_policies(selection: str | Path | None = None) -> Policy:
    """Load packs.

    Args:
        selection: names of shipped packs joined by commas, or the path of a policy file or of a folder laid out like
            `policies/`; all shipped packs if None.

    Raises:
        AuditorError: no such pack, or faults in the files, each with its place.
    """
    files = _find(selection)
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
                    rules += _parse_rules(tree, document, values, faults)
                    manual += _parse_manual(tree, document, values, faults)
                    faults += [*lint(tree, document, pack), *unused_parameters(tree, document)]
                else:
                    faults += _faults_of_readable_clauses(tree, pack, values)
    faults += _duplicates(documents)
    raise_faults("the policy packs have faults", faults)
    packs = tuple(Pack(pack, _digest(paths, files.lists)) for pack, paths in sorted(files.packs.items()))
    return Policy(tuple(documents), tuple(rules), tuple(manual), lists, packs)


def with_drafts(policy: Policy, draft: Policy) -> Policy:
    """Return `policy` with the documents of `draft` in place of those of the same id, or beside the others."""
    ids = {document.id for document in draft.documents}
    return Policy(
        (*(d for d in policy.documents if d.id not in ids), *draft.documents),
        (*(r for r in policy.rules if r.document.id not in ids), *draft.rules),
        (*(m for m in policy.manual if m.document.id not in ids), *draft.manual),
        policy.lists | draft.lists,
        (*policy.packs, *(Pack(f"draft:{pack.id}", pack.sha256) for pack in draft.packs)),
    )


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
    list(_parse_rules(rest, document, lists, faults))
    return [*faults, *lint(rest, document, pack)]


def _find(selection: str | Path | None) -> _Files:
    shipped = resource_dir("policies")
    if selection is None:
        return _folder(shipped)
    path = Path(selection)
    if path.is_file():
        return _Files({path.stem: [path]}, [*_folder(shipped).lists, *_folder(path.parent).lists])
    names = str(selection).split(",")
    available = _folder(shipped).packs
    if path.is_dir() and not set(names) <= set(available):
        return _own_folder(path, shipped)
    if unknown := [name for name in names if name not in available]:
        hint = nearest(unknown[0], set(available)) or f"there are {', '.join(sorted(available))}"
        raise AuditorError(f"no policy pack or path '{unknown[0]}' ({hint})")
    return _Files({name: available[name] for name in sorted(set(names))}, _folder(shipped).lists)


def _own_folder(path: Path, shipped: Path) -> _Files:
    """A folder of somebody's own packs may refer to the shipped lists and replace them by id."""
    files = _folder(path)
    if not files.packs:
        raise AuditorError(f"{path}: no policy files (*.yaml) here")
    own = {item.name for item in files.lists}
    files.lists += [item for item in _folder(shipped).lists if item.name not in own]
    return files


def _folder(path: Path) -> _Files:
    files = _Files()
    for file in sorted(path.glob("*.yaml")):
        files.packs.setdefault(path.name, []).append(file)
    for file in sorted(path.glob("*/*.yaml")):
        if file.parent.name == LISTS:
            files.lists.append(file)
        elif file.parent.name not in NO_PACKS:
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


def _parse_rules(
    tree: Tree, document: Document, lists: dict[str, tuple[str, ...]], faults: list[Fault]
) -> Iterator[ParsedRule]:
    for i, clause in enumerate(document.clauses):
        for j, rule in enumerate(clause.rules):
            parser = ConditionParser(tree, TABLES[rule.table], lists, document.parameters, faults)
            path: KeyPath = ("clauses", i, "rules", j)
            yield ParsedRule(
                document,
                clause,
                rule,
                _applies_to(parser, document, clause, i),
                _condition(parser, rule, path),
                _measure(parser, rule, path),
                _version_conditions(parser, clause, i),
                _frozen(parser, document),
            )


def _parse_manual(
    tree: Tree, document: Document, lists: dict[str, tuple[str, ...]], faults: list[Fault]
) -> Iterator[ManualClause]:
    raw = document.applies_when
    tables = [name for name in TABLES if isinstance(raw, dict) and name in raw]
    table: TableName = "usage" if "usage" in tables or not tables else tables[0]  # type: ignore[assignment]  # a key of TABLES
    parser = ConditionParser(tree, TABLES[table], lists, document.parameters, faults)
    for i, clause in enumerate(document.clauses):
        if not clause.rules:
            yield ManualClause(
                document,
                clause,
                table,
                _applies_to(parser, document, clause, i),
                _version_conditions(parser, clause, i),
                _frozen(parser, document),
            )


def _applies_to(parser: ConditionParser, document: Document, clause: Clause, i: int) -> Expr:
    applies = _applies(parser, document.applies_when, ("applies_when",))
    if clause.applies_when is None:
        return applies
    return all_of(applies, _applies(parser, clause.applies_when, ("clauses", i, "applies_when")))


def _version_conditions(parser: ConditionParser, clause: Clause, i: int) -> dict[str, Expr]:
    return {
        version.id: _applies(parser, version.applies_when, ("clauses", i, "versions", j, "applies_when"))
        for j, version in enumerate(clause.versions)
        if version.applies_when is not None
    }


def _frozen(parser: ConditionParser, document: Document) -> Expr | None:
    """Where `frozen_when` names tables, the versions of the others are not frozen."""
    raw = document.frozen_when
    if raw is None or (isinstance(raw, dict) and set(raw) & set(TABLES) and parser.table.name not in raw):
        return None
    return _applies(parser, raw, ("frozen_when",))


def _applies(parser: ConditionParser, raw: JsonValue, path: KeyPath) -> Expr:
    """`applies_when` is one condition for every table, or a mapping from table to condition."""
    if not isinstance(raw, dict) or not set(raw) & set(TABLES):
        return parser.parse(raw, path)
    for name in raw:
        if name not in TABLES:
            parser.faults.append(
                parser.tree.fault((*path, name), f"there is no table '{name}'", nearest(name, set(TABLES)))
            )
    table = parser.table.name
    if table not in raw:
        parser.faults.append(
            parser.tree.fault(path, f"a rule reads the table '{table}', for which no condition stands here")
        )
        return TRUE
    return parser.parse(raw[table], (*path, table))


def _condition(parser: ConditionParser, rule: Rule, path: KeyPath) -> Expr:
    when = TRUE if rule.when is None else parser.parse(rule.when, (*path, "when"))
    return when if rule.unless is None else all_of(when, Not(parser.parse(rule.unless, (*path, "unless"))))


def _measure(parser: ConditionParser, rule: Rule, path: KeyPath) -> WindowMeasure | None:
    if rule.measure is None or rule.exceeds is None:
        return None
    measure, path = rule.measure, (*path, "measure")
    for name in (*measure.by, *(f for f in (measure.distinct, measure.sum) if f)):
        parser.fact(name, path)
    if measure.sum and (fact := parser.table.facts.get(measure.sum)) and fact.type not in ("integer", "number"):
        parser.faults.append(
            parser.tree.fault((*path, "sum"), f"{fact.name} is {fact.type}; only numbers can be summed")
        )
    if isinstance(rule.exceeds, ParameterRef):
        name = rule.exceeds.parameter
        if name not in parser.parameters:
            hint = nearest(name, set(parser.parameters))
            parser.faults.append(
                parser.tree.fault((*path[:-1], "exceeds"), f"there is no parameter '{name}' in this file", hint)
            )
    where = TRUE if measure.share is None else parser.parse(measure.share, (*path, "share"))
    aggregate = next(name for name in ("count", "distinct", "sum", "share") if getattr(measure, name) is not None)
    limit = rule.exceeds if isinstance(rule.exceeds, float) else 0.0
    return WindowMeasure(
        aggregate,  # type: ignore[arg-type]  # one of the four, by the list above
        measure.by,
        window_seconds(measure.window),
        limit,
        measure.distinct or measure.sum or "",
        where,
        measure.at_least,
    )


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
