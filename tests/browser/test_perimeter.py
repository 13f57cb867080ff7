"""The policies of the answers, in a real browser: our pages work under them, others' do not."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PAGES = Path(__file__).parents[2] / "dashboard" / "app_pages"
SIGNAL = "ticket-triage.self-report"


@pytest.fixture(scope="module")
def told_site(
    told_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    serve: Callable[..., AbstractContextManager[str]],
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("told_site")
    for file in told_path.parent.glob("told.duckdb*"):
        shutil.copy(file, folder / file.name)
    with serve("serve", "--ledger", str(folder / told_path.name)) as address:
        yield address


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


def settled(page: Page) -> None:
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")


def test_every_page_draws_its_charts_under_the_policy(page: Page, told_site: str) -> None:
    held: list[str] = []
    page.on(
        "console", lambda said: held.append(said.text) if "Content Security" in said.text else None
    )
    with_charts = set()
    for name in sorted(one.stem for one in PAGES.glob("*.py")):
        page.goto(f"{told_site}/{name}?signal={SIGNAL}")
        settled(page)
        # A chart's code is loaded when the first chart is there.
        page.wait_for_timeout(1000)
        frames = page.locator("[data-testid='stVegaLiteChart']")
        for number in range(frames.count()):
            expect(frames.nth(number).locator("canvas, svg").first).to_be_attached(timeout=60_000)
            with_charts.add(name)
    assert held == []
    assert len(with_charts) >= 5


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
