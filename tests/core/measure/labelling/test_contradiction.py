"""Labels that came in by themselves beside drawn ones, looked at every week of a year."""

from __future__ import annotations

import numpy as np
import pytest

from core.measure.labelling.contradiction import ALARM, Differences, contradicted
from tests.worlds.governed.rounds import rounds

WEEKS, DRAWN, OTHERS = 52, 120, 280
TOLERANCE = 0.05


def year(
    rng: np.random.Generator, bias: float = 0.0, *, since: int = 0, until: int = WEEKS
) -> Differences:
    """Weeks in which the labels that people chose err by ``bias`` more than all."""
    week = np.arange(WEEKS)
    more = np.where((since <= week) & (week < until), bias, 0.0)
    drawn = rng.random((WEEKS, DRAWN)) < 0.25
    others = rng.random((WEEKS, OTHERS)) < 0.25 + more[:, None]
    wrong = np.concatenate([drawn, others], axis=1)
    spread = wrong.var(axis=1) + 0.25 / (DRAWN + OTHERS)
    apart = 1 / DRAWN - 1 / (DRAWN + OTHERS)
    # Every claim says 0.75, so that a gap is the share of wrong ones less a quarter.
    return Differences(
        wrong.mean(axis=1) - drawn.mean(axis=1), spread * apart, np.full(WEEKS, apart)
    )


def looks(rng: np.random.Generator, rounds: int, bias: float = 0.0) -> np.ndarray:
    return np.array([contradicted(year(rng, bias), TOLERANCE) for _ in range(rounds)])


def turns(told: np.ndarray) -> np.ndarray:
    """How often the answer of each year changed."""
    return told[:, 0] + (told[:, 1:] != told[:, :-1]).sum(axis=1)


@rounds(100, 1000)
def test_labels_that_chance_chose_are_hardly_ever_contradicted_and_no_answer_flaps(
    rounds: int,
) -> None:
    told = looks(np.random.default_rng(1), rounds)
    assert told.any(axis=1).mean() <= ALARM
    assert turns(told).max() <= 2


@pytest.mark.parametrize("bias", [0.02, 0.04, 0.06])
def test_a_difference_that_stays_turns_the_answer_twice_at_most(bias: float) -> None:
    told = looks(np.random.default_rng(2), 50, bias)
    assert turns(told).max() <= 2


def test_one_that_matters_is_found_and_stays_found() -> None:
    told = looks(np.random.default_rng(3), 50, 0.1)
    assert told[:, 10].all()
    assert (turns(told) == 1).all()


def test_people_who_begin_late_to_choose_are_found_and_are_believed_again_when_they_stop() -> None:
    rng = np.random.default_rng(4)
    told = np.array(
        [contradicted(year(rng, 0.2, since=10, until=16), TOLERANCE) for _ in range(50)]
    )
    assert told[:, 9].mean() <= ALARM
    assert told[:, 15].all()
    assert told[:, -1].mean() <= ALARM


def test_before_a_week_has_both_there_is_no_answer() -> None:
    none = np.zeros(0)
    assert not contradicted(Differences(none, none, none), TOLERANCE).size
