"""People who were signed on by a proxy in front: its word counts only with the secret it shares.

Streamlit believes the headers it is told to trust from whoever sends them. So they are under names
of our own, taken off every request that comes in, and put on by us alone. Pure ASGI, for HTTP and
web sockets alike.
"""

from __future__ import annotations

import hmac
import time
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.server.sign_on.proxy import TRUSTED, Proxy

#: What programs ask for, with tokens of their own.
PROGRAMS = frozenset({"/healthz", "/livez", "/readyz", "/metrics"})

_OURS = frozenset(name.lower().encode() for name in TRUSTED)


class Named:
    """Puts who somebody is on a request of the proxy, and takes it off every other."""

    def __init__(self, app: ASGIApp, proxy: Proxy | None = None) -> None:
        """Wrap an app.

        Args:
            proxy: who is believed; None: nobody.
        """
        self._app, self._proxy = app, proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        proxy, asked = self._proxy, Headers(scope=scope)
        refused = None if proxy is None or _of_a_program(scope["path"]) else against(asked, proxy)
        if refused is not None:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
            else:
                await PlainTextResponse(refused + "\n", status_code=403)(scope, receive, send)
            return
        hidden = _OURS if proxy is None else _OURS | {proxy.secret_header.lower().encode()}
        headers = [pair for pair in scope["headers"] if pair[0].lower() not in hidden]
        if proxy is not None and not _of_a_program(scope["path"]):
            headers += _named(asked, proxy)
        await self._app({**scope, "headers": headers}, receive, send)


def against(asked: Headers, proxy: Proxy) -> str | None:
    """Why a request is not taken for one of the proxy; None where it is."""
    secrets = asked.getlist(proxy.secret_header)
    if len(secrets) != 1 or not hmac.compare_digest(
        secrets[0].encode("latin-1"), proxy.secret.encode("utf-8")
    ):
        return "This server is reached through its proxy, which signs people on."
    if len(asked.getlist(proxy.subject_header)) != 1 or not asked[proxy.subject_header].strip():
        return f"The proxy did not say who you are: it has to send {proxy.subject_header}, once."
    return None


def _named(asked: Headers, proxy: Proxy) -> list[tuple[bytes, bytes]]:
    who: dict[str, Any] = {
        "iss": proxy.issuer,
        "sub": asked[proxy.subject_header].strip(),
        "name": asked.get(proxy.name_header, "") if proxy.name_header else "",
        "iat": str(int(time.time())),
    }
    return [
        (name.lower().encode(), who[claim].encode("latin-1", "replace"))
        for name, claim in TRUSTED.items()
    ]


def _of_a_program(path: str) -> bool:
    return path in PROGRAMS or path.startswith(("/api/", "/v1/"))
