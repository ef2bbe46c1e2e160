"""What a check is about: the options, the repository, the declarations that count, and the files."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from auditor.errors import AuditorError
from auditor.facts.declarations import Config, load_config
from auditor.guard.paths import clean
from auditor.guard.repository import Repository, open_repository
from auditor.model.declarations import relative
from auditor.yamlfile import Tree, parse_yaml, read_yaml

CONFIG = "auditor.yaml"


@dataclass(frozen=True)
class GuardOptions:
    """How to check.

    Attributes:
        config: path of auditor.yaml; the one at the top of the repository, if there is one, for None.
        policies: names of shipped packs joined by commas, or a path; all shipped packs if None.
        terms: `in-force`, `latest` or a date.
        now: the day that the check refers to; today if None.
        staged: whether what git has staged is checked, and not what lies on the disk.
        full: whether data files are read whole.
        baseline: a file of findings that were there before.
        cache: folder in which compiled rules are kept; none are kept if None.
    """

    config: Path | None = None
    policies: str | Path | None = None
    terms: str = "in-force"
    now: date | None = None
    staged: bool = False
    full: bool = False
    baseline: Path | None = None
    cache: Path | None = None


@dataclass(frozen=True)
class Scope:
    """Which files are checked.

    Attributes:
        given: the files.
        gone: files that the change takes away.
        ours: the files that declare and accept.
        is_change: whether the files are those of a change, of which its own lines are looked at.
        is_whole: whether they are all files of the repository.
    """

    given: Sequence[str]
    gone: Sequence[str]
    ours: frozenset[str]
    is_change: bool
    is_whole: bool


def find_scope(
    repository: Repository, paths: Sequence[Path], config: Config, options: GuardOptions, environ: Mapping[str, str]
) -> Scope:
    """Return which files are checked.

    Raises:
        AuditorError: a path is not there, or the change takes the declarations away.
    """
    given, changed = _given(repository, paths, environ)
    ours = frozenset(name for file in _ours(config, options) if (name := inside(repository, file)))
    gone = repository.deleted() if changed else []
    if CONFIG in gone and config.path is None:
        why = f"{CONFIG} is taken away by this change, so that nothing is declared; name another with --config"
        raise AuditorError(why)
    if changed and not ours.isdisjoint((*given, *gone)):
        given, changed = repository.below("."), False  # what is declared anew concerns everything
    whole = not changed and any(inside(repository, path) == "." for path in paths or [Path()])
    return Scope(given, gone, ours, changed, whole)


def open_for(paths: Sequence[Path], options: GuardOptions, environ: Mapping[str, str]) -> Repository:
    """Return the repository. A hook that git calls itself is about what is staged; pre-commit puts the rest aside."""
    hooked = "GIT_INDEX_FILE" in environ and not environ.get("PRE_COMMIT") and not paths
    start, folder = _start(paths), _common(paths, options.config)
    return open_repository(start, folder, staged=options.staged or hooked, environ=environ)


def _start(paths: Sequence[Path]) -> Path:
    """A folder of the repository: that of the first path that is there, else the current one."""
    return next((path for path in paths if path.exists()), Path())


def _common(paths: Sequence[Path], config: Path | None) -> Path:
    """The folder that holds everything that was named: the current one, if all of it lies there."""
    named = [path.resolve() for path in (*paths, *([config] if config else []))]
    here = Path().resolve()
    if all(path.is_relative_to(here) for path in named):
        return here
    return Path(os.path.commonpath([path if path.is_dir() else path.parent for path in named]))


def _given(repository: Repository, paths: Sequence[Path], environ: Mapping[str, str]) -> tuple[list[str], bool]:
    """The files to check, and whether they are those of a change.

    pre-commit names files in parts, and leaves out what it does not select; what is staged is asked of git as well.
    """
    hook = bool(environ.get("PRE_COMMIT"))
    changed = repository.changed() if repository.git and (hook or (repository.staged and not paths)) else []
    if not paths and (hook or repository.staged):
        return changed, True
    files: list[str] = []
    for path in paths or [Path()]:
        name = inside(repository, path)
        below = [*repository.below(name), *repository.data_below(name)] if name else []
        if not below and not hook and paths:
            where = " that is staged" if repository.staged else ""
            raise AuditorError(f"{path}: there is no such file or folder{where}, or nothing in it")
        files += below
    return list(dict.fromkeys([*files, *changed])), hook and bool(changed)


def inside(repository: Repository, path: Path) -> str | None:
    """Return the path as seen from the top of the repository; None if it lies outside."""
    try:
        return clean(path.resolve().relative_to(repository.root.resolve()).as_posix())
    except ValueError:
        return None


def read_config(repository: Repository, path: Path | None) -> Config:
    """Return the declarations, as they are staged where that is what is checked."""
    chosen = path or repository.root / CONFIG
    name = inside(repository, chosen)
    if path is None and not (name and repository.exists(name)):
        return Config(load_config(None).declarations)

    def read(file: Path) -> Tree:
        own = inside(repository, file)
        is_there = own in repository.files if repository.staged and own else file.exists()
        if file != chosen and not is_there:
            return Tree(str(file), {}, {})  # no waiver was written yet
        text = repository.read(own) if repository.staged and own in repository.files and own else None
        return read_yaml(file) if text is None else parse_yaml(text, str(file))

    return load_config(chosen, read)


def _ours(config: Config, options: GuardOptions) -> Iterator[Path]:
    """The files that declare and accept: nothing trains on them, and what stands in them is about everything."""
    if config.path:
        yield Path(config.path)
        if config.declarations.waivers:
            yield Path(relative(config.declarations.waivers, Path(config.path)))
    if options.baseline:
        yield options.baseline
