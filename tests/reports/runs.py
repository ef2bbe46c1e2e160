"""Runs to report on: a realistic one, an empty one, one made of hostile text and one with many findings."""

from datetime import date
from typing import Any

from auditor.model.declarations import Authorisation
from auditor.model.finding import Example, Finding, Waiver, Window, finding_id
from auditor.model.run import (
    Advice,
    ClauseResult,
    ConfigInfo,
    Coverage,
    FactCoverage,
    FindingsTotal,
    InputInfo,
    Manifest,
    PackInfo,
    ParameterInfo,
    ReadingInfo,
    RuleResult,
    RunInfo,
    Tool,
    Totals,
    VersionResult,
)
from auditor.model.rundata import RunData

NOW = date(2026, 4, 2)
RUN_ID = "01JQRUNIDTHATMUSTNOTAPPEAR"
STARTED_AT = "2026-04-02T09:41:07.123456Z"
OPENAI, ANTHROPIC, LLAMA = "services-agreement", "commercial-terms", "llama-4-licence"


def rule(clause: str, name: str, title: str, **values: Any) -> RuleResult:
    """Return what a rule answered, by default nothing found in 8,412 records."""
    given: dict[str, Any] = {
        "table": "usage", "certainty": "certain", "governed": 8412, "hits": 0, "unknown": 0, "missing_facts": {}, "not_examined": False,
    }  # fmt: skip
    return RuleResult(id=f"{clause}/{name}", title=title, **(given | values))


def version(name: str, section: str, start: str, until: str | None = None, **values: Any) -> VersionResult:
    """Return a clause version, by default one read in the text at OpenAI's address."""
    given: dict[str, Any] = {
        "source": "", "url": "https://openai.com/policies/services-agreement/", "confidence": "high", "governed": 8412, "hits": 0,
    }  # fmt: skip
    return VersionResult(
        id=name, section=section, from_=date.fromisoformat(start), until=date.fromisoformat(until) if until else None, **(given | values)
    )


def clause(name: str, title: str, document: str, verdict: str, **values: Any) -> ClauseResult:
    """Return a clause with the given verdict, complete with one rule and one version unless they are given."""
    given: dict[str, Any] = {
        "category": "other", "kind": "prohibition", "severity": "medium", "why": "Every governed row was assessed and nothing was found.",
        "governed": 8412, "hits": 0, "unknown": 0, "waived": 0, "missing_facts": {}, "exceptions": (), "position": None, "readings": (),
        "says": f"{title}, as the terms have it.", "remedy": "Nothing to do.",
        "rules": (rule(name, "declared", f"Declared: {title.lower()}"),), "versions": (version("sa-2025", "3.3", "2025-05-31"),),
    }  # fmt: skip
    used = given | values
    return ClauseResult(
        id=name, provider=name.split("/")[0], document=document, title=title, version=used["versions"][-1].id, verdict=verdict, **used
    )


def finding(clause: ClauseResult, rule: int, principal: dict[str, str], count: int, summary: str, **values: Any) -> Finding:
    """Return an active finding of the clause's rule with that number."""
    held = clause.rules[rule]
    given: dict[str, Any] = {
        "clause_version": clause.version, "versions": {clause.version: count}, "severity": clause.severity, "certainty": held.certainty,
        "status": "active", "first_seen": "2026-01-07T08:12:44Z", "last_seen": "2026-03-30T21:05:10Z", "facts": {}, "remedy": clause.remedy,
        "examples": (Example(input="logs/gateway-2026-q1.jsonl.zst", line=1042, record_id="req_8f0c2a"),),
    }  # fmt: skip
    return Finding(
        id=finding_id(clause.id, held.id, principal), clause=clause.id, rule=held.id, principal=principal, count=count, summary=summary,
        **(given | values),
    )  # fmt: skip


