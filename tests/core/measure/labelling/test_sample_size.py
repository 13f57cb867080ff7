"""How many labels decide: against simulation, a textbook formula, and cases worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from core.measure.cells.cells import Cells, FloatArray, InputCells, hundredth
from core.measure.cells.group_sums import group_sums
from core.measure.labelling.group_posterior import Unlabelled
from core.measure.labelling.poisson_sampling import drawing_chance
from core.measure.labelling.sample_size import (
    CHANCE,
    Plan,
    critical_value_of_all,
    plan_labels,
    shapes_of_all,
)
from core.measure.verdicts.verdict import judge
from tests.worlds.governed.rounds import examples, rounds

TOLERANCE = 0.05
#: A realistic spread of stated confidences.
V = np.array([0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99])
SHARE = np.array([0.03, 0.05, 0.1, 0.12, 0.15, 0.15, 0.15, 0.15, 0.1])


def cells_of(v: FloatArray, y: FloatArray, labelled: FloatArray) -> Cells:
    values, place = np.unique(v, return_inverse=True)
    n_claims, n, s = (
        np.bincount(place, weights=weight, minlength=len(values)).astype(np.int64)
        for weight in (np.ones(len(v)), labelled.astype(float), labelled * y)
    )
    return Cells(values, n_claims, n, s)


def rest_of(groups: list[FloatArray], inputs: list[int] | None = None) -> Unlabelled:
    """What may be labelled: the confidences of each group's unlabelled claims."""
    at = [hundredth(v) for v in groups]
    return Unlabelled(
        inputs=np.array(inputs or [len(v) for v in groups], dtype=np.int64),
        n=np.array([np.bincount(b, minlength=101) for b in at], dtype=np.int64).reshape(-1, 101),
        sv=np.array(
            [np.bincount(b, v, 101) for b, v in zip(at, groups, strict=True)], dtype=float
        ).reshape(-1, 101),
        high_n=np.array([(v >= 0.9).sum() for v in groups], dtype=np.int64),
        high_sv=np.array([v[v >= 0.9].sum() for v in groups], dtype=float),
    )


def planned(groups: list[Cells], rest: list[FloatArray], **options: float) -> Plan:
    sums, unlabelled = group_sums(groups), rest_of(rest)
    return plan_labels(
        sums,
        unlabelled,
        **{
            "tolerance": TOLERANCE,
            "critical_value": critical_value_of_all(sums, unlabelled),
            **options,
        },
    )


def decided(cells: list[Cells]) -> list[bool]:
    return [one != "cannot_tell" for one in judge(group_sums(cells), tolerance=TOLERANCE).verdict]


# Simulation.


class Many:
    """A group of so many claims that no number of labels is out of reach."""

    def __init__(self, rng: np.random.Generator, gap: float, pilot: int, alone: bool) -> None:
        self.v, share = (np.array([0.8]), np.ones(1)) if alone else (V, SHARE)
        self.rng, self.share, self.right = rng, share, np.clip(self.v - gap, 0, 1)
        self.left = np.rint(2_000_000 * share).astype(np.int64)
        self.n, self.s = np.zeros(len(self.v), np.int64), np.zeros(len(self.v), np.int64)
        self.label(pilot)

    def label(self, more: int) -> None:
        n = self.rng.multinomial(more, self.share)
        self.n, self.s = self.n + n, self.s + self.rng.binomial(n, self.right)

    def decided(self) -> bool:
        return decided([Cells(self.v, self.n + self.left, self.n, self.s)])[0]

    def plan(self) -> Plan:
        sums = group_sums([Cells(self.v, self.n + self.left, self.n, self.s)])
        bins, high = hundredth(self.v), self.v >= 0.9
        rest = Unlabelled(
            inputs=np.array([self.left.sum()]),
            n=np.bincount(bins, self.left, 101).astype(np.int64)[None],
            sv=np.bincount(bins, self.left * self.v, 101)[None],
            high_n=np.array([self.left[high].sum()]),
            high_sv=np.array([(self.left * self.v)[high].sum()]),
        )
        critical = critical_value_of_all(sums, rest)
        return plan_labels(sums, rest, tolerance=TOLERANCE, critical_value=critical)


