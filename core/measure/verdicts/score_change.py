"""Did the scores change that are not calibration: the Brier score, and discrimination.

A new model may state each confidence as honestly as the old one and yet tell right from wrong less
well; or lose accuracy at the same calibration error, which the Brier score sees. Neither is the
word "worse calibrated", and either forbids the word "better".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import scipy

from core.defaults import MINIMUM_INPUTS
from core.measure.cells.cells import Cells, FloatArray, InputCells, IntArray
from core.measure.cells.group_sums import BoolArray, single_inputs, tally
from core.measure.metrics.intervals import LARGE_SHARE, Interval
from core.measure.verdicts.before_after import Pair, difference

ScoreVerdict = Literal["better", "worse", "same", "cannot_tell"]

#: Claims of each outcome, right and wrong, that either side must have for its discrimination.
MINIMUM_OF_A_CLASS = 10


@dataclass(frozen=True)
class ScoreChange:
    """What became of a score.

    Attributes:
        before, after: the score on each side; nan where it has none.
        change: after − before, with its interval.
        verdict: in which direction the interval excludes zero, if it does; ``same`` only where
            that is too little to matter (`core.measure.verdicts.group_change`).
    """

    before: float
    after: float
    change: Interval
    verdict: ScoreVerdict


def brier_change(pair: Pair, *, level: float = 0.95) -> ScoreChange:
    """The Brier score, mean (v − y)², lower being better; inputs on both sides are paired.

    Student's t over inputs, as `core.measure.verdicts.before_after.difference`. It is worse also
    where accuracy fell at the same calibration error.

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
        inputs: both sides' labelled claims by input, numbered alike, so that one number is one
            input on both; None: the sides share none.
        level: 1 − α; the chance of either word without a change is about α/2.

    Returns:
        The change; ``cannot_tell`` under `MINIMUM_OF_A_CLASS` right or wrong claims on a side, or
        `MINIMUM_INPUTS` effective inputs, or where one input holds over a tenth of a side's claims.
    """
    of = (None, None) if inputs is None else inputs
    sides = [_Side.of([one], [1.0], [by]) for one, by in zip((before, after), of, strict=True)]
    return _changed(sides[0], sides[1], inputs is not None, level)


def auroc_change_on_one_mix(
    before: Sequence[Cells], after: Sequence[Cells], *, level: float = 0.95
) -> ScoreChange:
    """`auroc_change` with the candidate weighted to the baseline's mix of cases.

    Other cases are ranked with other ease; that is no change of the version. So each of the
    candidate's claims counts for as many as the baseline has labels of its kind of case against
    each label of the candidate's. Kinds that one side has no label of are left out of both.

    Args:
        before: the baseline's cells of each kind of case.
        after: the candidate's, of the same kinds in the same order.
        level: as in `auroc_change`.
    """
    kinds = [
        (one, other)
        for one, other in zip(before, after, strict=True)
        if one.total > 0 and other.total > 0
    ]
    old, new = ([kind[at] for kind in kinds] for at in (0, 1))
    even = [1.0] * len(kinds)
    weights = [one.total / other.total for one, other in kinds]
    nobody: list[InputCells | None] = [None] * len(kinds)
    return _changed(_Side.of(old, even, nobody), _Side.of(new, weights, nobody), False, level)


class KindsOfCases:
    """Both sides' claims of many kinds of case, of which groups are looked at by themselves."""

    def __init__(self, before: Sequence[Cells], after: Sequence[Cells]) -> None:
        self._cells = before, after
        self._repeat = any(one.inputs is not None for one in (*before, *after))
        old, new = _of_kinds(before), _of_kinds(after)
        totals = [one.totals(len(before)) for one in (old, new)]
        self._both = (totals[0] > 0) & (totals[1] > 0)
        ratio = np.divide(totals[0], totals[1], out=np.zeros(len(before)), where=self._both)
        self._sides = (old, np.ones(len(before))), (new, ratio)

    def change(self, kinds: Sequence[int], *, level: float = 0.95) -> ScoreChange:
        """`auroc_change_on_one_mix` of some of the kinds, ascending."""
        if self._repeat:
            before, after = ([side[at] for at in kinds] for side in self._cells)
            return auroc_change_on_one_mix(before, after, level=level)
        chosen = np.zeros(len(self._both), dtype=np.bool_)
        chosen[list(kinds)] = True
        chosen &= self._both
        old, new = (one.side(chosen, weights) for one, weights in self._sides)
        return _changed(old, new, False, level)


