"""What a company states about itself in `auditor.yaml`: what no log can know."""

from datetime import date
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Literal

from pydantic import Field, JsonValue, model_validator

from auditor.model.base import Model
from auditor.model.facts import (
    ACCOUNT,
    APPLICATION,
    CALL,
    DATA,
    DEPLOYMENT,
    ORGANISATION,
    FactValue,
    model_facts,
    typed_row,
)
from auditor.model.policy import Identifier, Sentence

Facts = dict[str, FactValue]

MEASURED = ("timestamp", "record.id", "request.count", "gen_ai.response.id", "prompt.template", "prompt.language")
SHARED = {
    fact.name: fact.name
    for fact in (*CALL, *ACCOUNT, *DATA)
    if not (fact.text or fact.name in MEASURED or fact.name.startswith("gen_ai.usage."))
}
"""Facts that may be declared for all records, or for those of a key, project, service or account, by their full names."""


def _short(prefix: str, names: tuple[str, ...]) -> dict[str, str]:
    return {name.removeprefix(prefix): name for name in names}


ORGANISATION_KEYS = _short("organisation.", tuple(fact.name for fact in ORGANISATION))
APPLICATION_KEYS = _short(
    "application.", tuple(f.name for f in APPLICATION if f.name not in ("application.id", "application.model.id"))
) | {fact.name: fact.name for fact in DATA}
MODEL_KEYS = _short("model.", tuple(fact.name for fact in model_facts("model")))
OFFER_KEYS = _short("deployment.", tuple(f.name for f in DEPLOYMENT if f.name.startswith("deployment."))) | {
    "monthly_active_users": "model.monthly_active_users",
    "since": "timestamp",
}
DATASET_KEYS = {
    "dataset": "dataset.id",
    "run": "training.run.id",
    "date": "timestamp",
    "service": "training.service",
    "generators": "dataset.generators",
    "generator_providers": "dataset.generator_providers",
    "generator_plan": "dataset.generator_plan",
    "route": "dataset.route",
    "licence": "dataset.licence",
    "rows": "dataset.rows",
    "made_for_training": "dataset.made_for_training",
    "modality": "dataset.modality",
}
KNOWN_DATASET_KEYS = {
    key: DATASET_KEYS[key] for key in DATASET_KEYS if key not in ("dataset", "run", "date", "service")
}
"""Key in `auditor.yaml` → fact, for each kind of entry."""


class Authorisation(Model):
    """A permission of a provider: for which clause categories, applications and models (all, if none are named)."""

    id: str = Field(min_length=1)
    provider: Identifier
    scope: tuple[str, ...] = Field(min_length=1, description="Clause categories that it covers")
    document: Sentence = Field(description="Where it is written down")
    applications: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    from_: date | None = Field(None, alias="from")
    until: date | None = None

    @property
    def scopes(self) -> list[str]:
        """The scope as `provider/category`, as rules ask for it."""
        return [f"{self.provider}/{category}" for category in self.scope]


class Override(Model):
    """What an agreement says of one clause: it is off, replaced by a clause of the company's own pack, or tightened."""

    clause: str = Field(description="provider/document/clause")
    effect: Literal["off", "replaced", "tightened"]
    says: Sentence = Field(description="What was agreed, in the company's words")
    by: str | None = Field(None, description="The clause, in a pack of the company's own, that says what holds instead")
    parameters: dict[str, float] = Field(default_factory=dict, description="Limits that hold instead")

    @model_validator(mode="after")
    def _fits(self) -> "Override":
        if self.effect == "off" and (self.by or self.parameters):
            raise ValueError("a clause that is off has no 'by' and no 'parameters'; write 'replaced' or 'tightened'")
        if self.effect == "replaced" and (not self.by or self.parameters or self.by == self.clause):
            raise ValueError("'replaced' names under 'by' the other clause that holds instead, and nothing else")
        if self.effect == "tightened" and not (self.by or self.parameters):
            raise ValueError("'tightened' names limits under 'parameters', or a further clause under 'by'")
        return self


