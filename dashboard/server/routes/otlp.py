"""OTLP over HTTP: what OpenTelemetry exporters send, kept on disk and then answered.

https://opentelemetry.io/docs/specs/otlp/#otlphttp says what is answered: 200 also where some of it
is refused, with how much and why; a body as protobuf or JSON, as it was sent. An exporter sends
again after 429 and 503, and gives up after any other refusal, so a full disk is a 503 here.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.intake.batch import Batch, judged
from core.intake.otlp import joining, wire
from core.intake.otlp.mapping import ConfidenceName
from core.intake.otlp.translate import Row, Translated, translate
from core.ledger.errors import LedgerError
from core.spool.segments import SpoolBusy, SpoolFull
from dashboard.server import metrics
from dashboard.server import open_ledger as owner
from dashboard.server.routes.requests import SMALL, Unacceptable, authorized, body_of

_log = logging.getLogger(__name__)

#: Reasons that one answer tells.
MOST_REASONS = 5
PROTOBUF, JSON = "application/x-protobuf", "application/json"
_ENCODINGS: dict[str, wire.Encoding] = {PROTOBUF: "protobuf", JSON: "json"}
#: In an answer, how many were refused is called by what was sent.
_REJECTED: dict[wire.What, str] = {"logs": "LogRecords", "traces": "Spans"}

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True)
class _Taken:
    """What a request comes to.

    Attributes:
        segments: kind of segment → its lines.
        rows: claims and outcomes that are kept, or wait.
        rejected: records or spans of which something was refused.
        reasons: what is told of it.
    """

    segments: dict[str, list[bytes]]
    rows: int
    rejected: int
    reasons: tuple[str, ...]


def _answered(handler: Handler) -> Handler:
    """A handler whose refusals are answers, in the encoding of the request."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Unacceptable as refused:
            found = refused
        except SpoolBusy as busy:
            found = Unacceptable(429, str(busy), {"Retry-After": "1"})
        except SpoolFull as full:
            found = Unacceptable(503, str(full), {"Retry-After": "60"})
        except LedgerError as error:
            found = Unacceptable(503, str(error), {"Retry-After": "30"})
        except ClientDisconnect:
            raise
        except Exception:
            _log.exception("What an exporter sent could not be kept.")
            found = Unacceptable(500, "It could not be kept; see the server's log.")
        return _refusal(found, _encoding_of(request))

    return answer


@_answered
async def logs(request: Request) -> Response:
    """Take log records: evaluations among them become claims and outcomes."""
    return await _exported(request, "logs")


@_answered
async def traces(request: Request) -> Response:
    """Take spans: annotations on them become claims and outcomes, and models are joined."""
    return await _exported(request, "traces")


async def _exported(request: Request, what: wire.What) -> Response:
    sender = await authorized(request, "ingest")
    encoding = _encoding_of(request)
    if encoding is None:
        raise Unacceptable(415, f"Send Content-Type: {PROTOBUF} or {JSON}.")
    body = await body_of(request)
    try:
        if len(body) > SMALL:
            taken = await run_in_threadpool(_taken, body, what, encoding, sender)
        else:
            taken = _taken(body, what, encoding, sender)
    except wire.TooManyItems as many:
        raise Unacceptable(413, str(many)) from None
    except wire.NotOtlp as error:
        raise Unacceptable(400, str(error)) from None
    kept = [owner.spool().submit(kind, lines) for kind, lines in taken.segments.items()]
    for one in kept:
        await asyncio.wrap_future(one)
    if taken.rows:
        owner.folder().came_in(taken.rows)
    return _success(taken, what, encoding)


