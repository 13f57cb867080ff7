"""All measures of many groups: what `measure`, the pages and the reports show of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import scipy

from core.defaults import HIGH_FROM, MINIMUM_INPUTS, TOLERANCE
from core.measure.cells.cells import Cells, FloatArray, GroupSums
from core.measure.cells.group_sums import group_sums
from core.measure.metrics.high_band import overconfidence_p_value
from core.measure.metrics.logistic_slope import calibration_slope_intercept
from core.measure.metrics.noise_floor import ece_p_value
from core.measure.metrics.reliability_curve import corp_decomposition
from core.measure.metrics.scores import (
    NO_LABELS,
    ONE_INPUT,
    NoValue,
    auroc,
    ece_debiased_l2,
    log_loss,
    n_exact_0_or_1,
)
from core.measure.metrics.shape import labels_to_clear, labels_to_show
from core.measure.metrics.smece import smece
from core.measure.verdicts.label_reach import LabelReach, SpeaksFor
from core.measure.verdicts.parts import PART_NAMES, STATES, PartName, PartState, labels_to_decide
from core.measure.verdicts.verdict import Judgement, Verdict, judge

#: Beyond so many more labels none are named: no reasonable number will decide it.
MOST_LABELS = 1_000_000


@dataclass(frozen=True)
class HighBand:
    """What was claimed and observed at high confidence.

    Attributes:
        high_from: lower edge of the band, inclusive.
        n: labelled claims in it.
        claimed: their mean confidence.
        observed: their accuracy.
        low: lower end of the accuracy's 95 % interval; None with one input only.
        high: upper end.
        p_value: one-sided test of overconfidence, see `overconfidence_p_value`.
    """

    high_from: float
    n: int
    claimed: float
    observed: float
    low: float | None
    high: float | None
    p_value: float | None

    def as_json(self) -> dict[str, Any]:
        """The JSON object, in which ``high_from`` is called ``from``."""
        rest = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "high_from"}
        return {"from": self.high_from, **rest}


@dataclass(frozen=True)
class PartMeasure:
    """One judged part of a group.

    Attributes:
        state: off, at the edge, fine, or too few labels.
        value: the gap; of the shape the expected calibration error over its bands.
        low: lower bound, corrected over all groups judged together; None where there is none.
        high: upper bound.
        n: labelled claims in it.
        n_inputs: distinct inputs among them.
        n_effective: how many equally weighted inputs those are worth.
        share: of the group's stated claims, in [0, 1].
        labels_needed: roughly how many more labelled claims would decide it; None where it is
            decided, where no reasonable number will, and at the edge, where it takes more than
            there are already: then it is to be decided now.
        over, under: of a shape that is shown: the bands where it is over- and underconfident.
    """

    state: PartState
    value: float | None
    low: float | None
    high: float | None
    n: int
    n_inputs: int
    n_effective: float
    share: float
    labels_needed: int | None
    over: tuple[str, ...] = ()
    under: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The JSON object, in which the state is called ``verdict``."""
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "state"}
        where = {name: list(found.pop(name)) for name in ("over", "under")}
        if any(where.values()):
            found |= {"overconfident_at": where["over"], "underconfident_at": where["under"]}
        return {"verdict": self.state, **found}