class Agreement(Model):
    """A contract of the company with a provider: from when, when it was renewed or added to, and what it changes."""

    id: str = Field(min_length=1)
    provider: Identifier
    document: Sentence = Field(description="Where it is written down")
    from_: date = Field(alias="from", description="Day on which it was made")
    renewed: tuple[date, ...] = Field((), description="Days of later order forms and renewals")
    until: date | None = None
    overrides: tuple[Override, ...] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> "Agreement":
        if self.until and self.until < self.from_:
            raise ValueError("'until' lies before 'from'")
        if wrong := [day for day in self.renewed if day < self.from_ or (self.until and day > self.until)]:
            raise ValueError(f"renewed on {wrong[0]}, outside its time")
        if others := [o.clause for o in self.overrides if not o.clause.startswith(f"{self.provider}/")]:
            raise ValueError(f"an agreement with {self.provider} says nothing of {others[0]}")
        return self

    def covers(self, day: date) -> bool:
        """Whether it holds on a day."""
        return self.from_ <= day and (self.until is None or day <= self.until)


class Declarations(Model):
    """`auditor.yaml` as written. Entries are facts under the keys of the tables above."""

    organisation: dict[str, JsonValue] = Field(default_factory=dict)
    defaults: dict[str, JsonValue] = Field(default_factory=dict)
    applications: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    models: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    datasets: dict[str, dict[str, JsonValue]] = Field(
        default_factory=dict,
        description="What the company knows of datasets, by id or path; replaces the registry's facts",
    )
    keys: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    projects: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    services: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    accounts: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    authorisations: tuple[Authorisation, ...] | None = None
    agreements: tuple[Agreement, ...] = ()
    aliases: dict[str, str] = Field(
        default_factory=dict, description="Own names of deployments → the models behind them"
    )
    positions: dict[str, str] = Field(default_factory=dict)
    parameters: dict[str, float] = Field(default_factory=dict)
    waivers: str | None = Field(None, description="Path of the waivers file, relative to this file")
    terms: str | None = Field(None, description="Folder of `auditor terms check`, relative to this file")
    tolerance: float = Field(0, ge=0, le=100, description="Percent of rows that may be undecided in a clear clause")

    @model_validator(mode="before")
    @classmethod
    def _nothing_said(cls, value: object) -> object:
        """A section of which only the name stands there says nothing."""
        return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value

    @property
    def organisation_facts(self) -> Facts:
        """The facts of the company, by full name."""
        return named("organisation", self.organisation, ORGANISATION_KEYS)

    def application_facts(self, name: str) -> Facts:
        """The facts of an application, and of the model that its output trains, by full name."""
        entry = self.applications[name]
        facts = named("usage", entry, APPLICATION_KEYS) | {"application.id": name}
        if isinstance(model := entry.get("model"), str):
            facts |= {f"application.{key}": value for key, value in self.model_facts(model).items()}
        return facts

    def model_facts(self, name: str) -> Facts:
        """The facts of a model that the company builds, by full name; its base is the first that is not its own."""
        own = self.models[name] | {"base": self.lineage(name)[-1].get("base")}
        return named("training", own, MODEL_KEYS) | {"model.id": name}

    def dataset_facts(self, name: str) -> Facts:
        """The facts of a dataset, by full name; a name under `datasets` may have wildcards, and later ones count more."""
        facts: Facts = {}
        for pattern, entry in self.datasets.items():
            if fnmatchcase(name.casefold(), pattern.casefold()):
                facts |= named("training", entry, KNOWN_DATASET_KEYS)
        return facts

    def lineage(self, name: str) -> list[dict[str, JsonValue]]:
        """The declared model and those of its own bases that are declared too, each derived from the next."""
        entries: dict[str, dict[str, JsonValue]] = {}
        following: JsonValue = name
        while isinstance(following, str) and following in self.models and following not in entries:
            entries[following] = self.models[following]
            following = entries[following].get("base")
        return list(entries.values())


def named(table: str, entry: dict[str, JsonValue], keys: dict[str, str]) -> Facts:
    """Return the facts of an entry by full name, leaving out keys that are no facts and facts that are not given."""
    facts = typed_row(table, {keys[key]: value for key, value in entry.items() if key in keys})
    return {name: value for name, value in facts.items() if value is not None}


def relative(path: str, beside: PurePath) -> PurePath:
    """Return `path` as seen from the folder that holds `beside`."""
    return beside.parent / path
