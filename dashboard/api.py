"""Thin HTTP handlers."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core import __version__
from core.store.errors import LedgerError
from dashboard import owner


async def healthz(_request: Request) -> JSONResponse:
    """Whether the server can read its ledger, and how far the ledger has come."""
    try:
        version = await run_in_threadpool(owner.version)
    except LedgerError as error:
        return JSONResponse({"status": "unavailable", "reason": str(error)}, status_code=503)
    return JSONResponse({"status": "ok", "program": __version__, "data_version": version})


routes = [Route("/healthz", healthz)]
