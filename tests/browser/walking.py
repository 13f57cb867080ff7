"""How the journeys walk: from the first screen by clicking, as a reader does."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

#: Every page, in the order of the sidebar.
PAGES = (
    "This week", "Reliability", "Segments", "Drift", "Changes", "Labels", "Registry", "Sign-off",
    "Thresholds", "Escalation", "Watch", "Risks", "Decision trail", "Claims", "Data",
)  # fmt: skip


def settled(page: Page) -> None:
    """Wait until the page's script has run, and nothing follows by itself."""
    for _ in range(2):
        page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
        page.wait_for_timeout(300)
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")


def shows(page: Page, heading: str) -> None:
    """Wait until a page with this title is there, drawn to its end."""
    title = page.get_by_role("heading", name=heading, exact=True, level=1)
    expect(title).to_be_visible()
    settled(page)


def first_screen(page: Page, site: str) -> None:
    """Come in as everybody does: by the address that the command says."""
    page.goto(site)
    shows(page, "This week")


def open_signal(page: Page, name: str) -> None:
    """Open a signal's page from its row."""
    main(page).get_by_role("link", name=name, exact=True).first.click()
    shows(page, name)


def main(page: Page) -> Locator:
    """The page itself, without the sidebar."""
    return page.get_by_test_id("stMain")


def go(page: Page, name: str) -> None:
    """Open a page from the sidebar."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    shows(page, name)


def follow(page: Page, link: str | re.Pattern[str], heading: str) -> None:
    """Click the first such link of the page, not of the sidebar, and wait for where it leads."""
    main(page).get_by_role("link", name=link).first.click()
    shows(page, heading)


def choose(page: Page, label: str | re.Pattern[str], option: str) -> None:
    """Pick an option of the select box with this label."""
    _open(page, page.get_by_role("combobox", name=label))
    page.get_by_role("option", name=option, exact=True).click()
    settled(page)


def choose_many(page: Page, label: str, option: str) -> None:
    """Pick an option of the sidebar's multiple choice with this label."""
    _open(page, page.get_by_test_id("stSidebar").get_by_role("combobox", name=label))
    page.get_by_role("option", name=option, exact=True).click()
    page.keyboard.press("Escape")
    settled(page)


def choose_day(page: Page, label: str, day: str) -> None:
    """Type a day, written 2026-09-07, into the sidebar's date field with this label."""
    field = page.get_by_test_id("stSidebar").get_by_role("group", name=label, exact=True)
    field.get_by_role("spinbutton").first.click()
    page.keyboard.type(day.replace("-", ""))
    # Past the field's own two buttons: it is taken over when the field is left.
    for _ in range(3):
        page.keyboard.press("Tab")
    settled(page)


def _open(page: Page, box: Locator) -> None:
    box.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # an open list closes when the page still scrolls
    box.click()


def act_for(page: Page, name: str) -> None:
    """Choose in the sidebar whom the reader acts for."""
    choose(page, re.compile("Acting for"), name)


def asked(page: Page) -> dict[str, str]:
    """What the address asks for."""
    return asked_of(page.url)


def asked_of(address: str) -> dict[str, str]:
    """What an address asks for; of several values the last."""
    return {key: values[-1] for key, values in parse_qs(urlsplit(address).query).items()}


def entries(page: Page) -> int:
    """How many entries the browser's history has."""
    found: int = page.evaluate("history.length")
    return found
