"""What is there stays where it is while the rest of a page arrives."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.walking import open_page
from tests.worlds.layout_shift import shifted, watch

pytestmark = pytest.mark.browser


# A board, charts with captions, tabs below a chart, and a table above what it opens.
@pytest.mark.parametrize("key", ["this_week", "segments", "drift", "registry"])
def test_nothing_jumps_as_a_page_arrives(page: Page, told_site: str, key: str) -> None:
    watch(page)
    open_page(page, told_site, key)
    page.wait_for_timeout(1_000)
    worst, moved = shifted(page)
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
