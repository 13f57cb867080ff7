"""No chart is a picture alone: each says what it shows, and its figures stand in a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dashboard.pages import PAGES
from dashboard.widgets import chart
from tests.worlds.running.pages import page as open_page

#: The pages that draw charts.
DRAWN = {"signal", "reliability", "segments", "drift", "changes", "escalation", "data"}
#: What a page is asked for to show more of them than by itself.
ASKED = {
    "drift": {"split_by": "seg_topic"},
    "sign_off": {
        "signal": "ticket-triage.self-report",
        "fingerprint": "f-0f4aee69e67c",
    },
    "thresholds": {
        "signal": "knowledge-answer.self-report",
        "without_overlap": "true",
        "risk": "20.0",
    },
}


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The charts that were shown: name → how the table with its figures begins."""
    found: dict[str, str] = {}
    show: Callable[..., None] = chart.show

    def shown(*said: Any, name: str, behind: str, **looks: Any) -> None:
        found[name] = behind
        show(*said, name=name, behind=behind, **looks)

    monkeypatch.setattr(chart, "show", shown)
    return found


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("told_read")
def test_every_chart_is_told_in_words_and_has_its_table(page: str, behind: dict[str, str]) -> None:
    app = open_page(page, **ASKED.get(page, {}))
    drawn = [one.proto.alt for one in app.get("vega_lite_chart")]
    assert bool(drawn) == (page in DRAWN | set(ASKED))
    assert all(len(said) > 30 for said in drawn)
    # A heatmap is drawn by itself, for its cells open.
    assert len(drawn) == len(behind) + (page == "segments")
    tables = [one.proto.alt for kind in ("dataframe", "table") for one in app.get(kind)]
    alone = {
        name: table
        for name, table in behind.items()
        if not any(said.startswith(table) for said in tables)
    }
    assert alone == {}


def test_a_chart_of_which_nothing_is_said_is_refused() -> None:
    with pytest.raises(ValueError, match="the chart curve says nothing"):
        chart.show(None, " ", name="curve", behind="A table")
