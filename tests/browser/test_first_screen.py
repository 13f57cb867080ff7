"""The week in one screen, by mouse and by keyboard, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import new_context
from tests.browser.driving.walking import (
    entries,
    first_screen,
    main,
    open_page,
    open_signal,
    settled,
    shows,
    tab_to,
)

pytestmark = pytest.mark.browser

#: The sample's signals, as the table has them.
SIGNALS = 11


def box(page: Page, css: str) -> dict[str, Any]:
    """Where something drawn stands."""
    found = main(page).locator(css).first.bounding_box()
    assert found is not None
    return {"top": found["y"], "bottom": found["y"] + found["height"]}


def names(page: Page) -> list[str]:
    """The signals of the table, from its top."""
    return [one.inner_text() for one in main(page).locator("table.signals a.row").all()]


def scrolls(page: Page, what: str) -> int:
    found: int = page.evaluate(f"document.querySelector('[data-testid=stMain]').{what}")
    return found


def test_headline_tiles_and_every_signal_end_above_the_fold(
    browser: Browser, told_site: str
) -> None:
    context = new_context(browser, 1440, 900)
    page = context.new_page()
    first_screen(page, told_site)
    assert main(page).locator("a.tile, div.tile").count() == 4
    assert len(names(page)) == SIGNALS
    assert box(page, "table.signals tbody tr")["top"] < 320
    assert box(page, "table.signals")["bottom"] <= 900
    # News beside wider findings, which stand uncut.
    assert scrolls(page, "scrollHeight") <= 1360
    context.close()


def test_a_reliability_curve_ends_within_a_phone(browser: Browser, told_site: str) -> None:
    context = new_context(browser, 390, 900)
    page = context.new_page()
    open_page(page, told_site, "reliability")
    curve = main(page).get_by_test_id("stVegaLiteChart").locator("svg").first.bounding_box()
    assert curve is not None
    assert curve["width"] > 300
    assert curve["x"] + curve["width"] <= 390
    context.close()


def test_the_first_page_opens_by_its_name(page: Page, told_site: str) -> None:
    page.goto(f"{told_site}/this_week")
    shows(page, "This week")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(names(page)) == SIGNALS


def test_a_row_opens_its_signal_and_back_returns_with_one_entry_a_visit(
    page: Page, told_site: str
) -> None:
    first_screen(page, told_site)
    here, before = page.url, entries(page)
    open_signal(page, names(page)[1])
    assert entries(page) == before + 1
    page.go_back()
    shows(page, "This week")
    assert page.url == here
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("This week")


def test_a_row_opens_by_keyboard(page: Page, told_site: str) -> None:
    first_screen(page, told_site)
    name = names(page)[0]
    tab_to(page, main(page).get_by_role("link", name=re.compile("^Open first")))
    # The tiles that open something, then the first row.
    tab_to(page, main(page).locator("table.signals a.row").first, at_most=5)
    page.keyboard.press("Enter")
    shows(page, name)


def test_next_walks_the_signals_in_the_order_of_the_week_and_around(
    page: Page, told_site: str
) -> None:
    first_screen(page, told_site)
    order = names(page)
    open_signal(page, order[-2])
    for following in (order[-1], order[0], order[1]):
        main(page).get_by_role("link", name="next →").click()
        shows(page, following)


def test_a_row_opened_in_a_new_tab_leaves_this_one(page: Page, told_site: str) -> None:
    first_screen(page, told_site)
    name = names(page)[0]
    with page.context.expect_page() as opened:
        main(page).locator("table.signals a.row").first.click(modifiers=["ControlOrMeta"])
    shows(opened.value, name)
    shows(page, "This week")


def test_the_theme_switches_at_once_and_the_drawing_stays(page: Page, told_site: str) -> None:
    first_screen(page, told_site)
    look = "e => getComputedStyle(e).color"
    row = main(page).locator("table.signals a.row").first
    page.emulate_media(color_scheme="light")
    settled(page)
    light = row.evaluate(look)
    page.emulate_media(color_scheme="dark")
    expect(row).not_to_have_css("color", light)
    assert len(names(page)) == SIGNALS
