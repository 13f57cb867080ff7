from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.charts.kit.label_placement import Canvas

SIZE = 400


def staircase(heights: list[float]) -> np.ndarray:
    """A rising curve of flat pieces across the canvas, y downwards."""
    x = np.linspace(0, SIZE, len(heights) + 1)
    y = SIZE * (1 - np.sort(heights))
    return np.column_stack([np.repeat(x, 2)[1:-1], np.repeat(y, 2)])


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_no_label_covers_the_curve_or_another_label(heights: list[float]) -> None:
    curve = staircase(heights)
    canvas = Canvas(SIZE, SIZE)
    canvas.line(curve)
    boxes = [canvas.place(text, curve).box for text in ("observed", "two lines\nof words", "x")]
    along = np.concatenate([np.linspace(a, b, 80) for a, b in pairwise(curve)])
    for left, top, right, bottom in boxes:
        inside = (along[:, 0] > left) & (along[:, 0] < right)
        inside &= (along[:, 1] > top) & (along[:, 1] < bottom)
        assert not inside.any()
    for k, one in enumerate(boxes):
        for two in boxes[k + 1 :]:
            apart = one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]
            assert apart


def test_a_label_stands_near_what_it_names() -> None:
    canvas = Canvas(SIZE, SIZE)
    box = canvas.place("here", np.array([[300.0, 80.0]])).box
    assert abs((box[0] + box[2]) / 2 - 300) < 40
    assert abs((box[1] + box[3]) / 2 - 80) < 30


def test_a_label_keeps_left_of_a_given_edge() -> None:
    canvas = Canvas(SIZE, SIZE)
    place = canvas.place("stated 90%", np.array([[390.0, 200.0]]), right=360, align="right")
    assert place.box[2] <= 360
    assert place.x <= 360


def test_a_label_rather_stands_beside_a_band_than_on_it() -> None:
    canvas = Canvas(SIZE, SIZE)
    x = np.array([0.0, 400.0])
    lower, upper = np.column_stack([x, [300, 300]]), np.column_stack([x, [200, 200]])
    canvas.area(lower, upper, cost=1)
    box = canvas.place("word", lower).box
    assert box[1] >= 296 or box[3] <= 204


def test_a_label_wider_than_the_canvas_is_still_placed() -> None:
    assert Canvas(60, 60).place("much too long a label", np.array([[5.0, 5.0]])).x == 3
