"""Evaluates checks over one fact table in the engine: one pass for conditions, one for each grouping of windows.

States are written per row (true, false or NULL), then counted. Nothing is loaded into Python but counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from auditor.engine import Database, literal, quote
from auditor.model.check import Check, WindowMeasure
from auditor.model.expr import TRUE, And, Network, Regex, facts_of
from auditor.model.facts import TABLES, Table
from auditor.rules.sql import Renderer, leaves, missing_conditions, nested_nodes

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
    missing: dict[str, int]


@dataclass(frozen=True)
class ClauseCounts:
    """Rows for one clause on one table, each row once; `versions` maps version id to (governed, hits)."""

    governed: int
    hits: int
    unknown: int
    versions: dict[str, tuple[int, int]]
    latest: str | None


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
    if any(isinstance(leaf, Network) for _, check in own for leaf in leaves(check.selected)):
        db.define_in_network()
    return _Evaluation(db, TABLES[name], own).run(rows)


class _Evaluation:
    """The steps of one evaluation. States lie in the view `states_<table>`: g<i> governed, r<i> result, o<i> over the limit."""

    def __init__(self, db: Database, table: Table, checks: list[tuple[int, Check]]) -> None:
        self.db = db
        self.table = table
        self.checks = checks
        self.states = f"states_{table.name}"
        regexes = self._regexes()
        prefilters = {fact: f"_any_{fact}" for fact in regexes}
        anywhere = [f"regexp_matches({quote(fact)}, {literal('|'.join(f'(?:{p})' for p in patterns))}) AS {quote(prefilters[fact])}"
                    for fact, patterns in regexes.items()]
        plain = Renderer(table, prefilters)
        self.columns = {expr: f"_g{n}" for n, expr in enumerate(dict.fromkeys(check.governed for _, check in checks))}
        governed = [f"{self._sql(plain.render(expr))} AS {name}" for expr, name in self.columns.items()]
        self.renderer = Renderer(table, prefilters, self.columns)
        self.source = f"(SELECT {', '.join(['*', *governed, *anywhere])} FROM {quote(table.name)})"

    def run(self, rows: int) -> Outcome:
        self._write_states()
        governed, assessed = self._count_rows()
        counts = self._count_checks()
        missing = self._count_missing([(i, c) for i, c in self.checks if counts[i].unknown])
        self._add_hits([(i, c) for i, c in self.checks if counts[i].hits])
        checks = {c.id: replace(counts[i], missing=missing.get(i, {})) for i, c in self.checks}
        return Outcome(rows, governed, assessed, checks, self._count_clauses())

    def _regexes(self) -> dict[str, list[str]]:
        """The regular expressions on each text fact, where there are several: one alternation of them is tried first."""
        found: dict[str, list[str]] = {}
        for _, check in self.checks:
            for leaf in leaves(check.selected):
                if isinstance(leaf, Regex) and self.table.facts[leaf.fact].text:
                    found.setdefault(leaf.fact, []).append(leaf.pattern)
        return {fact: sorted(set(patterns)) for fact, patterns in found.items() if len(set(patterns)) > 1}

    def _sql(self, expr: exp.Expr) -> str:
        return expr.sql(dialect=DIALECT)

    def _write_states(self) -> None:
        columns = ["_row", '"timestamp"', *self.columns.values()]
        columns += [f"{self._selected(c)} AS r{i}" for i, c in self.checks if not c.measure]
        files = {"plain": f"SELECT {', '.join(columns)} FROM {self.source}"}
        groups: dict[tuple[str, ...], list[tuple[int, Check, WindowMeasure]]] = {}
        for i, check in self.checks:
            if check.measure:
                groups.setdefault(check.measure.by, []).append((i, check, check.measure))
        for number, (by, members) in enumerate(groups.items()):
            files[f"by{number}"] = self._windows(by, members)
        for suffix, query in files.items():
            self.db.execute(f"COPY ({query}) TO {literal(self._file(suffix))} (FORMAT parquet, COMPRESSION lz4)")
        measured = [column for number, members in enumerate(groups.values()) for column in _measured(number, members)]
        joins = "".join(f" LEFT JOIN {self._read(f'by{n}')} AS by{n} ON by{n}._row = plain._row" for n in range(len(groups)))
        governed = [f"plain.{self.columns[check.governed]} AS g{i}" for i, check in self.checks]
        select = ", ".join(["plain.*", *governed, *measured])
        self.db.execute(f"CREATE VIEW {quote(self.states)} AS SELECT {select} FROM {self._read('plain')} AS plain{joins}")

    def _selected(self, check: Check) -> str:
        return self._sql(self.renderer.render(And((check.governed, *check.conditions))))

    def _file(self, suffix: str) -> str:
        return str(self.db.folder / f"{self.states}_{suffix}.parquet")

    def _read(self, suffix: str) -> str:
        return f"read_parquet({literal(self._file(suffix))})"

    def _windows(self, by: tuple[str, ...], members: list[tuple[int, Check, WindowMeasure]]) -> str:
        """The query for all measures of one grouping; rows that no measure selects are left out."""
        keys = [quote(name) for name in by]
        selected = {i: self._selected(check) for i, check, _ in members}
        base = ["_row", '"timestamp"', *keys, 'coalesce("request.count", 1) AS _n' if self.table.name == "usage" else "1 AS _n"]
        base += [f"{sql} AS s{i}" for i, sql in selected.items()]
        for i, _, measure in members:
            if measure.fact:
                base.append(f"{quote(measure.fact)} AS v{i}")
            if measure.where != TRUE:
                base.append(f"{self._sql(self.renderer.render(measure.where))} AS w{i}")
        unplaced = " OR ".join(f"{key} IS NULL" for key in ('"timestamp"', *keys))
        bounds = [f"{bound} AS {name}{i}" for i, _, m in members for name, bound in zip(("lo", "hi"), _bounds(i, m), strict=True)]
        seconds = sorted({measure.window_seconds for _, _, measure in members})
        windows = [
            f"win{s} AS (PARTITION BY {', '.join(keys)} ORDER BY \"timestamp\" "
            f"RANGE BETWEEN INTERVAL {s * 1_000_000 - 1} MICROSECONDS PRECEDING AND CURRENT ROW)"
            for s in seconds
        ]
        inner = (
            f"SELECT *, {unplaced} AS _unplaced, {', '.join(bounds)} FROM (SELECT {', '.join(base)} FROM {self.source}) "
            f"WHERE {' OR '.join(f's{i} IS NOT FALSE' for i in selected)} WINDOW {', '.join(windows)}"
        )
        outer = ["_row"]
        for i, _, measure in members:
            limit = literal(measure.limit)
            over = f"CASE WHEN _unplaced THEN NULL WHEN lo{i} > {limit} THEN TRUE WHEN hi{i} <= {limit} THEN FALSE END"
            outer += [f"{over} AS o{i}", f"s{i}", f"lo{i}::DOUBLE AS lo{i}"]
        return f"SELECT {', '.join(outer)} FROM ({inner})"

    def _count_rows(self) -> tuple[int, int]:
        maybe = " OR ".join(f"g{i} IS NOT FALSE" for i, _ in self.checks)
        assessed = " OR ".join(f"(g{i} AND r{i} IS NOT NULL)" for i, _ in self.checks)
        counts: tuple[int, int] = self.db.execute(f"SELECT count_if({maybe}), count_if({assessed}) FROM {quote(self.states)}")[0]
        return counts

    def _count_checks(self) -> dict[int, CheckCounts]:
        conditions = ("g{0}", "g{0} IS NOT FALSE", "r{0}", "r{0} IS NULL")
        columns = [f"count_if({condition.format(i)})" for i, _ in self.checks for condition in conditions]
        row = self.db.execute(f"SELECT {', '.join(columns)} FROM {quote(self.states)}")[0]
        return {i: CheckCounts(*row[4 * n : 4 * n + 4], missing={}) for n, (i, _) in enumerate(self.checks)}

    def _count_clauses(self) -> dict[str, ClauseCounts]:
        found = {}
        for clause in dict.fromkeys(check.clause for _, check in self.checks):
            members = [(i, check) for i, check in self.checks if check.clause == clause]
            spans = {span.version.id: span for _, check in members for span in check.spans}
            governed = " OR ".join(f"g{i}" for i, _ in members)
            result = " OR ".join(f"r{i}" for i, _ in members)
            columns = [f"count_if({governed})", f"count_if({result})", f"count_if(({result}) IS NULL)"]
            for span in spans.values():
                inside = self._sql(self.renderer.render(span.condition))
                columns += [f"count_if(({governed}) AND {inside})", f"count_if(({result}) AND {inside})"]
            row = self.db.execute(f"SELECT {', '.join(columns)} FROM {quote(self.states)}")[0]
            versions = {name: (row[3 + 2 * n], row[4 + 2 * n]) for n, name in enumerate(spans)}
            in_use = [v for v in sorted(spans, key=lambda v: spans[v].version.from_) if versions[v][0]]
            found[clause] = ClauseCounts(row[0], row[1], row[2], versions, in_use[-1] if in_use else None)
        return found

    def _count_missing(self, undecided: list[tuple[int, Check]]) -> dict[int, dict[str, int]]:
        """Count, per check and fact, the undecided rows for which the fact's absence is to blame."""
        nodes = dict.fromkeys(node for _, check in undecided for node in nested_nodes(check.selected))
        renderer = Renderer(self.table, columns={node: f"_n{n}" for n, node in enumerate(nodes)})
        columns: list[tuple[int, str, str]] = []
        for i, check in undecided:
            conditions = {
                fact: f"({self._sql(condition)})" + (f" AND s{i} IS NULL" if check.measure else "")
                for fact, condition in missing_conditions(check.selected, renderer).items()
            }
            if check.measure:
                _blame_measure(i, check, check.measure, conditions)
            columns += [(i, fact, f"count_if(r{i} IS NULL AND ({condition}))") for fact, condition in conditions.items()]
        if not columns:
            return {}
        states = [f"states.{name}{i}" for i, check in undecided for name in ("r", "s", "o")[: 3 if check.measure else 1]]
        states += [f"{self._sql(self.renderer.render(node))} AS _n{n}" for n, node in enumerate(nodes)]
        joined = f"{self.source} AS facts JOIN {quote(self.states)} AS states ON facts._row = states._row"
        rows = f"SELECT {', '.join(['facts.*', *states])} FROM {joined}"
        row = self.db.execute(f"SELECT {', '.join(sql for _, _, sql in columns)} FROM ({rows})")[0]
        missing: dict[int, dict[str, int]] = {}
        for (i, fact, _), count in zip(columns, row, strict=True):
            if count:
                missing.setdefault(i, {})[fact] = count
        return missing

    def _add_hits(self, hit: list[tuple[int, Check]]) -> None:
        for i, check in hit:
            value = f"lo{i}" if check.measure else "NULL"
            self.db.execute(f"INSERT INTO {HITS} SELECT {i}, _row, {value} FROM {quote(self.states)} WHERE r{i}")


