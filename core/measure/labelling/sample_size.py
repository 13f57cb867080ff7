"""How many more labels would turn *cannot tell* into an answer.

Each group is taken to be as its labels so far suggest, and the verdict's own rule (`judge`) is
asked how often it would decide after so many labels more. What is labelled already counts as it
stands; what would be labelled is drawn evenly from the group's unlabelled claims, whose confidences
are known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import scipy

from core.defaults import MINIMUM_INPUTS
from core.measure.cells.cells import FloatArray, GroupSums, IntArray
from core.measure.labelling.assurance import REASONABLE, RuleAsked, assurance
from core.measure.labelling.group_posterior import (
    GroupPosterior,
    Unlabelled,
    bands_once_labelled,
    posterior,
)
from core.measure.metrics.shape import even_critical
from core.measure.verdicts.verdict import gap_level, max_statistic_critical_value, shape_levels

#: The chance with which the planned labels are to give an answer.
CHANCE = 0.8
#: Nobody labels more; a need beyond it is none that labels meet.
MOST = 1_000_000
#: What the labels are expected to show, or why none would: `near` the edge of the tolerance;
#: bands that `cancel`: the gaps are within it and the error over bands is not; a high-confidence
#: band that is `exhausted`: too few labels place it, and none of its claims is left to label.
Outlook = Literal["inside", "outside", "near", "cancel", "exhausted"]
_GRID = np.unique(np.concatenate([[0], np.rint(np.geomspace(1, MOST, 100))])).astype(np.int64)
_FINER = 24


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
    alpha = float(2 * scipy.special.ndtr(-critical_value))
    size = len(sums)
    asked = RuleAsked(tolerance, alpha, *shape_levels(level, shapes), chance)
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
    several = [bands_once_labelled(sums, unlabelled, g)[0].size > 1 for g in range(len(sums))]
    return int((could & np.array(several, dtype=np.bool_)).sum())


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


def _planned(sums: GroupSums, unlabelled: Unlabelled, g: int, asked: RuleAsked) -> _Planned:
    one = posterior(sums, unlabelled, g)
    curve = assurance(one, _GRID, asked)
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
    if_all = assurance(one, np.array([one.available]), asked).decided[0]
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


def _edge(one: GroupPosterior, asked: RuleAsked) -> float:
    """How near the tolerance an error has to be for `REASONABLE` labels to leave it open."""
    unit = one.whole
    spread = math.sqrt(unit.accuracy * (1 - unit.accuracy) * unit.effect / REASONABLE)
    power = float(scipy.special.ndtri(asked.chance))
    steps = float(scipy.special.ndtri(1 - asked.alpha / 2))
    if one.bands.several:
        above = even_critical(len(one.bands.n), asked.shape_alpha)
        # So near the tolerance bands are off by far more than their noise: the ECE has no bias.
        below = float(scipy.special.ndtri(1 - asked.shape_alpha_high / 2))
        steps = max(steps, above, below)
    return (steps + power) * spread


def _first(one: GroupPosterior, curve: FloatArray, asked: RuleAsked, name: str) -> float:
    """The fewest further inputs from which on a curve over `_GRID` keeps the chance."""
    short = np.flatnonzero(curve < asked.chance)
    if not len(short):
        return 0.0
    last = int(short[-1])
    if last == len(_GRID) - 1:
        return float("inf")
    between = np.unique(np.linspace(_GRID[last], _GRID[last + 1], _FINER).astype(np.int64))[1:]
    finer: FloatArray = getattr(assurance(one, between, asked), name)
    below = np.flatnonzero(finer[:-1] < asked.chance)
    return float(between[int(below[-1]) + 1] if len(below) else between[0])


def _outlook(one: GroupPosterior, asked: RuleAsked, needed: float, near: bool) -> Outlook:
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