@rounds(24, 200)
@pytest.mark.parametrize("alone", [True, False], ids=["one confidence", "many"])
@pytest.mark.parametrize("pilot", [0, 100])
def test_planned_labels_decide_with_the_chance_they_are_planned_for(
    pilot: int, alone: bool, rounds: int
) -> None:
    """Over true gaps as they usually are: 80 ± 5 %, and 50 % with what is likely enough.

    Two chance errors of the few drawn here come on top.
    """
    rng = np.random.default_rng(11)
    with_all, with_likely = [], []
    for gap in rng.normal(0, 0.1, rounds):
        group = Many(rng, gap, pilot, alone)
        if pilot and group.decided():
            continue
        plan = group.plan()
        if not np.isfinite(plan.needed[0]):
            continue
        group.label(int(plan.likely[0]))
        with_likely.append(group.decided())
        group.label(int(plan.needed[0] - plan.likely[0]))
        with_all.append(group.decided())
    assert len(with_all) >= 0.45 * rounds
    error = 2 / np.sqrt(len(with_all))
    assert np.mean(with_all) == pytest.approx(0.8, abs=0.05 + 0.4 * error)
    assert 0.45 - 0.5 * error < np.mean(with_likely) < 0.55 + 0.5 * error


@rounds(20, 60)
@pytest.mark.parametrize("gap", [0.0, 0.03, 0.07, 0.1, -0.12])
def test_outside_the_band_that_is_stated_planned_labels_decide(gap: float, rounds: int) -> None:
    rng = np.random.default_rng(round(1000 * gap) + 200)
    found = []
    for _ in range(rounds):
        group = Many(rng, gap, 100, alone=True)
        if group.decided():
            continue
        plan = group.plan()
        assert abs(abs(gap) - TOLERANCE) > plan.edge[0]
        if np.isfinite(plan.needed[0]):
            group.label(int(plan.needed[0]))
            found.append(group.decided())
    assert len(found) >= rounds / 3
    assert np.mean(found) >= 0.75


#: What is right at each of (0.05, …, 0.95) where stated confidence is that, spread too far.
TENTHS = np.arange(0.05, 1, 0.1)
SLOPED = special.expit(0.6 * special.logit(TENTHS))


@rounds(8, 30)
@pytest.mark.parametrize(
    ("v", "right", "share"),
    [
        (V, V, SHARE),
        (V, V - 0.03, SHARE),
        (V, V - 0.07, SHARE),
        (V, V - 0.1, SHARE),
        (V, V - 0.15, SHARE),
        (np.array([0.3, 0.5, 0.7, 0.85]), np.array([0.5, 0.6, 0.6, 0.65]), np.full(4, 0.25)),
        (TENTHS, SLOPED, np.full(10, 0.1)),
    ],
    ids=["calibrated", "gap .03", "gap .07", "gap .10", "gap .15", "cancelling", "slope .6"],
)
def test_planned_labels_decide_the_shape_too(
    v: FloatArray, right: FloatArray, share: FloatArray, rounds: int
) -> None:
    """A plan for the gap alone decided in 35 to 50 % of such cases.

    Of 120 pilots each .99, .94, .90, .93, 1.00 and .99, and of the slope, whose error of 7.5 points
    ten labels a band hardly show, .73 of 22.
    """
    rng = np.random.default_rng(5)
    found = []
    for _ in range(rounds):
        group = Many(rng, 0.0, 0, alone=False)
        group.v, group.right, group.share = v, right, share
        group.left = np.rint(2_000_000 * share).astype(np.int64)
        group.n, group.s = np.zeros(len(v), np.int64), np.zeros(len(v), np.int64)
        group.label(100)
        plan = group.plan()
        if not group.decided() and np.isfinite(plan.needed[0]):
            group.label(int(plan.needed[0]))
            found.append(group.decided())
    assert len(found) >= rounds / 3
    assert np.mean(found) >= 0.75 - 1 / np.sqrt(len(found)) * 0.43