@dataclass(frozen=True)
class Measures:
    """Every measure of one group; fields named and ordered as in ``measure --format json``.

    A measure that does not exist is None, and ``notes`` says why under its name.

    Attributes:
        group: dimension → value; None where claims do not name the dimension.
        n_claims: stated claims.
        n_unstated: claims without a confidence.
        n: labelled claims.
        n_inputs: distinct inputs among them.
        coverage: n / n_claims.
        mean_confidence: over labelled claims.
        accuracy: over labelled claims.
        gap: mean confidence − accuracy; positive means overconfident.
        gap_low: lower end of its own (marginal) 95 % interval.
        gap_high: upper end.
        ece: over ten equal-width bins.
        ece_noise_floor: the ECE calibrated claims of these counts show on average.
        ece_p_value: chance of such an ECE or more under calibration.
        ece_debiased_l2: see `core.measure.metrics.scores.ece_debiased_l2`.
        smece: see `core.measure.metrics.smece.smece`.
        brier: mean squared error; brier = mcb − dsc + unc.
        mcb: miscalibration.
        dsc: discrimination.
        unc: uncertainty.
        log_loss: in nats, clipped at 1e-15.
        n_exact_0_or_1: labelled claims of exactly 0 or 1, which the clip decides about.
        auroc: mid-rank.
        slope: calibration slope.
        intercept: calibration intercept.
        high_band: None when no labelled claim lies in it.
        verdict: of all groups judged together; of all claims, see ``speaks_for``.
        minimum_detectable_gap: see `Judgement`.
        detectable_beyond_tolerance: see `Judgement`.
        n_effective: how many equally weighted inputs the labelled claims are worth.
        largest_share: share of the labelled claims that the input with most of them holds.
        state: the verdict in four words; of its worst part that matters.
        reason: that part; None where all is fine, or the labels cannot speak for all.
        speaks_for: whether the labels speak for ``all`` claims or for the ``labelled`` ones only.
        parts: what was judged, by name; a part that the group does not have is left out.
        reach: why, as far as it was looked at.
        notes: reason by field, for every None; ``high_band.p_value`` for one inside.
    """

    group: Mapping[str, str | None]
    n_claims: int
    n_unstated: int
    n: int
    n_inputs: int
    coverage: float | None
    mean_confidence: float | None
    accuracy: float | None
    gap: float | None
    gap_low: float | None
    gap_high: float | None
    ece: float | None
    ece_noise_floor: float | None
    ece_p_value: float | None
    ece_debiased_l2: float | None
    smece: float | None
    brier: float | None
    mcb: float | None
    dsc: float | None
    unc: float | None
    log_loss: float | None
    n_exact_0_or_1: int
    auroc: float | None
    slope: float | None
    intercept: float | None
    high_band: HighBand | None
    verdict: Verdict
    minimum_detectable_gap: float | None
    detectable_beyond_tolerance: float | None
    n_effective: float
    largest_share: float | None
    state: PartState
    reason: PartName | None
    speaks_for: SpeaksFor
    parts: Mapping[PartName, PartMeasure]
    reach: LabelReach | None = None
    notes: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The JSON object of the group; ``notes`` only where something is null."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["group"] = dict(self.group)
        values["high_band"] = self.high_band.as_json() if self.high_band else None
        values["parts"] = {name: part.as_json() for name, part in self.parts.items()}
        reach, notes = values.pop("reach"), values.pop("notes")
        if reach is not None and not reach.no_truth and math.isfinite(reach.gap_if_right):
            values["bounds"] = {
                "n_claims": reach.n_claims,
                "n": reach.n,
                "gap_low": _finite(reach.gap_if_right),
                "gap_high": _finite(reach.gap_if_wrong),
            }
        if notes:
            values["notes"] = dict(notes)
        return values


def measure_groups(
    keys: Sequence[Mapping[str, str | None]],
    groups: Sequence[Cells],
    *,
    tolerance: float = TOLERANCE,
    high_from: float = HIGH_FROM,
    reaches: Sequence[LabelReach | None] | None = None,
) -> tuple[Measures, ...]:
    """Measure groups, judging all of them together.

    Args:
        keys: G group names, dimension → value.
        groups: their G cells.
        reaches: for which claims each group's labels speak; None: not looked at.

    Returns:
        G results, the worst state first; the largest n first among equals, then in the order given.

    Raises:
        ValueError: when keys and groups differ in number, or tolerance is out of range.
    """
    sums = group_sums(groups, high_from)
    judgement = judge(sums, tolerance=tolerance)
    if reaches is not None:
        judgement = judgement.with_reaches(reaches)
    needed = _labels_needed(sums, judgement)
    measured = [
        _measure(key, cells, judgement, g, needed)
        for g, (key, cells) in enumerate(zip(keys, groups, strict=True))
    ]
    measured.sort(key=lambda m: (STATES.index(m.state), -m.n))
    return tuple(measured)


