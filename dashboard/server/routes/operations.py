"""What those who run the server ask it: whether it lives, whether it is ready, and how it does."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.ledger.errors import LedgerError, LedgerNewer
from core.ledger.migrations import applied_version, known_migrations
from core.trail import log as trail
from core.trail.checkpoints import time_stamps
from core.trail.checkpoints.anchors import authorities_of, beside_path
from core.upkeep.take import backed_up_path
from dashboard.server import metrics
from dashboard.server import open_ledger as owner
from dashboard.server.routes.requests import Unacceptable, authorized

#: Folds that fail one after another until the server is no longer ready.
FAILED_FOLDS = 3
#: Seconds that what came in may wait to be folded; a fold is due each minute.
FOLDED_WITHIN = 600.0


async def livez(_request: Request) -> JSONResponse:
    """That the process answers; it looks at nothing, so a busy disk is no reason to restart it."""
    return JSONResponse({"status": "ok"})


async def readyz(_request: Request) -> JSONResponse:
    """Whether it can do its work, else what stands against it, by name alone: anybody may ask."""
    reasons = await run_in_threadpool(not_ready)
    if reasons:
        return JSONResponse({"status": "not ready", "reasons": reasons}, status_code=503)
    return JSONResponse({"status": "ready", "reasons": []})


def not_ready() -> list[str]:
    """What keeps the server from its work: `ledger`, `schema`, `spool`, `folding`."""
    try:
        with owner.cursor() as cursor:
            if applied_version(cursor) != known_migrations()[-1].version:
                return ["schema"]
        owner.version()
    except (LedgerNewer, LookupError):
        return ["schema"]
    except (LedgerError, duckdb.Error, OSError):
        # Without it there is neither spool nor fold.
        return ["ledger"]
    found = [] if owner.spool().takes() else ["spool"]
    oldest, folder = owner.spool().standing().oldest, owner.folder()
    late = oldest is not None and time.time() - oldest > FOLDED_WITHIN
    if late or folder.failed_in_a_row >= FAILED_FOLDS:
        found.append("folding")
    return found


async def told(request: Request) -> Response:
    """The metrics, in the text format of Prometheus."""
    try:
        await authorized(request, "read")
        text = await run_in_threadpool(_measured)
    except Unacceptable as refused:
        return refused.answer()
    except (LedgerError, duckdb.Error) as error:
        return Unacceptable(503, str(error)).answer()
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _measured() -> bytes:
    standing = owner.spool().standing()
    metrics.SPOOL_WAITING.set(standing.waiting)
    metrics.SPOOL_HELD.set(standing.held)
    metrics.SPOOL_OLDEST.set(_age(standing.oldest) if standing.oldest is not None else 0)
    metrics.SPOOL_SET_ASIDE.set(standing.failed)
    with owner.cursor() as cursor:
        metrics.TRAIL_ENTRIES.set(trail.size(cursor))
    metrics.CHECKPOINT_AGE.set(_age_of(beside_path(owner.path())))
    metrics.BACKUP_AGE.set(_age_of(backed_up_path(owner.path())))
    _time_stamps(Path(owner.path()))
    metrics.READY.set(not not_ready())
    return generate_latest(metrics.REGISTRY)


def _time_stamps(ledger: Path) -> None:
    """The age of each authority's newest stamp; what is said of them elsewhere stops no metric."""
    metrics.TIME_STAMP_AGE.clear()
    try:
        named = authorities_of(ledger)
    except LedgerError:
        return
    for authority in named:
        last, age = time_stamps.newest(ledger, authority), math.nan
        with suppress(time_stamps.StampError):
            if last is not None:
                age = _age(last.at.replace(tzinfo=UTC).timestamp())
        # Its address may hold a password.
        host = urlsplit(authority.url).netloc.rpartition("@")[2]
        metrics.TIME_STAMP_AGE.labels(host).set(age)


def _age_of(path: Path) -> float:
    """Seconds since a file was written; NaN: there is none."""
    try:
        return _age(path.stat().st_mtime)
    except OSError:
        return math.nan


def _age(of: float) -> float:
    # The clock may have been set back.
    return max(0.0, time.time() - of)


routes = [
    Route("/livez", livez, methods=["GET"]),
    Route("/readyz", readyz, methods=["GET"]),
    Route("/metrics", told, methods=["GET"]),
]