@dataclass(frozen=True)
class _OfKinds:
    """Labelled cells of all kinds, one after the other.

    Attributes:
        kind: of which kind each is.
        at: where the confidence of each is among those that there are, ascending.
        size: how many these are.
        n, s: labelled claims of each, and right ones.
    """

    kind: IntArray
    at: IntArray
    size: int
    n: IntArray
    s: IntArray

    def totals(self, kinds: int) -> FloatArray:
        """Labelled claims of each kind."""
        return tally(self.kind, self.n, kinds)

    def side(self, kinds: BoolArray, weights: FloatArray) -> _Side:
        """The claims of some kinds."""
        rows = np.flatnonzero(kinds[self.kind])
        at = self.at[rows]
        there = np.bincount(at, minlength=self.size) > 0
        place = (np.cumsum(there) - 1)[at] if len(at) else at
        size = int(there.sum())
        return _Side(place, size, weights[self.kind[rows]], self.n[rows], self.s[rows])


def _of_kinds(cells: Sequence[Cells]) -> _OfKinds:
    nothing = np.zeros(0, dtype=np.int64)
    kind = np.repeat(np.arange(len(cells)), [len(one.v) for one in cells])
    n, s = (
        np.concatenate([nothing, *(getattr(one, name) for one in cells)]) for name in ("n", "s")
    )
    labelled = n > 0
    v, at = np.unique(
        np.concatenate([np.zeros(0), *(one.v for one in cells)])[labelled], return_inverse=True
    )
    return _OfKinds(kind[labelled], at, len(v), n[labelled], s[labelled])


def _changed(before: _Side, after: _Side, shared: bool, level: float) -> ScoreChange:
    sides = before, after
    areas = [one.area if one.known else math.nan for one in sides]
    if not (before.known and after.known):
        return ScoreChange(areas[0], areas[1], Interval(math.nan, -1.0, 1.0), "cannot_tell")
    covariance = 0.0
    if shared:
        number = max(before.n_inputs, after.n_inputs)
        covariance = float(before.parts(number) @ after.parts(number))
    z = float(scipy.special.ndtri((1 + level) / 2))
    half = z * math.sqrt(max(before.variance + after.variance - 2 * covariance, 0.0))
    value = areas[1] - areas[0]
    change = Interval(value, max(value - half, -1.0), min(value + half, 1.0))
    verdict: ScoreVerdict = "cannot_tell"
    if before.enough and after.enough:
        verdict = "worse" if change.high < 0 else "better" if change.low > 0 else "cannot_tell"
    return ScoreChange(areas[0], areas[1], change, verdict)


