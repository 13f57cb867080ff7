"""Maps fitted on tuning claims, and which of them to take.

Isotonic regression (Zadrozny & Elkan 2002, "Transforming classifier scores into accurate multiclass
probability estimates", KDD), Platt scaling on the logit (Platt 1999; Cox 1958), and beta
calibration (Kull, Silva Filho & Flach 2017, "Beta calibration", AISTATS, eq. 4). All three are
monotone: a claim that was surer never becomes less sure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import scipy

from core.measure.cells.cells import Cells, FloatArray, IntArray
from core.measure.metrics.logistic_slope import calibration_slope_intercept, overlapping
from core.measure.metrics.metric_bounds import seed_of
from core.measure.metrics.reliability_curve import corp
from core.measure.metrics.scores import NoValue, labelled
from core.measure.recalibration.applied import apply_map

#: Of each outcome, a map needs at least so many labelled inputs.
MINIMUM_OF_CLASS = 10
#: A map of its own needs at least so many labelled inputs.
MINIMUM = 100
#: How far inside [0, 1] the ends are moved before their logit is taken.
CLIP = 0.001
FOLDS = 5

Fitted = Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """A fitted map, and how it did.

    Attributes:
        fitted: the map, as `core.measure.recalibration.applied.apply_map` reads it.
        n: labelled inputs it was fitted on.
        brier: cross-validated Brier score of each kind that could be fitted, and of ``identity``,
            the confidences as they are.
    """

    fitted: Fitted
    n: int
    brier: Mapping[str, float]


def isotonic(cells: Cells) -> Fitted | NoValue:
    """The non-decreasing map with the least squared error, linear between its blocks."""
    curve = corp(cells)
    if isinstance(curve, NoValue):
        return curve
    ends = np.column_stack([curve.v_from, curve.v_to]).ravel()
    x, first = np.unique(ends, return_index=True)
    observed = np.repeat(curve.observed, 2)[first]
    return {"kind": "isotonic", "x": x.tolist(), "y": observed.tolist()}


def platt(cells: Cells) -> Fitted | NoValue:
    """By logit m(v) = slope · logit v + intercept, by maximum likelihood."""
    found = calibration_slope_intercept(cells, CLIP)
    if isinstance(found, NoValue):
        return found
    if found.slope < 0:
        return NoValue("surer claims are wrong more often: no map that keeps their order helps")
    return {
        "kind": "platt",
        "slope": found.slope,
        "intercept": found.intercept,
        "clip": CLIP,
    }


def beta(cells: Cells) -> Fitted | NoValue:
    """By logit m(v) = a · ln v − b · ln(1 − v) + c with a, b ≥ 0, by maximum likelihood."""
    cells = labelled(cells)
    n, s = cells.n.astype(np.float64), cells.s.astype(np.float64)
    if cells.v.size < 3 or not overlapping(n[np.newaxis], s[np.newaxis])[0]:
        return NoValue("too few confidences, or a threshold separates right from wrong claims")
    inside = np.clip(cells.v, CLIP, 1 - CLIP)
    design = np.column_stack([np.log(inside), -np.log1p(-inside), np.ones_like(inside)])
    total = n.sum()

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        eta = design @ weights
        gradient = design.T @ (n * scipy.special.expit(eta) - s)
        return float((n * np.logaddexp(0, eta) - s * eta).sum() / total), gradient / total

    found = scipy.optimize.minimize(
        loss,
        np.array([1.0, 1.0, 0.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None), (0, None), (None, None)],
        options={"ftol": 1e-14, "gtol": 1e-10, "maxiter": 1000},
    )
    a, b, c = found.x.tolist()
    return {"kind": "beta", "a": a, "b": b, "c": c, "clip": CLIP}


#: From the simplest to the freest.
KINDS: Mapping[str, Callable[[Cells], Fitted | NoValue]] = MappingProxyType(
    {"platt": platt, "beta": beta, "isotonic": isotonic}
)


def choose_map(cells: Cells) -> Choice | NoValue:
    """The simplest map whose cross-validated Brier score is within a standard error of the best.

    Args:
        cells: labelled tuning claims, one of each input.
    """
    cells = labelled(replace(cells, inputs=None))
    right, wrong = int(cells.s.sum()), int((cells.n - cells.s).sum())
    if min(right, wrong) < MINIMUM_OF_CLASS or right + wrong < MINIMUM:
        return NoValue(
            f"{right + wrong:,} labelled tuning inputs, {right:,} of them right: a map takes at "
            f"least {MINIMUM}, with {MINIMUM_OF_CLASS} right and {MINIMUM_OF_CLASS} wrong"
        )
    fits = {kind: fit(cells) for kind, fit in KINDS.items()}
    offered = {kind: one for kind, one in fits.items() if not isinstance(one, NoValue)}
    folds = _folds(cells)
    tried = {kind: _cross_validated(KINDS[kind], folds) for kind in offered}
    scores = {kind: losses for kind, losses in tried.items() if losses is not None}
    if not scores:
        reasons = [one.reason for one in fits.values() if isinstance(one, NoValue)]
        return NoValue(reasons[0] if reasons else "no map could be fitted on parts of the claims")
    means = {kind: _mean(losses) for kind, losses in scores.items()}
    best = min(means, key=lambda kind: means[kind])
    kind = next(
        one
        for one in KINDS
        if one in scores and means[one] <= means[best] + _standard_error(scores[one], scores[best])
    )
    same = [(held, held.v) for _, held in folds]
    brier = {**means, "identity": _mean(_losses(same))}
    return Choice(offered[kind], right + wrong, brier)


def values(cells: Cells, fitted: Fitted) -> FloatArray:
    """What each confidence of the cells becomes; shape (k,)."""
    return np.array([apply_map(fitted, v) for v in cells.v.tolist()], dtype=np.float64)


def merged(parts: Sequence[tuple[Cells, FloatArray]]) -> Cells:
    """Cells under other confidences, added up; claims of one input are not told apart.

    Args:
        parts: cells, and what each of their confidences becomes.
    """
    to = np.concatenate([np.zeros(0), *(values for _, values in parts)])
    v, place = np.unique(to, return_inverse=True)

    def added(of: Sequence[IntArray]) -> IntArray:
        weight = np.concatenate([np.zeros(0, dtype=np.int64), *of])
        return np.bincount(place, weight, v.size).astype(np.int64)

    return Cells(
        v,
        added([cells.n_claims for cells, _ in parts]),
        added([cells.n for cells, _ in parts]),
        added([cells.s for cells, _ in parts]),
        sum(cells.n_unstated for cells, _ in parts),
    )


def _folds(cells: Cells) -> list[tuple[Cells, Cells]]:
    """Rest and fold, `FOLDS` times; the same claims always fall alike."""
    rng = np.random.default_rng(seed_of(cells))
    place = np.repeat(np.arange(cells.v.size), cells.n)
    y = np.concatenate(
        [np.arange(n) < s for n, s in zip(cells.n.tolist(), cells.s.tolist(), strict=True)]
    )
    fold = rng.permutation(np.arange(y.size) % FOLDS)

    def of(chosen: Any) -> Cells:
        n = np.bincount(place[chosen], minlength=cells.v.size)
        s = np.bincount(place[chosen], y[chosen], cells.v.size).astype(np.int64)
        return labelled(Cells(cells.v, n, n, s))

    return [(of(fold != one), of(fold == one)) for one in range(FOLDS)]


#: Losses of the claims of one fold: their sizes, and how many claims had each.
_Losses = list[tuple[FloatArray, FloatArray]]


def _cross_validated(
    fit: Callable[[Cells], Fitted | NoValue], folds: Sequence[tuple[Cells, Cells]]
) -> _Losses | None:
    judged = []
    for rest, held in folds:
        fitted = fit(rest)
        if isinstance(fitted, NoValue):
            return None
        judged.append((held, values(held, fitted)))
    return _losses(judged)


def _losses(judged: Sequence[tuple[Cells, FloatArray]]) -> _Losses:
    return [
        (
            np.concatenate([(1 - m) ** 2, m**2]),
            np.concatenate([held.s, held.n - held.s]).astype(np.float64),
        )
        for held, m in judged
    ]


def _mean(losses: _Losses) -> float:
    total = sum(float(size @ count) for size, count in losses)
    return total / sum(float(count.sum()) for _, count in losses)


def _standard_error(one: _Losses, other: _Losses) -> float:
    """Of the difference of two means over the same claims."""
    sizes = np.concatenate([a[0] - b[0] for a, b in zip(one, other, strict=True)])
    count = np.concatenate([a[1] for a in one])
    n = count.sum()
    mean = float(sizes @ count) / n
    return float(np.sqrt(((sizes - mean) ** 2 @ count) / n / n))
