"""The interval of each metric that a written bound can be put on, and how it narrows with labels.

The intervals are made to be *decided* on, so each errs, where it must, on the wide side:

- shares and gaps: Clopper–Pearson, over inputs where they repeat (`gap_interval`);
- AUROC: the hull of the percentile bootstrap and DeLong's interval on the logit scale. Near 1 the
  percentile interval alone lies too high: its lower end was above the truth in 7–9 % of samples of
  60 to 1,000 claims (nominal 2.5 %; AUROC .86), the hull's in 3–4 %;
- Brier score: the hull of the percentile bootstrap and Hall's (1992) skewness-corrected normal
  interval, for failures that are rare and costly;
- ece, ece_debiased_l2, smece, cutoff_error, mcb, dsc: their noise pushes them up, and resampling
  adds the same again. The hull of the percentile interval and its reflection about the estimate
  (the *basic* interval, Davison & Hinkley 1997, §5.2.1, which takes the bias off twice) is honest
  at both ends: an upper end that holds the noise, so that a small ECE is never taken for shown too
  early, and a lower end without it, so that a noisy one is not taken for a miss. Others compare the
  raw ECE, or its percentile interval, with the bound; on few labels that fails calibrated signals.

Bootstraps are run once per sample at 95 %; other levels scale the distance from their middle by
the normal quantile, because percentiles far out would need thousands of draws.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy

from core.measure.cells.cells import Cells, FloatArray, GroupSums, InputSums
from core.measure.cells.group_sums import group_sums, in_high_band, tally
from core.measure.metrics.bounded import DISCRIMINATION_METRICS
from core.measure.metrics.intervals import gap_interval
from core.measure.metrics.metric_bootstrap import bootstrap_intervals
from core.measure.metrics.noise_floor import ece_noise_floor
from core.measure.metrics.reliability_curve import corp_decomposition
from core.measure.metrics.scores import (
    NO_LABELS,
    ONE_CLASS,
    ONE_INPUT,
    NoValue,
    auroc,
    brier,
    cutoff_error,
    ece,
    ece_debiased_l2,
    labelled,
)
from core.measure.metrics.smece import smece

Interval = tuple[float, float]

#: Confidence level of a single statement.
LEVEL = 0.95
#: Resamples behind a composite metric; and where inputs repeat, each of which costs far more.
DRAWS, DRAWS_OF_INPUTS = 400, 200
#: Right and wrong claims (inputs) that an AUROC needs before it is told at all.
MINIMUM_OF_CLASS = 10

_BIASED_UP = ("ece", "ece_debiased_l2", "smece", "cutoff_error", "mcb", "dsc")


@dataclass(frozen=True)
class JudgedSample:
    """The claims a bound is judged on.

    Attributes:
        cells: all of them.
        automated: those that the written rules would automate.
        high_from: lower edge of the high-confidence band, inclusive.
    """

    cells: Cells
    automated: Cells
    high_from: float

    @cached_property
    def sums(self) -> GroupSums:
        """Sums of two groups: all claims, and the automated ones."""
        return group_sums([self.cells, self.automated], self.high_from)

    @cached_property
    def composite(self) -> dict[str, Interval]:
        """Percentile bootstrap intervals at `LEVEL`, see `bootstrap_intervals`."""
        draws = DRAWS if self.cells.inputs is None else DRAWS_OF_INPUTS
        return bootstrap_intervals(self.cells, draws=draws, level=LEVEL, seed=seed_of(self.cells))

    def stated_in(self, metric: str) -> int:
        """Stated claims that the metric is about: of its band, else all."""
        if metric in ("high_band_gap", "high_band_accuracy"):
            high = in_high_band(self.cells.v, self.high_from)
            return int(self.cells.n_claims[high].sum())
        chosen = self.automated if metric == "automated_error" else self.cells
        return int(chosen.n_claims.sum())


@dataclass(frozen=True)
class Estimate:
    """A metric with what is known of it.

    Attributes:
        value: its estimate.
        n: labelled claims it rests on (stated ones for the coverage).
        at: α → its interval at level 1 − α.
        grown: f → roughly its interval at `LEVEL` had it f times the labels (f ≥ 1), of like kind.
        aim: what the estimate would settle at with more labels: without what noise adds to it.
    """

    value: float
    n: int
    at: Callable[[float], Interval]
    grown: Callable[[float], Interval]
    aim: float


def collapsed(sample: JudgedSample) -> bool:
    """Whether all labelled claims state one confidence, which then ranks nothing."""
    return labelled(sample.cells).v.size == 1


def seed_of(cells: Cells) -> int:
    """A seed that depends on the labelled claims and nothing else."""
    cells = labelled(cells)
    ppm = np.rint(cells.v * 1_000_000).astype("<i8")
    rows = np.stack([ppm, cells.n.astype("<i8"), cells.s.astype("<i8")])
    return int.from_bytes(hashlib.sha256(rows.tobytes()).digest()[:4], "big")


def estimate(metric: str, sample: JudgedSample) -> Estimate | NoValue:
    """A metric's estimate and interval.

    Args:
        metric: a key of `core.measure.metrics.bounded.METRICS`; of both gaps the size counts.

    Returns:
        The estimate, or why there is none.

    Raises:
        ValueError: there is no such metric.
    """
    if metric in _OF_GAP:
        return _OF_GAP[metric](sample)
    if metric == "coverage":
        return _coverage(sample)
    if metric not in (*_BIASED_UP, "auroc", "brier"):
        raise ValueError(f"no bound can be put on {metric!r}")
    cells = labelled(sample.cells)
    if not cells.total:
        return NO_LABELS
    if cells.inputs is not None and cells.inputs.n_inputs < 2:
        return ONE_INPUT
    if metric in DISCRIMINATION_METRICS and collapsed(sample):
        value = 0.5 if metric == "auroc" else 0.0
        exact = (value, value)
        return Estimate(value, cells.total, lambda alpha: exact, lambda f: exact, value)
    return _composite(metric, sample)


# Shares and gaps ------------------------------------------------------------------------------


def _gap_size(confidence: float, low: float, high: float) -> Interval:
    return max(0.0, low, -high), max(-low, high)


def _accuracy(confidence: float, low: float, high: float) -> Interval:
    return max(0.0, confidence - high), min(1.0, confidence - low)


def _error(confidence: float, low: float, high: float) -> Interval:
    return max(0.0, 1 - confidence + low), min(1.0, 1 - confidence + high)


def _of_gap(
    sums: GroupSums, group: int, seen: Callable[[float, float, float], Interval], *, band: bool
) -> Estimate | NoValue:
    """What is a function of the gap's interval, of a group or of its high-confidence band."""
    if band:
        n, s = float(sums.high_n[group]), float(sums.high_s[group])
        sv, repeated = float(sums.high_sv[group]), sums.repeated.high if sums.repeated else None
    else:
        n, s = float(sums.n[group].sum()), float(sums.s[group].sum())
        sv, repeated = float(sums.sv[group].sum()), sums.repeated.whole if sums.repeated else None
    if not n:
        return NO_LABELS
    confidence = sv / n
    inputs: InputSums | None = None
    if repeated is not None and repeated.inputs[group] < n:
        inputs = repeated.take(np.array([group]))
        if inputs.inputs[0] < 2:
            return ONE_INPUT
    gap = confidence - s / n

    def ends(alpha: float, f: float = 1.0) -> Interval:
        if inputs is None:
            low, high = gap_interval(confidence, s * f, n * f, alpha)
        else:
            low, high = gap_interval([confidence], [s], [n], alpha, inputs)
            low, high = gap - (gap - low) / math.sqrt(f), gap + (high - gap) / math.sqrt(f)
        return float(np.ravel(low)[0]), float(np.ravel(high)[0])

    value = seen(confidence, gap, gap)[0]
    return Estimate(
        value,
        int(n),
        lambda alpha: seen(confidence, *ends(alpha)),
        lambda f: seen(confidence, *ends(1 - LEVEL, f)),
        value,
    )