def _breach() -> ClauseResult:
    name = "openai/services-agreement/no-competing-models"
    return clause(
        name, "Output may not be used to develop competing models", OPENAI, "breach", category="competing-model-training",
        severity="critical", governed=8412, hits=412, unknown=96, missing_facts={"application.model.competes": 96},
        why="A certain rule held for 412 of 8,412 governed records.",
        says="The customer may not use what the service returns to develop\nmodels that compete with OpenAI's products and services.",
        exceptions=(
            "Models that only classify or organise data are allowed, if they are not distributed or made available to third parties.",
            "Models trained through OpenAI's own fine-tuning service are allowed.",
        ),
        remedy="Stop the training use, keep the affected datasets apart, and ask OpenAI for a written permission before it goes on.",
        position="competing",
        readings=(
            ReadingInfo(id="same-market", says="A model competes if it is offered to the same customers for the same task.", taken=True),
            ReadingInfo(id="any-generative", says="Any generative model competes, whoever it is offered to.", taken=False),
        ),
        rules=(
            rule(name, "declared-training-use", "Output is declared to train a competing model", hits=412, unknown=96,
                 missing_facts={"application.model.competes": 96}),
            rule(name, "bulk-generation-for-training", "Output of the shape and volume of a training set", certainty="possible", hits=38),
            rule(name, "training-inputs", "A training run reads output of the provider", table="training", governed=3, not_examined=False),
        ),
        versions=(
            version("bt-2023", "2(e)", "2023-11-14", "2025-05-30", source="Business Terms", governed=0),
            version("sa-2025", "3.3(e)", "2025-05-31", hits=412),
        ),
    )  # fmt: skip


def _more_breaches() -> list[ClauseResult]:
    region, review = "openai/services-agreement/supported-countries", "anthropic/usage-policy/human-review"
    return [
        clause(
            region, "Use only from supported countries and territories", OPENAI, "breach", category="unsupported-region", severity="high",
            hits=27, why="A certain rule held for 27 of 8,412 governed records.",
            says="The service may be reached only from countries and territories that OpenAI lists as supported.",
            remedy="Block the countries named below at the gateway.",
            rules=(rule(region, "caller-country", "Called from a country that is not on the list of supported countries", hits=27),),
            versions=(version("sa-2025", "3.3(i)", "2025-05-31", hits=27),),
        ),
        clause(
            review, "High-risk decisions need a qualified person", "usage-policy", "breach", category="human-review",
            kind="duty", severity="high", governed=650, hits=650, why="A certain rule held for 650 of 650 governed records.",
            says="Where the service advises on legal, medical, employment or credit matters, a qualified person reviews the result first.",
            remedy="Put a qualified reviewer before the result is acted on, and declare it.",
            rules=(rule(review, "no-review", "Decides about people with nobody reviewing", governed=650, hits=650),),
            versions=(version("up-2025", "High-risk use cases", "2025-09-15", url="https://www.anthropic.com/legal/aup", governed=650),),
        ),
    ]  # fmt: skip


def _suspected() -> list[ClauseResult]:
    share, scrape = "openai/services-agreement/no-shared-credentials", "anthropic/commercial-terms/no-extraction"
    return [
        clause(
            share, "Credentials are not shared or handed on", OPENAI, "suspected", category="account-sharing", severity="medium", hits=184,
            why="Only a rule that shows a sign held, for 184 of 8,412 governed records.",
            says="An account and its keys are used only by the people they were issued to.",
            remedy="Ask the key's owner who uses it; issue one key for each person and service.",
            rules=(rule(share, "key-from-many-countries", "One key was used from more countries in a day than the limit",
                        certainty="possible", hits=184),),
            versions=(version("sa-2025", "3.1", "2025-05-31", confidence="medium", hits=184),),
        ),
        clause(
            scrape, "No bulk extraction of the model's knowledge", ANTHROPIC, "suspected", category="extraction", severity="medium",
            governed=1210, hits=77, why="Only a rule that shows a sign held, for 77 of 1,210 governed records.",
            says="The service is not used to extract data in bulk in order to rebuild the model or its training data.",
            remedy="Look at what the application does with the answers.",
            rules=(rule(scrape, "systematic-questions", "Systematic questions at high volume", certainty="likely", governed=1210, hits=77),),
            versions=(version("ct-2025", "D.4", "2025-06-17", url="https://www.anthropic.com/legal/commercial-terms", governed=1210),),
        ),
    ]  # fmt: skip


