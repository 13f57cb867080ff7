"""Thin HTTP handlers."""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core import __version__
from core.govern import tokens
from core.govern.decisions import decide_logged
from core.govern.gate import Question
from core.store.errors import LedgerError
from dashboard import owner
from dashboard.openapi import DOCUMENT
from dashboard.settings import TOKEN_VARIABLE

#: The most that a request may carry.
BODY_LIMIT = 8 * 1024 * 1024


class Unacceptable(Exception):  # noqa: N818 (reads as what is the matter)
    """A request that is refused, with its HTTP status and a sentence."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status

    def answer(self) -> JSONResponse:
        """The refusal as it is sent."""
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else None
        return JSONResponse({"error": str(self)}, status_code=self.status, headers=headers)


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
    """The gate's answer for one question, or one for each of many, logged before it is given."""
    try:
        await run_in_threadpool(_authorized, request.headers.get("authorization"), "decide")
        asked, many = _objects(await _body(request), request.headers.get("content-type", ""))
    except Unacceptable as refused:
        return refused.answer()
    answers = await run_in_threadpool(_decided, asked)
    return JSONResponse(answers if many else answers[0])


def _decided(asked: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    questions = [Question.of(one) for one in asked]
    decisions = decide_logged(owner.gate(), owner.log(), questions)
    return [one.as_json() for one in decisions]


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


def _objects(body: bytes, content_type: str) -> tuple[list[dict[str, Any]], bool]:
    """The JSON objects of a body, and whether it was a list of them."""
    try:
        text = body.decode("utf-8")
        if "ndjson" in content_type or "jsonl" in content_type:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
            many = True
        else:
            read = json.loads(text)
            many = isinstance(read, list)
            found = read if isinstance(read, list) else [read]
    except (ValueError, RecursionError) as error:
        raise Unacceptable(400, f"The body is not JSON: {error}.") from None
    for index, one in enumerate(found):
        if not isinstance(one, dict):
            raise Unacceptable(400, f"Item {index} is not a JSON object: {str(one)[:80]!r}.")
    return found, many


routes = [
    Route("/healthz", healthz),
    Route("/api/v1/openapi.json", openapi),
    Route("/api/v1/decide", decide, methods=["POST"]),
]
