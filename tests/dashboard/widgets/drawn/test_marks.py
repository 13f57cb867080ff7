"""Small drawings: where each part stands, also at the edges."""

from __future__ import annotations

import math
import re
from typing import get_args

import pytest

from core.measure.verdicts.parts import PartState
from core.sentences.numbers import STATE_WORDS
from dashboard.widgets.drawn.marks import SPAN, badge, bars, blocks, bullet, days, scale, spark
from dashboard.widgets.drawn.markup import Markup

STATES: tuple[PartState, ...] = get_args(PartState)


def parts(drawn: Markup, name: str) -> list[dict[str, str]]:
    """The attributes of every element of a name."""
    return [
        dict(re.findall(r'([\w-]+)="([^"]*)"', one))
        for one in re.findall(rf"<{name}\b([^>]*)>", drawn)
    ]


def one(drawn: Markup, name: str) -> dict[str, str]:
    (found,) = parts(drawn, name)
    return found


def cls(drawn: Markup, name: str) -> list[str]:
    return [each["class"] for each in parts(drawn, name)]


DRAWN = {
    "badge": badge("off"),
    "bullet": bullet(0.1, 0.05, 0.15, 0.05),
    "bullet beyond": bullet(1.0, -1.0, 1.0, 0.05),
    "bullet endless": bullet(0.1, -math.inf, math.inf, 0.05),
    "scale": scale((-0.05, 0, 0.05)),
    "spark": spark([0.1, 0.2]),
    "spark of one": spark([0.1], tolerance=0.05),
    "spark of zeros": spark([0.0, 0.0]),
    "spark below zero": spark([-0.3, -0.1]),
    "bars": bars([1, 2, 3]),
    "bars of zeros": bars([0, 0]),
    "no bars": bars([]),
    "blocks": blocks([("off", 1), ("fine", 3)]),
    "no blocks": blocks([("off", 0)]),
    "many blocks": blocks([("off", 1), ("fine", 400)]),
    "days": days([0, 13], 14),
    "no days": days([], 0),
}


@pytest.mark.parametrize("drawn", DRAWN.values(), ids=DRAWN)
def test_a_drawing_is_hidden_from_readers_of_the_screen_and_its_lengths_are_numbers(
    drawn: Markup,
) -> None:
    assert all(each.get("aria-hidden") == "true" for each in parts(drawn, "svg"))
    assert not re.search(r"nan|inf|None", drawn)
    assert all(
        float(each[key]) >= 0
        for name in ("svg", "rect")
        for each in parts(drawn, name)
        for key in ("width", "height")
        if key in each
    )


@pytest.mark.parametrize("state", STATES)
def test_a_badge_says_its_verdict_in_words_beside_its_icon(state: PartState) -> None:
    drawn = badge(state)
    assert drawn.endswith(f"{STATE_WORDS[state]}</span>")
    assert cls(drawn, "span") == [f"badge {state}"]


def test_every_verdict_has_an_icon_of_its_own() -> None:
    assert len({one(badge(state), "path")["d"] for state in STATES}) == len(STATES)


def test_a_badge_may_say_other_words_and_why() -> None:
    drawn = badge("too_few", "No <verdict>", 'because "so"')
    assert "No &lt;verdict&gt;</span>" in drawn
    assert 'title="because &quot;so&quot;"' in drawn


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (0.06, 0.1, "out"),
        (-0.2, -0.06, "out"),
        (-0.05, 0.05, "in"),
        (0.01, 0.04, "in"),
        (0.05, 0.1, "on"),
        (-0.1, 0.1, "on"),
        (-0.1, -0.05, "on"),
    ],
)
def test_a_bullet_is_out_where_the_whole_interval_lies_beyond_what_is_accepted(
    low: float, high: float, state: str
) -> None:
    drawn = bullet((low + high) / 2, low, high, 0.05)
    assert cls(drawn, "circle") == [f"dot {state}"]
    assert cls(drawn, "line") == ["zero", f"range {state}"]


