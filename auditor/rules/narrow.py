"""Replaces long lists of values and patterns by the values that occur and meet them, found once per distinct value.

Model names, countries and hosts take few values over many rows, while lists of them are long; a query that carried every
pattern of every list into every rule would be slow to plan and slow to run.
"""

from dataclasses import replace

from auditor.engine import Database, quote
from auditor.model.check import Check
from auditor.model.expr import And, Expr, In, Like, Not, Or
from auditor.model.facts import Table
from auditor.rules.scalar import evaluate

LONG = 4
"""Alternatives from which a list is worth looking up."""
MOST_VALUES = 20_000
"""A fact with more distinct values than this is compared with the patterns themselves."""


class Narrower:
    """Narrows conditions on one fact table to the values that occur in it."""

    def __init__(self, db: Database, table: Table) -> None:
        self._db = db
        self._table = table
        self._values: dict[str, list[str] | None] = {}

    def check(self, check: Check) -> Check:
        """Return a check that gives the same answers on this table."""
        measure = check.measure and replace(check.measure, where=self.expr(check.measure.where))
        return replace(check, applies=self.expr(check.applies), condition=self.expr(check.condition), measure=measure)

    def expr(self, expr: Expr) -> Expr:
        """Return an expression that gives the same answers on this table."""
        match expr:
            case Or(parts):
                return self._list(expr, parts) or Or(tuple(self.expr(part) for part in parts))
            case And(parts):
                return And(tuple(self.expr(part) for part in parts))
            case Not(part):
                return Not(self.expr(part))
            case In():
                return self._list(expr, (expr,)) or expr
            case _:
                return expr

    def _list(self, expr: Expr, parts: tuple[Expr, ...]) -> Expr | None:
        """The values that meet a long list of alternatives on one text fact, or None if it is not one."""
        facts = {part.fact if isinstance(part, (In, Like)) else "" for part in parts}
        alternatives = sum(len(part.values) if isinstance(part, In) else 1 for part in parts)
        fact = facts.pop() if len(facts) == 1 else ""
        if not fact or alternatives < LONG or self._table.facts[fact].type != "string":
            return None
        values = self._distinct(fact)
        if values is None:
            return None
        return In(fact, tuple(value for value in values if evaluate(expr, {fact: value})), cased=True)

    def _distinct(self, fact: str) -> list[str] | None:
        if fact not in self._values:
            query = f"SELECT DISTINCT {quote(fact)} FROM {quote(self._table.name)} WHERE {quote(fact)} IS NOT NULL"
            rows = self._db.execute(f"{query} LIMIT {MOST_VALUES + 1}")
            self._values[fact] = sorted(row[0] for row in rows) if len(rows) <= MOST_VALUES else None
        return self._values[fact]
