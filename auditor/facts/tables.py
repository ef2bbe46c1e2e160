"""Creates the fact tables in the engine: `usage` as a view that joins declarations to records, the others from declarations.

A fact that a record carries is never overwritten. Where it carries none, the nearest declaration counts: its key, project,
service or account, then its application, then the host it called, then the defaults.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fnmatch import fnmatchcase

from pydantic import JsonValue

from auditor.engine import Database, column_type, literal, quote
from auditor.facts.declarations import Config
from auditor.model.base import Model
from auditor.model.declarations import (
    DATASET_KEYS,
    OFFER_KEYS,
    SHARED,
    Authorisation,
    Declarations,
    Facts,
    named,
)
from auditor.model.facts import TABLES, USAGE, Fact
from auditor.resources import resource_dir
from auditor.yamlfile import read_yaml, validate
from auditor.errors import raise_faults

LINKS = {"keys": "api_key.id", "projects": "project.id", "services": "service.name", "accounts": "account.id"}
"""Section of `auditor.yaml` → the fact of a record by which its entries are found, nearest first."""
DISTINCT, WITHIN = "distinct_records", "period_records"


class Host(Model):
    """A host name pattern, the route it stands for and the provider whose API it is."""

    host: str
    route: str
    provider: str | None = None


class Hosts(Model):
    """`policies/registry/routes.yaml`."""

    hosts: tuple[Host, ...]


@dataclass(frozen=True)
class _Source:
    """Something joined to the records: its alias, the facts it may give, and how it is joined."""

    alias: str
    facts: frozenset[str]
    join: str


def create_tables(db: Database, config: Config, now: date) -> None:
    """Create every fact table in `db`, which holds the view `period_records`; declared things are dated `now` by default."""
    declared = config.declarations
    organisation = declared.organisation_facts
    midnight = datetime.combine(now, time(), UTC)
    _create_usage(db, config, organisation)
    for name, rows in {
        "training": _training_rows(declared),
        "deployments": _deployment_rows(declared),
        "organisation": [{}] if organisation else [],
        "events": [],
        "matches": [],
    }.items():
        complete = [{"timestamp": midnight} | organisation | row for row in rows]
        _create_small(db, name, [_with_authorisations(row, config) if "authorisation.id" in TABLES[name].facts else row for row in complete])


def find_duplicates(db: Database) -> dict[int, int]:
    """Create the view `distinct_records` of `records` without repeats, and return the number of repeats by input.

    A record repeats an earlier one that has the same id, time and provider; one without an id repeats none.
    """
    columns = db.columns("records")
    keys = ", ".join(quote(name) for name in ("record.id", "timestamp", "gen_ai.provider.name") if name in columns)
    if "record.id" not in columns:
        db.execute(f"CREATE VIEW {DISTINCT} AS SELECT * FROM records")
        return {}
    db.execute(
        "CREATE TABLE duplicates AS SELECT _row, _input FROM records WHERE \"record.id\" IS NOT NULL "
        f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY _row) > 1"
    )
    db.execute(f"CREATE VIEW {DISTINCT} AS SELECT * FROM records WHERE _row NOT IN (SELECT _row FROM duplicates)")
    return dict(db.execute("SELECT _input, count(*) FROM duplicates GROUP BY _input"))


def limit_period(db: Database, since: date | None, until: date | None) -> int:
    """Create the view `period_records` of the distinct records from `since` to `until`, both days included, in UTC.

    Records without a time stay in: they cannot be placed. Returns the number of records left out.
    """
    columns = db.columns(DISTINCT)
    parts = [f"\"timestamp\" < DATE '{since}'"] if since else []
    parts += [f"\"timestamp\" >= DATE '{until}' + INTERVAL 1 DAY"] if until else []
    outside = f"coalesce({' OR '.join(parts)}, FALSE)" if parts and "timestamp" in columns else "FALSE"
    db.execute(f"CREATE VIEW {WITHIN} AS SELECT * FROM {DISTINCT} WHERE NOT {outside}")
    return int(db.execute(f"SELECT count(*) FROM {DISTINCT} WHERE {outside}")[0][0])


def _create_usage(db: Database, config: Config, organisation: Facts) -> None:
    declared = config.declarations
    columns = frozenset(db.columns(WITHIN))
    sources = [*_links(db, declared, columns)]
    application = [f'r."application.id"'] * ("application.id" in columns)
    application += [f"{source.alias}._application" for source in sources]
    default = declared.defaults.get("application")
    application.append(literal(default) if isinstance(default, str) else "NULL::VARCHAR")
    own = _small_source(db, "applications", {n: declared.application_facts(n) for n in declared.applications})
    linked = f"(SELECT r.*, {_select_linked(sources)}coalesce({', '.join(application)}) AS _app FROM {WITHIN} AS r{''.join(s.join for s in sources)})"
    hosts = _host_source(db, columns)
    defaults = named("usage", declared.defaults, SHARED)
    select = ["l._row", "l._input", "l._line"]
    for fact in USAGE.facts.values():
        select.append(f"{_value(fact, columns, sources, own, hosts, defaults | organisation, config)} AS {quote(fact.name)}")
    joins = (f" LEFT JOIN {quote(own.alias)} AS app ON app._id = l._app" if own else "") + (hosts.join if hosts else "")
    db.execute(f"CREATE VIEW usage_unauthorised AS SELECT {', '.join(select)} FROM {linked} AS l{joins}")
    held = ", ".join(f"{sql} AS {quote(name)}" for name, sql in _authorisations(config, "application.id", "applications").items())
    db.execute(f'CREATE VIEW usage AS SELECT * EXCLUDE ("authorisation.id", "authorisation.scope"), {held} FROM usage_unauthorised')


def _links(db: Database, declared: Declarations, columns: frozenset[str]) -> list[_Source]:
    sources = []
    for section, fact in LINKS.items():
        entries: dict[str, dict[str, JsonValue]] = getattr(declared, section)
        if fact in columns and entries:
            rows = {
                name: named("usage", entry, SHARED) | ({"_application": str(entry["application"])} if entry.get("application") else {})
                for name, entry in entries.items()
            }
            source = _small_source(db, section, rows, "_application")
            assert source
            sources.append(_Source(section, source.facts, f" LEFT JOIN {quote(source.alias)} AS {section} ON {section}._id = r.{quote(fact)}"))
    return sources


def _small_source(db: Database, name: str, rows: dict[str, Facts], *others: str) -> _Source | None:
    """Create the table `declared_<name>` with a row per entry, and columns for the facts that any entry gives."""
    if not rows:
        return None
    facts = sorted({fact for row in rows.values() for fact in row if fact not in others})
    types = ["_id VARCHAR", *(f"{quote(o)} VARCHAR" for o in others), *(f"{quote(f)} {column_type(USAGE.facts[f].type)}" for f in facts)]
    table = f"declared_{name}"
    db.execute(f"CREATE TABLE {table} ({', '.join(types)})")
    for key, row in rows.items():
        values = [literal(_engine(value)) for value in (key, *(row.get(n) for n in (*others, *facts)))]
        db.execute(f"INSERT INTO {table} VALUES ({', '.join(values)})")
    return _Source(table, frozenset(facts), "")


def _select_linked(sources: Sequence[_Source]) -> str:
    """Bring the facts of linked entries along under names of their own."""
    return "".join(f"{s.alias}.{quote(f)} AS {quote(f'{s.alias}:{f}')}, " for s in sources for f in sorted(s.facts))


def _host_source(db: Database, columns: frozenset[str]) -> _Source | None:
    """Create the table `declared_hosts` for the hosts that occur in the records."""
    if "server.address" not in columns:
        return None
    tree = read_yaml(resource_dir("policies") / "registry" / "routes.yaml")
    table, faults = validate(Hosts, tree)
    raise_faults("the table of hosts has faults", faults)
    assert table
    db.execute("CREATE TABLE declared_hosts (_host VARCHAR, route VARCHAR, provider VARCHAR)")
    for (name,) in db.execute(f'SELECT DISTINCT "server.address" FROM {WITHIN} WHERE "server.address" IS NOT NULL'):
        host = next((h for h in table.hosts if fnmatchcase(name.lower(), h.host)), None)
        if host:
            db.execute(f"INSERT INTO declared_hosts VALUES ({literal(name)}, {literal(host.route)}, {literal(host.provider)})")
    return _Source("hosts", frozenset(), ' LEFT JOIN declared_hosts AS hosts ON hosts._host = l."server.address"')


def _value(
    fact: Fact, columns: frozenset[str], sources: Sequence[_Source], own: _Source | None,
    hosts: _Source | None, constants: Facts, config: Config,
) -> str:
    """The SQL for one fact of the usage table: the record's own, else the nearest declaration."""
    if fact.name == "application.id":
        return "l._app"
    parts = [f"l.{quote(fact.name)}"] if fact.name in columns else []
    parts += [f"l.{quote(f'{s.alias}:{fact.name}')}" for s in sources if fact.name in s.facts]
    if own and fact.name in own.facts:
        parts.append(f"app.{quote(fact.name)}")
    if hosts and fact.name in ("route", "gen_ai.provider.name"):
        parts.append("hosts.route" if fact.name == "route" else "hosts.provider")
    if fact.name in constants:
        parts.append(literal(_engine(constants[fact.name])))
    if not parts:
        return f"NULL::{column_type(fact.type)}"
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def _authorisations(config: Config, subject: str, kind: str) -> dict[str, str]:
    """SQL for the authorisations that cover a row: unknown if none were declared, an empty scope if none covers it."""
    held = config.declarations.authorisations
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