#: Why no number of labels is named for a part that is not decided.
_NO_NUMBER: dict[PartState, str] = {
    "at_the_edge": "decide now: more labels will not settle it soon",
    "too_few": "no reasonable number of labels will decide it",
}


class _Notes(dict[str, str]):
    """Reasons by field, filled while values are read off."""

    def value(self, name: str, result: float | NoValue, missing: str = "") -> float | None:
        """``result`` as a finite float, else None with its reason noted under ``name``."""
        if isinstance(result, NoValue):
            self[name] = result.reason
            return None
        if not math.isfinite(result):
            self[name] = missing
            return None
        return float(result)


def _labels_needed(sums: GroupSums, judgement: Judgement) -> dict[PartName, FloatArray]:
    """Labels of each part, all told, that would decide it."""
    tolerance, curve = judgement.tolerance, judgement.curve
    alpha = 2 * float(scipy.special.ndtr(-judgement.critical_value))
    shown, cleared = (of(sums.bands, curve, tolerance) for of in (labels_to_show, labels_to_clear))
    return {
        "whole": labels_to_decide(judgement.whole, tolerance, alpha),
        "high_band": labels_to_decide(judgement.high_band, tolerance, alpha),
        "shape": np.minimum(shown, cleared),
    }


def part_measures(
    judgement: Judgement, g: int, needed: Mapping[PartName, FloatArray] | None = None
) -> dict[PartName, PartMeasure]:
    """The parts that a group has.

    Args:
        needed: labelled claims, all told, that would decide each part; None: not worked out.
    """
    return {
        name: _part(name, judgement, g, math.nan if needed is None else float(needed[name][g]))
        for name in PART_NAMES
        if judgement.part(name).present[g]
    }


def _part(name: PartName, judgement: Judgement, g: int, needed: float) -> PartMeasure:
    part, curve, bands = judgement.part(name), judgement.curve, judgement.bands.labels(g)
    n, state = int(part.n[g]), part.state[g]
    more = needed - n if math.isfinite(needed) and needed - n <= MOST_LABELS else 0.0
    lacking = _lacking(n, float(part.n_effective[g]))
    # By how an error looks on too few inputs nothing can be ruled out.
    worth = state == "too_few" and max(more, lacking) > 0
    worth |= state == "at_the_edge" and 0 < more <= n
    side = curve.named[g, : len(bands)].tolist() if name == "shape" and state != "fine" else []
    return PartMeasure(
        state=state,
        value=_finite(part.value[g]),
        low=_finite(part.low[g]),
        high=_finite(part.high[g]),
        n=n,
        n_inputs=int(part.n_inputs[g]),
        n_effective=float(part.n_effective[g]),
        share=float(part.share[g]),
        labels_needed=max(1, math.ceil(max(more, lacking))) if worth else None,
        over=tuple(band for band, way in zip(bands, side, strict=False) if way > 0),
        under=tuple(band for band, way in zip(bands, side, strict=False) if way < 0),
    )


def _lacking(n: int, n_effective: float) -> float:
    """Labels on inputs of their own until there are effective inputs enough.

    With k of them they are ``(n + k)²/(Σm² + k)``.
    """
    if n_effective >= MINIMUM_INPUTS:
        return 0.0
    squares = n * n / n_effective if n else 0.0
    half = n - MINIMUM_INPUTS / 2
    return math.sqrt(half * half - n * n + MINIMUM_INPUTS * squares) - half


