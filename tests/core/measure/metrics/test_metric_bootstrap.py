"""Bootstrap intervals: the right formulas, the right spread, honest about their bias."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from core.measure.metrics.logistic_slope import calibration_slope_intercept
from core.measure.metrics.metric_bootstrap import bootstrap_intervals, scores_of_draws
from core.measure.metrics.reliability_curve import corp_decomposition
from core.measure.metrics.scores import auroc, brier, cutoff_error, ece, ece_debiased_l2, log_loss
from tests.worlds.claims.cells import cells

MEASURES = {
    "smece", "cutoff_error", "brier", "mcb", "dsc", "unc", "log_loss", "auroc", "ece",
    "ece_debiased_l2", "slope", "intercept",
}  # fmt: skip


def calibrated(seed, claims=2000, k=20):
    rng = np.random.default_rng(seed)
    v = np.arange(1, k + 1) / (k + 1)
    n = rng.multinomial(claims, np.full(k, 1 / k))
    return cells(v.round(2), n, rng.binomial(n, v.round(2)))


@given(st.integers(0, 2**32))
def test_scores_over_draws_are_the_scores_of_each_draw(seed):
    rng = np.random.default_rng(seed)
    v = np.sort(rng.choice(np.arange(0, 101), 6, replace=False)) / 100
    n = rng.integers(0, 30, (4, 6))
    n[:, 0] += 1
    s = rng.binomial(n, rng.uniform(0, 1, 6))
    together = scores_of_draws(v, n.astype(float), s.astype(float))
    for draw in range(4):
        one = cells(v, n[draw], s[draw])
        parts, area, fit = corp_decomposition(one), auroc(one), calibration_slope_intercept(one)
        expected = {
            "ece": ece(one), "ece_debiased_l2": ece_debiased_l2(one), "brier": brier(one),
            "cutoff_error": cutoff_error(one), "log_loss": log_loss(one),
            "mcb": parts.mcb, "dsc": parts.dsc, "unc": parts.unc,
            "auroc": area.value if area else np.nan,
            "slope": fit.slope if fit else np.nan,
            "intercept": fit.intercept if fit else np.nan,
        }  # fmt: skip
        found = {name: values[draw] for name, values in together.items()}
        assert found == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_every_composite_measure_has_an_interval_that_rises():
    intervals = bootstrap_intervals(calibrated(0))
    assert set(intervals) == MEASURES
    assert all(low < high for low, high in intervals.values())


def test_the_brier_interval_has_the_width_of_the_central_limit_theorem():
    group = calibrated(1)
    low, high = bootstrap_intervals(group, draws=2000)["brier"]
    right, wrong = (1 - group.v) ** 2, group.v**2
    second = (group.s @ right**2 + (group.n - group.s) @ wrong**2) / group.total
    deviation = np.sqrt((second - brier(group) ** 2) / group.total)
    assert high - low == pytest.approx(2 * 1.96 * deviation, rel=0.1)
    assert (low + high) / 2 == pytest.approx(brier(group), abs=deviation / 3)


def test_the_auroc_interval_agrees_with_delong():
    group = calibrated(2)
    low, high = bootstrap_intervals(group, draws=2000)["auroc"]
    area = auroc(group)
    assert high - low == pytest.approx(2 * 1.96 * area.standard_error, rel=0.1)


def test_the_slope_interval_agrees_with_its_standard_error():
    group = calibrated(3)
    low, high = bootstrap_intervals(group, draws=2000)["slope"]
    fit, x = calibration_slope_intercept(group), logit(group.v)
    # The information matrix of a logistic regression, McCullagh & Nelder (1989), §4.4.
    design, mean = np.column_stack([np.ones_like(x), x]), expit(fit.intercept + fit.slope * x)
    information = (design.T * (group.n * mean * (1 - mean))) @ design
    error = np.sqrt(np.linalg.inv(information)[1, 1])
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.12)


def test_the_ece_interval_of_calibrated_claims_lies_above_zero_as_its_docstring_warns():
    group = calibrated(4, claims=300)
    low, _ = bootstrap_intervals(group)["ece"]
    assert low > 0
    assert "biased upwards" in bootstrap_intervals.__doc__


def test_copies_of_one_input_do_not_narrow_the_intervals(of_claims):
    rng = np.random.default_rng(7)
    v = rng.choice([0.5, 0.7, 0.8, 0.95], 800)
    y = (rng.random(800) < v - 0.1).astype(int)
    once = bootstrap_intervals(of_claims(v, y), draws=800)
    copied = of_claims(np.tile(v, 4), np.tile(y, 4), np.tile(np.arange(800), 4))
    four = bootstrap_intervals(copied, draws=800)
    for name in ("brier", "ece", "auroc", "slope"):
        width = np.diff(once[name])[0]
        assert np.diff(four[name])[0] == pytest.approx(width, rel=0.15)


def test_a_measure_that_most_draws_leave_undefined_has_no_interval():
    intervals = bootstrap_intervals(cells([0.6, 0.9], [20, 20], [20, 19]))
    assert "slope" not in intervals
    assert "auroc" not in intervals
    assert "brier" in intervals


def test_without_labels_there_are_no_intervals():
    assert bootstrap_intervals(cells([], [], [])) == {}


def test_the_same_seed_gives_the_same_intervals():
    group = calibrated(5)
    first, again, other = (bootstrap_intervals(group, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first["brier"] != other["brier"]


def test_thousands_of_distinct_values_are_pooled_first():
    rng = np.random.default_rng(8)
    v = np.sort(rng.choice(np.arange(1, 1_000_000), 5000, replace=False)) / 1e6
    group = cells(v, np.ones(5000), rng.binomial(1, v))
    low, high = bootstrap_intervals(group)["brier"]
    assert low < brier(group) < high
