"""OTLP requests as exporters send them, made by hand in both encodings."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE, SPAN = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
OTHER_TRACE, OTHER_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
#: 5 October 2026, 09:00:00.000001 UTC.
AT = 1_791_190_800_000_001_000


def attributes(stated: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": any_value(value)} for key, value in stated.items()]


def any_value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": attributes(value)}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(one) for one in value]}}
    return {"stringValue": value}


def record(stated: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A log record that is an evaluation."""
    named = {"gen_ai.evaluation.name": "self-report", **stated}
    return {
        "timeUnixNano": str(AT),
        "eventName": "gen_ai.evaluation.result",
        "traceId": TRACE,
        "spanId": SPAN,
        "attributes": attributes({k: v for k, v in named.items() if v is not None}),
        **more,
    }


def span(stated: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "traceId": TRACE,
        "spanId": SPAN,
        "name": "chat",
        "endTimeUnixNano": str(AT),
        "attributes": attributes(stated),
        **more,
    }


def logs(*records: Any, **resource: Any) -> dict[str, Any]:
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": attributes(resource.get("stated", {}))},
                "scopeLogs": [{"logRecords": list(records)}],
            }
        ]
    }


def traces(*spans: Any) -> dict[str, Any]:
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": list(spans)}]}]}


def as_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


def as_protobuf(document: dict[str, Any]) -> bytes:
    """The same as protobuf; there ids are bytes, which protobuf's own JSON writes in base 64."""
    import base64

    def based(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: base64.b64encode(bytes.fromhex(one)).decode()
                if key in ("traceId", "spanId")
                else based(one)
                for key, one in value.items()
            }
        return [based(one) for one in value] if isinstance(value, list) else value

    message: Message = (
        ExportLogsServiceRequest() if "resourceLogs" in document else ExportTraceServiceRequest()
    )
    return ParseDict(based(document), message).SerializeToString()
