"""Gathers what bears on some files: reads them, follows what they name to other files, and looks into data."""

from collections.abc import Collection, Iterable

from auditor.guard.allow import comments, entries
from auditor.guard.document import yaml_doc
from auditor.guard.formats.reading import read_text
from auditor.guard.formats.sidecar import PROVENANCE
from auditor.guard.found import UNREADABLE, Found, Place, Unread
from auditor.guard.gathered import Gathered
from auditor.guard.kinds import is_data, is_readable
from auditor.guard.links import SHORTEST, Related, about_of, followed, origins, subjects, words_for
from auditor.guard.looking import look_into, named_as_data
from auditor.guard.repository import Repository

ROUNDS = 50
"""Steps from one file to the next that are followed."""


def gather(
    repository: Repository,
    given: Iterable[str],
    own: Collection[str],
    *,
    gone: Iterable[str] = (),
    full: bool,
    changed: bool,
) -> Gathered:
    """Return what the given files say, and what others say of what they name.

    Args:
        repository: where the files are.
        given: paths of files in it.
        own: paths in it of auditor.yaml, the waivers and the baseline, which are read elsewhere.
        gone: files that a change takes away, so that what they said of data no longer counts.
        full: whether data files are read whole.
        changed: whether the files are those of a change, so that only its lines are looked at.
    """
    asked = list(dict.fromkeys(given))
    gathered = Gathered(given=frozenset(asked), unrelated=[path for path in asked if path in own])
    data = repository.data_among(path for path in asked if path not in own)
    texts = [path for path in asked if path not in {*own, *data}]
    _read(repository, gathered, texts)
    _read_users(repository, gathered, [*data, *(path for file in gone for path in about_of(file))])
    seen = set(asked)
    sought: set[str] = set()
    for _ in range(ROUNDS):
        following = [path for path in followed(repository, gathered.found) if path not in seen]
        seen |= {*following}
        _read(repository, gathered, [path for path in following if not repository.is_data(path)])
        data += [path for path in following if repository.is_data(path)]
        if not _read_makers(repository, gathered, sought) and not following:
            break
    _drop_repeated(gathered)
    data += named_as_data(repository, gathered, {*data})
    for path in dict.fromkeys(data):
        look_into(repository, gathered, path, full=full, changed=changed)
    return gathered


def _read(repository: Repository, gathered: Gathered, paths: Iterable[str]) -> None:
    wanted = [path for path in dict.fromkeys(paths) if path not in gathered.found]
    readable = [path for path in wanted if is_readable(path)]
    there: set[str] = set()
    for path, text in repository.read_all(readable):
        there.add(path)
        if found := read_text(path, text):
            _keep(gathered, path, found, text)
    for path in wanted:
        if path in readable and path not in there and repository.exists(path):
            gathered.unread.append(
                Unread(Place(path), "larger than any configuration, or a link that leads elsewhere, so it was not read")
            )
        elif path not in gathered.found and path in gathered.given:
            gathered.unrelated.append(path)


def _keep(gathered: Gathered, path: str, found: Found, text: str) -> None:
    gathered.found[path] = found
    gathered.unread += found.unread
    _allowed(gathered, path, found, text)


def _allowed(gathered: Gathered, path: str, found: Found, text: str) -> None:
    if found.format == PROVENANCE:
        value = yaml_doc(path, text).value
        gathered.allow(entries(path, value.get("allow") if isinstance(value, dict) else None))
    elif "auditor:" in text and not path.endswith((".json", ".md")):
        gathered.allow(comments(path, text))


def _read_users(repository: Repository, gathered: Gathered, data: Iterable[str]) -> None:
    """Read the files that use what was given: its data, what it says of datasets, the models it makes; and what uses those."""
    about = subjects(gathered.found, data)
    asked: set[str] = set()
    while about := about - asked:
        asked |= about
        words = {word for subject in about for word in words_for(repository, subject) if len(word) >= SHORTEST}
        known = {*gathered.found, *gathered.given}
        related = Related(about)
        users: dict[str, Found] = {}
        for path, text in repository.read_all([p for p in repository.mentioning(sorted(words)) if p not in known]):
            found = read_text(path, text)
            if found and (related.used_by(path, found) or (_is_open(found) and related.named_in(text))):
                _keep(gathered, path, found, text)
                users[path] = found
        about = subjects(users)


def _read_makers(repository: Repository, gathered: Gathered, sought: set[str]) -> bool:
    """Read the files that make what runs use, their bases and data, and return whether there were any; `sought` grows."""
    names = origins(gathered.found) - sought
    sought |= names
    words = {name.rpartition("/")[2] if is_data(name) else name for name in names}
    mentioning = [path for path in repository.mentioning(sorted(words)) if path not in gathered.found]
    made = {name.casefold() for name in names}
    any_read = False
    for path, text in repository.read_all(mentioning):
        found = read_text(path, text)
        if found and not made.isdisjoint(subject.casefold() for subject in subjects({path: found})):
            _keep(gathered, path, found, text)
            any_read = True
    return any_read


def _drop_repeated(gathered: Gathered) -> None:
    """Leave out inventories of ours of which the runs themselves were read: they say nothing of their own."""
    dropped = {path for path, found in gathered.found.items() if {*found.repeats} & gathered.found.keys()}
    gathered.found = {path: found for path, found in gathered.found.items() if path not in dropped}
    gathered.unread = [unread for unread in gathered.unread if unread.place.file not in dropped]
    gathered.unrelated += sorted(dropped & gathered.given)


def _is_open(found: Found) -> bool:
    """Whether nothing is known of what a file trains on."""
    return found.format == UNREADABLE or any(not training.datasets for training in found.trainings)
