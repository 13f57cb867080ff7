"""The server's log as one JSON object a line, for whoever collects logs of many programs.

What was sent never reaches it: of a request it has the method, the route without what stands in its
place, the status and the time it took; of an exception its kind and where it was raised, and not
its words, which may repeat a row.
"""

from __future__ import annotations

import io
import json
import logging
import re
import secrets
import sys
import threading
import time
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import terminal
from dashboard.pages import PAGES

LEVELS = ("debug", "info", "warning", "error")
HEADER = "X-Request-Id"

_LOG = logging.getLogger("dashboard.requests")
_OURS = ("dashboard", "core", "calledger")
#: As much of a message of somebody else's is written: its first line, and no more than this.
_MOST = 300
_FRAMES = 12
#: Characters of a line that is not ended that are kept until it is.
_LONGEST = 10_000

#: Routes by how their path begins; the rest of it is a name, a receipt or a file.
_BEGINNINGS = (
    "/api/v1/signals/",
    "/api/v1/receipts/",
    "/_stcore/upload_file/",
    "/_stcore/bidi-components/",
    "/component/",
    "/media/",
    "/static/",
)
_WHOLE = re.compile(
    r"/|/(healthz|livez|readyz|metrics|address\.js|favicon\.png)|/api/v1/(claims|outcomes|decide|"
    r"command|signals|openapi\.json)|/_stcore/(stream|health|host-config)|/v1/(logs|traces)|/auth/(login|logout)|"
    r"/oauth2callback|/sign/(start|callback)"
)

_request: ContextVar[str | None] = ContextVar("request", default=None)


class JsonLines(logging.Formatter):
    """One JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        """See the class."""
        ours = record.name.partition(".")[0] in _OURS
        words = record.getMessage() if ours else record.getMessage().split("\n")[0][:_MOST]
        found: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "log": record.name,
            "message": words,
        }
        if (request := _request.get()) is not None:
            found["request"] = request
        found |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])[-_FRAMES:]
            found["error"] = record.exc_info[0].__name__
            found["where"] = [f"{one.filename}:{one.lineno} {one.name}" for one in frames]
        return json.dumps(found, default=str)


def write_json(level: str) -> None:
    """Have all that this process says on standard error written so, its logs from a level on.

    Loggers, Python's warnings, errors that nobody catches, and lines that are printed past them.
    """
    handler = logging.StreamHandler(sys.__stderr__)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers, root.level = [handler], getattr(logging, level.upper())
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("streamlit", "uvicorn"):
            log = logging.getLogger(name)
            log.handlers, log.propagate = [], True
    logging.setLoggerClass(_MadeLater)
    logging.captureWarnings(True)
    uncaught = logging.getLogger("uncaught")
    sys.excepthook = lambda *found: uncaught.critical("The process ended.", exc_info=found)
    sys.unraisablehook = lambda found: uncaught.error(
        "An error could not be raised.",
        exc_info=(found.exc_type, found.exc_value or found.exc_type(), found.exc_traceback),
    )
    threading.excepthook = lambda found: uncaught.error(
        "A thread ended.",
        exc_info=(found.exc_type, found.exc_value or found.exc_type(), found.exc_traceback),
    )
    sys.stderr = _Lines(logging.getLogger("stderr"))
    terminal.errors_to(logging.getLogger("calledger").error)


class _MadeLater(logging.Logger):
    """A logger that hands all it has to the root's handler.

    Streamlit gives each of its own a handler and cuts it off, many only when a page is opened.
    """

    def addHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802 (of logging)
        if type(hdlr) is logging.StreamHandler:
            self.propagate = True
        else:
            super().addHandler(hdlr)


class _Lines(io.TextIOBase):
    """Standard error for what writes to it directly: each line is a record of a log."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        # What each thread has begun and not ended.
        self._begun: dict[int, str] = {}

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        # For what writes there without Python, such as a crash.
        assert sys.__stderr__ is not None
        return sys.__stderr__.fileno()

    def write(self, text: str) -> int:
        thread = threading.get_ident()
        *lines, rest = (self._begun.pop(thread, "") + text).split("\n")
        if rest:
            self._begun[thread] = rest[:_LONGEST]
        for line in lines:
            if line.strip():
                self._log.warning("%s", line)
        return len(text)


class Requests:
    """Gives each request an id, and logs what became of it; the outermost middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] not in ("http", "websocket") or not _LOG.isEnabledFor(logging.INFO):
            await self._app(scope, receive, send)
            return
        id_, begun, status = secrets.token_hex(8), time.monotonic(), 500
        token = _request.set(id_)

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", [])
                MutableHeaders(scope=message)[HEADER] = id_
            elif message["type"] == "websocket.accept":
                status = 101
            elif message["type"] == "websocket.close" and status != 101:
                status = 403
            await send(message)

        try:
            await self._app(scope, receive, seen)
        finally:
            fields = {
                "method": scope.get("method", "WEBSOCKET"),
                "route": route_of(scope["path"]),
                "status": status,
                "ms": round((time.monotonic() - begun) * 1000, 1),
            }
            _LOG.info("request", extra={"fields": fields})
            _request.reset(token)


def route_of(path: str) -> str:
    """The route that a path belongs to, without what stands in its place."""
    if _WHOLE.fullmatch(path) or path.removeprefix("/") in PAGES:
        return path
    return next((f"{one}…" for one in _BEGINNINGS if path.startswith(one)), "another")
