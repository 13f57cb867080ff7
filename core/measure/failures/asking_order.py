"""Whether claims were asked for in the order that they say, by the times of answer and confidence.

Clocks of two machines turn the order of a few, so a share of them is accepted. What counts is the
exact interval of the share (Clopper and Pearson, Biometrika 26:404, 1934).
"""

from __future__ import annotations

from dataclasses import dataclass

from core.defaults import ALPHA, MINIMUM_INPUTS, ORDER_MARGIN
from core.measure.metrics.intervals import clopper_pearson


@dataclass(frozen=True)
class OrderShown:
    """How many claims were asked for in another order than they say.

    Attributes:
        n: claims with both times, which differ.
        against: those that the times speak against.
        low, high: the interval of their share.
    """

    n: int
    against: int
    low: float
    high: float

    @property
    def contradicted(self) -> bool:
        """Whether more of them than is accepted were asked in another order, beyond chance."""
        return self.n >= MINIMUM_INPUTS and self.low > ORDER_MARGIN

    @property
    def borne_out(self) -> bool:
        """Whether no more of them than is accepted were, beyond chance."""
        return self.n >= MINIMUM_INPUTS and self.high < ORDER_MARGIN


def order_shown(n: int, against: int, *, looks: int = 1) -> OrderShown:
    """The share with its interval.

    Args:
        looks: so many are looked at together; the interval is corrected for it (Bonferroni).
    """
    low, high = clopper_pearson(float(against), float(n), ALPHA / max(1, looks))
    return OrderShown(n, against, float(low), float(high))
