"""The standing verdict where audit samples were drawn: whoever labels the rest, it holds."""

from __future__ import annotations

import numpy as np

from tests.worlds.governed.audited import Labelled, told
from tests.worlds.governed.rounds import rounds


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng([20261129, seed])


@rounds(2, 20)
def test_labels_of_what_went_wrong_first_do_not_move_the_verdict(rounds: int) -> None:
    covered = 0
    for seed in range(rounds):
        world = told(rng(seed), 0.0)
        recent, audit = world.verdict.recent, world.audit
        assert recent is not None
        assert recent.low > world.gap
        assert audit is not None
        covered += audit.low <= world.gap <= audit.high
        assert world.verdict.state != "off"
        assert world.verdict.speaks_for_all
        assert world.verdict.n == audit.n < recent.n
    assert covered >= 0.85 * rounds


def test_an_error_that_people_hide_by_labelling_what_went_right_is_found() -> None:
    world = told(rng(1), 0.15, people=Labelled(0.2, 0.7))
    assert world.verdict.recent is not None
    assert world.verdict.recent.gap < 0.1
    assert (world.verdict.state, world.verdict.reason) == ("off", "whole")


def test_where_the_samples_contradict_nothing_all_labels_count() -> None:
    world = told(rng(2), 0.0, people=Labelled(0.6, 0.6))
    assert world.audit is not None
    assert world.verdict.weighted is None
    assert world.verdict.recent is not None
    assert world.verdict.n == world.verdict.recent.n > world.audit.n


def test_samples_that_nobody_answered_say_nothing() -> None:
    world = told(rng(3), 0.0, answered=0.0)
    assert world.audit is None
    assert world.verdict.weighted is None
