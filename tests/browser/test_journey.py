"""A team lead's first visit, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving.walking import (
    asked,
    choose,
    first_screen,
    go,
    main,
    press,
    settled,
    shows,
    tab_to,
)

pytestmark = pytest.mark.browser


def test_from_the_first_visit_to_a_link_that_reopens_the_bad_segment(
    page: Page, told_site: str
) -> None:
    first_screen(page, told_site)
    go(page, "Segments")
    choose(page, "Signal", "ticket-triage.self-report")
    expect(page.get_by_text("Worst:")).to_contain_text("medical")

    choose(page, "Rows", "Topic")
    choose(page, "Columns", "Language")
    page.locator("[aria-label^='language: en; topic: medical']").first.click()
    expect(page.get_by_role("heading", name="Topic medical × Language en")).to_be_visible()
    expect(page.get_by_text("overconfident by")).to_be_visible()

    expect(page).to_have_url(re.compile("cell_row=medical"))
    link = page.url
    again = page.context.new_page()
    again.goto(link)
    settled(again)
    expect(again.get_by_role("heading", name="Topic medical × Language en")).to_be_visible()
    expect(again.get_by_text("overconfident by")).to_be_visible()


def test_from_the_first_screen_to_the_claims_of_a_bad_cell_without_a_mouse(
    page: Page, told_site: str
) -> None:
    first_screen(page, told_site)
    menu = page.get_by_test_id("stSidebarNav")
    press(page, menu.get_by_role("link", name="Segments", exact=True))
    shows(page, "Segments")
    tab_to(page, page.get_by_role("combobox", name="Signal"))
    page.keyboard.type("ticket-triage.self-report")
    page.keyboard.press("Enter")
    settled(page)
    cell = main(page).locator("table.cells a.row").first
    said = cell.inner_text()
    press(page, cell)
    expect(page.get_by_role("heading", name=said, exact=True)).to_be_visible()
    settled(page)
    assert asked(page).keys() >= {"row", "column", "cell_row", "cell_column"}
    # The focus is where it was: the next stop is the cell's number of claims.
    page.keyboard.press("Tab")
    count = main(page).locator("table.cells a.over").first
    assert count.evaluate("one => one === one.getRootNode().activeElement")
    n = count.inner_text().split()[0]
    page.keyboard.press("Enter")
    shows(page, "Claims")
    expect(page.get_by_role("heading", name=re.compile(f"^{n} of [\\d,]+ claims"))).to_be_visible()