def _with_authorisations(row: Facts, config: Config) -> Facts:
    """The authorisations that cover a declared model or application."""
    held = config.declarations.authorisations
    if held is None:
        return row
    moment = row["timestamp"]
    assert isinstance(moment, datetime)
    names = {row.get("model.id"), row.get("application.id")}
    covering = [
        item for item in held
        if (not (item.applications or item.models) or names & {*item.applications, *item.models})
        and (item.from_ is None or item.from_ <= moment.date()) and (item.until is None or moment.date() <= item.until)
    ]
    ids: Facts = {"authorisation.id": covering[0].id} if covering else {}
    return row | ids | {"authorisation.scope": [scope for item in covering for scope in item.scopes]}


def _training_rows(declared: Declarations) -> list[Facts]:
    rows = []
    for name in declared.models:
        datasets = declared.models[name].get("trained_on", [])
        for dataset in datasets if isinstance(datasets, list) else []:
            assert isinstance(dataset, dict), "checked when the declarations were loaded"
            rows.append(declared.model_facts(name) | named("training", dataset, DATASET_KEYS))
    return rows


def _deployment_rows(declared: Declarations) -> list[Facts]:
    rows = []
    for name, model in declared.models.items():
        offered = model.get("offered")
        if isinstance(offered, dict):
            facts = declared.model_facts(name) | named("deployments", offered, OFFER_KEYS)
            rows.append(facts | {"deployment.id": name, "deployment.kind": "model", "model.sources": _made_from(declared, name)})
    for name in declared.applications:
        application = declared.application_facts(name)
        if application.get("application.audience") in ("business", "consumer"):
            own = {fact: value for fact, value in application.items() if fact in TABLES["deployments"].facts}
            rows.append(own | {"deployment.id": name, "deployment.kind": "application"})
    return rows


