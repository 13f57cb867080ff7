"""What is judged of a group: the gap as a whole, the shape of its errors, its high band.

Each part is *off* when a bound of it lies beyond the tolerance, *fine* when its bounds lie within,
*at the edge* when an error is shown that may lie on either side, and has *too few labels* else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from core.measure.cells.cells import FloatArray, IntArray
from core.measure.cells.group_sums import BoolArray

PartState = Literal["off", "at_the_edge", "fine", "too_few"]
PartName = Literal["whole", "shape", "high_band"]

#: Worst first.
STATES: tuple[PartState, ...] = ("off", "at_the_edge", "too_few", "fine")
#: In the order in which they are named as the reason.
PART_NAMES: tuple[PartName, ...] = ("whole", "high_band", "shape")
#: A part with too few labels counts against its group once it holds this share of its claims; a
#: smaller one is told beside the verdict and erases nothing.
MATTERS_FROM = 0.1
#: Of the search for how many labels decide: to a millionth of their number.
_HALVINGS = 20


@dataclass(frozen=True)
class Part:
    """One part of G groups; arrays of shape (G,), nan where there is nothing to say.

    Attributes:
        value: the gap, or of the shape the expected calibration error.
        low: lower bound, corrected over the family judged together; 0 or more for the shape.
        high: upper bound.
        n: labelled claims in it.
        n_inputs: distinct inputs among them.
        n_effective: how many equally weighted inputs those are worth.
        share: of the group's stated claims that are in it, in [0, 1].
        present: whether the group has it: a high band needs a claim, a shape two bands.
        state: one per group; of a part that is not there, ``fine``.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    n: IntArray
    n_inputs: IntArray
    n_effective: FloatArray
    share: FloatArray
    present: BoolArray
    state: tuple[PartState, ...]

    def is_off(self, group: int) -> bool:
        """Whether a group's part is off."""
        return self.state[group] == "off"

    def matters(self, group: int) -> bool:
        """Whether its state counts for the group's."""
        if not self.present[group]:
            return False
        return self.state[group] != "too_few" or not self.share[group] < MATTERS_FROM


def gap_states(
    low: FloatArray, high: FloatArray, enough: BoolArray, present: BoolArray, tolerance: float
) -> tuple[PartState, ...]:
    """States of a gap by its interval.

    Args:
        low: shape (G,), lower ends; nan counts as no bound.
        high: upper ends.
        enough: whether there are effective inputs enough.
        present: whether the part is there.
    """
    return _states(
        off=enough & ((low > tolerance) | (high < -tolerance)),
        fine=enough & (low >= -tolerance) & (high <= tolerance),
        shown=enough & ((low > 0) | (high < 0)),
        present=present,
    )


def shape_states(
    low: FloatArray, high: FloatArray, enough: BoolArray, present: BoolArray, tolerance: float
) -> tuple[PartState, ...]:
    """States of a shape by its bounds, both 0 or more; arguments as in `gap_states`."""
    return _states(
        off=enough & (low > tolerance),
        fine=enough & (high <= tolerance),
        shown=enough & (low > 0),
        present=present,
    )


def _states(
    *, off: BoolArray, fine: BoolArray, shown: BoolArray, present: BoolArray
) -> tuple[PartState, ...]:
    names: tuple[PartState, ...] = ("fine", "off", "at_the_edge", "too_few")
    codes = np.select([~present, off, fine, shown], [0, 1, 0, 2], 3)
    return tuple(names[code] for code in codes.tolist())


def labels_to_decide(part: Part, tolerance: float, alpha: float, power: float = 0.8) -> FloatArray:
    """Labelled claims after which a gap's interval would probably lie on one side of the tolerance.

    Were the gap what it looks like: half an interval narrows as 1/√n, and with so many its two ends
    lie on one side of the tolerance, or both within, with the chance wanted.

    Args:
        part: a gap, of the whole or of a band.
        alpha: of its interval.
        power: wanted chance.

    Returns:
        Shape (G,), of all labels and not of those lacking; inf where the gap is at the tolerance,
        nan without a label.
    """
    half = np.maximum(part.high - part.value, part.value - part.low)
    z = float(scipy.special.ndtri(1 - alpha / 2))
    size = np.abs(part.value)
    near = np.abs(size - tolerance)
    # Inside, an interval may also end beyond the far end of the tolerance.
    far = np.where(size < tolerance, size + tolerance, np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        few, many = ((z + float(scipy.special.ndtri(p))) / near for p in (power, (1 + power) / 2))
        for _ in range(_HALVINGS):
            middle = (few + many) / 2
            decided = (
                scipy.special.ndtr(middle * near - z) + scipy.special.ndtr(middle * far - z) - 1
            )
            few, many = (
                np.where(decided < power, middle, few),
                np.where(decided < power, many, middle),
            )
        times = (half * many / z) ** 2
    return np.asarray(part.n * times, dtype=np.float64)
