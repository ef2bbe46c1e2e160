"""Training inputs as rows of the fact table `training`: each run with each of its datasets, and where every fact stands."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from fnmatch import fnmatchcase

from auditor.facts.declared import completed, declared_rows
from auditor.guard.facts import assume_providers, is_closed, said, self_hosted
from auditor.guard.found import Named, Place, Training, Unread
from auditor.guard.kinds import CLOSED_DATA
from auditor.guard.knowledge import RECORDED, About, Knowledge, Statement
from auditor.guard.paths import clean
from auditor.model.declarations import Declarations, Facts
from auditor.model.facts import FactValue
from auditor.registry.tables import registry


@dataclass(frozen=True)
class Input:
    """One dataset (or teacher) that goes into one training run.

    Attributes:
        row: the facts, as in the fact table `training`.
        statements: where the facts of the dataset come from.
        claimed: the row if what the text claims of itself were true; None where it claims nothing more.
        place: where the run names the dataset.
        file: the file that declares the run.
        dataset: the dataset as the run calls it.
        identity: what stands for the dataset under whatever name: its path from the top, its id, or what is written.
        model: the model that is trained: its name in auditor.yaml, or else what the run calls it.
        declared: whether auditor.yaml declares the model.
        reasons: where the facts of the model stand, and what is remarkable in them.
    """

    row: Facts
    statements: tuple[Statement, ...]
    claimed: Facts | None
    place: Place
    file: str
    dataset: str
    identity: str
    model: str
    declared: bool
    reasons: tuple[str, ...]


def training_inputs(knowledge: Knowledge, declared: Declarations, now: date) -> list[Input]:
    """Return every dataset and teacher of every training run that was found, as rows dated `now`."""
    inputs = [
        item
        for path, found in knowledge.found
        for training in found.trainings
        for item in _of_run(knowledge, declared, path, training, now)
    ]
    return list({(i.place, i.model, i.identity, repr(i.row)): i for i in reversed(inputs)}.values())[::-1]


def loose_inputs(knowledge: Knowledge, declared: Declarations, now: date, data: Sequence[str]) -> list[Input]:
    """Return the data files of which auditor.yaml says by a model's `paths` that they train it, though no run names them."""
    inputs = []
    for path in data:
        for name in _by_path(declared, path):
            run = _Run(knowledge, declared, path, Training(), now, name)
            inputs.append(run.input(Named(path, Place(path)), knowledge.about(path, path)))
    return inputs


def unlooked(declared: Declarations, files: Iterable[str]) -> list[Unread]:
    """Return the files that auditor.yaml says train a model, and that hold data of kinds that are not looked into."""
    why = "a model's `paths` hold this file, and files of its kind are not looked into"
    return [Unread(Place(f), why) for f in files if f.lower().endswith(CLOSED_DATA) and _by_path(declared, f)]


def declared_inputs(knowledge: Knowledge, declared: Declarations, now: date) -> list[Input]:
    """Return what auditor.yaml itself says was trained on what; what it states there of a dataset counts before all else."""
    inputs = []
    for row in declared_rows(declared, now)["training"]:
        name, dataset = str(row["model.id"]), str(row["dataset.id"])
        place = Place(knowledge.config, None, f"models.{name}.trained_on")
        run = _Run(knowledge, declared, knowledge.config, Training(), now, name)
        found = run.input(Named(dataset, place), knowledge.about(dataset, knowledge.config))
        replaced = "dataset.generator" if "dataset.generators" in row else "no fact"
        said = {fact: value for fact, value in found.row.items() if not fact.startswith(replaced)}
        inputs.append(replace(found, row=completed("training", said | row, declared)))
    return inputs


