"""OpenAI's audit log of an organisation: keys, members, settings.

Format: https://platform.openai.com/docs/api-reference/audit-logs. What a type of event adds is not read; new types pass.
"""

from auditor.sources.source import Sample, Source

COLUMNS = ("id", "object", "type", "effective_at", "actor", "project")


def _actor(*paths: str) -> str:
    found = [f"json_extract_string(as_json(actor), '$.{path}')" for path in paths]
    return f"coalesce({', '.join(found)})"


def _detects(sample: Sample) -> bool:
    return any(
        isinstance(item.get("type"), str)
        and "effective_at" in item
        and (item.get("object") == "organization.audit_log" or isinstance(item.get("actor"), dict))
        for item in sample.objects
    )


OPENAI_AUDIT = Source(
    name="openai-audit",
    title="OpenAI organisation audit log (pages of the audit log API, JSON lines)",
    detects=_detects,
    columns=dict.fromkeys(COLUMNS, "VARCHAR"),
    facts={
        "timestamp": "effective_at",
        "record.id": "id",
        "event.name": '"type"',
        "actor.id": _actor(
            "session.user.id", "session.user.email", "api_key.user.id", "api_key.service_account.id", "api_key.id"
        ),
        "project.id": "json_extract_string(as_json(project), '$.id')",
        "api_key.id": _actor("api_key.id"),
        "client.address": _actor("session.ip_address", "api_key.ip_address"),
        "gen_ai.provider.name": "'openai'",
    },
    constants=frozenset(("gen_ai.provider.name",)),
    kind="event",
    layer="provider",
)
