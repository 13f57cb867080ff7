"""What is there stays where it is while the rest of a page arrives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from dashboard.pages import PAGES
from tests.browser.conftest import PATIENCE
from tests.browser.walking import open_page
from tests.worlds.layout_shift import shifted, watch

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[Page]:
    """Who opens one page after another, each by its address: what is fetched once is kept."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    watch(page)
    yield page
    context.close()


@pytest.mark.parametrize("key", PAGES)
def test_nothing_jumps_as_a_page_arrives(visitor: Page, told_site: str, key: str) -> None:
    open_page(visitor, told_site, key)
    worst, moved = shifted(visitor)
    assert worst < 0.1, moved


def test_a_jump_would_be_counted(page: Page) -> None:
    watch(page)
    page.goto("data:text/html,<p style='height: 500px'>Still</p>")
    # What was never painted cannot shift: under load the first paint comes after the load.
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    page.evaluate("document.body.insertAdjacentHTML('afterbegin', '<div style=height:200px>')")
    page.wait_for_function("window.shifts.length")
    worst, moved = shifted(page)
    assert worst > 0.1
    assert len(moved) == 1
