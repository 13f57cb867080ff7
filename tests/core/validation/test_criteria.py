from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import beta

from core.measure.cells.cells import Cells
from core.measure.metrics.bounded import METRICS
from core.measure.metrics.metric_bounds import JudgedSample
from core.measure.metrics.reliability_curve import corp_decomposition
from core.measure.metrics.scores import NoValue, auroc, brier, ece, ece_debiased_l2
from core.measure.metrics.smece import smece
from core.registry.signal_spec import Criterion
from core.validation.criteria import METRIC_WORDS, judge_criterion, judge_sample, segment_minimum
from tests.worlds.governed.rounds import rounds

NONE = np.zeros(0, dtype=np.int64)


def cells_of(rows: list[tuple[float, int, int]]) -> Cells:
    """Cells of (confidence, labelled claims, right ones)."""
    if not rows:
        return Cells(np.zeros(0), NONE, NONE, NONE)
    v, n, s = (np.array(column) for column in zip(*rows, strict=True))
    return Cells(v.astype(float), n, n, s)


def sample_of(cells: Cells, automated: Cells | None = None) -> JudgedSample:
    return JudgedSample(cells, cells if automated is None else automated, 0.9)


def most(metric: str, bound: float) -> Criterion:
    return Criterion(metric, maximum_ppm=round(bound * 1_000_000))


def least(metric: str, bound: float) -> Criterion:
    return Criterion(metric, minimum_ppm=round(bound * 1_000_000))


def wrong_of(n: int, wrong: int) -> JudgedSample:
    """``n`` claims stated at 95 %, of which so many are wrong."""
    return sample_of(cells_of([(0.95, n, n - wrong)]))


def test_no_wrong_one_of_368_meets_one_percent_and_of_367_does_not() -> None:
    # Clopper-Pearson's upper end at 0 of n is 1 - .025^(1/n): .00997 at 368, just over at 366.
    assert 1 - 0.025 ** (1 / 368) < 0.01 < 1 - 0.025 ** (1 / 366)

    assert judge_criterion(most("automated_error", 0.01), wrong_of(368, 0)).outcome == "met"
    assert judge_criterion(most("automated_error", 0.01), wrong_of(366, 0)).outcome == "undecided"


def test_a_bound_is_missed_when_the_whole_interval_is_beyond_it() -> None:
    result = judge_criterion(most("automated_error", 0.05), wrong_of(400, 40))

    assert result.low == pytest.approx(beta.ppf(0.025, 40, 361))
    assert result.high == pytest.approx(beta.ppf(0.975, 41, 360))
    assert (result.outcome, result.labels_needed) == ("missed", None)
    assert result.words == ("Wrong among automated 10.0% (7.2% to 13.4%), at most 5%: missed.")


def test_in_between_it_says_about_how_many_labels_would_do() -> None:
    result = judge_criterion(most("automated_error", 0.01), wrong_of(100, 0))

    # 0 of n holds from n = 368 on.
    assert result.outcome == "undecided"
    assert result.labels_needed == pytest.approx(268, abs=2)
    assert "about 26" in result.words


def test_with_the_labels_it_asked_for_and_the_same_rate_a_bound_is_met() -> None:
    cells = [(0.7, 60, 44), (0.95, 90, 85)]
    for criterion in (most("gap", 0.05), least("accuracy", 0.8), least("high_band_accuracy", 0.9)):
        first = judge_criterion(criterion, sample_of(cells_of(cells)))
        assert first.outcome == "undecided"
        assert first.labels_needed is not None
        factor = (first.n + first.labels_needed) / first.n
        for times, outcome in ((factor * 1.25, "met"), (factor * 0.85, "undecided")):
            grown = cells_of([(v, round(n * times), round(s * times)) for v, n, s in cells])
            assert judge_criterion(criterion, sample_of(grown)).outcome == outcome, criterion


def test_an_estimate_beyond_the_bound_gets_no_number_of_labels() -> None:
    result = judge_criterion(most("automated_error", 0.05), wrong_of(100, 6))

    assert (result.outcome, result.labels_needed) == ("undecided", None)
    assert "the estimate itself does not satisfy the bound" in result.words


def test_an_estimate_just_inside_the_bound_gets_no_number_of_labels() -> None:
    result = judge_criterion(most("automated_error", 0.05), wrong_of(1001, 50))

    assert (result.outcome, result.labels_needed) == ("undecided", None)
    assert "100 times the labels" in result.words


def test_a_sample_that_is_too_small_meets_nothing_and_says_how_many_are_missing() -> None:
    result = judge_criterion(most("automated_error", 0.05), wrong_of(300, 0), minimum=400)

    assert (result.outcome, result.labels_needed) == ("undecided", 100)
    assert "400 labelled inputs: 100 more" in result.words


def test_a_sample_that_is_too_small_may_still_miss() -> None:
    result = judge_criterion(most("automated_error", 0.05), wrong_of(100, 30), minimum=400)

    assert result.outcome == "missed"