def _taken(body: bytes, what: wire.What, encoding: wire.Encoding, sender: str) -> _Taken:
    mapping = owner.otlp_names().now()
    request = wire.read(body, what, encoding)
    found = translate(request, mapping)
    names, dimensions, now = owner.names_of(sender), owner.dimensions(), time.time()
    claims = judged((row.fields for row in found.claims), "claims", names, dimensions)
    outcomes = judged((row.fields for row in found.outcomes), "outcomes", names, dimensions)
    segments: dict[str, list[bytes]] = {}
    rejected: dict[int, str] = {}
    for number, why in request.faults.items():
        rejected[number] = why
        _leave_out(f"a record of /v1/{what}", why)
    for kind, rows, batch in (
        ("claims", found.claims, claims),
        ("outcomes", found.outcomes, outcomes),
    ):
        for row, line in _kept_lines(rows, batch):
            if kind == "claims" and joining.waits(row):
                segments.setdefault(f"{joining.KIND}-{sender}", []).append(
                    joining.claim_line(line, row.of, now)
                )
            else:
                segments.setdefault(f"{kind}-{sender}", []).append(line)
        for refused in batch.refused:
            fault = refused.fault
            why = f"{fault.field}: {fault.reason} ({fault.fix})"
            rejected.setdefault(rows[refused.index].item, why)
            if not refused.quarantined:
                _leave_out(f"a row of {kind}", why)
        metrics.ROWS.labels(sender, kind, "kept").inc(batch.kept)
        metrics.ROWS.labels(sender, kind, "refused").inc(len(batch.refused))
    for one in found.left_out:
        rejected.setdefault(one.item, f"{one.name!r}: {one.reason}")
        _leave_out(one.name, one.reason)
    if request.spans and any(isinstance(one, ConfidenceName) for one in mapping.names.values()):
        spans = map(joining.span_line, request.spans)
        segments.setdefault(f"{joining.KIND}-{sender}", []).extend(spans)
    _count(what, found, claims, outcomes)
    return _Taken(segments, claims.kept + outcomes.kept, len(rejected), _reasons(rejected))


def _kept_lines(rows: Sequence[Row], batch: Batch) -> Iterator[tuple[Row, bytes]]:
    """Each line that is kept with its row; those that cannot be kept have none."""
    gone = {one.index for one in batch.refused if not one.quarantined}
    kept = (row for index, row in enumerate(rows) if index not in gone)
    return zip(kept, batch.lines, strict=True)


def _leave_out(name: str, reason: str) -> None:
    owner.otlp_left_out().add(name, reason, datetime.now(UTC).replace(tzinfo=None))


def _count(what: wire.What, found: Translated, *batches: Batch) -> None:
    for became, n in (
        ("kept", sum(one.kept for one in batches)),
        ("refused", sum(len(one.refused) for one in batches)),
        ("left_out", len(found.left_out)),
        ("ignored", found.ignored),
    ):
        metrics.OTLP.labels(what, became).inc(n)


def _reasons(rejected: dict[int, str]) -> tuple[str, ...]:
    """The reasons, each once, and the first record each was met at."""
    first: dict[str, int] = {}
    for number in sorted(rejected):
        first.setdefault(rejected[number], number)
    told = [f"record {number}: {why}" for why, number in first.items()]
    more = len(told) - MOST_REASONS
    return tuple(told[:MOST_REASONS]) + ((f"and {more:,} more reasons",) if more > 0 else ())


def _encoding_of(request: Request) -> wire.Encoding | None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return _ENCODINGS.get(kind)


def _success(taken: _Taken, what: wire.What, encoding: wire.Encoding) -> Response:
    message = _sendable("; ".join(taken.reasons))
    if encoding == "json":
        partial = {f"rejected{_REJECTED[what]}": str(taken.rejected), "errorMessage": message}
        return JSONResponse({"partialSuccess": partial} if taken.rejected else {})
    answer: Any
    if what == "logs":
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

        answer = ExportLogsServiceResponse()
        answer.partial_success.rejected_log_records = taken.rejected
    else:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceResponse,
        )

        answer = ExportTraceServiceResponse()
        answer.partial_success.rejected_spans = taken.rejected
    answer.partial_success.error_message = message
    if not taken.rejected:
        answer.ClearField("partial_success")
    return Response(answer.SerializeToString(), media_type=PROTOBUF)


def _refusal(refused: Unacceptable, encoding: wire.Encoding | None) -> Response:
    """A `google.rpc.Status` that has a message, as the protocol asks for."""
    message = _sendable(str(refused))
    if encoding != "protobuf":
        return refused.answer(message=message)
    text = message.encode()
    # Field 2, of bytes, with their number in front.
    body = bytes([0x12, *_varint(len(text))]) + text
    return Response(body, status_code=refused.status, media_type=PROTOBUF, headers=refused.headers)


def _varint(number: int) -> Iterator[int]:
    while number > 0x7F:
        yield number & 0x7F | 0x80
        number >>= 7
    yield number


def _sendable(text: str) -> str:
    """Text without what neither encoding can carry: half a character, from a name that was sent."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


routes = [
    Route("/v1/logs", logs, methods=["POST"]),
    Route("/v1/traces", traces, methods=["POST"]),
]
