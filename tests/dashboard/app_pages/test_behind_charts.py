"""No chart is a picture alone: each says what it shows, and its figures stand in a table."""

from __future__ import annotations

import pytest

from dashboard.pages import PAGES
from dashboard.widgets import chart
from tests.worlds.pages import page as open_page

CONFIDENCES = "Each stated confidence with its labelled claims and observed share"
PERIODS = "Every period with its measures"
#: Page with charts → the tables behind them; where they differ from page to page, how they begin.
BEHIND = {
    "signal": {CONFIDENCES, PERIODS},
    "reliability": {CONFIDENCES, "Differences of confidence"},
    "segments": {"All segments, worst first"},
    "drift": {PERIODS},
    "changes": {CONFIDENCES},
    "escalation": {"Claims by action"},
    "data": {"Label coverage by week", "Label coverage by confidence band"},
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("told_read")
def test_every_chart_is_told_in_words_and_has_its_table(page: str) -> None:
    app = open_page(page)
    drawn = [one.proto.alt for one in app.get("vega_lite_chart")]
    assert bool(drawn) == (page in BEHIND)
    assert all(len(said) > 30 for said in drawn)
    tables = [one.proto.alt for kind in ("dataframe", "table") for one in app.get(kind)]
    for name in BEHIND.get(page, ()):
        assert any(said.startswith(name) for said in tables), name


def test_a_chart_of_which_nothing_is_said_is_refused() -> None:
    with pytest.raises(ValueError, match="the chart curve says nothing"):
        chart.show(None, " ", name="curve")
