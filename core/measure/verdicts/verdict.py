"""The verdict on many groups together, by parts: the gap, the errors' shape, the high band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy

from core.defaults import LEVEL, MINIMUM_INPUTS, TOLERANCE
from core.measure.cells.cells import Bands, FloatArray, GroupSums, IntArray
from core.measure.metrics.intervals import effective_n, gap_interval, kish_n, minimum_detectable_gap
from core.measure.metrics.noise_floor import ece_noise_floor
from core.measure.metrics.shape import Shape, shape
from core.measure.verdicts.label_reach import LabelReach, SpeaksFor
from core.measure.verdicts.parts import (
    PART_NAMES,
    STATES,
    Part,
    PartName,
    PartState,
    gap_states,
    shape_states,
)

#: Share of the chance of error that goes to the shapes; the rest to the gaps and high bands.
SHAPE_SHARE = 0.2

#: The three words that files and programs know; see `Judgement.state` for the four of people.
Verdict = Literal["miscalibrated", "within_tolerance", "cannot_tell"]

#: Gauss–Legendre rule on [0, 1] for the correlation integral of `pair_probability`.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2


@dataclass(frozen=True)
class Judgement:
    """Verdicts on G groups judged together; every array has shape (G,).

    Where a group has no labelled claim (or its high band none), what rests on labels is nan.

    Attributes:
        n_claims: stated claims.
        n_unstated: claims whose confidence is missing.
        n: labelled claims.
        n_inputs: distinct inputs among the labelled claims.
        n_effective: how many equally weighted inputs those are worth (`kish_n`).
        largest_share: share of the labelled claims that the input with most of them holds.
        coverage: n / n_claims, in [0, 1]; nan without a claim.
        mean_confidence: over the *labelled* claims, so that gap = mean_confidence − accuracy.
        accuracy: share of labelled claims that were right.
        gap: mean confidence − accuracy, in [−1, 1]; positive means overconfident.
        gap_low: lower end of the gap's own interval at ``level``.
        gap_high: its upper end.
        corrected_low: lower end of the gap's simultaneous interval over the family.
        corrected_high: its upper end.
        high_n: labelled claims in the high-confidence band.
        high_inputs: distinct inputs among them.
        high_effective: how many equally weighted inputs those are worth.
        high_claimed: mean confidence there.
        high_observed: accuracy there.
        high_low: lower end of high_observed's own interval at ``level``.
        high_high: its upper end.
        high_gap_low: lower end of the simultaneous interval of high_claimed − high_observed.
        high_gap_high: its upper end.
        ece: expected calibration error over ten equal-width bins.
        ece_noise_floor: the ECE a perfectly calibrated signal would show on average.
        minimum_detectable_gap: overconfident gap that a two-sided test of size 1 − level on this
            group alone would see in four of five cases; nan where no gap would show.
        detectable_beyond_tolerance: the same of a gap that would show to be beyond the tolerance.
        whole: the gap of the whole.
        shape: the error over the bands of confidence.
        high_band: the gap of the high-confidence band.
        curve: what the shape's bounds rest on, and where in the range it is off.
        bands: the bands of confidence over which that is.
        state: one per group: its worst part that matters; ``too_few`` where the labels do not
            represent all claims.
        reason: the part that gives it; None where it is fine.
        speaks_for: whether the verdict is one on all claims or on the labelled ones.
        reaches: why; None of a group that was not asked about.
        verdict: ``miscalibrated`` where the state is off, ``within_tolerance`` where it is fine,
            else ``cannot_tell``.
        tolerance: the gap that is accepted.
        high_from: lower edge of the high-confidence band.
        level: confidence level of every interval.
        critical_value: how many standard errors the correction asks for; 1.96 at level 0.95
            would be none.
        method: the correction, in words a page can print.
    """

    n_claims: IntArray
    n_unstated: IntArray
    n: IntArray
    n_inputs: IntArray
    n_effective: FloatArray
    largest_share: FloatArray
    coverage: FloatArray
    mean_confidence: FloatArray
    accuracy: FloatArray
    gap: FloatArray
    gap_low: FloatArray
    gap_high: FloatArray
    corrected_low: FloatArray
    corrected_high: FloatArray
    high_n: IntArray
    high_inputs: IntArray
    high_effective: FloatArray
    high_claimed: FloatArray
    high_observed: FloatArray
    high_low: FloatArray
    high_high: FloatArray
    high_gap_low: FloatArray
    high_gap_high: FloatArray
    ece: FloatArray
    ece_noise_floor: FloatArray
    minimum_detectable_gap: FloatArray
    detectable_beyond_tolerance: FloatArray
    whole: Part
    shape: Part
    high_band: Part
    curve: Shape
    bands: Bands
    state: tuple[PartState, ...]
    reason: tuple[PartName | None, ...]
    speaks_for: tuple[SpeaksFor, ...]
    reaches: tuple[LabelReach | None, ...]
    verdict: tuple[Verdict, ...]
    tolerance: float
    high_from: float
    level: float
    critical_value: float
    method: str

    def __len__(self) -> int:
        return len(self.verdict)

    def part(self, name: PartName) -> Part:
        """One of the three parts."""
        return {"whole": self.whole, "shape": self.shape, "high_band": self.high_band}[name]

    def with_reaches(self, reaches: Sequence[LabelReach | None]) -> Judgement:
        """The same, where labels that do not represent all claims take the verdict on all away.

        The parts keep their states: they are of the labelled claims, and are told as such.

        Args:
            reaches: one per group; None: nothing is known against its labels.
        """
        held = [one is not None and one.speaks_for == "labelled" for one in reaches]
        state: tuple[PartState, ...] = tuple(
            "too_few" if no else now for now, no in zip(self.state, held, strict=True)
        )
        speaks_for: tuple[SpeaksFor, ...] = tuple("labelled" if no else "all" for no in held)
        return replace(
            self,
            state=state,
            reason=tuple(None if no else now for now, no in zip(self.reason, held, strict=True)),
            speaks_for=speaks_for,
            reaches=tuple(reaches),
            verdict=tuple(VERDICT_OF[one] for one in state),
        )


#: What the four words of people are to files and programs.
VERDICT_OF: dict[PartState, Verdict] = {
    "off": "miscalibrated",
    "at_the_edge": "cannot_tell",
    "too_few": "cannot_tell",
    "fine": "within_tolerance",
}


def judge(sums: GroupSums, *, tolerance: float = TOLERANCE, level: float = LEVEL) -> Judgement:
    """Judge G groups together.

    Three parts are judged of each: the gap as a whole, the gap of the high-confidence band, and the
    shape, which is the error over bands of confidence where errors may cancel. Of the chance of
    error ``α = 1 − level``, the share `SHAPE_SHARE` goes to the shapes, each group's bounds at
    ``1 − (1 − α/5)^(1/F)`` (Šidák 1967; see `core.measure.metrics.shape`; its upper bound, by which
    a shape is fine, at ``1 − (1 − α)^(1/F)``, for fine takes all parts), and the rest to the family
    of
    gaps: of every group, and of every high band, with at least `MINIMUM_INPUTS` effective inputs
    (`kish_n`). Their simultaneous intervals (`gap_interval`) are made at ``α′ = 2(1 − Φ(c*))``, c*
    the critical value of `max_statistic_critical_value`; groups left out get intervals at the
    same α′, but no promise.

    A part is ``off``, ``at_the_edge``, ``fine`` or has ``too_few`` labels
    (`core.measure.verdicts.parts`), and always too few under `MINIMUM_INPUTS` effective inputs. A
    group is what its worst part is; a part with too few labels and a small share of the claims does
    not count.

    So the chance that any part of any group whose true error is within the tolerance is called off
    is at most 1 − level.

    Args:
        sums: of G groups; G may be 0.
        tolerance: the gap, and the error over bands, that is accepted, in [0, 1].

    Raises:
        ValueError: if tolerance or level is out of range.
    """
    if not 0 <= tolerance <= 1:
        raise ValueError(f"tolerance must be in [0, 1], not {tolerance}")
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), not {level}")
    whole = sums.repeated.whole if sums.repeated else None
    band = sums.repeated.high if sums.repeated else None

    n, s, sv = sums.n.sum(axis=1), sums.s.sum(axis=1), sums.sv.sum(axis=1)
    known = np.where(n > 0, n, np.nan)
    confidence, accuracy = sv / known, s / known
    high_known = np.where(sums.high_n > 0, sums.high_n, np.nan)
    high_claimed, high_observed = sums.high_sv / high_known, sums.high_s / high_known
    n_inputs, high_inputs = (whole.inputs, band.inputs) if whole and band else (n, sums.high_n)
    n_effective, high_effective = kish_n(n, whole), kish_n(sums.high_n, band)
    judged, band_judged = n_effective >= MINIMUM_INPUTS, high_effective >= MINIMUM_INPUTS

    correlation = np.where(band_judged, _overlap(sums), 1.0)
    curved = judged & (sums.bands.count > 1)
    shaped = int(curved.sum())
    critical = max_statistic_critical_value(
        correlation[judged], gap_level(level, shaped=shaped > 0)
    )
    alpha, corrected_alpha = 1 - level, 2 * scipy.special.ndtr(-critical)
    gap_low, gap_high = gap_interval(confidence, s, n, alpha, whole)
    low, high = gap_interval(confidence, s, n, corrected_alpha, whole)
    band_low, band_high = gap_interval(high_claimed, sums.high_s, sums.high_n, alpha, band)
    high_gap_low, high_gap_high = gap_interval(
        high_claimed, sums.high_s, sums.high_n, corrected_alpha, band
    )
    worth = effective_n(confidence, s, n, whole)
    ece = np.abs(sums.sv - sums.s).sum(axis=1) / known
    floor = ece_noise_floor(sums)

    curve = shape(sums.bands, *shape_levels(level, shaped))
    claims = np.where(sums.n_claims > 0, sums.n_claims, np.nan)
    every, everywhere = np.ones(len(sums)), np.ones(len(sums), dtype=np.bool_)
    banded = sums.high_claims > 0
    parts: dict[PartName, Part] = {
        "whole": Part(
            confidence - accuracy,
            low,
            high,
            n,
            n_inputs,
            n_effective,
            every,
            everywhere,
            gap_states(low, high, judged, everywhere, tolerance),
        ),
        "shape": Part(
            curve.error,
            curve.low,
            curve.high,
            n,
            n_inputs,
            n_effective,
            every,
            ~curve.alone,
            shape_states(curve.low, curve.high, judged, ~curve.alone, tolerance),
        ),
        "high_band": Part(
            high_claimed - high_observed,
            high_gap_low,
            high_gap_high,
            sums.high_n,
            high_inputs,
            high_effective,
            sums.high_claims / claims,
            banded,
            gap_states(high_gap_low, high_gap_high, band_judged, banded, tolerance),
        ),
    }
    everybody: SpeaksFor = "all"
    worst = [_worst(parts, g) for g in range(len(sums))]
    states: tuple[PartState, ...] = tuple(state for state, _ in worst)

    return Judgement(
        n_claims=sums.n_claims,
        n_unstated=sums.n_unstated,
        n=n,
        n_inputs=n_inputs,
        n_effective=n_effective,
        largest_share=(whole.most if whole else np.minimum(n, 1)) / known,
        coverage=n / np.where(sums.n_claims > 0, sums.n_claims, np.nan),
        mean_confidence=confidence,
        accuracy=accuracy,
        gap=confidence - accuracy,
        gap_low=gap_low,
        gap_high=gap_high,
        corrected_low=low,
        corrected_high=high,
        high_n=sums.high_n,
        high_inputs=high_inputs,
        high_effective=high_effective,
        high_claimed=high_claimed,
        high_observed=high_observed,
        high_low=np.clip(high_claimed - band_high, 0, 1),
        high_high=np.clip(high_claimed - band_low, 0, 1),
        high_gap_low=high_gap_low,
        high_gap_high=high_gap_high,
        ece=ece,
        ece_noise_floor=floor,
        minimum_detectable_gap=minimum_detectable_gap(confidence, worth, alpha),
        detectable_beyond_tolerance=minimum_detectable_gap(
            confidence, worth, alpha, tolerance=tolerance
        ),
        **parts,
        curve=curve,
        bands=sums.bands,
        state=states,
        reason=tuple(name for _, name in worst),
        speaks_for=(everybody,) * len(sums),
        reaches=(None,) * len(sums),
        verdict=tuple(VERDICT_OF[one] for one in states),
        tolerance=tolerance,
        high_from=sums.high_from,
        level=level,
        critical_value=critical,
        method=_method(int(judged.sum()), shaped),
    )


def gap_level(level: float, *, shaped: bool) -> float:
    """The level of the family of gaps and high bands, the shapes having their share of the chance.

    Args:
        level: of the whole verdict, in (0, 1).
        shaped: whether any group has a shape to judge.
    """
    return level + SHAPE_SHARE * (1 - level) if shaped else level


def shape_levels(level: float, shaped: int) -> tuple[float, float]:
    """Alphas of each shape's lower and upper bound.

    Fine takes every part, so the upper bound does not share its chance of an error with others.

    Args:
        level: of the whole verdict, in (0, 1).
        shaped: groups whose shapes are judged together.
    """
    return _sidak(SHAPE_SHARE * (1 - level), shaped), _sidak(1 - level, shaped)


def pair_probability(c: float, correlation: FloatArray) -> FloatArray:
    """P(|Z₁| ≤ c and |Z₂| ≤ c) of standard normals with the given correlation.

    ``(2Φ(c)−1)² + (1/π)∫₀^{asin ρ} [exp(−c²/(1+sin θ)) − exp(−c²/(1−sin θ))] dθ``: Plackett's
    1954 identity ∂P/∂ρ integrated in θ = asin ρ, where the integrand is smooth.

    Args:
        c: half-width of the square, ≥ 0.
        correlation: shape (G,), in [0, 1].

    Returns:
        Shape (G,).
    """
    angle = np.arcsin(np.clip(correlation, 0, 1))
    sine = np.sin(angle[:, None] * _NODES)
    minus = np.exp(-c * c / np.maximum(1 - sine, 1e-300))
    integral = angle * ((np.exp(-c * c / (1 + sine)) - minus) @ _WEIGHTS)
    probability: FloatArray = scipy.special.erf(c / np.sqrt(2)) ** 2 + integral / np.pi
    return probability


def max_statistic_critical_value(correlation: FloatArray, level: float) -> float:
    """The ``level`` quantile of the largest |Z| over groups' gaps and high-band gaps.

    A group's gap and its high band's gap, a part of it, are correlated; groups are taken as
    independent: ``Π_g P(|Z_g| ≤ c, |Z_g,high| ≤ c) = level``. Groups that overlap are correlated
    too, and the product then errs on the safe side: it is a lower bound of the joint probability
    (Šidák 1967 for single intervals; Royen 2014, the Gaussian correlation inequality, for pairs).

    Args:
        correlation: shape (F,), of each judged group's two statistics; 1 where the band is the
            whole group or empty, so that there is but one.

    Returns:
        The critical value; with F = 0 that of one single interval.
    """
    single = float(scipy.special.ndtri((1 + level) / 2))
    if not len(correlation):
        return single
    # Rounded down: a smaller correlation asks for a larger critical value. At most 101 remain.
    values, counts = np.unique(np.floor(correlation * 100 + 1e-9) / 100, return_counts=True)

    def excess(c: float) -> float:
        return float(counts @ np.log(pair_probability(c, values))) - float(np.log(level))

    # Bonferroni over all 2F intervals bounds the quantile from above.
    most = -float(scipy.special.ndtri((1 - level) / (4 * len(correlation)))) + 1e-6
    return float(scipy.optimize.brentq(excess, single - 1e-6, most, xtol=1e-9))


def _overlap(sums: GroupSums) -> FloatArray:
    """Correlation √(V_high / V_all) of each group's two statistics, V = Σv(1−v).

    1 where the band is empty or the whole group; 0, the safe side, where V_all vanishes or the
    band is all at confidence 1.
    """
    whole = (sums.sv - sums.svv).sum(axis=1)
    high = sums.high_sv - sums.high_svv
    share = np.clip(high / np.where(whole > 0, whole, np.inf), 0, 1)
    alone = (sums.high_n == 0) | (sums.high_n == sums.n.sum(axis=1))
    return np.where(alone, 1.0, np.sqrt(share))


def _sidak(alpha: float, tests: int) -> float:
    return float(-np.expm1(np.log1p(-alpha) / max(1, tests)))


def _worst(parts: dict[PartName, Part], group: int) -> tuple[PartState, PartName | None]:
    """A group's state, and the part that gives it."""
    counted = [name for name in PART_NAMES if parts[name].matters(group)]
    name = min(counted, key=lambda one: STATES.index(parts[one].state[group]))
    state = parts[name].state[group]
    return state, None if state == "fine" else name


def _method(groups: int, shaped: int) -> str:
    if groups == 0:
        return f"no correction: no group has {MINIMUM_INPUTS} effective inputs"
    what = "1 group" if groups == 1 else f"{groups} groups"
    words = f"max-statistic over {what}, whole and high-confidence band"
    if groups > 1:
        words += "; groups counted as independent, which errs on the safe side where they overlap"
        words += " (Šidák 1967)"
    if shaped:
        words += f"; a fifth of the chance of error goes to the shape of {shaped}"
    return words
