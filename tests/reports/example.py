"""A realistic run: every verdict, waivers, a position, a measure and gaps in coverage."""

from datetime import date

from auditor.model.declarations import Agreement, Authorisation
from auditor.model.finding import Example, Finding, Waiver, Window
from auditor.model.run import (
    Advice,
    ClauseResult,
    ConfigInfo,
    Coverage,
    FactCoverage,
    FindingsTotal,
    InputInfo,
    PackInfo,
    ParameterInfo,
    Totals,
)
from auditor.model.rundata import RunData
from tests.reports.builders import finding, manifest
from tests.reports.example_clauses import breached, idle, more_breaches, not_testable, other_clauses, suspected


def _findings(clauses: dict[str, ClauseResult]) -> tuple[Finding, ...]:
    train = clauses["openai/services-agreement/no-competing-models"]
    region = clauses["openai/services-agreement/supported-countries"]
    review = clauses["anthropic/usage-policy/human-review"]
    share = clauses["openai/services-agreement/no-shared-credentials"]
    scrape = clauses["anthropic/commercial-terms/no-extraction"]
    limits = clauses["openai/services-agreement/rate-limits"]
    return (
        finding(
            train,
            0,
            {"application.id": "answer-distiller"},
            412,
            "Output of gpt-4.1 trains ‘northwind-chat-7b’, which competes.",
            facts={
                "application.purpose": "distillation",
                "application.model.competes": True,
                "application.model.kind": "generative",
            },
            examples=tuple(
                Example(input="logs/gateway-2026-q1.jsonl.zst", line=n, record_id=f"req_{n:06x}")
                for n in range(901, 909)
            ),
        ),
        finding(
            train,
            1,
            {"api_key.id": "key-batch-02"},
            38,
            "Bulk generation that looks like a training set.",
            facts={"route": "direct"},
        ),
        finding(
            region,
            0,
            {"api_key.id": "key-field-07"},
            27,
            "Calls came from a country that is not supported.",
            facts={"geo.country.iso_code": "RU", "route": "direct"},
        ),
        finding(
            review,
            0,
            {"application.id": "credit-screener"},
            650,
            "Credit decisions are made with nobody reviewing.",
            facts={
                "application.domain": "credit",
                "application.automated_decision": True,
                "application.human_review": False,
            },
            status="expired",
            waiver=Waiver(
                finding="f-review",
                reason="Pilot with synthetic applicants.",
                approver="A. Rivera",
                expires=date(2026, 2, 28),
            ),
        ),
        finding(
            share,
            0,
            {"api_key.id": "key-shared-01"},
            184,
            "The key was used from 6 countries in one day.",
            window=Window(end="2026-02-11T17:20:00Z", seconds=86400, value=6, limit=3),
        ),
        finding(scrape, 0, {"application.id": "market-lens"}, 77, "Systematic questions at high volume."),
        finding(
            limits,
            0,
            {"api_key.id": "key-ci-11"},
            61,
            "One host used 9 keys within an hour.",
            status="waived",
            window=Window(end="2026-03-02T10:00:00Z", seconds=3600, value=9, limit=4),
            waiver=Waiver(
                finding="f-limits",
                reason="Load test agreed with OpenAI on 20 February 2026.",
                approver="J. Okafor",
                expires=date(2026, 6, 30),
            ),
        ),
    )


