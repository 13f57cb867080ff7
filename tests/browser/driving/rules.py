"""What axe-core finds broken on a page, and what of it is Streamlit's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from dashboard.pages import PAGES

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
    # The place a file is dropped on.
    "presentation-role-conflict": ("[data-testid='stFileUploaderDropzone']", None),
}
#: What the theme decides; all else is the same, light and dark.
CONTRAST = "color-contrast"


@dataclass(frozen=True)
class Broken:
    """A node that breaks a rule, and whether it is Streamlit's."""

    rule: str
    html: str
    theirs: bool


def broken(page: Page, *rules: str) -> list[Broken]:
    """All that breaks a rule on what is shown; where ``rules`` are given, of these alone."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    violations = page.evaluate(
        "options => axe.run(options).then(found => found.violations)", options
    )
    return [
        Broken(one["id"], node["html"][:200], _theirs(page, one["id"], node["target"]))
        for one in violations
        for node in one["nodes"]
    ]


def _theirs(page: Page, rule: str, target: list[Any]) -> bool:
    """Whether a node is one of those known; what we draw stands in a shadow root and never is."""
    known = THEIRS.get(rule)
    (first, *deeper) = target
    if known is None or deeper or not isinstance(first, str):
        return False
    matches: bool = page.eval_on_selector(first, "(one, known) => one.matches(known)", known[0])
    return matches
