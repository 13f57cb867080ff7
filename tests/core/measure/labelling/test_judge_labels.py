"""Truth and a judge beside it: intervals, what the judge's labels are worth, and how it errs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.measure.cells.cells import FloatArray, InputSums
from core.measure.labelling.judge_labels import (
    JudgeSums,
    LabelSums,
    TruthSums,
    WeightedSums,
    _estimate,
    judge_error,
    powered,
)
from core.measure.metrics.intervals import clopper_pearson, gap_interval
from tests.worlds.governed.rounds import examples

VALUES = [0.7, 0.8, 0.9, 0.95, 0.99]
#: Said by ppi_py of ppi-python 0.2.3 of `claims(20261128)`, for λ .5 and 1:
#: ppi_mean_pointestimate(r, q, q_only, lam=λ) and ppi_mean_ci(r, q, q_only, alpha=.05, lam=λ).
PPI_PYTHON = {
    0.5: (0.074375, 0.00154409, 0.14720591),
    1.0: (0.07675, 0.00765553, 0.14584447),
}


def sums_of(v: FloatArray, y: FloatArray, f: FloatArray, inputs: FloatArray | None = None):
    """The sums of one unit's claims."""
    _, owner = np.unique(np.arange(len(v)) if inputs is None else inputs, return_inverse=True)
    m, r, q = (np.bincount(owner, one) for one in (np.ones_like(v), v - y, v - f))
    return LabelSums(
        *(np.array([one]) for one in (len(m), len(v))),
        *(
            np.array([float(one)])
            for one in (
                *(v.sum(), v @ v, f.sum(), y.sum(), f @ y, r.sum(), q.sum()),
                *(r @ r, q @ q, r @ q, r @ m, q @ m, m @ m, m.max(initial=0)),
            )
        ),
    )


def judged(both: LabelSums, only: LabelSums, *, drawn: bool = True) -> JudgeSums:
    inputs = None
    if both.inputs[0] < both.n[0]:
        inputs = InputSums(both.inputs, both.rr, both.rm, both.mm, both.most)
    truth = TruthSums(both.n, both.s.astype(np.int64), both.v, inputs)
    return JudgeSums(both, only, truth, np.array([drawn]), np.array([False]))


def claims(seed: int, n: int = 60, more: int = 600, lenient: float = 0.4, over: float = 0.1):
    """Claims of a signal 10 points overconfident, judged by one that passes wrong answers."""
    rng = np.random.default_rng(seed)

    def some(n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        v = rng.choice(VALUES, n)
        y = (rng.random(n) < v - over).astype(float)
        return v, y, (rng.random(n) < np.where(y > 0, 1, lenient)).astype(float)

    return some(n), some(more)


@pytest.mark.parametrize("weight", PPI_PYTHON)
def test_the_textbook_form_is_that_of_ppi_python(weight: float) -> None:
    both, only = claims(20261128)
    found = _estimate(
        judged(sums_of(*both), sums_of(*only)), 0.05, 1.96, raised=0.0, weight=np.array([weight])
    )
    point, low, high = PPI_PYTHON[weight]
    assert found.gap[0] == pytest.approx(point, abs=1e-8)
    # Without our correction for few labels, which a textbook leaves out; it divides by n, not n−1.
    plain = 1.959964 * np.sqrt(found.variance[0] * 58 / 59 * 59 / 60)
    assert plain == pytest.approx((high - low) / 2, rel=2e-3)


def test_a_good_judge_narrows_the_interval_and_is_worth_labels() -> None:
    both, only = claims(3, n=200, more=2000, lenient=0.05)
    found = powered(judged(sums_of(*both), sums_of(*only)))

    assert found.used[0]
    assert found.reasons == ("",)
    assert found.truth_low[0] < found.low[0] < found.high[0] < found.truth_high[0]
    assert 400 < found.worth[0] < 1500


def test_a_judge_is_worth_nothing_where_only_the_form_of_the_interval_is_narrower() -> None:
    both, only = claims(5, more=5)
    found = powered(judged(sums_of(*both), sums_of(*only)))

    assert not found.used[0]
    assert found.worth[0] == pytest.approx(60)


def test_labels_worth_so_much_would_narrow_the_interval_as_much() -> None:
    both, only = claims(3, n=200, more=2000)
    sums = judged(sums_of(*both), sums_of(*only))
    found = powered(sums)

    accuracy = sums.truth.s / sums.truth.n
    low, high = clopper_pearson(accuracy * found.worth, found.worth, 0.05)
    least, most = clopper_pearson(sums.truth.s, sums.truth.n, 0.05)
    with_it, bare = (
        _estimate(sums, 0.05, 1.96, raised=1.92, weight=one) for one in (found.weight, np.zeros(1))
    )
    ratio = with_it.half / bare.half
    assert (high - low) / (most - least) == pytest.approx(ratio, rel=1e-4)


@settings(max_examples=examples(15, 500), deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 120),
    st.integers(0, 400),
    st.floats(0, 1),
    st.sampled_from([0.05, 0.002]),
    st.booleans(),
)
def test_the_interval_is_never_wider_than_by_truth_alone(
    seed: int, n: int, more: int, lenient: float, alpha: float, family: bool
) -> None:
    both, only = claims(seed, n, more, lenient)
    found = powered(judged(sums_of(*both), sums_of(*only)), alpha=alpha, family=family)

    assert found.high - found.low <= found.truth_high - found.truth_low + 1e-12
    assert found.worth[0] >= n - 1e-6
    assert bool(found.used[0]) == (found.reasons == ("",))