def _others() -> list[ClauseResult]:
    minors, limits = "openai/services-agreement/no-minors", "openai/services-agreement/rate-limits"
    notice = "meta/llama-4-licence/built-with-llama"
    return [
        clause(
            limits, "Rate limits are not evaded", OPENAI, "waived", category="rate-limit-evasion", hits=61, waived=61,
            why="All 61 records that a rule found are covered by waivers.", says="Limits on use are not bypassed.",
            remedy="Ask OpenAI for a higher limit.",
            rules=(rule(limits, "many-keys", "One host used many keys within an hour", certainty="likely", hits=61),),
        ),
        clause(
            minors, "Personal data of children is not sent", OPENAI, "undetermined", category="minors", severity="high", unknown=1204,
            missing_facts={"data.children": 1204, "end_user.age": 880},
            why="Nothing was found, but facts are missing for 1,204 of 8,412 governed records.",
            says="Personal data of children under 13 is not sent to the service.",
            rules=(rule(minors, "declared-children", "Personal data of children is declared", unknown=1204,
                        missing_facts={"data.children": 1204, "end_user.age": 880}),),
        ),
        clause("openai/services-agreement/no-reverse-engineering", "No reverse engineering", OPENAI, "clear"),
        clause("openai/services-agreement/no-resale", "The service is not resold", OPENAI, "clear", severity="low"),
        clause("anthropic/commercial-terms/no-resale", "The service is not resold", ANTHROPIC, "clear", governed=1210),
        clause(
            notice, "“Built with Llama” is shown", LLAMA, "not_applicable", category="attribution", kind="duty", governed=0,
            why="Nothing in the inputs is governed by it.",
            rules=(rule(notice, "notice", "No attribution is shown", table="deployments", governed=0, not_examined=True),),
            versions=(version("llama-4", "1.b.i", "2025-04-05", url="https://www.llama.com/llama4/license/", governed=0),),
        ),
    ]  # fmt: skip


def _findings(clauses: dict[str, ClauseResult]) -> tuple[Finding, ...]:
    train = clauses["openai/services-agreement/no-competing-models"]
    region = clauses["openai/services-agreement/supported-countries"]
    review = clauses["anthropic/usage-policy/human-review"]
    share = clauses["openai/services-agreement/no-shared-credentials"]
    scrape = clauses["anthropic/commercial-terms/no-extraction"]
    limits = clauses["openai/services-agreement/rate-limits"]
    return (
        finding(train, 0, {"application.id": "answer-distiller"}, 412, "Output of gpt-4.1 trains ‘northwind-chat-7b’, which competes.",
                facts={"application.purpose": "distillation", "application.model.competes": True, "application.model.kind": "generative"},
                examples=tuple(Example(input="logs/gateway-2026-q1.jsonl.zst", line=n, record_id=f"req_{n:06x}") for n in range(901, 909))),
        finding(train, 1, {"api_key.id": "key-batch-02"}, 38, "Bulk generation that looks like a training set.", facts={"route": "direct"}),
        finding(region, 0, {"api_key.id": "key-field-07"}, 27, "Calls came from a country that is not supported.",
                facts={"geo.country.iso_code": "RU", "route": "direct"}),
        finding(review, 0, {"application.id": "credit-screener"}, 650, "Credit decisions are made with nobody reviewing.",
                facts={"application.domain": "credit", "application.automated_decision": True, "application.human_review": False},
                status="expired",
                waiver=Waiver(finding="f-review", reason="Pilot with synthetic applicants.", approver="A. Rivera", expires=date(2026, 2, 28))),
        finding(share, 0, {"api_key.id": "key-shared-01"}, 184, "The key was used from 6 countries in one day.",
                window=Window(end="2026-02-11T17:20:00Z", seconds=86400, value=6, limit=3)),
        finding(scrape, 0, {"application.id": "market-lens"}, 77, "Systematic questions at high volume."),
        finding(limits, 0, {"api_key.id": "key-ci-11"}, 61, "One host used 9 keys within an hour.", status="waived",
                window=Window(end="2026-03-02T10:00:00Z", seconds=3600, value=9, limit=4),
                waiver=Waiver(finding="f-limits", reason="Load test agreed with OpenAI on 20 February 2026.", approver="J. Okafor",
                              expires=date(2026, 6, 30))),
    )  # fmt: skip


