"""Every metric that a criterion can bound: one row each, from which all that is asked follows.

How it is estimated stands in `core.measure.metrics.metric_bounds`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """A metric that a criterion can bound.

    Attributes:
        key: as a registry file names it.
        words: what it is called on screen.
        about: how far off confidences are, whether they tell right from wrong, or something else.
        unit: in which it is shown.
        least_strict_ppm: the least strict bound, and what would pass beyond it: no criterion that
            hardly anything fails says that somebody checked. None: `collapsed_ppm` bounds it.
        passes: what would pass beyond it.
        rises: whether it is better when larger, so that a bound on it is a minimum.
        collapsed_ppm: what a confidence that is one value for every claim reaches; a minimum has
            to lie above it.
        part: of some of the claims only: where those are, and that there are none.
    """

    key: str
    words: str
    about: Literal["calibration", "discrimination", "other"]
    unit: Literal["points", "percent", "number"]
    least_strict_ppm: int | None = None
    passes: str = ""
    rises: bool = False
    collapsed_ppm: int | None = None
    part: tuple[str, str] | None = None


_QUARTER_OFF = "a confidence that is 25 points off everywhere would pass"
_BAND = ("in the high-confidence band", "no claim is in the high-confidence band")

_ROWS = (
    Metric("gap", "Gap", "calibration", "points", 250_000, _QUARTER_OFF),
    Metric(
        "high_band_gap",
        "Gap in the high-confidence band",
        "calibration",
        "points",
        250_000,
        _QUARTER_OFF,
        part=_BAND,
    ),
    Metric("ece", "ECE", "calibration", "number", 250_000, _QUARTER_OFF),
    Metric(
        "ece_debiased_l2",
        "Debiased L2 calibration error",
        "calibration",
        "number",
        250_000,
        _QUARTER_OFF,
    ),
    Metric("smece", "Smooth calibration error", "calibration", "number", 250_000, _QUARTER_OFF),
    Metric(
        "cutoff_error", "Cutoff calibration error", "calibration", "number", 250_000, _QUARTER_OFF
    ),
    # In squared units.
    Metric("mcb", "Miscalibration (MCB)", "calibration", "number", 62_500, _QUARTER_OFF),
    Metric(
        "brier",
        "Brier score",
        "calibration",
        "number",
        240_000,
        "always saying 0.5 scores 0.25",
    ),
    Metric("auroc", "AUROC", "discrimination", "number", rises=True, collapsed_ppm=500_000),
    Metric("dsc", "Discrimination (DSC)", "discrimination", "number", rises=True, collapsed_ppm=0),
    Metric(
        "automated_error",
        "Wrong among automated",
        "other",
        "percent",
        500_000,
        "automating more wrong than right would pass",
        part=("among the automated", "no claim would be automated"),
    ),
    Metric(
        "accuracy",
        "Accuracy",
        "other",
        "percent",
        100_000,
        "being right one time in ten would pass",
        rises=True,
    ),
    Metric(
        "coverage",
        "Coverage",
        "other",
        "percent",
        10_000,
        "one label in a hundred claims would pass",
        rises=True,
    ),
    Metric(
        "high_band_accuracy",
        "Accuracy in the high-confidence band",
        "other",
        "percent",
        500_000,
        "being confidently wrong every other time would pass",
        rises=True,
        part=_BAND,
    ),
)
#: By key, in the order that messages list them.
METRICS: Mapping[str, Metric] = {one.key: one for one in _ROWS}
CALIBRATION_METRICS = tuple(one.key for one in _ROWS if one.about == "calibration")
DISCRIMINATION_METRICS = tuple(one.key for one in _ROWS if one.about == "discrimination")
