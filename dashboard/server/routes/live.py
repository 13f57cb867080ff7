"""Logging claims, outcomes and hand-offs while the server runs: kept on disk, then answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.ingest.file_mapping import FileMapping
from core.intake.batch import Batch, Refusal, judged
from core.intake.formats.chosen import named_format
from core.intake.formats.reading import said_of
from core.intake.formats.sent import sent_scores
from core.intake.receipts import Outcome, all_known, outcome_of, together
from core.intake.row_kinds import Kind
from core.intake.said_rows import said_rows
from core.ledger.errors import LedgerError, UnusableFile
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
async def handoffs(request: Request) -> JSONResponse:
    """Log where cases went to people."""
    return await _logged(request, "handoffs")


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
    using = request.query_params.get("using")
    if len(body) > SMALL or using is not None:
        taken = await run_in_threadpool(_taken, body, content_type, kind, sender, using)
    else:
        taken = _taken(body, content_type, kind, sender, None)
    refused = sorted((one for each in taken.batches.values() for one in each.refused), key=_index)
    answer: dict[str, Any] = {
        "received": taken.received,
        "kept": taken.kept,
        "refused": [one.as_json() for one in refused],
        "receipt": None,
    }
    if using is not None:
        answer["left_out"] = taken.left_out
    found: list[Receipt] = []
    for of, batch in taken.batches.items():
        metrics.ROWS.labels(sender, of, "refused").inc(len(batch.refused))
        if batch.lines:
            # A segment a sender: one that sends percentages puts nobody else's rows in quarantine.
            kept = owner.spool().submit(f"{of}-{sender}", batch.lines)
            found.append(await asyncio.wrap_future(kept))
            owner.folder().came_in(len(batch.lines))
            metrics.ROWS.labels(sender, of, "kept").inc(batch.kept)
    if found:
        answer["receipt"] = str(found[0])
        if len(found) > 1:
            answer["receipts"] = [str(one) for one in found]
    if found and _wants_to_wait(request):
        await run_in_threadpool(owner.folder().ask, None, within=WAIT)
        became = [await run_in_threadpool(_outcome, one) for one in found]
        outcome = together([one for one in became if one is not None])
        answer |= {} if outcome is None else {"outcome": outcome.as_json()}
    status = 422 if refused and not taken.kept else 200
    return JSONResponse(answer, status_code=status)


@dataclass(frozen=True)
class _Taken:
    """What a request comes to.

    Attributes:
        batches: its rows by their kind.
        left_out: rows that were not asked for by the mapping.
    """

    batches: Mapping[Kind, Batch]
    left_out: int = 0

    @property
    def received(self) -> int:
        return self.left_out + sum(one.received for one in self.batches.values())

    @property
    def kept(self) -> int:
        return sum(one.kept for one in self.batches.values())


def _taken(body: bytes, content_type: str, kind: Kind, sender: str, using: str | None) -> _Taken:
    rows, _ = items(body, content_type, f"send one of the {kind}, or a list of them")
    names, dimensions = owner.names_of(sender), owner.dimensions()
    if using is None:
        return _Taken({kind: judged(rows, kind, names, dimensions)})
    try:
        how = owner.kept_mapping(using)
    except LedgerError as error:
        raise Unacceptable(404, str(error)) from None
    try:
        return _taken_so(rows, kind, sender, how)
    except UnusableFile as error:
        raise Unacceptable(400, str(error)) from None


def _taken_so(rows: list[object], kind: Kind, sender: str, how: FileMapping) -> _Taken:
    """Rows that are read by a mapping that is kept beside the ledger.

    Raises:
        UnusableFile: the mapping cannot be used.
        LedgerError: that of OpenTelemetry's names cannot be read.
    """
    names, dimensions = owner.names_of(sender), owner.dimensions()
    if not how.scores:
        said = said_rows(rows, how, owner.cursor())
        batch = judged(said.rows, kind, names, dimensions)
        return _Taken({kind: batch.placed(said.places)}, said.left_out)
    known = named_format(how)
    if known is None or kind != "claims":
        raise UnusableFile(
            "A mapping of another tool's scores names its format, and is used on /api/v1/claims."
        )
    scores = sent_scores(rows, known, said_of(how, owner.otlp_names().now()))
    batches = {
        of: judged(scores.rows[of], of, names, dimensions).placed(scores.places[of])
        for of in scores.rows
    }
    return _Taken(batches, scores.left_out)


def _index(refused: Refusal) -> int:
    return refused.index


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
    Route("/api/v1/handoffs", handoffs, methods=["POST"]),
    Route("/api/v1/receipts/{receipt}", receipt, methods=["GET"]),
]
