"""Joins what files, data, the registry and the company say of datasets: who wrote each, under which licence, made from what."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property

from pydantic import JsonValue

from auditor.guard.formats.words import spdx
from auditor.guard.found import Dataset, Evidence, Found, Named, Place, Training
from auditor.guard.identity import Names, shared
from auditor.guard.paths import clean
from auditor.guard.repository import Repository
from auditor.model.declarations import KNOWN_DATASET_KEYS, Declarations
from auditor.registry.datasets import Entry, datasets

REGISTRY = "policies/registry/datasets.jsonl"
OTHER = "other"
"""Stands for a model or provider that is there and that nobody names."""
OF_GENERATORS = frozenset(("dataset.generators", "dataset.generator_providers", "synthetic", "human", "claims"))
"""The facts that say who wrote a dataset."""
RECORDED = ("recorded", "proven")
"""Evidence that no declaration takes back."""
DEEPEST = 100
"""Steps from a dataset to those that it was made from."""


@dataclass(frozen=True)
class Statement:
    """One thing that is said of a dataset: the fact, its value (None: it is there and not known), and where it stands.

    `via` names the datasets through which it is inherited, the nearest first.
    """

    fact: str
    value: str | None
    named: Named
    via: tuple[str, ...] = ()

    @property
    def evidence(self) -> Evidence:
        """How strong it is."""
        return self.named.evidence


@dataclass(frozen=True)
class About:
    """All that is known of one dataset.

    `settled` are the facts that the company itself declared, which end the matter; `identity` is what stands for the dataset,
    under whatever name it is used.
    """

    statements: tuple[Statement, ...]
    identity: str
    settled: frozenset[str] = frozenset()
    rows: int | None = None


class Knowledge:
    """What was found, to be asked by the name of a dataset or of a model.

    Args:
        found: what each examined file says.
        scans: what data files record.
        declared: what the company declares.
        config: the file in which it does.
        repository: tells which names are files.

    Attributes:
        matched: the patterns of declared datasets that fitted one so far.
    """

    def __init__(
        self,
        found: Sequence[tuple[str, Found]],
        scans: Sequence[Dataset],
        declared: Declarations,
        config: str,
        repository: Repository,
    ) -> None:
        self.found = found
        self.declared = declared
        self.config = config
        self.repository = repository
        self.matched: set[str] = set()
        self._datasets: dict[str, list[Dataset]] = {}
        self._makers: dict[str, list[tuple[str, Training]]] = {}
        self._names = Names(repository, found, self._datasets)
        for dataset in (*scans, *(d for _, item in found for d in item.datasets if not d.alias)):
            for named in dataset.names:
                for key in {named.name.casefold(), clean(named.name).casefold()}:
                    self._datasets.setdefault(key, []).append(dataset)
        for path, item in found:
            for training in item.trainings:
                for output in training.outputs:
                    self._makers.setdefault(clean(output.name).casefold(), []).append((path, training))

    def trained_by(self, base: str, user: str) -> list[tuple[str, Training]]:
        """Return the training runs, each with its file, that make the model that `user` calls `base`.

        Several may use one folder; of runs with the same `./out`, those nearest to the user are meant.
        """
        parts = clean(base).casefold().split("/")  # a checkpoint lies in the folder of its run
        names = ("/".join(parts[:n]) for n in range(len(parts), 0, -1) if n == len(parts) or n > 1)
        made = next((made for name in names if (made := self._makers.get(name))), [])
        near = max((shared(file, user) for file, _ in made), default=0)
        return [(file, run) for file, run in made if shared(file, user) == near or not base.startswith(".")]

    def about(self, name: str, file: str) -> About:
        """Return what is known of the dataset that `file` calls `name`, and of all that it was made from."""
        statements: list[Statement] = []
        settled: frozenset[str] = frozenset()
        rows: int | None = None
        identity = self._names.resolve(name, file)[0]
        waiting: deque[tuple[str, str, tuple[str, ...]]] = deque([(name, file, ())])
        seen: set[str] = set()
        while waiting:
            current, where, via = waiting.popleft()
            own = self._said(current, where)
            names = {other.casefold() for other in own.names}
            if seen & names or len(via) > DEEPEST:
                continue
            seen |= names
            statements += [replace(statement, via=via) for statement in own.statements]
            if not via:
                settled, rows = own.settled, own.rows
            for source, place in own.sources:
                waiting.append((source, place, (*via, current)))
        own_word = settled | (OF_GENERATORS if "dataset.generators" in settled else frozenset())
        kept = [s for s in statements if not (s.via and s.fact in own_word) or s.evidence in RECORDED]
        return About(tuple(kept), identity, settled, rows)

    def paths(self, name: str, file: str) -> list[str]:
        """Return the data files of the repository that a name stands for, also by the names that other files give it."""
        found: list[str] = []
        for place in sorted(self._said(name, file).names):
            there = self.repository.exists(place)
            found += self.repository.data_below(place) if there else self.repository.matching(place)
        return list(dict.fromkeys(found))

    def _said(self, name: str, file: str) -> "_Own":
        names = self._names.resolve(name, file)
        own = _Own({*names})
        waiting = [*names]
        while waiting:
            for dataset in self._datasets.get(waiting.pop().casefold(), ()):
                own.add(dataset)
                others = {clean(named.name) for named in dataset.names} - own.names
                waiting += sorted(others)
                own.names |= others
        for key in self._inside(own.names):
            for dataset in self._datasets[key]:
                own.add(dataset)
        for dataset in self._above(own.names | {path for name in own.names for path in self.repository.matching(name)}):
            own.add(dataset)
        for other in sorted(own.names):
            if entry := datasets().find(other):
                own.names.add(entry.id)
                own.add_entry(entry)
        # what is declared of a path is about that one alone, and not about the other that the same name may mean
        others = {other for other in own.names if other != names[0] and self.repository.exists(other)}
        is_path = self.repository.exists(names[0]) and ("/" in name or "." in name)
        self._declare({*own.names, names[0], *(() if is_path else (name,))} - others, own)
        return own

    def _inside(self, names: set[str]) -> Iterator[str]:
        """What is known by a path in one of the folders, or that fits one of the patterns, among `names`."""
        for name in sorted(names):
            folded = name.casefold()
            if name != "." and self.repository.exists(name):
                keys = self._keys
                yield from keys[bisect_left(keys, f"{folded}/") : bisect_left(keys, f"{folded}0")]  # 0 follows /
            elif self.repository.matching(name):
                yield from (key for key in self._keys if fnmatchcase(key, folded))

    @cached_property
    def _keys(self) -> list[str]:
        return sorted(self._datasets)

    def _above(self, names: set[str]) -> Iterator[Dataset]:
        """What the nearest folder above each of the files among `names` says in its card or pipeline.

        That people wrote it, a card at the top says only of the files that it lists, as all kinds of data lie below it.
        """
        for name in sorted(names):
            if self.repository.exists(name):
                parts = name.split("/")
                folders = ("/".join(parts[:n]) for n in range(len(parts) - 1, 0, -1))
                own = name.rpartition("/")[0]
                near = next((said for folder in folders if (said := self._said_of(folder, own))), None)
                yield from near or (replace(dataset, human=None) for dataset in self._datasets.get(".", ()))

    def _said_of(self, folder: str, own: str) -> list[Dataset]:
        """What is said of a folder that concerns files in `own`, which is that folder or lies below it."""
        said = self._datasets.get(folder.casefold(), ())
        return [dataset for dataset in said if folder == own or not dataset.is_near]

    def _declare(self, names: set[str], own: "_Own") -> None:
        """What the company declares of a dataset replaces what others say of the same facts."""
        for pattern, entry in self.declared.datasets.items():
            if any(fnmatchcase(other.casefold(), clean(pattern).casefold()) for other in names):
                self.matched.add(pattern)
                own.declare(entry, Place(self.config, None, f"datasets.{pattern}"))


def _value(fact: str, name: str) -> str | None:
    """A name as a value: licences by their ids, and None for what nobody names."""
    if name == OTHER:
        return None
    return spdx(name) if fact == "dataset.licence" else name


class _Own:
    """What is said of one dataset itself, while it is gathered."""

    def __init__(self, names: set[str]) -> None:
        self.names = names
        self.statements: list[Statement] = []
        self.sources: list[tuple[str, str]] = []
        self.settled: frozenset[str] = frozenset()
        self.rows: int | None = None
        self._added: set[tuple[Named, ...]] = set()

    def add(self, dataset: Dataset) -> None:
        if dataset.names in self._added:
            return
        self._added.add(dataset.names)
        self.rows = dataset.rows if dataset.rows is not None else self.rows
        for fact, names in (
            ("dataset.generators", dataset.generators),
            ("dataset.generator_providers", dataset.providers),
            ("dataset.route", dataset.routes),
            ("dataset.licence", dataset.licences),
            ("claims", dataset.claims),
        ):
            self.statements += [Statement(fact, _value(fact, named.name), named) for named in names]
        for fact, said in (
            ("synthetic", dataset.synthetic),
            ("human", dataset.human),
            ("dataset.made_for_training", dataset.made_for_training),
        ):
            self.statements += [Statement(fact, said.name, said)] if said else []
        self.statements += [Statement("source", named.name, named) for named in dataset.sources]
        self.sources += [(named.name, named.place.file) for named in dataset.sources]

    def add_entry(self, entry: Entry) -> None:
        place = Place(REGISTRY, entry.line, entry.id)
        note = f"{entry.source}, {entry.as_of}" + (
            ", to be verified" if entry.verify and entry.source != "name" else ""
        )
        if entry.part:
            note = f"{note}; models wrote {entry.part}"
        released = entry.released_by
        if released:
            note = f"{note}; {released} published it itself, so that its licence says it all"
        for generator in entry.generators or () if not released else ():
            model = None if generator.model == OTHER else generator.model
            self._say("dataset.generators", model, Named(generator.model, place, note=note))
            if generator.provider:
                self._say(
                    "dataset.generator_providers", generator.provider, Named(generator.provider, place, note=note)
                )
        if entry.generators == () or released:
            self._say("human", "no model", Named("no model", place, note=note))
        for licence in entry.licences:
            self._say("dataset.licence", licence.plain, Named(licence.plain, place, note=note))
        for source in entry.sources:
            said = "by its name only" if entry.source == "name" else note
            self._say("source", source, Named(source, place, note=said))
            self.sources.append((source, REGISTRY))

    def _say(self, fact: str, value: str | None, named: Named) -> None:
        statement = Statement(fact, value, named)
        self.statements += [] if statement in self.statements else [statement]

    def declare(self, entry: dict[str, JsonValue], place: Place) -> None:
        facts = {KNOWN_DATASET_KEYS[key]: value for key, value in entry.items() if key in KNOWN_DATASET_KEYS}
        self.settled |= facts.keys()
        replaced = facts.keys() | (OF_GENERATORS if "dataset.generators" in facts else set())
        # what the data itself records is never overwritten
        self.statements = [s for s in self.statements if s.fact not in replaced or s.evidence in RECORDED]
        for fact, value in facts.items():
            for item in value if isinstance(value, list) else [value]:
                self._say(fact, str(item).lower() if isinstance(item, bool) else str(item), Named(str(item), place))
        if facts.get("dataset.generators") == []:
            self._say("human", "no model", Named("no model", place))
        sources = entry.get("derived_from")
        if isinstance(sources, list):
            self.statements = [s for s in self.statements if s.fact != "source"]
            self.statements += [Statement("source", str(source), Named(str(source), place)) for source in sources]
            self.sources = [(str(source), place.file) for source in sources]
