"""A group as it is taken to be: which gaps the labels so far leave open, and what is unlabelled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import scipy

from core.defaults import MINIMUM_INPUTS
from core.measure.cells.cells import (
    BANDS,
    FloatArray,
    GroupSums,
    InputSums,
    IntArray,
    bin_of_hundredth,
    hundredth,
)
from core.measure.cells.group_sums import HUNDREDTHS
from core.measure.metrics.intervals import effective_n

#: How far from zero gaps usually lie: few labels are believed only so much against it.
TYPICAL_GAP = 0.1
#: No further label is foretold more surely than this.
LEAST = 0.002
#: Where the posterior of a gap is looked at: the middles of slices of equal probability. With many
#: labels the chance of an answer is a step in the gap, and 21 Gauss–Hermite nodes miss a chance of
#: .8 by up to a quarter where one of them, of weight .27, happens to fall on the edge.
_SLICES = 61
#: Draws of the bands' gaps at each of them.
_DRAWS = 5
#: How far bands' gaps may lie from their group's: a half-normal prior of the scale of `TYPICAL_GAP`
#: (Gelman 2006), by the middles of so many slices of equal probability.
_SPREADS = 16
_SEED = 20_240_229


@dataclass(frozen=True)
class Unlabelled:
    """What may still be labelled, of G groups.

    Attributes:
        inputs: shape (G,), distinct inputs with an unlabelled claim.
        n: shape (G, 101), unlabelled claims at each hundredth of confidence.
        sv: shape (G, 101), sum of their confidences.
        high_n: shape (G,), those in the high-confidence band.
        high_sv: shape (G,), sum of their confidences.
    """

    inputs: IntArray
    n: IntArray
    sv: FloatArray
    high_n: IntArray
    high_sv: FloatArray

    def take(self, groups: Sequence[int]) -> Unlabelled:
        """Those of the named groups only, in the order named."""
        at = np.asarray(groups, dtype=np.int64)
        return Unlabelled(*(getattr(self, field.name)[at] for field in fields(self)))


@dataclass(frozen=True)
class PartPosterior:
    """A group, or its high-confidence band.

    Attributes:
        n, s, sv: labelled claims, Σ outcome and Σ confidence.
        per_input: claims that one more labelled input brings to it.
        confidence: mean confidence of these.
        gap: the true gap believed.
        error: how far off that may be, the posterior's standard error.
        effect: design effect of repeated inputs, ≥ 1.
    """

    n: float
    s: float
    sv: float
    per_input: float
    confidence: float
    gap: float
    error: float
    effect: float

    @property
    def accuracy(self) -> float:
        """Of further labels, at the gap believed; never certain."""
        return min(max(self.confidence - self.gap, LEAST), 1 - LEAST)


@dataclass(frozen=True)
class GroupPosterior:
    """One group.

    Attributes:
        inputs: labelled ones.
        available: those that may still be labelled.
        whole, high: the group, and its high-confidence band.
        alone: whether the band is the whole group.
        bands: its bands of confidence that have or may get a label.
    """

    inputs: int
    available: int
    whole: PartPosterior
    high: PartPosterior
    alone: bool
    bands: BandsPosterior


@dataclass(frozen=True)
class BandsPosterior:
    """A group's bands of confidence; arrays of shape (B,) but for ``gaps``.

    Attributes:
        n: labelled claims.
        residual: their Σ(v − y).
        per_input: claims that one more labelled input brings to each.
        confidence: mean confidence of these.
        effect: design effect of repeated inputs, ≥ 1.
        high: how the high-confidence band is made of them, shares that sum to 1; 0 throughout
            where it is empty.
        gaps: shape (X, Y, B), Y draws of their true gaps at each slice of the whole gap.
        likeliest: the gaps that are believed the likeliest.
    """

    n: FloatArray
    residual: FloatArray
    per_input: FloatArray
    confidence: FloatArray
    effect: float
    high: FloatArray
    gaps: FloatArray
    likeliest: FloatArray

    @property
    def several(self) -> bool:
        """Whether there is a shape beside the gap."""
        return len(self.n) > 1


def posterior(sums: GroupSums, unlabelled: Unlabelled, g: int) -> GroupPosterior:
    """A group as it is taken to be."""
    repeated = sums.repeated
    total = float(sums.n[g].sum())
    inputs = int(repeated.whole.inputs[g]) if repeated else round(total)
    available = int(unlabelled.inputs[g])
    fresh, fresh_sv = unlabelled.n[g].astype(float), unlabelled.sv[g]
    high_n, high_sv = float(unlabelled.high_n[g]), float(unlabelled.high_sv[g])
    sources = available
    if not available:
        # Nothing is left to label: further claims would be like those there are.
        fresh, fresh_sv, sources = sums.n[g].astype(float), sums.sv[g], max(inputs, 1)
        high_n, high_sv = float(sums.high_n[g]), float(sums.high_sv[g])
    per_input = float(fresh.sum()) / sources if sources else 1.0

    def effect(n: float, s: float, sv: float, of: InputSums | None) -> float:
        if of is None or inputs < MINIMUM_INPUTS or n == 0:
            return max(per_input, 1.0)
        at = np.array([g])
        worth = float(effective_n(np.array([sv / n]), np.array([s]), np.array([n]), of.take(at))[0])
        return max(n / worth, 1.0) if worth > 0 else max(per_input, 1.0)

    def unit(
        n: float, s: float, sv: float, more: float, more_sv: float, of: InputSums | None
    ) -> PartPosterior:
        confidence = more_sv / more if more else (sv / n if n else 0.5)
        size = effect(n, s, sv, of)
        share = more / sources if sources else 0.0
        gap, error = _believed(n / size, s / size, sv / size, confidence)
        return PartPosterior(n, s, sv, share, confidence, gap, error, size)

    whole = unit(
        total,
        float(sums.s[g].sum()),
        float(sums.sv[g].sum()),
        float(fresh.sum()),
        float(fresh_sv.sum()),
        repeated.whole if repeated else None,
    )
    high = unit(
        float(sums.high_n[g]),
        float(sums.high_s[g]),
        float(sums.high_sv[g]),
        high_n,
        high_sv,
        repeated.high if repeated else None,
    )
    bands = _bands(whole, sums, unlabelled, g, sources)
    alone = high.n == total and math.isclose(high.per_input, whole.per_input)
    return GroupPosterior(inputs, available, whole, high, alone, bands)


def _believed(n: float, s: float, sv: float, confidence: float) -> tuple[float, float]:
    """The gap that n labels make believe, and its standard error; that of the prior without any."""
    if n == 0:
        return 0.0, TYPICAL_GAP
    accuracy = (s + 2) / (n + 4)
    variance = max(confidence * (1 - confidence), accuracy * (1 - accuracy) / 4)
    worth = n + variance / TYPICAL_GAP**2
    return (sv - s) / worth, math.sqrt(variance / worth)


def bands_once_labelled(
    sums: GroupSums, unlabelled: Unlabelled, g: int
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
    """The bands once all is labelled: upper edges, and n, Σ(v − y) and Σv of the labelled."""
    of, count = sums.bands, int(sums.bands.count[g])
    upper = of.upper[g, :count]
    open_at = np.flatnonzero(unlabelled.n[g])
    edges = np.union1d(upper, open_at)
    if not len(edges):
        edges = np.zeros(1, dtype=np.int64)
    n, sv = of.n[g, :count].astype(float), of.sv[g, :count]
    residual = sv - of.s[g, :count]
    if (count and of.width[g] > 1) or len(edges) > BANDS:
        upper = 10 * (bin_of_hundredth(upper) + 1)
        edges = np.union1d(upper, 10 * (bin_of_hundredth(open_at) + 1))
    place = np.searchsorted(edges, upper)
    n, residual, sv = (_summed(place, weight, edges) for weight in (n, residual, sv))
    return edges.astype(np.int64), n, residual, sv


def _summed(place: IntArray, weight: FloatArray, edges: IntArray) -> FloatArray:
    return np.bincount(place, weight, len(edges)).astype(np.float64)


def _bands(
    whole: PartPosterior, sums: GroupSums, unlabelled: Unlabelled, g: int, sources: int
) -> BandsPosterior:
    """A group's bands, and what the labels so far leave open of their gaps."""
    edges, n, residual, sv = bands_once_labelled(sums, unlabelled, g)
    fresh, fresh_sv = n, sv
    from_hundredth = int(hundredth(np.array([sums.high_from]))[0])
    high = np.where(edges >= from_hundredth, n, 0)
    if unlabelled.inputs[g]:
        at = np.searchsorted(edges, np.arange(HUNDREDTHS)).clip(max=len(edges) - 1)
        left = unlabelled.n[g].astype(float)
        fresh, fresh_sv = _summed(at, left, edges), _summed(at, unlabelled.sv[g], edges)
        left[:from_hundredth] = 0
        high = _summed(at, left, edges) if left.any() else high
    confidence = np.where(
        fresh > 0, fresh_sv / np.where(fresh > 0, fresh, 1), sv / np.where(n > 0, n, 1)
    )
    held = n / whole.effect
    accuracy = ((sv - residual) / whole.effect + 2) / (held + 4)
    variance = np.maximum(confidence * (1 - confidence), accuracy * (1 - accuracy) / 4)
    mix = n + fresh
    likeliest, gaps = _band_gaps(
        whole, residual / np.where(n > 0, n, 1), held / variance, mix / max(mix.sum(), 1e-12)
    )
    return BandsPosterior(
        n,
        residual,
        fresh / max(sources, 1),
        confidence,
        whole.effect,
        high / max(high.sum(), 1e-12),
        gaps,
        likeliest,
    )


