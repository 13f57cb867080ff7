"""How well failures are detected: power, delay and false alarms, beside the naive rules.

    .venv/bin/python tests/benchmarks/detect.py
    .venv/bin/python tests/benchmarks/detect.py --ledgers 1000

So far: drift of the gap beyond its tolerance (`core.measure.sequential`). In each simulated ledger
200 claims a week get their label, for a year; the tolerance is 5 points. *False* alarms: the share
of ledgers that alarm before anything is wrong; *found*: of those which alarm within the year after
it begins and not before; *weeks*: the median delay (– where not half are found).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import numpy as np
from scipy import special

from core.measure.cells import FloatArray, IntArray
from core.measure.sequential import LEVEL, gap_bets, log_e_values

V = np.array([0.55, 0.7, 0.8, 0.9, 0.97])
SHARES = np.array([0.1, 0.15, 0.2, 0.3, 0.25])
TOLERANCE, LABELS, WEEKS = 0.05, 200, 52
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


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ledgers", type=int, default=200)
    ledgers = parser.parse_args().ledgers
    rng = np.random.default_rng(20261124)
    print(f"{ledgers} ledgers each, {LABELS} labels a week, tolerance {TOLERANCE:.0%}\n")
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


if __name__ == "__main__":
    main()