def _coverage() -> Coverage:
    present = (
        ("timestamp", "When it happened", 9731, 9731), ("gen_ai.request.model", "Model asked for", 9731, 9731),
        ("api_key.id", "Id or hash of the credential; never the credential", 9020, 9020),
        ("geo.country.iso_code", "Country the call came from", 7410, 7410),
        ("application.purpose", "What it is for", 0, 8118), ("application.human_review", "Whether a person reviews its results", 0, 6230),
        ("data.children", "Whether personal data of children under 13 is sent", 0, 4100),
        ("end_user.age", "Age of the end user", 310, 310), ("user.employer", "Organisation that the holder works for", 0, 0),
    )  # fmt: skip
    return Coverage(
        records=9731,
        facts=tuple(FactCoverage(fact=f, meaning=m, recorded=r, present=p) for f, m, r, p in present),
        tables={"usage": 9731, "events": 0, "training": 3, "matches": 0, "deployments": 0, "organisation": 1},
        unused_fields={"logs/gateway-2026-q1.jsonl.zst": ("metadata.cost_centre", "metadata.trace", "cache.key")},
        advice=(
            Advice(fact="data.children", meaning="Whether personal data of children under 13 is sent", checks=1204,
                   clauses=("openai/services-agreement/no-minors",),
                   principals={"application.id support-bot": 880, "api_key.id key-field-07": 324}),
            Advice(fact="application.model.competes", meaning="Whether the model competes with the provider's models", checks=96,
                   clauses=("openai/services-agreement/no-competing-models",), principals={"application.id answer-distiller": 96}),
        ),
    )  # fmt: skip


def manifest(**values: Any) -> Manifest:
    """Return the manifest of a run on nothing, with the given values in place."""
    empty = {name: 0 for name in Totals.model_fields}
    given: dict[str, Any] = {
        "schema_version": 1, "tool": Tool(name="auditor", version="0.1.0"), "organisation": "Northwind Robotics GmbH",
        "run": RunInfo(id=RUN_ID, started_at=STARTED_AT, now=NOW, terms="in-force", engine="duckdb 2.0.0"),
        "inputs": (), "packs": (), "config": ConfigInfo(path=None, sha256=None), "totals": Totals(**empty), "clauses": (),
        "findings_total": FindingsTotal(active=0, waived=0, expired=0, baseline=0), "parameters": (), "positions": {},
    }  # fmt: skip
    return Manifest(**(given | values))


