from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from core.measure.cells.cells import Cells
from core.measure.labelling.risk_thresholds import (
    at_cut,
    claims_needed,
    expected_cost,
    learn_per_segment,
    learn_then_test,
    risk_coverage,
)


def cells(*rows: tuple[float, int, int], unstated: int = 0, unlabelled: int = 0) -> Cells:
    """(confidence, labelled, wrong) per value; each with as many unlabelled claims more."""
    v, n, wrong = (np.array(column) for column in zip(*sorted(rows), strict=True))
    n, wrong = n.astype(np.int64), wrong.astype(np.int64)
    return Cells(v.astype(float), n + unlabelled, n, n - wrong, unstated)


def by_hand(data: Cells, risk: float, delta: float) -> float | None:
    """Claim by claim: every distinct value from the top, until one fails."""
    claims = [
        (float(v), wrong)
        for v, n, s in zip(data.v, data.n, data.s, strict=True)
        for wrong in [0] * int(s) + [1] * int(n - s)
    ]
    chosen = None
    for cut in sorted({v for v, _ in claims}, reverse=True):
        above = [wrong for v, wrong in claims if v >= cut]
        if (1 - risk) ** len(above) > delta * (1 + 1e-9):
            continue  # too few to pass even without an error
        if binomtest(sum(above), len(above), risk, alternative="less").pvalue > delta:
            break
        chosen = cut
    return chosen


# --------------------------------------------------------------------------------- worked cases
def test_a_case_worked_by_hand() -> None:
    # α = δ = 0.5 takes one claim. 0.9: 0 of 2 wrong, P(Bin(2, ½) ≤ 0) = 1/4. 0.8: 1 of 4,
    # P(Bin(4, ½) ≤ 1) = 5/16. 0.7: 3 of 6, P(Bin(6, ½) ≤ 3) = 42/64, which fails.
    found = learn_then_test(cells((0.9, 2, 0), (0.8, 2, 1), (0.7, 2, 2), (0.6, 9, 0)), 0.5, 0.5)
    assert found.cut == 0.8
    assert [step.p for step in found.path] == pytest.approx([1 / 4, 5 / 16, 42 / 64])
    assert found.stopped is not None
    assert found.stopped.cut == 0.7
    assert found.chosen is not None
    assert (found.chosen.n, found.chosen.errors) == (4, 1)


def test_what_comes_after_the_first_failure_is_never_tested() -> None:
    found = learn_then_test(cells((0.9, 100, 50), (0.1, 10_000, 0)), 0.05, 0.1)
    assert found.cut is None
    assert len(found.path) == 1
    assert "50 of 100 wrong" in found.reason


@pytest.mark.parametrize(("risk", "delta", "needed"), [(0.05, 0.05, 59), (0.1, 0.1, 22)])
def test_testing_starts_where_a_test_without_errors_could_pass(
    risk: float, delta: float, needed: int
) -> None:
    assert claims_needed(risk, delta) == needed
    assert (1 - risk) ** needed <= delta < (1 - risk) ** (needed - 1)
    assert learn_then_test(cells((0.9, needed, 0)), risk, delta).cut == 0.9
    short = learn_then_test(cells((0.9, needed - 1, 0)), risk, delta)
    assert (short.cut, short.path) == (None, ())
    assert f"takes {needed}" in short.reason


def test_values_above_the_start_are_counted_but_not_tested() -> None:
    found = learn_then_test(cells((0.99, 20, 0), (0.9, 60, 0), (0.5, 50, 40)), 0.05, 0.05)
    assert [step.cut for step in found.path] == [0.9, 0.5]
    assert found.path[0].n == 80
    assert found.cut == 0.9


@pytest.mark.parametrize("delta", [0.1, 1 - 1e-12])
def test_without_a_label_there_is_no_cut_and_that_is_said(delta: float) -> None:
    found = learn_then_test(cells((0.9, 0, 0), unlabelled=50), 0.05, delta)
    assert (found.cut, found.reason) == (None, "no labelled claim")
    nothing = Cells(np.array([]), *(np.array([], np.int64),) * 3)
    assert learn_then_test(nothing, 0.1, 0.1).cut is None


