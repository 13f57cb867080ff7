"""What axe-core finds on every page, light and dark: nothing of ours."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from dashboard.pages import PAGES
from tests.browser.walking import settled

pytestmark = pytest.mark.browser

#: Rule → nodes of Streamlit's, or of the chart library's, that break it.
THEIRS = {
    "list": ('data-testid="stSidebarNavItems"',),
    "listitem": ('<li class="st-emotion-cache-',),
    "svg-img-alt": ('class="mark-', "role-mark"),
    # The text of the chosen button of a group, in dark; the colours of code.
    "color-contrast": ("<p>All ", 'class="token '),
}


@pytest.mark.parametrize("key", PAGES)
def test_no_page_breaks_a_rule_of_its_own(page: Page, told_site: str, key: str) -> None:
    page.goto(f"{told_site}/{key}?signal=ticket-triage.self-report")
    settled(page)
    found = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.wait_for_timeout(500)
        for one in Axe().run(page).response["violations"]:
            known = THEIRS.get(one["id"], ())
            found += [
                f"{theme} {one['id']}: {node['html'][:200]}"
                for node in one["nodes"]
                if not any(part in node["html"] for part in known)
            ]
    assert found == []
