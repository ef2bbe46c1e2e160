"""The ways out of a finding: what the data engineer can do, as sentences and commands."""

import shlex
from collections.abc import Iterator
from datetime import date, timedelta

from auditor.guard.outcome import GuardFinding

KINDS = {"classifier", "embedding"}
QUARTER = timedelta(days=90)


def ways_out(item: GuardFinding, config: str, now: date) -> Iterator[str]:
    """Yield what can be done about a finding, the best first.

    Args:
        item: the finding.
        config: path of auditor.yaml.
        now: the day of the check.
    """
    finding = item.finding
    if item.dataset.startswith("output of "):
        yield f"train on another teacher than {item.dataset.removeprefix('output of ')}"
    else:
        files = [file for file in dict.fromkeys(place.file for place in item.places) if file != item.identity]
        yield f"take {item.dataset} out of {', '.join(files) if files else f'what {item.model} is trained on'}"
    read = finding.facts.keys()
    if {"model.kind", "model.distributed"} <= read and finding.facts.get("model.kind") not in KINDS:
        yield "train a kind of model that the clause permits: a classifier or embedding that stays in the house"
    if item.permits:
        provider, _, category = item.permits[0].partition("/")
        entry = f"{{id: …, provider: {provider}, scope: [{category}], document: …}}"
        yield f"if the provider permitted it in writing, declare that in {config}, under authorisations: {entry}"
    if any(said.evidence == "declared" for said in item.statements):
        yield f"if what is said of the dataset is wrong, say what is right in {config}, under datasets: {item.identity}: …"
    expires = now + QUARTER
    yield (
        f"ask for a waiver: auditor waive {finding.id} --config {shlex.quote(config)} --reason '…' --approver '…' "
        f"--expires {expires.isoformat()}"
    )