def _of_run(knowledge: Knowledge, declared: Declarations, path: str, training: Training, now: date) -> Iterator[Input]:
    training, older, teachers = _with_ancestors(knowledge, path, training)
    names: list[str | None] = [*_models(declared, path, training)] or [None]
    for name in names:
        run = _Run(knowledge, declared, path, training, now, name)
        for named in training.datasets:
            yield run.input(named, knowledge.about(named.name, path))
        for file, named in older:
            yield run.input(named, knowledge.about(named.name, file))
        for named in (*training.teachers, *teachers):
            yield run.input(replace(named, name=_output_of(named)), _taught(named, knowledge, path))


def _output_of(teacher: Named) -> str:
    return f"output of {teacher.name}"


def _taught(named: Named, knowledge: Knowledge, path: str) -> About:
    """What a teacher says is a dataset that it writes; a teacher that was itself tuned here stands on its own base."""
    made = knowledge.trained_by(named.name, path)
    models = [base for _, training in made for base in training.base[-1:]] or [named]
    written = [Statement("dataset.generators", one.name, one) for one in models]
    own = bool(made or registry().model(named.name).licences)  # weights that the run loads itself
    route = [Statement("dataset.route", "self-hosted", named)] if own else []
    given = [
        Statement("dataset.made_for_training", "true", named),
        Statement("dataset.licence", "output of a model", named),
    ]
    return About((*written, *route, *given), _output_of(named))


def _with_ancestors(
    knowledge: Knowledge, path: str, training: Training
) -> tuple[Training, list[tuple[str, Named]], list[Named]]:
    """The training with the bases at the end of its line, and the datasets and teachers of the runs that made what it uses."""
    older: list[tuple[str, Named]] = []
    teachers: list[Named] = []
    base: list[Named] = []
    seen = {id(training)}
    waiting = deque(
        [(named, path, True) for named in training.base] + [(named, path, False) for named in training.teachers]
    )
    while waiting:
        named, user, is_base = waiting.popleft()
        made = [(file, run) for file, run in knowledge.trained_by(named.name, user) if id(run) not in seen]
        base += [named] if is_base and not made else []
        for file, run in made:
            seen.add(id(run))
            through = f"through the {'base model' if is_base else 'teacher'}, which {file} trains"
            older += [(file, replace(dataset, note=f"{through} on it")) for dataset in run.datasets]
            teachers += [replace(teacher, note=through) for teacher in run.teachers] if is_base else []
            waiting.extend((one, file, is_base) for one in run.base)
            waiting.extend((one, file, False) for one in run.teachers)
    return replace(training, base=tuple(base)), older, teachers


def _models(declared: Declarations, path: str, training: Training) -> list[str]:
    """The declared models that a run trains: by the paths or by the name of what comes out."""
    outputs = {
        name.casefold() for named in training.outputs for name in (named.name, clean(named.name).rpartition("/")[2])
    }
    by_name = [
        name
        for name, model in declared.models.items()
        if {name.casefold(), str(model.get("name") or name).casefold()} & outputs
    ]
    return list(dict.fromkeys([*_by_path(declared, path), *by_name]))


def _by_path(declared: Declarations, path: str) -> list[str]:
    return [name for name in declared.models if any(path_fits(path, pattern) for pattern in paths_of(declared, name))]


def paths_of(declared: Declarations, model: str) -> list[str]:
    """Return the patterns of files that auditor.yaml says train a model."""
    patterns = declared.models[model].get("paths")
    return [str(pattern) for pattern in patterns] if isinstance(patterns, list) else []


def path_fits(path: str, pattern: str) -> bool:
    """Return whether a pattern fits a file: a folder stands for all below it, and `*` also for what lies deeper."""
    cleaned = clean(pattern)
    return path.startswith(f"{cleaned}/") or fnmatchcase(path, cleaned.replace("**/", "*").replace("**", "*"))


