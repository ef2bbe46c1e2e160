"""Where in `auditor.yaml` a missing fact is declared."""

from auditor.model.declarations import (
    APPLICATION_KEYS,
    DATASET_KEYS,
    MODEL_KEYS,
    OFFER_KEYS,
    ORGANISATION_KEYS,
    SHARED,
)

PLACES: tuple[tuple[dict[str, str], str], ...] = (
    (ORGANISATION_KEYS, "organisation → {key}"),
    (APPLICATION_KEYS, "applications → the application → {key}"),
    ({key: f"application.{name}" for key, name in MODEL_KEYS.items()}, "models → the model it trains → {key}"),
    (MODEL_KEYS, "models → the model → {key}"),
    (DATASET_KEYS, "models → the model → trained_on → {key}"),
    (OFFER_KEYS, "models → the model → offered → {key}"),
    (SHARED, "keys, projects, services or accounts → its id → {key}"),
)
"""Keys of `auditor.yaml` with the facts they declare, and the path to them."""

OTHERS = {
    "application.id": "keys, projects, services or accounts → its id → application",
    "application.model.id": "applications → the application → model",
    "model.id": "models → the model",
    **{f"called_model.{name}": "aliases → the model's name in the records" for name in ("maker", "family", "licences")},
    **{f"dataset.generator_{name}": "models → the model → trained_on → generators" for name in ("makers", "licences")},
    **{f"model.source_{name}": "models → the model → trained_on, base" for name in ("makers", "licences")},
    "model.base_maker": "models → the model → base",
    "model.base_licences": "models → the model → base",
    "application.model.base_maker": "models → the model it trains → base",
    "application.model.base_licences": "models → the model it trains → base",
    "account.country": "organisation → country, or accounts → its id → account.country",
    "authorisation.id": "authorisations",
    "authorisation.scope": "authorisations → scope",
}
NOWHERE = "cannot be declared; the records themselves must carry it"


def place_of(fact: str) -> str:
    """Return the path in `auditor.yaml` at which `fact` is declared, or that it cannot be."""
    if fact in OTHERS:
        return OTHERS[fact]
    for keys, path in PLACES:
        for key, name in keys.items():
            if name == fact and name != "timestamp":
                return path.format(key=key)
    return NOWHERE