def _made_from(declared: Declarations, name: str) -> list[str] | None:
    """The models whose weights or output went into a model and its own bases; None where that is not fully declared."""
    found: list[str] = []
    for model in declared.lineage(name):
        base, datasets = model.get("base"), model.get("trained_on")
        if base is None and datasets is None:
            return None
        found += [base] if isinstance(base, str) and base not in declared.models else []
        for dataset in datasets if isinstance(datasets, list) else []:
            generators = dataset.get("generators") if isinstance(dataset, dict) else None
            if not isinstance(generators, list):
                return None
            found += [generator for generator in generators if isinstance(generator, str)]
    return list(dict.fromkeys(found))


def _create_small(db: Database, name: str, rows: Sequence[Facts]) -> None:
    facts = TABLES[name].facts
    columns = ", ".join(f"{quote(fact.name)} {column_type(fact.type)}" for fact in facts.values())
    db.execute(f"CREATE TABLE {quote(name)} (_row BIGINT, _input INTEGER, _line BIGINT, {columns})")
    for i, row in enumerate(rows):
        values = [literal(_engine(row.get(fact))) for fact in facts]
        db.execute(f"INSERT INTO {quote(name)} VALUES ({', '.join([str(i), 'NULL', 'NULL', *values])})")


def _engine(value: object) -> object:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
