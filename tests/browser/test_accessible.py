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


#: What the theme decides; all else is the same, light and dark.
CONTRAST = "color-contrast"


def broken(page: Page, *rules: str) -> list[tuple[str, str, bool]]:
    """Rule, node, and whether it is Streamlit's, of all that breaks a rule on what is shown.

    Where ``rules`` are given, of these alone.
    """
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    found = []
    for one in Axe().run(page, options=options).response["violations"]:
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
        page.emulate_media(color_scheme="light")
        at_rest(page, "light")
        found = broken(page)
        ours += [f"{view} {rule}: {html}" for rule, html, theirs in found if not theirs]
        counted = Counter(rule for rule, _, theirs in found if theirs)
        for rule, (_, many) in THEIRS.items():
            assert many in (None, counted[rule]), (view, rule)
        page.emulate_media(color_scheme="dark")
        at_rest(page, "dark")
        ours += [f"{view} dark {rule}: {html}" for rule, html, _ in broken(page, CONTRAST)]
    assert ours == []


def test_the_same_faults_of_ours_are_found(page: Page, told_site: str) -> None:
    planted = {
        "list": "<ul data-planted><div>x</div></ul>",
        "listitem": "<div><li data-planted>x</li></div>",
        "empty-table-header": (
            "<table><tr><th role='columnheader' data-planted></th></tr><tr><td>x</td></tr></table>"
        ),
        CONTRAST: "<p data-planted style='color: #aaa; background: #bbb'>All 3</p>",
        "svg-img-alt": (
            "<svg><g data-planted class='mark-rect role-mark' role='graphics-symbol'></g></svg>"
        ),
    }
    open_page(page, told_site, "segments")
    expect(main(page).get_by_role("tab", name="The 12 largest")).to_be_attached()
    main(page).evaluate(
        "(main, planted) => main.firstElementChild.insertAdjacentHTML('afterbegin', planted)",
        "".join(planted.values()),
    )
    found = [(rule, theirs) for rule, html, theirs in broken(page) if "data-planted" in html]
    assert sorted(found) == [(rule, False) for rule in sorted(planted)]
    dark = [rule for rule, html, _ in broken(page, CONTRAST) if "data-planted" in html]
    assert dark == [CONTRAST]
