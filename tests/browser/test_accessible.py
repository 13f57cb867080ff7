"""What axe-core finds on every page, light and dark, each tab and drawer open: nothing of ours."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dashboard.pages import PAGES
from tests.browser.walking import at_rest, every_view, main, open_page

pytestmark = pytest.mark.browser

_MENU = "ul[data-testid='stSidebarNavItems']"
#: Rule → the nodes of Streamlit's that break it, and how many each page has; None: any number.
THEIRS: dict[str, tuple[str, int | None]] = {
    # The menu puts the pages of a group in a div of their own.
    "list": (_MENU, 1),
    "listitem": (f"{_MENU} > div > li", sum(not page.hidden for page in PAGES.values())),
    # The column of ticks in a table whose rows are chosen.
    "empty-table-header": (
        "[data-testid='stDataFrame'] th[role='columnheader'][aria-colindex='1']:empty",
        None,
    ),
}


def broken(page: Page) -> list[tuple[str, str, bool]]:
    """Rule, node, and whether it is Streamlit's, of all that breaks a rule on what is shown."""
    found = []
    for one in Axe().run(page).response["violations"]:
        known = THEIRS.get(one["id"])
        for node in one["nodes"]:
            theirs = known is not None and _is(page, node["target"], known[0])
            found.append((one["id"], node["html"][:200], theirs))
    return found


def _is(page: Page, target: list[Any], known: str) -> bool:
    """Whether a node is one of those known; what we draw stands in a shadow root and never is."""
    (first, *deeper) = target
    if deeper or not isinstance(first, str):
        return False
    matches: bool = page.eval_on_selector(first, "(one, known) => one.matches(known)", known)
    return matches


@pytest.mark.parametrize("key", PAGES)
def test_no_page_breaks_a_rule_of_its_own(page: Page, told_site: str, key: str) -> None:
    open_page(page, told_site, key)
    ours = []
    for view in every_view(page):
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            at_rest(page, theme)
            found = broken(page)
            ours += [f"{view} {theme} {rule}: {html}" for rule, html, theirs in found if not theirs]
            counted = Counter(rule for rule, _, theirs in found if theirs)
            for rule, (_, many) in THEIRS.items():
                assert many in (None, counted[rule]), (view, theme, rule)
    assert ours == []


@pytest.mark.parametrize(
    ("rule", "planted"),
    [
        ("list", f"<ul data-planted><div>{'x'}</div></ul>"),
        ("listitem", "<div><li data-planted>x</li></div>"),
        (
            "empty-table-header",
            "<table><tr><th role='columnheader' data-planted></th></tr><tr><td>x</td></tr></table>",
        ),
        ("color-contrast", "<p data-planted style='color: #aaa; background: #bbb'>All 3</p>"),
        (
            "svg-img-alt",
            "<svg><g data-planted class='mark-rect role-mark' role='graphics-symbol'></g></svg>",
        ),
    ],
)
def test_the_same_fault_of_ours_is_found(
    page: Page, told_site: str, rule: str, planted: str
) -> None:
    open_page(page, told_site, "segments")
    expect(main(page).locator("canvas[data-testid='data-grid-canvas']").first).to_be_attached()
    main(page).evaluate(
        "(main, planted) => main.firstElementChild.insertAdjacentHTML('afterbegin', planted)",
        planted,
    )
    found = [(known, theirs) for known, html, theirs in broken(page) if "data-planted" in html]
    assert found == [(rule, False)]
