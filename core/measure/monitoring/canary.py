"""Whether a model changed behind its name: kept inputs asked again, judged against themselves.

A *round* asks every kept input once. Inputs never change, so that what moves is the model, its
prompt or how it is called, and never what comes in.

**Own variation.** A model that has not changed answers differently from round to round all the
same. The null hypothesis lets it: the asks of one input are exchangeable, and those of different
inputs independent. Then, given *which* answers an input has had up to now, each was the newest one
with the same chance. A statistic that adds a score over the inputs has, given all of these, a known
law, the sum of independent even draws, and its tail is exact by convolution: no normal
approximation, no model of the noise, and ties count as what they are. (A difference to the mean of
a few reference rounds has no such law: the error of that mean is in every later round, and grows
into an alarm.)

**Four statistics** (`SIDES`): confidence higher than the input's other asks; lower; further away
from them in either direction; and the answer another one than theirs. A score is the rank of the
newest ask among all asks of its input, in [−1, 1], so that no input outweighs another.

**E-process.** The sequential p-values of exchangeable data are independent and uniform (Vovk,
Gammerman & Shafer 2005, theorem 8.1), by the same argument for a sum over inputs; without a coin to
break ties they are larger, never smaller. A bet `BETS` is a fixed, decreasing function of p whose
integral is 1, so that the product over rounds reaches ``1/α`` with a chance of at most α, ever, and
so does the mixture over bets, statistics and rounds to begin with
(`core.measure.monitoring.e_process`; Vovk 2021, "Testing randomness online").

The first `REFERENCE_ROUNDS` rounds are not bet on: without them own variation is not known. The
more rounds there are before a change, the fewer asks after it are needed.

Assumed is that nothing but a change moves many inputs of one round together. Asks that are answered
from a cache hide a change; a provider that is different on some days is told as one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from core.measure.cells.cells import FloatArray, IntArray
from core.measure.monitoring.canary_sides import REFERENCE_ROUNDS as REFERENCE_ROUNDS
from core.measure.monitoring.canary_sides import SIDES as SIDES
from core.measure.monitoring.e_process import LEVEL, EProcess, log_e_values

#: Fewer kept inputs see only gross changes.
LEAST_INPUTS = 50
#: Bets (δ, w): a share w plays ``exp(δz − δ²/2)``, the most powerful bet on a shift of δ standard
#: errors in one round; half of what it holds above the median is paid out evenly, so that a round
#: that says nothing costs little. The rest stays. Small δ win over many rounds, large ones at once.
BETS = ((0.5, 1.0), (1.0, 1.0), (1.5, 0.9), (2.0, 0.8), (3.0, 0.7), (4.0, 0.5), (6.0, 0.5))
#: See `log_e_values`: most changes come after some months of daily rounds.
PATIENCE = 60
#: No p-value is told to be smaller.
LEAST_P = 1e-300
#: Ranks are rounded to so many steps on either side of zero.
_STEPS = 20


@dataclass(frozen=True)
class RoundTails:
    """What one round says: a p-value for each of `SIDES`, 1 where nothing can be told.

    Attributes:
        p_values: in (0, 1], in the order of `SIDES`.
        n_confidence, n_answers: inputs that were judged by their confidence, and their answer.
    """

    p_values: tuple[float, float, float, float]
    n_confidence: int
    n_answers: int


def round_tails(confidence: IntArray, answers: IntArray) -> RoundTails:
    """Hold the last round against all rounds before it.

    An input counts where it was asked in the last round and at least `REFERENCE_ROUNDS` times
    before.

    Args:
        confidence: shape (rounds, inputs), in whole millionths; −1: none.
        answers: shape (rounds, inputs), a number for each distinct answer; −1: none.
    """
    higher, apart, other = [], [], []
    for column in confidence.T:
        asks = _judged(column)
        if asks is not None:
            higher.append(_ranks(asks))
            apart.append(_ranks(np.abs(asks[:, None] - asks).sum(axis=1)))
    for column in answers.T:
        asks = _judged(column)
        if asks is not None:
            other.append(_ranks((asks[:, None] != asks).sum(axis=1)))
    lower = [-one for one in higher]
    tails = tuple(_tail(side) for side in (higher, lower, apart, other))
    assert len(tails) == len(SIDES)
    return RoundTails((tails[0], tails[1], tails[2], tails[3]), len(higher), len(other))


def canary_process(rounds: Sequence[Sequence[float]], level: float = LEVEL) -> EProcess:
    """Evidence that the model changed, after each round that was bet on.

    Args:
        rounds: the p-values of each, in the order of `SIDES`, oldest first.
        level: the chance of a false alarm, ever.
    """
    if len(rounds) == 0:
        return EProcess(np.zeros(0), level, None)
    log_e = log_e_values(log_bets(np.array(rounds)), patience=PATIENCE)
    over = np.flatnonzero(log_e >= -math.log(level))
    return EProcess(log_e, level, int(over[0]) if over.size else None)


def log_bets(p_values: FloatArray) -> FloatArray:
    """Logarithm of what each of `BETS` makes of p-values.

    Args:
        p_values: shape (…), in (0, 1].

    Returns:
        Shape (…, len(BETS)).
    """
    z = -scipy.special.ndtri(np.maximum(p_values, LEAST_P))
    found = []
    for delta, share in BETS:
        evenly = 2 * scipy.special.ndtr(-delta)
        plays = np.where(z > 0, delta * z - delta**2 / 2, math.log(evenly))
        kept = math.log1p(-share) if share < 1 else -math.inf
        found.append(np.logaddexp(math.log(share) + plays, kept))
    return np.stack(found, axis=-1)


def _judged(column: IntArray) -> IntArray | None:
    """The asks of an input, the last round's last; None: it is not judged."""
    asks = column[column >= 0]
    return asks if column[-1] >= 0 and len(asks) > REFERENCE_ROUNDS else None


def _ranks(score: npt.NDArray[np.int64]) -> IntArray:
    """How many of the others each is above, less those it is below; in `_STEPS` of their share."""
    ordered = np.sort(score)
    below = np.searchsorted(ordered, score, "left")
    above = len(score) - np.searchsorted(ordered, score, "right")
    steps: IntArray = np.rint(_STEPS * (below - above) / (len(score) - 1)).astype(np.int64)
    return steps


def _tail(inputs: Sequence[IntArray]) -> float:
    """Chance of a sum over inputs of at least that of the last asks, each drawn evenly."""
    law, reached, lowest = np.ones(1), 0, 0
    for steps in inputs:
        low, high = int(steps.min()), int(steps.max())
        if low == high:
            continue
        law = np.convolve(law, np.bincount(steps - low, minlength=high - low + 1) / len(steps))
        reached, lowest = reached + int(steps[-1]), lowest + low
    return float(min(1.0, max(LEAST_P, law[reached - lowest :].sum())))
