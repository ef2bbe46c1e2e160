"""OTLP in Protocol Buffers, which most exporters send, becomes the JSON that OTLP defines for it.

Format: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

import json
from base64 import b64decode
from importlib import import_module

from pydantic import JsonValue

MESSAGES = {
    "traces": ("opentelemetry.proto.collector.trace.v1.trace_service_pb2", "ExportTraceServiceRequest"),
    "logs": ("opentelemetry.proto.collector.logs.v1.logs_service_pb2", "ExportLogsServiceRequest"),
}
IDS = {"traceId", "spanId", "parentSpanId"}
"""Members that OTLP writes in hexadecimal, unlike other bytes."""


def as_json(kind: str, content: bytes) -> bytes:
    """Return an export request as JSON on one line.

    Args:
        kind: `traces` or `logs`.
        content: the request in Protocol Buffers.

    Raises:
        ImportError: the extra `otlp` is not installed.
        ValueError: the content is no such request.
    """
    module, name = MESSAGES[kind]
    message = getattr(import_module(module), name)()
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError

    try:
        message.ParseFromString(content)
    except DecodeError as error:
        raise ValueError(str(error)) from error
    return json.dumps(_with_hex_ids(MessageToDict(message, use_integers_for_enums=True))).encode()


def _with_hex_ids(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {
            name: b64decode(item).hex() if name in IDS and isinstance(item, str) else _with_hex_ids(item)
            for name, item in value.items()
        }
    return [_with_hex_ids(item) for item in value] if isinstance(value, list) else value
