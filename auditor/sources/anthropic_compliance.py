"""Anthropic's compliance activities of an organisation: keys, members, settings, chats.

Format: https://platform.claude.com/docs/en/api/compliance. What a kind of activity adds is not read; new kinds pass.
"""

from auditor.sources.source import Sample, Source

COLUMNS = ("id", "created_at", "organization_id", "organization_uuid", "type", "actor", "workspace_id", "api_key_id")


def _actor(*names: str) -> str:
    found = [f"json_extract_string(as_json(actor), '$.{name}')" for name in names]
    return f"coalesce({', '.join(found)})"


def _detects(sample: Sample) -> bool:
    return any(
        {"id", "created_at", "type"} <= item.keys()
        and isinstance(actor := item.get("actor"), dict)
        and str(actor.get("type")).endswith(("_actor", "_sync_actor"))
        for item in sample.objects
    )


ANTHROPIC_COMPLIANCE = Source(
    name="anthropic-compliance",
    title="Anthropic compliance activities (pages of the compliance API, JSON lines)",
    detects=_detects,
    columns=dict.fromkeys(COLUMNS, "VARCHAR"),
    facts={
        "timestamp": "created_at",
        "record.id": "id",
        "event.name": '"type"',
        "actor.id": _actor(
            "user_id", "email_address", "api_key_id", "admin_api_key_id", "service_account_id", "subject",
            "unauthenticated_email_address", "directory_id",
        ),
        "organization.id": "coalesce(organization_uuid, organization_id)",
        "project.id": "workspace_id",
        "api_key.id": f"coalesce({_actor('api_key_id', 'admin_api_key_id')}, api_key_id)",
        "client.address": _actor("ip_address"),
        "gen_ai.provider.name": "'anthropic'",
    },
    constants=frozenset(("gen_ai.provider.name",)),
    kind="event",
    layer="provider",
)  # fmt: skip
