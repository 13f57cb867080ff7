"""The e-processes: worked by hand, true to their level, quick enough, and blind to repetition."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.measure.cells.cells import Cells, FloatArray, InputCells, IntArray
from core.measure.monitoring.e_process import (
    LEVEL,
    STAKES,
    e_bh,
    e_process,
    error_bets,
    error_bets_of,
    gap_bets,
    leading_side,
    log_e_values,
    mean_over_inputs,
    shape_bets_of,
    shape_edges,
    shape_prior,
    shape_sides,
)

V = np.array([0.55, 0.7, 0.8, 0.9, 0.97])
SHARES = np.array([0.1, 0.15, 0.2, 0.3, 0.25])
TOLERANCE = 0.05
YEARS = 1000


def cells(rows: list[tuple[float, int, int]], inputs: InputCells | None = None) -> Cells:
    v, n, s = (np.array(column) for column in zip(*rows, strict=True))
    return Cells(v.astype(float), n.astype(int), n.astype(int), s.astype(int), 0, inputs)


def gap_bets_of(one: Cells, tolerance: float) -> FloatArray:
    """Of the shape over one band, which has no sides but the gap's."""
    return shape_bets_of(one, tolerance, np.array([100]))


def years(gap: FloatArray, labels: int, seed: int, count: int = YEARS) -> tuple[IntArray, IntArray]:
    """Labels and right ones of (years, cohorts, confidences), at gaps that broadcast to that."""
    rng = np.random.default_rng(seed)
    cohorts = gap.shape[-2]
    n = rng.multinomial(labels, SHARES, size=(count, cohorts))
    return n, rng.binomial(n, np.clip(V - gap, 0, 1))


def alarms(gap: FloatArray, labels: int, seed: int) -> float:
    n, s = years(gap, labels, seed)
    log_e = log_e_values(gap_bets(V, n, s, TOLERANCE))
    return float((log_e >= -math.log(LEVEL)).any(axis=1).mean())


def test_a_small_case_by_hand():
    # Two claims at .8, one right (x = −.2) and one wrong (x = .8), τ = .1.
    bets = gap_bets_of(cells([(0.8, 2, 1)]), 0.1)
    stakes = np.array(STAKES) / 1.1
    over = (1 + stakes * (-0.2 - 0.1)) * (1 + stakes * (0.8 - 0.1))
    under = (1 + stakes * (0.2 - 0.1)) * (1 + stakes * (-0.8 - 0.1))
    assert np.exp(bets) == pytest.approx(np.stack([over, under]))
    once = e_process([bets], 0.05)
    assert once.e_value == pytest.approx(0.5 * (over.mean() + under.mean()) / 2 + 0.5)
    assert (once.crossed, once.needed) == (None, 20)
    # Before the second cohort a sixth more goes in, and a third is left.
    both = np.concatenate([over, under])
    twice = (0.5 * both**2).mean() + (1 / 6 * both).mean() + 1 / 3
    assert e_process([bets, bets]).e_value == pytest.approx(twice)


def test_errors_by_hand():
    bets = error_bets_of(cells([(0.95, 3, 2), (0.99, 1, 1)]), 0.1)
    stakes = np.array(STAKES) / 0.1
    assert np.exp(bets[0]) == pytest.approx((1 - 0.1 * stakes) ** 3 * (1 + 0.9 * stakes))


def test_before_the_first_cohort_there_is_no_evidence():
    found = e_process([])
    assert (found.e_value, found.crossed) == (1.0, None)


