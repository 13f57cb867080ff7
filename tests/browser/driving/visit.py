"""One visit of a page, in which all is gathered that holds for every page."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Page, Request, expect

from tests.browser.driving.rules import CONTRAST, Broken, broken
from tests.browser.driving.walking import at_rest, every_view, main, open_page, settled
from tests.worlds.running import layout_shift

HEIGHT = 1000
#: From a wide screen to a telephone; the last is the one to go on with.
WIDTHS = (1000, 390, 1440)


@dataclass
class Visit:
    """What was met on a page.

    Attributes:
        jumped: the worst window of layout shifts as it arrived, and what moved.
        charts: how many were drawn.
        too_wide: width of the window → pixels that the page runs over its side.
        broken: view → rules broken there; all in the light, contrast in the dark too.
        held: what the content policy held back.
        asked: the addresses that were asked for.
    """

    key: str
    jumped: tuple[float, list[str]] = (0.0, [])
    charts: int = 0
    too_wide: dict[int, int] = field(default_factory=dict)
    broken: dict[str, list[Broken]] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def ours(self) -> list[str]:
        """View and rule of what of ours breaks one."""
        return [
            f"{view} {one.rule}: {one.html}"
            for view, found in self.broken.items()
            for one in found
            if not one.theirs
        ]

    def theirs(self) -> dict[str, Counter[str]]:
        """View in the light → how many nodes of Streamlit's break which rule."""
        return {
            view: Counter(one.rule for one in found if one.theirs)
            for view, found in self.broken.items()
            if not view.startswith("dark")
        }


class Visitor:
    """Opens one page after another, each by its address: what is fetched once is kept."""

    def __init__(self, page: Page, site: str) -> None:
        layout_shift.watch(page)
        self._page, self._site = page, site
        self._visit = Visit("")
        self._theme = "light"
        page.on("request", self._asked)
        page.on("console", self._said)

    def visit(self, key: str) -> Visit:
        """Look at all of a page."""
        page, found = self._page, Visit(key)
        self._visit = found
        open_page(page, self._site, key)
        found.jumped = layout_shift.shifted(page)
        if found.jumped[0] >= layout_shift.GOOD:
            # A busy machine sends apart what it sends together by itself: what jumps, jumps again.
            open_page(page, self._site, key)
            found.jumped = min(found.jumped, layout_shift.shifted(page))
        found.charts = _charts(page)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            settled(page)
            over: int = main(page).evaluate("one => one.scrollWidth - one.clientWidth")
            if over > 0:
                found.too_wide[width] = over
        for view in every_view(page):
            # Each view begins in the theme in which the one before ended: to switch is dear.
            here, there = self._theme, "dark" if self._theme == "light" else "light"
            self._look(view, here)
            self._look(view, there)
        return found

    def _look(self, view: str, theme: str) -> None:
        if theme == "light":
            self._page.emulate_media(color_scheme="light")
        else:
            self._page.emulate_media(color_scheme="dark")
        at_rest(self._page, theme)
        self._theme = theme
        rules = (CONTRAST,) if theme == "dark" else ()
        name = f"dark {view}" if theme == "dark" else view
        self._visit.broken[name] = broken(self._page, *rules)

    def _asked(self, request: Request) -> None:
        self._visit.asked.add(request.url)

    def _said(self, message: ConsoleMessage) -> None:
        if "Content Security" in message.text:
            self._visit.held.append(message.text)


def _charts(page: Page) -> int:
    """How many charts are there, each of them drawn."""
    # What an unopened tab holds is drawn when it is opened.
    frames = page.locator("[data-testid='stVegaLiteChart']").filter(visible=True)
    for number in range(frames.count()):
        expect(frames.nth(number).locator("canvas, svg").first).to_be_attached()
        # Streamlit puts role and label where it draws.
        expect(frames.nth(number)).to_have_attribute("role", "graphics-document")
        expect(frames.nth(number)).to_have_attribute("aria-label", re.compile(r"\w+ \w+"))
    return frames.count()
