"""Kept inputs asked again: what a round says, and what the rounds add up to."""

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy.special import ndtr

from core.measure.monitoring.canary import (
    BETS,
    PATIENCE,
    SIDES,
    canary_process,
    log_bets,
    round_tails,
)

NONE = -1


def rounds(*asked: list[float]) -> np.ndarray:
    """Confidences in millionths, a list for each round."""
    return np.array([[NONE if math.isnan(x) else round(x * 1e6) for x in one] for one in asked])


def silent(inputs: int, n: int) -> np.ndarray:
    return np.full((n, inputs), NONE)


def test_a_round_counts_by_hand() -> None:
    # Both inputs state more than they ever did: 1 of 3 asks each, 1 of 9 together.
    tails = round_tails(rounds([0.8, 0.6], [0.7, 0.7], [0.9, 0.9]), silent(2, 3))
    higher, lower, _, answers = tails.p_values
    assert (higher, lower, answers) == pytest.approx((1 / 9, 1, 1))
    assert (tails.n_confidence, tails.n_answers) == (2, 0)


def test_every_tail_is_what_drawing_all_asks_by_turns_gives() -> None:
    """The witness: every way in which each input's asks could have come last."""
    rng = np.random.default_rng(5)
    asks, said = rng.integers(6, 10, (5, 4)) * 100_000, rng.integers(0, 3, (5, 4))

    def scores(values: np.ndarray, of: str) -> list[float]:
        told = []
        for x in values:
            if of == "answers":
                told.append(float(sum(x != y for y in values)))
            else:
                told.append(float(sum(abs(int(x) - int(y)) for y in values)))
        if of in ("higher", "lower"):
            told = [float(x) * (1 if of == "higher" else -1) for x in values]
        return [sum(x > y for y in told) - sum(x < y for y in told) for x in told]

    found = dict(zip(SIDES, round_tails(asks, said).p_values, strict=True))
    for side in SIDES:
        of = [scores(column, side) for column in (said if side == "answers" else asks).T]
        reached = sum(one[-1] for one in of)
        sums = [sum(drawn) for drawn in itertools.product(*of)]
        assert found[side] == pytest.approx(np.mean([one >= reached for one in sums])), side


def test_the_e_value_of_two_rounds_is_what_its_bets_hold() -> None:
    """By hand: z from a table of the normal law, the capital that is in the game, and the rest."""
    p = [[0.01, 1.0, 1.0, 1.0], [0.2, 1.0, 1.0, 1.0]]
    normal = NormalDist()

    def played(p_value: float, delta: float, share: float) -> float:
        z = -normal.inv_cdf(p_value) if p_value < 1 else -math.inf
        wins = math.exp(delta * z - delta**2 / 2) if z > 0 else 2 * normal.cdf(-delta)
        return 1 - share + share * wins

    first = PATIENCE / (PATIENCE * (PATIENCE + 1))
    second = PATIENCE / ((PATIENCE + 1) * (PATIENCE + 2))
    left = PATIENCE / (PATIENCE + 2)
    mixed = np.mean(
        [
            first * played(p[0][side], *bet) * played(p[1][side], *bet)
            + second * played(p[1][side], *bet)
            for side in range(4)
            for bet in BETS
        ]
    )
    assert canary_process(p).e_value == pytest.approx(mixed + left)


def test_no_bet_is_better_than_fair() -> None:
    # Over z in place of p: what a large stake holds lies where p is below a thousand-millionth.
    z = np.linspace(-8, 14, 220_001)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    bets = np.exp(log_bets(ndtr(-z)))
    fair = (bets * density[:, None]).sum(axis=0) * (z[1] - z[0])
    assert fair == pytest.approx(np.ones(len(BETS)), abs=1e-3)
    assert (np.diff(log_bets(np.linspace(1e-6, 1, 999)), axis=0) <= 1e-12).all()


def test_two_rounds_tell_nothing_and_an_input_without_an_answer_is_left_out() -> None:
    assert round_tails(rounds([0.8], [0.9]), silent(1, 2)).p_values == (1, 1, 1, 1)
    asked = rounds([0.8, 0.8], [0.7, 0.7], [0.9, math.nan])
    assert round_tails(asked, silent(2, 3)).n_confidence == 1
    assert canary_process([]).e_value == 1


def test_a_model_that_always_answers_the_same_is_found_at_the_first_other_round() -> None:
    asked = np.full((10, 50), 900_000)
    asked[-1, :20] = 850_000
    last = round_tails(asked, silent(50, 10)).p_values
    # Each of the twenty was asked ten times: lower with a chance of 1 in 10, and so is further off.
    assert last == pytest.approx((1, 1e-20, 1e-20, 1))
    quiet = [[1.0] * 4] * 7
    assert canary_process(quiet).crossed is None
    assert canary_process([*quiet, last]).crossed == 7


def test_other_answers_alone_are_a_change() -> None:
    said = np.zeros((6, 50), dtype=np.int64)
    said[-1, :25] = 1
    tails = round_tails(silent(50, 6), said)
    assert tails.p_values == pytest.approx((1, 1, 1, 6.0**-25))
    assert canary_process([tails.p_values]).crossed == 0