def _coverage() -> Coverage:
    present = (
        ("timestamp", "When it happened", 9731, 9731),
        ("gen_ai.request.model", "Model asked for", 9731, 9731),
        ("api_key.id", "Id or hash of the credential; never the credential", 9020, 9020),
        ("geo.country.iso_code", "Country the call came from", 7410, 7410),
        ("application.purpose", "What it is for", 0, 8118),
        ("application.human_review", "Whether a person reviews its results", 0, 6230),
        ("data.children", "Whether personal data of children under 13 is sent", 0, 4100),
        ("end_user.age", "Age of the end user", 310, 310),
        ("user.employer", "Organisation that the holder works for", 0, 0),
    )
    return Coverage(
        records=9731,
        facts=tuple(FactCoverage(fact=f, meaning=m, recorded=r, present=p) for f, m, r, p in present),
        tables={"usage": 9731, "events": 0, "training": 3, "matches": 0, "deployments": 0, "organisation": 1},
        unresolved_models={"support-prod": 410, "<b>house</b> model": 2},
        unresolved_names=5,
        not_testable=("openai/services-agreement/no-personal-accounts",),
        unused_fields={"logs/gateway-2026-q1.jsonl.zst": ("metadata.cost_centre", "metadata.trace", "cache.key")},
        advice=(
            Advice(
                fact="data.children",
                meaning="Whether personal data of children under 13 is sent",
                checks=1204,
                clauses=("openai/services-agreement/no-minors",),
                principals={"application.id support-bot": 880, "api_key.id key-field-07": 324},
            ),
            Advice(
                fact="application.model.competes",
                meaning="Whether the model competes with the provider's models",
                checks=96,
                clauses=("openai/services-agreement/no-competing-models",),
                principals={"application.id answer-distiller": 96},
            ),
        ),
    )


def example_run() -> RunData:
    """Return a run with every verdict, waivers, a position, a measure and gaps in coverage."""
    clauses = (breached(), *more_breaches(), *suspected(), *other_clauses(), not_testable(), *idle())
    findings = _findings({held.id: held for held in clauses})
    made = manifest(
        clauses=clauses,
        inputs=(
            InputInfo(
                uri="logs/gateway-2026-q1.jsonl.zst",
                format="litellm",
                sha256="9f" * 32,
                bytes=48_211_004,
                records=9870,
                rejected=12,
                duplicates=139,
                skipped=4,
                first="2026-01-01T00:04:11Z",
                last="2026-03-31T23:58:40Z",
            ),
            InputInfo(
                uri="logs/usage-export.csv",
                format="openai-usage",
                sha256="3c" * 32,
                bytes=1024,
                records=0,
                rejected=3,
                duplicates=0,
                skipped=0,
                first=None,
                last=None,
                truncated="the file ends inside a quoted cell",
            ),
        ),
        packs=(
            PackInfo(id="openai/services-agreement", sha256="ab" * 32),
            PackInfo(id="anthropic/usage-policy", sha256="cd" * 32),
        ),
        config=ConfigInfo(path="/home/ana/company/auditor.yaml", sha256="ef" * 32),
        totals=Totals(
            received=10_005,
            records=9731,
            rejected=15,
            duplicates=139,
            outside_period=120,
            governed=8412,
            assessed=7996,
            unknown=416,
            not_governed=1319,
            checks=84_120,
            decided=71_502,
        ),
        findings_total=FindingsTotal(active=5, waived=1, expired=1, baseline=0),
        parameters=(
            ParameterInfo(
                id="openai/services-agreement/max_countries_per_key",
                value=3,
                default=2,
                unit="countries in a day",
                reason="Two countries in a day happen on a business trip.",
            ),
            ParameterInfo(
                id="openai/services-agreement/max_keys_per_host",
                value=4,
                default=4,
                unit="keys in an hour",
                reason="A host rarely needs more.",
            ),
        ),
        positions={"competing": "same-market"},
        agreements=(
            Agreement.model_validate(
                {
                    "id": "order-form-7",
                    "provider": "openai",
                    "document": "Order form 7 of 3 May 2025",
                    "from": "2025-05-03",
                    "renewed": ["2026-05-03"],
                    "overrides": [
                        {
                            "clause": "openai/services-agreement/no-competing-models",
                            "effect": "tightened",
                            "says": "Classifiers need consent, too.",
                            "by": "northwind/house-rules/consent-for-classifiers",
                        }
                    ],
                }
            ),
        ),
        authorisations=(
            Authorisation.model_validate(
                {
                    "id": "OAI-2025-17",
                    "provider": "openai",
                    "scope": ["benchmarking"],
                    "document": "Letter of 3 May 2025",
                    "applications": ["evaluation-suite"],
                    "from": "2025-05-03",
                }
            ),
        ),
    )
    return RunData(manifest=made, findings=findings, coverage=_coverage())
