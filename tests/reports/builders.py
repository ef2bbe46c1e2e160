"""Parts of a run, with values that a test need not care about."""

from datetime import date
from typing import Any

from auditor.model.finding import Example, Finding, finding_id
from auditor.model.run import (
    ClauseResult,
    ConfigInfo,
    FindingsTotal,
    Manifest,
    RuleResult,
    RunInfo,
    Tool,
    Totals,
    Verdict,
    VersionResult,
)

NOW = date(2026, 4, 2)
RUN_ID = "01JQRUNIDTHATMUSTNOTAPPEAR"
STARTED_AT = "2026-04-02T09:41:07.123456Z"
OPENAI, ANTHROPIC, LLAMA = "services-agreement", "commercial-terms", "llama-4-licence"
TITLES = {
    OPENAI: "OpenAI Services Agreement",
    ANTHROPIC: "Anthropic Commercial Terms of Service",
    LLAMA: "Llama 4 Community License",
    "usage-policy": "Anthropic Usage Policy",
    "cohere-saas": "Cohere SaaS Agreement",
    "mistral-terms": "Mistral Commercial Terms",
}


def rule(clause: str, name: str, title: str, **values: Any) -> RuleResult:
    """Return what a rule answered, by default nothing found in 8,412 records."""
    given: dict[str, Any] = {
        "table": "usage",
        "certainty": "certain",
        "governed": 8412,
        "hits": 0,
        "unknown": 0,
        "missing_facts": {},
        "not_examined": False,
    }
    return RuleResult(id=f"{clause}/{name}", title=title, **(given | values))


def version(name: str, section: str, start: str, until: str | None = None, **values: Any) -> VersionResult:
    """Return a clause version, by default one read in the text at OpenAI's address."""
    given: dict[str, Any] = {
        "source": "",
        "url": "https://openai.com/policies/services-agreement/",
        "confidence": "high",
        "governed": 8412,
        "hits": 0,
    }
    return VersionResult.model_validate(
        {"id": name, "section": section, "from": start, "until": until} | given | values
    )


def clause(name: str, title: str, document: str, verdict: Verdict, **values: Any) -> ClauseResult:
    """Return a clause with the given verdict, complete with one rule and one version unless they are given."""
    given: dict[str, Any] = {
        "category": "other",
        "kind": "prohibition",
        "severity": "medium",
        "why": "Every governed row was assessed and nothing was found.",
        "governed": 8412,
        "hits": 0,
        "unknown": 0,
        "waived": 0,
        "missing_facts": {},
        "exceptions": (),
        "position": None,
        "readings": (),
        "says": f"{title}, as the terms have it.",
        "remedy": "Nothing to do.",
        "rules": (rule(name, "declared", f"Declared: {title.lower()}"),),
        "versions": (version("sa-2025", "3.3", "2025-05-31"),),
    }
    used = given | values
    return ClauseResult(
        id=name,
        provider=name.split("/")[0],
        document=document,
        document_title=TITLES[document],
        title=title,
        version=used["versions"][-1].id,
        verdict=verdict,
        **used,
    )


def finding(
    clause: ClauseResult, rule: int, principal: dict[str, str], count: int, summary: str, **values: Any
) -> Finding:
    """Return an active finding of the clause's rule with that number."""
    held = clause.rules[rule]
    given: dict[str, Any] = {
        "clause_version": clause.version,
        "versions": {clause.version: count},
        "severity": clause.severity,
        "certainty": held.certainty,
        "status": "active",
        "first_seen": "2026-01-07T08:12:44Z",
        "last_seen": "2026-03-30T21:05:10Z",
        "facts": {},
        "remedy": clause.remedy,
        "examples": (Example(input="logs/gateway-2026-q1.jsonl.zst", line=1042, record_id="req_8f0c2a"),),
    }
    return Finding(
        id=finding_id(clause.id, held.id, principal),
        clause=clause.id,
        rule=held.id,
        principal=principal,
        count=count,
        summary=summary,
        **(given | values),
    )


def manifest(**values: Any) -> Manifest:
    """Return the manifest of a run on nothing, with the given values in place."""
    empty = dict.fromkeys(Totals.model_fields, 0)
    given: dict[str, Any] = {
        "schema_version": 1,
        "tool": Tool(name="auditor", version="0.1.0"),
        "organisation": "Northwind Robotics GmbH",
        "run": RunInfo(id=RUN_ID, started_at=STARTED_AT, now=NOW, terms="in-force", engine="duckdb 2.0.0"),
        "inputs": (),
        "packs": (),
        "config": ConfigInfo(path=None, sha256=None),
        "totals": Totals(**empty),
        "clauses": (),
        "findings_total": FindingsTotal(active=0, waived=0, expired=0, baseline=0),
        "parameters": (),
        "positions": {},
    }
    return Manifest(**(given | values))
