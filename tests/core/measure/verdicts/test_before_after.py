from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.measure.verdicts.before_after import Pair, SideSums, difference, gap_changes, overall


def side(m: list[float], q: list[float]) -> SideSums:
    counts, sums = np.array(m), np.array(q)
    used = counts > 0
    return SideSums(
        int(used.sum()),
        float(counts.sum()),
        float(counts @ counts),
        float(sums.sum()),
        float(sums @ sums),
        float(sums @ counts),
    )


def shared(before: np.ndarray, after: np.ndarray) -> Pair:
    """The same inputs, one claim each on both sides."""
    one = np.ones(len(before))
    return Pair(
        side(one.tolist(), before.tolist()),
        side(one.tolist(), after.tolist()),
        len(before),
        float(before @ after),
        float(before.sum()),
        float(after.sum()),
        float(len(before)),
    )


def apart(before: np.ndarray, after: np.ndarray) -> Pair:
    return Pair(
        side([1.0] * len(before), before.tolist()), side([1.0] * len(after), after.tolist())
    )


def residuals(n: int, right: int, v: float) -> np.ndarray:
    """n claims of confidence v, so many of them right."""
    return np.array([v - 1.0] * right + [v] * (n - right))


def test_a_mean_and_its_variance_by_hand() -> None:
    # Inputs of 1 and 3 claims with residual sums 0.5 and −0.5: mean 0, Σ(q − 0·m)² = 0.5.
    found = side([1, 3], [0.5, -0.5])
    assert found.mean == 0
    assert found.variance == pytest.approx(2 / 1 * 0.5 / 16)
    assert found.effective == pytest.approx(16 / 10)


def test_a_paired_difference_by_hand() -> None:
    before, after = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.2, 0.4, 0.3, 0.5])
    pair = shared(before, after)
    paired = pair.before.variance + pair.after.variance - 2 * pair.covariance
    assert paired == pytest.approx((after - before).var(ddof=1) / 4)
    assert difference(pair).value == pytest.approx(0.1)


def test_a_larger_gap_is_worse_whichever_way_it_points() -> None:
    over = apart(residuals(2000, 1600, 0.8), residuals(2000, 1600, 0.95))
    under = apart(residuals(2000, 1600, 0.8), residuals(2000, 1600, 0.6))
    assert [one.verdict for one in gap_changes([over, under])] == ["worse", "worse"]
    back = Pair(over.after, over.before)
    assert gap_changes([back])[0].verdict == "better"


def test_more_accuracy_and_a_larger_gap_is_worse() -> None:
    pair = apart(residuals(3000, 1800, 0.6), residuals(3000, 2100, 0.85))
    (found,) = gap_changes([pair])
    assert found.after.value == pytest.approx(0.15)
    assert found.verdict == "worse"


def test_a_gap_that_changes_its_sign_and_not_its_size_is_the_same() -> None:
    pair = apart(residuals(20_000, 16_000, 0.87), residuals(20_000, 16_000, 0.73))
    (found,) = gap_changes([pair])
    assert found.change.value == pytest.approx(0)
    assert found.verdict == "same"


def test_a_shown_change_under_a_fifth_of_the_tolerance_is_the_same() -> None:
    # Twins of gap 0.20 and 0.204 on the very same inputs: known to be a change, and a tiny one.
    before = residuals(50_000, 30_000, 0.8)
    jitter = np.tile([0.003, 0.005], 25_000)
    (found,) = gap_changes([shared(before, before + jitter)])
    assert 0 < found.change.low < found.change.high < 0.01
    assert found.verdict == "same"
    (found,) = gap_changes([shared(before, before + 5 * jitter)])
    assert found.verdict == "worse"


def test_a_change_between_two_gaps_that_are_both_accepted_is_the_same() -> None:
    before = residuals(50_000, 40_000, 0.8)
    (found,) = gap_changes([shared(before, before + 0.02 + np.tile([0.001, -0.001], 25_000))])
    assert found.change.low > 0.01
    assert found.verdict == "same"


