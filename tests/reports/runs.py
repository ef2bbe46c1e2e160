"""Special runs: an empty one, one with many findings and one made of hostile text."""

from auditor.model.declarations import Authorisation
from auditor.model.finding import Example, Waiver
from auditor.model.run import (
    Advice,
    Coverage,
    ReadingInfo,
)
from auditor.model.rundata import RunData
from tests.reports.builders import NOW, finding, manifest, version
from tests.reports.example import example_run
from tests.reports.example_clauses import other_clauses


def empty_run() -> RunData:
    """Return a run in which nothing could be assessed."""
    held = other_clauses()[-1]
    return RunData(
        manifest(clauses=(held,)), (), Coverage(records=0, facts=(), tables={"usage": 0}, unused_fields={}, advice=())
    )


def large_run(count: int) -> RunData:
    """Return a run with `count` findings under one clause."""
    run = example_run()
    held = run.manifest.clauses[0]
    found = tuple(
        finding(held, 0, {"api_key.id": f"key-{n:05}"}, count - n, f"Key {n} was used so.") for n in range(count)
    )
    return RunData(run.manifest, found, run.coverage)


def hostile_run(texts: list[str]) -> RunData:
    """Return a run in which whatever a record, a declaration or a file name can carry is one of `texts`."""
    run = example_run()
    held = run.manifest.clauses[0]
    found = tuple(
        finding(
            held,
            0,
            {"api_key.id": text, text or "empty": "x"},
            1,
            text,
            facts={"route": text, text or "none": [text, {"in": text}]},
            examples=(Example(input=text, line=1, record_id=text),),
            status="waived",
            waiver=Waiver(finding="f-x", reason=f"reason {text} .", approver=f"by {text} .", expires=NOW),
        )
        for text in texts
    )
    some = "".join(texts)[:2000]
    coverage = run.coverage.model_copy(
        update={
            "unused_fields": {texts[0]: tuple(texts)},
            "advice": tuple(Advice(fact=t, meaning=t, checks=1, clauses=(t,), principals={t: 1}) for t in texts[:5]),
        }
    )
    broken = held.model_copy(
        update={
            "title": some,
            "document_title": some,
            "says": some,
            "remedy": some,
            "why": some,
            "exceptions": tuple(texts),
            "missing_facts": {some: 1},
            "versions": tuple(version(held.version, t, "2025-05-31", url=t, source=t) for t in texts[:50]),
            "readings": (ReadingInfo(id=some, says=some, taken=True),),
        }
    )
    made = run.manifest.model_copy(
        update={
            "organisation": some,
            "clauses": (broken, *run.manifest.clauses[1:]),
            "inputs": tuple(
                run.manifest.inputs[0].model_copy(update={"uri": t, "truncated": t, "first": t, "last": t})
                for t in texts[:50]
            ),
            "authorisations": tuple(
                Authorisation.model_validate(
                    {
                        "id": f"id {t} .",
                        "provider": "openai",
                        "scope": [t],
                        "document": f"in {t} .",
                        "applications": [t],
                    }
                )
                for t in texts[:50]
            ),
            "positions": {t: t for t in texts[:50]},
        }
    )
    return RunData(made, found, coverage)
