"""Shrunken gaps: against a published meta-analysis, closed forms and simulated truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.measure.cells.cells import Cells, InputCells
from core.measure.cells.group_sums import group_sums
from core.measure.metrics.intervals import effective_n
from core.measure.verdicts.shrinkage import random_effects, shrunken_gaps

#: Thirteen trials of BCG vaccine (Colditz et al. 1994): cases and others, vaccinated and not.
BCG = np.array(
    [
        [4, 119, 11, 128],
        [6, 300, 29, 274],
        [3, 228, 11, 209],
        [62, 13536, 248, 12619],
        [33, 5036, 47, 5761],
        [180, 1361, 372, 1079],
        [8, 2537, 10, 619],
        [505, 87886, 499, 87892],
        [29, 7470, 45, 7232],
        [17, 1699, 65, 1600],
        [186, 50448, 141, 27197],
        [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ]
)


def test_random_effects_reproduce_the_published_bcg_meta_analysis():
    # metafor's rma(method="DL") on dat.bcg: μ = −.7141 (SE .1787), τ² = .3088.
    a, b, c, d = BCG.T.astype(float)
    log_risk_ratio = np.log(a / (a + b)) - np.log(c / (c + d))
    variance = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    mean, mean_variance, between = random_effects(log_risk_ratio, variance)
    assert mean == pytest.approx(-0.7141, abs=5e-5)
    assert np.sqrt(mean_variance) == pytest.approx(0.1787, abs=5e-5)
    assert between == pytest.approx(0.3088, abs=5e-5)


def test_equal_segments_shrink_by_the_closed_form():
    # One confidence, .55, and a pooled accuracy of one half: equal variances σ² = .25/n. Then τ²
    # is the sample variance minus σ², and B = τ²/(τ²+σ²).
    accuracy = np.array([0.75, 0.55, 0.45, 0.25])
    gap, sigma2 = 0.55 - accuracy, 0.25 / 96
    keep = 1 - sigma2 / gap.var(ddof=1)
    result = shrunken_gaps(gap, np.full(4, 96), accuracy)
    assert result.mean == pytest.approx(0.05)
    assert result.between_variance == pytest.approx(gap.var(ddof=1) - sigma2)
    assert result.gap == pytest.approx(0.05 + keep * (gap - 0.05))
    error = np.sqrt(keep * sigma2 + (1 - keep) ** 2 * gap.var(ddof=1) / 4)
    assert result.standard_error == pytest.approx(np.full(4, error))


def test_segments_no_more_different_than_noise_are_given_the_common_gap():
    accuracy = np.array([0.81, 0.80, 0.79])
    result = shrunken_gaps(0.85 - accuracy, np.full(3, 50.0), accuracy)
    assert result.between_variance == 0
    assert result.gap == pytest.approx([0.05] * 3)


def test_a_tiny_segment_without_errors_is_not_taken_for_certain():
    result = shrunken_gaps(
        np.array([-0.1, 0.1, 0.12]), np.array([3.0, 500.0, 500.0]), np.array([1.0, 0.8, 0.78])
    )
    assert result.gap[0] > 0.05
    assert result.standard_error[0] > 0


def test_a_single_segment_keeps_its_gap_and_an_unlabelled_one_has_none():
    result = shrunken_gaps(np.array([0.2, np.nan]), np.array([40, 0]), np.array([0.7, np.nan]))
    assert result.gap[0] == pytest.approx(0.2)
    assert np.isnan([result.gap[1], result.standard_error[1]]).all()
    nothing = shrunken_gaps(np.array([np.nan]), np.array([0]), np.array([np.nan]))
    assert np.isnan(nothing.gap).all()


@given(
    st.lists(st.tuples(st.integers(1, 500), st.floats(0, 1)), min_size=1, max_size=12),
    st.floats(0.5, 1),
)
def test_a_shrunken_gap_lies_between_its_own_and_the_common_one(segments, confidence):
    n = np.array([count for count, _ in segments])
    accuracy = np.array([round(count * share) / count for count, share in segments])
    gap = confidence - accuracy
    result = shrunken_gaps(gap, n, accuracy)
    low, high = np.minimum(gap, result.mean), np.maximum(gap, result.mean)
    assert np.all((result.gap >= low - 1e-9) & (result.gap <= high + 1e-9))


def skewed_segments(rng, count, confidence, mean, spread):
    """Segment sizes, true gaps and observed accuracies; most segments are small."""
    n = np.maximum(5, rng.lognormal(3.5, 1.2, count)).astype(int)
    accuracy = np.clip(confidence - rng.normal(mean, spread, count), 0, 1)
    return n, confidence - accuracy, rng.binomial(n, accuracy) / n


def test_shrinking_more_than_halves_the_error_over_skewed_segments():
    rng = np.random.default_rng(7)
    raw, shrunk, overstated = [], [], []
    for _ in range(100):
        n, true, accuracy = skewed_segments(rng, 200, 0.85, 0.05, 0.035)
        gap = 0.85 - accuracy
        raw.append(np.mean((gap - true) ** 2))
        shrunk.append(np.mean((shrunken_gaps(gap, n, accuracy).gap - true) ** 2))
        overstated.append(gap.max() - true[gap.argmax()])
    assert np.sqrt(np.mean(shrunk)) < np.sqrt(np.mean(raw)) / 2
    # What shrinking is for: the worst raw segment is mostly the luckless one.
    assert np.mean(overstated) > 0.25


@pytest.mark.parametrize(
    ("confidence", "mean", "spread"),
    [(0.97, 0.03, 0.02), (0.85, 0.05, 0.035), (0.6, 0.05, 0.06), (None, 0.05, 0.04)],
)
def test_with_many_segments_mean_spread_and_coverage_are_those_of_the_true_gaps(
    confidence, mean, spread
):
    rng = np.random.default_rng(8)
    covered, means, spreads, truth = [], [], [], []
    for _ in range(20):
        stated = rng.uniform(0.6, 0.99, 4000) if confidence is None else confidence
        n, true, accuracy = skewed_segments(rng, 4000, stated, mean, spread)
        result = shrunken_gaps(stated - accuracy, n, accuracy)
        covered.append(np.mean(np.abs(result.gap - true) < 1.96 * result.standard_error))
        means.append(result.mean - true.mean())
        spreads.append(result.between_variance)
        truth.append(true.var())
    assert np.mean(means) == pytest.approx(0, abs=0.002)
    assert np.sqrt(np.mean(spreads)) == pytest.approx(np.sqrt(np.mean(truth)), rel=0.1)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_a_foretold_accuracy_beyond_one_does_not_make_a_segment_certain():
    # Confidence .99 with a pooled gap of −.05 foretells 1.04.
    gap, accuracy = np.array([-0.06, -0.05, 0.29]), np.array([0.91, 0.90, 0.7])
    result = shrunken_gaps(gap, np.array([400, 400, 10]), accuracy)
    assert result.standard_error[2] > 0.02
    assert abs(result.mean) < 0.06


def test_effective_counts_shrink_repeating_segments_further():
    right = np.where(np.arange(40) < 30, 5, 0)
    detail = InputCells(np.arange(40), np.zeros(40, int), np.full(40, 5), right)
    group = Cells(np.array([0.9]), np.array([200]), np.array([200]), np.array([150]), 0, detail)
    repeated = group_sums([group]).repeated
    assert repeated is not None
    fewer = effective_n([0.9], [150], [200], repeated.whole)[0]
    gap, accuracy = np.array([0.15, 0.0, -0.05]), np.array([0.75, 0.9, 0.95])
    as_claims = shrunken_gaps(gap, np.array([200, 300, 300]), accuracy)
    as_inputs = shrunken_gaps(gap, np.array([fewer, 300, 300]), accuracy)
    assert as_inputs.gap[0] < as_claims.gap[0]
