"""What holds for every page, seen in one walk through all of them in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.pages import PAGES
from tests.browser.conftest import PATIENCE
from tests.browser.walking import first_screen, main, settled

pytestmark = pytest.mark.browser

SIGNAL = "ticket-triage.self-report"
HEIGHT = 1000
#: From a wide screen to a telephone; the last is the one to go on with.
WIDTHS = (1000, 390, 1440)
#: A view of the app that is open, without loading it anew: as Back and Forward open one.
OPEN = """address => {
    history.pushState({}, "", address)
    dispatchEvent(new PopStateEvent("popstate", {state: {}}))
}"""


@dataclass
class Seen:
    """What the walk met."""

    too_wide: dict[str, int] = field(default_factory=dict)
    charts: set[str] = field(default_factory=set)
    held: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def charts(page: Page) -> int:
    """How many charts are there, each of them drawn."""
    # What an unopened tab holds is drawn when it is opened.
    frames = page.locator("[data-testid='stVegaLiteChart']").filter(visible=True)
    for number in range(frames.count()):
        expect(frames.nth(number).locator("canvas, svg").first).to_be_attached()
        # Streamlit puts role and label where it draws.
        expect(frames.nth(number)).to_have_attribute("role", "graphics-document")
        expect(frames.nth(number)).to_have_attribute("aria-label", re.compile(r"\w+ \w+"))
    return frames.count()


@pytest.fixture(scope="module")
def seen(browser: Browser, told_site: str) -> Iterator[Seen]:
    found = Seen()
    context = browser.new_context(
        viewport={"width": WIDTHS[-1], "height": HEIGHT}, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.on("request", lambda request: found.asked.append(request.url))
    page.on(
        "console",
        lambda said: found.held.append(said.text) if "Content Security" in said.text else None,
    )
    first_screen(page, told_site)
    for key, one in PAGES.items():
        # The first page has no name of its own.
        path = "" if key == next(iter(PAGES)) else key
        page.evaluate(OPEN, f"/{path}?signal={SIGNAL}")
        title = SIGNAL if key == "signal" else one.title
        expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
        settled(page)
        if charts(page):
            found.charts.add(key)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.wait_for_timeout(200)
            over: int = main(page).evaluate("one => one.scrollWidth - one.clientWidth")
            if over > 0:
                found.too_wide[f"{key} at {width}"] = over
    yield found
    context.close()


def test_no_page_runs_over_the_side(seen: Seen) -> None:
    assert seen.too_wide == {}


def test_every_page_draws_its_charts_under_the_policy(seen: Seen) -> None:
    assert seen.held == []
    assert seen.charts >= {"reliability", "segments", "drift"}


def test_no_page_asks_anybody_outside_for_anything(seen: Seen, told_site: str) -> None:
    asked = {url for url in seen.asked if not url.startswith(("data:", "blob:"))}
    assert any(url.startswith(told_site) for url in asked)
    assert {url for url in asked if not url.startswith(told_site)} == set()
