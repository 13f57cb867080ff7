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

from core.measure.cells import ECE_BINS, FloatArray, GroupSums, InputSums, IntArray
from core.measure.intervals import effective_n
from core.measure.shrinkage import shrunken_gaps
from core.measure.verdict import MINIMUM_INPUTS, gap_level, max_statistic_critical_value

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
#: bands that `cancel`: the gap is within it and the calibration error is not; a high-confidence
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
#: That of the band, given the gap.
_BAND_SLICES = 5
_BAND_NODES = special.ndtri((np.arange(_BAND_SLICES) + 0.5) / _BAND_SLICES)


@dataclass(frozen=True)
class Unlabelled:
    """What may still be labelled, of G groups.

    Attributes:
        inputs: shape (G,), distinct inputs with an unlabelled claim.
        n: shape (G, 10), unlabelled claims per ECE bin.
        sv: shape (G, 10), sum of their confidences.
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
    chance: float = CHANCE,
) -> Plan:
    """Plan the labels of G groups that are judged together.

    The true gap is not known, and a plan for one guess of it decides far less often than it says
    where the guess is off: the chance of an answer is averaged over what the labels so far leave
    open (*assurance*: Spiegelhalter & Freedman 1986; O'Hagan, Stevens & Campbell 2005), over slices
    of a normal posterior with mean ``n·g/(n + σ²/τ²)`` and standard error
    ``σ/√(n + σ²/τ²)``, the prior being around zero with τ = `TYPICAL_GAP` (Gelman et al. 2013,
    §2.5). The band's gap has a posterior of its own, correlated with that of the whole by the
    labels that are of both, and by the prior as far as it still counts. ECE bins are taken to be as
    their group, but those with `MINIMUM_INPUTS` labels as `shrunken_gaps` has them.

    For each number of further labels the intervals' ends are known in closed form, since a
    Clopper–Pearson end lies beyond a bound exactly where a binomial tail is small, and so are the
    chances that the final sum of outcomes, the one there is plus a binomial, falls between them.
    With P_out the larger of both chances to be wholly outside, the verdict is given with at least
    ``P_out + P_in·P_in,high·P(ECE − floor ≤ tolerance)``: a band is part of its group, and events
    that go together happen together more often than apart (Royen 2014). The ECE is taken as normal
    with the mean and variance of folded normals.

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
    asked = _Asked(tolerance, alpha, chance)
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
    high_n = sums.high_n + unlabelled.high_n
    claimed = sv + unlabelled.sv.sum(axis=1)
    high_claimed = sums.high_sv + unlabelled.high_sv
    # Σv(1−v) as if each claim had its unit's mean: what is squared is not kept of the unlabelled.
    every = claimed * (1 - claimed / np.where(n > 0, n, 1))
    high = high_claimed * (1 - high_claimed / np.where(high_n > 0, high_n, 1))
    share = np.clip(high / np.where(every > 0, every, np.inf), 0, 1)
    alone = (high_n == 0) | (high_n == n)
    correlation = np.where(alone, 1.0, np.sqrt(share))
    several = ((sums.n + unlabelled.n) > 0).sum(axis=1) > 1
    shaped = bool((could & several).any())
    return max_statistic_critical_value(correlation[could], gap_level(level, shaped=shaped))


@dataclass(frozen=True)
class _Asked:
    """By what rule, and how surely."""

    tolerance: float
    alpha: float
    chance: float


@dataclass(frozen=True)
class _Planned:
    """One group's part of a `Plan`."""

    needed: float
    likely: float
    whole: float
    high: float
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
    needed, whole, high = (
        _first(one, getattr(curve, name), asked, name) for name in ("decided", "whole", "high")
    )
    likely = _first(one, curve.decided, replace(asked, chance=0.5), "decided")
    # What is drawn is counted in inputs, and what a gap takes in labels of its own.
    in_whole, in_high = max(one.whole.per_input, 1.0), max(one.high.per_input, 1e-9)
    most = max(REASONABLE / in_whole, REASONABLE / in_high if one.high.per_input else 0.0)
    near = max(whole * in_whole, high * in_high if one.high.per_input else 0.0) > REASONABLE
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
        plateau=best,
        plateau_at=float(_GRID[short]),
        edge=_edge(one, asked),
        chance_if_all=float(if_all),
        outlook=_outlook(one, asked, needed, near),
        gap=one.whole.gap,
        high_gap=one.high.gap,
    )