def test_inside_that_band_no_reasonable_number_decides() -> None:
    rng = np.random.default_rng(7)
    for _ in range(20):
        group = Many(rng, TOLERANCE, 40_000, alone=True)
        if group.decided():
            continue
        plan = group.plan()
        assert np.isinf(plan.needed[0])
        assert plan.outlook == ("near",)
        assert plan.plateau[0] < CHANCE
        assert plan.edge[0] == pytest.approx(0.0053, abs=3e-4)


@rounds(4, 25)
def test_groups_judged_together_are_each_given_their_verdict(rounds: int) -> None:
    rng = np.random.default_rng(8)
    found = []
    for _ in range(rounds):
        groups = [Many(rng, 0.0, 60, alone=False) for _ in range(4)]
        sums = group_sums([Cells(one.v, one.n + one.left, one.n, one.s) for one in groups])
        rest = Unlabelled(
            inputs=np.array([one.left.sum() for one in groups]),
            n=np.array([np.bincount(hundredth(V), one.left, 101) for one in groups]).astype(
                np.int64
            ),
            sv=np.array([np.bincount(hundredth(V), one.left * V, 101) for one in groups]),
            high_n=np.array([one.left[V >= 0.9].sum() for one in groups]),
            high_sv=np.array([(one.left * V)[V >= 0.9].sum() for one in groups]),
        )
        critical = critical_value_of_all(sums, rest)
        plan = plan_labels(
            sums,
            rest,
            tolerance=TOLERANCE,
            critical_value=critical,
            shapes=shapes_of_all(sums, rest),
        )
        for one, needed in zip(groups, plan.needed, strict=True):
            one.label(int(needed) if np.isfinite(needed) else 0)
        found += decided([Cells(one.v, one.n + one.left, one.n, one.s) for one in groups])
    assert np.mean(found) >= 0.75


def test_where_an_inputs_claims_fall_together_inputs_are_planned_for() -> None:
    """Three claims of an input that stand or fall together take as many inputs as claims alone."""
    v = np.full(4000, 0.8)
    y = (np.arange(4000) % 5 > 0) * 1.0
    first = np.arange(4000) < 100
    alone = planned([cells_of(v, y, first)], [v[100:]])
    each = 3
    tied = Cells(
        np.array([0.8]), np.array([4000 * each]), np.array([100 * each]), np.array([80 * each]),
        inputs=InputCells(
            np.arange(100), np.zeros(100, np.int64), np.full(100, each),
            (each * y[:100]).astype(np.int64),
        ),
    )  # fmt: skip
    sums, rest = group_sums([tied]), rest_of([np.repeat(v[100:], each)], [3900])
    plan = plan_labels(
        sums, rest, tolerance=TOLERANCE, critical_value=critical_value_of_all(sums, rest)
    )
    assert plan.needed[0] == pytest.approx(alone.needed[0], rel=0.1)


# What is planned.


def test_once_the_gap_is_known_it_is_the_textbook_size_of_an_equivalence_trial() -> None:
    # All claims below the high band: one interval. Many labels put the gap at 3.5 points.
    n, gap = 4000, 0.035
    right = round(n * (0.8 - gap))
    cells = Cells(np.array([0.8]), np.array([n + 10**6]), np.array([n]), np.array([right]))
    known = planned([cells], [np.full(10**6, 0.8)], critical_value=1.96)
    spread = (0.8 - gap) * (0.2 + gap)
    z = stats.norm.ppf(CHANCE) + 1.96
    # The gap itself is known to 0.7 points only, which is what the rest of the labels are for.
    textbook = z**2 * spread / (TOLERANCE - gap) ** 2
    assert textbook - n < known.needed[0] + n < 2.5 * textbook
    assert known.outlook == ("inside",)
    assert known.gap[0] == pytest.approx(gap, abs=1e-3)


