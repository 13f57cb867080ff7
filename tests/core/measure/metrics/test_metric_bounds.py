from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest, norm
from sklearn.metrics import roc_auc_score

from core.measure.cells.cells import Cells
from core.measure.metrics.intervals import gap_interval
from core.measure.metrics.metric_bounds import Estimate, JudgedSample, collapsed, estimate, seed_of
from core.measure.metrics.scores import NoValue

COMPOSITE = ("auroc", "brier", "dsc", "ece", "ece_debiased_l2", "mcb", "smece")


def cells_of(rows: list[tuple[float, int, int]]) -> Cells:
    """Cells of (confidence, labelled claims, right ones)."""
    v, n, s = (np.array(column) for column in zip(*rows, strict=True))
    return Cells(v.astype(float), n, n, s)


def sample_of(cells: Cells, automated: Cells | None = None, high_from: float = 0.9) -> JudgedSample:
    return JudgedSample(cells, cells if automated is None else automated, high_from)


def known(metric: str, sample: JudgedSample) -> Estimate:
    found = estimate(metric, sample)
    assert isinstance(found, Estimate)
    return found


MIXED = cells_of([(0.5, 40, 20), (0.7, 60, 41), (0.9, 100, 92), (0.97, 50, 49)])


@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_an_accuracy_has_the_clopper_pearson_interval_of_scipy(alpha: float) -> None:
    found = known("accuracy", sample_of(MIXED))

    wanted = binomtest(202, 250).proportion_ci(1 - alpha, method="exact")
    assert found.value == pytest.approx(202 / 250)
    assert found.at(alpha) == pytest.approx((wanted.low, wanted.high))


def test_the_automated_error_is_over_the_automated_claims_alone() -> None:
    found = known("automated_error", sample_of(MIXED, cells_of([(0.97, 50, 49)])))

    wanted = binomtest(1, 50).proportion_ci(0.95, method="exact")
    assert (found.value, found.n) == (pytest.approx(0.02), 50)
    assert found.at(0.05) == pytest.approx((wanted.low, wanted.high))


def test_the_high_band_is_what_is_stated_at_its_edge_or_above() -> None:
    found = known("high_band_accuracy", sample_of(MIXED))

    wanted = binomtest(141, 150).proportion_ci(0.95, method="exact")
    assert (found.value, found.n) == (pytest.approx(141 / 150), 150)
    assert found.at(0.05) == pytest.approx((wanted.low, wanted.high))


def test_of_a_gap_the_size_counts_whatever_its_sign() -> None:
    over, under = cells_of([(0.9, 100, 70)]), cells_of([(0.1, 100, 30)])

    assert known("gap", sample_of(over)).value == pytest.approx(0.2)
    assert known("gap", sample_of(over)).at(0.05) == pytest.approx(
        known("gap", sample_of(under)).at(0.05)
    )


def test_the_size_of_a_gap_that_may_be_none_begins_at_zero() -> None:
    sample = sample_of(cells_of([(0.9, 100, 88)]))

    low, high = gap_interval(0.9, 88, 100, 0.05)

    assert low < 0 < high
    assert known("gap", sample).at(0.05) == pytest.approx((0.0, max(-low, high)))


def test_a_coverage_is_exact_and_counts_stated_claims() -> None:
    cells = Cells(np.array([0.5]), np.array([80]), np.array([60]), np.array([30]))

    found = known("coverage", sample_of(cells))

    assert (found.value, found.n, found.at(0.05)) == (0.75, 80, (0.75, 0.75))


def test_repeated_inputs_widen_every_interval(of_claims: Callable[..., Cells]) -> None:
    rng = np.random.default_rng(3)
    v, y = rng.choice([0.6, 0.8, 0.95], 60), rng.integers(0, 2, 60)
    inputs = np.repeat(np.arange(60), 5)
    alone = of_claims(np.repeat(v, 5), np.repeat(y, 5))
    together = of_claims(np.repeat(v, 5), np.repeat(y, 5), inputs)

    for metric in ("gap", "accuracy", "high_band_accuracy", "brier", "auroc", "ece"):
        narrow, wide = (known(metric, sample_of(one)).at(0.05) for one in (alone, together))
        assert wide[1] - wide[0] > 1.3 * (narrow[1] - narrow[0]), metric


