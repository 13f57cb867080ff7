"""A year under watch: alarms without a change beyond the tolerance, and weeks to one after it.

"old" bets on the gap alone, "new" on gap and shape together. The change comes in week 20; 99 where
half the years do not see it.
"""

from __future__ import annotations

import math

import numpy as np

from core.defaults import TOLERANCE
from core.measure.cells.cells import Cells, FloatArray
from core.measure.monitoring.e_process import (
    LEVEL,
    gap_bets,
    log_e_values,
    shape_bets_of,
    shape_edges,
    shape_prior,
)

V4, BAD4 = np.array([0.3, 0.5, 0.7, 0.85]), np.array([0.5, 0.6, 0.6, 0.65])
V10 = np.arange(10) / 10 + 0.05
_SIGNS = (-1.0) ** np.arange(10)
_CROSS = np.where(np.arange(10) < 5, -1.0, 1.0)
#: Name, confidences, right before and after the change, labels a week.
DESIGNS: list[tuple[str, FloatArray, FloatArray, FloatArray, int]] = [
    (name, v, before, after, labels)
    for name, v, before, after in (
        ("calibrated", V10, V10, V10),
        ("edge, alternating", V10, V10 - TOLERANCE * _SIGNS, V10 - TOLERANCE * _SIGNS),
        ("edge, same sign", V10, V10 - TOLERANCE, V10 - TOLERANCE),
        ("edge, one cross", V10, V10 - TOLERANCE * _CROSS, V10 - TOLERANCE * _CROSS),
        ("to cancelling", V4, V4, BAD4),
        ("to slope .5", V10, V10, 0.5 + 0.5 * (V10 - 0.5)),
        ("to gap +10", V10, V10, np.maximum(V10 - 0.1, 0)),
    )
    for labels in (100, 1000)
]
WEEKS, CHANGED = 52, 20


def line(at: int, ledgers: int) -> str:
    """Simulate one design."""
    name, v, before, after, labels = DESIGNS[at]
    rng = np.random.default_rng([at, 11])
    right = np.where(np.arange(WEEKS)[:, None] < CHANGED, before, after)
    share = np.full(len(v), 1 / len(v))
    edges = shape_edges(Cells(v, np.ones(len(v), dtype=int), *(np.zeros(len(v), dtype=int),) * 2))
    prior = shape_prior(edges)
    weeks = np.full((2, ledgers), 99.0)
    for run in range(ledgers):
        n = rng.multinomial(labels, share, size=WEEKS)
        s = rng.binomial(n, np.clip(right, 0, 1))
        shaped = [
            shape_bets_of(Cells(v, a, a, b), TOLERANCE, edges) for a, b in zip(n, s, strict=True)
        ]
        logs = (
            log_e_values(gap_bets(v, n, s, TOLERANCE)),
            log_e_values(np.stack(shaped), prior),
        )
        for i, log_e in enumerate(logs):
            over = np.flatnonzero(log_e >= -math.log(LEVEL))
            if over.size:
                weeks[i, run] = over[0] + 1 - CHANGED
    told = "  ".join(
        f"{rule}: alarms {np.mean(one < 99):.3f}, median week {np.median(one):.0f}"
        for rule, one in zip(("old", "new"), weeks, strict=True)
    )
    return f"{name:<20}{labels:>6}  {told}"
