"""Two windows compared: harder cases told from confidences that lost their truth."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from itertools import chain

import duckdb
import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import brier_score_loss

from core.queries.base.selection import Selection
from core.views.review.window_comparison import ShiftView, shift_view
from core.views.shared.maturity import Window

Rows = list[dict[str, object]]
Batch = Callable[..., Rows]
Fill = Callable[..., duckdb.DuckDBPyConnection]

OLD = Window(date(2026, 8, 3), date(2026, 8, 30))
NEW = Window(date(2026, 9, 28), date(2026, 10, 25))

#: n, confidence, right of each part of a window.
Part = tuple[int, float, int]


def compared(
    cursor: duckdb.DuckDBPyConnection, *dimensions: str, by: str | None = None
) -> ShiftView:
    return shift_view(cursor, Selection("s"), OLD, NEW, dimensions=dimensions, by=by)


def sides(batch: Batch, before: list[Part], after: list[Part]) -> Rows:
    both = ((OLD.first, before), (NEW.last, after))
    parts = ((batch(day, *one) for one in side) for day, side in both)
    return list(chain.from_iterable(chain.from_iterable(parts)))


def brier(parts: list[Part]) -> float:
    y = np.concatenate([np.arange(n) < right for n, _, right in parts])
    return float(brier_score_loss(y, np.concatenate([np.full(n, v) for n, v, _ in parts])))


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ([(1000, 0.8, 800)], [(1000, 0.8, 795)], "Neither is more than chance would give."),
        (
            [(1000, 0.95, 950)],
            [(1000, 0.7, 700)],
            "The cases became harder; there is no sign that the signal lost its calibration.",
        ),
        (
            [(1000, 0.7, 700)],
            [(1000, 0.95, 950)],
            "The cases became easier; there is no sign that the signal lost its calibration.",
        ),
        (
            [(1000, 0.8, 800)],
            [(1000, 0.8, 600)],
            "The confidences became worse calibrated; there is no sign that the cases became "
            "harder or easier.",
        ),
        (
            [(1000, 0.8, 600)],
            [(1000, 0.8, 800)],
            "The confidences became better calibrated; there is no sign that the cases became "
            "harder or easier.",
        ),
        (
            [(1000, 0.95, 950)],
            [(1000, 0.7, 500)],
            "The confidences expect harder cases, and became worse calibrated.",
        ),
        (
            [(1000, 0.7, 700)],
            [(1000, 0.95, 700)],
            "The confidences expect easier cases, and became worse calibrated.",
        ),
        (
            [(1000, 0.7, 500)],
            [(1000, 0.95, 950)],
            "The confidences expect easier cases, and became better calibrated.",
        ),
    ],
    ids=["neither", "harder only", "easier only", "worse only", "better only", "both worse",
         "bolder and worse", "both better"],
)  # fmt: skip
def test_mix_shift_is_told_from_decalibration(
    before: list[Part], after: list[Part], verdict: str, batch: Batch, fill: Fill
) -> None:
    view = compared(fill(sides(batch, before, after)))
    assert view.split.endswith(verdict)
    said = re.match(
        r"The Brier score went from ([\d.]+) to ([\d.]+) \(n ([\d,]+) and ([\d,]+)\): (\S+) was "
        r"expected from the stated confidences, (\S+) is decalibration\.",
        view.split,
    )
    assert said is not None
    old, new = brier(before), brier(after)
    assert (float(said[1]), float(said[2])) == pytest.approx((old, new), abs=5e-5)
    assert said.groups()[2:4] == ("1,000", "1,000")
    foretold, decalibration = (float(said[i].replace("−", "-")) for i in (5, 6))
    spread = [parts[0][1] * (1 - parts[0][1]) for parts in (before, after)]
    assert foretold == pytest.approx(spread[1] - spread[0], abs=5e-5)
    assert decalibration == pytest.approx(new - old - (spread[1] - spread[0]), abs=5e-5)


def test_a_window_without_labels_is_named(batch: Batch, fill: Fill) -> None:
    cursor = fill(batch(OLD.first, 50, 0.8, 40) + batch(NEW.first, 50, 0.8, 0, labelled=0))
    view = compared(cursor)
    assert view.split == "The Brier score cannot be compared: no labelled claims after."
    assert view.parts.empty
    assert "no more than chance" in view.stated


def test_both_days_of_a_window_count_and_no_other(batch: Batch, fill: Fill) -> None:
    rows = sides(batch, [(50, 0.8, 40)], [(60, 0.8, 40)])
    for window in (OLD, NEW):
        for day in (window.first - timedelta(days=1), window.last + timedelta(days=1)):
            rows += batch(day, 7, 0.8, 5)
    (part,) = compared(fill(rows)).parts.to_dict("records")
    assert (part["n_before"], part["n_after"]) == (50, 60)


# --------------------------------------------------------------------------------- without labels
def test_how_far_the_stated_confidences_moved_is_measured_without_labels(
    batch: Batch, fill: Fill
) -> None:
    rows = batch(OLD.first, 400, 0.75, 0, labelled=0) + batch(OLD.first, 100, 0.95, 0, labelled=0)
    rows += batch(NEW.first, 300, 0.75, 0, labelled=0) + batch(NEW.first, 200, 0.95, 0, labelled=0)
    view = compared(fill(rows))
    said = re.match(
        r"Stated confidence moved by (\S+) points on average \(Wasserstein ([\d.]+), by noise "
        r"alone ([\d.]+); PSI ([\d.]+), by noise alone ([\d.]+)\): more than chance would "
        r"\(p 0.001, 500 claims\)\.",
        view.stated,
    )
    assert said is not None
    old, new = ([0.75] * a + [0.95] * b for a, b in ((400, 100), (300, 200)))
    assert float(said[1]) == pytest.approx(100 * (np.mean(new) - np.mean(old)), abs=0.05)
    assert float(said[2]) == pytest.approx(100 * stats.wasserstein_distance(old, new), abs=0.05)
    psi = (0.6 - 0.8) * np.log(0.6 / 0.8) + (0.4 - 0.2) * np.log(0.4 / 0.2)
    assert float(said[4]) == pytest.approx(psi, abs=5e-4)
    assert float(said[5]) == pytest.approx(1 / 500 + 1 / 500, abs=5e-4)
    assert view.stated_before["n_claims"].sum() == view.stated_after["n_claims"].sum() == 500


def test_confidences_that_stayed_are_called_no_more_than_chance(batch: Batch, fill: Fill) -> None:
    view = compared(fill(sides(batch, [(500, 0.8, 400), (500, 0.6, 300)],
                               [(505, 0.8, 400), (495, 0.6, 300)])))  # fmt: skip
    assert view.stated.endswith("no more than chance would.")


def test_an_empty_window_is_nothing_to_compare(batch: Batch, fill: Fill) -> None:
    view = compared(fill(batch(OLD.first, 5, 0.8, 4, seg_topic="a")), "topic")
    assert view.stated == "Nothing to compare: no stated claims after."
    assert view.mixes[0].words == "Topic: no claims after."


def test_a_dimension_whose_mix_moved_names_the_value_that_moved_most(
    batch: Batch, fill: Fill
) -> None:
    shares = {"en": (600, 300), "de": (300, 320), "hi": (100, 380)}
    rows = [
        row
        for language, (old, new) in shares.items()
        for day, n in ((OLD.first, old), (NEW.first, new))
        for row in batch(day, n, 0.8, 0, labelled=0, seg_language=language, seg_tier="gold")
    ]
    view = compared(fill(rows), "language", "tier")
    language, tier = view.mixes
    assert language.words.startswith("Language: the mix of cases changed (PSI ")
    assert language.words.endswith("en went from 60% to 30%.")
    frame = language.values.set_index("value")
    for value, (old, new) in shares.items():
        row = frame.loc[value]
        assert (row["share_before"], row["share_after"]) == pytest.approx((old / 1000, new / 1000))
    assert tier.words.startswith("Tier: the mix of cases changed no more than chance would")


def test_claims_that_name_no_value_are_part_of_the_mix(batch: Batch, fill: Fill) -> None:
    rows = batch(OLD.first, 50, 0.8, 40, seg_topic="a") + batch(OLD.first, 50, 0.8, 40)
    rows += batch(NEW.first, 90, 0.8, 70, seg_topic="a") + batch(NEW.first, 10, 0.8, 8)
    frame = compared(fill(rows), "topic").mixes[0].values.set_index("value")
    assert frame.loc["(none)", "n_before"] == 50
    assert frame["share_after"].sum() == pytest.approx(1)


# ------------------------------------------------------------------------------------- by segment
def planted(batch: Batch) -> Rows:
    """Medical lost its truth, billing did not; chat went, phone came."""
    cases = (
        (OLD.first, 300, 270, "medical", "mail"),
        (OLD.first, 500, 450, "billing", "chat"),
        (NEW.first, 300, 180, "medical", "mail"),
        (NEW.first, 600, 540, "billing", "phone"),
    )
    return [
        row
        for day, n, right, topic, channel in cases
        for row in batch(day, n, 0.9, right, seg_topic=topic, seg_channel=channel)
    ]


@pytest.mark.parametrize("by", ["topic", "channel"])
def test_what_the_segments_added_adds_up_to_the_whole(by: str, batch: Batch, fill: Fill) -> None:
    view = compared(fill(planted(batch)), by=by)
    (whole,) = view.parts.to_dict("records")
    assert view.by_segment["contribution"].sum() == pytest.approx(whole["after"] - whole["before"])
    assert view.by_segment["added_decalibration"].sum() == pytest.approx(whole["decalibration"])
    assert view.by_segment["n_before"].sum() == whole["n_before"]


def test_the_segment_that_broke_stands_out(batch: Batch, fill: Fill) -> None:
    frame = compared(fill(planted(batch)), by="topic").by_segment.set_index("label")
    # (1 − 2·0.9)(0.6 − 0.9) = 0.24 of medical's own, and nothing of billing's.
    assert frame.loc["medical", "decalibration"] == pytest.approx(0.24)
    assert frame.loc["medical", "decalibration_low"] > 0
    assert frame.loc["billing", "decalibration"] == pytest.approx(0)


def test_a_segment_of_one_window_only_has_no_split_of_its_own(batch: Batch, fill: Fill) -> None:
    frame = compared(fill(planted(batch)), by="channel").by_segment.set_index("label")
    assert frame.loc["phone", ["n_before", "n_after"]].tolist() == [0, 600]
    assert np.isnan(frame.loc["phone", "before"])
    assert frame.loc["phone", "contribution"] == pytest.approx(600 / 900 * 0.09)


def test_without_labels_there_is_no_split_by_segment(batch: Batch, fill: Fill) -> None:
    rows = batch(OLD.first, 5, 0.8, 0, labelled=0, seg_topic="a")
    rows += batch(NEW.first, 5, 0.8, 0, labelled=0, seg_topic="a")
    assert compared(fill(rows), by="topic").by_segment.empty
