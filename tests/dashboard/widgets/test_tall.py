"""The place that is kept for what is drawn late."""

from __future__ import annotations

import re

import altair as alt

from dashboard.widgets.chart import height_of
from dashboard.widgets.drawn.framed import MANY, tall
from dashboard.widgets.tall import TALLEST, rules, tall_key


def kept(key: str) -> list[int]:
    """Heights that the rules keep for an element of a key."""
    return [
        int(pixels)
        for part, pixels in re.findall(r'\[class\*="([^"]+)"\] \{ min-height: (\d+)px', rules())
        if part in f"st-key-{key}"
    ]


def test_a_height_is_kept_by_exactly_one_rule_and_never_more_than_it_takes() -> None:
    assert kept(tall_key("board", 660)) == [660]
    assert kept(tall_key("board", 679)) == [660]
    assert kept(tall_key("board", 20)) == [20]
    assert kept(tall_key("board", 10_000)) == [TALLEST]
    assert kept(tall_key("board", 0)) == []


def test_a_telephone_keeps_no_place() -> None:
    assert rules().startswith("@media (min-width: 768px) {")
    assert rules().count("{") == rules().count("}")


def test_the_height_of_charts_one_below_the_other_is_that_of_all() -> None:
    one = alt.Chart().mark_point().properties(height=200)
    assert height_of(one) > 200
    assert height_of(one & one) > 2 * height_of(one) - 1
    assert height_of(one | one) == height_of(one)
    assert height_of(alt.layer(one, one)) == height_of(one)


def test_a_long_table_keeps_its_frame_and_no_more() -> None:
    assert tall(10) == 424
    assert tall(MANY + 100) == tall(MANY + 200)