def test_a_large_gap_takes_fewer_labels_than_honesty() -> None:
    v = np.full(400, 0.8)
    labelled = np.arange(400) < 40
    honest = planned([cells_of(v, (np.arange(400) % 5 > 0) * 1.0, labelled)], [v[40:]])
    far = planned([cells_of(v, (np.arange(400) % 2) * 1.0, labelled)], [v[40:]])
    assert far.needed[0] < honest.needed[0] / 3
    assert far.outlook == ("outside",)
    assert far.gap[0] > TOLERANCE


def test_a_rare_high_band_is_what_makes_it_long() -> None:
    v = np.where(np.arange(20_000) % 20 == 0, 0.92, 0.7)
    plan = planned([cells_of(v, v, np.zeros(len(v), bool))], [v])
    assert plan.high[0] > 3 * plan.whole[0]
    assert plan.needed[0] > 1.5 * plan.whole[0]


def test_a_high_band_that_is_and_stays_empty_needs_nothing() -> None:
    v = np.full(2000, 0.7)
    plan = planned([cells_of(v, v, np.arange(2000) < 60)], [v[60:]])
    assert plan.high[0] == 0


def test_no_verdict_comes_before_thirty_inputs() -> None:
    # Claims of certainty that are all wrong: as clear as it gets.
    v = np.full(100, 0.99)
    plan = planned([cells_of(v, np.zeros(100), np.arange(100) < 12)], [v[12:]])
    assert plan.needed[0] == 18


def test_more_labels_than_there_are_cannot_be_had() -> None:
    v = np.full(200, 0.8)
    plan = planned([cells_of(v, (np.arange(200) % 5 > 0) * 1.0, np.arange(200) < 50)], [v[50:]])
    assert plan.available[0] == 150 < plan.needed[0]
    assert not plan.possible[0]
    assert plan.chance_if_all[0] < CHANCE


def test_where_nothing_is_left_to_label_it_still_says_what_it_would_take() -> None:
    v = np.full(200, 0.8)
    cells = cells_of(v, (np.arange(200) % 5 > 0) * 1.0, np.ones(200, bool))
    plan = planned([cells], [np.array([])])
    assert np.isfinite(plan.needed[0])
    assert not plan.possible[0]


def test_a_gap_at_the_edge_is_settled_by_no_number() -> None:
    n = 4_000_000
    cells = Cells(np.array([0.8]), np.array([n]), np.array([n]), np.array([round(0.75 * n)]))
    plan = planned([cells], [np.full(100, 0.8)])
    assert np.isinf(plan.needed[0])
    assert plan.outlook == ("near",)


def test_a_band_without_a_claim_left_to_label_waits_for_claims_to_come() -> None:
    v = np.repeat([0.6, 0.95], [1500, 60])
    right = np.concatenate([np.arange(1500) < 900, np.arange(60) < 57]).astype(float)
    plan = planned([cells_of(v, right, np.ones(1560))], [np.full(20, 0.6)])
    assert (plan.whole[0], plan.high[0], plan.needed[0]) == (0, np.inf, np.inf)
    assert plan.outlook == ("exhausted",)


def test_bands_that_cancel_are_expected_to_be_off_in_shape() -> None:
    n = np.array([60, 60])
    cells = Cells(np.array([0.4, 0.8]), n * 100, n, np.array([34, 38]))
    assert not decided([cells])[0]
    plan = planned([cells], [np.repeat([0.4, 0.8], 5940)])
    assert plan.outlook == ("cancel",)
    assert plan.needed[0] == pytest.approx(plan.shape[0], rel=0.05)
    assert plan.needed[0] < plan.whole[0] / 5


