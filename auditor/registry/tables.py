"""The tables in `policies/registry/` as data, and how names, which come from records and are hostile, are looked up in them."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeVar

import re2
from pydantic import Field, field_validator

from auditor.errors import raise_faults
from auditor.model.base import Model
from auditor.resources import resource_dir
from auditor.yamlfile import read_yaml, validate

WILD = re.compile(r"\[[^\]]*\]|[*?]")
LONGEST = 512
"""A longer name is no model's."""
HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?([^/:?#@\s]+)(?::\d+)?(?:[/?#].*)?$")
M = TypeVar("M", bound=Model)


class Host(Model):
    """A host name pattern, the route it stands for and the provider whose API it is."""

    host: str
    route: str
    provider: str | None = None


class Provider(Model):
    """A provider as records name it: the route it stands for, and the maker of all that it serves, if there is one.

    With `only_direct`, the maker is certain only on the direct route: other servers speak the provider's protocol and are
    recorded under its name.
    """

    name: str
    route: str | None = None
    maker: str | None = None
    only_direct: bool = False


class Routes(Model):
    """`policies/registry/routes.yaml`."""

    hosts: tuple[Host, ...]
    providers: tuple[Provider, ...]


class Prefix(Model):
    """What routers and hosts put before a model's name; `*` is one part of a path. It may tell the route."""

    prefix: str
    route: str | None = None


class ModelRow(Model):
    """Names of models that have one maker, line, version and licences; wildcards allowed, compared in lower case.

    `version_pattern` is an RE2 expression whose first group is the version. `licences` is empty where the weights are not
    to be had, and null where they are under an unknown licence.
    """

    names: tuple[str, ...] = Field(min_length=1)
    maker: str
    family: str | None = None
    version: str | None = None
    version_pattern: str | None = None
    licences: tuple[str, ...] | None = ()
    route: str | None = None

    @field_validator("version_pattern")
    @classmethod
    def _is_re2(cls, pattern: str | None) -> str | None:
        if pattern:
            try:
                groups = re2.compile(pattern).groups
            except re2.error as error:
                raise ValueError(f"not an RE2 expression: {error}") from error
            if not groups:
                raise ValueError("the version is the first group of the expression; there is none")
        return pattern


class Models(Model):
    """`policies/registry/models.yaml`."""

    prefixes: tuple[Prefix, ...] = Field(min_length=1)
    suffixes: tuple[str, ...] = Field(min_length=1)
    models: tuple[ModelRow, ...]


class Identity(NamedTuple):
    """Which model a name stands for. `maker` is None where the name tells nothing; `route` where it tells no route."""

    maker: str | None = None
    family: str | None = None
    version: str | None = None
    licences: tuple[str, ...] | None = None
    route: str | None = None


@dataclass(frozen=True)
class Registry:
    """The tables, ready to be asked."""

    routes: Routes
    models: Models

    @cached_property
    def _prefix(self) -> re.Pattern[str]:
        parts = (re.escape(item.prefix).replace(r"\*", "[^/]*") for item in self.models.prefixes)
        return re.compile("|".join(f"({part})" for part in parts))

    @cached_property
    def _suffix(self) -> re.Pattern[str]:
        return re.compile(
            f"(?:{'|'.join(translate(item).removesuffix(chr(92) + 'Z') for item in self.models.suffixes)})$"
        )

    @cached_property
    def _rows(self) -> list[tuple[list[tuple[str, str]], ModelRow]]:
        """Each row with its patterns, and of each the longest part that has to stand in a name: compiling all takes long."""
        return [([(_literal(name), name) for name in row.names], row) for row in self.models.models]

    @cached_property
    def _hosts(self) -> list[tuple[re.Pattern[str], Host]]:
        return [(re.compile(translate(host.host)), host) for host in self.routes.hosts]

    def host(self, address: str) -> Host | None:
        """Return what is known of a host that was called; a scheme, port, path or final dot of its address does not matter."""
        found = HOST.match(address.strip().lower()[:LONGEST])
        name = found.group(1).rstrip(".") if found else ""
        return next((host for pattern, host in self._hosts if pattern.match(name)), None)

    def provider(self, name: str) -> Provider | None:
        """Return what is known of a provider, as records name it."""
        folded = name.strip().lower()
        return next((p for p in self.routes.providers if p.name == folded), None)

    def model(self, name: str) -> Identity:
        """Return which model `name` stands for, in any spelling: with prefixes of routers, as an ARN, tuned, dated.

        A prefix that ends with a dot is Bedrock's only before a name that is known: `eu.support` may be anybody's.
        """
        if len(name) > LONGEST:
            return Identity()
        route: str | None = None
        dotted: str | None = None
        rest = name.strip().lower()
        while found := self._prefix.match(rest):
            prefix = self.models.prefixes[(found.lastindex or 1) - 1]
            if prefix.prefix.endswith("."):
                dotted = dotted or prefix.route
            else:
                route = route or prefix.route
            rest = rest[found.end() :]
        for candidate in dict.fromkeys((rest, self._suffix.sub("", rest))):
            for patterns, row in self._rows:
                if any(part in candidate and fnmatchcase(candidate, name) for part, name in patterns if candidate):
                    told = route or dotted or row.route
                    return Identity(row.maker, row.family, _version(row, candidate), row.licences, told)
        return Identity(route=route)


def _literal(pattern: str) -> str:
    return max(WILD.split(pattern), key=len)


def _version(row: ModelRow, name: str) -> str | None:
    if not row.version_pattern:
        return row.version
    found = re2.search(row.version_pattern, name)
    return found.group(1).replace("-", ".") if found and found.group(1) else None


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Return the shipped tables.

    Raises:
        AuditorError: the installation is damaged.
    """
    return Registry(_read(Routes, "routes.yaml"), _read(Models, "models.yaml"))


def _read(model: type[M], name: str) -> M:
    tree = read_yaml(resource_dir("policies") / "registry" / name, f"registry/{name}")
    table, faults = validate(model, tree)
    raise_faults(f"the table {name} has faults", faults)
    assert table
    return table
