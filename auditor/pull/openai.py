"""OpenAI: usage, costs, audit logs, stored completions, and the settings of projects and keys.

Parameters: https://platform.openai.com/docs/api-reference/usage and /administration (spec 2.3.0).
"""

from pydantic import JsonValue

from auditor.pull.endpoint import (
    Credential,
    Endpoint,
    Paging,
    Period,
    Provider,
    Query,
    Row,
    Rows,
    objects_of,
    text_of,
    within,
)

ADMIN = Credential(("OPENAI_ADMIN_KEY",), kind="Admin API key")
PROJECT = Credential(("OPENAI_API_KEY",), kind="API key of the project")
PAGES = Paging("token", "page", next=("next_page",), more=("has_more",))
LIST = Paging("last-item", "after", next=("last_id",), more=("has_more",))
ONE = Paging("single", items=())
KEYS = ("project_id", "user_id", "api_key_id", "model")
GROUPS: dict[str, tuple[str, ...]] = {
    "completions": (*KEYS, "batch", "service_tier"),
    "embeddings": KEYS,
    "moderations": KEYS,
    "images": (*KEYS, "size", "source"),
    "audio_speeches": KEYS,
    "audio_transcriptions": KEYS,
    "vector_stores": ("project_id",),
    "code_interpreter_sessions": ("project_id",),
    "file_search_calls": ("project_id", "user_id", "api_key_id", "vector_store_id"),
    "web_search_calls": (*KEYS, "context_level"),
}
"""Usage endpoint → everything it can be grouped by. What is not grouped by is null, which says nothing."""


def _grouped(groups: tuple[str, ...], limit: int) -> Query:
    return (("bucket_width", "1d"), ("limit", str(limit)), *(("group_by[]", name) for name in groups))


def _usage(name: str) -> Endpoint:
    return Endpoint(
        name=f"usage-{name.replace('_', '-')}",
        path=f"/organization/usage/{name}",
        holds="usage",
        paging=PAGES,
        credential=ADMIN,
        permission="api.usage.read",
        period=Period("start_time", "end_time", "seconds", days=31),
        query=_grouped(GROUPS[name], 31),
        page_items=31,
        buckets=True,
    )


def _retention(kind: JsonValue) -> Row:
    """Return what a data retention setting says; the settings of enhanced monitoring say nothing of either fact."""
    match kind:
        case "zero_data_retention":
            return {"account.zero_retention": True}
        case "modified_abuse_monitoring":
            return {"account.filters_modified": True}
        case "none":
            return {"account.zero_retention": False, "account.filters_modified": False}
        case _:
            return {}


def _projects(page: JsonValue, _parent: str, _organization: str | None) -> list[Row]:
    return [
        {
            "snapshot.of": "project",
            "snapshot.id": text_of(item.get("id")),
            "account.storage_region": text_of(item.get("residency")),
        }
        for item in objects_of(page, LIST)
    ]


def _keys(page: JsonValue, parent: str, _organization: str | None) -> list[Row]:
    return [
        {
            "snapshot.of": "api_key",
            "snapshot.id": text_of(item.get("id")),
            "api_key.name": text_of(item.get("name")),
            "api_key.kind": "api" if parent else "admin",
        }
        for item in objects_of(page, LIST)
    ]


def _organization_retention(page: JsonValue, _parent: str, organization: str | None) -> list[Row]:
    found = _retention(within(page, ("type",)))
    return [{"snapshot.of": "organization", "snapshot.id": organization, **found}] if found else []


def _project_retention(page: JsonValue, parent: str, _organization: str | None) -> list[Row]:
    found = _retention(within(page, ("type",)))
    return [{"snapshot.of": "project", "snapshot.id": parent, **found}] if found else []


def _settings(
    name: str, path: str, paging: Paging, permission: str, rows: Rows, query: Query = (), of_each: str = ""
) -> Endpoint:
    return Endpoint(name, path, "snapshots", paging, ADMIN, permission, query=query, of_each=of_each, rows=rows)


HUNDRED = (("limit", "100"),)
OPENAI = Provider(
    name="openai",
    title="OpenAI: usage, costs, audit logs, stored chat completions, projects, keys and their settings",
    base_url="https://api.openai.com/v1",
    endpoints=(
        *(_usage(name) for name in GROUPS),
        Endpoint(
            name="costs",
            path="/organization/costs",
            holds="usage",
            paging=PAGES,
            credential=ADMIN,
            permission="api.usage.read",
            period=Period("start_time", "end_time", "seconds", days=180),
            query=_grouped(("project_id", "line_item", "api_key_id"), 180),
            page_items=180,
            buckets=True,
        ),
        Endpoint(
            name="audit-logs",
            path="/organization/audit_logs",
            holds="events",
            paging=LIST,
            credential=ADMIN,
            permission="api.audit_logs.read, and audit logging switched on in the organisation's settings",
            period=Period("effective_at[gte]", "effective_at[lt]", "seconds", days=7),
            query=HUNDRED,
        ),
        Endpoint(
            name="chat-completions",
            path="/chat/completions",
            holds="usage",
            paging=LIST,
            credential=PROJECT,
            permission="Chat completions: read",
            query=(("order", "asc"), *HUNDRED),
        ),
        _settings(
            "projects",
            "/organization/projects",
            LIST,
            "api.management.read",
            _projects,
            (("include_archived", "true"), *HUNDRED),
        ),
        _settings("admin-keys", "/organization/admin_api_keys", LIST, "api.management.read", _keys, HUNDRED),
        _settings(
            "project-keys",
            "/organization/projects/{parent}/api_keys",
            LIST,
            "api.management.read",
            _keys,
            HUNDRED,
            "projects",
        ),
        _settings("retention", "/organization/data_retention", ONE, "api.management.read", _organization_retention),
        _settings(
            "project-retention",
            "/organization/projects/{parent}/data_retention",
            ONE,
            "api.management.read",
            _project_retention,
            of_each="projects",
        ),
    ),
)