class _Side:
    """One side's labelled claims, of kinds of case that each count with a weight.

    Attributes:
        right, right_squares, wrong, wrong_squares: Σw and Σw² of the right, and of the wrong, at
            each confidence.
        known: whether there are both.
    """

    def __init__(
        self,
        at: IntArray,
        size: int,
        weight: FloatArray,
        n: IntArray,
        s: IntArray,
        kinds: Sequence[tuple[Cells, float, InputCells | None]] = (),
    ) -> None:
        """Of labelled cells, kind by kind.

        Args:
            at: the place of each one's confidence among those that there are, ascending.
            size: how many these are.
            weight: what each one's claims count.
            n: of each, labelled claims.
            s: of each, right ones.
            kinds: the cells of each kind, what they count, and their inputs; none where no input
                repeats.
        """
        self._at, self._size, self._weight, self._kinds = at, size, weight, kinds
        self.right, self.right_squares = self._tallied(s)
        self.wrong, self.wrong_squares = self._tallied(n - s)
        self.known = self.right.sum() > 0 and self.wrong.sum() > 0

    @classmethod
    def of(
        cls,
        kinds: Sequence[Cells],
        weights: Sequence[float],
        inputs: Sequence[InputCells | None],
    ) -> _Side:
        """Of the cells of kinds, with the inputs of each where they are told."""
        shifted = [
            None if by is None else _shifted(one, by) for one, by in zip(kinds, inputs, strict=True)
        ]
        cells = [one.labelled() for one in kinds]
        v, at = np.unique(
            np.concatenate([np.zeros(0), *(one.v for one in cells)]), return_inverse=True
        )
        nothing = np.zeros(0, dtype=np.int64)
        return cls(
            at,
            len(v),
            np.repeat(np.array(weights, dtype=np.float64), [len(one.v) for one in cells]),
            np.concatenate([nothing, *(one.n for one in cells)]),
            np.concatenate([nothing, *(one.s for one in cells)]),
            [
                (one, weight, by if by is not None else one.inputs)
                for one, weight, by in zip(cells, weights, shifted, strict=True)
            ],
        )

    def _tallied(self, counts: IntArray) -> tuple[FloatArray, FloatArray]:
        w, size = self._weight, self._size
        return tally(self._at, w * counts, size), tally(self._at, w * w * counts, size)

    @cached_property
    def placements(self) -> tuple[FloatArray, FloatArray]:
        """Of a right claim at each confidence among the wrong ones, and the reverse; in [0, 1]."""
        of_right = (np.cumsum(self.wrong) - self.wrong / 2) / self.wrong.sum()
        of_wrong = 1 - (np.cumsum(self.right) - self.right / 2) / self.right.sum()
        return of_right, of_wrong

    @cached_property
    def area(self) -> float:
        return float(self.right @ self.placements[0] / self.right.sum())

    @property
    def effective(self) -> tuple[float, float]:
        """Right and wrong claims it is worth."""
        right = float(self.right.sum() ** 2 / self.right_squares.sum())
        return right, float(self.wrong.sum() ** 2 / self.wrong_squares.sum())

    @property
    def n_inputs(self) -> int:
        return sum(one.total if by is None else by.n_inputs for one, _, by in self._kinds)

    @cached_property
    def variance(self) -> float:
        """Of the area."""
        of_right, of_wrong = self.placements
        right, wrong = self.effective
        least: float = 0.25 * (1 / (right + 1) ** 2 + 1 / (wrong + 1) ** 2)
        spread_right = float(self.right_squares @ (of_right - self.area) ** 2)
        spread_wrong = float(self.wrong_squares @ (of_wrong - self.area) ** 2)
        plain: float = spread_right / self.right.sum() ** 2 * right / max(right - 1, 1)
        plain += spread_wrong / self.wrong.sum() ** 2 * wrong / max(wrong - 1, 1)
        if all(by is None for *_, by in self._kinds):
            return max(plain, least)
        parts = self.parts(self.n_inputs)
        used = int(np.count_nonzero(self._claims))
        return max(float(parts @ parts) * used / max(used - 1, 1), plain, least)

    def parts(self, number: int) -> FloatArray:
        """What each input adds to the area's deviation, shape (number,); of one kind."""
        of_right, of_wrong = self.placements
        each = []
        ends = np.cumsum([len(cells.v) for cells, *_ in self._kinds])[:-1]
        for (cells, weight, by), place in zip(self._kinds, np.split(self._at, ends), strict=True):
            by = single_inputs(cells) if by is None else by
            at = place[by.value]
            of_each = weight / float(self.right.sum()) * by.s * (of_right[at] - self.area)
            of_each += weight / float(self.wrong.sum()) * (by.n - by.s) * (of_wrong[at] - self.area)
            each.append(tally(by.input, np.asarray(of_each, dtype=np.float64), by.n_inputs))
        found = np.concatenate(each)
        return np.concatenate([found, np.zeros(number - len(found))])

    @cached_property
    def _claims(self) -> FloatArray:
        """Of each input, by weight."""
        return np.concatenate(
            [
                np.full(one.total, weight)
                if by is None
                else weight * tally(by.input, by.n, by.n_inputs)
                for one, weight, by in self._kinds
            ]
        )

    @property
    def enough(self) -> bool:
        """Whether there are claims of either outcome enough, and inputs."""
        if any(by is not None for *_, by in self._kinds):
            total, squares = self._claims.sum(), float(self._claims @ self._claims)
            if self._claims.max() > LARGE_SHARE * total:
                return False
        else:
            total = self.right.sum() + self.wrong.sum()
            squares = float(self.right_squares.sum() + self.wrong_squares.sum())
        enough = total**2 / squares >= MINIMUM_INPUTS
        return bool(enough and min(self.effective) >= MINIMUM_OF_A_CLASS)


def _shifted(cells: Cells, inputs: InputCells) -> InputCells:
    """The entries by the places of the labelled confidences alone."""
    place = np.cumsum(cells.n > 0) - 1
    return InputCells(inputs.input, place[inputs.value], inputs.n, inputs.s)
