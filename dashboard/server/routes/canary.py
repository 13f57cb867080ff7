"""A canary round over HTTP: asked elsewhere, recorded and judged here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.gate.questions import json_value
from core.governance.bodies.refusal import Refused
from core.governance.perform import Office
from core.ledger.errors import LedgerError
from core.monitoring.canary import RoundAsked, RowsRefused, UnknownVersion, asked_version, record
from core.monitoring.canary_rows import results_of, sound
from core.monitoring.rounds import rounds
from core.trail.fingerprint import FIELDS, Fingerprint
from core.views.shared.canary import canary_lines
from dashboard.server import open_ledger as owner
from dashboard.server.routes.requests import Unacceptable, authorized, body_of

_log = logging.getLogger(__name__)


async def canary(request: Request) -> JSONResponse:
    """Record a round; the same one twice changes nothing."""
    try:
        await authorized(request, "ingest")
        body = await body_of(request)
        return await run_in_threadpool(_recorded, body)
    except Unacceptable as refused:
        return refused.answer()
    except LedgerError as error:
        return Unacceptable(503, str(error), {"Retry-After": "5"}).answer()
    except ClientDisconnect:
        raise
    except Exception:
        _log.exception("A canary round could not be recorded.")
        return Unacceptable(500, "It could not be recorded; see the server's log.").answer()


def _recorded(body: bytes) -> JSONResponse:
    sent = _sent(body)
    office = owner.office()
    signal = _text(sent, "signal")
    if signal is None:
        raise Unacceptable(422, "signal is missing: say whose kept inputs were asked.")
    results = sent.get("results")
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise Unacceptable(
            422, "results is no list of objects: one for each input, with input_id and confidence."
        )
    try:
        named = Fingerprint.of({name: _text(sent, name) for name in FIELDS})
        version = asked_version(office, signal, named)
        asked = RoundAsked(
            signal,
            version,
            _asked_at(office, sent),
            results_of(results),
            _text(sent, "round") or "",
        )
        taken = record(office, asked)
    except RowsRefused as rows:
        refused = [one.as_json() for one in rows.refused]
        raise _NotTaken(refused) from None
    except (Refused, UnknownVersion) as refusal:
        # Nothing is wrong with what was sent; it does not fit what the ledger holds.
        raise Unacceptable(409, str(refusal)) from None
    rounds(office)
    line = next(one for one in canary_lines(office.state(), [signal]) if one.fingerprint == version)
    return JSONResponse(
        {
            "round": taken.round.name,
            "known": taken.known,
            "n_asked": taken.round.n_asked,
            "n_failed": taken.round.n_failed,
            "failures": dict(taken.failures),
            "refused": [],
            "canary": line.as_json(),
        }
    )


class _NotTaken(Unacceptable):
    """Rows that cannot be used, named in the answer."""

    def __init__(self, refused: list[dict[str, Any]]) -> None:
        super().__init__(422, "Nothing was recorded: fix the refused rows and send them all again.")
        self._refused = refused

    def answer(self, **more: Any) -> JSONResponse:
        return super().answer(refused=self._refused, **more)


def _sent(body: bytes) -> Mapping[str, Any]:
    try:
        sent = json_value(body)
    except ValueError as error:
        raise Unacceptable(400, f"The body is not JSON: {error}.") from None
    if not isinstance(sent, dict):
        raise Unacceptable(400, "The body is no JSON object: send signal and results.")
    return sent


def _text(sent: Mapping[str, Any], name: str) -> str | None:
    value = sent.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Unacceptable(422, f"{name} must be text, not {str(value)[:80]!r}.")
    return sound(value)


def _asked_at(office: Office, sent: Mapping[str, Any]) -> datetime:
    said = _text(sent, "asked_at")
    if said is None:
        return office.now()
    try:
        at = datetime.fromisoformat(said)
        if at.tzinfo is not None:
            at = at.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise Unacceptable(
            422, f"asked_at must be a time like 2026-11-28T09:30:00Z, not {said[:80]!r}."
        ) from None
    return at


routes = [Route("/api/v1/canary", canary, methods=["POST"])]
