"""Where a fact of core is shown: its page and what that page has to choose."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from core.sentences import pointer
from core.views.risks import status
from core.views.risks.status import Link
from dashboard.pages import PAGES
from dashboard.widgets.links import page_links

DAY = date(2026, 9, 1)


@pytest.mark.parametrize("pages", [status.Page, pointer.Page], ids=["evidence", "sentences"])
def test_every_page_that_core_names_exists(pages: object) -> None:
    assert get_args(pages)
    assert set(get_args(pages)) <= set(PAGES)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (Link("decision_trail"), "/decision_trail"),
        (Link("sign_off", "a b&c", fingerprint="f-1"), "/sign_off?signal=a+b%26c&fingerprint=f-1"),
        (Link("claims", "s", (("split", "heldout"),)), "/claims?signal=s&split=heldout"),
        (
            Link("reliability", "s", (("topic", None),)),
            "/reliability?signal=s&seg_topic=%28none%29",
        ),
        (Link("segments", "s", (("topic", "x"),)), "/segments?signal=s&row=topic&cell_row=x"),
        (Link("escalation", "s", since=DAY), "/escalation?signal=s&first=2026-09-01"),
        (
            Link("segments", "s", (("topic", "a\u202eb"),)),
            "/segments?signal=s&row=topic&cell_row=a%5Cu202eb",
        ),
        (Link("drift", "s", until=DAY), "/drift?signal=s&until=2026-09-01"),
    ],
)
def test_a_link_is_an_address_with_that_page_s_filters(link: Link, address: str) -> None:
    assert page_links.address(link) == address