_OF_GAP: dict[str, Callable[[JudgedSample], Estimate | NoValue]] = {
    "gap": lambda sample: _of_gap(sample.sums, 0, _gap_size, band=False),
    "high_band_gap": lambda sample: _of_gap(sample.sums, 0, _gap_size, band=True),
    "accuracy": lambda sample: _of_gap(sample.sums, 0, _accuracy, band=False),
    "high_band_accuracy": lambda sample: _of_gap(sample.sums, 0, _accuracy, band=True),
    "automated_error": lambda sample: _of_gap(sample.sums, 1, _error, band=False),
}


def _coverage(sample: JudgedSample) -> Estimate | NoValue:
    stated = int(sample.cells.n_claims.sum())
    if not stated:
        return NoValue("no stated claims")
    value = sample.cells.total / stated
    exact = (value, value)
    return Estimate(value, stated, lambda alpha: exact, lambda f: exact, value)


# Composite metrics ----------------------------------------------------------------------------


def _composite(metric: str, sample: JudgedSample) -> Estimate | NoValue:
    cells = labelled(sample.cells)
    value = _value(metric, cells)
    if isinstance(value, NoValue):
        return value
    boot = sample.composite.get(metric)
    if metric == "auroc":
        return _auroc(cells, value, boot)
    if boot is None:
        return NoValue("too few labelled claims to resample")
    middle = sum(boot) / 2
    aim = value
    if metric == "ece":
        aim = max(0.0, value - float(ece_noise_floor(sample.sums)[0]))
    elif metric in _BIASED_UP:
        aim = max(0.0, 2 * value - middle)

    def ends(alpha: float) -> Interval:
        low, high = _scaled(boot, alpha)
        if metric == "brier":
            return _hull((low, high), _skew_corrected(cells, alpha))
        return _hull((low, high), (2 * value - high, 2 * value - low))

    now = ends(1 - LEVEL)

    def grown(f: float) -> Interval:
        low, high = now
        return _clipped((aim - (aim - low) / math.sqrt(f), aim + (high - aim) / math.sqrt(f)))

    return Estimate(value, cells.total, lambda alpha: _clipped(ends(alpha)), grown, aim)


