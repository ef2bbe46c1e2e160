"""Evaluates checks over one fact table in the engine: one pass for conditions, one for each grouping of windows.

States are written per row (true, false or NULL), then counted. Nothing is loaded into Python but counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import re2
from sqlglot import exp

from auditor.engine import Database, literal, quote
from auditor.model.check import Check
from auditor.model.expr import TRUE, And, Expr, Leaf, Network, Regex, any_of
from auditor.model.facts import TABLES, Table
from auditor.rules.blame import CHUNK, count_missing
from auditor.rules.narrow import Narrower
from auditor.rules.sql import Renderer, leaves
from auditor.rules.windows import Measured, joined_states, window_query

DIALECT = "duckdb"
HITS = "hits"
"""Table of every hit: (check INTEGER index of the check, row BIGINT, value DOUBLE least value of the measure)."""


@dataclass(frozen=True)
class CheckCounts:
    """Rows for one check: `governed` surely, `concerned` perhaps; `hits` true; `unknown` undecided, and the facts missing."""

    governed: int
    concerned: int
    hits: int
    unknown: int
    missing: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ClauseCounts:
    """Rows for one clause on one table, each row once; `perhaps` are those of which it is unknown whether they are governed;
    `versions` maps version id to (governed, hits).
    """

    governed: int
    perhaps: int
    hits: int
    unknown: int
    versions: dict[str, tuple[int, int]]
    latest: str | None


NOT_CONCERNED = CheckCounts(0, 0, 0, 0)
"""Of a check that governs no row for sure or perhaps; it is not evaluated."""


@dataclass(frozen=True)
class Outcome:
    """What the checks of one table answered: `checks` by check id, `clauses` by clause id.

    `rows` is the number of rows; `governed` those that some check governs or may govern, `assessed` those for which some
    check gave a definite answer while surely governing.
    """

    rows: int
    governed: int
    assessed: int
    checks: dict[str, CheckCounts] = field(default_factory=dict)
    clauses: dict[str, ClauseCounts] = field(default_factory=dict)


def evaluate_table(db: Database, name: str, checks: Sequence[Check]) -> Outcome:
    """Evaluate `checks` on the fact table `name`, which has the columns of its facts and `_row`, and add to `hits`.

    Args:
        db: holds the fact table as a table or view called `name`, and the table `hits`.
        name: one of `TABLES`.
        checks: all checks of the run; those on other tables are passed over. Hits refer to them by position.
    """
    own = [(i, check) for i, check in enumerate(checks) if check.table == name]
    rows: int = db.execute(f"SELECT count(*) FROM {quote(name)}")[0][0]
    if not own or not rows:
        return Outcome(rows, 0, 0)
    if any(isinstance(leaf, Network) for _, check in own for leaf in _leaves(check)):
        db.define_in_network()
    narrower = Narrower(db, TABLES[name])
    narrowed = [(i, narrower.check(check)) for i, check in own]
    concerned = _concerned(db, TABLES[name], [check.governed for _, check in narrowed])
    outcome = Outcome(rows, 0, 0)
    if live := [(i, check) for i, check in narrowed if check.governed in concerned]:
        outcome = _Evaluation(db, TABLES[name], live).run(rows)
    return replace(outcome, checks={check.id: NOT_CONCERNED for _, check in own} | outcome.checks)


def _concerned(db: Database, table: Table, conditions: Sequence[Expr]) -> set[Expr]:
    """Return those of the governing conditions that hold or may hold for some row: most packs are about others' models."""
    renderer = Renderer(table)
    distinct = list(dict.fromkeys(conditions))
    found: set[Expr] = set()
    for start in range(0, len(distinct), CHUNK):
        chunk = distinct[start : start + CHUNK]
        asked = [f"bool_or(({renderer.render(expr).sql(dialect=DIALECT)}) IS NOT FALSE)" for expr in chunk]
        answers = db.execute(f"SELECT {', '.join(asked)} FROM {quote(table.name)}")[0]
        found |= {expr for expr, answer in zip(chunk, answers, strict=True) if answer}
    return found


