"""Every route there is, asked by everybody there is: nobody, each scope, and who should be out.

The routes are those of the app itself, Streamlit's among them. What a *role* may do is asked where
acts are done, whichever way they come (`tests/core/governance/test_permissions.py`), of pages by
`tests/dashboard/test_roles.py`, and of commands over HTTP by `test_who_may_act.py`.
"""

from __future__ import annotations

import asyncio
import runpy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from streamlit.runtime import Runtime

from core.governance.people import api_tokens, people
from core.governance.people.api_tokens import SCOPES
from core.trail.acts import Proposal
from dashboard.server import open_ledger as owner
from dashboard.server.settings import HOSTS_VARIABLE, SIGN_ON_VARIABLE, TOKEN_VARIABLE
from tests.worlds.governed.asked import owned_ledger, token_for
from tests.worlds.paths import ROOT

HOST = "127.0.0.1:8501"
LOCAL = "the-secret-of-this-machine"
SIGN_ON = f"""
base = "http://{HOST}"
cookie_secret = "{"s3cret" * 6}"
[providers.acme]
metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"
client_id = "ledger"
client_secret = "cl1ent"
"""

#: Who is let in.
EVERYBODY, NO_ONE = "everybody", "no one"
#: Each route: who is let in, what to ask, and the status that tells that somebody was.
ROWS: dict[tuple[str, str], tuple[str, str, int]] = {
    ("GET", "/healthz"): (EVERYBODY, "/healthz", 200),
    ("GET", "/livez"): (EVERYBODY, "/livez", 200),
    ("GET", "/readyz"): (EVERYBODY, "/readyz", 200),
    ("GET", "/metrics"): ("read", "/metrics", 200),
    ("GET", "/api/v1/openapi.json"): (EVERYBODY, "/api/v1/openapi.json", 200),
    ("GET", "/api/v1/signals"): ("read", "/api/v1/signals", 200),
    ("GET", "/api/v1/signals/{name:text}"): ("read", "/api/v1/signals/s", 404),
    ("POST", "/api/v1/claims"): ("ingest", "/api/v1/claims", 200),
    ("POST", "/api/v1/outcomes"): ("ingest", "/api/v1/outcomes", 200),
    ("POST", "/api/v1/handoffs"): ("ingest", "/api/v1/handoffs", 200),
    # They take OTLP alone, and what is sent here does not say that it is.
    ("POST", "/v1/logs"): ("ingest", "/v1/logs", 415),
    ("POST", "/v1/traces"): ("ingest", "/v1/traces", 415),
    ("GET", "/api/v1/receipts/{receipt}"): ("ingest", "/api/v1/receipts/1:1-1", 404),
    ("POST", "/api/v1/decide"): ("decide", "/api/v1/decide", 200),
    **{
        (method, "/api/v1/decide"): (EVERYBODY, "/api/v1/decide", 405)
        for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS")
    },
    ("GET", "/api/v1/labels/{name:text}"): ("ingest", "/api/v1/labels/nothing", 404),
    ("POST", "/api/v1/canary"): ("ingest", "/api/v1/canary", 400),
    ("POST", "/api/v1/command"): ("command", "/api/v1/command", 400),
    ("GET", "/address.js"): (EVERYBODY, "/address.js", 200),
    ("GET", "/{page:page}"): (EVERYBODY, "/reliability", 200),
    # The one-time word of a signature is what lets in; this one was never given.
    ("GET", "/sign/start"): (EVERYBODY, "/sign/start?id=x", 410),
    ("GET", "/sign/callback"): (EVERYBODY, "/sign/callback?state=x", 410),
    # Streamlit's own. Nothing is open in these tests: no session, no file, no runtime.
    ("GET", "/_stcore/health"): (EVERYBODY, "/_stcore/health", 503),
    ("OPTIONS", "/_stcore/health"): (EVERYBODY, "/_stcore/health", 204),
    ("GET", "/_stcore/metrics"): (NO_ONE, "/_stcore/metrics", 404),
    ("OPTIONS", "/_stcore/metrics"): (NO_ONE, "/_stcore/metrics", 404),
    ("GET", "/_stcore/host-config"): (EVERYBODY, "/_stcore/host-config", 200),
    ("GET", "/media/{file_id:path}"): (EVERYBODY, "/media/none.csv", 404),
    ("OPTIONS", "/media/{file_id:path}"): (EVERYBODY, "/media/none.csv", 204),
    **{
        (method, "/_stcore/upload_file/{session_id}/{file_id}"): (
            EVERYBODY,
            "/_stcore/upload_file/none/none",
            status,
        )
        for method, status in (("PUT", 403), ("DELETE", 403), ("OPTIONS", 204))
    },
    ("GET", "/component/{path:path}"): (EVERYBODY, "/component/none/index.html", 404),
    ("OPTIONS", "/component/{path:path}"): (EVERYBODY, "/component/none/index.html", 204),
    ("GET", "/_stcore/bidi-components/{path:path}"): (
        EVERYBODY, "/_stcore/bidi-components/none/index.js", 404,
    ),
    ("OPTIONS", "/_stcore/bidi-components/{path:path}"): (
        EVERYBODY, "/_stcore/bidi-components/none/index.js", 204,
    ),
    # A sign-on begins at the provider, which is not there; and one that nobody began ends.
    ("GET", "/auth/login"): (EVERYBODY, "/auth/login", 302),
    ("GET", "/auth/logout"): (EVERYBODY, "/auth/logout", 302),
    ("GET", "/oauth2callback"): (EVERYBODY, "/oauth2callback", 302),
    **{
        (method, f"/_stcore/agent/{name}"): (NO_ONE, f"/_stcore/agent/{name}", 404)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
        for name in ("interact", "openapi.json", "mcp")
    },
    ("WS", "/_stcore/stream"): (EVERYBODY, "/_stcore/stream", 101),
    ("GET", "the files of the pages"): (EVERYBODY, "/favicon.png", 200),
}  # fmt: skip

