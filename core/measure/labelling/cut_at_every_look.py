"""A threshold that may be chosen again at any time: one budget of error over a signal's life.

`risk_thresholds.learn_then_test` keeps its promise for one look. Who looks again whenever labels
came in, and takes the cut that holds that day, stops when it suits them: over a year a promise of
90 % is then kept far less often (tests/benchmarks/choosing_again.py). Here each candidate is a bet
against "more than α are wrong at this cut or above", over all labelled claims so far. What the bet
has won is a test martingale's value whatever the day (Ville 1939), so *no day* has a cut whose risk
is above α, all days together, with probability 1 − δ.

Everything here takes one claim per input, as `risk_thresholds` does, and labels that came in
without regard to whether they are right; the order in which they came changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import scipy
from numpy.typing import ArrayLike

from core.measure.cells.cells import Cells, FloatArray
from core.measure.labelling.risk_thresholds import (
    ROOM,
    Learned,
    Step,
    check_bound,
    risk_coverage,
    too_few,
)

#: Cuts at which the candidates may begin, each with an equal part of the budget. They are set
#: before any claim is seen, so that where it begins cannot depend on what is found.
STARTS = (0.99, 0.95, 0.9, 0.8, 0.7)


def log_won(n: ArrayLike, errors: ArrayLike, risk: float) -> FloatArray:
    """Natural logarithm of what a bet against "more than ``risk`` are wrong" has won.

    The bet is the likelihood of the claims under an error rate drawn evenly from (0, α), against
    that under α: ``∫₀^α q^e (1 − q)^(n − e) dq / (α · α^e (1 − α)^(n − e))``, which is a ratio of
    an incomplete beta function (Robbins 1970, a mixture). For any error rate ≥ α each factor has a
    mean of at most 1, so that it is a supermartingale that begins at 1.

    Args:
        n: labelled claims, shape (k,).
        errors: wrong ones among them, likewise.
        risk: α, in (0, 1).

    Returns:
        Shape (k,); 0 where nothing is labelled.
    """
    return _log_bet(n, errors, risk, scipy.special.betainc, risk)


def log_broken(n: ArrayLike, errors: ArrayLike, risk: float) -> FloatArray:
    """The bet the other way, as `log_won` takes it: against "at most ``risk`` are wrong".

    The likelihood under an error rate drawn evenly from (α, 1) against that under α; of claims that
    keep the bound it passes 1/δ on any day with a chance of at most δ.
    """
    return _log_bet(n, errors, risk, scipy.special.betaincc, 1 - risk)


def claims_needed(risk: float, delta: float) -> int:
    """Labelled claims without an error below which no candidate is proven."""
    goal = math.log(len(STARTS) / delta)
    low, high = 0, 1
    while float(log_won(high, 0, risk)) < goal:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        won = float(log_won(middle, 0, risk))
        low, high = (low, middle) if won >= goal else (middle, high)
    return high


def learn_at_every_look(cells: Cells, risk: float, delta: float) -> Learned:
    """The lowest threshold above which the share of wrong ones is at most ``risk``, on any day.

    The distinct confidences from high to low, with the `STARTS` among them, are tested by the
    *fallback* procedure (Wiens 2003): each start brings δ / 5, a candidate that is proven hands
    its part on to the next, and one that is not loses it. It keeps the error of all of them
    together within δ whatever their dependence, with p-values that hold at any time as well. The
    first run of proven candidates counts: all of it holds.

    Args:
        cells: one claim per input: all that were labelled so far, not those since the last look.
        risk: α, in (0, 1).
        delta: δ of the signal's whole life, in (0, 1).

    Raises:
        ValueError: a bound that is none.
    """
    check_bound(risk, delta)
    curve = risk_coverage(cells)
    needed = claims_needed(risk, delta)
    if curve.labelled < needed:
        return Learned(risk, delta, None, (), too_few(curve.labelled, needed), needed)
    won = log_won(curve.n, curve.errors, risk)
    seen = np.diff(curve.n, prepend=0) > 0
    starts = list(STARTS)
    lower = [*curve.cut[1:].tolist(), -1.0]
    budget, path = 0.0, list[Step]()
    for at, below in enumerate(lower):
        cut = float(curve.cut[at])
        while starts and starts[0] > cut + ROOM:
            # Nothing is stated there or above.
            starts.pop(0)
        if starts and starts[0] >= cut - ROOM:
            budget += delta / len(STARTS)
            starts.pop(0)
        budget = _handed(budget, won[at])
        while starts and starts[0] > below + ROOM:
            # A start that nobody stated is the candidate above it: the same claims pass.
            budget = _handed(budget + delta / len(STARTS), won[at])
            starts.pop(0)
        if not seen[at]:
            continue
        if budget or path:
            p = min(1.0, math.exp(-max(float(won[at]), 0.0)))
            n, errors = int(curve.n[at]), int(curve.errors[at])
            path.append(Step(cut, n, errors, p, float(curve.coverage[at])))
        if path and not budget:
            break
    passed = path if budget else path[:-1]
    if not passed:
        best = int(np.argmax(won))
        reason = (
            f"nothing is proven so far: at {curve.cut[best]:g} and above "
            f"{int(curve.errors[best]):,} of {int(curve.n[best]):,} are wrong"
        )
        return Learned(risk, delta, None, (), reason, needed)
    return Learned(risk, delta, passed[-1].cut, tuple(path), "", needed)


def segments_at_every_look(
    segments: Sequence[Cells], risk: float, delta: float
) -> tuple[Learned, ...]:
    """A threshold for each segment, all of them together with probability 1 − δ: each gets δ / G.

    Args:
        segments: G groups, at least one.
        risk: α of every segment.
        delta: δ of all.
    """
    return tuple(learn_at_every_look(cells, risk, delta / len(segments)) for cells in segments)


def _log_bet(
    n: ArrayLike,
    errors: ArrayLike,
    risk: float,
    within: Callable[[FloatArray, FloatArray, float], FloatArray],
    width: float,
) -> FloatArray:
    """What a bet has won whose error rates are drawn evenly from an interval that ends at α.

    Args:
        n, errors, risk: as `log_won` has them.
        within: share of a beta distribution within the interval, of its two parameters and α.
        width: of the interval.
    """
    e: FloatArray = np.asarray(errors, dtype=np.float64)
    right = np.asarray(n, dtype=np.float64) - e
    with np.errstate(divide="ignore"):
        share = np.log(within(e + 1, right + 1, risk))
    drawn = scipy.special.betaln(e + 1, right + 1) + share - math.log(width)
    return np.asarray(drawn - e * math.log(risk) - right * math.log1p(-risk))


def _handed(budget: float, won: float) -> float:
    """What a candidate hands on: its budget where it is proven, else nothing."""
    return budget if budget > 0 and won >= -math.log(budget) else 0.0
