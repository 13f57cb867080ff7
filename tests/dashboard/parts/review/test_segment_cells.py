from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd

from core.queries.base.selection import Selection
from core.views.review.segments import SegmentsView
from dashboard.parts.review.segment_cells import LISTED, table

DESK = Selection("desk")


def cell(topic: str | None, language: str, verdict: str, shown: float) -> dict[str, Any]:
    ends = {"gap": shown * 1.2, "corrected_low": shown, "corrected_high": shown * 1.4}
    return {
        **{"topic": topic, "language": language, "verdict": verdict, "shown": shown},
        **{**ends, "n_claims": 1234, "words": f"gap {shown}, 301 cases"},
    }


def view(*cells: dict[str, Any]) -> SegmentsView:
    frame = pd.DataFrame(cells)
    return SegmentsView(
        "topic", "language", frame, frame, "", (), "", "", None, tolerance=0.05, high_from=0.9
    )


def links(markup: object) -> list[tuple[str, dict[str, list[str]]]]:
    found = re.findall(r'href="([^"]*)"', str(markup))
    return [(urlsplit(one).path, parse_qs(urlsplit(one).query)) for one in map(unescape, found)]


def test_only_cells_that_are_off_are_listed_with_what_is_off() -> None:
    drawn = str(
        table(
            view(
                cell("tax", "en", "fine", 0.0),
                cell("law", "en", "off", 0.08),
                cell("law", "de", "off", -0.2),
                cell("tax", "de", "at_the_edge", 0.3),
            ),
            DESK,
            {},
        )
    )
    named = re.findall(r'class="row"[^>]*>([^<]*)<', drawn)
    assert named == ["Topic law × Language de", "Topic law × Language en"]
    assert "Cells that are off" in drawn
    assert [float(one) for one in re.findall(r"gap (\S+), 301 cases", drawn)] == [-0.2, 0.08]


def test_without_a_bad_cell_there_is_no_list() -> None:
    assert table(view(cell("tax", "en", "fine", 0.0)), DESK, {}) is None


def test_many_bad_cells_are_cut_and_counted() -> None:
    bad = [cell("law", f"l{i}", "off", 0.1) for i in range(LISTED + 2)]
    drawn = str(table(view(*bad), DESK, {}))
    assert drawn.count('class="row"') == LISTED
    assert f"Worst {LISTED} of {LISTED + 2} cells" in drawn


def test_a_row_keeps_what_the_address_says_and_opens_its_cell() -> None:
    here = {"signal": ["desk"], "seg_team": ["a", "b"]}
    (opened, *_) = links(table(view(cell("law", "en", "off", 0.1)), DESK, here))
    assert opened == ("segments", {**here, "cell_row": ["law"], "cell_column": ["en"]})


def test_its_count_opens_exactly_the_stated_claims_of_the_cell_and_of_the_filters() -> None:
    narrowed = DESK.narrowed("team", "a")
    (_, claims) = links(table(view(cell(None, "en", "off", 0.1)), narrowed, {}))
    assert claims[0] == "claims"
    assert claims[1] == {
        **{"signal": ["desk"], "stated": ["stated"], "seg_team": ["a"]},
        **{"seg_topic": ["(none)"], "seg_language": ["en"]},
    }
