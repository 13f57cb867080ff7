"""Kept inputs asked again every Monday: how soon another model is found, and how often wrongly.

With the measure alone, by what `canary.py` simulates; there are more changes, and daily rounds.
"""

from __future__ import annotations

import numpy as np
from canary import INPUTS, alarm, made_up

from detection.ledgers import AFTER
from detection.simulation import Found

#: Rounds in which nothing is wrong yet.
ROUNDS = 8
#: How far an input's confidence varies by itself.
OWN = 0.05
SIZES = (
    ("states 3 points more", {"shift": 0.03}),
    ("5 points more", {"shift": 0.05}),
    ("a quarter other answers", {"other": 0.25}),
)
#: The naive rule: the mean stated moved by so many times its standard error since the first rounds.
_Z = 1.96


def found(rng: np.random.Generator, n: int, **how: float) -> tuple[Found, Found]:
    """Weeks until the bet on ranks, and a z-test of each round, find a change of so many models.

    Args:
        how: of the change; empty: there is none.
    """
    since = ROUNDS if how else 10**6
    ours, naive = [], []
    for _ in range(n):
        ask = made_up(rng, OWN, since=since, **how)
        asked = [ask(number) for number in range(ROUNDS + AFTER)]
        at = alarm(asked.__getitem__, len(asked))
        ours.append(np.inf if at is None else float(max(at - ROUNDS, 1)))
        stated = np.array([confidence for confidence, _ in asked], dtype=float)
        before = stated[:ROUNDS].mean(axis=0)
        moved = stated[ROUNDS:] - before
        z = moved.mean(axis=1) / (moved.std(axis=1, ddof=1) / np.sqrt(INPUTS))
        hit = np.flatnonzero(np.abs(z) > _Z)
        naive.append(float(hit[0] + 1) if len(hit) else np.inf)
    return Found(tuple(ours)), Found(tuple(naive))
