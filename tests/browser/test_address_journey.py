"""Back, forward, reload and links that stay on their page, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving.walking import (
    PAGES,
    asked,
    asked_of,
    choose,
    entries,
    first_screen,
    follow,
    go,
    settled,
    shows,
)

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_every_page_makes_one_entry_and_back_walks_them_in_order(
    page: Page, told_site: str
) -> None:
    first_screen(page, told_site)
    nav = page.get_by_test_id("stSidebarNav").get_by_role("link")
    assert tuple(one.inner_text().splitlines()[-1] for one in nav.all()) == PAGES
    before, visits = entries(page), [("This week", page.url)]
    for i, name in enumerate(PAGES[1:], start=1):
        go(page, name)
        assert entries(page) == before + i, name
        visits.append((name, page.url))
    for name, address in visits[-2::-1]:
        page.go_back()
        shows(page, name)
        assert page.url == address
    for name, address in visits[1:3]:
        page.go_forward()
        shows(page, name)
        assert page.url == address
    assert entries(page) == before + len(PAGES) - 1


def test_an_address_that_is_typed_makes_one_entry_though_the_page_fills_in_its_defaults(
    page: Page, told_site: str
) -> None:
    page.goto("about:blank")
    before = entries(page)
    page.goto(f"{told_site}/segments")
    shows(page, "Segments")
    assert entries(page) == before + 1
    assert {"signal", "row", "column"} <= asked(page).keys()


@pytest.mark.slow
def test_what_is_chosen_on_a_page_belongs_to_its_visit(page: Page, told_site: str) -> None:
    first_screen(page, told_site)
    go(page, "Segments")
    before = entries(page)
    choose(page, "Signal", "refund-check.logprob")
    choose(page, "Rows", "Language")
    assert entries(page) == before
    chosen = page.url
    assert (asked(page)["signal"], asked(page)["row"]) == ("refund-check.logprob", "language")
    go(page, "Drift")
    page.go_back()
    shows(page, "Segments")
    assert page.url == chosen
    page.go_back()
    shows(page, "This week")


def test_a_link_that_stays_on_its_page_is_a_view_of_its_own(page: Page, told_site: str) -> None:
    first_screen(page, told_site)
    go(page, "Claims")
    before, listed = entries(page), page.url
    follow(page, "Open the confidently wrong ones", "Claims")
    found = page.get_by_role("heading", name=re.compile("claims; all of them"))
    expect(found).to_be_visible()
    said, narrowed = found.inner_text(), page.url
    assert entries(page) == before + 1
    assert "outcome" in asked(page)
    # What is done on the view stays on the view.
    choose(page, "Sort", "oldest first")
    assert "outcome" in asked(page)
    page.reload()
    shows(page, "Claims")
    expect(found).to_have_text(said)
    assert asked(page) == {**asked_of(narrowed), "sort": "oldest first"}

    page.go_back()
    shows(page, "Claims")
    assert page.url == listed
    expect(found).to_have_count(0)
    page.go_forward()
    shows(page, "Claims")
    expect(found).to_have_text(said)


def test_a_link_opened_in_a_new_tab_leaves_this_one_where_it_is(page: Page, told_site: str) -> None:
    first_screen(page, told_site)
    go(page, "Claims")
    here = page.url
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the confidently wrong ones").click(
            modifiers=["ControlOrMeta"]
        )
    shows(opened.value, "Claims")
    assert "outcome" in asked(opened.value)
    settled(page)
    assert page.url == here
