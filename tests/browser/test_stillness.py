"""The journeys wait for what they asked for, however late the server answers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import new_context
from tests.browser.driving.walking import asked, choose, open_page

pytestmark = pytest.mark.browser

#: What a page sends leaves it half a second later.
_SLOW = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) { setTimeout(() => send.call(this, data), 500); };
"""


def test_a_page_is_waited_for_until_a_slow_answer_is_drawn(
    browser: Browser, told_site: str
) -> None:
    context = new_context(browser, before=_SLOW)
    page: Page = context.new_page()
    open_page(page, told_site, "segments")
    choose(page, "Signal", "refund-check.logprob")
    assert asked(page)["signal"] == "refund-check.logprob"
    context.close()
