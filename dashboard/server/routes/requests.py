"""What the HTTP handlers share: who asks, what was sent, and refusals."""

from __future__ import annotations

import hmac
import os
import zlib
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from core.gate.questions import json_value
from core.intake.refused import NotRead
from core.ledger.errors import LedgerError
from dashboard.server import open_ledger as owner
from dashboard.server.settings import TOKEN_VARIABLE

#: The most that a request may carry, also once it is unpacked.
BODY_LIMIT = 8 * 1024 * 1024
#: A body that is larger is read in a thread, so that nobody else waits for it.
SMALL = 20_000
#: The id of the token by which commands of the same user ask.
LOCAL = "local"

_TOO_LARGE = f"A request carries at most {BODY_LIMIT // 1024**2} MB; send it in parts."


class Unacceptable(Exception):  # noqa: N818 (reads as what is the matter)
    """A request that is refused, with its HTTP status and a sentence.

    Attributes:
        status: of HTTP.
        headers: that the answer has besides.
    """

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = {401: {"WWW-Authenticate": "Bearer"}}.get(status, {}) | dict(headers or {})

    def answer(self, **more: Any) -> JSONResponse:
        """The refusal as it is sent: the error, and whatever else the caller has to know."""
        body = {"error": str(self), **more}
        return JSONResponse(body, status_code=self.status, headers=self.headers)


async def authorized(request: Request, scope: str) -> str:
    """The id of the token that a request carries.

    Raises:
        Unacceptable: it carries none that is known, or that has the scope.
    """
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    if kind.lower() != "bearer" or not secret:
        raise Unacceptable(
            401, "Send a token: Authorization: Bearer …; make one with: calledger token create."
        )
    own = os.environ.get(TOKEN_VARIABLE, "")
    if own and hmac.compare_digest(own.encode(), secret.encode("utf-8", "replace")):
        return LOCAL
    grants = owner.grants()
    try:
        token = grants.known(secret) or await run_in_threadpool(grants.look_up, secret)
    except (LedgerError, OSError) as error:
        # What a token may stands in the trail; from one that is broken nobody may anything.
        raise Unacceptable(503, str(error)) from None
    if token is None:
        raise Unacceptable(401, "This token is unknown or was revoked.")
    if scope not in token.scopes:
        raise Unacceptable(
            403, f"This token does not have the scope {scope}; it has: {', '.join(token.scopes)}."
        )
    return token.token_id


def person_of(token_id: str) -> str | None:
    """Who acts by a token: who gave it out; None: whoever of this machine asks.

    Raises:
        Unacceptable: they have left.
    """
    if token_id == LOCAL:
        return None
    state = owner.office().state()
    sub = state.tokens[token_id].given_by
    if sub not in state.people or state.people[sub].status == "left":
        raise Unacceptable(403, "Whoever gave this token out has left: nobody acts by it.")
    return sub


async def body_of(request: Request) -> bytes:
    """What a request carries, unpacked.

    Raises:
        Unacceptable: it is too large, or packed in a way that is not known or damaged.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise Unacceptable(
            415, f"Content-Encoding {encoding!r} is not known: send gzip, or the body as it is."
        )
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_LIMIT:
            raise Unacceptable(413, _TOO_LARGE)
        parts.append(part)
    body = b"".join(parts)
    return await run_in_threadpool(_unpacked, body) if encoding == "gzip" else body


def _unpacked(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        found = unpacker.decompress(body, BODY_LIMIT + 1)
    except zlib.error as error:
        raise Unacceptable(400, f"The body is not gzip, as its header says: {error}.") from None
    if len(found) > BODY_LIMIT:
        raise Unacceptable(413, f"{_TOO_LARGE} This one has more once it is unpacked.")
    if not unpacker.eof or unpacker.unused_data:
        raise Unacceptable(400, "The body is not one whole gzip stream: send it again.")
    return found


def items(body: bytes, content_type: str, what: str) -> tuple[list[object], bool]:
    """The items of a body, and whether it was a list of them.

    One that is no JSON costs itself alone, wherever it can be told from the others: `NotRead`
    stands in its place.

    Args:
        body: JSON, or one JSON text a line.
        content_type: as it was sent.
        what: was asked for, in a sentence.

    Raises:
        Unacceptable: it is no JSON, or neither an object nor a list.
    """
    if "ndjson" in content_type or "jsonl" in content_type:
        # Lines end with \n and nothing else: text may hold other characters that break lines.
        lines = (line for line in body.split(b"\n") if line.strip(b" \t\r"))
        return [_of_line(line) for line in lines], True
    try:
        read = json_value(body)
    except ValueError as error:
        raise Unacceptable(
            400,
            f"The body is not JSON: {error}. One JSON object a line is sent as "
            "Content-Type: application/x-ndjson.",
        ) from None
    if isinstance(read, list):
        return read, True
    if not isinstance(read, dict):
        raise Unacceptable(400, f"The body is neither a JSON object nor a list of them: {what}.")
    return [read], False


def _of_line(line: bytes) -> object:
    try:
        return json_value(line)
    except ValueError as error:
        return NotRead(f"The line is not JSON: {error}.")
