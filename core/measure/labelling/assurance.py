"""The chance of an answer after so many labels more, averaged over the gaps there may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from core.defaults import MINIMUM_INPUTS
from core.measure.cells.cells import FloatArray, IntArray
from core.measure.labelling.group_posterior import (
    LEAST,
    BandsPosterior,
    GroupPosterior,
    PartPosterior,
    gap_slices,
)
from core.measure.metrics.shape import even_critical, patterns

#: Labels of a group, or of its high-confidence band, beyond which no need is reasonable.
REASONABLE = 50_000


@dataclass(frozen=True)
class RuleAsked:
    """By what rule, and how surely; alphas of gaps, and of a shape's lower and upper bound."""

    tolerance: float
    alpha: float
    shape_alpha: float
    shape_alpha_high: float
    chance: float


@dataclass(frozen=True)
class Assurance:
    """Chances of an answer after so many labels more, shape (K,)."""

    decided: FloatArray
    whole: FloatArray
    high: FloatArray
    shape: FloatArray


def assurance(one: GroupPosterior, more: IntArray, asked: RuleAsked) -> Assurance:
    """The chances of an answer, averaged over the posterior."""
    out, inside = _placed(one.whole, more, asked, gap_slices(one.whole))
    high_out, high_inside = _placed(one.high, more, asked, one.bands.gaps @ one.bands.high)
    enough = one.inputs + more >= MINIMUM_INPUTS
    off_shape, fine_shape = _shaped(one.bands, more, asked, one.bands.gaps)
    settled = fine_shape * inside[:, None] * (1.0 if one.alone else high_inside)
    off_any = np.maximum(np.maximum(out[:, None], high_out), off_shape)
    decided = np.minimum(off_any + settled, 1)

    def averaged(chance: FloatArray) -> FloatArray:
        return np.where(enough, chance, 0)

    return Assurance(
        decided=averaged(decided.mean(axis=(0, 1))),
        whole=averaged((out + inside).mean(axis=0)),
        high=averaged((high_out + high_inside).mean(axis=(0, 1))),
        shape=averaged((off_shape + fine_shape).mean(axis=(0, 1))),
    )


def _placed(
    unit: PartPosterior, more: IntArray, asked: RuleAsked, gaps: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Chances that the interval lies wholly outside, and inside, shape (…, K), at true gaps (…)."""
    before, right = np.rint(unit.n / unit.effect), np.rint(unit.s / unit.effect)
    fresh = np.rint(more * unit.per_input / unit.effect)
    n = before + fresh
    known = np.where(n > 0, n, 1)
    claimed = (unit.sv / unit.effect + fresh * unit.confidence) / known
    binom, half, tolerance = scipy.stats.binom, asked.alpha / 2, asked.tolerance

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

    accuracy = np.clip(unit.confidence - gaps, LEAST, 1 - LEAST)[..., None]

    low, high = at_least(claimed - tolerance), at_most(claimed + tolerance)
    inside = np.maximum(up_to(high) - up_to(low - 1), 0)
    beyond = up_to(at_most(claimed - tolerance)) + 1 - up_to(at_least(claimed + tolerance) - 1)
    return np.where(n > 0, beyond, 0.0), np.where(n > 0, inside, 1.0)


def _shaped(
    bands: BandsPosterior, more: IntArray, asked: RuleAsked, gaps: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Chances that the shape is off, and that it is fine, shape (…, K), at gaps of shape (…, B)."""
    shape = (*gaps.shape[:-1], len(more))
    if not bands.several:
        return np.zeros(shape), np.ones(shape)
    accuracy = np.clip(bands.confidence - gaps, LEAST, 1 - LEAST)
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
        spread > 0, folded + np.abs(mean) * scipy.special.erf(ratio / np.sqrt(2)), np.abs(mean)
    )
    loose = np.maximum(mean**2 + spread**2 - folded**2, 0).sum(axis=-1)
    variance = (labels * each[..., None, :]).sum(axis=-1)
    z = float(scipy.special.ndtri(1 - asked.shape_alpha_high / 2))
    half = z * np.sqrt(variance + z * z / 2 * bands.effect)
    room = asked.tolerance * total - half - folded.sum(axis=-1)
    fine: FloatArray = scipy.special.ndtr(room / np.maximum(np.sqrt(loose), 1e-9))
    side, used = _pattern(true, each, bands.n + bands.per_input * REASONABLE, asked.tolerance)
    c = even_critical(len(bands.n), asked.shape_alpha)
    reach = (side[..., None, :] * mean).sum(axis=-1) - asked.tolerance * total
    taken = (labels * (used * each)[..., None, :]).sum(axis=-1)
    left = (fresh * (used * each)[..., None, :]).sum(axis=-1)
    beyond = reach - c * np.sqrt(taken + c * c / 2 * bands.effect)
    off: FloatArray = scipy.special.ndtr(beyond / np.maximum(np.sqrt(left), 1e-9))
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