def test_the_first_crossing_is_kept_though_the_evidence_falls_again():
    off, fine = cells([(0.9, 200, 120)]), cells([(0.9, 400, 380)])
    bets = [gap_bets_of(one, TOLERANCE) for one in (fine, off, *[fine] * 8)]
    found = e_process(bets)
    assert found.crossed == 1, found.log_e
    assert found.e_value < found.needed


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.3, 0.8, 1.0]), st.booleans()), min_size=1, max_size=30
    ),
    st.randoms(use_true_random=False),
    st.sampled_from([0.0, 0.05, 0.4]),
)
def test_cells_give_what_the_claims_give_one_by_one_in_any_order(claims, random, tolerance):
    def factors(order):
        stakes = np.array(STAKES) / (1 + tolerance)
        x = np.array([v - y for v, y in order])
        return np.stack(
            [
                np.log1p(np.outer(x - tolerance, stakes)).sum(axis=0),
                np.log1p(np.outer(-x - tolerance, stakes)).sum(axis=0),
            ]
        )

    values = sorted({v for v, _ in claims})
    rows = [
        (v, sum(c == v for c, _ in claims), sum(c == v and y for c, y in claims)) for v in values
    ]
    shuffled = claims.copy()
    random.shuffle(shuffled)
    expected = factors(shuffled)
    assert gap_bets_of(cells(rows), tolerance) == pytest.approx(expected)
    single = InputCells(
        np.arange(len(claims)),
        np.array([values.index(v) for v, _ in claims]),
        np.ones(len(claims), dtype=int),
        np.array([int(y) for _, y in claims]),
    )
    assert gap_bets_of(cells(rows, single), tolerance) == pytest.approx(expected)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8))
def test_a_further_cohort_changes_nothing_of_what_was_known_before(counts):
    bets = [gap_bets_of(cells([(0.8, a + b, a)]), TOLERANCE) for a, b in counts]
    whole = e_process(bets)
    for k in range(len(bets)):
        part = e_process(bets[:k])
        assert part.log_e == pytest.approx(whole.log_e[:k])
        assert part.crossed in (None, whole.crossed)


def test_one_question_asked_fifty_times_is_one_question():
    # Ten questions, three of them answered wrong at .9 and asked 50 times.
    n, s = np.array([50, 50, 50, *[1] * 7]), np.array([0, 0, 0, *[1] * 7])
    inputs = InputCells(np.arange(10), np.zeros(10, dtype=int), n, s)
    repeated = cells([(0.9, int(n.sum()), int(s.sum()))], inputs)
    rows = cells([(0.9, int(n.sum()), int(s.sum()))])
    once = cells([(0.9, 10, 7)])
    assert e_process([gap_bets_of(rows, TOLERANCE)]).crossed == 0
    assert e_process([gap_bets_of(repeated, TOLERANCE)]).crossed is None
    assert gap_bets_of(repeated, TOLERANCE) == pytest.approx(gap_bets_of(once, TOLERANCE))
    assert e_process([error_bets_of(rows, 0.1)]).crossed == 0
    assert error_bets_of(repeated, 0.1) == pytest.approx(error_bets_of(once, 0.1))
    assert mean_over_inputs([repeated, once]) == pytest.approx((0.2, 0.3))


NULLS: dict[str, Callable[[int], FloatArray]] = {
    "exactly calibrated": lambda c: np.zeros((c, 1)),
    "overconfident by exactly the tolerance": lambda c: np.full((c, 1), TOLERANCE),
    "underconfident by exactly the tolerance": lambda c: np.full((c, 1), -TOLERANCE),
    "wandering from one end to the other": lambda c: (
        TOLERANCE * np.sin(np.arange(c) * 12 * np.pi / c)[:, np.newaxis]
    ),
    "off in each confidence, on average by the tolerance": lambda c: (
        np.broadcast_to(TOLERANCE + np.array([0.2, -0.2, 0.1, -0.05, 0.02]) * 1.0, (c, 5))
        - SHARES @ np.array([0.2, -0.2, 0.1, -0.05, 0.02])
    ),
}


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize(("cohorts", "labels"), [(52, 200), (52, 5000), (365, 40)])
def test_over_a_thousand_null_years_false_alarms_stay_within_the_level(
    null: str, cohorts: int, labels: int
):
    assert alarms(NULLS[null](cohorts), labels, seed=cohorts + labels) <= LEVEL


