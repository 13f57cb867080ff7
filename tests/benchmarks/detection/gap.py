"""Drift of the gap, rule by rule: the sequential monitor beside five rules that look every week.

No ledger is needed: `core.measure.monitoring.e_process` is played on simulated cohorts, all at
once. *False*
alarms: the share of ledgers that alarm before anything is wrong; *found*: of those which alarm
within the year after it begins and not before; *weeks*: the median delay (– where not half are
found).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from core.measure.cells.cells import FloatArray, IntArray
from core.measure.monitoring.changepoint import CohortMeans, changes, levels, pooled_variances
from core.measure.monitoring.e_process import LEVEL, gap_bets, log_e_values
from detection.ledgers import LABELS, SHARES, V

TOLERANCE, WEEKS = 0.05, 52
#: Points beyond the tolerance.
SIZES = (0.01, 0.03, 0.06)
HONEST = {
    "calibrated": 0.0,
    "3 points off, of 5 accepted": 0.03,
    "exactly at the tolerance": TOLERANCE,
}

Alarms = Callable[[IntArray, IntArray], FloatArray]


def e_process(n: IntArray, s: IntArray) -> FloatArray:
    """The product's: alarm after each week or not."""
    return log_e_values(gap_bets(V, n, s, TOLERANCE)) >= -math.log(LEVEL)


def e_process_third(n: IntArray, s: IntArray) -> FloatArray:
    """The same where errors of the automated and segments share the level."""
    return log_e_values(gap_bets(V, n, s, TOLERANCE)) >= -math.log(LEVEL / 3)


def weekly_z(n: IntArray, s: IntArray) -> FloatArray:
    """|Z| > 1.96 against exact calibration, every week anew."""
    return np.abs(_z(n, s, 0.0)) > special.ndtri(0.975)


def weekly_z_tolerance(n: IntArray, s: IntArray) -> FloatArray:
    """The same against the tolerance: the gap beyond it at 5 %, every week anew."""
    return _z(n, s, TOLERANCE) > special.ndtri(0.975)


def cumulative_z_tolerance(n: IntArray, s: IntArray) -> FloatArray:
    """The same over all claims so far, looked at every week."""
    return _z(n.cumsum(axis=1), s.cumsum(axis=1), TOLERANCE) > special.ndtri(0.975)


def fixed_limit(n: IntArray, s: IntArray) -> FloatArray:
    """The week's gap is beyond the tolerance, as a plain number."""
    return np.abs(_gap(n, s)) > TOLERANCE


def fixed_ece(n: IntArray, s: IntArray) -> FloatArray:
    """The week's ECE, per confidence, is above the tolerance."""
    return np.abs(n * V - s).sum(axis=-1) / n.sum(axis=-1) > TOLERANCE


RULES: dict[str, Alarms] = {
    "e-process (ours)": e_process,
    "e-process, a third of the level": e_process_third,
    "weekly z-test of calibration": weekly_z,
    "weekly z-test of the tolerance": weekly_z_tolerance,
    "cumulative z-test of the tolerance": cumulative_z_tolerance,
    "fixed limit on the week's gap": fixed_limit,
    "fixed limit on the week's ECE": fixed_ece,
}


def _gap(n: IntArray, s: IntArray) -> FloatArray:
    gap: FloatArray = (n @ V - s.sum(axis=-1)) / n.sum(axis=-1)
    return gap


def _z(n: IntArray, s: IntArray, tolerance: float) -> FloatArray:
    """How many standard errors the gap is beyond ±tolerance."""
    total, right = n.sum(axis=-1), s.sum(axis=-1)
    rate = (right + 0.5) / (total + 1)
    error = np.sqrt(rate * (1 - rate) / total)
    z: FloatArray = (np.abs(_gap(n, s)) - tolerance) / error
    return z


def simulated(rng: np.random.Generator, ledgers: int, gap: FloatArray) -> tuple[IntArray, IntArray]:
    """Labels and right ones, (ledgers, weeks, confidences), at a gap of each week."""
    n = rng.multinomial(LABELS, SHARES, size=(ledgers, gap.size))
    return n, rng.binomial(n, np.clip(V - gap[:, np.newaxis], 0, 1))


def first(alarms: FloatArray) -> FloatArray:
    """The first week with an alarm, from 0; infinite without one."""
    return np.where(alarms.any(axis=1), alarms.argmax(axis=1), np.inf)


def dated(n: IntArray, s: IntArray) -> list[tuple[int, ...]]:
    """The change-points of each ledger."""
    total = n.sum(axis=-1)
    mean = _gap(n, s)
    spread = (s @ (1 - V) ** 2 + (n - s) @ V**2) / total - mean**2
    return [
        tuple(
            one.at
            for one in changes(
                levels(
                    CohortMeans(total[i], mean[i], pooled_variances(total[i], total[i], spread[i]))
                )
            )
        )
        for i in range(len(n))
    ]


def print_dates(rng: np.random.Generator, ledgers: int) -> None:
    """How near the date is that is given for a change, and how often a constant gap has one."""
    print("\nWhen it changed, by change-points of 26 weeks (16 before, 10 after)")
    n, s = simulated(rng, ledgers, np.full(26, 0.03))
    share = np.mean([bool(one) for one in dated(n, s)])
    print(f"  {'3 points off throughout':<36}{'dated':>8}{share:>7.1%}")
    for size in SIZES:
        gap = np.where(np.arange(26) < 16, 0.0, TOLERANCE + size)
        found = dated(*simulated(rng, ledgers, gap))
        off = np.array([min(abs(at - 16) for at in one) for one in found if one])
        near = (off <= 1).mean() if off.size else math.nan
        print(f"  {size * 100:.0f} points beyond the tolerance{'':<9}{'dated':>8}"
              f"{off.size / ledgers:>7.1%}{'within a week':>16}{near:>7.1%}")  # fmt: skip


def print_rules(rng: np.random.Generator, ledgers: int) -> None:
    """The tables of all rules."""
    print(f"\nDrift of the gap: {LABELS} labels a week, tolerance {TOLERANCE:.0%}, rule by rule")
    print("False alarms within a year")
    for name, honest in HONEST.items():
        n, s = simulated(rng, ledgers, np.full(WEEKS, honest))
        print(f"  {name}")
        for rule, alarms in RULES.items():
            share = np.isfinite(first(alarms(n, s))).mean()
            print(f"    {rule:<36}{share:>7.1%}")
    for start in (0, 26):
        print(f"\nDrift that begins in week {start + 1}, calibrated before")
        for size in SIZES:
            gap = np.where(np.arange(start + WEEKS) < start, 0.0, TOLERANCE + size)
            n, s = simulated(rng, ledgers, gap)
            print(f"  {size * 100:.0f} points beyond the tolerance"
                  f"{'':<12}{'false':>8}{'found':>8}{'weeks':>8}")  # fmt: skip
            for rule, alarms in RULES.items():
                week = first(alarms(n, s))
                delay = np.where(week >= start, week - start + 1, np.inf)
                median = np.median(delay)
                words = f"{median:.0f}" if np.isfinite(median) else "–"
                print(f"    {rule:<36}{(week < start).mean():>7.1%}"
                      f"{np.isfinite(delay).mean():>8.1%}{words:>8}")  # fmt: skip