class _Evaluation:
    """The steps of one evaluation. States lie in the view `states_<table>`: g<i> governed, r<i> result, o<i> over the limit."""

    def __init__(self, db: Database, table: Table, checks: list[tuple[int, Check]]) -> None:
        self.db = db
        self.table = table
        self.checks = checks
        self.states = f"states_{table.name}"
        regexes = self._regexes()
        prefilters = {fact: f"_any_{fact}" for fact in regexes}
        anywhere = [
            f"regexp_matches({quote(fact)}, {literal(pattern)}) AS {quote(prefilters[fact])}"
            for fact, pattern in regexes.items()
        ]
        plain = Renderer(table, prefilters)
        self.governed = list(dict.fromkeys(check.governed for _, check in checks))
        where = (span.where for _, check in checks for span in check.spans if span.where != TRUE)
        self.columns = {expr: f"_g{n}" for n, expr in enumerate(dict.fromkeys([*self.governed, *where]))}
        governed = [f"{self._sql(plain.render(expr))} AS {name}" for expr, name in self.columns.items()]
        self.renderer = Renderer(table, prefilters, self.columns)
        self.source = f"(SELECT {', '.join(['*', *anywhere, *governed])} FROM {quote(table.name)})"

    def run(self, rows: int) -> Outcome:
        self._write_states()
        governed, assessed = self._count_rows()
        counts = self._count_checks(rows)
        undecided = [(i, c) for i, c in self.checks if counts[i].unknown]
        missing = count_missing(self.db, self.table, self.source, self.states, self.renderer, undecided, DIALECT)
        self._add_hits([(i, c) for i, c in self.checks if counts[i].hits])
        checks = {c.id: replace(counts[i], missing=missing.get(i, {})) for i, c in self.checks}
        return Outcome(rows, governed, assessed, checks, self._count_clauses(counts))

    def _regexes(self) -> dict[str, str]:
        """The alternation of the regular expressions on each text fact, where there are several: it is tried first."""
        found: dict[str, list[str]] = {}
        for _, check in self.checks:
            for leaf in _leaves(check):
                if isinstance(leaf, Regex) and self.table.facts[leaf.fact].text:
                    found.setdefault(leaf.fact, []).append(leaf.pattern)
        joined = {
            fact: _alternation(sorted(set(patterns))) for fact, patterns in found.items() if len(set(patterns)) > 1
        }
        return {fact: pattern for fact, pattern in joined.items() if pattern}

    def _sql(self, expr: exp.Expr) -> str:
        return expr.sql(dialect=DIALECT)

    def _write_states(self) -> None:
        """Write the states of all checks: those without a measure in one pass, then a query for each grouping of windows."""
        columns = ["_row", '"timestamp"', *self.columns.values()]
        columns += [f"{self._selected(c)} AS r{i}" for i, c in self.checks if not c.measure]
        self._write("plain", f"SELECT {', '.join(columns)} FROM {self.source}")
        groups: dict[tuple[str, ...], list[Measured]] = {}
        for i, check in self.checks:
            if check.measure:
                groups.setdefault(check.measure.by, []).append(Measured(i, check, check.measure, self._selected(check)))
        weight = 'coalesce("request.count", 1)' if "request.count" in self.table.facts else "1"
        select, joins = ["plain.*"], ""
        for number, members in enumerate(groups.values()):
            self._write(f"by{number}", window_query(self.source, weight, members, self.renderer, DIALECT))
            joins += f" LEFT JOIN {self._read(f'by{number}')} AS by{number} ON by{number}._row = plain._row"
            select += joined_states(f"by{number}", members)
        if groups:
            self._write("all", f"SELECT {', '.join(select)} FROM {self._read('plain')} AS plain{joins}")
        governed = [f"{self.columns[check.governed]} AS g{i}" for i, check in self.checks]
        written = self._read("all" if groups else "plain")
        self.db.execute(f"CREATE VIEW {quote(self.states)} AS SELECT {', '.join(['*', *governed])} FROM {written}")

    def _write(self, suffix: str, query: str) -> None:
        self.db.execute(f"COPY ({query}) TO {literal(self._file(suffix))} (FORMAT parquet, COMPRESSION lz4)")

    def _selected(self, check: Check) -> str:
        return self._sql(self.renderer.render(And((check.governed, *check.conditions))))

    def _file(self, suffix: str) -> str:
        return str(self.db.folder / f"{self.states}_{suffix}.parquet")

    def _read(self, suffix: str) -> str:
        return f"read_parquet({literal(self._file(suffix))})"

    def _count_rows(self) -> tuple[int, int]:
        maybe = " OR ".join(f"{self.columns[expr]} IS NOT FALSE" for expr in self.governed)
        assessed = " OR ".join(f"(g{i} AND r{i} IS NOT NULL)" for i, _ in self.checks)
        counts: tuple[int, int] = self.db.execute(
            f"SELECT {_count(maybe)}, {_count(assessed)} FROM {quote(self.states)}"
        )[0]
        return counts

    def _count_checks(self, rows: int) -> dict[int, CheckCounts]:
        """Count from the known and the true of each state; governing conditions are shared and counted once."""
        states = [*self.columns.values(), *(f"r{i}" for i, _ in self.checks)]
        values = self._count([(f"count({state})", f"coalesce(sum({state}::INTEGER), 0)") for state in states])
        counted = dict(zip(states, values, strict=True))
        counts = {}
        for i, check in self.checks:
            (governing, governed), (decided, hits) = counted[self.columns[check.governed]], counted[f"r{i}"]
            counts[i] = CheckCounts(governed, rows - governing + governed, hits, rows - decided)
        return counts

    def _count_clauses(self, counts: Mapping[int, CheckCounts]) -> dict[str, ClauseCounts]:
        """Count each row once for a clause; checks that neither held nor were undecided anywhere add nothing."""
        clauses: dict[str, list[tuple[int, Check]]] = {}
        for i, check in self.checks:
            clauses.setdefault(check.clause, []).append((i, check))
        spans = {name: _versions([check for _, check in own]) for name, own in clauses.items()}
        aggregates = []
        for name, own in clauses.items():
            governed = " OR ".join(dict.fromkeys(self.columns[check.governed] for _, check in own))
            result = " OR ".join(f"r{i}" for i, _ in own if counts[i].hits or counts[i].unknown) or "FALSE"
            within = [self._sql(self.renderer.render(under)) for under in spans[name].values()]
            by_version = [f"({state}) AND ({inside})" for inside in within for state in (governed, result)]
            counted = (governed, f"({governed}) IS NULL", result, f"({result}) IS NULL", *by_version)
            aggregates.append([_count(condition) for condition in counted])
        rows = zip(clauses, self._count(aggregates), strict=True)
        return {name: _clause_counts(list(spans[name]), row) for name, row in rows}

    def _count(self, aggregates: Sequence[Sequence[str]]) -> list[tuple[int, ...]]:
        """Return the values of each list of aggregates over the states, computing a few lists in one query."""
        found: list[tuple[int, ...]] = []
        for start in range(0, len(aggregates), CHUNK):
            chunk = aggregates[start : start + CHUNK]
            columns = [aggregate for listed in chunk for aggregate in listed]
            row = iter(self.db.execute(f"SELECT {', '.join(columns)} FROM {quote(self.states)}")[0])
            found += [tuple(next(row) for _ in listed) for listed in chunk]
        return found

    def _add_hits(self, hit: list[tuple[int, Check]]) -> None:
        for i, check in hit:
            value = f"lo{i}" if check.measure else "NULL"
            self.db.execute(f"INSERT INTO {HITS} SELECT {i}, _row, {value} FROM {quote(self.states)} WHERE r{i}")


