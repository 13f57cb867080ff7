"""Thin HTTP handlers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core import __version__
from core.gate.decision_log import not_logged
from core.gate.gate import Decision, refusal
from core.gate.questions import Question
from core.governance.replay import TrailBroken
from core.intake.refused import NotRead
from core.ledger.errors import LedgerError
from core.views.shared.signal_status import signal_statuses
from dashboard.server import metrics
from dashboard.server import open_ledger as owner
from dashboard.server.routes import canary, live, operations, otlp
from dashboard.server.routes.openapi import DOCUMENT
from dashboard.server.routes.requests import SMALL, Unacceptable, authorized, body_of, items

_log = logging.getLogger(__name__)


async def healthz(_request: Request) -> JSONResponse:
    """Whether the server can read its ledger, and how far the ledger has come."""
    try:
        version = await run_in_threadpool(owner.version)
    except LedgerError as error:
        return JSONResponse({"status": "unavailable", "reason": str(error)}, status_code=503)
    return JSONResponse({"status": "ok", "program": __version__, "data_version": version})


async def openapi(_request: Request) -> JSONResponse:
    """What this server can be asked, for programs."""
    return JSONResponse(DOCUMENT)


async def decide(request: Request) -> JSONResponse:
    """The gate's answer for one question, or one for each of many, logged before it is given.

    Whatever happens, the body says an action and the reason.
    """
    try:
        if request.method != "POST":
            raise Unacceptable(405, "Questions are asked with POST.", {"Allow": "POST"})
        await authorized(request, "decide")
        body, kind = await body_of(request), request.headers.get("content-type", "")
        with metrics.DECIDE_SECONDS.time():
            decisions, many = await _decided(body, kind)
        for one in decisions:
            metrics.DECISIONS.labels(one.action).inc()
        answers = [one.as_json() for one in decisions]
        return JSONResponse(answers if many else answers[0])
    except Unacceptable as refused:
        return _careful(refused)
    except LedgerError as error:
        return _careful(Unacceptable(503, str(error)))
    except ClientDisconnect:
        raise
    except Exception:
        _log.exception("A question could not be answered.")
        return _careful(
            Unacceptable(500, "The question could not be answered; see the server's log.")
        )


def _careful(refused: Unacceptable) -> JSONResponse:
    """A refusal with what the caller has to do all the same."""
    return refused.answer(**refusal(f"Fails closed: {refused}"))


async def signals(request: Request) -> JSONResponse:
    """Every signal's standing verdict and validation; of one signal where the path names it."""
    name = request.path_params.get("name")
    try:
        await authorized(request, "read")
        return await run_in_threadpool(_statuses, name)
    except Unacceptable as refused:
        return refused.answer()
    except LedgerError as error:
        return Unacceptable(503, str(error)).answer()


def _statuses(name: str | None) -> JSONResponse:
    now = owner.office().clock()
    try:
        state = owner.office().state()
    except TrailBroken:
        state = None
    found = signal_statuses(owner.cursor(), state, now, only=name)
    if name is None:
        return JSONResponse({"as_of": f"{now.isoformat()}Z", "signals": list(found.values())})
    if name not in found:
        raise Unacceptable(404, f"There is no signal {name!r} that stated a confidence.")
    return JSONResponse({"as_of": f"{now.isoformat()}Z", **found[name]})


async def to_label(request: Request) -> Response:
    """The drawn claims of a signal that nobody has labelled, as the page hands them out.

    Scope ``ingest``: whoever brings labels in reads which are asked for.
    """
    name = request.path_params["name"]
    try:
        await authorized(request, "ingest")
        content = await run_in_threadpool(_to_label, name)
    except Unacceptable as refused:
        return refused.answer()
    except LedgerError as error:
        return Unacceptable(503, str(error)).answer()
    return Response(content, media_type="text/csv")


def _to_label(name: str) -> bytes:
    # Only who asks for it pays for loading pandas.
    from core.text.spreadsheet import csv_of
    from core.views.review.label_plan.plan import NothingDrawn, to_label_rows

    with owner.cursor() as cursor:
        try:
            return csv_of(to_label_rows(cursor, name))
        except NothingDrawn as error:
            raise Unacceptable(404, str(error)) from None


async def _decided(body: bytes, content_type: str) -> tuple[Sequence[Decision], bool]:
    """The answers, and whether a list of questions was asked; on disk, or closed.

    Where nothing has to be read, a few are worked out here: to hand them to a thread and back takes
    longer than the answer.
    """
    at_hand = owner.gate().at_hand() if len(body) <= SMALL else None
    if at_hand is not None:
        decisions, many = _worked_out(body, content_type, at_hand)
    else:
        decide = owner.gate().decide
        decisions, many = await run_in_threadpool(_worked_out, body, content_type, decide)
    if not decisions:
        return decisions, many
    try:
        if at_hand is not None:
            await owner.answers().write(decisions)
        else:
            await asyncio.wrap_future(owner.log().submit(decisions))
    except Exception:
        return not_logged(decisions), many
    return decisions, many


def _worked_out(
    body: bytes, content_type: str, decide: Callable[[Question], Decision]
) -> tuple[list[Decision], bool]:
    found, many = items(body, content_type, "ask one question, or a list of them")
    questions = [
        Question.without(one.reason) if isinstance(one, NotRead) else Question.of(one)
        for one in found
    ]
    return [decide(one) for one in questions], many


class _Text(PathConvertor):
    """Any text: what the framework calls a path ends at a line break, and a name need not."""

    regex = "(?s:.*)"


register_url_convertor("text", _Text())

routes = [
    Route("/healthz", healthz),
    Route("/api/v1/openapi.json", openapi),
    Route("/api/v1/signals", signals, methods=["GET"]),
    Route("/api/v1/signals/{name:text}", signals, methods=["GET"]),
    Route("/api/v1/labels/{name:text}", to_label, methods=["GET"]),
    # Every method, so that whoever uses a wrong one reads an action as well.
    Route("/api/v1/decide", decide, methods=["POST", "GET", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    *canary.routes,
    *live.routes,
    *operations.routes,
    *otlp.routes,
]
