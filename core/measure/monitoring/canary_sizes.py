"""How much changed between the rounds before and those from some round on, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from core.measure.cells.cells import FloatArray, IntArray
from core.measure.monitoring.canary import log_bets

PPM = 1e6


@dataclass(frozen=True)
class CanarySizes:
    """How kept inputs are answered now, beside how they were.

    Attributes:
        n_inputs: inputs that stated a confidence on both sides.
        before, after: mean stated confidence over them, in [0, 1]; nan without any.
        low, high: of ``after − before``, 95 % over inputs; nan with fewer than two.
        n_answered: inputs that were answered on both sides, twice or more before.
        other_own, other_now: share of pairs of asks with different answers: of two rounds before,
            and of one before and one after; nan without any.
    """

    n_inputs: int
    before: float
    after: float
    low: float
    high: float
    n_answered: int
    other_own: float
    other_now: float


def canary_sizes(confidence: IntArray, answers: IntArray, since: int) -> CanarySizes:
    """Compare the rounds before with those from one on.

    Args:
        confidence, answers: as in `core.measure.monitoring.canary.round_tails`.
        since: the first round of those after, 1 or later.
    """
    before, after = _means(confidence[:since]), _means(confidence[since:])
    both = ~np.isnan(before) & ~np.isnan(after)
    differences = (after - before)[both]
    n = int(both.sum())
    middle = float(differences.mean()) if n else math.nan
    low = high = math.nan
    if n > 1:
        half = float(scipy.special.stdtrit(n - 1, 0.975) * differences.std(ddof=1) / math.sqrt(n))
        low, high = middle - half, middle + half
    own, now = [], []
    for column in answers.T:
        old, new = (part[part >= 0] for part in (column[:since], column[since:]))
        if len(old) < 2 or not len(new):
            continue
        pairs = len(old) * (len(old) - 1)
        own.append(float((old[:, None] != old).sum()) / pairs)
        now.append(float((old[:, None] != new).mean()))
    return CanarySizes(
        n,
        float(before[both].mean()) if n else math.nan,
        float(after[both].mean()) if n else math.nan,
        low,
        high,
        len(own),
        float(np.mean(own)) if own else math.nan,
        float(np.mean(now)) if now else math.nan,
    )


def likely_since(rounds: Sequence[Sequence[float]]) -> int:
    """The round from which on the bets have won most: when the change is likely to have come.

    Args:
        rounds: the p-values of each, up to the alarm; at least one.
    """
    bets = log_bets(np.array(rounds))
    won = np.cumsum(bets[::-1], axis=0)[::-1]
    return int(scipy.special.logsumexp(won, axis=(1, 2)).argmax())


def _means(confidence: IntArray) -> FloatArray:
    """Mean of each input, shape (inputs,); nan where it stated none."""
    stated = confidence >= 0
    n = stated.sum(axis=0)
    total = np.where(stated, confidence, 0).sum(axis=0)
    found: FloatArray = np.where(n > 0, total / np.maximum(n, 1) / PPM, np.nan)
    return found