def test_gaps_anywhere_inside_the_tolerance_raise_no_more_alarms_than_stated():
    rng = np.random.default_rng(5)
    gap = rng.uniform(-TOLERANCE, TOLERANCE, size=(YEARS, 1, 1))
    n, s = years(np.broadcast_to(gap, (YEARS, 52, 1)), 200, seed=6)
    log_e = log_e_values(gap_bets(V, n, s, TOLERANCE))
    assert (log_e >= -math.log(LEVEL)).any(axis=1).mean() <= LEVEL


@pytest.mark.parametrize("sign", [1, -1])
def test_three_points_beyond_the_tolerance_are_found_in_sixteen_weeks(sign: int):
    gap = np.full((52, 1), sign * (TOLERANCE + 0.03))
    confidence_low = V if sign > 0 else V - 0.08
    rng = np.random.default_rng(7)
    n = rng.multinomial(200, SHARES, size=(YEARS, 52))
    s = rng.binomial(n, confidence_low - gap)
    log_e = log_e_values(gap_bets(confidence_low, n, s, TOLERANCE))
    # A third of the level, as where the band's errors and segments are watched as well.
    over = log_e >= -math.log(LEVEL / 3)
    weeks = np.where(over.any(axis=1), over.argmax(axis=1) + 1, 1000)
    assert np.median(weeks) <= 16
    assert (weeks <= 52).mean() > 0.95


def test_errors_at_their_bound_raise_no_more_alarms_than_stated_and_beyond_it_are_found():
    rng = np.random.default_rng(8)
    n = np.full((YEARS, 52), 100)

    def crossed(rate: float) -> FloatArray:
        log_e = log_e_values(error_bets(n, n - rng.binomial(n, rate), 0.06))
        over = log_e >= -math.log(LEVEL)
        return np.where(over.any(axis=1), over.argmax(axis=1) + 1, 1000)

    assert (crossed(0.06) <= 52).mean() <= LEVEL
    assert (crossed(0.02) <= 52).mean() == 0
    assert np.median(crossed(0.12)) <= 8


def test_e_bh_by_hand():
    # K = 4, level .1: the k-th largest needs 40/k.
    log_e = np.log([15.0, 21.0, 1.0, 14.0])
    assert e_bh(log_e, 0.1).tolist() == [True, True, False, True]
    assert e_bh(np.log([39.0, 1.0, 1.0, 1.0]), 0.1).tolist() == [False] * 4
    assert e_bh(np.log([40.0, 1.0, 1.0, 1.0]), 0.1).tolist() == [True, False, False, False]
    assert e_bh(np.zeros(0), 0.1).tolist() == []


def test_forty_honest_segments_are_flagged_no_more_often_than_stated():
    gap = np.full((26, 1), TOLERANCE)
    n, s = years(gap, 60, seed=9, count=40 * 300)
    log_e = log_e_values(gap_bets(V, n, s, TOLERANCE)).reshape(300, 40, 26)
    flagged = [any(e_bh(year[:, week], LEVEL).any() for week in range(26)) for year in log_e]
    assert np.mean(flagged) <= LEVEL


# --- shape -------------------------------------------------------------------------------------

FOUR = np.array([0.3, 0.5, 0.7, 0.85])
#: Right as often as is said, and so that a gap of nil hides an error of 15 points.
CANCELLING = np.array([0.5, 0.6, 0.6, 0.65])


def shape_logs(
    v: FloatArray, right: FloatArray, labels: int, *, years: int, seed: int
) -> FloatArray:
    """Evidence of 52 cohorts a year; ``right`` broadcasts to (52, confidences)."""
    rng = np.random.default_rng(seed)
    n = rng.multinomial(labels, np.full(len(v), 1 / len(v)), size=(years, 52))
    s = rng.binomial(n, np.clip(right, 0, 1))
    edges = shape_edges(Cells(v, n[0, 0] + 1, n[0, 0], s[0, 0]))
    bets = np.array(
        [
            [
                shape_bets_of(Cells(v, a, a, b), TOLERANCE, edges)
                for a, b in zip(ns, ss, strict=True)
            ]
            for ns, ss in zip(n, s, strict=True)
        ]
    )
    return log_e_values(bets, shape_prior(edges))