def test_inside_a_family_the_interval_is_never_narrower_than_alone() -> None:
    both, only = claims(8, n=100, more=1000)
    sums = judged(sums_of(*both), sums_of(*only))
    alone, together = (powered(sums, alpha=0.002, family=one) for one in (False, True))

    assert together.low <= alone.low
    assert together.high >= alone.high


def test_without_the_judge_the_interval_is_that_of_the_verdict_where_it_is_the_wider() -> None:
    (v, y, f), only = claims(4, n=25)
    found = powered(judged(sums_of(v, y, f), sums_of(*only)))
    low, high = gap_interval(v.mean(), y.sum(), len(v), 0.05)

    assert not found.used[0]
    assert found.low[0] <= low
    assert high <= found.high[0]
    assert found.worth[0] == pytest.approx(25)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n": 29}, "only 29 inputs have both labels; 30 are needed"),
        ({"more": 1}, "the judge labels no more claims than ground truth does"),
        ({"more": 5}, "the judge's labels would not narrow the interval"),
    ],
)
def test_a_judge_is_left_aside_with_the_reason(change: dict[str, float], words: str) -> None:
    both, only = claims(5, **{"n": 60, "more": 600, **change})  # type: ignore[arg-type]

    assert powered(judged(sums_of(*both), sums_of(*only))).reasons == (words,)


def test_claims_that_nobody_drew_do_not_tell_how_the_judge_errs() -> None:
    both, only = claims(5)
    found = powered(judged(sums_of(*both), sums_of(*only), drawn=False))

    assert not found.used[0]
    assert "not all drawn by chance" in found.reasons[0]


def by_chance(w: FloatArray, *, repeat: int = 1) -> JudgeSums:
    """Sixty claims with both labels and these weights, before they are scaled."""
    (v, y, f), only = claims(5)
    inputs = np.arange(len(v)) // repeat
    w = w / w.mean()
    r, q = v - y, v - f

    def total(*values: FloatArray) -> tuple[FloatArray, ...]:
        return tuple(np.array([one.sum()]) for one in values)

    both = sums_of(v, y, f, inputs)
    weighted = LabelSums(
        both.inputs, both.n,
        *total(w * v, w * v * v, w * f, w * y, w * f * y, w * r, w * q),
        *total(*(w * w * one for one in (r * r, q * q, r * q, r, q, np.ones_like(r)))),
        np.array([w.max()]),
    )  # fmt: skip
    once = total(*(w * one for one in (r * r, q * q, r * q)))
    sums = judged(both, sums_of(*only))
    return replace(sums, unequal=np.array([True]), weighted=WeightedSums(weighted, *once))


def test_equal_chances_weigh_to_the_same_estimate() -> None:
    sums = by_chance(np.full(60, 5.0))
    plain = _estimate(replace(sums, weighted=None), 0.05, 1.96, raised=0.0)
    found = _estimate(sums, 0.05, 1.96, raised=0.0, weight=plain.weight * (1 + 60 / 600))
    # q̄_all − q̄ is (q̄_only − q̄)·M/(n + M): the same correction under another weight.
    assert found.gap == pytest.approx(plain.gap)
    assert found.accuracy == pytest.approx(plain.accuracy)
    assert found.half == pytest.approx(plain.half, rel=0.01)


