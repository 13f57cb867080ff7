"""The proof at a signature, over HTTP: shown in the browser that asked for it, and then begun."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.testclient import TestClient

from core.governance.people.accounts import Account
from dashboard.server.sign_on import routes
from dashboard.server.sign_on.confirmations import Confirmations
from dashboard.server.sign_on.session import browser_of
from dashboard.server.sign_on.settings import Provider as Named
from dashboard.server.sign_on.settings import SignOn
from tests.worlds.running.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider

BASE = "http://localhost:8501"
COOKIES = {"_streamlit_user": "2|1:0|signed", "theme": "dark"}
ABOUT = [("Act", "signed the validation"), ("What it means", '<script>alert("x")</script>')]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    made = Provider([f"{BASE}/sign/callback"])
    yield made
    made.stop()


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch, provider: Provider) -> Confirmations:
    made, url = Confirmations(), f"{provider.issuer}/.well-known/openid-configuration"
    named = Named("acme", "Acme", url, CLIENT_ID, CLIENT_SECRET)
    monkeypatch.setattr(routes, "CONFIRMATIONS", made)
    monkeypatch.setattr(routes, "sign_on", lambda: SignOn(BASE, "s" * 32, 8.0, {"acme": named}))
    return made


@pytest.fixture
def asked(waiting: Confirmations) -> str:
    """The id of a signature that was asked for in a browser."""
    vera = Account("https://login.example.org", "vera")
    return waiting.ask("0" * 64, vera, "acme", browser=browser_of(COOKIES), about=ABOUT)


def client(**cookies: str) -> TestClient:
    # As Streamlit has it around its own routes and ours.
    session = Middleware(SessionMiddleware, secret_key="s" * 32)
    app = Starlette(routes=routes.routes, middleware=[session])
    return TestClient(app, base_url=BASE, cookies=cookies, follow_redirects=False)


def test_a_link_shows_what_is_confirmed_and_goes_nowhere_by_itself(
    waiting: Confirmations, asked: str
) -> None:
    page = client(**COOKIES).get(f"/sign/start?id={asked}")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "signed the validation" in page.text
    assert "&lt;script&gt;alert" in page.text
    assert "<script" not in page.text
    found = waiting.look(asked)
    assert found is not None
    assert found.stage == "waiting"


def test_the_button_of_that_page_leads_to_the_provider_that_asks_again(
    asked: str, provider: Provider
) -> None:
    browser = client(**COOKIES)
    page = browser.get(f"/sign/start?id={asked}").text
    (onward,) = re.findall(r'href="([^"]+)"', page)
    answer = browser.get(onward.replace("&amp;", "&"))
    assert answer.status_code == 302
    asks = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.headers["location"].startswith(f"{provider.issuer}/authorize?")
    assert (asks["prompt"], asks["max_age"]) == (["login"], ["0"])
    assert asks["code_challenge_method"] == ["S256"]


@pytest.mark.parametrize("cookies", [{}, {"_streamlit_user": "another"}, {"theme": "dark"}])
def test_in_another_browser_a_link_shows_nothing_and_begins_nothing(
    waiting: Confirmations, asked: str, cookies: dict[str, str]
) -> None:
    seen = waiting.shown(asked, browser_of(COOKIES)).seen
    for path in (f"/sign/start?id={asked}", f"/sign/start?id={asked}&seen={seen}"):
        page = client(**cookies).get(path)
        assert page.status_code == 410
        assert "signed the validation" not in page.text
        assert "another browser or session" in page.text
    found = waiting.look(asked)
    assert found is not None
    assert found.stage == "waiting"


@pytest.mark.parametrize("query", ["", "?id=guessed", "?id=guessed&seen=x"])
def test_a_guessed_link_is_none(waiting: Confirmations, query: str) -> None:
    assert client(**COOKIES).get(f"/sign/start{query}").status_code == 410


def test_an_answer_of_the_provider_is_worth_nothing_in_another_browser(
    waiting: Confirmations, asked: str, provider: Provider
) -> None:
    mine = browser_of(COOKIES)
    begun = client(**COOKIES).get(f"/sign/start?id={asked}&seen={waiting.shown(asked, mine).seen}")
    asks = {
        name: values[0]
        for name, values in parse_qs(urlsplit(begun.headers["location"]).query).items()
    }
    code = provider.code(asks, "vera", 2_000_000_000)
    back = client(_streamlit_user="another").get(
        f"/sign/callback?state={asks['state']}&code={code}"
    )
    assert back.status_code == 410
    assert "another browser or session" in back.text
    found = waiting.look(asked)
    assert found is not None
    assert found.stage == "started"


def test_a_browser_is_known_by_the_cookie_of_its_session_and_all_its_parts() -> None:
    one = {"_streamlit_user": "a", "_streamlit_user_1": "b"}
    assert browser_of(one) == browser_of({**one, "_streamlit_user_tokens": "t", "x": "y"})
    assert browser_of(one) != browser_of({"_streamlit_user": "a"})
    assert browser_of({"x": "y"}) == ""
