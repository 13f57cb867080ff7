"""People come back to the page they asked for, and the cookies of a session are kept short."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard.server.sign_on.edge import FAILED, RETURN, Edge, wanted
from dashboard.server.sign_on.settings import SignOn

BASE = "https://ledger.example.org"


async def login(request: Request) -> Response:
    if request.query_params.get("down"):
        return Response("Authentication error", status_code=400)
    return RedirectResponse("https://login.example.org/authorize", status_code=302)


async def callback(request: Request) -> Response:
    answer = RedirectResponse("/", status_code=302)
    if not request.query_params.get("error"):
        for name in ("_streamlit_user", "_streamlit_user_1", "_streamlit_user_tokens"):
            answer.set_cookie(name, "signed", max_age=30 * 86400, httponly=True, samesite="lax")
    return answer


async def logout(_request: Request) -> Response:
    answer = RedirectResponse("/", status_code=302)
    answer.delete_cookie("_streamlit_user_tokens")
    return answer


@pytest.fixture
def client() -> TestClient:
    routes = [
        Route("/auth/login", login),
        Route("/oauth2callback", callback),
        Route("/auth/logout", logout),
    ]
    app = Edge(Starlette(routes=routes), SignOn(BASE, "s" * 32, 8.0, {}))
    return TestClient(app, base_url=BASE, follow_redirects=False)


def cookies(answer: object) -> dict[str, str]:
    lines = answer.headers.get_list("set-cookie")  # type: ignore[attr-defined]
    return {line.partition("=")[0]: line.partition("=")[2] for line in lines}


def test_somebody_who_signed_on_is_back_on_the_page_with_its_query(client: TestClient) -> None:
    client.get("/auth/login", headers={"Referer": f"{BASE}/sign_off?signal=a%20b&x=1"})
    answer = client.get("/oauth2callback?code=c")
    assert answer.headers["location"] == "/sign_off?signal=a%20b&x=1"
    found = cookies(answer)
    assert "Max-Age=0" in found[RETURN]
    assert "Max-Age=0" in found[FAILED]


def test_a_session_lasts_its_hours_goes_by_tls_and_keeps_no_token(client: TestClient) -> None:
    found = cookies(client.get("/oauth2callback?code=c"))
    for name in ("_streamlit_user", "_streamlit_user_1"):
        assert "Max-Age=28800" in found[name]
        assert found[name].endswith("; Secure")
    assert "_streamlit_user_tokens" not in found
    # One that an earlier version left is taken back all the same.
    assert "_streamlit_user_tokens" in cookies(client.get("/auth/logout"))


@pytest.mark.parametrize(
    ("error", "code"),
    [("access_denied", "access_denied"), ("<script>", "failed"), ("x" * 50, "failed")],
)
def test_a_sign_on_that_failed_leaves_word_for_a_minute(
    client: TestClient, error: str, code: str
) -> None:
    client.get("/auth/login", headers={"Referer": f"{BASE}/drift"})
    answer = client.get("/oauth2callback", params={"error": error})
    assert answer.headers["location"] == "/drift"
    assert cookies(answer)[FAILED].startswith(f"{code}; Path=/; Max-Age=60; HttpOnly")


def test_a_provider_that_is_down_sends_nobody_to_a_bare_error(client: TestClient) -> None:
    answer = client.get("/auth/login?down=1", headers={"Referer": f"{BASE}/drift?signal=a"})
    assert (answer.status_code, answer.headers["location"]) == (302, "/drift?signal=a")
    assert cookies(answer)[FAILED].startswith("unreachable")


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "https://evil.example/drift",
        f"{BASE}.evil.example/drift",
        f"{BASE}//evil.example",
        f"{BASE}/\\evil.example",
        f"{BASE}/auth/login?provider=x",
        f"{BASE}/oauth2callback?code=c",
        f"{BASE}/sign/start?id=1",
        f"{BASE}/a b",
        f"{BASE}/{'x' * 2000}",
    ],
)
def test_nobody_is_sent_elsewhere(referer: str) -> None:
    assert wanted(referer, BASE) == "/"


def test_a_cookie_that_was_put_there_sends_nobody_elsewhere(client: TestClient) -> None:
    client.cookies.set(RETURN, "%2F%2Fevil.example")
    assert client.get("/oauth2callback?code=c").headers["location"] == "/"
