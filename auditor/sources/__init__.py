"""Reads usage records from files, pipes and memory into the view `records`. `SOURCES` lists the formats."""

from collections.abc import Collection, Sequence

from auditor.engine import Database
from auditor.sources.answers import ANTHROPIC_MESSAGES, OPENAI_COMPLETIONS, OPENAI_RESPONSES
from auditor.sources.anthropic_batch import ANTHROPIC_BATCH
from auditor.sources.anthropic_compliance import ANTHROPIC_COMPLIANCE
from auditor.sources.anthropic_usage import (
    ANTHROPIC_COST,
    ANTHROPIC_COST_REPORT,
    ANTHROPIC_USAGE,
    ANTHROPIC_USAGE_REPORT,
    CLAUDE_CODE_USAGE,
)
from auditor.sources.apim import APIM_GATEWAY, APIM_GATEWAY_TABLE, APIM_LLM, APIM_LLM_TABLE
from auditor.sources.azure import AZURE_OPENAI, AZURE_OPENAI_TABLE
from auditor.sources.bedrock import BEDROCK
from auditor.sources.cloud_batch import BEDROCK_BATCH, VERTEX_BATCH
from auditor.sources.cloudflare import CLOUDFLARE, CLOUDFLARE_LOGPUSH
from auditor.sources.cloudtrail import CLOUDTRAIL
from auditor.sources.empty_page import EMPTY_PAGE
from auditor.sources.fine_tuning import FINE_TUNING
from auditor.sources.flat import FLAT
from auditor.sources.helicone import HELICONE
from auditor.sources.http import HAR, HTTP_EXCHANGES
from auditor.sources.ingest import ingest_with
from auditor.sources.kong import KONG
from auditor.sources.langfuse import LANGFUSE, LANGFUSE_EXPORT, LANGFUSE_INGESTION, LANGFUSE_TRACE
from auditor.sources.litellm import LITELLM
from auditor.sources.mapping import MAPPING
from auditor.sources.mlflow import MLFLOW
from auditor.sources.openai_audit import OPENAI_AUDIT
from auditor.sources.openai_batch import OPENAI_BATCH
from auditor.sources.openai_usage import OPENAI_COSTS, OPENAI_USAGE
from auditor.sources.openrouter import OPENROUTER, OPENROUTER_ACTIVITY
from auditor.sources.otlp import OTLP
from auditor.sources.otlp_logs import OTLP_LOGS
from auditor.sources.phoenix import PHOENIX, PHOENIX_EXPORT
from auditor.sources.portkey import PORTKEY
from auditor.sources.source import Ingested, Input, InputSummary, Progress, Reject, Source
from auditor.sources.tables import ARROW, CSV, PARQUET
from auditor.sources.vertex import GCP_AUDIT, VERTEX
from auditor.sources.weave import WEAVE

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        OPENAI_USAGE,
        OPENAI_COSTS,
        OPENAI_AUDIT,
        ANTHROPIC_USAGE,
        ANTHROPIC_COST,
        ANTHROPIC_USAGE_REPORT,
        ANTHROPIC_COST_REPORT,
        CLAUDE_CODE_USAGE,
        ANTHROPIC_COMPLIANCE,
        BEDROCK,
        CLOUDTRAIL,
        AZURE_OPENAI,
        AZURE_OPENAI_TABLE,
        APIM_GATEWAY,
        APIM_GATEWAY_TABLE,
        APIM_LLM,
        APIM_LLM_TABLE,
        VERTEX,
        GCP_AUDIT,
        OPENAI_COMPLETIONS,
        OPENAI_RESPONSES,
        ANTHROPIC_MESSAGES,
        ANTHROPIC_BATCH,
        BEDROCK_BATCH,
        VERTEX_BATCH,
        LANGFUSE,
        LANGFUSE_TRACE,
        LANGFUSE_EXPORT,
        LANGFUSE_INGESTION,
        MLFLOW,
        WEAVE,
        PHOENIX,
        PHOENIX_EXPORT,
        PORTKEY,
        KONG,
        HTTP_EXCHANGES,
        HAR,
        EMPTY_PAGE,
        FLAT,
        OTLP,
        OTLP_LOGS,
        LITELLM,
        OPENROUTER,
        OPENROUTER_ACTIVITY,
        HELICONE,
        CLOUDFLARE,
        CLOUDFLARE_LOGPUSH,
        OPENAI_BATCH,
        FINE_TUNING,
        CSV,
        PARQUET,
        ARROW,
        MAPPING,
    )
}
"""Every format by name, in the order in which they are tried on an input."""

__all__ = ["SOURCES", "Ingested", "Input", "InputSummary", "Progress", "Reject", "Source", "ingest"]


async def ingest(
    db: Database, inputs: Sequence[Input], *, text: Collection[str], progress: Progress | None = None
) -> Ingested:
    """Read `inputs` into the view `records` of `db` and say what was read.

    Control events go to the view `event_records`, snapshots of accounts to `snapshot_records`, training items to `items`;
    all are made alike. The view has `_row` (unique and stable), `_input` (index into `Ingested.inputs`), `_line` (line of
    the file from 1; the record's number where the format has none: arrays, CSV below the header, Parquet, Arrow) and those
    facts of `usage` that at least one record carries. Rejected rows are not in it; duplicates are.

    Args:
        db: the database; its folder holds the converted records until it is closed.
        inputs: what to read, in order. Directories and globs are expanded into sorted files.
        text: names of the free-text facts (`Fact.text`) that are needed; the others are not read.
        progress: told of bytes read, from another thread.

    Raises:
        AuditorError: an input is missing, unreadable or of no known format; with a fault for every such input.
    """
    return await ingest_with(SOURCES, db, inputs, text, progress)
