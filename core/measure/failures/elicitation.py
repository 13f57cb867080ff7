"""Ways of asking for a confidence compared: differences over the same inputs, and unpaired ones.

Asked for after the answer, a confidence can be pulled up by the answer itself. On the same inputs
that shows as a shift in confidence at equal accuracy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy

from core.defaults import MINIMUM_INPUTS
from core.measure.cells.cells import FloatArray

#: Two differences closer than this are equal: confidences are whole millionths.
_SAME = 1e-9


@dataclass(frozen=True)
class Moments:
    """One number per input, summed up.

    Attributes:
        n: inputs.
        mean: of the numbers; nan without one.
        deviation: their standard deviation (n − 1 below the line); 0 for a single one.
        least, most: the smallest and the largest.
    """

    n: int
    mean: float
    deviation: float
    least: float
    most: float

    @classmethod
    def of(cls, values: FloatArray) -> Moments:
        """Of the numbers themselves, shape (n,)."""
        if not values.size:
            return cls(0, math.nan, 0.0, math.nan, math.nan)
        deviation = float(np.std(values, ddof=1)) if values.size > 1 else 0.0
        return cls(
            int(values.size), float(values.mean()), deviation,
            float(values.min()), float(values.max()),
        )  # fmt: skip

    def negated(self) -> Moments:
        """Of the numbers with their signs turned."""
        # 0.0 − x, because the negative of 0 would be shown as −0.
        return Moments(self.n, 0.0 - self.mean, self.deviation, 0.0 - self.most, 0.0 - self.least)


@dataclass(frozen=True)
class MeanDifference:
    """A mean difference with its interval; n inputs on the smaller side."""

    n: int
    value: float
    low: float
    high: float

    def beyond(self, margin: float) -> bool:
        """Whether the interval lies wholly above ``+margin``."""
        return self.low > margin

    def inside(self, margin: float) -> bool:
        """Whether the interval lies wholly within ``±margin``."""
        return -margin < self.low and self.high < margin


@dataclass(frozen=True)
class Paired:
    """Per-input differences of two ways of asking, other − reference.

    Attributes:
        confidence: over the inputs that both state a confidence on.
        accuracy, brier, gap: over those that both have an outcome for.
    """

    confidence: Moments
    accuracy: Moments
    brier: Moments
    gap: Moments


def paired_difference(d: Moments, *, level: float = 0.95) -> MeanDifference | None:
    """Student's t interval of a mean difference over inputs.

    Where all differences are equal their spread says nothing. Then what can be shown is how many
    of the inputs at most differ, ``1 − α^{1/n}`` (the exact form of the rule of three), each by
    as much as a difference of two numbers in [0, 1] allows.

    Args:
        d: one difference per input, each in [−1, 1].

    Returns:
        The difference; None under `MINIMUM_INPUTS` inputs.
    """
    if d.n < MINIMUM_INPUTS:
        return None
    alpha = 1 - level
    if d.most - d.least <= _SAME:
        unseen = 1 - alpha ** (1 / d.n)
        low, high = d.mean - unseen * (1 + d.mean), d.mean + unseen * (1 - d.mean)
    else:
        half = float(scipy.special.stdtrit(d.n - 1, 1 - alpha / 2)) * d.deviation / math.sqrt(d.n)
        low, high = d.mean - half, d.mean + half
    return MeanDifference(d.n, d.mean, max(low, -1.0), min(high, 1.0))


def unpaired_difference(
    reference: Moments, other: Moments, *, level: float = 0.95
) -> MeanDifference | None:
    """Welch's interval of other − reference over different inputs.

    Each side's number per input is its mean over the input's claims. The cases of the two sides may
    differ, and then so do the means, whatever the way of asking.

    Returns:
        The difference; None where a side has under `MINIMUM_INPUTS` inputs.
    """
    if min(reference.n, other.n) < MINIMUM_INPUTS:
        return None
    parts = [one.deviation**2 / one.n for one in (reference, other)]
    value, variance = other.mean - reference.mean, sum(parts)
    half = 0.0
    if variance > 0:
        freedom = variance**2 / sum(
            part**2 / (one.n - 1) for part, one in zip(parts, (reference, other), strict=True)
        )
        half = float(scipy.special.stdtrit(freedom, (1 + level) / 2)) * math.sqrt(variance)
    return MeanDifference(
        min(reference.n, other.n), value, max(value - half, -1.0), min(value + half, 1.0)
    )


def anchored(
    confidence: MeanDifference | None, accuracy: MeanDifference | None, *, tolerance: float
) -> bool:
    """Whether asking otherwise moves the confidence and not the accuracy.

    The interval of the confidence's difference lies wholly above the tolerance, and that of the
    accuracy's wholly within it.

    Args:
        confidence: paired difference, other − reference; None: not known.
        accuracy: likewise.
    """
    if confidence is None or accuracy is None:
        return False
    return confidence.beyond(tolerance) and accuracy.inside(tolerance)
