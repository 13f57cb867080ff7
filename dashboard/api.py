"""Thin HTTP handlers."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core import __version__
from dashboard import owner


async def healthz(_request: Request) -> JSONResponse:
    """Whether the server can read its ledger, and how far the ledger has come."""
    version = await run_in_threadpool(owner.version)
    return JSONResponse({"status": "ok", "program": __version__, "data_version": version})


routes = [Route("/healthz", healthz)]
