"""Thin HTTP handlers."""

from __future__ import annotations

import hmac
import logging
import os

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core import __version__
from core.gate.decision_log import decide_logged
from core.gate.gate import refusal
from core.gate.questions import Question, json_value
from core.governance import api_tokens as tokens
from core.governance.replay import TrailBroken
from core.ledger.errors import LedgerError
from core.views.review.signal_status import signal_statuses
from dashboard.server import open_ledger as owner
from dashboard.server.openapi import DOCUMENT
from dashboard.server.settings import TOKEN_VARIABLE

_log = logging.getLogger(__name__)

#: The most that a request may carry.
BODY_LIMIT = 8 * 1024 * 1024


class Unacceptable(Exception):  # noqa: N818 (reads as what is the matter)
    """A request that is refused, with its HTTP status and a sentence."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status

    def answer(self) -> JSONResponse:
        """The refusal as it is sent: the error, and what the caller has to do all the same."""
        headers = {401: {"WWW-Authenticate": "Bearer"}, 405: {"Allow": "POST"}}.get(self.status)
        body = {"error": str(self), **refusal(f"Fails closed: {self}")}
        return JSONResponse(body, status_code=self.status, headers=headers)


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
            raise Unacceptable(405, "Questions are asked with POST.")
        await run_in_threadpool(_authorized, request.headers.get("authorization"), "decide")
        body, kind = await _body(request), request.headers.get("content-type", "")
        return await run_in_threadpool(_decided, body, kind)
    except Unacceptable as refused:
        return refused.answer()
    except LedgerError as error:
        return Unacceptable(503, str(error)).answer()
    except ClientDisconnect:
        raise
    except Exception:
        _log.exception("A question could not be answered.")
        return Unacceptable(
            500, "The question could not be answered; see the server's log."
        ).answer()


async def signals(request: Request) -> JSONResponse:
    """Every signal's standing verdict and validation; of one signal where the path names it."""
    name = request.path_params.get("name")
    try:
        await run_in_threadpool(_authorized, request.headers.get("authorization"), "read")
        return await run_in_threadpool(_statuses, name)
    except Unacceptable as refused:
        return JSONResponse({"error": str(refused)}, status_code=refused.status)
    except LedgerError as error:
        return JSONResponse({"error": str(error)}, status_code=503)


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


def _decided(body: bytes, content_type: str) -> JSONResponse:
    questions, many = _questions(body, content_type)
    decisions = decide_logged(owner.gate(), owner.log(), questions)
    answers = [one.as_json() for one in decisions]
    return JSONResponse(answers if many else answers[0])


def _authorized(header: str | None, scope: str) -> None:
    """Raises `Unacceptable` unless the header carries a token with the scope."""
    kind, _, secret = (header or "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        raise Unacceptable(
            401, "Send a token: Authorization: Bearer …; make one with: calledger token create."
        )
    own = os.environ.get(TOKEN_VARIABLE, "")
    if own and hmac.compare_digest(own.encode(), secret.strip().encode()):
        return
    try:
        allowed = tokens.scopes_of(owner.cursor(), owner.office().state(), secret.strip())
    except LedgerError as error:
        # What a token may stands in the trail; from one that is broken nobody may anything.
        raise Unacceptable(503, str(error)) from None
    if not allowed:
        raise Unacceptable(401, "This token is unknown or was taken back.")
    if scope not in allowed:
        raise Unacceptable(403, f"This token does not have the scope {scope}.")


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_LIMIT:
            raise Unacceptable(
                413, f"A request carries at most {BODY_LIMIT // 1024**2} MB; send it in parts."
            )
        parts.append(part)
    return b"".join(parts)


def _questions(body: bytes, content_type: str) -> tuple[list[Question], bool]:
    """The questions of a body, and whether it was a list of them.

    One that cannot be read costs itself alone, wherever it can be told from the others.
    """
    if "ndjson" in content_type or "jsonl" in content_type:
        # Lines end with \n and nothing else: text may hold other characters that break lines.
        lines = (line for line in body.split(b"\n") if line.strip(b" \t\r"))
        return [_of_line(line) for line in lines], True
    try:
        read = json_value(body)
    except ValueError as error:
        raise Unacceptable(400, f"The body is not JSON: {error}.") from None
    if isinstance(read, list):
        return [Question.of(one) for one in read], True
    if not isinstance(read, dict):
        raise Unacceptable(400, "The body is neither a JSON object nor a list of them.")
    return [Question.of(read)], False


def _of_line(line: bytes) -> Question:
    try:
        return Question.of(json_value(line))
    except ValueError as error:
        return Question.without(f"The line is not JSON: {error}.")


routes = [
    Route("/healthz", healthz),
    Route("/api/v1/openapi.json", openapi),
    Route("/api/v1/signals", signals, methods=["GET"]),
    Route("/api/v1/signals/{name:path}", signals, methods=["GET"]),
    # Every method, so that whoever uses a wrong one reads an action as well.
    Route("/api/v1/decide", decide, methods=["POST", "GET", "PUT", "PATCH", "DELETE", "OPTIONS"]),
]
