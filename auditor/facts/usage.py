"""The usage table: a view that joins what the company declares to the records.

A fact that a record carries is never overwritten. Where it carries none, the nearest declaration counts: its key, project,
service or account, then its application, then the host it called, then the defaults.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pydantic import JsonValue

from auditor.engine import Database, column_type, literal, quote
from auditor.errors import raise_faults
from auditor.model.base import Model
from auditor.model.declarations import SHARED, Authorisation, Declarations, Facts, named
from auditor.model.facts import USAGE, Fact
from auditor.resources import resource_dir
from auditor.yamlfile import read_yaml, validate

PERIOD = "period_records"
"""The view of the records that are audited."""
LINKS = {"keys": "api_key.id", "projects": "project.id", "services": "service.name", "accounts": "account.id"}
"""Section of `auditor.yaml` → the fact of a record by which its entries are found, nearest first."""


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


def create_usage(db: Database, declared: Declarations) -> None:
    """Create the view `usage` over the view `period_records`."""
    columns = frozenset(db.columns(PERIOD))
    sources = [*_links(db, declared, columns)]
    application = ['r."application.id"'] * ("application.id" in columns)
    application += [f"{source.alias}._application" for source in sources]
    default = declared.defaults.get("application")
    application.append(literal(default) if isinstance(default, str) else "NULL::VARCHAR")
    own = _small_source(db, "applications", {n: declared.application_facts(n) for n in declared.applications})
    brought = f"r.*, {_select_linked(sources)}coalesce({', '.join(application)}) AS _app"
    linked = f"(SELECT {brought} FROM {PERIOD} AS r{''.join(source.join for source in sources)})"
    hosts = _host_source(db, columns)
    defaults = named("usage", declared.defaults, SHARED)
    select = ["l._row", "l._input", "l._line"]
    for fact in USAGE.facts.values():
        select.append(
            f"{_value(fact, columns, sources, own, hosts, defaults | declared.organisation_facts)} AS {quote(fact.name)}"
        )
    joins = (f" LEFT JOIN {quote(own.alias)} AS app ON app._id = l._app" if own else "") + (hosts.join if hosts else "")
    db.execute(f"CREATE VIEW usage_unauthorised AS SELECT {', '.join(select)} FROM {linked} AS l{joins}")
    held = ", ".join(
        f"{sql} AS {quote(name)}" for name, sql in _authorisations(declared, "application.id", "applications").items()
    )
    db.execute(
        f'CREATE VIEW usage AS SELECT * EXCLUDE ("authorisation.id", "authorisation.scope"), {held} FROM usage_unauthorised'
    )


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


def _host_source(db: Database, columns: frozenset[str]) -> _Source | None:
    """Create the table `declared_hosts` for the hosts that occur in the records."""
    if "server.address" not in columns:
        return None
    tree = read_yaml(resource_dir("policies") / "registry" / "routes.yaml")
    table, faults = validate(Hosts, tree)
    raise_faults("the table of hosts has faults", faults)
    assert table
    db.execute("CREATE TABLE declared_hosts (_host VARCHAR, route VARCHAR, provider VARCHAR)")
    for (name,) in db.execute(f'SELECT DISTINCT "server.address" FROM {PERIOD} WHERE "server.address" IS NOT NULL'):
        host = next((h for h in table.hosts if fnmatchcase(name.lower(), h.host)), None)
        if host:
            db.execute(
                f"INSERT INTO declared_hosts VALUES ({literal(name)}, {literal(host.route)}, {literal(host.provider)})"
            )
    return _Source("hosts", frozenset(), ' LEFT JOIN declared_hosts AS hosts ON hosts._host = l."server.address"')


def _value(
    fact: Fact,
    columns: frozenset[str],
    sources: Sequence[_Source],
    own: _Source | None,
    hosts: _Source | None,
    constants: Facts,
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
        parts.append(literal(constants[fact.name]))
    if not parts:
        return f"NULL::{column_type(fact.type)}"
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


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
