"""The shape of errors: bands, bounds worked by hand, their level, and what they find."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.measure.cells.cells import BANDS, Bands, Cells, FloatArray, InputCells, IntArray
from core.measure.cells.group_sums import group_sums
from core.measure.metrics.intervals import gap_interval
from core.measure.metrics.shape import (
    critical_value,
    labels_to_clear,
    labels_to_show,
    patterns,
    shape,
)
from tests.worlds.governed.rounds import examples

TENS = np.arange(10) / 10 + 0.05
EVEN = np.full(10, 0.1)
#: Confidences and how often they are right: a gap of nil, an error of 15 points.
CANCELLING = np.array([0.3, 0.5, 0.7, 0.85]), np.array([0.5, 0.6, 0.6, 0.65])


def bands_at(v: FloatArray, n: IntArray, s: IntArray) -> Bands:
    """Many groups at once with the same stated confidences, at most ten."""
    groups, count = n.shape
    wide = ((0, 0), (0, BANDS - count))
    upper = np.broadcast_to(np.rint(v * 100).astype(np.int64), n.shape)
    return Bands(
        np.pad(upper, wide, constant_values=-1),
        np.ones(groups, dtype=np.int64),
        np.pad(n, wide),
        np.pad(s, wide),
        np.pad(n * v, wide),
    )


def drawn(
    v: FloatArray, right: FloatArray, share: FloatArray, labels: int, groups: int, seed: int
) -> Bands:
    rng = np.random.default_rng(seed)
    n = rng.multinomial(labels, share, size=groups)
    return bands_at(v, n, rng.binomial(n, right))


def cells(v: Sequence[float], n: Sequence[int], s: Sequence[int]) -> Cells:
    count = np.asarray(n)
    return Cells(np.asarray(v, float), count, count, np.asarray(s))


def spread_inputs(
    rng: np.random.Generator, sizes: IntArray, values: FloatArray, right: FloatArray, spans: bool
) -> Cells:
    """Inputs whose claims all stand or fall together; each at one value, or spread over all."""
    input_, value, n, s = [], [], [], []
    for j, m in enumerate(sizes.tolist()):
        draw = rng.random()
        at = rng.integers(len(values), size=m if spans else 1)
        for k in np.unique(at).tolist():
            count = int((at == k).sum()) if spans else m
            input_.append(j)
            value.append(k)
            n.append(count)
            s.append(count * int(draw < right[k]))
    detail = InputCells(*(np.array(one) for one in (input_, value, n, s)))
    total = np.bincount(detail.value, detail.n, len(values)).astype(int)
    correct = np.bincount(detail.value, detail.s, len(values)).astype(int)
    return Cells(values, total, total, correct, 0, detail)


# --- bands -------------------------------------------------------------------------------------


def test_up_to_ten_confidences_at_two_decimals_are_bands_of_their_own() -> None:
    v = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.945, 0.95, 1.0]
    bands = group_sums([cells(v, [2] * 10, [1] * 10)]).bands
    # 0.945 rounds up to 0.95, so there are nine.
    assert bands.labels(0) == ("0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.95", "1")
    assert bands.n[0].tolist() == [2] * 7 + [4, 2, 0]
    assert bands.sv[0, 7] == pytest.approx(2 * 0.945 + 2 * 0.95)


def test_more_are_banded_by_ece_bin_and_bins_without_a_label_left_out() -> None:
    v = np.r_[0.0, 0.1, np.arange(81, 92) / 100]
    n = np.r_[1, 1, np.full(10, 3), 0]
    bands = group_sums([cells(v, n, n * 0)]).bands
    assert bands.labels(0) == ("(0, 0.1]", "(0.8, 0.9]")
    assert bands.n[0, :3].tolist() == [2, 30, 0]


def test_a_groups_bands_are_its_own_whatever_the_company() -> None:
    few, many = cells([0.5, 0.9], [4, 4], [1, 2]), cells(np.arange(30) / 30, [1] * 30, [0] * 30)
    together = group_sums([few, many]).bands
    assert together.width.tolist() == [1, 10]
    assert together.labels(0) == group_sums([few]).bands.labels(0) == ("0.5", "0.9")


def test_an_input_in_two_bands_ties_them_together() -> None:
    # Input 0: .5 wrong and .9 right, r = (.5, −.1); input 1: .9 wrong twice, r = 1.8, m = 2.
    detail = InputCells(
        np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1, 1, 2]), np.array([0, 1, 0])
    )
    n = np.array([1, 3])
    bands = group_sums([Cells(np.array([0.5, 0.9]), n, n, np.array([0, 1]), 0, detail)]).bands
    assert bands.inputs is not None
    assert bands.inputs.mm[0, :2, :2].tolist() == [[1, 1], [1, 1 + 4]]
    assert bands.inputs.rr[0, :2, :2].tolist() == pytest.approx(
        np.array([[0.25, -0.05], [-0.05, 0.01 + 3.24]])
    )
    assert bands.inputs.rm[0, :2, :2].tolist() == pytest.approx(
        np.array([[0.5, 0.5], [-0.1, -0.1 + 3.6]])
    )


# --- bounds ------------------------------------------------------------------------------------


def test_errors_that_cancel_by_hand() -> None:
    # .5 is right 70 of 100 times and .9 too: S = (−20, 20), V = 21 each, no gap, L1 = 40/200.
    found = shape(group_sums([cells([0.5, 0.9], [100, 100], [70, 70])]).bands, 0.05)
    c = critical_value(patterns(2), 0.05)
    assert found.error[0] == pytest.approx(0.2)
    assert found.low[0] == pytest.approx((40 - c * np.sqrt(42 + c * c / 2)) / 200)
    assert found.high[0] == pytest.approx(0.2 + 1.959964 * np.sqrt(42 + 1.959964**2 / 2) / 200)
    assert found.signs[0].tolist() == [-1, 1] + [0] * 8


def test_a_band_that_takes_part_by_form_alone_is_not_named() -> None:
    # Between an unsure .3 and an eager .85, .6 is as right as it says; a cut has to take a side.
    n = [1_000] * 3
    found = shape(group_sums([cells([0.3, 0.6, 0.85], n, [500, 600, 650])]).bands, 0.05)
    assert abs(found.signs[0, 1]) == 1
    assert found.named[0, :3].tolist() == [-1, 0, 1]


def test_one_band_is_the_gap_and_asks_for_no_search() -> None:
    found = shape(group_sums([cells([0.9], [400], [300])]).bands, 0.05)
    low, high = gap_interval(0.9, 300, 400, 0.05)
    assert found.alone.tolist() == [True]
    assert found.critical[0] == pytest.approx(1.959964)
    assert (found.low[0], found.high[0]) == (
        pytest.approx(low, abs=0.004),
        pytest.approx(high, abs=0.004),
    )


def test_without_a_label_nothing_is_said() -> None:
    bands = group_sums([cells([0.9], [0], [0]), cells([0.5, 0.9], [9, 9], [5, 8])]).bands
    found = shape(bands, 0.05)
    assert np.isnan([found.error[0], found.low[0], found.high[0]]).all()
    assert not np.isnan([found.error[1], found.low[1], found.high[1]]).any()
    assert len(shape(group_sums([]).bands, 0.05)) == 0


@pytest.mark.parametrize("alpha", [0, 1, -0.1])
def test_an_impossible_level_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="must be in"):
        shape(group_sums([]).bands, alpha)


@settings(max_examples=examples(20, 500), deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 100), st.integers(0, 200), st.floats(0, 1)),
        min_size=1,
        max_size=15,
        unique_by=lambda one: one[0],
    ),
    st.sampled_from([0.05, 0.001]),
)
def test_the_observed_error_lies_between_its_bounds(
    rows: list[tuple[int, int, float]], alpha: float
) -> None:
    rows = sorted(rows)
    n = [count for _, count, _ in rows]
    s = [round(count * share) for _, count, share in rows]
    bands = group_sums([cells([v / 100 for v, _, _ in rows], n, s)]).bands
    found = shape(bands, alpha)
    if sum(n):
        assert 0 <= found.low[0] <= found.error[0] + 1e-12
        assert found.error[0] <= found.high[0] <= 1
        assert (found.low[0] > 0) == bool(found.signs[0].any())


def test_ten_bands_have_128_patterns_with_their_opposites() -> None:
    family = patterns(10)
    both = {tuple(row) for row in np.concatenate([family, -family]).tolist()}
    assert len(both) == 2 * len(family) == 128
    assert (1.0,) * 4 + (-1.0,) * 6 in both


@pytest.mark.parametrize("bands", [2, 4, 10])
@pytest.mark.parametrize("alpha", [0.05, 0.002])
def test_the_critical_value_is_the_quantile_of_plain_draws_of_the_maximum(
    bands: int, alpha: float
) -> None:
    rng = np.random.default_rng(bands)
    weighted = patterns(bands) * np.sqrt(rng.exponential(size=bands) + 0.05)
    unit = weighted / np.sqrt((weighted**2).sum(axis=1))[:, None]
    largest = np.abs(rng.standard_normal((200_000, bands)) @ unit.T).max(axis=1)
    exact = np.quantile(largest, 1 - alpha)
    assert critical_value(weighted, alpha) == pytest.approx(exact, abs=0.04)
    near = critical_value(patterns(bands), alpha)
    assert critical_value(weighted, alpha, near=near) == pytest.approx(exact, abs=0.04)


BOUNDARY = {
    "signs alternate": (TENS, TENS - 0.05 * (-1.0) ** np.arange(10), EVEN),
    "same sign": (TENS, np.maximum(TENS - 0.05, 0), EVEN),
    "one cross": (TENS, TENS + np.where(np.arange(10) < 5, 0.05, -0.05), EVEN),
    "one value": (
        np.array([0.5, 0.7, 0.9]),
        np.array([0.5, 0.7, 0.9 - 1 / 3]),
        np.array([0.5, 0.35, 0.15]),
    ),
    "near one": (np.array([0.99, 1.0]), np.array([0.94, 0.95]), np.array([0.5, 0.5])),
    "under, no failures": (np.array([0.9, 0.95]), np.array([0.95, 1.0]), np.array([0.5, 0.5])),
}


@pytest.mark.parametrize("design", BOUNDARY)
@pytest.mark.parametrize("labels", [200, 5000])
def test_an_error_at_the_tolerance_keeps_both_bounds_however_it_lies(
    design: str, labels: int
) -> None:
    v, right, share = BOUNDARY[design]
    bands = drawn(v, right, share, labels, 1500, seed=labels)
    found = shape(bands, 0.05)
    true = (bands.n[:, : len(v)] * np.abs(v - right)).sum(axis=1) / labels
    assert np.mean(found.low > true + 1e-12) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1500)
    assert np.mean(found.high < true - 1e-12) <= 0.04


def test_calibrated_signals_are_shown_an_error_one_time_in_twenty() -> None:
    found = shape(drawn(TENS, TENS, EVEN, 5000, 2000, seed=5), 0.05)
    assert np.mean(found.low > 0) == pytest.approx(0.05, abs=0.015)
    assert np.mean(found.high <= 0.05) > 0.97


def test_cancelling_errors_are_found_that_no_gap_shows() -> None:
    v, right = CANCELLING
    bands = drawn(v, right, np.full(4, 0.25), 500, 400, seed=6)
    gap_low, gap_high = gap_interval(
        bands.sv.sum(axis=1) / 500, bands.s.sum(axis=1), np.full(400, 500), 0.05
    )
    assert np.mean((gap_low > 0.05) | (gap_high < -0.05)) <= 0.01
    assert np.mean(shape(bands, 0.05).low > 0.05) > 0.94


# --- repeated inputs ---------------------------------------------------------------------------


@pytest.mark.parametrize("spans", [False, True])
@pytest.mark.parametrize("sizes", ["twenty", "pareto", "one holds most"])
def test_calibrated_inputs_that_repeat_are_not_called_off(sizes: str, spans: bool) -> None:
    rng = np.random.default_rng(9)
    values, groups = np.array([0.3, 0.6, 0.9]), []
    for _ in range(60):
        m = np.full(60, 20)
        if sizes == "pareto":
            m = np.minimum(np.ceil(rng.random(60) ** -1.0), 2000).astype(int)
        elif sizes == "one holds most":
            m = np.append(np.full(80, 3), 1000)
        groups.append(spread_inputs(rng, m, values, values, spans))
    found = shape(group_sums(groups).bands, 0.05)
    assert np.mean(found.low > 0.05) <= 0.02
    assert np.mean(found.low > 0) <= 0.1


def test_the_cancelling_shape_is_found_where_inputs_repeat() -> None:
    rng = np.random.default_rng(10)
    v, right = CANCELLING
    groups = [spread_inputs(rng, np.full(600, 5), v, right, False) for _ in range(20)]
    assert np.mean(shape(group_sums(groups).bands, 0.05).low > 0.05) > 0.8


def test_a_group_without_repeats_is_judged_alike_in_any_company() -> None:
    rng = np.random.default_rng(11)
    v, right = CANCELLING
    single = spread_inputs(rng, np.full(400, 1), v, right, False)
    repeating = spread_inputs(rng, np.full(40, 9), v, right, False)
    alone = shape(group_sums([Cells(single.v, single.n, single.n, single.s)]).bands, 0.05)
    among = shape(group_sums([single, repeating]).bands, 0.05)
    assert among.low[0] == pytest.approx(alone.low[0])
    assert among.high[0] == pytest.approx(alone.high[0])


def test_claims_repeated_word_for_word_add_nothing() -> None:
    rng = np.random.default_rng(12)
    v, right = CANCELLING
    m = np.full(500, 1)
    once = spread_inputs(rng, m, v, right, False)
    assert once.inputs is not None
    tenfold = InputCells(
        once.inputs.input, once.inputs.value, 10 * once.inputs.n, 10 * once.inputs.s
    )
    many = Cells(v, 10 * once.n, 10 * once.n, 10 * once.s, 0, tenfold)
    loose, tied = (shape(group_sums([one]).bands, 0.05) for one in (once, many))
    assert tied.error[0] == pytest.approx(loose.error[0])
    assert tied.low[0] == pytest.approx(loose.low[0], abs=0.01)
    assert tied.high[0] == pytest.approx(loose.high[0], abs=0.01)


# --- planning ----------------------------------------------------------------------------------


def expected(v: FloatArray, right: FloatArray, labels: int) -> Bands:
    """Labels that fell exactly as they should."""
    n = np.full((1, len(v)), labels // len(v))
    return bands_at(v, n, np.rint(n * right).astype(int))


def test_the_labels_named_show_the_error_in_four_of_five_cases() -> None:
    v, right = TENS, 0.5 + 0.5 * (TENS - 0.5)
    bands = expected(v, right, 2000)
    needed = int(labels_to_show(bands, shape(bands, 0.05), 0.05)[0])
    found = shape(drawn(v, right, EVEN, needed, 1000, seed=13), 0.05)
    # The largest of several patterns shows a little more often than the one it is planned for.
    assert 0.78 <= np.mean(found.low > 0.05) <= 0.95


def test_the_labels_named_clear_a_fine_signal_in_four_of_five_cases() -> None:
    v, right = TENS, TENS - 0.01
    bands = expected(v, right, 20_000)
    needed = int(labels_to_clear(bands, shape(bands, 0.05), 0.05)[0])
    found = shape(drawn(v, right, EVEN, needed, 1000, seed=14), 0.05)
    assert np.mean(found.high <= 0.05) == pytest.approx(0.8, abs=0.07)


def test_no_number_of_labels_shows_an_error_within_or_clears_one_beyond_the_tolerance() -> None:
    v, right = CANCELLING
    off, fine = expected(v, right, 4000), expected(v, v, 4000)
    assert labels_to_show(fine, shape(fine, 0.05), 0.05)[0] == np.inf
    assert labels_to_clear(off, shape(off, 0.05), 0.05)[0] == np.inf
    nothing = group_sums([cells([0.9], [0], [0])]).bands
    assert np.isnan(labels_to_show(nothing, shape(nothing, 0.05), 0.05)[0])
    assert np.isnan(labels_to_clear(nothing, shape(nothing, 0.05), 0.05)[0])
