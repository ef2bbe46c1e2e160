"""The guard from paths to report, in the order of its steps: files, facts, rules, and what people accepted.

Not called `check`, because `auditor.guard.check` is the library's function.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from auditor.errors import AuditorError
from auditor.facts.declarations import Config, load_config
from auditor.findings.waive import apply_waivers
from auditor.guard.allow import accept_unread, apply_allowances, apply_baseline, read_baseline
from auditor.guard.checks import training_checks
from auditor.guard.collect import gather
from auditor.guard.decide import decide, decide_matches, unexamined
from auditor.guard.found import Unread
from auditor.guard.gathered import Gathered
from auditor.guard.inputs import (
    Input,
    declared_inputs,
    loose_inputs,
    training_inputs,
    unlooked,
)
from auditor.guard.knowledge import Knowledge
from auditor.guard.notices import about_config, about_data, about_everything, about_permissions
from auditor.guard.outcome import Examined, GuardFinding, Report
from auditor.guard.paths import clean
from auditor.guard.repository import Repository, open_repository
from auditor.guard.ways import ways_out
from auditor.model.declarations import relative
from auditor.policy.compiled import cache_folder
from auditor.policy.parsed import Policy
from auditor.policy.review import known_texts
from auditor.rules.scalar import Row
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


def check(
    paths: Iterable[str | Path] = (), config: str | Path | None = None, *, full: bool = False, now: date | None = None
) -> Report:
    """Check what training configurations, cards and data files say against the packs.

    Args:
        paths: files and folders; the current folder if there are none.
        config: path of auditor.yaml; the one at the top of the repository, if there is one, for None.
        full: whether data files are read whole; otherwise of large ones a sample.
        now: the day that the check refers to; today if None.

    Returns:
        The report. `Report.exit_code()` says whether training may start, `Report.blocking()` what stops it.

    Raises:
        AuditorError: a path is not there, or the configuration or a pack has faults; all of them are named.

    Example:
        ```python
        from auditor.guard import check

        report = check(["configs/sft.yml"], config="auditor.yaml")
        ```
    """
    options = GuardOptions(Path(config) if config else None, full=full, now=now, cache=cache_folder())
    paths = [paths] if isinstance(paths, (str, Path)) else paths
    return run_guard([Path(path) for path in paths], options)


def run_guard(
    paths: Sequence[Path],
    options: GuardOptions,
    *,
    matches: Sequence[Row] = (),
    environ: Mapping[str, str] = os.environ,
) -> Report:
    """Check as the options say.

    Args:
        paths: files and folders; what is staged, or the current folder, if there are none.
        options: how to check.
        matches: rows of the table `matches`: dataset rows that copy logged outputs.
        environ: the environment, which tells whether pre-commit runs the guard.

    Raises:
        AuditorError: a path is not there, or the configuration or a pack has faults; all of them are named.
    """
    repository = _open(paths, options, environ)
    given, changed = _given(repository, paths, environ)
    now = options.now or datetime.now(UTC).date()
    config = _config(repository, options.config)
    own = _inside(repository, Path(config.path)) if config.path else None
    shown = os.path.relpath(config.path) if config.path else CONFIG
    ours = {name for file in _ours(config, options) if (name := _inside(repository, file))}
    gone = repository.deleted() if changed else []
    if CONFIG in gone and config.path is None:
        raise AuditorError(
            f"{CONFIG} is taken away by this change, so that nothing is declared; name another with --config"
        )
    if changed and ours & {*given, *gone}:
        given, changed = repository.below("."), False  # what is declared anew concerns everything
    whole = not changed and any(_inside(repository, path) == "." for path in paths or [Path()])
    gathered = gather(repository, given, ours, gone=gone, full=options.full, changed=changed)
    knowledge = Knowledge([*gathered.found.items()], gathered.scans, config.declarations, own or shown, repository)
    inputs, unused = _inputs(knowledge, gathered, config, now)
    policy, checks = training_checks(options.policies, options.terms, options.cache, config, now)
    copies = [item for item in checks if item.table == "matches"]
    found, undecided = decide(policy, [item for item in checks if item.table == "training"], inputs)
    found += decide_matches(policy, copies, matches)
    unread, accepted = _understood(gathered, config, now)
    found, notices = _accepted(found, policy, config, gathered, options, now)
    return Report(
        findings=tuple(replace(item, ways=tuple(ways_out(item, shown, now))) for item in found),
        undecided=tuple(undecided),
        unread=tuple(unread),
        examined=_examined(gathered, change=changed),
        inputs=tuple(inputs),
        not_examined=unexamined(copies, {"matches": matches}),
        notices=(
            *gathered.notices,
            *notices,
            *accepted,
            *about_config(config, inputs),
            *(about_everything(config, repository, found, knowledge.matched) if whole else ()),
            *about_permissions(checks, inputs),
            *unused,
        ),
        day=now,
    )


def _open(paths: Sequence[Path], options: GuardOptions, environ: Mapping[str, str]) -> Repository:
    """The repository. A hook that git calls itself is about what is staged; pre-commit puts the rest aside."""
    hooked = "GIT_INDEX_FILE" in environ and not environ.get("PRE_COMMIT") and not paths
    start, folder = _start(paths), _common(paths, options.config)
    return open_repository(start, folder, staged=options.staged or hooked, environ=environ)


def _inputs(knowledge: Knowledge, gathered: Gathered, config: Config, now: date) -> tuple[list[Input], list[str]]:
    """Everything that is trained on something, and in words what nothing uses."""
    declared = config.declarations
    inputs = training_inputs(knowledge, declared, now)
    named = {path for item in inputs for path in knowledge.paths(item.dataset, item.file)}
    tests = {
        path
        for file, found in knowledge.found
        for training in found.trainings
        for test in training.tests
        for path in knowledge.paths(test.name, file)
    }
    inputs += loose_inputs(knowledge, declared, now, [path for path in gathered.data if path not in named | tests])
    is_elsewhere = config.path is not None and not knowledge.repository.exists(knowledge.config)
    if is_elsewhere or knowledge.config in gathered.given:
        inputs += declared_inputs(knowledge, declared, now)
    return inputs, list(about_data(gathered, named, inputs))


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
        name = _inside(repository, path)
        below = [*repository.below(name), *repository.data_below(name)] if name else []
        if not below and not hook and paths:
            where = " that is staged" if repository.staged else ""
            raise AuditorError(f"{path}: there is no such file or folder{where}, or nothing in it")
        files += below
    return list(dict.fromkeys([*files, *changed])), hook and bool(changed)


def _inside(repository: Repository, path: Path) -> str | None:
    """The path as seen from the top of the repository; None if it lies outside."""
    try:
        return clean(path.resolve().relative_to(repository.root.resolve()).as_posix())
    except ValueError:
        return None


def _config(repository: Repository, path: Path | None) -> Config:
    """The declarations, as they are staged where that is what is checked."""
    chosen = path or repository.root / CONFIG
    name = _inside(repository, chosen)
    if path is None and not (name and repository.exists(name)):
        return Config(load_config(None).declarations)

    def read(file: Path) -> Tree:
        inside = _inside(repository, file)
        is_there = inside in repository.files if repository.staged and inside else file.exists()
        if file != chosen and not is_there:
            return Tree(str(file), {}, {})  # no waiver was written yet
        text = repository.read(inside) if repository.staged and inside in repository.files and inside else None
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


def _accepted(
    found: Sequence[GuardFinding], policy: Policy, config: Config, gathered: Gathered, options: GuardOptions, now: date
) -> tuple[list[GuardFinding], list[str]]:
    """The findings after waivers, allowances and the baseline."""
    waived = apply_waivers([item.finding for item in found], config.waivers, now, known_texts(policy))
    items = [replace(item, finding=finding) for item, finding in zip(found, waived, strict=True)]
    items, notices = apply_allowances(items, gathered.allowances, now)
    if options.baseline:
        items = list(apply_baseline(items, read_baseline(options.baseline), now))
    return items, notices


def _understood(gathered: Gathered, config: Config, now: date) -> tuple[list[Unread], list[str]]:
    """What was not understood, and in words what of it somebody accepts; those allowances are for nothing else."""
    unread = [*gathered.unread, *unlooked(config.declarations, gathered.unrelated)]
    left, accepted, used = accept_unread(unread, gathered.allowances, now)
    gathered.allowances = [allowance for allowance in gathered.allowances if allowance not in used]
    return left, accepted


def _examined(gathered: Gathered, *, change: bool) -> Examined:
    formats: dict[str, int] = {}
    for found in gathered.found.values():
        formats[found.format] = formats.get(found.format, 0) + 1
    return Examined(
        formats, len(gathered.unrelated), len(gathered.data), gathered.rows, tuple(gathered.sampled), change
    )
