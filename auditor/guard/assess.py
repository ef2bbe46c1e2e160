"""The guard from paths to report, in the order of its steps: files, facts, rules, and what people accepted.

Not called `check`, because `auditor.guard.check` is the library's function.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from auditor.facts.declarations import Config
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
from auditor.guard.scope import CONFIG, GuardOptions, find_scope, inside, open_for, read_config
from auditor.guard.ways import ways_out
from auditor.policy.compiled import cache_folder
from auditor.policy.parsed import Policy
from auditor.policy.review import known_texts
from auditor.rules.scalar import Row


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
    repository = open_for(paths, options, environ)
    now = options.now or datetime.now(UTC).date()
    config = read_config(repository, options.config)
    own = inside(repository, Path(config.path)) if config.path else None
    shown = os.path.relpath(config.path) if config.path else CONFIG
    scope = find_scope(repository, paths, config, options, environ)
    gathered = gather(repository, scope.given, scope.ours, gone=scope.gone, full=options.full, changed=scope.is_change)
    knowledge = Knowledge([*gathered.found.items()], gathered.scans, config.declarations, own or shown, repository)
    inputs, named = _inputs(knowledge, gathered, config, now)
    policy, checks = training_checks(options.policies, options.terms, options.cache, config, now)
    copies = [item for item in checks if item.table == "matches"]
    found, undecided = decide(policy, [item for item in checks if item not in copies], inputs)
    found += decide_matches(policy, copies, matches)
    unread, accepted = _understood(gathered, config, now)
    found, notices = _accepted(found, policy, config, gathered, options, now)
    return Report(
        findings=tuple(replace(item, ways=tuple(ways_out(item, shown, now))) for item in found),
        undecided=tuple(undecided),
        unread=tuple(unread),
        examined=_examined(gathered, change=scope.is_change),
        inputs=tuple(inputs),
        not_examined=unexamined(copies, {"matches": matches}),
        notices=(
            *(
                *gathered.notices,
                *notices,
                *accepted,
                *about_config(config, inputs),
                *about_permissions(checks, inputs),
            ),
            *(about_everything(config, repository, found, knowledge.matched) if scope.is_whole else ()),
            *about_data(gathered, named, inputs),
        ),
        day=now,
    )


def _inputs(knowledge: Knowledge, gathered: Gathered, config: Config, now: date) -> tuple[list[Input], set[str]]:
    """Everything that is trained on something, and the data files that runs name."""
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
    return inputs, named


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