def _edge(one: _Group, asked: _Asked) -> float:
    """How near the tolerance a gap has to be for `REASONABLE` labels to leave it open."""
    unit = one.whole
    spread = math.sqrt(unit.accuracy * (1 - unit.accuracy) * unit.effect / REASONABLE)
    return float(special.ndtri(1 - asked.alpha / 2) + special.ndtri(asked.chance)) * spread


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
        return float(self.accuracies(np.zeros(1))[0])

    def accuracies(self, off: FloatArray) -> FloatArray:
        """The same where the gap is off by so many standard errors."""
        gaps = self.gap + self.error * off
        return np.clip(self.confidence - gaps, _LEAST, 1 - _LEAST)


@dataclass(frozen=True)
class _Group:
    """One group.

    Attributes:
        inputs: labelled ones.
        available: those that may still be labelled.
        whole, high: the group, and its high-confidence band.
        together: correlation of what is not known of their gaps.
        alone: whether the band is the whole group.
        bins: its ECE bins that have or may get a label.
    """

    inputs: int
    available: int
    whole: _Unit
    high: _Unit
    together: float
    alone: bool
    bins: tuple[_Unit, ...]


@dataclass(frozen=True)
class _Chances:
    """Chances of an answer after so many labels more, shape (K,)."""

    decided: FloatArray
    whole: FloatArray
    high: FloatArray


def _group(sums: GroupSums, unlabelled: Unlabelled, g: int) -> _Group:
    """A group as it is taken to be."""
    repeated = sums.repeated
    n, s, sv = sums.n[g].astype(float), sums.s[g].astype(float), sums.sv[g]
    total = float(n.sum())
    inputs = int(repeated.whole.inputs[g]) if repeated else round(total)
    available = int(unlabelled.inputs[g])
    fresh, fresh_sv = unlabelled.n[g].astype(float), unlabelled.sv[g]
    high_n, high_sv = float(unlabelled.high_n[g]), float(unlabelled.high_sv[g])
    sources = available
    if not available:
        # Nothing is left to label: further claims would be like those there are.
        fresh, fresh_sv, sources = n, sv, max(inputs, 1)
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
        float(s.sum()),
        float(sv.sum()),
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
    bins = _bins(whole, n, s, sv, fresh / sources, fresh_sv / sources)
    share = high.n / total if total else high.per_input / max(whole.per_input, 1e-12)
    alone = high.n == total and math.isclose(high.per_input, whole.per_input)
    # What labels say of both is correlated by what they share; before any, what holds of the whole
    # is thought to hold of the band.
    prior = (high.error / TYPICAL_GAP) ** 2
    together = 1.0 if alone else min(prior + (1 - prior) * share * high.error / whole.error, 1.0)
    return _Group(inputs, available, whole, high, together, alone, bins)


def _believed(n: float, s: float, sv: float, confidence: float) -> tuple[float, float]:
    """The gap that n labels make believe, and its standard error; that of the prior without any."""
    if n == 0:
        return 0.0, TYPICAL_GAP
    accuracy = (s + 2) / (n + 4)
    variance = max(confidence * (1 - confidence), accuracy * (1 - accuracy) / 4)
    worth = n + variance / TYPICAL_GAP**2
    return (sv - s) / worth, math.sqrt(variance / worth)


def _bins(
    whole: _Unit,
    n: FloatArray,
    s: FloatArray,
    sv: FloatArray,
    share: FloatArray,
    claimed: FloatArray,
) -> tuple[_Unit, ...]:
    """The ECE bins: as the group, but for those with labels enough to tell them apart.

    ``share`` and ``claimed`` are the claims, and Σ confidence, that one more input brings to each.
    """
    gaps = np.full(ECE_BINS, whole.gap)
    known = n >= MINIMUM_INPUTS * whole.effect
    if known.any():
        trials = n[known] / whole.effect
        apart = shrunken_gaps((sv[known] - s[known]) / n[known], trials, s[known] / n[known]).gap
        gaps[known] += apart - float(trials @ apart / trials.sum())
    return tuple(
        _Unit(
            *(float(n[b]), float(s[b]), float(sv[b]), float(share[b])),
            float(claimed[b] / share[b] if share[b] else sv[b] / n[b]),
            *(float(gaps[b]), whole.error, whole.effect),
        )
        for b in range(ECE_BINS)
        if n[b] + share[b] > 0
    )


