"""Headers say who somebody is only with the proxy's secret, over HTTP and web sockets alike."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.server.sign_on.named import Named
from dashboard.server.sign_on.proxy import Proxy

SECRET = "x" * 40
PROXY = Proxy("https://sso.example.org", "X-Proxy-Secret", SECRET, "X-User", "X-Name", 8)
VERA = {"X-Proxy-Secret": SECRET, "X-User": "vera", "X-Name": "Vera Roth"}
FORGED = {"X-Calledger-Subject": "vera", "X-Calledger-Issuer": "https://sso.example.org"}


async def told(request: Request) -> JSONResponse:
    return JSONResponse(dict(request.headers))


async def told_socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_json(dict(socket.headers))
    await socket.close()


def client(proxy: Proxy | None) -> TestClient:
    routes = [
        Route("/api/v1/signals", told),
        Route("/{page}", told),
        WebSocketRoute("/_stcore/stream", told_socket),
    ]
    return TestClient(Named(Starlette(routes=routes), proxy))


def seen(proxy: Proxy | None, headers: dict[str, str], *, socket: bool) -> dict[str, Any] | None:
    """The headers that the app sees; None: the request was refused."""
    if not socket:
        answer = client(proxy).get("/drift", headers=headers)
        return dict(answer.json()) if answer.status_code == 200 else None
    try:
        with client(proxy).websocket_connect("/_stcore/stream", headers=headers) as opened:
            return dict(opened.receive_json())
    except WebSocketDisconnect:
        return None


@pytest.mark.parametrize("socket", [False, True])
def test_the_proxy_is_believed_and_its_secret_goes_no_further(socket: bool) -> None:
    found = seen(PROXY, {**VERA, **FORGED, "X-Calledger-Subject": "ann"}, socket=socket)
    assert found is not None
    assert found["x-calledger-subject"] == "vera"
    assert found["x-calledger-issuer"] == "https://sso.example.org"
    assert found["x-calledger-name"] == "Vera Roth"
    assert int(found["x-calledger-since"]) > 0
    assert "x-proxy-secret" not in found


@pytest.mark.parametrize("socket", [False, True])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        FORGED,
        {**VERA, "X-Proxy-Secret": SECRET[:-1]},
        {**VERA, "X-Proxy-Secret": ""},
        {"X-Proxy-Secret": SECRET},
        {**VERA, "X-User": " "},
    ],
)
def test_nobody_else_is_let_in(headers: dict[str, str], socket: bool) -> None:
    assert seen(PROXY, headers, socket=socket) is None


@pytest.mark.parametrize("socket", [False, True])
def test_without_a_proxy_no_header_says_who_somebody_is(socket: bool) -> None:
    found = seen(None, {**VERA, **FORGED}, socket=socket)
    assert found is not None
    assert not [name for name in found if name.startswith("x-calledger")]


@pytest.mark.parametrize("path", ["/healthzx", "/livez/", "/metrics/x", "/readyz/_stcore/stream"])
def test_what_only_begins_like_a_programs_path_is_the_proxys(path: str) -> None:
    assert client(PROXY).get(path, headers=FORGED).status_code == 403


def test_programs_need_their_token_and_not_the_proxy_and_are_nobody() -> None:
    answer = client(PROXY).get("/api/v1/signals", headers=FORGED)
    assert answer.status_code == 200
    assert not [name for name in answer.json() if name.startswith("x-calledger")]