def _parts(
    judgement: Judgement, g: int, needed: Mapping[PartName, FloatArray], notes: _Notes
) -> dict[PartName, PartMeasure]:
    """The parts of a group, with a note on each of their numbers that is lacking."""
    found = part_measures(judgement, g, needed)
    for name, part in found.items():
        lone = (ONE_INPUT if part.n else NO_LABELS).reason
        for field_name in ("value", "low", "high"):
            if getattr(part, field_name) is None:
                notes[f"parts.{name}.{field_name}"] = lone
        if part.labels_needed is None and part.state in _NO_NUMBER:
            notes[f"parts.{name}.labels_needed"] = _NO_NUMBER[part.state]
    return found


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _measure(
    key: Mapping[str, str | None],
    cells: Cells,
    judgement: Judgement,
    g: int,
    needed: Mapping[PartName, FloatArray],
) -> Measures:
    notes = _Notes()
    n = int(judgement.n[g])
    lone = (ONE_INPUT if n else NO_LABELS).reason

    def judged(name: str, missing: str = NO_LABELS.reason) -> float | None:
        return notes.value(name, float(getattr(judgement, name)[g]), missing)

    parts = corp_decomposition(cells)
    brier, mcb, dsc, unc = parts if not isinstance(parts, NoValue) else (parts,) * 4
    area = auroc(cells)
    fit = calibration_slope_intercept(cells)
    return Measures(
        group=dict(key),
        n_claims=int(judgement.n_claims[g]),
        n_unstated=int(judgement.n_unstated[g]),
        n=n,
        n_inputs=int(judgement.n_inputs[g]),
        coverage=judged("coverage", "no stated claims"),
        mean_confidence=judged("mean_confidence"),
        accuracy=judged("accuracy"),
        gap=judged("gap"),
        gap_low=judged("gap_low", lone),
        gap_high=judged("gap_high", lone),
        ece=judged("ece"),
        ece_noise_floor=judged("ece_noise_floor", lone),
        ece_p_value=notes.value("ece_p_value", ece_p_value(cells), NO_LABELS.reason),
        ece_debiased_l2=notes.value("ece_debiased_l2", ece_debiased_l2(cells)),
        smece=notes.value("smece", smece(cells)),
        brier=notes.value("brier", brier),
        mcb=notes.value("mcb", mcb),
        dsc=notes.value("dsc", dsc),
        unc=notes.value("unc", unc),
        log_loss=notes.value("log_loss", log_loss(cells)),
        n_exact_0_or_1=n_exact_0_or_1(cells),
        auroc=notes.value("auroc", area if isinstance(area, NoValue) else area.value),
        slope=notes.value("slope", fit if isinstance(fit, NoValue) else fit.slope),
        intercept=notes.value("intercept", fit if isinstance(fit, NoValue) else fit.intercept),
        high_band=_high_band(cells, judgement, g, notes),
        verdict=judgement.verdict[g],
        minimum_detectable_gap=judged(
            "minimum_detectable_gap", "so few labels can show no gap" if n else NO_LABELS.reason
        ),
        detectable_beyond_tolerance=judged(
            "detectable_beyond_tolerance",
            "no gap would show to be beyond the tolerance" if n else NO_LABELS.reason,
        ),
        n_effective=float(judgement.n_effective[g]),
        largest_share=judged("largest_share"),
        state=judgement.state[g],
        reason=judgement.reason[g],
        speaks_for=judgement.speaks_for[g],
        parts=_parts(judgement, g, needed, notes),
        reach=judgement.reaches[g],
        notes=dict(notes),
    )


def _high_band(cells: Cells, judgement: Judgement, g: int, notes: _Notes) -> HighBand | None:
    test = overconfidence_p_value(cells, judgement.high_from)
    if not judgement.high_n[g]:
        notes["high_band"] = test.reason if isinstance(test, NoValue) else NO_LABELS.reason
        return None
    lone = "one input only in the band"
    return HighBand(
        high_from=judgement.high_from,
        n=int(judgement.high_n[g]),
        claimed=float(judgement.high_claimed[g]),
        observed=float(judgement.high_observed[g]),
        low=notes.value("high_band.low", float(judgement.high_low[g]), lone),
        high=notes.value("high_band.high", float(judgement.high_high[g]), lone),
        p_value=notes.value("high_band.p_value", test),
    )