def test_shape_by_hand() -> None:
    # At .5 one right (x = −.5), at .9 one wrong (x = .9), τ = .1.
    one = cells([(0.5, 1, 1), (0.9, 1, 0)])
    edges = shape_edges(one)
    assert edges.tolist() == [50, 100]
    assert shape_sides(edges).tolist() == [
        [1, 1], [-1, -1], [1, 0], [0, 1], [-1, 1], [-1, 0], [0, -1], [1, -1],
    ]  # fmt: skip
    stakes = np.array(STAKES) / 1.1
    bets = np.exp(shape_bets_of(one, 0.1, edges))
    assert bets[0] == pytest.approx((1 - 0.6 * stakes) * (1 + 0.8 * stakes))
    assert bets[3] == pytest.approx((1 - 0.1 * stakes) * (1 + 0.8 * stakes))
    assert bets[4] == pytest.approx((1 + 0.4 * stakes) * (1 + 0.8 * stakes))
    prior = shape_prior(edges)
    assert prior.tolist() == pytest.approx([1 / 4] * 2 + [1 / 12] * 6)
    found = e_process([np.log(bets)], 0.05, prior).e_value
    assert found == pytest.approx(0.5 * (prior @ bets).mean() + 0.5)


def test_the_first_two_sides_of_a_shape_are_the_gaps() -> None:
    rng = np.random.default_rng(1)
    n = rng.integers(0, 40, size=5)
    one = Cells(V, n, n, rng.binomial(n, V))
    shaped = shape_bets_of(one, TOLERANCE, shape_edges(one))
    assert shaped[:2] == pytest.approx(gap_bets(one.v, one.n, one.s, TOLERANCE))


def test_bands_of_a_watch_are_fixed_by_what_is_stated_first() -> None:
    many = np.arange(1, 31) / 30
    ones = np.ones(30, dtype=int)
    assert shape_edges(Cells(many, ones, 0 * ones, 0 * ones)).tolist() == list(range(10, 101, 10))
    assert shape_edges(cells([(0.9, 3, 2)])).tolist() == [100]
    assert shape_prior(np.array([100])).tolist() == [0.5, 0.5]
    # What is stated later falls in the band that reaches over it.
    edges = shape_edges(cells([(0.5, 1, 1), (0.9, 1, 1)]))
    later = cells([(0.2, 1, 0), (0.6, 1, 0), (1.0, 1, 0)])
    same = cells([(0.2, 1, 0), (0.6, 1, 0), (0.97, 0, 0), (1.0, 1, 0)])
    assert shape_bets_of(later, 0.1, edges) == pytest.approx(shape_bets_of(same, 0.1, edges))


def test_an_input_counts_once_in_a_shape_by_the_mean_of_its_signed_residuals() -> None:
    # Input 0: .5 right (−.5) and .9 wrong twice (1.8); input 1: .9 right (−.1).
    detail = InputCells(
        np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1, 2, 1]), np.array([1, 0, 1])
    )
    one = cells([(0.5, 1, 1), (0.9, 3, 1)], detail)
    edges, stakes = shape_edges(one), np.array(STAKES) / 1.1
    bets = np.exp(shape_bets_of(one, 0.1, edges))
    cut = (1 + stakes * ((0.5 + 1.8) / 3 - 0.1)) * (1 + stakes * (-0.1 - 0.1))
    assert bets[4] == pytest.approx(cut)


