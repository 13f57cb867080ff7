"""Logging claims and outcomes while the server runs: kept on disk, then answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.intake.batch import Batch, judged
from core.intake.door import Kind
from core.intake.receipts import Outcome, all_known, outcome_of
from core.ledger.errors import LedgerError
from core.spool.segments import Receipt, SpoolBusy, SpoolFull
from dashboard.server import metrics
from dashboard.server import open_ledger as owner
from dashboard.server.routes.requests import SMALL, Unacceptable, authorized, body_of, items

_log = logging.getLogger(__name__)

#: So many seconds a caller who asks to wait does so.
WAIT = 20.0

Handler = Callable[[Request], Coroutine[Any, Any, JSONResponse]]


def _answered(handler: Handler) -> Handler:
    """A handler whose refusals are answers."""

    async def answer(request: Request) -> JSONResponse:
        try:
            return await handler(request)
        except Unacceptable as refused:
            return refused.answer()
        except SpoolBusy as busy:
            return Unacceptable(429, str(busy), {"Retry-After": "1"}).answer()
        except SpoolFull as full:
            return Unacceptable(507, str(full), {"Retry-After": "60"}).answer()
        except LedgerError as error:
            return Unacceptable(503, str(error), {"Retry-After": "5"}).answer()
        except ClientDisconnect:
            raise
        except Exception:
            _log.exception("What was sent could not be kept.")
            return Unacceptable(500, "It could not be kept; see the server's log.").answer()

    return answer


@_answered
async def claims(request: Request) -> JSONResponse:
    """Log claims."""
    return await _logged(request, "claims")


@_answered
async def outcomes(request: Request) -> JSONResponse:
    """Log outcomes."""
    return await _logged(request, "outcomes")


@_answered
async def receipt(request: Request) -> JSONResponse:
    """What became of the rows of a receipt."""
    await authorized(request, "ingest")
    text = request.path_params["receipt"]
    found = Receipt.of(text)
    if found is None or not 0 < found.first <= found.last:
        raise Unacceptable(404, f"{text[:80]!r} is no receipt: those look like 1764000000000:1-20.")
    if _wants_to_wait(request):
        await run_in_threadpool(owner.folder().ask, None, within=WAIT)
    outcome = await run_in_threadpool(_outcome, found)
    if outcome is None:
        raise Unacceptable(
            404,
            f"Nothing is recorded under {found}: it is no receipt of this ledger, or the ledger "
            "had every row of that minute before.",
        )
    return JSONResponse({"receipt": str(found), **outcome.as_json()})


async def _logged(request: Request, kind: Kind) -> JSONResponse:
    sender = await authorized(request, "ingest")
    body = await body_of(request)
    content_type = request.headers.get("content-type", "")
    if len(body) > SMALL:
        batch = await run_in_threadpool(_judged, body, content_type, kind, sender)
    else:
        batch = _judged(body, content_type, kind, sender)
    answer: dict[str, Any] = {
        "received": batch.received,
        "kept": batch.kept,
        "refused": [one.as_json() for one in batch.refused],
        "receipt": None,
    }
    metrics.ROWS.labels(sender, kind, "refused").inc(len(batch.refused))
    if batch.lines:
        # A segment a sender: one that sends percentages puts nobody else's rows in quarantine.
        kept = owner.spool().submit(f"{kind}-{sender}", batch.lines)
        found = await asyncio.wrap_future(kept)
        owner.folder().came_in(len(batch.lines))
        answer["receipt"] = str(found)
        metrics.ROWS.labels(sender, kind, "kept").inc(batch.kept)
        if _wants_to_wait(request):
            await run_in_threadpool(owner.folder().ask, None, within=WAIT)
            outcome = await run_in_threadpool(_outcome, found)
            answer |= {} if outcome is None else {"outcome": outcome.as_json()}
    status = 422 if batch.received and not batch.kept else 200
    return JSONResponse(answer, status_code=status)


def _judged(body: bytes, content_type: str, kind: Kind, sender: str) -> Batch:
    rows, _ = items(body, content_type, f"send one of the {kind}, or a list of them")
    return judged(rows, kind, owner.names_of(sender), owner.dimensions())


def _outcome(found: Receipt) -> Outcome | None:
    outcome = outcome_of(owner.cursor(), Path(owner.path()), found)
    if outcome is None and owner.folder().folded(found.segment):
        return all_known(found)
    return outcome


def _wants_to_wait(request: Request) -> bool:
    return request.query_params.get("wait", "") not in ("", "0", "false")


routes = [
    Route("/api/v1/claims", claims, methods=["POST"]),
    Route("/api/v1/outcomes", outcomes, methods=["POST"]),
    Route("/api/v1/receipts/{receipt}", receipt, methods=["GET"]),
]
