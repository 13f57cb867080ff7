from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dashboard.charts import LIGHT
from dashboard.charts.population_shift import (
    alt_text_mix,
    alt_text_shift,
    confidence_shift,
    mix_change,
)

VALUES = pd.DataFrame(
    {
        "value": ["shipping", "refund", None, "billing"],
        "share_before": [0.2, 0.1, 0.2, 0.5],
        "share_after": [0.21, 0.4, 0.2, 0.19],
        "n_before": [200, 100, 200, 500],
        "n_after": [21, 40, 20, 19],
    }
)
BEFORE = pd.DataFrame({"left": [0.0, 0.5], "right": [0.5, 1.0], "n_claims": [250, 750]})
AFTER = BEFORE.assign(n_claims=[10, 10])


# ------------------------------------------------------------------------------------------- mix
def test_the_largest_changes_stand_first_up_or_down(drawn: Any) -> None:
    words = drawn(mix_change(VALUES, LIGHT)).words
    assert [text.partition(":")[0] for text in words] == ["billing", "refund", "shipping", "(none)"]


def test_shares_changes_and_counts_stand_in_words(drawn: Any) -> None:
    words = drawn(mix_change(VALUES, LIGHT)).words
    assert words[0] == "billing: 50% → 19% (−31), n 500 → 19"


def test_a_hollow_dot_is_before_and_a_filled_one_after(drawn: Any) -> None:
    drawing = drawn(mix_change(VALUES, LIGHT, before="in August", after="in September"))
    hollow, filled = drawing.marks("point")[:2]
    assert (hollow["x"], hollow["fill"]) == (0.5, LIGHT.background)
    assert (filled["x"], filled["fill"]) == (0.19, LIGHT.estimate)
    assert "hollow in August, filled in September" in drawing.title


def test_values_not_shown_are_counted_with_the_most_they_changed(drawn: Any) -> None:
    drawing = drawn(mix_change(VALUES, LIGHT, most=2))
    assert "2 more values not shown, each changed by 1.0 points or less" in drawing.title
    assert len(drawing.marks("point")) == 4


def test_no_values_are_said_in_words() -> None:
    assert "No claims to compare" in str(mix_change(VALUES.head(0), LIGHT).to_dict())
    assert alt_text_mix(VALUES.head(0)) == "No claims to compare."


def test_the_text_of_a_mix_names_the_largest_change() -> None:
    assert alt_text_mix(VALUES) == (
        "Shares of 4 values in two windows. The largest change: billing, 50% to 19% "
        "(500 claims before, 19 after)."
    )


# ------------------------------------------------------------------------------------ confidence
def test_both_windows_are_shares_of_their_own_claims(drawn: Any) -> None:
    drawing = drawn(confidence_shift(BEFORE, AFTER, LIGHT))
    assert [row["first"] for row in drawing.told] == ["25.0%, 250 claims", "75.0%, 750 claims"]
    assert [row["second"] for row in drawing.told] == ["50.0%, 10 claims", "50.0%, 10 claims"]
    heights = [abs(row["y"] - row["y2"]) for row in drawing.marks("rect")]
    assert heights[1] == pytest.approx(3 * heights[0])
    middle = [row["y"] for row in drawing.marks("line")][1:-1]
    assert len(set(middle)) == 1


def test_the_windows_are_named_with_their_claims(drawn: Any) -> None:
    drawing = drawn(confidence_shift(BEFORE, AFTER, LIGHT))
    assert {"reference: 1,000 claims", "now: 20 claims"} <= set(drawing.words)


def test_an_empty_window_leaves_the_other_and_two_leave_words(drawn: Any) -> None:
    none = AFTER.assign(n_claims=0)
    drawing = drawn(confidence_shift(BEFORE, none, LIGHT))
    assert "now: 0 claims" in drawing.words
    assert not drawing.marks("line")
    assert "No claims to compare" in str(confidence_shift(none, none, LIGHT).to_dict())


def test_the_text_of_a_shift_tells_the_commonest_bins() -> None:
    none = AFTER.assign(n_claims=0)
    assert alt_text_shift(BEFORE, none) == (
        "Stated confidence in two windows. Reference, 1,000 claims: most often 0.5 to 1, 75%; "
        "now: no claims."
    )
