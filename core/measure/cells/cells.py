"""The shapes that measures take: cells of one group, and sums over many groups.

LLM confidences are few and tied, so a group of claims is summed, without loss for nearly
every calibration measure, into one row per distinct confidence value: a *cell*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: The shape of an error is judged over at most so many bands of confidence.
BANDS = 10


@dataclass(frozen=True)
class InputCells:
    """The same cells, not yet summed over inputs; needed only where one input has several claims.

    Coordinate form: entry ``e`` says that input ``input[e]`` has ``n[e]`` labelled claims at
    confidence ``v[value[e]]`` of the owning `Cells`, of which ``s[e]`` turned out right.

    Attributes:
        input: shape (e,), 0 … n_inputs − 1.
        value: shape (e,), an index into the owning ``Cells.v``.
        n: shape (e,), labelled claims, ≥ 1.
        s: shape (e,), outcomes that were right, 0 … n.
    """

    input: IntArray
    value: IntArray
    n: IntArray
    s: IntArray

    @property
    def n_inputs(self) -> int:
        """How many distinct inputs carry a labelled claim."""
        return int(self.input.max()) + 1 if self.input.size else 0


@dataclass(frozen=True)
class Cells:
    """One group of claims, one row per distinct stated confidence, ascending.

    Attributes:
        v: shape (k,), the distinct stated confidences, in [0, 1], strictly increasing.
        n_claims: shape (k,), stated claims at ``v``.
        n: shape (k,), the labelled ones among them; may be 0.
        s: shape (k,), sum of outcomes of the labelled ones, 0 … n.
        n_unstated: claims of the group whose confidence is missing (kept, counted, never imputed).
        inputs: the per-input detail where one input has several labelled claims, else None:
            every claim is then its own input.
    """

    v: FloatArray
    n_claims: IntArray
    n: IntArray
    s: IntArray
    n_unstated: int = 0
    inputs: InputCells | None = None

    @cached_property
    def total(self) -> int:
        """Labelled claims, N."""
        return int(self.n.sum())

    @property
    def n_inputs(self) -> int:
        """Distinct inputs among the labelled claims."""
        return self.total if self.inputs is None else self.inputs.n_inputs

    def labelled(self) -> Cells:
        """The same cells without the values that carry no label yet."""
        keep = self.n > 0
        if keep.all():
            return self
        inputs = self.inputs
        if inputs is not None:
            position = np.cumsum(keep) - 1
            inputs = InputCells(inputs.input, position[inputs.value], inputs.n, inputs.s)
        return Cells(
            self.v[keep], self.n_claims[keep], self.n[keep], self.s[keep], self.n_unstated, inputs
        )


@dataclass(frozen=True)
class InputSums:
    """Residual sums over distinct inputs, for intervals where inputs repeat.

    With r_j = Σ(v − y) and m_j = the number of labelled claims of input j inside the unit in
    question (a bin, a group, or a group's high-confidence band). All arrays have that unit's shape.

    Attributes:
        inputs: number of distinct inputs J.
        rr: Σ_j r_j².
        rm: Σ_j r_j m_j.
        mm: Σ_j m_j².
        most: max_j m_j, the claims of the input that has most; 0 without one.
    """

    inputs: IntArray
    rr: FloatArray
    rm: FloatArray
    mm: FloatArray
    most: FloatArray

    def take(self, at: IntArray) -> InputSums:
        """The sums of the named units only."""
        return InputSums(self.inputs[at], self.rr[at], self.rm[at], self.mm[at], self.most[at])


@dataclass(frozen=True)
class RepeatedInputs:
    """`InputSums` of G groups: by ECE bin (G, 10), whole (G,), and in the high band (G,)."""

    bins: InputSums
    whole: InputSums
    high: InputSums

    def take(self, at: IntArray) -> RepeatedInputs:
        """The sums of the named groups only."""
        return RepeatedInputs(self.bins.take(at), self.whole.take(at), self.high.take(at))


@dataclass(frozen=True)
class BandInputs:
    """Per-input sums of G groups over pairs of their bands, shape (G, BANDS, BANDS) each.

    With r_jb and m_jb the residual sum and the labelled claims of input j in band b.

    Attributes:
        rr: Σ_j r_jb r_jc at [b, c].
        rm: Σ_j r_jb m_jc.
        mm: Σ_j m_jb m_jc.
    """

    rr: FloatArray
    rm: FloatArray
    mm: FloatArray

    def take(self, at: IntArray) -> BandInputs:
        """The sums of the named groups only."""
        return BandInputs(self.rr[at], self.rm[at], self.mm[at])


@dataclass(frozen=True)
class Bands:
    """The bands of confidence over which the shape of G groups' errors is judged.

    A group that states at most `BANDS` confidences at two decimals has a band for each of them;
    any other has the ECE bins. Only bands with a labelled claim are there, ascending; what is left
    of a row is empty (``n`` 0, ``upper`` −1). What a group's bands are follows from its stated
    confidences alone, never from outcomes. All arrays but ``width`` have shape (G, BANDS).

    Attributes:
        upper: upper edge of each band, inclusive, in hundredths; 0 is the confidence 0 itself.
        width: shape (G,), of its bands in hundredths: 1 or 10.
        n: labelled claims.
        s: sum of outcomes.
        sv: sum of confidences.
        inputs: sums over inputs where they repeat, else None.
    """

    upper: IntArray
    width: IntArray
    n: IntArray
    s: IntArray
    sv: FloatArray
    inputs: BandInputs | None = None

    def __len__(self) -> int:
        return len(self.width)

    @property
    def count(self) -> IntArray:
        """Shape (G,), bands that carry a label."""
        count: IntArray = np.count_nonzero(self.n, axis=1)
        return count

    def take(self, at: IntArray) -> Bands:
        """The bands of the named groups only."""
        inputs = self.inputs and self.inputs.take(at)
        return Bands(self.upper[at], self.width[at], self.n[at], self.s[at], self.sv[at], inputs)

    def labels(self, group: int) -> tuple[str, ...]:
        """What to call a group's bands: ``0.95``, or ``(0.8, 0.9]``."""
        upper, width = self.upper[group, : self.count[group]].tolist(), int(self.width[group])
        if width == 1:
            return tuple(f"{edge / 100:g}" for edge in upper)
        return tuple(f"({(edge - width) / 100:g}, {edge / 100:g}]" for edge in upper)


@dataclass(frozen=True)
class GroupSums:
    """What the verdict needs of G groups, dense and additive; all over labelled claims.

    The high-confidence band is everything stated at or above ``high_from`` (it need not be a
    whole ECE bin: 0.9 itself falls in the bin (0.8, 0.9]).

    Attributes:
        n_claims: shape (G,), stated claims.
        n_unstated: shape (G,).
        n: shape (G, 10), labelled claims per ECE bin.
        s: shape (G, 10), sum of outcomes.
        sv: shape (G, 10), sum of confidences.
        svv: shape (G, 10), sum of squared confidences.
        high_claims: shape (G,), stated claims in the high-confidence band.
        high_n, high_s, high_sv, high_svv: shape (G,), the labelled ones, likewise.
        high_from: the band's lower edge, inclusive.
        bands: the same claims over the bands by which the shape is judged.
        repeated: per-input sums where inputs repeat, else None: each claim is its own input.
    """

    n_claims: IntArray
    n_unstated: IntArray
    n: IntArray
    s: IntArray
    sv: FloatArray
    svv: FloatArray
    high_claims: IntArray
    high_n: IntArray
    high_s: IntArray
    high_sv: FloatArray
    high_svv: FloatArray
    high_from: float
    bands: Bands
    repeated: RepeatedInputs | None = None

    def __len__(self) -> int:
        return len(self.n_claims)

    def take(self, groups: Sequence[int]) -> GroupSums:
        """The sums of the named groups only, in the order named."""
        at = np.asarray(groups, dtype=np.int64)
        arrays = {
            field.name: getattr(self, field.name)[at]
            for field in fields(self)
            if field.name not in ("high_from", "bands", "repeated")
        }
        repeated = self.repeated and self.repeated.take(at)
        bands = self.bands.take(at)
        return GroupSums(**arrays, high_from=self.high_from, bands=bands, repeated=repeated)


def ece_bin(v: FloatArray) -> IntArray:
    """Index 0 … 9 of each confidence's ECE bin, (lo, hi] with zero in the first.

    Works on confidences quantised to six decimals, in whole millionths, so that 0.3 never
    lands on the wrong side of an edge by a rounding of the last binary digit.
    """
    return bin_of_hundredth(hundredth(v))


def hundredth(v: FloatArray) -> IntArray:
    """Each confidence at two decimals, rounded up, in hundredths 0 … 100.

    (0.94, 0.95] is 95, so that no hundredth straddles an ECE bin; zero stays its own. Works in
    whole millionths, like `ece_bin`.
    """
    millionths = np.rint(np.asarray(v) * 1_000_000).astype(np.int64)
    return (millionths + 9_999) // 10_000


def bin_of_hundredth(at: IntArray) -> IntArray:
    """Index 0 … 9 of the ECE bin that a hundredth 0 … 100 lies in."""
    return np.maximum((at + 9) // 10, 1) - 1