def _chances(one: _Group, more: IntArray, asked: _Asked) -> _Chances:
    """Averaged over the posterior: of the gap first, and given it of the band's."""
    out, inside = _placed(one.whole, more, asked, _NODES)
    rest = math.sqrt(1 - one.together**2)
    off = one.together * _NODES[:, None] + rest * _BAND_NODES
    high_out, high_inside = (
        chance.reshape(*off.shape, len(more))
        for chance in _placed(one.high, more, asked, off.ravel())
    )
    enough = one.inputs + more >= MINIMUM_INPUTS
    even = _error_within(one, more, asked.tolerance, _NODES)
    settled = even[:, None] * inside[:, None] * (1.0 if one.alone else high_inside)
    decided = np.minimum(np.maximum(out[:, None], high_out) + settled, 1)

    def averaged(chance: FloatArray) -> FloatArray:
        return np.where(enough, chance, 0)

    return _Chances(
        decided=averaged(decided.mean(axis=(0, 1))),
        whole=averaged((out + inside).mean(axis=0)),
        high=averaged((high_out + high_inside).mean(axis=(0, 1))),
    )


def _placed(
    unit: _Unit, more: IntArray, asked: _Asked, off: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Chances that the interval of the gap lies wholly outside, and wholly inside.

    Shape (X, K): for each number of standard errors by which the gap believed is ``off``.
    """
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

    accuracy = unit.accuracies(off)[:, None]

    low, high = at_least(claimed - tolerance), at_most(claimed + tolerance)
    inside = np.maximum(up_to(high) - up_to(low - 1), 0)
    beyond = up_to(at_most(claimed - tolerance)) + 1 - up_to(at_least(claimed + tolerance) - 1)
    return np.where(n > 0, beyond, 0.0), np.where(n > 0, inside, 1.0)


def _error_within(one: _Group, more: IntArray, tolerance: float, off: FloatArray) -> FloatArray:
    """Chance that the ECE exceeds its noise floor by no more than the tolerance, shape (X, K)."""
    labels = one.whole.n + more * one.whole.per_input
    total = np.where(labels > 0, labels, 1)
    error, variance = (np.zeros((len(off), len(more))) for _ in range(2))
    floor = np.zeros(len(more))
    for unit in one.bins:
        fresh = more * unit.per_input
        accuracy = unit.accuracies(off)[:, None]
        mean = np.abs(unit.sv - unit.s + fresh * (unit.confidence - accuracy))
        spread = np.sqrt(fresh * accuracy * (1 - accuracy) * unit.effect)
        ratio = mean / np.where(spread > 0, spread, 1)
        folded = spread * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2)
        folded = np.where(spread > 0, folded + mean * special.erf(ratio / np.sqrt(2)), mean)
        error += folded
        variance += np.maximum(mean**2 + spread**2 - folded**2, 0)
        claimed = (unit.sv + fresh * unit.confidence) / np.maximum(unit.n + fresh, 1e-12)
        noise = (unit.n + fresh) * np.clip(claimed * (1 - claimed), 0, None) * unit.effect
        floor += np.sqrt(2 / np.pi * noise)
    excess = (error - floor) / total
    within: FloatArray = special.ndtr(
        (tolerance - excess) / np.maximum(np.sqrt(variance) / total, 1e-9)
    )
    return within


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
    if np.isfinite(needed) or most > tolerance:
        return "outside" if most > tolerance else "inside"
    # Labels without end, and no answer: either some gap is at the edge, or it is the bands'.
    many = np.array([MOST])
    return "cancel" if _error_within(one, many, tolerance, np.zeros(1))[0, 0] < 0.5 else "near"
