"""The usage table: a view that joins what the company declares to the records.

A fact that a record carries is never overwritten. Where it carries none, the snapshot of its account counts that was taken
last before it; then the nearest declaration: its key, project, service or account, then its application, then what the registry
tells of its host, model and provider, then the defaults.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from auditor.engine import Database, column_type, literal, quote
from auditor.facts.snapshots import AS_OF, join_of, snapshot_tables, table_of
from auditor.model.declarations import SHARED, Authorisation, Declarations, Facts, named
from auditor.model.facts import USAGE, Fact
from auditor.registry.derive import KEYS, TOLD, derive

PERIOD = "period_records"
"""The view of the records that are audited."""
LINKS = {"keys": "api_key.id", "projects": "project.id", "services": "service.name", "accounts": "account.id"}
"""Section of `auditor.yaml` → the fact of a record by which its entries are found, nearest first."""
MOST_COMBINATIONS = 50_000
"""Combinations of names that are looked up in the registry; in rarer ones the called model stays unknown."""
TEMPLATE = """md5(regexp_replace(lower(left(l."prompt.text", 120)), '[0-9]+', '0', 'g'))[:16]"""
"""The digest of how a prompt begins, figures left out."""


@dataclass(frozen=True)
class _Source:
    """Something joined to the records: its alias, the facts it may give, and how it is joined."""

    alias: str
    facts: frozenset[str]
    join: str


def create_usage(db: Database, declared: Declarations) -> None:
    """Create the view `usage` over the view `period_records`."""
    columns = frozenset(db.columns(PERIOD))
    shown = snapshot_tables(db, columns)
    sources = [_Source(table_of(of), facts, join_of(of)) for of, facts in shown.items()]
    sources += _links(db, declared, columns)
    application = ['r."application.id"'] * ("application.id" in columns)
    application += [f"{source.alias}._application" for source in sources]
    default = declared.defaults.get("application")
    application.append(literal(default) if isinstance(default, str) else "NULL::VARCHAR")
    rows = {n: derive("usage", declared.application_facts(n), declared.aliases) for n in declared.applications}
    own = _small_source(db, "applications", rows)
    brought = f"r.*, {_select_linked(sources)}coalesce({', '.join(application)}) AS _app"
    linked = f"(SELECT {brought} FROM {PERIOD} AS r{''.join(source.join for source in sources)})"
    defaults = named("usage", declared.defaults, SHARED)
    constants: Facts = {"account.country": declared.organisation_facts.get("organisation.country")}
    constants |= declared.organisation_facts | defaults
    select = ["l._row", "l._input", "l._line"]
    for fact in USAGE.facts.values():
        value = _value(fact, columns, sources, own, {} if fact.name in TOLD else constants)
        select.append(f"{value} AS {quote(fact.name)}")
    joins = f" LEFT JOIN {quote(own.alias)} AS app ON app._id = l._app" if own else ""
    db.execute(f"CREATE VIEW usage_declared AS SELECT {', '.join(select)} FROM {linked} AS l{joins}")
    fallback = {name: value for name, value in defaults.items() if name in TOLD}
    _tell(db, fallback, declared.aliases)
    held = _authorisations(declared, "application.id", "applications")
    replaced = [
        f"coalesce(d.{quote(name)}, told.{quote(name)}, {literal(fallback.get(name))}) AS {quote(name)}"
        for name in TOLD
    ]
    replaced += [f"{sql} AS {quote(name)}" for name, sql in held.items()]
    hidden = ", ".join(quote(name) for name in (*TOLD, *held))
    same = " AND ".join(f"d.{quote(key)} IS NOT DISTINCT FROM told.{quote(f'key:{key}')}" for key in KEYS)
    db.execute(
        f"CREATE VIEW usage AS SELECT d.* EXCLUDE ({hidden}), {', '.join(replaced)} "
        f"FROM usage_declared AS d LEFT JOIN told ON {same}"
    )


def unresolved_models(db: Database, most: int) -> tuple[dict[str, int], int]:
    """Return the names of called models that the registry does not know, with the number of their records, the most frequent
    first, and how many such names there are.
    """
    name = 'coalesce("gen_ai.response.model", "gen_ai.request.model")'
    where = f'"called_model.family" IS NULL AND "called_model.maker" IS NULL AND {name} IS NOT NULL'
    names = f"SELECT {name} AS name, count(*) AS n FROM usage WHERE {where} GROUP BY name"
    rows = db.execute(f"SELECT name, n, count(*) OVER () FROM ({names}) ORDER BY n DESC, name LIMIT {most}")
    return {row[0]: row[1] for row in rows}, rows[0][2] if rows else 0


def _tell(db: Database, fallback: Facts, aliases: Mapping[str, str]) -> None:
    """Create the table `told`: what the registry tells of each combination of names that occurs; defaults come last."""
    keys = ", ".join(quote(key) for key in KEYS)
    types = [f"{quote(f'key:{key}')} VARCHAR" for key in KEYS]
    types += [f"{quote(name)} {column_type(USAGE.facts[name].type)}" for name in TOLD]
    db.execute(f"CREATE TABLE told ({', '.join(types)})")
    query = f"SELECT {keys} FROM usage_declared GROUP BY ALL ORDER BY count(*) DESC, {keys} LIMIT {MOST_COMBINATIONS}"
    rows = []
    for combination in db.execute(query):
        row: Facts = dict(zip(KEYS, combination, strict=True))
        if fallback:
            first = derive("usage", row, aliases)
            row = {**fallback, **{key: first[key] for key in KEYS if key in first}}
        told = derive("usage", row, aliases)
        rows.append([*combination, *(told.get(name) for name in TOLD)])
    db.insert("told", rows)


def _links(db: Database, declared: Declarations, columns: frozenset[str]) -> list[_Source]:
    sources = []
    for section, fact in LINKS.items():
        entries: dict[str, dict[str, JsonValue]] = getattr(declared, section)
        if fact in columns and entries:
            rows = {
                name: named("usage", entry, SHARED)
                | ({"_application": str(entry["application"])} if entry.get("application") else {})
                for name, entry in entries.items()
            }
            source = _small_source(db, section, rows, "_application")
            assert source
            sources.append(
                _Source(
                    section,
                    source.facts,
                    f" LEFT JOIN {quote(source.alias)} AS {section} ON {section}._id = r.{quote(fact)}",
                )
            )
    return sources


def _small_source(db: Database, name: str, rows: dict[str, Facts], *others: str) -> _Source | None:
    """Create the table `declared_<name>` with a row per entry, and columns for the facts that any entry gives."""
    if not rows:
        return None
    facts = sorted({fact for row in rows.values() for fact in row if fact not in others})
    types = [
        "_id VARCHAR",
        *(f"{quote(o)} VARCHAR" for o in others),
        *(f"{quote(f)} {column_type(USAGE.facts[f].type)}" for f in facts),
    ]
    table = f"declared_{name}"
    db.execute(f"CREATE TABLE {table} ({', '.join(types)})")
    for key, row in rows.items():
        values = [literal(value) for value in (key, *(row.get(n) for n in (*others, *facts)))]
        db.execute(f"INSERT INTO {table} VALUES ({', '.join(values)})")
    return _Source(table, frozenset(facts), "")


def _select_linked(sources: Sequence[_Source]) -> str:
    """Bring the facts of linked entries along under names of their own."""
    return "".join(f"{s.alias}.{quote(f)} AS {quote(f'{s.alias}:{f}')}, " for s in sources for f in sorted(s.facts))


def _value(
    fact: Fact,
    columns: frozenset[str],
    sources: Sequence[_Source],
    own: _Source | None,
    constants: Facts,
) -> str:
    """The SQL for one fact of the usage table: the record's own, else the nearest declaration."""
    if fact.name == "application.id":
        return "l._app"
    parts = [_recorded(fact)] if fact.name in columns else []
    parts += [f"l.{quote(f'{s.alias}:{fact.name}')}" for s in sources if fact.name in s.facts]
    if fact.name == AS_OF and len(parts) > 1:
        parts = [f"nullif(concat_ws(', ', {', '.join(parts)}), '')"]
    if own and fact.name in own.facts:
        parts.append(f"app.{quote(fact.name)}")
    if fact.name == "record.kind" and "request.count" in columns:
        parts.append("""CASE WHEN l."request.count" > 1 THEN 'bucket' END""")
    if fact.name == "prompt.template" and "prompt.text" in columns:
        parts.append(TEMPLATE)
    if constants.get(fact.name) is not None:
        parts.append(literal(constants[fact.name]))
    if not parts:
        return f"NULL::{column_type(fact.type)}"
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def _recorded(fact: Fact) -> str:
    """The SQL for what a record carries; where only some values have a meaning, any other is missing."""
    column = f"l.{quote(fact.name)}"
    if not fact.values:
        return column
    folded = f"lower(trim({column}))"
    return f"CASE WHEN {folded} IN ({', '.join(literal(value) for value in fact.values)}) THEN {folded} END"