class _Run:
    """One run that trains one model: what all its rows share."""

    def __init__(
        self, knowledge: Knowledge, declared: Declarations, file: str, training: Training, now: date, name: str | None
    ) -> None:
        self.declared = declared
        self.file = file
        self.name = name
        self.model = name or next((_short(o.name) for o in training.outputs), file)
        self.reasons: list[str] = []
        facts: Facts = {"timestamp": datetime.combine(now, time(), UTC), **declared.organisation_facts}
        facts |= declared.model_facts(name) if name else {"model.id": self.model}
        facts["training.run.id"] = file
        if base := _base(training):
            facts["model.base"] = base.name
            self.reasons.append(f"base model {base.name}: {base.place}")
        if training.service:
            facts["training.service"] = training.service.name
            self.reasons.append(f"tuned by {training.service.name}'s own service: {training.service.place}")
        if training.published:
            self._published(facts, training, training.published)
        self.facts = facts

    def _published(self, facts: Facts, training: Training, published: Named) -> None:
        """A run that publishes tells the model's name; whether the model leaves the company, the company knows best."""
        hub = next(
            (o.name for o in training.outputs if o.name.count("/") == 1 and not o.name.startswith((".", "/"))), None
        )
        facts.setdefault("model.name", hub or self.model)
        if facts.get("model.distributed") is False:
            self.reasons.append(f"declared as not distributed, but this publishes it: {published.place}")
        else:
            facts["model.distributed"] = True
            self.reasons.append(f"published: {published.place}")

    def input(self, named: Named, about: About) -> Input:
        """The row of one dataset of the run."""
        statements = [s for s in about.statements if s.evidence != "indicated"]
        row = self._row(statements, about)
        claims = [replace(s, fact="dataset.generators") for s in about.statements if s.fact == "claims" and s.value]
        held = {s.value for s in statements if s.fact == "dataset.generators"}
        claimed = [s for s in claims if s.value not in held and s.fact not in about.settled]
        assumed = self._row([*statements, *claimed], about) if claimed else None
        reasons = [named.note] if named.note else []
        if "dataset.generators" in about.settled and any(s.evidence in RECORDED for s in statements):
            reasons.append("what the rows record counts beside what auditor.yaml declares of their writers")
        return Input(
            row=row,
            statements=(*statements, *claimed),
            claimed=assumed,
            place=named.place,
            file=self.file,
            dataset=named.name,
            identity=about.identity,
            model=self.model,
            declared=self.name is not None,
            reasons=(*reasons, *self.reasons),
        )

    def _row(self, statements: Sequence[Statement], about: About) -> Facts:
        row: dict[str, FactValue] = {**self.facts, "dataset.id": about.identity, **said(statements)}
        texts = {fact: value for fact, value in row.items() if isinstance(value, str)}  # file names may hold any byte
        row |= {fact: value.encode("utf-8", "backslashreplace").decode() for fact, value in texts.items()}
        if about.rows is not None:
            row["dataset.rows"] = about.rows
        if is_closed(row) and self_hosted(row):
            row["dataset.generator_providers"] = [None]  # nobody but its maker hosts it
        if row.get("dataset.route") == "self-hosted" and not is_closed(row):
            row.setdefault("dataset.generator_providers", [])
        if row.get("dataset.generators") and "dataset.generator_providers" not in about.settled:
            assume_providers(row, self.declared.aliases)
        return completed("training", row, self.declared)


def _base(training: Training) -> Named | None:
    """The model that the weights come from: the first whose name is known, as adapters and folders stand there too."""
    return next(
        (n for n in training.base if registry().model(n.name).maker), training.base[0] if training.base else None
    )


def _short(name: str) -> str:
    """A model's name: a hub id as it stands, of a path the last part."""
    path = clean(name)
    return path if path.count("/") == 1 and not name.startswith((".", "/")) else path.rpartition("/")[2]


def assumed_provider(item: Input) -> bool:
    """Return whether the provider in a row was taken because no route was given."""
    said = {s.value for s in item.statements if s.fact == "dataset.generator_providers"}
    named = item.row.get("dataset.generator_providers")
    return isinstance(named, list) and any(name not in said for name in named)