def test_inputs_count_towards_the_minimum_and_not_claims(of_cells: Callable[..., Cells]) -> None:
    cells = of_cells([0.95] * 400, [1] * 400, [i // 2 for i in range(400)])

    result = judge_sample([most("automated_error", 0.5)], sample_of(cells), minimum=300)

    assert (result.n, result.n_inputs, result.missing, result.met) == (400, 200, 100, False)


@pytest.fixture
def of_cells() -> Callable[..., Cells]:
    from core.measure.cells.cells import InputCells

    def make(v: list[float], y: list[int], inputs: list[int]) -> Cells:
        value, n = np.array([v[0]]), np.array([len(v)])
        owner = np.array(inputs)
        count = np.bincount(owner)
        right = np.bincount(owner, weights=y).astype(int)
        detail = InputCells(np.arange(len(count)), np.zeros(len(count), dtype=int), count, right)
        return Cells(value, n, n, np.array([sum(y)]), 0, detail)

    return make


@pytest.mark.parametrize("bound", [0.5, 0.6, 0.9])
def test_a_collapsed_confidence_never_meets_an_auroc(bound: float) -> None:
    calibrated = sample_of(cells_of([(0.8, 1000, 800)]))

    assert judge_criterion(most("ece", 0.05), calibrated).outcome == "met"
    result = judge_criterion(least("auroc", bound), calibrated)
    assert result.outcome == "missed"
    assert "every confidence is the same" in result.words


def test_a_collapsed_confidence_never_meets_a_discrimination_of_zero() -> None:
    collapsed = sample_of(cells_of([(0.8, 1000, 800)]))

    assert judge_criterion(least("dsc", 0.0), collapsed).outcome == "missed"


def test_a_nearly_collapsed_confidence_does_not_meet_an_auroc() -> None:
    # Two values that mean the same: AUROC .5 but for chance.
    nearly = sample_of(cells_of([(0.79, 500, 402), (0.81, 500, 398)]))

    assert judge_criterion(least("auroc", 0.55), nearly).outcome != "met"


def test_without_a_wrong_claim_an_auroc_is_undecided() -> None:
    result = judge_criterion(least("auroc", 0.7), sample_of(cells_of([(0.8, 40, 40), (0.9, 9, 9)])))

    assert (result.outcome, result.value, result.labels_needed) == ("undecided", None, None)
    assert "one class only" in result.words


def test_few_wrong_claims_ask_for_as_many_labels_as_bring_ten() -> None:
    sample = sample_of(cells_of([(0.5, 20, 16), (0.95, 180, 179)]))

    result = judge_criterion(least("auroc", 0.6), sample)

    assert result.outcome == "undecided"
    assert result.labels_needed is not None
    assert result.labels_needed >= 200
    assert "10 right and 10 wrong" in result.words


def test_an_ece_that_chance_alone_would_show_is_undecided_and_says_so() -> None:
    # Calibrated, but of fifty claims.
    cells = cells_of([(0.55, 10, 4), (0.65, 10, 8), (0.75, 10, 6), (0.85, 10, 10), (0.95, 10, 9)])
    assert float(ece(cells)) > 0.05

    result = judge_criterion(most("ece", 0.05), sample_of(cells))

    assert result.outcome == "undecided"
    assert result.labels_needed is not None
    assert "chance alone shows as much" in result.words


def test_a_coverage_is_met_or_missed_and_says_what_is_missing() -> None:
    cells = Cells(np.array([0.5]), np.array([100]), np.array([75]), np.array([40]))

    assert judge_criterion(least("coverage", 0.75), sample_of(cells)).outcome == "met"
    result = judge_criterion(least("coverage", 0.8), sample_of(cells))
    assert result.outcome == "missed"
    assert result.words == "Coverage 75.0%, at least 80%: missed by 5 labels."


def test_where_nothing_would_be_automated_the_whole_cannot_show_it_and_a_segment_need_not() -> None:
    sample = sample_of(cells_of([(0.6, 500, 300)]), cells_of([]))
    criterion = most("automated_error", 0.05)

    whole = judge_criterion(criterion, sample)
    segment = judge_criterion(criterion, sample, segment=True)
    small = judge_criterion(criterion, sample, segment=True, minimum=501)

    assert (whole.outcome, segment.outcome, small.outcome) == ("undecided", "met", "undecided")


def test_automated_claims_without_an_outcome_are_no_met_bound_even_in_a_segment() -> None:
    none = np.array([0])
    acting = Cells(np.array([0.95]), np.array([40]), none, none)
    sample = sample_of(cells_of([(0.6, 500, 300)]), acting)

    result = judge_criterion(most("automated_error", 0.05), sample, segment=True)

    assert result.outcome == "undecided"


def test_beside_many_segments_a_miss_asks_for_more_but_a_met_bound_does_not() -> None:
    bad, good = wrong_of(400, 30), wrong_of(400, 9)
    criterion = most("automated_error", 0.05)

    assert judge_criterion(criterion, bad).outcome == "missed"
    among = judge_criterion(criterion, bad, family=200)
    assert among.outcome == "undecided"
    assert "among 200 segments" in among.words
    for family in (1, 200):
        assert judge_criterion(criterion, good, family=family).outcome == "met"


def test_a_sample_is_met_only_when_every_bound_is() -> None:
    sample = wrong_of(400, 9)
    good, bad = most("automated_error", 0.05), most("automated_error", 0.02)

    assert judge_sample([good], sample, minimum=400).met
    assert not judge_sample([good], sample, minimum=401).met
    assert not judge_sample([good, bad], sample, minimum=400).met


@pytest.mark.parametrize(("whole", "segment"), [(50, 30), (300, 30), (400, 40), (5000, 500)])
def test_a_segment_needs_a_tenth_of_the_sample_and_thirty_at_least(
    whole: int, segment: int
) -> None:
    assert segment_minimum(whole) == segment


def test_every_metric_that_can_be_written_down_can_be_judged() -> None:
    sample = sample_of(cells_of([(0.5, 200, 100), (0.8, 200, 160), (0.95, 200, 190)]))

    for metric in METRICS:
        assert metric in METRIC_WORDS
        result = judge_criterion(most(metric, 1.0), sample)
        assert result.outcome == ("missed" if metric == "none" else result.outcome)
        assert METRIC_WORDS[metric] in result.words


# A sample that is beyond its bound should pass in at most one case in twenty, however it is drawn.

GRID = np.array([0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99])
WEIGHT = np.array([1, 1, 1, 2, 2, 2, 3, 2, 1]) / 15


def truth_of(right: np.ndarray) -> dict[str, float]:
    """Every metric of the population in which a claim at ``GRID`` is right so often."""
    count = np.rint(WEIGHT * 30_000_000).astype(np.int64)
    cells = Cells(GRID, count, count, np.rint(count * right).astype(np.int64))
    parts, area = corp_decomposition(cells), auroc(cells)
    assert not isinstance(parts, NoValue)
    assert not isinstance(area, NoValue)
    high = GRID >= 0.9
    share = WEIGHT[high] / WEIGHT[high].sum()
    return {
        "gap": abs(float(WEIGHT @ (GRID - right))),
        "high_band_gap": abs(float(share @ (GRID - right)[high])),
        "accuracy": float(WEIGHT @ right),
        "automated_error": float(1 - share @ right[high]),
        "auroc": area.value,
        "brier": float(brier(cells)),
        "mcb": parts.mcb,
        "dsc": parts.dsc,
        "ece": float(ece(cells)),
        "smece": float(smece(cells)),
        "ece_debiased_l2": float(ece_debiased_l2(cells)),
    }


@rounds(40, 150)
@pytest.mark.parametrize(
    ("n", "shift"), [(150, -0.08), (600, 0.06)], ids=["few, overconfident", "underconfident"]
)
def test_a_signal_at_its_bound_passes_in_at_most_one_of_twenty_samples(
    n: int, shift: float, rounds: int
) -> None:
    rng = np.random.default_rng(20_261_124)
    right = np.clip(GRID + shift, 0, 0.995)
    truth = truth_of(right)
    # Each bound lies a hair inside the truth, so that the signal is beyond it.
    criteria = [
        least(metric, value + 1e-6)
        if metric in ("auroc", "dsc", "accuracy")
        else most(metric, value - 1e-6)
        for metric, value in truth.items()
    ]
    passed = dict.fromkeys(truth, 0)
    for _ in range(rounds):
        count = rng.multinomial(n, WEIGHT)
        s = rng.binomial(count, right)
        cells = Cells(GRID, count, count, s)
        high = GRID >= 0.9
        automated = Cells(GRID[high], count[high], count[high], s[high])
        for one in judge_sample(criteria, sample_of(cells, automated), minimum=30).results:
            passed[one.metric] += one.outcome == "met"

    # Of 150 samples 5 % are 7.5 ± 2.7, of 40 they are 2.0 ± 1.4.
    most_of_them = 0.05 * rounds + 2.1 * np.sqrt(0.05 * 0.95 * rounds)
    assert {metric: times for metric, times in passed.items() if times > most_of_them} == {}


def test_an_honest_segment_among_many_is_rarely_called_missed() -> None:
    runs, segments, rng = 100, 20, np.random.default_rng(7)
    criterion = most("automated_error", 0.1)
    false = 0
    for _ in range(runs):
        wrong = rng.binomial(200, 0.1, size=segments)
        results = [
            judge_criterion(criterion, wrong_of(200, int(w)), family=segments) for w in wrong
        ]
        false += any(one.outcome == "missed" for one in results)

    # 5 % of 100 are 5 ± 2.2; without the correction it would be about 30.
    assert false <= 11
