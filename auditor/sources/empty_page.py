"""A page of an API that holds nothing: of no format in particular, and no fault."""

from auditor.sources.sniff import ENVELOPES
from auditor.sources.source import JsonObject, Sample, Source


def _is_empty(item: JsonObject) -> bool:
    lists = [name for name in ENVELOPES if name in item]
    others = [
        value for name, value in item.items() if name not in (*ENVELOPES, "meta", "errors", "messages", "result_info")
    ]
    return (
        bool(lists) and all(item[name] == [] for name in lists) and not any(isinstance(v, dict | list) for v in others)
    )


def _detects(sample: Sample) -> bool:
    return bool(sample.objects) and all(map(_is_empty, sample.objects))


EMPTY_PAGE = Source(
    name="empty-page",
    title="Pages of an API that hold nothing",
    detects=_detects,
    columns=dict.fromkeys({name.lower(): name for name in ENVELOPES}.values(), "VARCHAR"),  # the engine ignores case
    facts={"record.id": "NULL::VARCHAR"},
    takes=frozenset((*ENVELOPES, "object", "has_more", "next_page", "first_id", "last_id")),
    skip="'page without records'",
)
