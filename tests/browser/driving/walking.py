"""How the journeys walk: from the first screen by clicking, as a reader does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, TimeoutError, expect

from dashboard import pages
from tests.browser.driving import stillness
from tests.browser.driving.patience import PATIENCE

#: Every page, in the order of the sidebar.
PAGES = (
    "This week", "Reliability", "Segments", "Drift", "Changes", "Labels", "Registry", "Sign-off",
    "Thresholds", "Escalation", "Watch", "Risks", "Decision trail", "Claims", "Data",
)  # fmt: skip


def settled(page: Page) -> None:
    """Wait until the page's script has run, and nothing follows by itself."""
    stillness.wait(page, PATIENCE)


def shows(page: Page, heading: str) -> None:
    """Wait until a page with this title is there, drawn to its end."""
    title = page.get_by_role("heading", name=heading, exact=True, level=1)
    expect(title).to_be_visible()
    settled(page)


def first_screen(page: Page, site: str) -> None:
    """Come in as everybody does: by the address that the command says."""
    page.goto(site)
    shows(page, "This week")


def open_page(page: Page, site: str, key: str, signal: str = "ticket-triage.self-report") -> None:
    """Come in by the address of a page, with a signal chosen."""
    # The first page has no name of its own: with one, Streamlit shows it behind "Page not found".
    path = "" if key == next(iter(pages.PAGES)) else key
    page.goto(f"{site}/{path}?signal={signal}")
    shows(page, signal if key == "signal" else pages.PAGES[key].title)
    expect(page.get_by_role("dialog")).to_have_count(0)


def every_view(page: Page) -> Iterator[str]:
    """Open the tabs of a page one after another, and what is folded in each; say which."""
    tabs = main(page).get_by_role("tab")
    names = tabs.all_inner_texts()
    for i, name in enumerate(names or [""]):
        if names:
            tabs.nth(i).click()
            settled(page)
        _unfold(page)
        yield name


def _unfold(page: Page) -> None:
    folded = main(page).locator("details:not([open]) > summary").filter(visible=True)
    while folded.count():
        before = folded.count()
        folded.first.click()
        expect(folded).not_to_have_count(before)
        settled(page)


def at_rest(page: Page, theme: str) -> None:
    """Wait until a theme is drawn and nothing is moving or under the mouse."""
    page.mouse.move(0, 0)
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", theme)
    settled(page)
    page.evaluate(
        "Promise.allSettled(document.getAnimations()"
        ".filter(one => Number.isFinite(one.effect.getComputedTiming().endTime))"
        ".map(one => one.finished))"
    )


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
    _open(page.get_by_role("combobox", name=label))
    page.get_by_role("option", name=option, exact=True).click()
    settled(page)


def choose_many(page: Page, label: str, option: str) -> None:
    """Pick an option of the sidebar's multiple choice with this label."""
    _open(page.get_by_test_id("stSidebar").get_by_role("combobox", name=label))
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


def _open(box: Locator) -> None:
    box.scroll_into_view_if_needed()
    stillness.unmoved(box)  # an open list closes when the page still scrolls
    box.click()


def act_for(page: Page, name: str) -> None:
    """Choose in the sidebar whom the reader acts for."""
    choose(page, re.compile("Acting for"), name)


def choose_row(table: Locator, shown: Locator) -> None:
    """Choose the first row of a table, so that something is shown.

    A table that is drawn anew has no boxes for a moment: a click there chooses a cell, and no row.
    """
    for patience in (15_000, PATIENCE):
        table.click(position={"x": 16, "y": 55})
        with suppress(TimeoutError):
            shown.first.wait_for(timeout=patience)
            return
    expect(shown.first).to_be_visible()


def tab_to(page: Page, target: Locator, at_most: int = 80) -> None:
    """Press Tab until the focus is on something, as who has no mouse does."""
    focused = "one => one === one.getRootNode().activeElement"
    for _ in range(at_most):
        page.keyboard.press("Tab")
        if target.count() and target.evaluate(focused):
            return
    raise AssertionError(f"Tab does not reach {target} in {at_most} steps")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    """Tab to something and press a key on it."""
    tab_to(page, target)
    page.keyboard.press(key)


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


def choose_option(page: Page, field: Locator, name: str | re.Pattern[str]) -> None:
    """Open a list and choose of it, again where the page was drawn anew under it."""
    for _ in range(4):
        field.click()
        # Opens the list where the click came while the field was drawn anew.
        page.keyboard.press("ArrowDown")
        try:
            page.get_by_role("option", name=name, exact=isinstance(name, str)).click(timeout=5_000)
        except TimeoutError:
            page.keyboard.press("Escape")
            settled(page)
        else:
            return
    raise AssertionError(f"the list never let {name!r} be chosen")


def respond_to_first(page: Page, until: Locator) -> None:
    """Choose the first finding and press *Respond*, until what it opens is there.

    A table that is drawn anew, as after an act, lets go of the row that was chosen in it.
    """
    respond = main(page).get_by_role("button", name="Respond")
    for _ in range(4):
        choose_row(main(page).get_by_test_id("stDataFrame").first, respond)
        respond.first.click()
        try:
            expect(until).to_be_visible(timeout=5_000)
        except AssertionError:
            settled(page)
        else:
            return
    expect(until).to_be_visible()
