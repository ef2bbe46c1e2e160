"""What files say of training runs and datasets, each statement with the place where it stands. Decides nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Evidence = Literal["indicated", "declared", "recorded", "proven"]
"""How strong a statement is, the weakest first: a trace in text that claims something; what a config, card, manifest or
registry says; what the data itself records in a column or an API envelope; a copy of a logged output."""


UNREADABLE = "unreadable"
"""The format of a file that is damaged."""


@dataclass(frozen=True)
class Place:
    """Where something stands: file, line from 1 where there is one, and the key (`datasets[0].path`) or the row and column."""

    file: str
    line: int | None = None
    key: str = ""

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where} ({self.key})" if self.key else where


@dataclass(frozen=True)
class Named:
    """A name that a file mentions, as it stands there, and how strong the mention is.

    `note` says in words what the name alone does not, such as how many rows carry it.
    """

    name: str
    place: Place
    evidence: Evidence = "declared"
    note: str = ""


@dataclass(frozen=True)
class Training:
    """One training run as a file declares it.

    Attributes:
        base: the models it starts from.
        teachers: the models whose output or scores the student learns from: teachers, reward models, judges.
        datasets: what it trains on, by id, path, or a name that another file explains.
        tests: datasets that only measure it.
        outputs: the names and folders of the model that comes out.
        lists: the folders in which it says that lists of datasets lie, which explain its names.
        service: the provider whose own tuning service runs it, if one does.
        published: where it says that the model is handed to the public.
    """

    base: tuple[Named, ...] = ()
    teachers: tuple[Named, ...] = ()
    datasets: tuple[Named, ...] = ()
    tests: tuple[Named, ...] = ()
    outputs: tuple[Named, ...] = ()
    lists: tuple[Named, ...] = ()
    service: Named | None = None
    published: Named | None = None


@dataclass(frozen=True)
class Dataset:
    """What a file says of one dataset.

    Attributes:
        names: its ids and paths; all mean the same dataset.
        alias: what configurations call it that look it up in this file, and only they.
        generators: the models that wrote it.
        providers: the providers, as records name them, that those models were reached through.
        routes: how they were reached.
        licences: its licences.
        sources: datasets that it was made from.
        synthetic: where it says that a model wrote it; it may not say which.
        human: where it says that people wrote it.
        made_for_training: where it says that it was generated in order to train.
        is_near: whether it is about files in its folder alone, and not about those in folders below.
        claims: models or makers that its text claims to come from; a sign, and no proof.
        rows: how many rows it holds, if all were counted.
    """

    names: tuple[Named, ...]
    alias: Named | None = None
    generators: tuple[Named, ...] = ()
    providers: tuple[Named, ...] = ()
    routes: tuple[Named, ...] = ()
    licences: tuple[Named, ...] = ()
    sources: tuple[Named, ...] = ()
    synthetic: Named | None = None
    human: Named | None = None
    made_for_training: Named | None = None
    is_near: bool = False
    claims: tuple[Named, ...] = ()
    rows: int | None = None


@dataclass(frozen=True)
class Unread:
    """Something that was there and could not be understood, so that it counts as unknown, and why."""

    place: Place
    why: str


@dataclass(frozen=True)
class Found:
    """Everything one file says.

    `format` is the name of its format; `repeats` are the files whose runs it tells of, where it is an inventory of ours.
    """

    format: str
    trainings: tuple[Training, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    unread: tuple[Unread, ...] = ()
    repeats: tuple[str, ...] = ()

    @property
    def mentions(self) -> Iterable[Named]:
        """Every dataset that it names."""
        for training in self.trainings:
            yield from (*training.datasets, *training.tests)
        for dataset in self.datasets:
            yield from (*(dataset.names if not dataset.is_near else ()), *dataset.sources)
