"""Every page in a browser, on a ledger whose texts try to be more than text."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests import hostile
from tests.browser.driving.walking import first_screen, go

#: Every run asks the same of what pages send (tests/dashboard/test_shown.py); what a browser draws
#: of it is looked at every night.
pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: What the payloads have become.
MADE = """() => [
    ...[...document.links].filter(one => /evil/.test(one.hostname) || one.protocol === "mailto:"),
    ...document.querySelectorAll("img[src*=evil], img[src=x], [onerror], .katex"),
    ...document.querySelectorAll("[role=img][aria-label^=home], [arialabel^=home]"),
    ...[...document.querySelectorAll("strong")].filter(one => one.textContent === "bold"),
].map(one => one.outerHTML).concat(document.body.innerText.match(/😄/gu) ?? [])"""


def test_no_page_makes_a_link_an_icon_or_an_emoji_of_a_name(
    serve: Callable[..., AbstractContextManager[str]], page: Page, tmp_path: Path
) -> None:
    ledger = hostile.build(tmp_path, datetime.now(UTC).replace(tzinfo=None, microsecond=0))
    with serve("serve", "--ledger", str(ledger)) as address:
        first_screen(page, address)
        # Whatever the sidebar names, so that a page to come is walked too.
        links = page.get_by_test_id("stSidebarNavLink").all_inner_texts()
        names = [text.split("\n")[-1] for text in links]
        made, named = [], 0
        for name in names:
            go(page, name)
            made += page.evaluate(MADE)
            named += page.get_by_text("evil.example").count() > 0
    assert not made
    assert named > len(names) / 2