#: Each asker: what it may.
ASKERS: dict[str, tuple[str, ...]] = {
    "nobody": (),
    "a secret that nobody gave out": (),
    "a token revoked": (),
    **{f"the scope {scope}": (scope,) for scope in SCOPES},
    "every scope": SCOPES,
    "every scope, from somebody who left": ("ingest", "decide", "read"),
    "this machine's own user": SCOPES,
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starlette]:
    """The whole app, pages and sign-on too, on a ledger that this process owns."""
    folder = tmp_path_factory.mktemp("everybody")
    (folder / "sign-on.toml").write_text(SIGN_ON)
    running = Runtime._instance
    with owned_ledger(folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv(SIGN_ON_VARIABLE, str(folder / "sign-on.toml"))
        patch.setenv(TOKEN_VARIABLE, LOCAL)
        patch.delenv(HOSTS_VARIABLE, raising=False)
        patch.setattr(Runtime, "_instance", None)
        # Built as Streamlit builds it at its first request; its runtime is not started.
        yield runpy.run_path(str(ROOT / "dashboard" / "app.py"))["app"]._build_starlette_app()
    Runtime._instance = running


@pytest.fixture(scope="module")
def secrets(app: Starlette) -> dict[str, str | None]:
    """What each asker sends."""
    office = owner.office()

    def actor(handle: str, kind: str) -> Any:
        sub = people.known_person(office, handle)
        return people.actor_for(office.state(), sub, kind, None)

    taken, taken_secret = token_for(*SCOPES)
    api_tokens.revoke(office, actor("user:desk/kim", "token.revoked"), taken)
    leaving = people.known_person(office, "user:desk/bob")
    admin = actor("user:desk/kim", "role.granted")
    office.perform(Proposal("role.granted", admin, body={"sub": leaving, "role": "admin"}))
    _, left = api_tokens.create(office, actor("user:desk/bob", "token.created"), "x", SCOPES)
    people.set_status(office, actor("user:desk/kim", "person.status"), leaving, "left")
    return {
        "nobody": None,
        "a secret that nobody gave out": api_tokens.new_secret(),
        "a token revoked": taken_secret,
        **{f"the scope {scope}": token_for(scope)[1] for scope in SCOPES},
        "every scope": token_for(*SCOPES)[1],
        "every scope, from somebody who left": left,
        "this machine's own user": LOCAL,
    }


def test_no_route_is_without_a_row_and_no_row_without_a_route(app: Starlette) -> None:
    found = set()
    for route in app.routes:
        path = getattr(route, "path", "") or "the files of the pages"
        methods = {"WS"} if isinstance(route, WebSocketRoute) else None
        for method in methods or getattr(route, "methods", None) or {"GET"}:
            if method != "HEAD":
                found.add((method, path))
    assert found == set(ROWS)


@pytest.mark.parametrize("row", [one for one in ROWS if one[0] != "WS"], ids=" ".join)
def test_a_route_lets_in_whom_its_row_says_and_nobody_else(
    row: tuple[str, str], app: Starlette, secrets: dict[str, str | None]
) -> None:
    let_in, path, status = ROWS[row]

    async def everybody() -> dict[str, int]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        found = {}
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            for asker, secret in secrets.items():
                headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
                body = b"[]" if row[0] == "POST" else b""
                answer = await client.request(row[0], path, content=body, headers=headers)
                found[asker] = answer.status_code
        return found

    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(asyncio.run, everybody()).result()
    expected = {}
    for asker, scopes in ASKERS.items():
        if let_in in (EVERYBODY, NO_ONE) or let_in in scopes:
            expected[asker] = status
        else:
            known = asker.startswith(("the scope", "every scope"))
            expected[asker] = 403 if known else 401
    assert found == expected


def test_the_pages_socket_needs_no_token_and_takes_no_foreign_host(app: Starlette) -> None:
    # What a page shows and does is asked of its person, once it is open.
    # It comes as far as the runtime, which these tests do not start.
    client, url = TestClient(app), f"ws://{HOST}/_stcore/stream"
    with pytest.raises(RuntimeError, match="started yet"), client.websocket_connect(url):
        pass
    elsewhere = {"origin": "http://evil.example"}
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect(url, headers=elsewhere),
    ):
        pass
