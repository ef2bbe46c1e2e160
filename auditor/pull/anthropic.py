"""Anthropic: usage and cost, compliance activities, and the settings of workspaces, keys and user profiles.

Parameters: https://platform.claude.com/docs/en/api/admin-api; names of beta headers as in the vendor's SDK 2.12.
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

ADMIN = Credential(("ANTHROPIC_ADMIN_KEY",), "x-api-key", "", "Admin API key")
NORMAL = Credential(("ANTHROPIC_API_KEY",), "x-api-key", "", "API key of the workspace")
VERSION = ("anthropic-version", "2023-06-01")
PAGES = Paging("token", "page", next=("next_page",), more=("has_more",))
LIST = Paging("last-item", "after_id", next=("last_id",), more=("has_more",))
RANGE = Period("starting_at", "ending_at", "rfc3339", days=31)
GROUPS = ("api_key_id", "inference_geo", "model", "user_profile_id", "workspace_id")
"""The most that may be grouped by is five; these are the ones that conditions on records ask for."""
LEGACY_GROUPS = ("api_key_id", "inference_geo", "model", "service_tier", "workspace_id")


def _by(groups: tuple[str, ...], *others: tuple[str, str]) -> Query:
    return (*others, *(("group_by[]", name) for name in groups))


def _analytics(name: str) -> Endpoint:
    return Endpoint(
        name=f"analytics-{name}",
        path=f"/v1/organizations/analytics/{name}",
        holds="usage",
        paging=PAGES,
        credential=ADMIN,
        permission="an Admin API key of the organisation",
        period=RANGE,
        query=_by(GROUPS, ("time_bucket_width", "1d"), ("limit", "1000")),
        headers=(VERSION, ("anthropic-beta", "analytics-usage-cost-2026-08-24")),
        page_items=1000,
        buckets=True,
    )


def _workspaces(page: JsonValue, _parent: str, _organization: str | None) -> list[Row]:
    return [
        {
            "snapshot.of": "project",
            "snapshot.id": text_of(item.get("id")),
            "account.storage_region": text_of(within(item, ("data_residency", "workspace_geo"))),
        }
        for item in objects_of(page, LIST)
    ]


def _keys(page: JsonValue, _parent: str, _organization: str | None) -> list[Row]:
    return [
        {
            "snapshot.of": "api_key",
            "snapshot.id": text_of(item.get("id")),
            "api_key.name": text_of(item.get("name")),
            "api_key.kind": "api",
        }
        for item in objects_of(page, LIST)
    ]


def _profiles(page: JsonValue, _parent: str, _organization: str | None) -> list[Row]:
    """Return what user profiles say; one of the access type `passthrough` is a company to which access is sold on."""
    return [
        {
            "snapshot.of": "user_profile",
            "snapshot.id": text_of(item.get("id")),
            "end_user.country": text_of(within(item, ("external_user_details", "country")))
            or text_of(item.get("country")),
            "application.passthrough": {"passthrough": True, "application": False}.get(str(item.get("access_type"))),
        }
        for item in objects_of(page, PAGES)
    ]


def _settings(name: str, path: str, credential: Credential, paging: Paging, rows: Rows, *more: Query) -> Endpoint:
    query, headers = more
    permission = f"a {credential.kind} that may read it"
    return Endpoint(
        name, path, "snapshots", paging, credential, permission, query=query, headers=(VERSION, *headers), rows=rows
    )


ANTHROPIC = Provider(
    name="anthropic",
    title="Anthropic: usage and cost, compliance activities, workspaces, keys and user profiles",
    base_url="https://api.anthropic.com",
    endpoints=(
        _analytics("usage"),
        _analytics("cost"),
        Endpoint(
            name="usage-report",
            path="/v1/organizations/usage_report/messages",
            holds="usage",
            paging=PAGES,
            credential=ADMIN,
            permission="an Admin API key of the organisation",
            period=RANGE,
            query=_by(LEGACY_GROUPS, ("bucket_width", "1d"), ("limit", "31")),
            headers=(VERSION,),
            page_items=31,
            buckets=True,
        ),
        Endpoint(
            name="compliance-activities",
            path="/v1/compliance/activities",
            holds="events",
            paging=LIST,
            credential=ADMIN,
            permission="read:compliance_activities",
            period=Period("created_at.gte", "created_at.lt", "rfc3339", days=7),
            query=(("limit", "5000"),),
            headers=(VERSION,),
            page_items=5000,
        ),
        _settings(
            "workspaces",
            "/v1/organizations/workspaces",
            ADMIN,
            LIST,
            _workspaces,
            (("include_archived", "true"), ("limit", "1000")),
            (),
        ),
        _settings("api-keys", "/v1/organizations/api_keys", ADMIN, LIST, _keys, (("limit", "1000"),), ()),
        _settings(
            "user-profiles",
            "/v1/user_profiles",
            NORMAL,
            PAGES,
            _profiles,
            (("limit", "100"),),
            (("anthropic-beta", "user-profiles-2026-09-04"),),
        ),
    ),
)
