"""Each of the twelve failures found from the first screen in three clicks, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from core.views.risks.catalogue import FAILURES, failure
from tests.browser.driving.walking import first_screen, go, main, settled, shows

pytestmark = pytest.mark.browser

#: Failure → the signal it is planted in, the page with the evidence, and what stands there.
PLANTED: dict[str, tuple[str, str, str]] = {
    "unvalidated": ("callback-urgency.self-report", "Registry", "Not registered: nobody has said"),
    "aggregate": ("ticket-triage.self-report", "Sign-off", "topic=medical"),
    "model_update": ("reply-safety.self-report", "Sign-off", "guard-2 · safety-v5"),
    "drift": ("refund-check.logprob", "Drift", "under 50"),
    "leakage": ("knowledge-answer.self-report", "Claims", "^900 of 8,840 claims"),
    "gaming": ("answer-quality.judge", "Drift", "prompt rubric-3"),
    "ownership": ("reply-safety.self-report", "Registry", "Maya Cole has left"),
    "audit_trail": ("ticket-triage.agreement", "Decision trail", "The trail is intact"),
    "escalation": ("ticket-triage.self-report", "Escalation", "^Against the threshold$"),
    "anchoring": ("reply-draft.self-report", "Reliability", "it states 15.0 points more"),
    "prompt_edit": ("reply-draft.self-report", "Sign-off", "was rejected"),
    "theatre": ("duplicate-merge.self-report", "Escalation", "Its confidence changes nothing"),
}


#: Where the way has something of its own; the others are as `aggregate`.
OWN_WAY = ("aggregate", "leakage", "gaming", "audit_trail", "theatre")


def test_every_failure_is_planted() -> None:
    assert set(PLANTED) == {one.key for one in FAILURES}


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(OWN_WAY, id="few"),
        pytest.param(
            tuple(key for key in PLANTED if key not in OWN_WAY), id="others", marks=pytest.mark.slow
        ),
    ],
)
def test_each_of_the_twelve_is_found_in_three_clicks(
    page: Page, told_site: str, keys: tuple[str, ...]
) -> None:
    first_screen(page, told_site)
    for key in keys:
        signal, where, shown = PLANTED[key]
        go(page, "Risks")

        # Where a failure was opened before, the way to all twelve stands beside it.
        every = main(page).get_by_role("link", name="All twelve, all signals")
        if every.count():
            every.click()
            settled(page)
        main(page).get_by_role("link", name=failure(key).title, exact=True).first.click()
        expect(page.get_by_role("heading", name=failure(key).title, exact=True)).to_be_visible()
        settled(page)
        if key == "leakage":
            expect(page.get_by_text("300 claims of 7,940 to judge on share")).to_be_visible()
            expect(page.get_by_text("as evidence they are refused")).to_be_visible()

        evidence = main(page).get_by_role("link", name=re.compile("^Open "))
        if key != "audit_trail":  # the trail is the ledger's, whichever signal
            evidence = evidence.and_(page.locator(f"[href*='signal={signal}']"))
        evidence.first.click()
        shows(page, where)
        if key == "gaming":
            page.get_by_role("tab", name="Is a metric being gamed?").click()
        if key == "theatre":
            page.get_by_role("tab", name="What it saves or costs").click()
        expect(page.get_by_text(re.compile(shown)).filter(visible=True).first, key).to_be_visible()
        go(page, "This week")
