"""How many more labels would turn *cannot tell* into an answer.

Each group is taken to be as its labels so far suggest, and the verdict's own rule (`judge`) is
asked how often it would decide after so many labels more. What is labelled already counts as it
stands; what would be labelled is drawn evenly from the group's unlabelled claims, whose confidences
are known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special, stats

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
from core.measure.metrics.shape import even_critical, patterns
from core.measure.verdicts.verdict import gap_level, max_statistic_critical_value, shape_levels

#: The chance with which the planned labels are to give an answer.
CHANCE = 0.8
#: How far from zero gaps usually lie: few labels are believed only so much against it.
TYPICAL_GAP = 0.1
#: Nobody labels more; a need beyond it is none that labels meet.
MOST = 1_000_000
#: Labels of a group, or of its high-confidence band, beyond which no need is reasonable.
REASONABLE = 50_000

_MILLION = 1_000_000

#: What the labels are expected to show, or why none would: `near` the edge of the tolerance;
#: bands that `cancel`: the gaps are within it and the error over bands is not; a high-confidence
#: band that is `exhausted`: too few labels place it, and none of its claims is left to label.
Outlook = Literal["inside", "outside", "near", "cancel", "exhausted"]

_GRID = np.unique(np.concatenate([[0], np.rint(np.geomspace(1, MOST, 100))])).astype(np.int64)
_FINER = 24
#: No further label is foretold more surely than this.
_LEAST = 0.002


#: Where the posterior of a gap is looked at: the middles of slices of equal probability. With many
#: labels the chance of an answer is a step in the gap, and 21 Gauss–Hermite nodes miss a chance of
#: .8 by up to a quarter where one of them, of weight .27, happens to fall on the edge.
_SLICES = 61
_NODES = special.ndtri((np.arange(_SLICES) + 0.5) / _SLICES)
#: Draws of the bands' gaps at each of them.
_DRAWS = 5
#: How far bands' gaps may lie from their group's: a half-normal prior of the scale of `TYPICAL_GAP`
#: (Gelman 2006), by the middles of slices of equal probability.
_SPREADS = TYPICAL_GAP * special.ndtri(0.5 + (np.arange(16) + 0.5) / 32)
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
class Plan:
    """Further labelled inputs of G groups; every array has shape (G,).

    Attributes:
        needed: until the verdict is given with ``chance``; inf where no reasonable number does.
        likely: until it is as likely as not; inf likewise.
        whole: until the group's gap is placed, wholly inside or wholly outside the tolerance.
        high: until that of its high-confidence band is, counted over all bands: labels are drawn
            from the group evenly. 0 where the band is, and will be, empty.
        shape: until the error over its bands is. 0 where it has but one.
        plateau: the best chance of an answer that a reasonable number gives, in [0, 1].
        plateau_at: the fewest labels that come within two points of it.
        edge: half-width of the band around the tolerance, on either side, in which a true gap is
            not told with ``chance`` by a reasonable number of labels.
        available: distinct inputs that may still be labelled.
        possible: whether ``needed`` is no more than that.
        chance_if_all: of an answer when all of these are labelled, in [0, 1].
        outlook: what to expect of the labels.
        gap: the true gap that is believed the likeliest.
        high_gap: that of the band.
        chance: with which the labels are to give an answer.
        critical_value: how many standard errors the correction will ask for.
    """

    needed: FloatArray
    likely: FloatArray
    whole: FloatArray
    high: FloatArray
    shape: FloatArray
    plateau: FloatArray
    plateau_at: FloatArray
    edge: FloatArray
    available: IntArray
    possible: npt.NDArray[np.bool_]
    chance_if_all: FloatArray
    outlook: tuple[Outlook, ...]
    gap: FloatArray
    high_gap: FloatArray
    chance: float
    critical_value: float

    def __len__(self) -> int:
        return len(self.needed)


def plan_labels(
    sums: GroupSums,
    unlabelled: Unlabelled,
    *,
    tolerance: float,
    critical_value: float,
    shapes: int = 1,
    level: float = 0.95,
    chance: float = CHANCE,
) -> Plan:
    """Plan the labels of G groups that are judged together.

    The true gap is not known, and a plan for one guess of it decides far less often than it says
    where the guess is off: the chance of an answer is averaged over what the labels so far leave
    open (*assurance*: Spiegelhalter & Freedman 1986; O'Hagan, Stevens & Campbell 2005), over slices
    of a normal posterior with mean ``n·g/(n + σ²/τ²)`` and standard error
    ``σ/√(n + σ²/τ²)``, the prior being around zero with τ = `TYPICAL_GAP` (Gelman et al. 2013,
    §2.5). The gaps of the bands of confidence lie about their group's, normally and with one
    spread, of which the labels so far and a half-normal prior say how large it may be; they are
    drawn a few times for each slice, with a fixed seed. That of the high-confidence band is theirs
    that it is made of, so that no part is thought to be off independently of the others.

    For each number of further labels the intervals' ends are known in closed form, since a
    Clopper–Pearson end lies beyond a bound exactly where a binomial tail is small, and so are the
    chances that the final sum of outcomes, the one there is plus a binomial, falls between them.
    For the shape (`core.measure.metrics.shape`) sums over bands are taken as normal: its upper
    bound is within the tolerance with the chance of an ECE of folded normals, and its lower bound
    is beyond it at least as often as that of the *one* pattern that shows most.

    With P_out the largest of the parts' chances to be off, the verdict is given with at least
    ``P_out + P_fine·P_fine,high·P_fine,shape``: a group is off by any of its parts and fine by
    all, and events that go together happen together more often than apart (Royen 2014).

    A gap at the very edge of the tolerance is told by no number. Where the chance is not reached
    with `REASONABLE` labels of the group, or of its band, no number is named but the best chance
    there is, and how near the edge the gap has to be for that.

    Where inputs repeat, labels count as effective ones (`effective_n`); under `MINIMUM_INPUTS`
    inputs, where that says little, an input's claims are taken to fall together (Kish 1965).

    Args:
        sums: of G groups, as they were judged.
        unlabelled: what may still be labelled of them.
        tolerance: the gap accepted, in [0, 1].
        critical_value: how many standard errors the correction asks for: the judgement's own, or
            `critical_value_of_all`.
        shapes: groups whose shapes are judged together, `shapes_of_all`.
        level: confidence level of the verdict, in (0, 1).
        chance: wanted chance of an answer, in (0, 1).

    Returns:
        The plan; under the verdict's own rule a group that is judged already may still need
        labels, so ask it for those that cannot be told.

    Raises:
        ValueError: the chance or the tolerance is out of range.
    """
    if not 0 < chance < 1:
        raise ValueError(f"a chance must be in (0, 1), not {chance}")
    if not 0 <= tolerance <= 1:
        raise ValueError(f"tolerance must be in [0, 1], not {tolerance}")
    alpha = float(2 * special.ndtr(-critical_value))
    size = len(sums)
    asked = _Asked(tolerance, alpha, *shape_levels(level, shapes), chance)
    found = [_planned(sums, unlabelled, g, asked) for g in range(size)]
    available = unlabelled.inputs.astype(np.int64)

    def column(name: str) -> FloatArray:
        return np.array([getattr(one, name) for one in found], dtype=np.float64)

    needed = column("needed")
    return Plan(
        needed=needed,
        likely=column("likely"),
        whole=column("whole"),
        high=column("high"),
        shape=column("shape"),
        plateau=column("plateau"),
        plateau_at=column("plateau_at"),
        edge=column("edge"),
        available=available,
        possible=needed <= available,
        chance_if_all=column("chance_if_all"),
        outlook=tuple(one.outlook for one in found),
        gap=column("gap"),
        high_gap=column("high_gap"),
        chance=chance,
        critical_value=critical_value,
    )


def drawing_chance(wanted: float, undrawn: Sequence[tuple[int, int]]) -> int:
    """The chance with which a group is drawn so that so many new inputs are to be expected.

    Every input has one permanent random number u, even on [0, 1), and a draw with chance π takes
    those with u < π (Poisson sampling with permanent random numbers: Ohlsson 1995). An input that
    was not taken with chance p has u ≥ p and is taken now with ``max(0, π − p) / (1 − p)``. For a
    first draw that is ``π = wanted / available``.

    Args:
        wanted: inputs beyond those that earlier draws took.
        undrawn: (p in millionths, unlabelled inputs that no earlier draw took).

    Returns:
        π in whole millionths, the smallest that does; 1,000,000 where none does; 0 where nothing
        is wanted or there.
    """
    least = min((p for p, count in undrawn if count and p < _MILLION), default=_MILLION)
    if wanted <= 0 or least == _MILLION:
        return 0

    def expected(chance: int) -> float:
        return sum(n * max(0, chance - p) / (_MILLION - p) for p, n in undrawn if p < _MILLION)

    low, high = least, _MILLION
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if expected(middle) >= wanted - 1e-9 else (middle, high)
    return high


def critical_value_of_all(sums: GroupSums, unlabelled: Unlabelled, *, level: float = 0.95) -> float:
    """The correction's critical value once every group that could be judged is in the family.

    The family grows with labels: it takes in the groups that have too few now.

    Args:
        sums: of all groups that are judged together.
        unlabelled: what may still be labelled of them.
        level: confidence level of the verdict.

    Returns:
        At least as large as `judge` has it now, where only labels are added.
    """
    n, sv = sums.n.sum(axis=1) + unlabelled.n.sum(axis=1), sums.sv.sum(axis=1)
    inputs = sums.repeated.whole.inputs if sums.repeated else sums.n.sum(axis=1)
    could = inputs + unlabelled.inputs >= MINIMUM_INPUTS
    shaped = shapes_of_all(sums, unlabelled) > 0
    high_n = sums.high_n + unlabelled.high_n
    claimed = sv + unlabelled.sv.sum(axis=1)
    high_claimed = sums.high_sv + unlabelled.high_sv
    # Σv(1−v) as if each claim had its unit's mean: what is squared is not kept of the unlabelled.
    every = claimed * (1 - claimed / np.where(n > 0, n, 1))
    high = high_claimed * (1 - high_claimed / np.where(high_n > 0, high_n, 1))
    share = np.clip(high / np.where(every > 0, every, np.inf), 0, 1)
    alone = (high_n == 0) | (high_n == n)
    correlation = np.where(alone, 1.0, np.sqrt(share))
    return max_statistic_critical_value(correlation[could], gap_level(level, shaped=shaped))


def shapes_of_all(sums: GroupSums, unlabelled: Unlabelled) -> int:
    """The groups whose shape is judged once every group that could be is in the family.

    Args:
        sums: of all groups that are judged together.
        unlabelled: what may still be labelled of them.
    """
    inputs = sums.repeated.whole.inputs if sums.repeated else sums.n.sum(axis=1)
    could = inputs + unlabelled.inputs >= MINIMUM_INPUTS
    several = [_bands_of(sums, unlabelled, g)[0].size > 1 for g in range(len(sums))]
    return int((could & np.array(several, dtype=np.bool_)).sum())


@dataclass(frozen=True)
class _Asked:
    """By what rule, and how surely; alphas of gaps, and of a shape's lower and upper bound."""

    tolerance: float
    alpha: float
    shape_alpha: float
    shape_alpha_high: float
    chance: float


@dataclass(frozen=True)
class _Planned:
    """One group's part of a `Plan`."""

    needed: float
    likely: float
    whole: float
    high: float
    shape: float
    plateau: float
    plateau_at: float
    edge: float
    chance_if_all: float
    outlook: Outlook
    gap: float
    high_gap: float


def _planned(sums: GroupSums, unlabelled: Unlabelled, g: int, asked: _Asked) -> _Planned:
    one = _group(sums, unlabelled, g)
    curve = _chances(one, _GRID, asked)
    needed, whole, high, shape = (
        _first(one, getattr(curve, name), asked, name)
        for name in ("decided", "whole", "high", "shape")
    )
    likely = _first(one, curve.decided, replace(asked, chance=0.5), "decided")
    # What is drawn is counted in inputs, and what a gap takes in labels of its own.
    in_whole, in_high = max(one.whole.per_input, 1.0), max(one.high.per_input, 1e-9)
    most = max(REASONABLE / in_whole, REASONABLE / in_high if one.high.per_input else 0.0)
    longest = max(whole * in_whole, shape * in_whole, high * in_high if one.high.per_input else 0.0)
    near = longest > REASONABLE and needed * in_whole > REASONABLE
    if near:
        needed = math.inf
        likely = math.inf if likely > most else likely
    there = np.flatnonzero(most >= _GRID)
    best = float(curve.decided[there].max())
    short = int(np.flatnonzero(curve.decided[there] >= best - 0.02)[0])
    if_all = _chances(one, np.array([one.available]), asked).decided[0]
    return _Planned(
        needed=needed,
        likely=likely,
        whole=whole,
        high=high,
        shape=shape,
        plateau=best,
        plateau_at=float(_GRID[short]),
        edge=_edge(one, asked),
        chance_if_all=float(if_all),
        outlook=_outlook(one, asked, needed, near),
        gap=one.whole.gap,
        high_gap=one.high.gap,
    )


def _edge(one: _Group, asked: _Asked) -> float:
    """How near the tolerance an error has to be for `REASONABLE` labels to leave it open."""
    unit = one.whole
    spread = math.sqrt(unit.accuracy * (1 - unit.accuracy) * unit.effect / REASONABLE)
    power = float(special.ndtri(asked.chance))
    steps = float(special.ndtri(1 - asked.alpha / 2))
    if one.bands.several:
        above = even_critical(len(one.bands.n), asked.shape_alpha)
        # So near the tolerance bands are off by far more than their noise: the ECE has no bias.
        below = float(special.ndtri(1 - asked.shape_alpha_high / 2))
        steps = max(steps, above, below)
    return (steps + power) * spread


@dataclass(frozen=True)
class _Unit:
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
        return min(max(self.confidence - self.gap, _LEAST), 1 - _LEAST)


@dataclass(frozen=True)
class _Group:
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
    whole: _Unit
    high: _Unit
    alone: bool
    bands: _Bands


@dataclass(frozen=True)
class _Bands:
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


@dataclass(frozen=True)
class _Chances:
    """Chances of an answer after so many labels more, shape (K,)."""

    decided: FloatArray
    whole: FloatArray
    high: FloatArray
    shape: FloatArray


def _group(sums: GroupSums, unlabelled: Unlabelled, g: int) -> _Group:
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
    ) -> _Unit:
        confidence = more_sv / more if more else (sv / n if n else 0.5)
        size = effect(n, s, sv, of)
        share = more / sources if sources else 0.0
        gap, error = _believed(n / size, s / size, sv / size, confidence)
        return _Unit(n, s, sv, share, confidence, gap, error, size)

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
    return _Group(inputs, available, whole, high, alone, bands)


