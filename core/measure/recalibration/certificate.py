"""Does a map help? Judged on held-out claims, by the same verdict as everything else."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from core.defaults import LEVEL
from core.measure.cells.cells import Cells, FloatArray
from core.measure.cells.group_sums import group_sums
from core.measure.failures.gaming import BAND, HELD, NARROWED, spread
from core.measure.metrics.intervals import Interval
from core.measure.metrics.scores import NoValue, auroc, labelled
from core.measure.verdicts.parts import PartState
from core.measure.verdicts.verdict import judge

#: A dimension and its value.
Segment = tuple[str, str]
#: Claims as they were stated, and with their confidences mapped.
Sides = tuple[Cells, Cells]


@dataclass(frozen=True)
class Confidences:
    """The held-out claims with one set of confidences.

    Attributes:
        state: the verdict by parts on all of them.
        gap, gap_low, gap_high: mean confidence − accuracy, with its interval, corrected over the
            segments judged with it.
        ece: expected calibration error over ten bins.
        excess: how much of it is more than a calibrated signal of this size would show, ≥ 0.
        brier: the Brier score.
        auroc: the chance that a right claim is surer than a wrong one; None: no value.
        values: distinct confidences among the labelled claims.
        width: of the narrowest window that holds `HELD` of them, in [0, 1].
        off: the segments that are off.
    """

    state: PartState
    gap: float
    gap_low: float
    gap_high: float
    ece: float
    excess: float
    brier: float
    auroc: float | None
    values: int
    width: float
    off: tuple[Segment, ...]


@dataclass(frozen=True)
class Certificate:
    """What a map does to claims it was not fitted on.

    Attributes:
        before: as they were stated.
        after: mapped.
        n: labelled held-out inputs.
        brier_change: after − before, with its interval at `LEVEL`; negative is better.
        refused: why there is no certificate, each a sentence; empty: there is one.
        told: what to know all the same, each a sentence.
    """

    before: Confidences
    after: Confidences
    n: int
    brier_change: Interval
    refused: tuple[str, ...]
    told: tuple[str, ...]

    @property
    def given(self) -> bool:
        """Whether the map may be used."""
        return not self.refused


def certify(
    whole: Sides,
    segments: Mapping[Segment, Sides],
    *,
    changes: Sequence[tuple[Cells, FloatArray]],
    tolerance: float,
    high_from: float,
) -> Certificate | NoValue:
    """Judge a map.

    It is certified where the claims are off as stated, or at the edge; the Brier score of held-out
    claims falls beyond chance (paired over claims, Student's t, both tails of 1 − `LEVEL`); the
    calibration error in excess of chance is at least halved; nothing that was not off is off
    afterwards; and more than one confidence is left.

    Args:
        whole: all held-out claims, one of each input, as stated and mapped.
        segments: those of each segment that is judged, likewise.
        changes: the same claims as ``whole``, once: cells as stated, and what each of their
            confidences becomes.
        tolerance: the gap that is accepted.
        high_from: lower edge of the high-confidence band.
    """
    stated = labelled(whole[0])
    n = stated.total
    if not 0 < int(stated.s.sum()) < n:
        return NoValue("the heldout claims have one outcome only, or none: nothing judges the map")
    before, after = (
        _side(whole[at], {name: of[at] for name, of in segments.items()}, tolerance, high_from)
        for at in (0, 1)
    )
    change = _brier_change(changes)
    refused, told = [], []
    if before.state not in ("off", "at_the_edge"):
        refused.append("as they are stated they are not off, so there is nothing to repair")
    if not change.high < 0:
        refused.append(
            f"the Brier score does not fall beyond chance ({before.brier:.4f} to "
            f"{after.brier:.4f}, change {change.low:+.4f} to {change.high:+.4f})"
        )
    if after.excess > before.excess / 2:
        refused.append(
            "the calibration error in excess of chance is not halved "
            f"({before.excess:.3f} to {after.excess:.3f})"
        )
    if after.state == "off":
        refused.append("the mapped claims are off")
    worse = [one for one in after.off if one not in before.off]
    if worse:
        refused.append(f"segments become off that were not: {_named(worse)}")
    if after.values < 2:
        refused.append("every claim gets the same confidence, which ranks nothing")
    if before.auroc is not None and after.auroc is not None and after.auroc < before.auroc - 0.005:
        told.append(
            f"the map ties claims that were ranked: AUROC falls from {before.auroc:.3f} to "
            f"{after.auroc:.3f}, {before.values:,} confidences become {after.values:,}"
        )
    if after.width <= BAND and after.width <= NARROWED * before.width:
        area = "" if after.auroc is None else f" (AUROC {after.auroc:.3f})"
        told.append(
            f"discrimination collapses: {HELD:.0%} of the mapped confidences lie within "
            f"{_points(after.width)} of each other, {100 * before.width:.0f} as stated: "
            f"they are calibrated and hardly tell right from wrong{area}"
        )
    still = [one for one in after.off if one in before.off]
    if still:
        told.append(f"segments stay off, and need a map of their own or none: {_named(still)}")
    return Certificate(before, after, n, change, tuple(refused), tuple(told))


def _points(width: float) -> str:
    shown = f"{100 * width:.0f}"
    return f"{shown} point" if shown == "1" else f"{shown} points"


def _named(segments: Sequence[Segment]) -> str:
    shown = ", ".join(f"{name}={value}" for name, value in segments[:3])
    return f"{shown} and {len(segments) - 3} more" if len(segments) > 3 else shown


def _side(
    whole: Cells, segments: Mapping[Segment, Cells], tolerance: float, high_from: float
) -> Confidences:
    judged = judge(group_sums([whole, *segments.values()], high_from), tolerance=tolerance)
    known = labelled(whole)
    area, held = auroc(known), spread(known)
    v, n, s = known.v, known.n, known.s
    return Confidences(
        state=judged.state[0],
        gap=float(judged.gap[0]),
        gap_low=float(judged.gap_low[0]),
        gap_high=float(judged.gap_high[0]),
        ece=float(judged.ece[0]),
        excess=max(0.0, float(judged.ece[0] - judged.ece_noise_floor[0])),
        brier=float((s * (1 - v) ** 2 + (n - s) * v**2).sum() / n.sum()),
        auroc=None if isinstance(area, NoValue) else area.value,
        values=int(v.size),
        width=0.0 if isinstance(held, NoValue) else held.width,
        off=tuple(
            one for one, state in zip(segments, judged.state[1:], strict=True) if state == "off"
        ),
    )


def _brier_change(changes: Sequence[tuple[Cells, FloatArray]]) -> Interval:
    sizes, counts = [], []
    for cells, m in changes:
        v, n, s = cells.v, cells.n, cells.s
        sizes += [(1 - m) ** 2 - (1 - v) ** 2, m**2 - v**2]
        counts += [s, n - s]
    size, count = np.concatenate(sizes), np.concatenate(counts).astype(np.float64)
    total = float(count.sum())
    mean = float(size @ count) / total
    variance = float((size - mean) ** 2 @ count) / (total - 1)
    half = float(scipy.special.stdtrit(total - 1, (1 + LEVEL) / 2)) * math.sqrt(variance / total)
    return Interval(mean, mean - half, mean + half)
