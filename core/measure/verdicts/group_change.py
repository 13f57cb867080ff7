"""What became of a group by its parts: the gap, the shape of its errors, telling right from wrong.

The chance of a false word is shared between the parts, `GAP_SHARE`, `SHAPE_SHARE` and
`AUROC_SHARE` of α, and each share among the groups that it judges (Bonferroni: groups overlap).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.defaults import MINIMUM_INPUTS, TOLERANCE
from core.measure.verdicts.before_after import (
    MATERIAL,
    ChangeVerdict,
    GapChange,
    OverallVerdict,
    Pair,
    gap_changes,
)
from core.measure.verdicts.score_change import ScoreChange
from core.measure.verdicts.shape_change import BandPair, ShapeChange, shape_change

#: Shares of the chance of error.
GAP_SHARE, SHAPE_SHARE, AUROC_SHARE = 0.6, 0.2, 0.2

ChangedPart = Literal["gap", "shape", "auroc"]


@dataclass(frozen=True)
class PartsChange:
    """What became of one group.

    Attributes:
        gap: the gap.
        shape: the error over bands; None where no shape is judged beside the gap: in the
            high-confidence band, and where claims lie in one band.
        auroc: how well right is told from wrong; None in the high-confidence band. Better, it is
            no better calibration.
        brier: the Brier score by itself, at 95 %; None where the sides are not paired. Worse, it
            is no worse calibration, and forbids the word better.
    """

    gap: GapChange
    shape: ShapeChange | None = None
    auroc: ScoreChange | None = None
    brier: ScoreChange | None = None

    @property
    def worse(self) -> tuple[ChangedPart, ...]:
        """The parts that are shown to be worse."""
        return self._parts("worse")

    @property
    def better(self) -> tuple[ChangedPart, ...]:
        """The parts of calibration that are shown to be better."""
        return tuple(one for one in self._parts("better") if one != "auroc")

    @property
    def brier_worse(self) -> bool:
        """Whether the paired Brier score is shown to be worse."""
        return self.brier is not None and self.brier.verdict == "worse"

    @property
    def shape_unknown(self) -> bool:
        """Whether it is the shape alone of which nothing can be told."""
        unknown = self.shape is not None and self.shape.verdict == "cannot_tell"
        return unknown and self.gap.verdict == "same"

    @property
    def verdict(self) -> OverallVerdict:
        """Of all parts: ``same`` only where gap and shape are both."""
        if self.worse:
            return "mixed" if self.better else "worse"
        if self.better:
            return "mixed" if self.brier_worse else "better"
        unknown = self.gap.verdict == "cannot_tell" or self.shape_unknown
        return "cannot_tell" if unknown else "same"

    def _parts(self, verdict: ChangeVerdict) -> tuple[ChangedPart, ...]:
        found: list[ChangedPart] = ["gap"] if self.gap.verdict == verdict else []
        if self.shape is not None and self.shape.verdict == verdict:
            found.append("shape")
        if self.auroc is not None and self.auroc.verdict == verdict:
            found.append("auroc")
        return tuple(found)


@dataclass(frozen=True)
class GroupPairs:
    """One group's two sides, to be judged.

    Attributes:
        gap: sums of residuals.
        bands: the same over bands of confidence; None: no shape is judged.
        auroc: gives the change of discrimination at a confidence level; None: none is judged.
        brier: the change of the Brier score, if the sides are paired.
    """

    gap: Pair
    bands: BandPair | None = None
    auroc: Callable[[float], ScoreChange] | None = None
    brier: ScoreChange | None = None


def parts_changes(
    groups: Sequence[GroupPairs], *, tolerance: float = TOLERANCE, level: float = 0.95
) -> tuple[PartsChange, ...]:
    """Judge many groups together by all parts.

    Where nothing changed in any group, the chance that any is called worse is at most 1 − level;
    about half of that, for the intervals are two-sided.

    Args:
        groups: the whole, its high-confidence band, segments.
        tolerance: the gap, and the error over bands, that is accepted, in [0, 1].
        level: 1 − α.
    """
    alpha = 1 - level
    gaps = gap_changes(
        [one.gap for one in groups], tolerance=tolerance, level=1 - GAP_SHARE * alpha
    )
    shaped = [_shaped(one) for one in groups]
    curved = [one for one in shaped if one is not None and min(one.effective) >= MINIMUM_INPUTS]
    shape_alpha = SHAPE_SHARE * alpha / max(1, len(curved))
    ranked = sum(one.auroc is not None and one.gap.inputs >= MINIMUM_INPUTS for one in groups)
    auroc_level = 1 - AUROC_SHARE * alpha / max(1, ranked)
    return tuple(
        PartsChange(
            gap,
            None if bands is None else shape_change(bands, alpha=shape_alpha, tolerance=tolerance),
            None if one.auroc is None else _material(one.auroc(auroc_level), tolerance),
            one.brier,
        )
        for one, gap, bands in zip(groups, gaps, shaped, strict=True)
    )


def _material(change: ScoreChange, tolerance: float) -> ScoreChange:
    """The same, where a change as small as one that is none of a gap is none."""
    if change.change.inside(MATERIAL * tolerance):
        return replace(change, verdict="same")
    return change


def _shaped(one: GroupPairs) -> BandPair | None:
    bands = one.bands
    if bands is None:
        return None
    used = bands.m[: bands.bands] + bands.m[bands.bands :]
    return bands if (used > 0).sum() > 1 else None
