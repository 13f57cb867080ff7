"""Did the scores change that are not calibration: the Brier score, and discrimination.

A new model may state each confidence as honestly as the old one and yet tell right from wrong less
well; or lose accuracy at the same calibration error, which the Brier score sees. Neither is the
word "worse calibrated", and either forbids the word "better".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from core.measure.cells import Cells, FloatArray, InputCells
from core.measure.change import Interval, Pair, difference
from core.measure.intervals import LARGE_SHARE
from core.measure.sums import tally
from core.measure.verdict import MINIMUM_INPUTS

ScoreVerdict = Literal["better", "worse", "cannot_tell"]

#: Claims of each outcome, right and wrong, that either side must have for its discrimination.
MINIMUM_OF_A_CLASS = 10


@dataclass(frozen=True)
class ScoreChange:
    """What became of a score.

    Attributes:
        before, after: the score on each side; nan where it has none.
        change: after − before, with its interval.
        verdict: in which direction the interval excludes zero, if it does.
    """

    before: float
    after: float
    change: Interval
    verdict: ScoreVerdict


def brier_change(pair: Pair, *, level: float = 0.95) -> ScoreChange:
    """The Brier score, mean (v − y)², lower being better; inputs on both sides are paired.

    Student's t over inputs, as `core.measure.change.difference`. It is worse also where accuracy
    fell at the same calibration error.

    Args:
        pair: the sums of (v − y)² per input.
        level: 1 − α; the chance of either word without a change is at most α/2.
    """
    change = difference(pair, level=level)
    verdict: ScoreVerdict = "cannot_tell"
    if min(pair.before.effective, pair.after.effective) >= MINIMUM_INPUTS:
        verdict = "worse" if change.low > 0 else "better" if change.high < 0 else "cannot_tell"
    return ScoreChange(pair.before.mean, pair.after.mean, change, verdict)


def auroc_change(
    before: Cells,
    after: Cells,
    *,
    inputs: tuple[InputCells, InputCells] | None = None,
    level: float = 0.95,
) -> ScoreChange:
    """The chance that a right claim is stated with more confidence than a wrong one (AUROC).

    DeLong, DeLong & Clarke-Pearson 1988: a claim's part in the area is its placement among those
    of the other outcome, and the area's variance that of the mean placements. Where inputs repeat,
    placements are summed per input first (Obuchowski 1997). Inputs in both sides are paired where
    ``inputs`` tells which: their parts' covariance is taken off, whatever the outcomes on each
    side. One side without spread (every right claim above every wrong one) is nobody's certainty:
    a variance is held at that of one more claim of each outcome, half of it misplaced.

    Args:
        before: the baseline's cells.
        after: the candidate's.
        inputs: both sides' labelled claims by input, numbered alike, so that one number is one
            input on both; None: the sides share none.
        level: 1 − α; the chance of either word without a change is about α/2.

    Returns:
        The change; ``cannot_tell`` under `MINIMUM_OF_A_CLASS` right or wrong claims on a side, or
        `MINIMUM_INPUTS` effective inputs, or where one input holds over a tenth of a side's claims.
    """
    sides = before.labelled(), after.labelled()
    known = [one.s.sum() > 0 and one.s.sum() < one.total for one in sides]
    if not all(known):
        areas = [_area(one) if ok else math.nan for one, ok in zip(sides, known, strict=True)]
        return ScoreChange(areas[0], areas[1], Interval(math.nan, -1.0, 1.0), "cannot_tell")
    areas = [_area(one) for one in sides]
    covariance = 0.0
    if inputs is None:
        variances = [
            _variance(one, area, one.inputs) for one, area in zip(sides, areas, strict=True)
        ]
    else:
        shifted = [_shifted(one, of) for one, of in zip((before, after), inputs, strict=True)]
        variances = [
            _variance(one, area, of) for one, area, of in zip(sides, areas, shifted, strict=True)
        ]
        number = max(one.n_inputs for one in shifted)
        parts = [
            _parts(one, area, of, number)
            for one, area, of in zip(sides, areas, shifted, strict=True)
        ]
        covariance = float(parts[0] @ parts[1])
    z = float(special.ndtri((1 + level) / 2))
    half = z * math.sqrt(max(sum(variances) - 2 * covariance, 0.0))
    value = areas[1] - areas[0]
    change = Interval(value, max(value - half, -1.0), min(value + half, 1.0))
    verdict: ScoreVerdict = "cannot_tell"
    if all(_enough(one) for one in sides):
        verdict = "worse" if change.high < 0 else "better" if change.low > 0 else "cannot_tell"
    return ScoreChange(areas[0], areas[1], change, verdict)


def _enough(cells: Cells) -> bool:
    right, total = int(cells.s.sum()), cells.total
    if cells.inputs is None:
        effective = float(total)
    else:
        m = np.bincount(cells.inputs.input, cells.inputs.n)
        effective = total**2 / float((m * m).sum())
        if m.max() > LARGE_SHARE * total:
            return False
    return effective >= MINIMUM_INPUTS and min(right, total - right) >= MINIMUM_OF_A_CLASS


def _placements(cells: Cells) -> tuple[FloatArray, FloatArray]:
    """Of a right claim at each confidence among the wrong ones, and the reverse; in [0, 1]."""
    wrong = (cells.n - cells.s).astype(np.float64)
    right = cells.s.astype(np.float64)
    of_right = (np.cumsum(wrong) - wrong / 2) / wrong.sum()
    of_wrong = 1 - (np.cumsum(right) - right / 2) / right.sum()
    return of_right, of_wrong


def _area(cells: Cells) -> float:
    of_right, _ = _placements(cells)
    return float(cells.s @ of_right / cells.s.sum())


def _variance(cells: Cells, area: float, inputs: InputCells | None) -> float:
    of_right, of_wrong = _placements(cells)
    right, wrong = float(cells.s.sum()), float((cells.n - cells.s).sum())
    least = 0.25 * (1 / (right + 1) ** 2 + 1 / (wrong + 1) ** 2)
    spread_right = float(cells.s @ (of_right - area) ** 2)
    spread_wrong = float((cells.n - cells.s) @ (of_wrong - area) ** 2)
    plain = spread_right / (right * max(right - 1, 1)) + spread_wrong / (wrong * max(wrong - 1, 1))
    if inputs is None:
        return max(plain, least)
    parts = _parts(cells, area, inputs, inputs.n_inputs)
    used = int(np.count_nonzero(np.bincount(inputs.input, inputs.n)))
    return max(float(parts @ parts) * used / max(used - 1, 1), plain, least)


def _parts(cells: Cells, area: float, inputs: InputCells, number: int) -> FloatArray:
    """What each input adds to the area's deviation, shape (number,)."""
    of_right, of_wrong = _placements(cells)
    right, wrong = float(cells.s.sum()), float((cells.n - cells.s).sum())
    at = inputs.value
    each = inputs.s * (of_right[at] - area) / right
    each = each + (inputs.n - inputs.s) * (of_wrong[at] - area) / wrong
    return tally(inputs.input, each, number)


def _shifted(cells: Cells, inputs: InputCells) -> InputCells:
    """The entries by the places of the labelled confidences alone."""
    place = np.cumsum(cells.n > 0) - 1
    return InputCells(inputs.input, place[inputs.value], inputs.n, inputs.s)