def _value(metric: str, cells: Cells) -> float | NoValue:
    if metric in ("mcb", "dsc"):
        parts = corp_decomposition(cells)
        return parts if isinstance(parts, NoValue) else float(getattr(parts, metric))
    if metric == "auroc":
        area = auroc(cells)
        return area if isinstance(area, NoValue) else area.value
    scores = {
        "brier": brier,
        "ece": ece,
        "ece_debiased_l2": ece_debiased_l2,
        "smece": smece,
        "cutoff_error": cutoff_error,
    }
    return scores[metric](cells)


def _scaled(ends: Interval, alpha: float) -> Interval:
    """Percentile ends at `LEVEL` carried over to level 1 − α."""
    ratio = float(scipy.special.ndtri(1 - alpha / 2) / scipy.special.ndtri((1 + LEVEL) / 2))
    middle, half = sum(ends) / 2, (ends[1] - ends[0]) / 2
    return middle - half * ratio, middle + half * ratio


def _hull(one: Interval, other: Interval) -> Interval:
    return min(one[0], other[0]), max(one[1], other[1])


def _clipped(ends: Interval) -> Interval:
    return min(1.0, max(0.0, ends[0])), min(1.0, max(0.0, ends[1]))


def _skew_corrected(cells: Cells, alpha: float) -> Interval:
    """Interval of the Brier score, a mean, corrected for its skewness (Hall 1992).

    ``x̄ ± se·z`` shifted by ``se·(γ/√J)(1 + 2z²)/6``, J inputs; where they repeat, over the
    linearised sums per input.
    """
    wrong = cells.n - cells.s
    total = cells.total
    mean = float((cells.s * (1 - cells.v) ** 2 + wrong * cells.v**2).sum()) / total
    if cells.inputs is None:
        deviation: FloatArray = np.concatenate([(1 - cells.v) ** 2, cells.v**2]) - mean
        weight: FloatArray = np.concatenate([cells.s, wrong]).astype(np.float64)
        size = total
    else:
        e = cells.inputs
        v = cells.v[e.value]
        score = e.s * (1 - v) ** 2 + (e.n - e.s) * v**2 - mean * e.n
        deviation = tally(e.input, score, e.n_inputs)
        weight, size = np.ones(deviation.size), e.n_inputs
    second = float((weight * deviation**2).sum())
    third = float((weight * deviation**3).sum())
    if size < 2 or second <= 0:
        return mean, mean
    error = math.sqrt(size / (size - 1) * second) / total
    z = float(scipy.special.ndtri(1 - alpha / 2))
    skewness = (third / size) / (second / size) ** 1.5
    shift = skewness / math.sqrt(size) * (1 + 2 * z * z) / 6
    return mean + error * (shift - z), mean + error * (shift + z)


def _auroc(cells: Cells, value: float, boot: Interval | None) -> Estimate | NoValue:
    area = auroc(cells)
    if isinstance(area, NoValue):
        return ONE_CLASS
    wrong = cells.n - cells.s
    if cells.inputs is None:
        few = float(min(cells.s.sum(), wrong.sum()))
    else:
        e = cells.inputs
        few = float(min(np.unique(e.input[m > 0]).size for m in (e.s, e.n - e.s)))
    known = area.standard_error
    # Where DeLong has no value, the variance is at most A(1 − A) over the rarer class (Birnbaum).
    error = math.sqrt(value * (1 - value) / few) if isinstance(known, NoValue) else float(known)

    def ends(alpha: float, f: float) -> Interval:
        if few * f < MINIMUM_OF_CLASS:
            return 0.0, 1.0
        low, high = _logit_interval(value, error / math.sqrt(f), few * f, alpha)
        if boot is not None:
            first, last = _scaled(boot, alpha)
            low = min(low, value - (value - first) / math.sqrt(f))
            high = max(high, value + (last - value) / math.sqrt(f))
        return _clipped((low, high))

    return Estimate(
        value,
        cells.total,
        lambda alpha: ends(alpha, 1.0),
        lambda f: ends(1 - LEVEL, f),
        value,
    )


def _logit_interval(area: float, error: float, few: float, alpha: float) -> Interval:
    """DeLong's interval on the logit scale; where nothing is out of order, that of ``few`` trials.

    A perfect order has no spread to go by: its far end is ``(α/2)^(1/few)``, Clopper–Pearson's
    when each of the rarer class were one trial.
    """
    if area in (0.0, 1.0) or error <= 0:
        far = (alpha / 2) ** (1 / few)
        return (far, 1.0) if area >= 0.5 else (0.0, 1 - far)
    z = float(scipy.special.ndtri(1 - alpha / 2))
    half = z * error / (area * (1 - area))
    return float(scipy.special.expit(scipy.special.logit(area) - half)), float(
        scipy.special.expit(scipy.special.logit(area) + half)
    )
