"""Gateways that keep logs of calls: Helicone, Portkey, OpenRouter, LiteLLM and Cloudflare, one list each."""

from datetime import UTC, date, datetime, time, timedelta

from auditor.pull.endpoint import SINGLE, Credential, Endpoint, JsonObject, Paging, Period, Provider

HELICONE_ITEMS = 1000
PORTKEY_FIELDS = (
    "id",
    "trace_id",
    "created_at",
    "request",
    "response",
    "is_success",
    "ai_org",
    "ai_model",
    "req_units",
    "res_units",
    "total_units",
    "request_url",
    "cost",
    "cost_currency",
    "response_time",
    "response_status_code",
    "mode",
    "config",
    "prompt_slug",
    "metadata",
)


def _moments(first: date, last: date) -> tuple[str, str]:
    begin, end = datetime.combine(first, time(), UTC), datetime.combine(last + timedelta(days=1), time(), UTC)
    return begin.strftime("%Y-%m-%dT%H:%M:%SZ"), end.strftime("%Y-%m-%dT%H:%M:%SZ")


def _helicone(first: date, last: date, offset: int) -> JsonObject:
    """https://docs.helicone.ai/rest/request/post-v1requestquery-clickhouse"""
    begin, end = _moments(first, last)
    return {
        "filter": {
            "left": {"request_response_rmt": {"request_created_at": {"gte": begin}}},
            "operator": "and",
            "right": {"request_response_rmt": {"request_created_at": {"lt": end}}},
        },
        "limit": HELICONE_ITEMS,
        "offset": offset,
        "sort": {"created_at": "asc"},
    }


def _portkey(first: date, last: date, _offset: int) -> JsonObject:
    """https://portkey.ai/docs/api-reference/admin-api/data-plane/logs/log-exports-beta/create-a-log-export"""
    begin, end = _moments(first, last)
    return {
        "description": f"auditor pull {first}",
        "filters": {"time_of_generation_min": begin, "time_of_generation_max": end},
        "requested_data": list(PORTKEY_FIELDS),
    }


HELICONE = Provider(
    name="helicone",
    title="Helicone: requests",
    base_url="https://api.helicone.ai",
    endpoints=(
        Endpoint(
            name="requests",
            path="/v1/request/query-clickhouse",
            holds="usage",
            paging=Paging("offset"),
            credential=Credential(("HELICONE_API_KEY",)),
            permission="an API key that may read",
            period=Period("", "", "rfc3339", days=1),
            body=_helicone,
            page_items=HELICONE_ITEMS,
        ),
    ),
)
PORTKEY = Provider(
    name="portkey",
    title="Portkey: export of logs",
    base_url="https://api.portkey.ai/v1",
    endpoints=(
        Endpoint(
            name="logs",
            path="/logs/exports",
            holds="usage",
            paging=Paging("export"),
            credential=Credential(("PORTKEY_API_KEY",), "x-portkey-api-key", ""),
            permission="logs.export",
            period=Period("", "", "rfc3339", days=1),
            body=_portkey,
            page_items=50_000,
        ),
    ),
)
OPENROUTER = Provider(
    name="openrouter",
    title="OpenRouter: activity by day",
    base_url="https://openrouter.ai/api/v1",
    endpoints=(
        Endpoint(
            name="activity",
            path="/activity",
            holds="usage",
            paging=SINGLE,
            credential=Credential(("OPENROUTER_MANAGEMENT_KEY",), kind="management key"),
            permission="a management key",
            period=Period("date", "", "day", days=1),
            buckets=True,
        ),
    ),
    limit_days=30,
)
LITELLM = Provider(
    name="litellm",
    title="LiteLLM proxy: spend logs",
    base_url="http://127.0.0.1:4000",
    base_variables=("LITELLM_PROXY_URL", "LITELLM_BASE_URL"),
    endpoints=(
        Endpoint(
            name="spend-logs",
            path="/spend/logs/v2",
            holds="usage",
            paging=Paging("numbered", "page", total=("total_pages",), total_pages=True, number=("page",)),
            credential=Credential(("LITELLM_MASTER_KEY",), kind="master or admin key"),
            permission="the role proxy_admin or proxy_admin_viewer",
            period=Period("start_date", "end_date", "spaced", inclusive=True, days=1),
            query=(("page_size", "1000"), ("sort_by", "startTime"), ("sort_order", "asc")),
            page_items=1000,
        ),
    ),
)
CLOUDFLARE = Provider(
    name="cloudflare",
    title="Cloudflare AI Gateway: logs of a gateway",
    base_url="https://api.cloudflare.com/client/v4",
    options={"account": "CLOUDFLARE_ACCOUNT_ID", "gateway": "CLOUDFLARE_GATEWAY_ID"},
    endpoints=(
        Endpoint(
            name="logs",
            path="/accounts/{account}/ai-gateway/gateways/{gateway}/logs",
            holds="usage",
            paging=Paging(
                "numbered",
                "page",
                items=("result",),
                total=("result_info", "total_count"),
                number=("result_info", "page"),
            ),
            credential=Credential(("CLOUDFLARE_API_TOKEN",), kind="API token"),
            permission="AI Gateway: Read",
            period=Period("start_date", "end_date", "rfc3339", days=1),
            query=(("order_by", "created_at"), ("order_by_direction", "asc"), ("per_page", "50")),
            page_items=50,
        ),
    ),
)
