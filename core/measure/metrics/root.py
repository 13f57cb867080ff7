"""Where a function of one number is zero, by Brent's method."""

from __future__ import annotations

import math
from collections.abc import Callable

#: Relative tolerance: no two numbers closer than this can be told apart after some sums.
_RELATIVE = 4 * 2.0**-52
_MOST_STEPS = 100


def brent_root(f: Callable[[float], float], low: float, high: float, *, tolerance: float) -> float:
    """A zero of ``f`` between two ends at which it has opposite signs (Brent 1973, ch. 4).

    The last bit is that of `scipy.optimize.brentq`, whose package takes longer to load than most
    commands need altogether.

    Args:
        tolerance: absolute; the zero is nearer.

    Raises:
        ValueError: both ends have the same sign.
    """
    before, now = low, high
    f_before, f_now = f(before), f(now)
    if f_before == 0:
        return before
    if f_now == 0:
        return now
    if (f_before < 0) == (f_now < 0):
        raise ValueError("f must have different signs at the two ends.")
    other, f_other, last_step, step = 0.0, 0.0, 0.0, 0.0
    for _ in range(_MOST_STEPS):
        if f_before != 0 and f_now != 0 and (f_before < 0) != (f_now < 0):
            other, f_other = before, f_before
            last_step = step = now - before
        if abs(f_other) < abs(f_now):
            before, now, other = now, other, now
            f_before, f_now, f_other = f_now, f_other, f_now
        least = (tolerance + _RELATIVE * abs(now)) / 2
        half = (other - now) / 2
        if f_now == 0 or abs(half) < least:
            return now
        tried = math.inf
        if abs(last_step) > least and abs(f_now) < abs(f_before):
            if before == other:
                tried = -f_now * (now - before) / (f_now - f_before)
            else:
                slope = (f_before - f_now) / (before - now)
                other_slope = (f_other - f_now) / (other - now)
                under = other_slope * slope * (f_other - f_before)
                if under:
                    tried = -f_now * (f_other * other_slope - f_before * slope) / under
        if 2 * abs(tried) < min(abs(last_step), 3 * abs(half) - least):
            last_step, step = step, tried
        else:
            last_step = step = half
        before, f_before = now, f_now
        now += step if abs(step) > least else math.copysign(least, half)
        f_now = f(now)
    raise RuntimeError(f"No zero is found between {low} and {high}.")