def test_an_auroc_is_sklearns_and_its_interval_holds_delongs_on_the_logit_scale(
    of_claims: Callable[..., Cells],
) -> None:
    rng = np.random.default_rng(4)
    v = rng.choice([0.5, 0.6, 0.7, 0.8, 0.9], 300)
    y = (rng.random(300) < v).astype(int)

    found = known("auroc", sample_of(of_claims(v, y)))

    area = roc_auc_score(y, v)
    right, wrong = v[y == 1], v[y == 0]
    below = np.array([np.mean((wrong < one) + 0.5 * (wrong == one)) for one in right])
    above = np.array([np.mean((right > one) + 0.5 * (right == one)) for one in wrong])
    error = np.sqrt(below.var(ddof=1) / right.size + above.var(ddof=1) / wrong.size)
    half = norm.ppf(0.975) * error / (area * (1 - area))
    ends = 1 / (1 + np.exp(-(np.log(area / (1 - area)) + np.array([-half, half]))))
    assert found.value == pytest.approx(area)
    assert found.at(0.05)[0] <= ends[0] + 1e-12
    assert found.at(0.05)[1] >= ends[1] - 1e-12


def test_an_auroc_of_fewer_than_ten_wrong_claims_may_be_anything() -> None:
    few = sample_of(cells_of([(0.5, 100, 91), (0.9, 100, 100)]))
    enough = sample_of(cells_of([(0.5, 100, 90), (0.9, 100, 100)]))

    assert known("auroc", few).at(0.05) == (0.0, 1.0)
    assert known("auroc", enough).at(0.05)[0] > 0.5


def test_a_perfect_order_is_not_certain() -> None:
    found = known("auroc", sample_of(cells_of([(0.1, 12, 0), (0.9, 40, 40)])))

    assert found.value == 1.0
    assert found.at(0.05)[0] == pytest.approx(0.025 ** (1 / 12))


def test_without_a_wrong_claim_there_is_no_auroc() -> None:
    assert isinstance(
        estimate("auroc", sample_of(cells_of([(0.9, 50, 50), (0.95, 9, 9)]))), NoValue
    )


def test_one_confidence_ranks_nothing() -> None:
    sample = sample_of(cells_of([(0.8, 200, 160)]))

    assert collapsed(sample)
    assert known("auroc", sample).at(0.05) == (0.5, 0.5)
    assert known("dsc", sample).at(0.05) == (0.0, 0.0)


def test_no_metric_has_a_value_without_labels() -> None:
    none = np.zeros(1, dtype=int)
    sample = sample_of(Cells(np.array([0.5]), np.array([5]), none, none))

    for metric in (*COMPOSITE, "gap", "high_band_gap", "automated_error", "accuracy"):
        assert isinstance(estimate(metric, sample), NoValue), metric


def test_the_noise_of_a_calibrated_ece_is_taken_off_its_aim_but_not_off_its_upper_end() -> None:
    found = known("ece", sample_of(cells_of([(0.55, 40, 24), (0.75, 40, 29), (0.95, 40, 38)])))

    low, high = found.at(0.05)
    assert low == 0.0
    assert found.aim < found.value < high


def test_an_interval_at_a_higher_level_holds_the_one_at_a_lower() -> None:
    for metric in (*COMPOSITE, "gap", "accuracy", "high_band_gap"):
        found = known(metric, sample_of(MIXED))
        (low, high), (lower, higher) = found.at(0.05), found.at(0.002)
        assert lower <= low <= high <= higher, metric


def test_with_more_labels_of_like_kind_an_interval_narrows_about_its_aim() -> None:
    for metric in (*COMPOSITE, "gap", "accuracy", "automated_error"):
        found = known(metric, sample_of(MIXED))
        widths = [high - low for low, high in map(found.grown, (1.0, 4.0, 100.0))]
        assert widths[0] > widths[1] > widths[2], metric
        assert found.grown(1e8) == pytest.approx((found.aim, found.aim), abs=1e-3), metric


def test_the_seed_depends_on_the_labels_alone() -> None:
    again = Cells(MIXED.v, MIXED.n_claims + 3, MIXED.n, MIXED.s, 7)
    other = Cells(MIXED.v, MIXED.n_claims, MIXED.n, MIXED.s - [0, 0, 0, 1])

    assert seed_of(MIXED) == seed_of(again) != seed_of(other)


def test_a_metric_without_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="log_loss"):
        estimate("log_loss", sample_of(MIXED))
