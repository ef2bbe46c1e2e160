"""Langfuse: observations of a project, with everything that is kept of them.

Parameters: https://api.reference.langfuse.com (`/api/public/v2/observations`).
"""

from auditor.pull.endpoint import Credential, Endpoint, Paging, Period, Provider

FIELDS = "core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context"
METADATA = "application.id,application.purpose,end_user.id,end_user.country,end_user.age"
"""Metadata that are facts; the values of others are cut after 200 characters."""

LANGFUSE = Provider(
    name="langfuse",
    title="Langfuse: observations of a project",
    base_url="https://cloud.langfuse.com",
    base_variables=("LANGFUSE_BASE_URL", "LANGFUSE_HOST"),
    endpoints=(
        Endpoint(
            name="observations",
            path="/api/public/v2/observations",
            holds="usage",
            paging=Paging("token", "cursor", next=("meta", "cursor")),
            credential=Credential(("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"), scheme="basic", kind="project key"),
            permission="an API key of the project",
            period=Period("fromStartTime", "toStartTime", "rfc3339", days=1),
            query=(("fields", FIELDS), ("expandMetadata", METADATA), ("limit", "1000")),
            page_items=1000,
        ),
    ),
)