def create_hits(db: Database) -> None:
    """Create the empty table of hits."""
    db.execute(f"CREATE TABLE {HITS} (check_index INTEGER, _row BIGINT, value DOUBLE)")


def _measured(number: int, members: list[tuple[int, Check, WindowMeasure]]) -> list[str]:
    """The state columns of one grouping; rows that its file leaves out were not selected."""
    absent = f"by{number}._row IS NULL"
    columns = []
    for i, _, _ in members:
        columns += [
            f"CASE WHEN {absent} THEN FALSE ELSE by{number}.s{i} AND by{number}.o{i} END AS r{i}",
            f"CASE WHEN {absent} THEN FALSE ELSE by{number}.s{i} END AS s{i}",
            f"by{number}.o{i} AS o{i}",
            f"by{number}.lo{i} AS lo{i}",
        ]
    return columns


def _bounds(i: int, measure: WindowMeasure) -> tuple[str, str]:
    """SQL for the least and the most an aggregate can be over the window, given what is missing (see `scalar`)."""
    over = f"OVER win{measure.window_seconds}"
    sure, maybe = f"s{i}", f"s{i} IS NOT FALSE"

    def total(value: str, condition: str) -> str:
        return f"coalesce(sum(CASE WHEN {condition} THEN {value} END) {over}, 0)"

    match measure.aggregate:
        case "count":
            return total("_n", sure), total("_n", maybe)
        case "distinct":
            missing = total("1", f"{maybe} AND v{i} IS NULL")
            least = f"count(DISTINCT CASE WHEN {sure} THEN v{i} END) {over}"
            return least, f"count(DISTINCT CASE WHEN {maybe} THEN v{i} END) {over} + {missing}"
        case "sum":
            missing = total("1", f"{maybe} AND v{i} IS NULL")
            return total(f"v{i}", sure), f"CASE WHEN {missing} > 0 THEN 'inf'::DOUBLE ELSE {total(f'v{i}', maybe)} END"
        case "share":
            hit = f"w{i}" if measure.where != TRUE else "TRUE"
            rows_sure, extra = total("1", sure), f"s{i} IS NULL"
            least_rows = f"({rows_sure} + {total('1', f'{extra} AND {hit} IS NOT TRUE')})"
            most_rows = f"({rows_sure} + {total('1', f'{extra} AND {hit} IS NOT FALSE')})"
            hits_sure = total("1", f"{sure} AND {hit}")
            hits_most = total("1", f"{maybe} AND {hit} IS NOT FALSE")
            few, fewest = f"{total('1', maybe)} < {measure.at_least}", f"{rows_sure} < {measure.at_least}"
            least = f"CASE WHEN {few} OR {fewest} OR {least_rows} = 0 THEN 0 ELSE {hits_sure} / {least_rows} END"
            return least, f"CASE WHEN {few} OR {most_rows} = 0 THEN 0 ELSE {hits_most} / {most_rows} END"


def _blame_measure(i: int, check: Check, measure: WindowMeasure, conditions: dict[str, str]) -> None:
    """Add what left the measure itself unknown: the facts that place a row in a group, else those that it reads."""
    placing = (*measure.by, "timestamp")
    placed = " AND ".join(f"{quote(name)} IS NOT NULL" for name in placing)
    read = (facts_of(measure.where) | ({measure.fact} if measure.fact else set())) or facts_of(check.selected)
    blame = {name: f"{quote(name)} IS NULL" for name in placing} | {name: placed for name in sorted(read - set(placing))}
    for name, condition in blame.items():
        known = f"({conditions[name]}) OR " if name in conditions else ""
        conditions[name] = f"{known}(o{i} IS NULL AND {condition})"