def _believed(n: float, s: float, sv: float, confidence: float) -> tuple[float, float]:
    """The gap that n labels make believe, and its standard error; that of the prior without any."""
    if n == 0:
        return 0.0, TYPICAL_GAP
    accuracy = (s + 2) / (n + 4)
    variance = max(confidence * (1 - confidence), accuracy * (1 - accuracy) / 4)
    worth = n + variance / TYPICAL_GAP**2
    return (sv - s) / worth, math.sqrt(variance / worth)


def _bands_of(
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


def _bands(whole: _Unit, sums: GroupSums, unlabelled: Unlabelled, g: int, sources: int) -> _Bands:
    """A group's bands, and what the labels so far leave open of their gaps."""
    edges, n, residual, sv = _bands_of(sums, unlabelled, g)
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
    return _Bands(
        n,
        residual,
        fresh / max(sources, 1),
        confidence,
        whole.effect,
        high / max(high.sum(), 1e-12),
        gaps,
        likeliest,
    )


def _slices(unit: _Unit) -> FloatArray:
    """The gaps at which its posterior is looked at."""
    found: FloatArray = unit.gap + unit.error * _NODES
    return found


def _band_gaps(
    whole: _Unit, seen: FloatArray, precision: FloatArray, mix: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The likeliest gaps of bands, and draws of them about each slice of the whole gap.

    ``seen`` are the labels' own gaps, ``precision`` one over their variances, 0 without a label.
    """
    slices = _slices(whole)
    spread = np.where(precision > 0, 1 / np.where(precision > 0, precision, 1), np.inf)
    told = _SPREADS[:, None] ** 2 + spread
    weight = np.where(np.isfinite(told), -0.5 * (np.log(told) + (seen - whole.gap) ** 2 / told), 0)
    chance = np.exp(weight.sum(axis=1) - weight.sum(axis=1).max())
    chance /= chance.sum()
    rng = np.random.default_rng(_SEED)
    size = _SLICES * _DRAWS
    # Each spread as often as it is likely, in an order that has nothing to do with the slices.
    at = np.searchsorted(np.cumsum(chance), (rng.permutation(size) + 0.5) / size)
    drawn = _SPREADS[at.clip(max=len(_SPREADS) - 1)].reshape(_SLICES, _DRAWS, 1)
    normal = rng.standard_normal((_SLICES, _DRAWS, len(mix)))

    def about(gap: FloatArray, squared: FloatArray) -> tuple[FloatArray, FloatArray]:
        share = squared * precision / (1 + squared * precision)
        return share * (seen - gap), np.sqrt(squared * (1 - share))

    mean, deviation = about(slices[:, None, None], drawn**2)
    off = mean + deviation * normal
    off -= (off @ mix)[..., None]
    likely, _ = about(np.array(whole.gap), (chance @ _SPREADS**2)[None])
    return whole.gap + likely - likely @ mix, slices[:, None, None] + off


def _chances(one: _Group, more: IntArray, asked: _Asked) -> _Chances:
    """Averaged over the posterior."""
    out, inside = _placed(one.whole, more, asked, _slices(one.whole))
    high_out, high_inside = _placed(one.high, more, asked, one.bands.gaps @ one.bands.high)
    enough = one.inputs + more >= MINIMUM_INPUTS
    off_shape, fine_shape = _shaped(one.bands, more, asked, one.bands.gaps)
    settled = fine_shape * inside[:, None] * (1.0 if one.alone else high_inside)
    off_any = np.maximum(np.maximum(out[:, None], high_out), off_shape)
    decided = np.minimum(off_any + settled, 1)

    def averaged(chance: FloatArray) -> FloatArray:
        return np.where(enough, chance, 0)

    return _Chances(
        decided=averaged(decided.mean(axis=(0, 1))),
        whole=averaged((out + inside).mean(axis=0)),
        high=averaged((high_out + high_inside).mean(axis=(0, 1))),
        shape=averaged((off_shape + fine_shape).mean(axis=(0, 1))),
    )


def _placed(
    unit: _Unit, more: IntArray, asked: _Asked, gaps: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Chances that the interval lies wholly outside, and inside, shape (…, K), at true gaps (…)."""
    before, right = np.rint(unit.n / unit.effect), np.rint(unit.s / unit.effect)
    fresh = np.rint(more * unit.per_input / unit.effect)
    n = before + fresh
    known = np.where(n > 0, n, 1)
    claimed = (unit.sv / unit.effect + fresh * unit.confidence) / known
    binom, half, tolerance = stats.binom, asked.alpha / 2, asked.tolerance

    def at_most(bound: FloatArray) -> FloatArray:
        """The most right ones with which the accuracy's upper end is below a bound; −1: none."""
        found = binom.ppf(half, known, np.clip(bound, 1e-12, 1 - 1e-12)) - 1
        return np.where(bound >= 1, known, np.where(bound <= 0, -1, found))

    def at_least(bound: FloatArray) -> FloatArray:
        """The fewest right ones with which its lower end is above a bound; n + 1: none."""
        found = binom.isf(half, known, np.clip(bound, 1e-12, 1 - 1e-12)) + 1
        return np.where(bound <= 0, 0, np.where(bound >= 1, known + 1, found))

    def up_to(most: FloatArray) -> FloatArray:
        """P(right + fresh right ones ≤ most)."""
        chance: FloatArray = binom.cdf(most - right, fresh, accuracy)
        return chance

    accuracy = np.clip(unit.confidence - gaps, _LEAST, 1 - _LEAST)[..., None]

    low, high = at_least(claimed - tolerance), at_most(claimed + tolerance)
    inside = np.maximum(up_to(high) - up_to(low - 1), 0)
    beyond = up_to(at_most(claimed - tolerance)) + 1 - up_to(at_least(claimed + tolerance) - 1)
    return np.where(n > 0, beyond, 0.0), np.where(n > 0, inside, 1.0)


def _shaped(
    bands: _Bands, more: IntArray, asked: _Asked, gaps: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Chances that the shape is off, and that it is fine, shape (…, K), at gaps of shape (…, B)."""
    shape = (*gaps.shape[:-1], len(more))
    if not bands.several:
        return np.zeros(shape), np.ones(shape)
    accuracy = np.clip(bands.confidence - gaps, _LEAST, 1 - _LEAST)
    true = bands.confidence - accuracy
    each = accuracy * (1 - accuracy) * bands.effect
    fresh = more[:, None] * bands.per_input
    labels = bands.n + fresh
    total = np.maximum(labels.sum(axis=1), 1e-12)
    mean = bands.residual + fresh * true[..., None, :]
    spread = np.sqrt(fresh * each[..., None, :])
    ratio = np.abs(mean) / np.where(spread > 0, spread, 1)
    folded = spread * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2)
    folded = np.where(
        spread > 0, folded + np.abs(mean) * special.erf(ratio / np.sqrt(2)), np.abs(mean)
    )
    loose = np.maximum(mean**2 + spread**2 - folded**2, 0).sum(axis=-1)
    variance = (labels * each[..., None, :]).sum(axis=-1)
    z = float(special.ndtri(1 - asked.shape_alpha_high / 2))
    half = z * np.sqrt(variance + z * z / 2 * bands.effect)
    room = asked.tolerance * total - half - folded.sum(axis=-1)
    fine: FloatArray = special.ndtr(room / np.maximum(np.sqrt(loose), 1e-9))
    side, used = _pattern(true, each, bands.n + bands.per_input * REASONABLE, asked.tolerance)
    c = even_critical(len(bands.n), asked.shape_alpha)
    reach = (side[..., None, :] * mean).sum(axis=-1) - asked.tolerance * total
    taken = (labels * (used * each)[..., None, :]).sum(axis=-1)
    left = (fresh * (used * each)[..., None, :]).sum(axis=-1)
    beyond = reach - c * np.sqrt(taken + c * c / 2 * bands.effect)
    off: FloatArray = special.ndtr(beyond / np.maximum(np.sqrt(left), 1e-9))
    return off, fine


def _pattern(
    true: FloatArray, each: FloatArray, mix: FloatArray, tolerance: float
) -> tuple[FloatArray, FloatArray]:
    """The signed pattern that shows most at these true gaps, and the bands it uses.

    By ``(|Σ ε_b m_b g_b| − τ)/√Σ ε_b² m_b p_b q_b``, m_b the shares of labels: it is the same one
    for any number of them.
    """
    share = mix / mix.sum()
    family = patterns(true.shape[-1])
    reach = (share * true) @ family.T
    variance = (share * each) @ np.abs(family).T
    best = ((np.abs(reach) - tolerance) / np.sqrt(variance)).argmax(axis=-1)
    sign = np.sign(np.take_along_axis(reach, best[..., None], axis=-1))
    found = family[best]
    return sign * found, np.abs(found)


def _first(one: _Group, curve: FloatArray, asked: _Asked, name: str) -> float:
    """The fewest further inputs from which on a curve over `_GRID` keeps the chance."""
    short = np.flatnonzero(curve < asked.chance)
    if not len(short):
        return 0.0
    last = int(short[-1])
    if last == len(_GRID) - 1:
        return float("inf")
    between = np.unique(np.linspace(_GRID[last], _GRID[last + 1], _FINER).astype(np.int64))[1:]
    finer: FloatArray = getattr(_chances(one, between, asked), name)
    below = np.flatnonzero(finer[:-1] < asked.chance)
    return float(between[int(below[-1]) + 1] if len(below) else between[0])


def _outlook(one: _Group, asked: _Asked, needed: float, near: bool) -> Outlook:
    tolerance = asked.tolerance
    most = max(abs(one.whole.gap), abs(one.high.gap) if one.high.n + one.high.per_input else 0.0)
    if one.high.n and not one.high.per_input and not np.isfinite(needed) and most <= tolerance:
        return "exhausted"
    if near:
        return "near"
    if most > tolerance:
        return "outside"
    bands = one.bands
    mix = bands.n + bands.per_input * REASONABLE
    error = float(np.abs(bands.likeliest) @ mix / max(mix.sum(), 1e-12))
    return "cancel" if bands.several and error > tolerance else "inside"
