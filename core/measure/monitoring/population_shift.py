"""Whether the mix of what comes in moved, where cases of one day resemble each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from core.measure.cells.cells import FloatArray, IntArray
from core.measure.metrics.scores import NoValue
from core.measure.monitoring.confidence_shift import (
    EXPECTED_AT_LEAST,
    Stability,
    population_stability,
)


@dataclass(frozen=True)
class MixChange:
    """How the shares of values moved between two windows.

    Attributes:
        stability: PSI and its noise; over values common enough to be tested, the rest as one.
        p_value: of no change, days being what is sampled.
        before, after: shape (B,), the share of every value, in [0, 1].
        n_before, n_after: inputs.
        days_before, days_after: distinct days.
        dispersion: how much more days differ than chance would have it, ≥ 1.
    """

    stability: Stability
    p_value: float
    before: FloatArray
    after: FloatArray
    n_before: int
    n_after: int
    days_before: int
    days_after: int
    dispersion: float

    @property
    def most(self) -> int:
        """Which value's share moved most."""
        return int(np.abs(self.after - self.before).argmax())

    @property
    def over_noise(self) -> float:
        """PSI less what noise alone shows on average."""
        return self.stability.psi - self.stability.noise


def mix_change(before: IntArray, after: IntArray) -> MixChange | NoValue:
    """Compare the mix of two windows, days being what is sampled.

    Where cases of one day resemble each other, the mix of a window is known from its days and not
    from its cases. The dispersion φ is Pearson's χ² between the days of each window over its
    degrees of freedom, both windows taken together (McCullagh & Nelder 1989, §4.5), at least 1;
    it serves as design effect of PSI's noise (Rao & Scott 1984). A rhythm within the week makes it
    larger, while whole weeks on both sides hold it alike.

    The test is Pearson's χ² of homogeneity over φ and its degrees of freedom, referred to F with
    as many denominator degrees of freedom as there are days, less one for each window: φ is itself
    known only from the days (the F form of Rao & Thomas 1989, with one degree per day, which errs
    on the safe side where values of one day move together). Two days are worth little, however
    many cases they hold.

    Values that expect fewer than `EXPECTED_AT_LEAST` cases in the smaller window are taken
    together.

    Args:
        before: shape (D, B), inputs per day and value of the first window.
        after: shape (E, B), of the second.

    Returns:
        The change; `NoValue` where a window has no input or fewer than two days, or all is one
        value.
    """
    days = [int((one.sum(axis=1) > 0).sum()) if one.size else 0 for one in (before, after)]
    if min(days) < 2:
        return NoValue("fewer than two days in a window")
    left, right = before.sum(axis=0), after.sum(axis=0)
    group = _groups(left, right)
    if group.max() < 1:
        return NoValue("one value holds nearly everything")
    pooled = [_pooled(one, group) for one in (before, after)]
    excess = sum(_between_days(one) for one in pooled)
    freedom = sum(_freedom(one) for one in pooled)
    dispersion = max(1.0, float(excess) / freedom) if freedom else 1.0
    stability = population_stability(
        pooled[0].sum(axis=0), pooled[1].sum(axis=0), design_effects=(dispersion, dispersion)
    )
    assert isinstance(stability, Stability)
    numerator = pooled[0].shape[1] - 1
    squares = (
        float(scipy.special.chdtri(numerator, stability.p_value)) if stability.p_value else np.inf
    )
    p_value = float(scipy.special.fdtrc(numerator, sum(days) - 2, squares / numerator))
    return MixChange(
        stability,
        p_value,
        left / left.sum(),
        right / right.sum(),
        int(left.sum()),
        int(right.sum()),
        days[0],
        days[1],
        dispersion,
    )


def _groups(left: IntArray, right: IntArray) -> IntArray:
    """Shape (B,): the number of the group each value is tested in; rare ones share the last."""
    total = left + right
    share = min(left.sum(), right.sum()) / total.sum()
    order = np.argsort(-total, kind="stable")
    common = [i for i in order if total[i] * share >= EXPECTED_AT_LEAST]
    rare = [i for i in order if total[i] * share < EXPECTED_AT_LEAST]
    # What is left may itself be rare: then it goes with the rarest of the common ones.
    if rare and common and total[rare].sum() * share < EXPECTED_AT_LEAST:
        rare = [common.pop(), *rare]
    group = np.full(len(total), len(common), dtype=np.int64)
    group[common] = np.arange(len(common))
    return group


def _pooled(counts: IntArray, group: IntArray) -> IntArray:
    table: IntArray = np.zeros((len(counts), int(group.max()) + 1), dtype=np.int64)
    np.add.at(table.T, group, counts.T)
    days: IntArray = table[table.sum(axis=1) > 0]
    return days


def _between_days(table: IntArray) -> float:
    """Pearson's χ² of the days of one window against its own mix."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    known = expected > 0
    return float(((table - expected)[known] ** 2 / expected[known]).sum())


def _freedom(table: IntArray) -> int:
    return (len(table) - 1) * (int((table.sum(axis=0) > 0).sum()) - 1)