def gap_slices(unit: PartPosterior) -> FloatArray:
    """The gaps at which its posterior is looked at."""
    found: FloatArray = unit.gap + unit.error * _nodes()
    return found


def _band_gaps(
    whole: PartPosterior, seen: FloatArray, precision: FloatArray, mix: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The likeliest gaps of bands, and draws of them about each slice of the whole gap.

    ``seen`` are the labels' own gaps, ``precision`` one over their variances, 0 without a label.
    """
    slices = gap_slices(whole)
    spread = np.where(precision > 0, 1 / np.where(precision > 0, precision, 1), np.inf)
    told = _spreads()[:, None] ** 2 + spread
    weight = np.where(np.isfinite(told), -0.5 * (np.log(told) + (seen - whole.gap) ** 2 / told), 0)
    chance = np.exp(weight.sum(axis=1) - weight.sum(axis=1).max())
    chance /= chance.sum()
    rng = np.random.default_rng(_SEED)
    size = _SLICES * _DRAWS
    # Each spread as often as it is likely, in an order that has nothing to do with the slices.
    at = np.searchsorted(np.cumsum(chance), (rng.permutation(size) + 0.5) / size)
    drawn = _spreads()[at.clip(max=_SPREADS - 1)].reshape(_SLICES, _DRAWS, 1)
    normal = rng.standard_normal((_SLICES, _DRAWS, len(mix)))

    def about(gap: FloatArray, squared: FloatArray) -> tuple[FloatArray, FloatArray]:
        share = squared * precision / (1 + squared * precision)
        return share * (seen - gap), np.sqrt(squared * (1 - share))

    mean, deviation = about(slices[:, None, None], drawn**2)
    off = mean + deviation * normal
    off -= (off @ mix)[..., None]
    likely, _ = about(np.array(whole.gap), (chance @ _spreads() ** 2)[None])
    return whole.gap + likely - likely @ mix, slices[:, None, None] + off


@cache
def _nodes() -> FloatArray:
    """Standard normal quantiles at the middles of the slices, shape (_SLICES,)."""
    found: FloatArray = scipy.special.ndtri((np.arange(_SLICES) + 0.5) / _SLICES)
    return found


@cache
def _spreads() -> FloatArray:
    """Half-normal quantiles at the middles of the slices, shape (_SPREADS,)."""
    middles = 0.5 + (np.arange(_SPREADS) + 0.5) / (2 * _SPREADS)
    found: FloatArray = TYPICAL_GAP * scipy.special.ndtri(middles)
    return found