def test_few_labels_that_put_a_gap_at_the_edge_do_not_make_it_undecidable() -> None:
    v = np.full(30_000, 0.8)
    y = (np.arange(30_000) % 4 > 0) * 1.0  # 75%: a gap of exactly five points
    plan = planned([cells_of(v, y, np.arange(30_000) < 40)], [v[40:]])
    assert plan.possible[0]
    assert plan.likely[0] < plan.needed[0] / 4


@settings(max_examples=examples(15, 500))
@given(
    st.integers(0, 200),
    st.floats(0, 1),
    st.sampled_from([0.6, 0.8, 0.95]),
    st.floats(0.55, 0.95),
)
def test_a_larger_chance_never_takes_fewer_labels(
    n: int, share: float, claimed: float, chance: float
) -> None:
    right = round(share * n)
    cells = Cells(np.array([claimed]), np.array([n + 500]), np.array([n]), np.array([right]))
    rest = [np.full(500, claimed)]
    less, more = (planned([cells], rest, chance=one) for one in (chance - 0.05, chance))
    assume(np.isfinite(more.needed[0]))
    assert less.needed[0] <= more.needed[0]
    assert 0 <= more.chance_if_all[0] <= 1
    assert more.needed[0] + n >= 30


def test_the_critical_value_of_all_groups_is_that_of_the_verdict_once_all_are_judged() -> None:
    rng = np.random.default_rng(3)
    groups = []
    for _ in range(12):
        v = rng.choice(V, 100, p=SHARE)
        groups.append(cells_of(v, (rng.random(100) < v) * 1.0, np.ones(100, bool)))
    sums = group_sums(groups)
    none_left = rest_of([np.array([])] * 12)
    assert critical_value_of_all(sums, none_left) == pytest.approx(
        judge(sums).critical_value, abs=0.02
    )
    few = group_sums([replace(one, n=one.n * 0, s=one.s * 0) for one in groups])
    rest = rest_of([rng.choice(V, 100, p=SHARE) for _ in range(12)])
    assert judge(few).critical_value == pytest.approx(1.96, abs=0.001)
    assert critical_value_of_all(few, rest) == pytest.approx(judge(sums).critical_value, abs=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"chance": 1.0}, "a chance must be in"), ({"tolerance": 1.5}, "tolerance must be in")],
)
def test_what_is_out_of_range_is_refused(options: dict[str, float], message: str) -> None:
    v = np.full(10, 0.5)
    with pytest.raises(ValueError, match=message):
        planned([cells_of(v, v, np.zeros(10, bool))], [v], **options)


def test_no_group_no_plan() -> None:
    assert len(planned([], [])) == 0


# The chance of a draw.


def test_a_first_draw_has_the_chance_of_what_is_wanted_over_what_there_is() -> None:
    assert drawing_chance(120, [(0, 400)]) == 300_000
    assert drawing_chance(500, [(0, 400)]) == 1_000_000
    assert drawing_chance(0, [(0, 400)]) == 0
    assert drawing_chance(10, []) == 0


def test_a_further_draw_passes_what_earlier_ones_left() -> None:
    # Half was drawn before; those left have u in [0.5, 1), and a tenth of them is wanted.
    assert drawing_chance(20, [(500_000, 200)]) == 550_000
    # Certain ones that still are not drawn cannot be: there are none.
    assert drawing_chance(20, [(1_000_000, 200)]) == 0


@given(
    st.integers(1, 500),
    st.lists(st.tuples(st.integers(0, 999_999), st.integers(1, 400)), min_size=1, max_size=4),
)
def test_the_chance_is_the_least_with_which_enough_are_expected(
    wanted: int, undrawn: list[tuple[int, int]]
) -> None:
    def expected(chance: int) -> float:
        return sum(n * max(0, chance - p) / (1_000_000 - p) for p, n in undrawn)

    chance = drawing_chance(wanted, undrawn)
    if chance == 1_000_000:
        assert expected(999_999) < wanted
    else:
        assert expected(chance) >= wanted - 1e-6
        assert expected(chance - 1) < wanted
