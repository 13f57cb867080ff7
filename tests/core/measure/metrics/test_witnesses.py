"""Our numbers beside those of scikit-learn, model-diagnostics, relplot and scipy, computed live.

Peers are given the single claims, or the 2k weighted rows (v, 0, n − s) and (v, 1, s) that carry
the same information.
"""

import warnings

import numpy as np
import pytest
from scipy import stats

from core.measure.cells.cells import Cells
from core.measure.metrics.reliability_curve import corp, corp_decomposition, per_value
from core.measure.metrics.scores import auroc, brier, cutoff_error, log_loss
from core.measure.metrics.smece import smece, smece_at

sklearn_metrics = pytest.importorskip("sklearn.metrics")
sklearn_isotonic = pytest.importorskip("sklearn.isotonic")
sklearn_calibration = pytest.importorskip("sklearn.calibration")
sklearn_linear = pytest.importorskip("sklearn.linear_model")

EXACT = 1e-12


def drawn(seed, values, claims, shift, ends):
    """Tied claims whose accuracy is their confidence less a shift."""
    rng = np.random.default_rng(seed)
    v = np.sort(rng.choice(np.arange(1, 100), values, replace=False)) / 100
    if ends:
        v = np.concatenate([[0.0], v, [1.0]])
    n = rng.multinomial(claims - v.size, rng.dirichlet(np.ones(v.size))) + 1
    s = rng.binomial(n, np.clip(v - shift, 0.02, 0.98))
    return Cells(v, n, n, s)


GROUPS = {
    "calibrated": drawn(1, 30, 5000, 0.0, False),
    "overconfident": drawn(2, 40, 3000, 0.12, False),
    "with certainty": drawn(3, 20, 2000, 0.05, True),
    "underconfident": drawn(4, 12, 800, -0.15, True),
    "few": drawn(5, 6, 25, 0.1, False),
    "every percent": drawn(6, 99, 20000, 0.03, True),
}


@pytest.fixture(params=GROUPS)
def group(request):
    return GROUPS[request.param]


def rows(group):
    """The 2k weighted rows: outcome, confidence, weight."""
    y = np.repeat([0, 1], group.v.size)
    return y, np.tile(group.v, 2), np.concatenate([group.n - group.s, group.s])


def claims(group):
    """The single claims: outcome, confidence."""
    y, v, weight = rows(group)
    return np.repeat(y, weight), np.repeat(v, weight)


def test_brier_is_scikit_learn_s(group):
    y, v, weight = rows(group)
    expected = sklearn_metrics.brier_score_loss(y, v, sample_weight=weight)
    assert brier(group) == pytest.approx(expected, abs=EXACT)


def test_log_loss_is_scikit_learn_s(group):
    y, v, weight = rows(group)
    clipped = np.clip(v, 1e-6, 1 - 1e-6)
    expected = sklearn_metrics.log_loss(y, clipped, sample_weight=weight)
    assert log_loss(group, clip=1e-6) == pytest.approx(expected, abs=EXACT)


def test_auroc_is_scikit_learn_s(group):
    y, v, weight = rows(group)
    expected = sklearn_metrics.roc_auc_score(y, v, sample_weight=weight)
    assert auroc(group).value == pytest.approx(expected, abs=EXACT)


def test_accuracy_per_value_is_scikit_learn_s_calibration_curve(group):
    y, v = claims(group)
    # A bin to each percent, centred on it, so that its edges decide nothing.
    observed, mean = sklearn_calibration.calibration_curve(
        y, (v * 100 + 0.5) / 101, n_bins=101, strategy="uniform"
    )
    table = per_value(group)
    assert table.observed == pytest.approx(observed, abs=EXACT)
    assert table.v == pytest.approx((mean * 101 - 0.5) / 100, abs=EXACT)


def test_corp_is_scikit_learn_s_isotonic_regression(group):
    y, v, weight = rows(group)
    fit = sklearn_isotonic.IsotonicRegression().fit(v, y, sample_weight=weight)
    curve = corp(group)
    fitted = curve.observed[np.searchsorted(curve.v_to, group.v)]
    assert fitted == pytest.approx(fit.predict(group.v), abs=EXACT)


def test_slope_and_intercept_are_scikit_learn_s_unpenalised_logistic_regression(group):
    from core.measure.metrics.logistic_slope import calibration_slope_intercept, clipped_logit

    y, _, weight = rows(group)
    x, place = clipped_logit(group.v, 1e-3)
    model = sklearn_linear.LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(np.tile(x[place], 2)[:, None], y, sample_weight=weight)
    fit = calibration_slope_intercept(group, clip=1e-3)
    assert fit.slope == pytest.approx(model.coef_[0, 0], rel=1e-7)
    assert fit.intercept == pytest.approx(model.intercept_[0], rel=1e-6)


def test_decomposition_is_that_of_model_diagnostics(group):
    scoring = pytest.importorskip("model_diagnostics.scoring")
    y, v, weight = rows(group)
    frame = scoring.decompose(y, v, weights=weight, scoring_function=scoring.SquaredError())
    parts = corp_decomposition(group)
    assert parts.mcb == pytest.approx(frame["miscalibration"][0], abs=EXACT)
    assert parts.dsc == pytest.approx(frame["discrimination"][0], abs=EXACT)
    assert parts.unc == pytest.approx(frame["uncertainty"][0], abs=EXACT)
    assert parts.brier == pytest.approx(frame["score"][0], abs=EXACT)


def test_smece_is_that_of_relplot(group):
    relplot = pytest.importorskip("relplot")
    y, v = claims(group)
    assert smece(group) == pytest.approx(relplot.smECE(v, y), abs=EXACT)


@pytest.mark.parametrize("sigma", [0.003, 0.0123, 0.05, 0.4, 1.0])
def test_smece_at_a_bandwidth_is_that_of_relplot(group, sigma):
    metrics = pytest.importorskip("relplot.metrics")
    y, v = claims(group)
    assert smece_at(group, sigma) == pytest.approx(metrics.smECE_sigma(v, y, sigma), abs=EXACT)


def test_intervals_per_value_are_scipy_s_binomtest(group):
    table = per_value(group, level=0.9)
    for row, (n, s) in enumerate(zip(group.n.tolist(), group.s.tolist(), strict=True)):
        exact = tuple(stats.binomtest(s, n).proportion_ci(0.9, method="exact"))
        assert (table.exact_low[row], table.exact_high[row]) == pytest.approx(exact, abs=EXACT)


def test_the_cutoff_error_is_the_worst_of_all_intervals_one_by_one(group):
    residual = group.n * group.v - group.s
    k = residual.size
    worst = max(abs(residual[i:j].sum()) for i in range(k) for j in range(i + 1, k + 1))
    assert cutoff_error(group) == pytest.approx(worst / group.total, abs=EXACT)


def test_the_cutoff_error_by_hand_sees_errors_that_cancel():
    # 0.2 is right half the time, 0.8 half the time: no gap, and 30 points off on either side.
    v, n = np.array([0.2, 0.8]), np.array([100, 100])
    assert cutoff_error(Cells(v, n, n, n // 2)) == pytest.approx(0.15)