def test_inputs_of_one_claim_are_bet_on_like_claims() -> None:
    rng = np.random.default_rng(2)
    value = rng.integers(5, size=60)
    right = rng.integers(0, 2, size=60)
    n = np.bincount(value, minlength=5)
    loose = Cells(V, n, n, np.bincount(value, right, 5).astype(int))
    tied = Cells(V, n, n, loose.s, 0, InputCells(np.arange(60), value, np.ones(60, int), right))
    edges = shape_edges(loose)
    assert shape_bets_of(tied, TOLERANCE, edges) == pytest.approx(
        shape_bets_of(loose, TOLERANCE, edges)
    )


@pytest.mark.parametrize(
    "signs",
    [(-1.0) ** np.arange(10), np.ones(10), np.where(np.arange(10) < 5, -1.0, 1.0)],
    ids=["alternating", "same sign", "one cross"],
)
@pytest.mark.parametrize("labels", [100, 1000])
def test_an_error_at_the_tolerance_alarms_in_one_year_of_twenty_at_most(
    signs: FloatArray, labels: int
) -> None:
    v = np.arange(10) / 10 + 0.05
    log_e = shape_logs(v, np.clip(v - TOLERANCE * signs, 0, 1), labels, years=60, seed=labels)
    assert (log_e >= -math.log(LEVEL)).any(axis=1).mean() <= LEVEL


def delay(v: FloatArray, before: FloatArray, after: FloatArray, labels: int) -> float:
    """Median weeks from a change before week 21 to the alarm."""
    right = np.where(np.arange(52)[:, None] < 20, before, after)
    log_e = shape_logs(v, right, labels, years=40, seed=3)
    over = log_e >= -math.log(LEVEL)
    first = np.where(over.any(axis=1), over.argmax(axis=1), 99)
    return float(np.median(first - 19))


@pytest.mark.parametrize(("labels", "weeks"), [(100, 9), (1000, 2)])
def test_a_shape_that_cancels_is_found_within_weeks(labels: int, weeks: int) -> None:
    assert 1 <= delay(FOUR, FOUR, CANCELLING, labels) <= weeks


def test_a_plain_gap_is_found_hardly_later_than_by_its_own_watch() -> None:
    v = np.arange(10) / 10 + 0.05
    together = delay(v, v, v - 0.1, 300)
    n = np.random.default_rng(3).multinomial(300, np.full(10, 0.1), size=(40, 52))
    right = np.where(np.arange(52)[:, None] < 20, v, v - 0.1)
    s = np.random.default_rng(4).binomial(n, np.clip(right, 0, 1))
    over = log_e_values(gap_bets(v, n, s, TOLERANCE)) >= -math.log(LEVEL)
    alone = np.median(np.where(over.any(axis=1), over.argmax(axis=1), 99) - 19)
    assert together <= alone + 2


def test_inputs_that_repeat_are_no_alarm_in_a_calibrated_shape() -> None:
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(40):
        bets = []
        for _ in range(26):
            value = rng.integers(4, size=20)
            right = 20 * (rng.random(20) < FOUR[value])
            detail = InputCells(np.arange(20), value, np.full(20, 20), right)
            n = np.bincount(value, minlength=4) * 20
            s = np.bincount(value, right, 4).astype(int)
            one = Cells(FOUR, n, n, s, 0, detail)
            bets.append(shape_bets_of(one, TOLERANCE, np.array([30, 50, 70, 100])))
        prior = shape_prior(np.array([30, 50, 70, 100]))
        alarms += e_process(bets, LEVEL, prior).crossed is not None
    assert alarms <= 40 * LEVEL


def test_the_leading_side_is_the_pattern_of_the_errors() -> None:
    edges = np.array([30, 50, 70, 100])
    v, n, prior = FOUR, np.full(4, 100), shape_prior(edges)
    for s, pattern in (([50, 60, 60, 65], [-1, -1, 1, 1]), ([20, 40, 60, 75], [1, 1, 1, 1])):
        bets = [shape_bets_of(Cells(v, n, n, np.array(s)), TOLERANCE, edges)] * 3
        assert shape_sides(edges)[leading_side(bets, prior)].tolist() == pattern