def test_a_value_without_a_label_is_no_candidate() -> None:
    data = Cells(np.array([0.7, 0.9]), np.array([40, 90]), np.array([0, 90]), np.array([0, 90]))
    found = learn_then_test(data, 0.05, 0.05)
    assert found.cut == 0.9
    assert found.path[-1].coverage == pytest.approx(90 / 130)


@pytest.mark.parametrize(
    ("risk", "delta"), [(0, 0.1), (1, 0.1), (0.1, 0), (0.1, 1), (math.nan, 0.1)]
)
def test_bounds_outside_zero_and_one_are_refused(risk: float, delta: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        learn_then_test(cells((0.9, 9, 0)), risk, delta)


GROUPS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 60), st.floats(0, 1)),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[0],
)


@given(GROUPS, st.sampled_from([0.02, 0.05, 0.1, 0.3]), st.sampled_from([0.01, 0.1, 0.4]))
def test_it_is_what_testing_claim_by_claim_gives(
    groups: list[tuple[int, int, float]], risk: float, delta: float
) -> None:
    data = cells(*((v / 20, n, int(n * share * 0.3)) for v, n, share in groups))
    found = learn_then_test(data, risk, delta)
    assert found.cut == by_hand(data, risk, delta)
    for step in found.path:
        exact = binomtest(step.errors, step.n, risk, alternative="less").pvalue
        assert step.p == pytest.approx(exact)


@given(GROUPS)
def test_more_confidence_or_less_risk_never_lowers_the_cut(
    groups: list[tuple[int, int, float]],
) -> None:
    data = cells(*((v / 20, n, int(n * share * 0.3)) for v, n, share in groups))

    def cut(risk: float, delta: float) -> float:
        found = learn_then_test(data, risk, delta).cut
        return 2.0 if found is None else found

    # A later start can skip a failing test, so only equal starts are compared.
    start = risk_coverage(data).n
    one, other = claims_needed(0.1, 0.2), claims_needed(0.1, 0.05)
    if not np.any((start >= one) & (start < other)):
        assert cut(0.1, 0.05) >= cut(0.1, 0.2)


# ------------------------------------------------------------------------------------ guarantee
VALUES = np.array([0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.92, 0.95, 0.99])
SHARES = np.array([0.05, 0.05, 0.1, 0.1, 0.15, 0.15, 0.15, 0.1, 0.1, 0.05])
#: Wrong ones at each value: 2.9% from 0.85 on, 5.2% from 0.80 on, more from below.
WRONG = np.array([0.5, 0.4, 0.3, 0.2, 0.135, 0.05, 0.03, 0.02, 0.015, 0.01])
RISK, DELTA, DRAWS = 0.05, 0.1, 1_000


def true_risk(cut: float) -> float:
    above = cut <= VALUES
    return float((SHARES * WRONG)[above].sum() / SHARES[above].sum())


def draws(seed: int, n: int = 1_500) -> list[Cells]:
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, SHARES, size=DRAWS)
    wrong = rng.binomial(counts, WRONG)
    return [Cells(VALUES, row, row, row - bad) for row, bad in zip(counts, wrong, strict=True)]


def lowest_within(data: Cells) -> float | None:
    """The lowest cut whose empirical error is within the bound: the same-data choice."""
    curve = risk_coverage(data)
    within = np.flatnonzero(curve.risk <= RISK)
    return float(curve.cut[within[-1]]) if within.size else None


def broken(cuts: list[float | None]) -> float:
    return sum(cut is not None and true_risk(cut) > RISK for cut in cuts) / len(cuts)


#: Three Monte-Carlo standard errors above the stated level.
MOST = DELTA + 3 * math.sqrt(DELTA * (1 - DELTA) / DRAWS)