def test_few_inputs_cannot_tell_and_say_how_many_more_would() -> None:
    few, some = residuals(20, 4, 0.9), residuals(200, 140, 0.75)
    found = gap_changes([apart(few, few), apart(some, residuals(200, 134, 0.75))])
    assert [one.verdict for one in found] == ["cannot_tell"] * 2
    assert found[0].more_labels >= 10
    more = 200 + found[1].more_labels
    again = apart(
        residuals(more, round(0.7 * more), 0.75), residuals(more, round(0.67 * more), 0.75)
    )
    assert gap_changes([again])[0].verdict != "cannot_tell"


def test_inputs_are_counted_and_not_their_claims() -> None:
    before, after = residuals(300, 240, 0.8), residuals(300, 213, 0.8)
    (one,) = gap_changes([apart(before, after)])
    ten = Pair(
        side([10.0] * 300, (10 * before).tolist()), side([10.0] * 300, (10 * after).tolist())
    )
    (many,) = gap_changes([ten])
    assert many.change.low == pytest.approx(one.change.low)
    assert many.more_labels == one.more_labels


def test_without_a_failure_nobody_is_sure() -> None:
    (found,) = gap_changes([apart(residuals(40, 40, 0.9), residuals(40, 40, 0.9))])
    # 40 inputs without a failure: the rule of three allows 7% of them.
    assert found.after.high > -0.1 + 0.06
    assert found.verdict == "cannot_tell"


def test_no_label_at_all_has_no_number() -> None:
    nobody = SideSums(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    (found,) = gap_changes([Pair(nobody, nobody)])
    assert math.isnan(found.change.value)
    assert (found.verdict, found.more_labels) == ("cannot_tell", 30)


@pytest.mark.parametrize(
    ("whole", "parts", "said"),
    [
        ("worse", ["same", "worse"], "worse"),
        ("worse", ["better", "worse"], "mixed"),
        ("better", ["cannot_tell", "better"], "better"),
        ("better", ["worse", "better"], "mixed"),
        ("same", ["same", "cannot_tell"], "same"),
        ("same", ["worse", "same"], "worse"),
        ("same", ["worse", "better"], "mixed"),
        ("same", ["better", "same"], "mixed"),
        ("cannot_tell", ["worse"], "worse"),
        ("same", ["mixed"], "mixed"),
        ("mixed", ["same"], "mixed"),
        ("cannot_tell", ["same"], "cannot_tell"),
    ],
)
def test_one_word_for_the_whole_and_its_parts(whole: str, parts: list[str], said: str) -> None:
    assert overall(whole, parts) == said  # type: ignore[arg-type]


gaps = st.lists(st.floats(-1, 1), min_size=30, max_size=60)


@given(gaps, gaps)
def test_the_change_lies_in_its_interval_and_turns_with_the_sides(
    one: list[float], other: list[float]
) -> None:
    pair = apart(np.array(one), np.array(other))
    (found,) = gap_changes([pair])
    assert found.change.low - 1e-9 <= found.change.value <= found.change.high + 1e-9
    (back,) = gap_changes([Pair(pair.after, pair.before)])
    assert back.change.low == pytest.approx(-found.change.high)
    assert {found.verdict, back.verdict} != {"worse"}


@pytest.mark.parametrize("truth", [0.0, 0.03, 0.2])
def test_where_nothing_changed_a_false_alarm_in_any_of_ten_groups_is_rare(truth: float) -> None:
    # One null of exact calibration, one within and one beyond tolerance; rare failures included.
    rng = np.random.default_rng(20_261_124)
    draws, false = 400, 0
    for _ in range(draws):
        pairs = []
        for group in range(10):
            v = 0.97 if group % 2 else 0.7
            before, after = (v - (rng.random(150) < v - truth) for _ in range(2))
            pairs.append(apart(before, after))
        found = [one.verdict for one in gap_changes(pairs, tolerance=0.01)]
        false += "worse" in found or "better" in found
    assert false / draws <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)


def test_paired_inputs_show_what_unpaired_ones_do_not() -> None:
    rng = np.random.default_rng(7)
    right = rng.random(400) < 0.6
    before = 0.8 - right
    after = 0.8 - (right & (rng.random(400) < 0.93))
    paired, unpaired = shared(before, after), apart(before, after)
    assert gap_changes([paired])[0].verdict == "worse"
    assert gap_changes([unpaired])[0].verdict == "cannot_tell"
