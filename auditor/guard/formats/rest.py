"""What stands in a file and its reader did not take: teachers and datasets under keys of other formats, and names that are
known to be restricted. It is taken, or told as unknown, so that no file is clean for want of reading.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from auditor.guard.document import MOST, Doc, walk
from auditor.guard.formats.unknown import TEACHERS, entries, names_at
from auditor.guard.formats.words import is_model
from auditor.guard.found import Found, Place, Unread
from auditor.guard.kinds import MEASURING
from auditor.registry.datasets import datasets
from auditor.registry.tables import registry

DATA = frozenset((
    "dataset_name", "dataset_path", "train_dataset", "train_datasets", "train_file", "train_files", "training_file",
    "training_files", "dataset_mixer_list", "hf_dataset", "train_data_path", "train_data_paths", "data_files",
))  # fmt: skip
"""Keys that hold what is trained on in whatever format."""
SHORTEST = 3
"""Characters of names such as O1, which may be anything."""
LONGEST = 200
"""Characters of a dataset's id or address."""
NAMES_DATA = "file that names datasets"
ID = re.compile(r"(?<![\w./-])([\w.-]+/[\w.-]*\w)(?![\w/])")
"""What may be the id of a dataset in a text."""
LITERAL = re.compile(r"""["']([^"'\s]+/[^"'\s]+)["']""")
"""A text in a program that may be the id of a dataset, or its address."""
LONGEST_TEXT = 2_000
"""Characters of a text in which ids are looked for."""
WHY = "the dataset '{}' is named here, and whether this trains on it could not be read"
MODEL = "the model '{}' is named here, and what it has to do with the training could not be read"
MEASURES = re.compile(
    r"(?i)(?:eval|evaluation|evaluator|tests?|metrics?|tokenizer|bench\w*|report\w*|validation|logg\w+|chat_template|tags?|wandb\w*|baselines?|run_name)(?:_(?:model|name|args))?"
)
"""Keys below which models measure, and teach nothing."""


def with_rest(found: Found, doc: Doc) -> Found:
    """Return what a file says, with what else it holds: teachers of its training, the rest as not understood."""
    if sum(1 for _ in walk(doc.value)) >= MOST:
        found = replace(found, unread=(*found.unread, Unread(doc.place(()), f"of its values, those after {MOST:,}")))
    keys = entries(doc)
    held = {*_names(found)}
    if found.trainings:
        teachers = tuple(named for named in names_at(doc, keys, TEACHERS) if named.name not in held)
        first = found.trainings[0]
        found = replace(found, trainings=(replace(first, teachers=(*first.teachers, *teachers)), *found.trainings[1:]))
        held |= {named.name for named in teachers}
        others = [named for named in names_at(doc, keys, DATA) if named.name not in held]
        more = tuple(Unread(named.place, WHY.format(named.name)) for named in others)
        found = replace(found, unread=(*found.unread, *more))
        held |= {named.name for named in others}
        found = replace(found, unread=(*found.unread, *_models(doc, held)))
    return replace(found, unread=(*found.unread, *_restricted(doc, held)))


def only_rest(doc: Doc) -> Found | None:
    """Return what a file that no reader knows says of datasets that are known to be restricted, None where it names none.

    Declarations, policy packs and reports name datasets for reasons of their own, and so do files that measure.
    """
    is_ours = doc.path.rpartition("/")[2] == "auditor.yaml" or doc.has("clauses.rules") or doc.has("examined.formats")
    unread = tuple(_restricted(doc, set())) if not (is_ours or MEASURING.search(doc.path)) else ()
    return Found(NAMES_DATA, unread=unread) if unread else None


def _names(found: Found) -> Iterator[str]:
    for training in found.trainings:
        for named in (*training.base, *training.teachers, *training.outputs):
            yield named.name
    for dataset in found.datasets:
        yield from (named.name for named in dataset.generators)
    yield from (named.name for named in found.mentions)


def _models(doc: Doc, held: set[str]) -> Iterator[Unread]:
    """The models that only their makers serve, in a training of which nothing says what they are for."""
    for path, text in walk(doc.value):
        if isinstance(text, str) and text not in held and SHORTEST < len(text) <= LONGEST and is_model(text):
            measures = any(isinstance(key, str) and MEASURES.fullmatch(key) for key in path)
            if not measures and registry().model(text).licences == ():
                yield Unread(doc.place(path), MODEL.format(text))


def with_literals(found: Found | None, path: str, text: str) -> Found | None:
    """Return what a script says, with the restricted datasets that stand in it as literals and were not taken."""
    if found is None and MEASURING.search(path):
        return None
    literals = ((partial(_place, path, text, literal.start()), literal.group(1)) for literal in LITERAL.finditer(text))
    unread = tuple(_untaken(literals, {*_names(found)} if found else set()))
    if found:
        return replace(found, unread=(*found.unread, *unread))
    return Found(NAMES_DATA, unread=unread) if unread else None


def names_data(path: str, text: str) -> Found | None:
    """Return which restricted datasets stand in a text that is not read otherwise, None where none does."""
    if MEASURING.search(path):
        return None
    words = ((partial(_place, path, text, word.start()), word.group(1)) for word in ID.finditer(text))
    unread = tuple(_untaken(words, set()))
    return Found(NAMES_DATA, unread=unread) if unread else None


def _place(path: str, text: str, at: int) -> Place:
    return Place(path, text.count("\n", 0, at) + 1)


def _restricted(doc: Doc, held: set[str]) -> Iterator[Unread]:
    """The restricted datasets among the texts and keys of a file, whole or as words."""
    for path, value in walk(doc.value):
        key = path[-1] if path else ""
        said = [text for text in (value, key) if isinstance(text, str) and "/" in text]
        found = [
            word for text in said for word in (text, *(word.group(1) for word in ID.finditer(text[:LONGEST_TEXT])))
        ]
        yield from _untaken(((partial(doc.place, path), word) for word in found), held)


def _untaken(texts: Iterable[tuple[Callable[[], Place], str]], held: set[str]) -> Iterator[Unread]:
    """The datasets that models wrote, or that are not for commerce, by the registry, and that nothing has named yet."""
    known = {entry.id for name in held if (entry := datasets().find(name))}
    for place, text in texts:
        entry = datasets().find(text) if len(text) <= LONGEST and " " not in text else None
        if entry and entry.restricted and entry.id not in known:
            known.add(entry.id)
            held.add(entry.id)
            yield Unread(place(), WHY.format(entry.id))