def _versions(checks: Sequence[Check]) -> dict[str, Expr]:
    """The versions that the rules of a clause implement, in order of time, with the condition for each."""
    spans = sorted((span for check in checks for span in check.spans), key=lambda span: span.version.from_)
    under: dict[str, list[Expr]] = {}
    for span in spans:
        under.setdefault(span.version.id, []).append(span.condition)
    return {name: any_of(*dict.fromkeys(conditions)) for name, conditions in under.items()}


def _clause_counts(names: Sequence[str], row: tuple[int, ...]) -> ClauseCounts:
    versions = {name: (row[4 + 2 * n], row[5 + 2 * n]) for n, name in enumerate(names)}
    in_use = [name for name in names if versions[name][0]]
    return ClauseCounts(row[0], row[1], row[2], row[3], versions, in_use[-1] if in_use else None)


def create_hits(db: Database) -> None:
    """Create the empty table of hits."""
    db.execute(f"CREATE TABLE {HITS} (check_index INTEGER, _row BIGINT, value DOUBLE)")


def _leaves(check: Check) -> list[Leaf]:
    return [*leaves(check.selected), *(leaves(check.measure.where) if check.measure else ())]


def _alternation(patterns: Sequence[str]) -> str:
    """One RE2 expression that finds what any of `patterns` finds, or nothing if it would be too large for RE2.

    A quotation that a pattern leaves open (`\\Q` without `\\E`) would swallow the rest, so it is ended.
    """
    joined = "|".join(f"(?:{p})" if _is_re2(f"(?:{p})") else f"(?:{p}\\E)" for p in patterns)
    return joined if _is_re2(joined) else ""


def _is_re2(pattern: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error:
        return False
    return True


def _count(condition: str) -> str:
    """SQL for the number of rows for which `condition` holds; DuckDB's count_if is NULL where it is unknown for every row."""
    return f"count(*) FILTER (WHERE {condition})"