@pytest.mark.parametrize(
    ("few", "repeat", "words"),
    [
        (30, 2, "drawn with several chances, and their inputs repeat"),
        (20, 1, "with such different chances that they are worth 24; 30 are needed"),
        (1, 1, "had so small a chance that it stands for too many"),
    ],
)
def test_chances_too_unequal_leave_the_judge_aside(few: int, repeat: int, words: str) -> None:
    w = np.where(np.arange(60) < few, 20.0 if few > 1 else 8.0, 1.0)
    (reason,) = powered(by_chance(w, repeat=repeat)).reasons
    assert reason.endswith(words)


def test_no_label_of_truth_is_no_gap_whatever_the_judge_says() -> None:
    _, only = claims(5)
    nothing = np.zeros(0)
    found = powered(judged(sums_of(nothing, nothing, nothing), sums_of(*only)))

    assert np.isnan([found.gap[0], found.low[0], found.high[0]]).all()
    assert found.reasons == ("no claim has both a label of ground truth and the judge's",)


def test_claims_with_both_labels_that_are_unlike_the_rest_are_seen() -> None:
    (v, y, f), (v_only, y_only, f_only) = claims(6, n=200)
    surer = powered(judged(sums_of(v, y, f), sums_of(v_only - 0.1, y_only, f_only)))
    passed = powered(judged(sums_of(v, y, f), sums_of(v_only, y_only, f_only * (v_only > 0.8))))

    assert surer.reasons[0].endswith("they state another confidence")
    assert passed.reasons[0].endswith("the judge passes another share of them")


def test_repeated_inputs_count_once() -> None:
    """Every claim five times over, on the same input, says no more than once."""
    both, only = claims(7, n=200, more=2000)
    once = powered(judged(sums_of(*both), sums_of(*only)))

    def again(part: tuple[FloatArray, ...]) -> LabelSums:
        return sums_of(
            *(np.repeat(one, 5) for one in part), inputs=np.arange(len(part[0])).repeat(5)
        )  # type: ignore[arg-type]

    five = powered(judged(again(both), again(only)))

    assert five.gap == pytest.approx(once.gap)
    assert five.high - five.low == pytest.approx(once.high - once.low, rel=1e-9)


def test_an_input_that_holds_a_tenth_of_the_claims_leaves_the_judge_aside() -> None:
    both, only = claims(7, n=200, more=2000)
    inputs = np.concatenate([np.zeros(25), np.arange(1, 176)])
    found = powered(judged(sums_of(*both, inputs=inputs), sums_of(*only)))

    assert found.reasons == ("a few inputs hold too many of the claims",)


def test_how_a_judge_errs_is_counted_with_exact_intervals() -> None:
    y = np.repeat([1.0, 1.0, 0.0, 0.0], [70, 10, 15, 5])
    f = np.repeat([1.0, 0.0, 1.0, 0.0], [70, 10, 15, 5])
    found = judge_error(sums_of(np.full(100, 0.9), y, f))

    assert found.n[0] == 100
    assert found.agreement[0] == pytest.approx(0.75)
    assert found.false_pass[0] == pytest.approx(15 / 20)
    assert found.false_fail[0] == pytest.approx(10 / 80)
    low, high = clopper_pearson(15, 20, 0.05)
    assert found.false_pass_low[0] == pytest.approx(float(low))
    assert found.false_pass_high[0] == pytest.approx(float(high))


def test_a_rate_without_a_claim_is_none() -> None:
    ones = np.ones(40)
    found = judge_error(sums_of(ones * 0.9, ones, ones))

    assert np.isnan([found.false_pass[0], found.false_pass_low[0]]).all()
    assert found.false_fail[0] == 0


@pytest.mark.parametrize("alpha", [0, 1, -0.1])
def test_an_alpha_out_of_range_is_refused(alpha: float) -> None:
    both, only = claims(1)
    with pytest.raises(ValueError, match="alpha must be in"):
        powered(judged(sums_of(*both), sums_of(*only)), alpha=alpha)
