"""What loaded policy files become: documents, rules with their conditions parsed, and clauses for a person to check."""

from dataclasses import dataclass

from auditor.model.check import WindowMeasure
from auditor.model.expr import TRUE, Expr
from auditor.model.policy import Clause, Document, NamedList, Rule, TableName, Version


@dataclass(frozen=True)
class Governing:
    """Which rows of a table a clause governs; parameters in the conditions are still names.

    Attributes:
        document, clause: the clause and where it stands.
        applies: whom the document and the clause govern.
        versions: for whom a version was in force, by its id, where that is not everybody.
        frozen: for which rows the day of a contract decides the version; none if None.
    """

    document: Document
    clause: Clause
    applies: Expr
    versions: dict[str, Expr]
    frozen: Expr | None

    def where(self, version: Version) -> Expr:
        """For whom a version was in force."""
        return self.versions.get(version.id, TRUE)


@dataclass(frozen=True)
class ParsedRule(Governing):
    """A rule with its conditions parsed; parameters are still names, and `limit` may be one."""

    rule: Rule
    condition: Expr
    measure: WindowMeasure | None

    @property
    def id(self) -> str:
        """`provider/document/clause/rule`."""
        return f"{self.document.clause_id(self.clause)}/{self.rule.id}"


@dataclass(frozen=True)
class ManualClause(Governing):
    """A clause that only a person can check, and the table whose rows it governs."""

    table: TableName

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