def test_the_guarantee_holds_over_a_thousand_draws() -> None:
    found = [learn_then_test(data, RISK, DELTA).cut for data in draws(1)]
    assert broken(found) <= MOST
    # It is no empty promise: most draws do get a cut.
    assert sum(cut is not None for cut in found) > DRAWS / 2


def test_the_lowest_cut_that_looks_good_breaks_it_on_the_same_draws() -> None:
    assert broken([lowest_within(data) for data in draws(1)]) > MOST + 0.1


def test_the_level_is_used_up_where_the_risk_is_just_above_the_bound() -> None:
    # One value, at a hair above the bound: its test passes as often as δ allows, and no more.
    rng = np.random.default_rng(3)
    wrong = rng.binomial(400, RISK + 1e-4, size=DRAWS)
    passed = [learn_then_test(cells((0.9, 400, int(bad))), RISK, DELTA).cut for bad in wrong]
    share = sum(cut is not None for cut in passed) / DRAWS
    assert DELTA / 2 < share <= MOST


def test_segments_share_the_level_and_hold_together() -> None:
    rng = np.random.default_rng(4)
    wrong = rng.binomial(400, RISK + 1e-4, size=(DRAWS, 5))

    def any_broken(delta_of: str) -> float:
        n = 0
        for row in wrong:
            segments = [cells((0.9, 400, int(bad))) for bad in row]
            found = (
                learn_per_segment(segments, RISK, DELTA)
                if delta_of == "shared"
                else [learn_then_test(one, RISK, DELTA) for one in segments]
            )
            n += any(one.cut is not None for one in found)
        return n / DRAWS

    assert any_broken("shared") <= MOST
    assert any_broken("each") > MOST


# --------------------------------------------------------------------------------- at a cut
def test_the_curve_never_splits_what_is_tied() -> None:
    curve = risk_coverage(cells((0.9, 4, 1), (0.8, 6, 3), unstated=10))
    assert curve.cut.tolist() == [0.9, 0.8]
    assert curve.coverage.tolist() == [0.2, 0.5]
    assert curve.risk.tolist() == [0.25, 0.4]
    exact = binomtest(4, 10).proportion_ci(0.95)
    assert (curve.low[1], curve.high[1]) == pytest.approx((exact.low, exact.high))


def test_nothing_labelled_above_a_cut_has_no_risk() -> None:
    data = Cells(np.array([0.8, 0.9]), np.array([5, 5]), np.array([5, 0]), np.array([5, 0]))
    assert np.isnan(risk_coverage(data).risk[0])
    found = at_cut(data, 0.9)
    assert (found.risk, found.low, found.high) == (None, None, None)
    assert found.coverage == 0.5


def test_a_cut_automates_what_is_stated_at_it_and_sends_the_unstated_to_people() -> None:
    found = at_cut(cells((0.93, 10, 1), (0.92, 10, 9), unstated=5, unlabelled=2), 0.93)
    assert (found.automated, found.n, found.errors) == (12, 10, 1)
    assert (found.n_claims, found.human) == (29, 17)
    assert found.risk == 0.1
    assert found.high == pytest.approx(binomtest(1, 10).proportion_ci(0.95).high)


def test_an_empty_sample_has_no_coverage() -> None:
    nothing = Cells(np.array([]), *(np.array([], np.int64),) * 3)
    assert at_cut(nothing, 0.5).coverage is None
    assert risk_coverage(nothing).cut.size == 0


def test_the_cost_of_a_case_adds_errors_and_peoples_work() -> None:
    # 60% automated of which 5% wrong at 25, 30% reviewed at 3, 10% escalated at 8.
    assert expected_cost((0.6, 0.3, 0.1), 0.05, (25, 3, 8)) == pytest.approx(0.75 + 0.9 + 0.8)


def test_the_p_value_is_the_binomial_tail() -> None:
    found = learn_then_test(cells((0.9, 120, 2)), 0.05, 0.1)
    assert found.path[0].p == pytest.approx(float(binom.cdf(2, 120, 0.05)))