def _authorisations(declared: Declarations, subject: str, kind: str) -> dict[str, str]:
    """SQL for the authorisations that cover a row: unknown if none were declared, an empty scope if none covers it."""
    held = declared.authorisations
    if held is None:
        return {"authorisation.id": "NULL::VARCHAR", "authorisation.scope": "NULL::VARCHAR[]"}
    covers = [(item, _covers(item, subject, getattr(item, kind))) for item in held]
    scopes = [f"CASE WHEN {condition} THEN {literal(item.scopes)} ELSE []::VARCHAR[] END" for item, condition in covers]
    ids = [f"WHEN {condition} THEN {literal(item.id)}" for item, condition in covers]
    return {
        "authorisation.id": f"CASE {' '.join(ids)} END" if ids else "NULL::VARCHAR",
        "authorisation.scope": f"flatten([{', '.join(scopes)}])" if scopes else "[]::VARCHAR[]",
    }


def _covers(item: Authorisation, subject: str, names: tuple[str, ...]) -> str:
    """SQL for whether an authorisation covers a row, by what it is about and by date; never unknown."""
    parts = ["TRUE"]
    if item.applications or item.models:
        parts.append(f"{quote(subject)} IN ({', '.join(map(literal, names))})" if names else "FALSE")
    if item.from_:
        parts.append(f"\"timestamp\" >= DATE '{item.from_}'")
    if item.until:
        parts.append(f"\"timestamp\" < DATE '{item.until}' + INTERVAL 1 DAY")
    return f"coalesce({' AND '.join(parts)}, FALSE)"
