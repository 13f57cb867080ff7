"""The policies of the answers, in a real browser: our pages work under them, others' do not."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.driving.walking import settled

pytestmark = pytest.mark.browser


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of another server on this machine, whose page the browser shows."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>elsewhere</title>")

        def log_message(self, *_words: object) -> None:
            """Keep still."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_page_of_another_port_can_neither_open_the_socket_nor_load_nor_frame(
    page: Page, told_site: str, elsewhere: str
) -> None:
    page.goto(elsewhere)
    asked: dict[str, int] = {}
    page.on("response", lambda answer: asked.update({answer.url: answer.status}))
    found = page.evaluate(
        """async ([address, socket]) => {
          const ended = (one, good, bad) => new Promise(done => {
            one["on" + good] = () => done(true)
            one["on" + bad] = () => done(false)
          })
          const opened = await ended(new WebSocket(socket), "open", "error")
          const picture = new Image()
          picture.src = `${address}/favicon.png`
          const loaded = await ended(picture, "load", "error")
          const frame = document.createElement("iframe")
          frame.src = address
          document.body.append(frame)
          await ended(frame, "load", "error")
          return {opened, loaded}
        }""",
        [told_site, told_site.replace("http", "ws", 1) + "/_stcore/stream"],
    )
    assert found == {"opened": False, "loaded": False}
    assert asked == {f"{told_site}/": 403}


def test_a_link_from_another_page_opens_the_dashboard(
    page: Page, told_site: str, elsewhere: str
) -> None:
    page.goto(elsewhere)
    page.evaluate("address => { location.href = address }", told_site)
    page.wait_for_url(f"{told_site}/**")
    settled(page)
    page.get_by_role("heading", name="This week").wait_for()
