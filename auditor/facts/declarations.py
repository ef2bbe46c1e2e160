"""Loads `auditor.yaml` and the waivers beside it; strict, with every fault and its place."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from auditor.errors import AuditorError, Fault, raise_faults
from auditor.model.base import Model
from auditor.model.declarations import (
    APPLICATION_KEYS,
    DATASET_KEYS,
    KNOWN_DATASET_KEYS,
    MODEL_KEYS,
    OFFER_KEYS,
    ORGANISATION_KEYS,
    SHARED,
    Declarations,
    relative,
)
from auditor.model.factcheck import value_fault
from auditor.model.facts import TABLES
from auditor.model.finding import Waiver
from auditor.model.policy import Category
from auditor.registry.tables import registry
from auditor.yamlfile import KeyPath, Tree, nearest, read_yaml, validate

LINKED = ("keys", "projects", "services", "accounts")
FACTS = {name: fact for table in TABLES.values() for name, fact in table.facts.items()}


class WaiverFile(Model):
    """The waivers file: a list under `waivers`."""

    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True)
class Config:
    """What was declared, and the SHA-256 of the file; both empty where there is no file."""

    declarations: Declarations
    waivers: tuple[Waiver, ...] = ()
    path: str | None = None
    sha256: str | None = None


def load_config(path: Path | None, read: Callable[[Path], Tree] = read_yaml) -> Config:
    """Return the declarations in the file at `path`, or empty ones for None.

    Args:
        path: the file.
        read: reads a file; another than the one on the disk may count, such as the one that is staged.

    Raises:
        AuditorError: the file or its waivers cannot be read or have faults; all of them, with their places.
    """
    if path is None:
        return Config(Declarations())
    tree = read(path)
    declarations, faults = validate(Declarations, tree)
    if readable := declarations or _readable(tree):
        faults += _faults(tree, readable)
    waivers: tuple[Waiver, ...] = ()
    if declarations and declarations.waivers:
        waivers, found = _load_waivers(Path(relative(declarations.waivers, path)), read)
        faults += found
    raise_faults("the declarations have faults", faults)
    assert declarations
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
    return Config(declarations, waivers, path.as_posix(), digest)


def _readable(tree: Tree) -> Declarations | None:
    """The sections that are well-formed, so that their faults are reported together with those of the others."""
    if not isinstance(tree.value, dict):
        return None
    sections = {
        key: value for key, value in tree.value.items() if validate(Declarations, Tree(tree.file, {key: value}, {}))[0]
    }
    return validate(Declarations, Tree(tree.file, sections, {}))[0]


def _load_waivers(path: Path, read: Callable[[Path], Tree]) -> tuple[tuple[Waiver, ...], list[Fault]]:
    try:
        tree = read(path)
    except AuditorError as error:
        if error.faults:
            return (), error.faults
        raise
    file, faults = validate(WaiverFile, tree)
    seen: set[str] = set()
    for i, waiver in enumerate(file.waivers if file else ()):
        if waiver.finding in seen:
            faults.append(tree.fault(("waivers", i, "finding"), f"a second waiver for the finding '{waiver.finding}'"))
        seen.add(waiver.finding)
    return (file.waivers if file else ()), faults


def _faults(tree: Tree, declarations: Declarations) -> list[Fault]:
    faults = list(_entry(tree, declarations.organisation, ("organisation",), ORGANISATION_KEYS))
    faults += _entry(tree, declarations.defaults, ("defaults",), SHARED, "application")
    faults += _reference(tree, declarations.defaults, ("defaults",), "application", declarations.applications)
    for name, application in declarations.applications.items():
        path: KeyPath = ("applications", name)
        faults += _entry(tree, application, path, APPLICATION_KEYS, "title", "model")
        faults += _reference(tree, application, path, "model", declarations.models)
    for kind in LINKED:
        for name, entry in getattr(declarations, kind).items():
            faults += _entry(tree, entry, (kind, name), SHARED, "application")
            faults += _reference(tree, entry, (kind, name), "application", declarations.applications)
    for name, model in declarations.models.items():
        faults += _model(tree, model, ("models", name))
    for name, dataset in declarations.datasets.items():
        faults += _entry(tree, dataset, ("datasets", name), KNOWN_DATASET_KEYS, "derived_from", "title")
        faults += _texts(tree, dataset, ("datasets", name), "derived_from")
    faults += _agreements(tree, declarations)
    for i, held in enumerate(declarations.authorisations or ()):
        path = ("authorisations", i)
        for category in held.scope:
            if category not in set(Category):
                hint = nearest(category, {c.value for c in Category})
                faults.append(tree.fault((*path, "scope"), f"'{category}' is no clause category", hint))
        for key, known in (("applications", declarations.applications), ("models", declarations.models)):
            for name in getattr(held, key):
                if name not in known:
                    faults.append(
                        tree.fault((*path, key), f"'{name}' is not declared under {key}", nearest(name, set(known)))
                    )
    return faults


def _agreements(tree: Tree, declarations: Declarations) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    limits: dict[tuple[str, str], str] = {}
    for i, agreement in enumerate(declarations.agreements):
        if agreement.id in seen:
            yield tree.fault(("agreements", i, "id"), f"a second agreement called '{agreement.id}'")
        seen[agreement.id] = i
        for j, override in enumerate(agreement.overrides):
            for name in override.parameters:
                if other := limits.get((override.clause, name)):
                    path: KeyPath = ("agreements", i, "overrides", j, "parameters", name)
                    yield tree.fault(path, f"'{other}' sets this limit already, and a limit holds for all records")
                limits[override.clause, name] = agreement.id
    for name, model in declarations.aliases.items():
        if registry().model(model).maker is None:
            yield tree.fault(
                ("aliases", name), f"'{model}' is no model that is known", "write the provider's own name of it"
            )


def _model(tree: Tree, model: Mapping[str, JsonValue], path: KeyPath) -> Iterator[Fault]:
    yield from _entry(tree, model, path, MODEL_KEYS, "title", "trained_on", "offered", "paths")
    yield from _texts(tree, model, path, "paths")
    datasets = model.get("trained_on", [])
    for i, dataset in enumerate(datasets if isinstance(datasets, list) else [datasets]):
        place = (*path, "trained_on", i)
        if isinstance(dataset, dict):
            yield from _entry(tree, dataset, place, DATASET_KEYS)
            if "dataset" not in dataset:
                yield tree.fault(place, "the key 'dataset' is missing")
        else:
            yield tree.fault(place, "expected a mapping such as {dataset: …, generators: […]}")
    offered = model.get("offered", {})
    if isinstance(offered, dict):
        yield from _entry(tree, offered, (*path, "offered"), OFFER_KEYS)
    else:
        yield tree.fault((*path, "offered"), "expected a mapping such as {since: 2025-06-01}")


def _texts(tree: Tree, entry: Mapping[str, JsonValue], path: KeyPath, key: str) -> Iterator[Fault]:
    value = entry.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        yield tree.fault((*path, key), f"{key}: expected a list of texts such as [one, two]")


def _entry(
    tree: Tree, entry: Mapping[str, JsonValue], path: KeyPath, keys: dict[str, str], *others: str
) -> Iterator[Fault]:
    for key, value in entry.items():
        if key in keys:
            if fault := value_fault(FACTS[keys[key]], value, key):
                yield tree.fault((*path, key), *fault)
        elif key not in others:
            yield tree.fault((*path, key), f"unknown key '{key}'", nearest(key, {*keys, *others}))


def _reference(
    tree: Tree, entry: Mapping[str, JsonValue], path: KeyPath, key: str, known: Mapping[str, object]
) -> Iterator[Fault]:
    value = entry.get(key)
    if value is not None and value not in known:
        yield tree.fault((*path, key), f"'{value}' is not declared under {key}s", nearest(str(value), set(known)))
