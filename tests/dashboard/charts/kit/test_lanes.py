from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts.kit.lanes import Label, Lane, lanes

WIDTH = 480.0
LABELS = st.lists(
    st.builds(
        Label,
        x=st.floats(0, WIDTH),
        width=st.floats(10, 150),
        weight=st.integers(0, 2),
    ),
    max_size=12,
)


def extent(label: Label, lane: Lane, stretch: float = 1) -> tuple[float, float]:
    x = label.x * stretch
    return (x, x + label.width) if lane.align == "left" else (x - label.width, x)


@given(LABELS, st.floats(1, 3))
def test_no_two_labels_overlap_however_far_the_plot_is_stretched(
    labels: list[Label], stretch: float
) -> None:
    found = [
        (label, lane) for label, lane in zip(labels, lanes(labels, WIDTH), strict=True) if lane
    ]
    for k, (one, at) in enumerate(found):
        for other, there in found[:k]:
            (a, b), (c, d) = extent(one, at, stretch), extent(other, there, stretch)
            assert at.lane != there.lane or b <= c or d <= a


@given(LABELS)
def test_every_label_stays_within_the_plot(labels: list[Label]) -> None:
    for label, lane in zip(labels, lanes(labels, WIDTH), strict=True):
        if lane is not None:
            left, right = extent(label, lane)
            assert left >= 0
            assert right <= WIDTH


def test_labels_with_room_share_the_lowest_lane() -> None:
    assert lanes([Label(0, 80), Label(200, 80)], WIDTH) == [Lane(0, "left"), Lane(0, "left")]


def test_a_label_at_the_right_end_runs_to_the_left() -> None:
    assert lanes([Label(470, 80)], WIDTH) == [Lane(0, "right")]


def test_labels_too_close_stand_one_above_the_other() -> None:
    assert lanes([Label(100, 80), Label(140, 80)], WIDTH) == [Lane(1, "left"), Lane(0, "left")]


def test_a_label_rises_above_two_rules_rather_than_be_crossed_by_them() -> None:
    close = [Label(120, 60), Label(130, 60), Label(170, 60)]
    first, *others = lanes([Label(60, 80), *close], WIDTH)
    assert others == [Lane(2, "left"), Lane(1, "left"), Lane(0, "left")]
    assert first == Lane(3, "left")


def test_where_there_is_not_room_for_all_the_weighty_keep_theirs() -> None:
    crowd = [Label(200, 80, weight=k % 3) for k in range(9)]
    found = lanes(crowd, WIDTH, most=3)
    kept = [label.weight for label, lane in zip(crowd, found, strict=True) if lane is not None]
    assert kept == [2, 2, 2]
