"""All measures of many groups: what `measure`, the pages and the reports show of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from core.measure.cells import Cells
from core.measure.noise import ece_p_value
from core.measure.overconfidence import overconfidence_p_value
from core.measure.regression import calibration_slope_intercept
from core.measure.reliability import corp_decomposition
from core.measure.scores import (
    NO_LABELS,
    ONE_INPUT,
    NoValue,
    auroc,
    ece_debiased_l2,
    log_loss,
    n_exact_0_or_1,
)
from core.measure.smece import smece
from core.measure.sums import group_sums
from core.measure.verdict import HIGH_FROM, TOLERANCE, Judgement, Verdict, judge

#: Worst first.
_VERDICT_ORDER: tuple[Verdict, ...] = ("miscalibrated", "cannot_tell", "within_tolerance")


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
        ece_debiased_l2: see `core.measure.scores.ece_debiased_l2`.
        smece: see `core.measure.smece.smece`.
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
        verdict: of all groups judged together.
        minimum_detectable_gap: see `Judgement`.
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
    notes: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The JSON object of the group; ``notes`` only where something is null."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["group"] = dict(self.group)
        values["high_band"] = self.high_band.as_json() if self.high_band else None
        values["notes"] = dict(self.notes)
        if not self.notes:
            del values["notes"]
        return values


def measure_groups(
    keys: Sequence[Mapping[str, str | None]],
    groups: Sequence[Cells],
    *,
    tolerance: float = TOLERANCE,
    high_from: float = HIGH_FROM,
) -> tuple[Measures, ...]:
    """Measure groups, judging all of them together.

    Args:
        keys: G group names, dimension → value.
        groups: their G cells.
        tolerance: accepted gap, in [0, 1].
        high_from: lower edge of the high-confidence band.

    Returns:
        G results: miscalibrated first, then cannot_tell, then within_tolerance; the largest n
        first among equals, then in the order given.

    Raises:
        ValueError: when keys and groups differ in number, or tolerance is out of range.
    """
    judgement = judge(group_sums(groups, high_from), tolerance=tolerance)
    measured = [
        _measure(key, cells, judgement, g)
        for g, (key, cells) in enumerate(zip(keys, groups, strict=True))
    ]
    measured.sort(key=lambda m: (_VERDICT_ORDER.index(m.verdict), -m.n))
    return tuple(measured)


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


def _measure(key: Mapping[str, str | None], cells: Cells, judgement: Judgement, g: int) -> Measures:
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
