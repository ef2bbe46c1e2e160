"""Rows of the fact tables that come from declarations alone: what is trained, what is offered, and the company itself."""

from datetime import UTC, date, datetime, time

from auditor.model.declarations import DATASET_KEYS, OFFER_KEYS, Declarations, Facts, named
from auditor.model.facts import TABLES
from auditor.registry.derive import derive


def declared_rows(declared: Declarations, now: date) -> dict[str, list[Facts]]:
    """Return the rows of every fact table but `usage` and `events`; a row that is not dated itself is dated `now`."""
    organisation = declared.organisation_facts
    base: Facts = {"timestamp": datetime.combine(now, time(), UTC), **organisation}
    return {
        "training": [completed("training", base | row, declared) for row in _training_rows(declared)],
        "deployments": [completed("deployments", base | row, declared) for row in _deployment_rows(declared)],
        "organisation": [base] if organisation else [],
        "matches": [],
    }


def completed(table: str, row: Facts, declared: Declarations) -> Facts:
    """Return a row of a fact table, which is dated, with the authorisations that cover it and what follows from its names."""
    return derive(table, _authorised(row, declared), declared.aliases)


def _authorised(row: Facts, declared: Declarations) -> Facts:
    """The authorisations that cover a declared model or application."""
    held = declared.authorisations
    if held is None:
        return row
    moment = row["timestamp"]
    assert isinstance(moment, datetime)
    names = {row.get("model.id"), row.get("application.id")}
    covering = [
        item
        for item in held
        if (not (item.applications or item.models) or names & {*item.applications, *item.models})
        and (item.from_ is None or item.from_ <= moment.date())
        and (item.until is None or moment.date() <= item.until)
    ]
    ids: Facts = {"authorisation.id": covering[0].id} if covering else {}
    return row | ids | {"authorisation.scope": [scope for item in covering for scope in item.scopes]}


def _training_rows(declared: Declarations) -> list[Facts]:
    rows = []
    for name in declared.models:
        datasets = declared.models[name].get("trained_on", [])
        for dataset in datasets if isinstance(datasets, list) else []:
            assert isinstance(dataset, dict), "checked when the declarations were loaded"
            known = declared.dataset_facts(str(dataset.get("dataset")))
            rows.append(declared.model_facts(name) | known | named("training", dataset, DATASET_KEYS))
    return rows


def _deployment_rows(declared: Declarations) -> list[Facts]:
    rows = []
    for name, model in declared.models.items():
        offered = model.get("offered")
        if isinstance(offered, dict):
            facts = declared.model_facts(name) | named("deployments", offered, OFFER_KEYS)
            rows.append(
                facts | {"deployment.id": name, "deployment.kind": "model", "model.sources": _made_from(declared, name)}
            )
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
