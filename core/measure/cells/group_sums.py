"""From cells to the dense sums that judge many groups at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import scipy

from core.measure.cells.bins import ECE_BINS
from core.measure.cells.cells import (
    BANDS,
    BandInputs,
    Bands,
    Cells,
    FloatArray,
    GroupSums,
    InputCells,
    InputSums,
    IntArray,
    RepeatedInputs,
    bin_of_hundredth,
    ece_bin,
    hundredth,
)

BoolArray = npt.NDArray[np.bool_]

_MILLION = 1_000_000
#: Confidences at two decimals: 0, 0.01, …, 1.
HUNDREDTHS = 101


def tally(place: IntArray, weight: npt.NDArray[np.float64 | np.int64], size: int) -> FloatArray:
    """Sum weights by place: shape (size,), zero where nothing falls."""
    return np.bincount(place, weight, size).astype(np.float64)


def in_high_band(v: FloatArray, high_from: float) -> BoolArray:
    """Whether each confidence is at or above the band's lower edge, in whole millionths.

    Args:
        v: shape (k,), confidences in [0, 1].
        high_from: the edge, inclusive.

    Returns:
        Booleans of shape (k,).
    """
    edge = round(high_from * _MILLION)
    inside: BoolArray = np.rint(v * _MILLION) >= edge
    return inside


def group_sums(groups: Sequence[Cells], high_from: float = 0.9) -> GroupSums:
    """Sum each group's cells over the ten ECE bins and over its high-confidence band.

    Nothing is lost that the verdict asks for: the sums are exact and additive. Once any group
    carries per-input detail, ``repeated`` is filled for all; in a group without it every
    labelled claim is its own input, so Σr² = Σ s(1−v)² + (n−s)v², Σrm = Σ(nv−s), Σm² = n.

    Args:
        groups: G groups of cells; may be empty, and so may each group.

    Returns:
        The sums, every array with leading dimension G.
    """
    size = len(groups)
    lengths = np.array([len(group.v) for group in groups], dtype=np.int64)
    owner = np.repeat(np.arange(size), lengths)
    v = _joined([group.v for group in groups])
    n = _joined([group.n for group in groups])
    s = _joined([group.s for group in groups])
    at = hundredth(v)
    bins = owner * ECE_BINS + bin_of_hundredth(at)
    high = in_high_band(v, high_from)

    def per_bin(weight: FloatArray) -> FloatArray:
        return tally(bins, weight, size * ECE_BINS).reshape(size, ECE_BINS)

    def per_band(weight: FloatArray) -> FloatArray:
        return tally(owner[high], weight[high], size)

    def per_hundredth(weight: FloatArray) -> FloatArray:
        found = tally(owner * HUNDREDTHS + at, weight, size * HUNDREDTHS)
        return found.reshape(size, HUNDREDTHS)

    bands, place = banded(per_hundredth(n), per_hundredth(s), per_hundredth(n * v))
    repeated = None
    if any(group.inputs is not None for group in groups):
        repeated = _repeated(groups, lengths, high_from)
        bands = replace(bands, inputs=_band_inputs(groups, place))
    return GroupSums(
        n_claims=np.array([group.n_claims.sum() for group in groups], dtype=np.int64),
        n_unstated=np.array([group.n_unstated for group in groups], dtype=np.int64),
        n=_whole(per_bin(n)),
        s=_whole(per_bin(s)),
        sv=per_bin(n * v),
        svv=per_bin(n * v * v),
        high_claims=_whole(per_band(_joined([group.n_claims for group in groups]))),
        high_n=_whole(per_band(n)),
        high_s=_whole(per_band(s)),
        high_sv=per_band(n * v),
        high_svv=per_band(n * v * v),
        high_from=high_from,
        bands=bands,
        repeated=repeated,
    )


def banded(
    n: FloatArray, s: FloatArray, sv: FloatArray, coarse: BoolArray | None = None
) -> tuple[Bands, IntArray]:
    """The bands of G groups, from their sums at each hundredth of confidence.

    Args:
        n: shape (G, `HUNDREDTHS`), labelled claims.
        s: the same shape, sum of outcomes.
        sv: the same shape, sum of confidences.
        coarse: shape (G,), groups whose bands are ECE bins however few hundredths they come by,
            since they were summed by bins; None: no group is one.

    Returns:
        The bands, without sums over inputs; and, of shape (G, `HUNDREDTHS`), the band that each
        hundredth falls in (of no meaning where no claim is labelled).
    """
    size = len(n)
    edge = np.arange(HUNDREDTHS)
    fine = np.count_nonzero(n, axis=1) <= BANDS
    if coarse is not None:
        fine &= ~coarse
    coarse_edge = 10 * (bin_of_hundredth(edge) + 1)
    upper_of = np.where(fine[:, None], edge, coarse_edge)
    group, column = np.nonzero(n)
    taken = np.zeros((size, HUNDREDTHS), dtype=np.bool_)
    taken[group, upper_of[group, column]] = True
    rank = np.cumsum(taken, axis=1) - 1
    # Below the first band lie hundredths without a label: they add nothing, wherever they go.
    place = np.maximum(np.take_along_axis(rank, upper_of, axis=1), 0)
    upper = np.full((size, BANDS), -1, dtype=np.int64)
    group, column = np.nonzero(taken)
    upper[group, rank[group, column]] = column
    group, column = np.nonzero(n)
    to = group * BANDS + place[group, column]

    def summed(of: FloatArray) -> FloatArray:
        return tally(to, of[group, column], size * BANDS).reshape(size, BANDS)

    width = np.where(fine, 1, 10).astype(np.int64)
    return Bands(upper, width, _whole(summed(n)), _whole(summed(s)), summed(sv)), place


def _band_inputs(groups: Sequence[Cells], place: IntArray) -> BandInputs:
    """Per-input sums over pairs of bands, of every group, whether or not its own inputs repeat."""
    shape = (len(groups), BANDS, BANDS)
    rr, rm, mm = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for g, cells in enumerate(groups):
        band = place[g, hundredth(cells.v)]
        if cells.inputs is None:
            n, s, v = cells.n, cells.s, cells.v
            at = np.arange(BANDS)
            rr[g, at, at] = tally(band, s * (1 - v) ** 2 + (n - s) * v * v, BANDS)
            rm[g, at, at] = tally(band, n * v - s, BANDS)
            mm[g, at, at] = tally(band, n, BANDS)
            continue
        r, m = input_bands(cells, band, BANDS)
        rr[g], rm[g], mm[g] = (r.T @ r).toarray(), (r.T @ m).toarray(), (m.T @ m).toarray()
    return BandInputs(rr, rm, mm)


def input_bands(
    cells: Cells, band: IntArray, size: int
) -> tuple[scipy.sparse.csr_array, scipy.sparse.csr_array]:
    """Residual sums and labelled claims of each input in each band.

    Args:
        cells: a group with its inputs.
        band: shape (k,), the band of each of its confidences, 0 … size − 1.
        size: how many bands.

    Returns:
        r_jb = Σ(v − y) and m_jb, sparse, of shape (n_inputs, size).
    """
    inputs = cells.inputs
    assert inputs is not None
    where = (inputs.input, band[inputs.value])
    shape = (inputs.n_inputs, size)
    m = inputs.n.astype(np.float64)
    # Entries of one input in one band are added up by the conversion.
    r = scipy.sparse.csr_array((m * cells.v[inputs.value] - inputs.s, where), shape=shape)
    return r, scipy.sparse.csr_array((m, where), shape=shape)


def single_inputs(cells: Cells) -> InputCells:
    """Per-input detail of claims that are inputs of their own: the right ones of a value first."""
    value = np.repeat(np.arange(len(cells.v)), cells.n)
    within = np.arange(len(value)) - np.repeat(np.cumsum(cells.n) - cells.n, cells.n)
    one = np.ones(len(value), dtype=np.int64)
    return InputCells(np.arange(len(value)), value, one, (within < cells.s[value]).astype(np.int64))


def _joined(parts: Sequence[FloatArray] | Sequence[IntArray]) -> FloatArray:
    return np.concatenate([np.zeros(0), *parts])


def _whole(counts: FloatArray) -> IntArray:
    return np.rint(counts).astype(np.int64)


def _repeated(groups: Sequence[Cells], lengths: IntArray, high_from: float) -> RepeatedInputs:
    """Per-input sums of every group, whether or not its own inputs repeat."""
    size = len(groups)
    detailed = [(g, c, c.inputs) for g, c in enumerate(groups) if c.inputs is not None]
    # Inputs are numbered inside their group; a running offset makes them unique over all.
    offsets = np.cumsum([0, *(inputs.n_inputs for _, _, inputs in detailed)])
    owner = np.repeat([g for g, _, _ in detailed], [len(i.input) for _, _, i in detailed])
    member = np.concatenate(
        [inputs.input + start for (_, _, inputs), start in zip(detailed, offsets, strict=False)]
    )
    v = np.concatenate([cells.v[inputs.value] for _, cells, inputs in detailed])
    m = np.concatenate([inputs.n for _, _, inputs in detailed]).astype(np.float64)
    r = m * v - np.concatenate([inputs.s for _, _, inputs in detailed])
    bins = ece_bin(v)
    high = in_high_band(v, high_from)

    plain_groups = [g for g, cells in enumerate(groups) if cells.inputs is None]
    plain_owner = np.repeat(plain_groups, lengths[plain_groups]).astype(np.int64)
    plain = [groups[g] for g in plain_groups]
    pv = _joined([cells.v for cells in plain])
    pn = _joined([cells.n for cells in plain])
    ps = _joined([cells.s for cells in plain])
    plain_bins = ece_bin(pv)
    plain_high = in_high_band(pv, high_from)

    whole = _input_sums(owner, member, m, r, size)
    plain_whole = _claim_sums(plain_owner, pv, pn, ps, size)
    band = _input_sums(owner[high], member[high], m[high], r[high], size)
    plain_band = _claim_sums(
        plain_owner[plain_high], pv[plain_high], pn[plain_high], ps[plain_high], size
    )
    binned = _input_sums(owner * ECE_BINS + bins, member * ECE_BINS + bins, m, r, size * ECE_BINS)
    plain_binned = _claim_sums(plain_owner * ECE_BINS + plain_bins, pv, pn, ps, size * ECE_BINS)
    return RepeatedInputs(
        bins=_added(binned, plain_binned, (size, ECE_BINS)),
        whole=_added(whole, plain_whole, (size,)),
        high=_added(band, plain_band, (size,)),
    )


def _input_sums(
    unit: IntArray, member: IntArray, m: FloatArray, r: FloatArray, units: int
) -> InputSums:
    """Sum entries to (unit, input), then squares and products to the unit.

    ``member`` must determine ``unit``.
    """
    _, first, place = np.unique(member, return_index=True, return_inverse=True)
    m_j = tally(place, m, len(first))
    r_j = tally(place, r, len(first))
    to = unit[first]
    return InputSums(
        inputs=np.bincount(to, minlength=units).astype(np.int64),
        rr=tally(to, r_j * r_j, units),
        rm=tally(to, r_j * m_j, units),
        mm=tally(to, m_j * m_j, units),
        most=largest(to, m_j, units),
    )


def largest(place: IntArray, of: FloatArray, size: int) -> FloatArray:
    """The largest value by place: shape (size,), zero where nothing falls; values are ≥ 0."""
    found = np.zeros(size)
    np.maximum.at(found, place, of)
    return found


def _claim_sums(
    unit: IntArray, v: FloatArray, n: FloatArray, s: FloatArray, units: int
) -> InputSums:
    """The same where every labelled claim is its own input."""
    count = tally(unit, n, units)
    return InputSums(
        inputs=_whole(count),
        rr=tally(unit, s * (1 - v) ** 2 + (n - s) * v * v, units),
        rm=tally(unit, n * v - s, units),
        mm=count,
        most=np.minimum(count, 1),
    )


def _added(left: InputSums, right: InputSums, shape: tuple[int, ...]) -> InputSums:
    return InputSums(
        inputs=(left.inputs + right.inputs).reshape(shape),
        rr=(left.rr + right.rr).reshape(shape),
        rm=(left.rm + right.rm).reshape(shape),
        mm=(left.mm + right.mm).reshape(shape),
        most=np.maximum(left.most, right.most).reshape(shape),
    )
