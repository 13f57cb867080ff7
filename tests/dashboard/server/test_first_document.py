"""The document a browser loads first."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.testclient import TestClient

from dashboard.server import first_document as start


@pytest.fixture
def client() -> TestClient:
    async def others(scope, receive, send):
        await PlainTextResponse("Streamlit's")(scope, receive, send)

    return TestClient(Starlette(routes=[*start.routes, Mount("/", others)]))


def test_the_script_for_the_address_runs_before_every_other(client: TestClient):
    text = client.get("/").text
    assert text.index('src="./address.js"') == text.index("src=")
    assert text.index("address.js") < text.index("<script>")
    assert "history.pushState" in client.get("/address.js").text


def test_the_frame_stands_in_the_document_after_what_streamlit_adds(client: TestClient):
    text = client.get("/").text
    frame = text.index(".stMainBlockContainer")
    assert text.index("</head>") < text.index("<style>") < frame < text.index("</style>")
    assert text.count("<style>") == 1
    assert "-tall-400-" in text


@pytest.mark.parametrize("path", ["/", "/sign_off", "/sign_off?signal=s", "/no_such_page"])
def test_whichever_page_is_asked_for_first_it_comes_with_the_script(client: TestClient, path: str):
    assert client.get(path).text == start.document()


@pytest.mark.parametrize(
    ("typed", "opened"),
    [("/this_week", "./"), ("/this_week?week=2026-W47&find=a%20b", "./?week=2026-W47&find=a%20b")],
)
def test_the_first_page_opens_by_its_name_too(client: TestClient, typed: str, opened: str):
    answer = client.get(typed, follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == opened
    assert client.get(typed).text == start.document()


@pytest.mark.parametrize("path", ["/favicon.png", "/static/js/index.js", "/_stcore/health"])
def test_files_and_streams_stay_with_streamlit(client: TestClient, path: str):
    assert client.get(path).text == "Streamlit's"


def test_the_document_is_asked_for_anew_each_time(client: TestClient):
    assert client.get("/").headers["cache-control"] == "no-cache"
    assert client.get("/address.js").headers["cache-control"] == "no-cache"
