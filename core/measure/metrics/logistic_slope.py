"""Calibration slope and intercept: logistic regression of the outcome on logit(v)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from core.measure.cells.cells import Cells, FloatArray, IntArray
from core.measure.cells.group_sums import BoolArray, tally
from core.measure.metrics.scores import NO_LABELS, ONE_CLASS, ONE_INPUT, NoValue, labelled

#: Confidences of 0 and 1 have no logit and are moved this far inside: one digit beyond the two
#: decimals in which models state confidence. The slope depends on it; print it.
CLIP = 1e-3
_ITERATIONS = 100
_HALVINGS = 40


@dataclass(frozen=True)
class Recalibration:
    """P(right) = expit(intercept + slope · logit v); calibrated means slope 1 and intercept 0.

    Attributes:
        slope: below 1 where confidences are too extreme, below 0 where they mislead.
        intercept: below 0 where claims are overconfident at v = 0.5.
        clip: confidences were first moved into [clip, 1 − clip].
    """

    slope: float
    intercept: float
    clip: float


def calibration_slope_intercept(cells: Cells, clip: float = CLIP) -> Recalibration | NoValue:
    """Cox's calibration slope and intercept, by maximum likelihood.

    No value where the estimate does not exist: one class, one confidence, or separation (a cut
    that leaves all right claims on one side and all wrong ones on the other; Albert & Anderson
    1984). Its interval is the bootstrap's, over inputs where they repeat, so that one input alone
    has no value either. Cox (1958), "Two further applications of a model for binary regression".

    Args:
        clip: how far inside [0, 1] the ends are moved; decides the leverage of claims of exactly
            0 and 1.
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    if not 0 < cells.s.sum() < cells.total:
        return ONE_CLASS
    x, place = clipped_logit(cells.v, clip)
    if x.size < 2:
        return NoValue("one confidence only: no slope to fit")
    n, s = tally(place, cells.n, x.size), tally(place, cells.s, x.size)
    if not overlapping(n[np.newaxis], s[np.newaxis])[0]:
        return NoValue("a threshold separates right from wrong claims: the slope is unbounded")
    intercept, slope = fit_logistic(x, n[np.newaxis], s[np.newaxis])[0].tolist()
    if cells.inputs is not None and cells.n_inputs < 2:
        return ONE_INPUT
    return Recalibration(slope, intercept, clip)


def clipped_logit(v: FloatArray, clip: float) -> tuple[FloatArray, IntArray]:
    """Distinct logits of the clipped confidences, and each confidence's place among them.

    Args:
        v: shape (k,), increasing.
        clip: see `CLIP`.

    Returns:
        Shape (q,), increasing, q ≤ k; and shape (k,), values 0 … q − 1.
    """
    inside, place = np.unique(np.clip(v, clip, 1 - clip), return_inverse=True)
    return np.log(inside) - np.log1p(-inside), place


def overlapping(n: FloatArray, s: FloatArray) -> BoolArray:
    """Whether right and wrong claims overlap, so that a finite fit exists; one answer per row.

    The first right claim must lie below the last wrong one, and the first wrong below the last
    right; both arguments have shape (B, q), columns in order of confidence.
    """
    right, wrong = s > 0, n > s
    last = n.shape[1] - 1
    first_right, first_wrong = right.argmax(axis=1), wrong.argmax(axis=1)
    last_right = last - right[:, ::-1].argmax(axis=1)
    last_wrong = last - wrong[:, ::-1].argmax(axis=1)
    both = right.any(axis=1) & wrong.any(axis=1)
    exists: BoolArray = both & (first_right < last_wrong) & (first_wrong < last_right)
    return exists


def fit_logistic(x: FloatArray, n: FloatArray, s: FloatArray) -> FloatArray:
    """Grouped logistic regressions on one regressor, all B of them at once.

    Newton's method from slope 0, each step halved until the likelihood does not fall: undamped
    steps diverge on steep data. Every row must satisfy `overlapping`.

    Args:
        x: shape (q,), the regressor, not constant.
        n: shape (B, q), trials.
        s: shape (B, q), successes.

    Returns:
        Shape (B, 2), intercept and slope.
    """
    centre, scale = float(x.mean()), float(x.std())
    z = (x - centre) / scale
    p = s.sum(axis=1) / n.sum(axis=1)
    beta = np.column_stack([np.log(p / (1 - p)), np.zeros_like(p)])
    value = _log_likelihood(beta, z, n, s)
    for _ in range(_ITERATIONS):
        mean = scipy.special.expit(beta[:, :1] + beta[:, 1:] * z)
        residual, weight = s - n * mean, n * mean * (1 - mean)
        g0, g1 = residual.sum(axis=1), residual @ z
        h00, h01, h11 = weight.sum(axis=1), weight @ z, weight @ z**2
        step = np.column_stack([h11 * g0 - h01 * g1, h00 * g1 - h01 * g0])
        step /= (h00 * h11 - h01**2)[:, np.newaxis]
        length = np.ones(len(beta))
        for _ in range(_HALVINGS):
            proposed = _log_likelihood(beta + length[:, np.newaxis] * step, z, n, s)
            worse = proposed < value - 1e-12 * np.abs(value)
            if not worse.any():
                break
            length[worse] /= 2
        beta = beta + length[:, np.newaxis] * step
        value = proposed
        if np.abs(step).max() < 1e-12:
            break
    slope = beta[:, 1] / scale
    return np.column_stack([beta[:, 0] - slope * centre, slope])


def _log_likelihood(beta: FloatArray, z: FloatArray, n: FloatArray, s: FloatArray) -> FloatArray:
    eta = beta[:, :1] + beta[:, 1:] * z
    total: FloatArray = (s * eta - n * np.logaddexp(0, eta)).sum(axis=1)
    return total
