"""Who may knock: the host and origin of every request, and the policies of every answer.

A page that a browser shows from elsewhere can send requests here: under a foreign name that it
had resolved to this machine (DNS rebinding), or from another port of this machine. Both say so in
``Host`` and ``Origin``, which no page can choose. Programs send no ``Origin``.

Pure ASGI: Starlette's ``BaseHTTPMiddleware`` lets web sockets pass unseen.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import logging
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.gate import gate
from dashboard.server.hosts import Server, host_name, is_host, known, own_hosts

#: Streamlit's routes for its developers and for programs; no page of ours needs one.
CLOSED = ("/_stcore/metrics", "/_stcore/script-health-check", "/_stcore/agent")

#: Whoever asks here does what the answer's action says, so a refusal carries the careful one.
DECIDE = "/api/v1/decide"

#: Different refusals of web sockets in the log; whoever asks chooses the words, so not without end.
MOST_TOLD = 20

_LOG = logging.getLogger(__name__)
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@dataclass(frozen=True)
class NotLetIn:
    """Why a request is not let in.

    Attributes:
        status: of HTTP.
        reason: a sentence or two, with the fix.
    """

    status: int
    reason: str


class Perimeter:
    """Lets in requests for a known host that no foreign page sent; the outermost middleware."""

    def __init__(self, app: ASGIApp, named: Iterable[str] = ()) -> None:
        """Wrap an app.

        Args:
            named: the hosts that the operator names besides this machine's own, see `host_name`.
        """
        self._app = app
        self._named = frozenset(map(host_name, named))
        self._told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse, one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refused = refusal(scope, self._named)
        if scope["type"] == "websocket":
            if refused is None:
                await self._app(scope, receive, send)
            else:
                self._tell(refused.reason)
                # Before the handshake is answered, this is HTTP's 403.
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        # Only a host that is known is repeated in the policy.
        policy = _headers(Headers(scope=scope)["host"] if refused is None else None)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                MutableHeaders(scope=message).update(policy)
            await send(message)

        answer = self._app if refused is None else _answer(scope["path"], refused)
        await answer(scope, receive, guarded)

    def _tell(self, reason: str) -> None:
        """Say in the log, once, what no browser shows of a web socket that was refused.

        Else a page behind a proxy that is set wrong stays empty without a word.
        """
        if reason not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(reason)
            _LOG.warning("A page's web socket was refused. %s", reason)


def refusal(scope: Scope, named: Collection[str]) -> NotLetIn | None:
    """Why a request is refused; None where it is let in.

    Args:
        scope: an ASGI scope of type "http" or "websocket".
        named: hosts the operator names, as `host_name` writes them.
    """
    headers = Headers(scope=scope)
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    server = scope.get("server")
    if len(hosts) != 1 or not known(hosts[0], server, named):
        return NotLetIn(403, _unknown_host(hosts, server))
    if any(origin not in _own_origins(hosts[0]) for origin in origins):
        return NotLetIn(
            403,
            "A page from elsewhere asked for this, and only this server's own pages may. "
            "A program sends no Origin header; a proxy passes on the Host that the browser "
            "asked for, which --allowed-host names.",
        )
    if not origins and _from_elsewhere(scope, headers):
        return NotLetIn(
            403,
            "A page from elsewhere asked for this; it may link here, and do no more. Open the "
            "address in a window of its own.",
        )
    if any(_under(scope["path"], closed) for closed in CLOSED):
        return NotLetIn(404, "There is no such page.")
    return None


def _unknown_host(hosts: list[str], server: Server) -> str:
    asked = hosts[0].lower() if len(hosts) == 1 and is_host(hosts[0]) else None
    said = f"This server does not answer for {asked}." if asked else "The request names no host."
    own = own_hosts(server)
    opened = f" Open it at http://{own[0]}; or, if" if own else " If"
    name = asked or "NAME"
    return f"{said}{opened} that name is yours, start it with --allowed-host {name}."


def _own_origins(host: str) -> tuple[str, str]:
    # A proxy may speak TLS for this server, and only it knows.
    return f"http://{host.lower()}", f"https://{host.lower()}"


def _from_elsewhere(scope: Scope, headers: Headers) -> bool:
    """Whether a browser says that a foreign page sent this, and not by a link that was followed.

    Browsers leave ``Origin`` away where a page loads a picture, a script or a frame.
    """
    if headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return False
    followed = (
        scope["type"] == "http"
        and scope["method"] in {"GET", "HEAD"}
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
    )
    return not followed


def _under(path: str, closed: str) -> bool:
    # The pages may be served under a prefix (Streamlit's server.baseUrlPath).
    return f"{closed}/" in f"{path}/"


def _answer(path: str, refused: NotLetIn) -> Response:
    if _under(path, DECIDE):
        body = {"error": refused.reason, **gate.refusal(refused.reason)}
        return JSONResponse(body, status_code=refused.status)
    if path.startswith(("/api/", "/v1/")):
        return JSONResponse({"error": refused.reason}, status_code=refused.status)
    return PlainTextResponse(refused.reason + "\n", status_code=refused.status)


def _headers(host: str | None) -> dict[str, str]:
    """What every answer carries, so that no foreign page can show, read or frame it."""
    return {
        "Content-Security-Policy": content_policy(host),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def content_policy(host: str | None) -> str:
    """What a page of ours may load: nothing from elsewhere, and no script that is not a file here.

    Args:
        host: a known host, for the web socket of its pages (older Safari does not count it among
            'self'); None for an answer that needs nothing.
    """
    if host is None:
        return "default-src 'none'; frame-ancestors 'none'"
    return "; ".join(
        (
            "default-src 'self'",
            # Streamlit hands the script of a component to the browser as a blob; only a script that
            # runs already can make one.
            " ".join(("script-src 'self' blob:", *_inline_scripts())),
            # Streamlit's components set style attributes.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self' ws://{host} wss://{host}",
            "worker-src 'self' blob:",
            "frame-src 'none'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


@functools.cache
def _inline_scripts() -> tuple[str, ...]:
    """The scripts that Streamlit's page holds itself, as the policy names them: by their hash."""
    page = Path(streamlit.__file__).with_name("static") / "index.html"
    return tuple(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE_SCRIPT.findall(page.read_text(encoding="utf-8"))
    )