def example_run() -> RunData:
    """Return a run with every verdict, waivers, a position, a measure and gaps in coverage."""
    clauses = (_breach(), *_more_breaches(), *_suspected(), *_others())
    findings = _findings({held.id: held for held in clauses})
    made = manifest(
        clauses=clauses,
        inputs=(
            InputInfo(uri="logs/gateway-2026-q1.jsonl.zst", format="litellm", sha256="9f" * 32, bytes=48_211_004, records=9870, rejected=12,
                      duplicates=139, skipped=4, first="2026-01-01T00:04:11Z", last="2026-03-31T23:58:40Z"),
            InputInfo(uri="logs/usage-export.csv", format="openai-usage", sha256="3c" * 32, bytes=1024, records=0, rejected=3, duplicates=0,
                      skipped=0, first=None, last=None, truncated="the file ends inside a quoted cell"),
        ),
        packs=(PackInfo(id="openai/services-agreement", sha256="ab" * 32), PackInfo(id="anthropic/usage-policy", sha256="cd" * 32)),
        config=ConfigInfo(path="/home/ana/company/auditor.yaml", sha256="ef" * 32),
        totals=Totals(received=10_005, records=9731, rejected=15, duplicates=139, outside_period=120, governed=8412, assessed=7996, unknown=416, not_governed=1319,
                      checks=84_120, decided=71_502),
        findings_total=FindingsTotal(active=5, waived=1, expired=1, baseline=0),
        parameters=(
            ParameterInfo(id="openai/services-agreement/max_countries_per_key", value=3, default=2, unit="countries in a day",
                          reason="Two countries in a day happen on a business trip."),
            ParameterInfo(id="openai/services-agreement/max_keys_per_host", value=4, default=4, unit="keys in an hour",
                          reason="A host rarely needs more."),
        ),
        positions={"competing": "same-market"},
        authorisations=(
            Authorisation(id="OAI-2025-17", provider="openai", scope=("benchmarking",), document="Letter of 3 May 2025",
                          applications=("evaluation-suite",), from_=date(2025, 5, 3)),
        ),
    )  # fmt: skip
    return RunData(manifest=made, findings=findings, coverage=_coverage())


def empty_run() -> RunData:
    """Return a run in which nothing could be assessed."""
    held = _others()[-1]
    return RunData(manifest(clauses=(held,)), (), Coverage(records=0, facts=(), tables={"usage": 0}, unused_fields={}, advice=()))


def large_run(count: int) -> RunData:
    """Return a run with `count` findings under one clause."""
    run = example_run()
    held = run.manifest.clauses[0]
    found = tuple(finding(held, 0, {"api_key.id": f"key-{n:05}"}, count - n, f"Key {n} was used so.") for n in range(count))
    return RunData(run.manifest, found, run.coverage)


def hostile_run(texts: list[str]) -> RunData:
    """Return a run in which whatever a record, a declaration or a file name can carry is one of `texts`."""
    run = example_run()
    held = run.manifest.clauses[0]
    found = tuple(
        finding(
            held, 0, {"api_key.id": text, text or "empty": "x"}, 1, text, facts={"route": text, text or "none": [text, {"in": text}]},
            examples=(Example(input=text, line=1, record_id=text),),
            status="waived",
            waiver=Waiver(finding="f-x", reason=f"reason {text} .", approver=f"by {text} .", expires=NOW),
        )
        for text in texts
    )  # fmt: skip
    some = "".join(texts)[:2000]
    coverage = run.coverage.model_copy(update={
        "unused_fields": {texts[0]: tuple(texts)},
        "advice": tuple(Advice(fact=t, meaning=t, checks=1, clauses=(t,), principals={t: 1}) for t in texts[:5]),
    })  # fmt: skip
    broken = held.model_copy(update={
        "title": some, "says": some, "remedy": some, "why": some, "exceptions": tuple(texts), "missing_facts": {some: 1},
        "versions": tuple(version(held.version, t, "2025-05-31", url=t, source=t) for t in texts[:50]),
        "readings": (ReadingInfo(id=some, says=some, taken=True),),
    })  # fmt: skip
    made = run.manifest.model_copy(update={
        "organisation": some, "clauses": (broken, *run.manifest.clauses[1:]),
        "inputs": tuple(run.manifest.inputs[0].model_copy(update={"uri": t, "truncated": t, "first": t, "last": t}) for t in texts[:50]),
        "authorisations": tuple(
            Authorisation(id=f"id {t} .", provider="openai", scope=(t,), document=f"in {t} .", applications=(t,)) for t in texts[:50]
        ),
        "positions": {t: t for t in texts[:50]},
    })  # fmt: skip
    return RunData(made, found, coverage)
