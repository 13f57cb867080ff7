"""The sections on gaming and on how it was asked: shown where there is something to say."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.worlds.running.pages import page

pytestmark = pytest.mark.usefixtures("told_read")


def sections(app: AppTest) -> list[str]:
    return [*(one.value for one in app.header), *(one.label for one in app.tabs)]


def test_a_gamed_metric_warns_and_shows_two_curves() -> None:
    app = page("drift", signal="answer-quality.judge")
    assert "Is a metric being gamed?" in sections(app)
    assert any("AUROC fell" in one.value for one in app.warning)
    text = "\n".join(one.value for one in app.markdown)
    assert "prompt rubric-2" in text
    assert "prompt rubric-3" in text


def test_a_metric_that_is_not_gamed_is_told_in_a_line() -> None:
    app = page("drift", signal="ticket-triage.agreement")
    assert not app.warning
    assert any(one.value.startswith("No: in none of") for one in app.markdown)


def test_an_anchored_confidence_warns_on_the_reliability_page() -> None:
    app = page("reliability", signal="reply-draft.self-report")
    assert "How it was asked" in sections(app)
    assert any("The answer anchors it" in one.value for one in app.warning)


def test_a_signal_asked_in_one_way_has_no_such_section() -> None:
    app = page("reliability", signal="refund-check.logprob")
    assert "How it was asked" not in sections(app)


def test_the_escalation_page_asks_why_a_signal_exists_that_changes_nothing() -> None:
    app = page("escalation", signal="duplicate-merge.self-report")
    assert "What it saves or costs" in sections(app)
    assert any("Why does this signal exist?" in one.value for one in app.warning)


def test_the_escalation_page_says_what_a_confidence_saves_and_by_which_costs() -> None:
    app = page("escalation", signal="refund-check.logprob")
    assert any("It saves" in one.value for one in app.markdown)
    assert any("As declared: an error" in one.value for one in app.caption)
