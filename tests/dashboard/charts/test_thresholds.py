from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from dashboard.charts.kit.palette import DARK, LIGHT, Palette
from dashboard.charts.thresholds import alt_text_risk, risk_chart

CURVE = pd.DataFrame(
    [
        ("Tuned on", 0.95, 0.2, 0.01, 0.0, 0.05, 100, 1),
        ("Tuned on", 0.85, 0.6, 0.03, 0.01, 0.06, 300, 9),
        ("Held out", 0.95, 0.25, 0.1, 0.05, 0.2, 100, 10),
        ("Held out", 0.85, 0.5, 0.12, 0.08, 0.9, 200, 24),
    ],
    columns=["sample", "cut", "coverage", "risk", "low", "high", "n", "errors"],
)
MARKS = pd.DataFrame(
    [("Tuned on", "0.85", 0.6, 0.03), ("Held out", "0.85", 0.5, 0.12)],
    columns=["sample", "cut", "coverage", "risk"],
)
Drawn = Callable[[Any], Any]


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_both_samples_are_drawn_told_apart_by_dash_as_well_as_colour(
    palette: Palette, drawn: Drawn
) -> None:
    chart = drawn(risk_chart(CURVE, MARKS, 0.05, palette))
    line = next(one for one in chart.document["layer"] if one["mark"]["type"] == "line")
    assert line["encoding"]["color"]["scale"]["range"] == [palette.estimate, palette.other]
    first, second = line["encoding"]["strokeDash"]["scale"]["range"]
    assert first != second
    assert len(chart.marks("line")) == 4


def test_the_accepted_share_and_the_cut_stand_in_words(drawn: Drawn) -> None:
    document = str(drawn(risk_chart(CURVE, MARKS, 0.05, LIGHT)).document)
    assert "5% accepted" in document
    assert "threshold 0.85" in document
    without = str(drawn(risk_chart(CURVE, MARKS.head(0), 0.05, LIGHT)).document)
    assert "threshold 0.85" not in without


def test_what_reaches_beyond_the_plot_ends_at_its_edge(drawn: Drawn) -> None:
    rows = drawn(risk_chart(CURVE, MARKS, 0.05, LIGHT)).marks("area")
    assert max(row["high"] for row in rows) == pytest.approx(1.25 * 0.12)


def test_without_labels_words_say_so() -> None:
    document = risk_chart(CURVE.head(0), MARKS.head(0), 0.05, LIGHT).to_dict(validate=True)
    assert "No labelled claim" in str(document)
    assert "No labelled claim" in alt_text_risk(CURVE.head(0), MARKS.head(0), 0.05)


def test_the_words_tell_the_cut_on_both_samples() -> None:
    text = alt_text_risk(CURVE, MARKS, 0.05)
    assert "At the threshold 0.85 3.0% wrong and 60% automated (Tuned on)." in text
    assert "At the threshold 0.85 12.0% wrong and 50% automated (Held out)." in text
    assert text.endswith("5% is accepted.")