def test_a_bullet_puts_gap_interval_and_tolerance_on_one_scale() -> None:
    drawn = bullet(0.0, -0.05, 0.05, 0.05, span=(-0.1, 0.1), width=104)
    _, interval = parts(drawn, "line")
    strip = one(drawn, "rect")
    assert one(drawn, "circle")["cx"] == "52.0"
    assert (interval["x1"], interval["x2"]) == ("27.0", "77.0")
    assert (strip["x"], strip["width"]) == ("27.0", "50.0")


@pytest.mark.parametrize(("gap", "at"), [(-1.0, 2), (SPAN[0], 2), (1.0, 138)])
def test_what_lies_beyond_a_bullets_span_stands_at_its_edge(gap: float, at: float) -> None:
    assert float(one(bullet(gap, gap, gap, 0.05), "circle")["cx"]) == at


def test_the_axis_stands_where_the_bullets_below_it_do() -> None:
    drawn = scale((-0.05, 0, 0.05, 0.15))
    assert re.findall(r">([^<]+)</text>", drawn) == ["−5", "0", "+5", "+15"]
    dots = [one(bullet(v, v, v, 0.05), "circle")["cx"] for v in (-0.05, 0, 0.05, 0.15)]
    assert [each["x"] for each in parts(drawn, "text")] == dots


def test_a_trend_without_a_value_is_a_dash() -> None:
    assert spark([]) == "–"


def test_a_trend_goes_from_left_to_right_and_ends_at_its_last_value() -> None:
    drawn = spark([0.0, 0.1], span=(0.0, 0.1), width=100, height=28)
    assert one(drawn, "path")["d"] == "M2.0 25.0L95.0 3.0"
    end = one(drawn, "circle")
    assert (end["cx"], end["cy"], end["class"]) == ("95.0", "3.0", "end")
    assert one(drawn, "line")["y1"] == "25.0"


@pytest.mark.parametrize(("last", "looks"), [(0.06, "end out"), (-0.06, "end out"), (0.05, "end")])
def test_a_trends_end_stands_out_where_it_is_not_accepted(last: float, looks: str) -> None:
    drawn = spark([0.0, last], tolerance=0.05, span=(-0.1, 0.1))
    assert cls(drawn, "circle") == [looks]
    assert cls(drawn, "rect") == ["strip"]


def test_a_trend_beyond_its_span_stays_in_the_drawing() -> None:
    drawn = spark([-0.9, 0.9], span=(-0.1, 0.1), height=28)
    assert one(drawn, "path")["d"] == "M2.0 25.0L95.0 3.0"


def test_bars_are_as_high_as_their_counts_and_the_last_stands_out() -> None:
    drawn = bars([0, 5, 10], height=30)
    assert [each["height"] for each in parts(drawn, "rect")] == ["0.0", "15.0", "30.0"]
    assert [each["y"] for each in parts(drawn, "rect")] == ["30.0", "15.0", "0.0"]
    assert cls(drawn, "rect") == ["bar", "bar", "bar last"]
    assert one(drawn, "svg")["width"] == "22"


def test_blocks_are_as_wide_as_their_counts_and_none_stands_for_no_signal() -> None:
    drawn = blocks([("off", 1), ("at_the_edge", 0), ("fine", 2)])
    assert [(each["class"], each["x"], each["width"]) for each in parts(drawn, "rect")] == [
        ("block off", "0.0", "9.0"),
        ("block fine", "10.0", "19.0"),
    ]


def test_of_many_signals_the_one_that_is_off_is_still_seen() -> None:
    off, fine = parts(blocks([("off", 1), ("fine", 400)]), "rect")
    assert float(off["width"]) >= 1
    assert float(fine["x"]) + float(fine["width"]) <= 105


def test_the_days_on_which_something_ends_stand_out() -> None:
    assert cls(days([0, 2, 2, 9], 4), "rect") == ["day due", "day", "day due", "day"]
