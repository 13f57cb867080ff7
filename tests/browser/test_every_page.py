"""What holds for every page, read from one visit of each in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.pages import PAGES
from tests.browser.conftest import new_context
from tests.browser.driving.rules import CONTRAST, THEIRS, broken
from tests.browser.driving.visit import HEIGHT, WIDTHS, Visit, Visitor
from tests.browser.driving.walking import main, open_page
from tests.worlds.running.layout_shift import GOOD, shifted, watch

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visitor(browser: Browser, told_site: str) -> Iterator[Visitor]:
    context = new_context(browser, WIDTHS[-1], HEIGHT)
    yield Visitor(context.new_page(), told_site)
    context.close()


@pytest.fixture(scope="module", params=PAGES)
def visit(visitor: Visitor, request: pytest.FixtureRequest) -> Visit:
    """Each page once: pytest runs what reads the same visit one after another."""
    return visitor.visit(request.param)


def test_nothing_jumps_as_a_page_arrives(visit: Visit) -> None:
    worst, moved = visit.jumped
    assert worst < GOOD, moved


def test_no_page_runs_over_the_side(visit: Visit) -> None:
    assert visit.too_wide == {}


def test_every_page_draws_its_charts_under_the_policy(visit: Visit) -> None:
    assert visit.held == []
    assert visit.charts > 0 or visit.key not in ("reliability", "segments", "drift")


def test_no_page_asks_anybody_outside_for_anything(visit: Visit, told_site: str) -> None:
    asked = {url for url in visit.asked if not url.startswith(("data:", "blob:"))}
    assert asked
    assert {url for url in asked if not url.startswith(told_site)} == set()


def test_no_page_breaks_a_rule_of_its_own(visit: Visit) -> None:
    """As axe-core finds, light and dark, each tab and drawer open."""
    assert visit.ours() == []
    known = {rule: many for rule, (_, many) in THEIRS.items() if many is not None}
    for view, counted in visit.theirs().items():
        assert {rule: counted[rule] for rule in known} == known, view


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
    found = [(one.rule, one.theirs) for one in broken(page) if "data-planted" in one.html]
    assert sorted(found) == [(rule, False) for rule in sorted(planted)]
    dark = [one.rule for one in broken(page, CONTRAST) if "data-planted" in one.html]
    assert dark == [CONTRAST]


def test_a_jump_would_be_counted(page: Page) -> None:
    watch(page)
    page.goto("data:text/html,<p style='height: 500px'>Still</p>")
    # What was never painted cannot shift: under load the first paint comes after the load.
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    page.evaluate("document.body.insertAdjacentHTML('afterbegin', '<div style=height:200px>')")
    page.wait_for_function("window.shifts.length")
    worst, moved = shifted(page)
    assert worst > GOOD
    assert len(moved) == 1
