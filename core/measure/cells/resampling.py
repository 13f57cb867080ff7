"""What resampling needs: neighbouring confidences pooled, and counts drawn anew from cells."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy

from core.measure.cells.cells import Cells, FloatArray, InputCells, IntArray

#: Beyond so many distinct confidences, measures whose cost grows with them work at two decimals.
MAXIMUM_VALUES = 200
#: Largest number of (draw, input) counts held at once, 32 MB.
_CHUNK = 4_000_000


def pooled(cells: Cells) -> Cells:
    """The same claims with neighbouring confidences pooled, at two decimals.

    Confidences within (0.00, 0.01], (0.01, 0.02], … become one value, zero stays its own: a pool
    never straddles an ECE bin, and values stated at two decimals stay apart. A pooled value is the
    mean confidence of its labelled claims (of its stated claims where none is labelled), so that
    no gap changes. Counts add up; values stay strictly increasing.

    Args:
        cells: k values.

    Returns:
        Cells with at most 101 values.
    """
    if not cells.v.size:
        return cells
    hundredth = -(-np.rint(cells.v * 1_000_000).astype(np.int64) // 10_000)
    place = np.cumsum(np.diff(hundredth, prepend=hundredth[0]) > 0)
    rows = int(place[-1]) + 1

    def total(x: IntArray) -> IntArray:
        return np.bincount(place, weights=x, minlength=rows).astype(np.int64)

    n_claims, n, s = total(cells.n_claims), total(cells.n), total(cells.s)
    weight = np.where(n[place] > 0, cells.n, np.maximum(cells.n_claims, 1))
    v = np.bincount(place, weights=weight * cells.v) / np.bincount(place, weights=weight)
    inputs = cells.inputs
    if inputs is not None:
        pair, entry = np.unique(inputs.input * rows + place[inputs.value], return_inverse=True)
        inputs = InputCells(
            pair // rows,
            pair % rows,
            np.bincount(entry, weights=inputs.n).astype(np.int64),
            np.bincount(entry, weights=inputs.s).astype(np.int64),
        )
    return Cells(v, n_claims, n, s, cells.n_unstated, inputs)


def by_input(
    cells: Cells, inputs: InputCells, entries: FloatArray | IntArray
) -> scipy.sparse.csr_array:
    """Sparse (n_inputs, k) matrix of ``entries``, one per entry of ``inputs``."""
    shape = (inputs.n_inputs, cells.v.size)
    return scipy.sparse.csr_array(
        (entries.astype(np.float64), (inputs.input, inputs.value)), shape=shape
    )


def multiplicities(
    rng: np.random.Generator, draws: int, size: int, among: int
) -> Iterator[FloatArray]:
    """How often each of ``among`` things is drawn when ``size`` are drawn with replacement.

    Yields:
        Arrays of shape (chunk, among) whose rows sum to ``size``; ``draws`` rows in all, in chunks
        that keep memory bounded.
    """
    step = max(1, _CHUNK // among)
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        drawn = rng.integers(among, size=(rows, size))
        drawn += np.arange(rows)[:, np.newaxis] * among
        counts = np.bincount(drawn.ravel(), minlength=rows * among)
        yield counts.reshape(rows, among).astype(np.float64)


def resampled(cells: Cells, draws: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Nonparametric bootstrap of cells.

    Claims are drawn with replacement: a multinomial over the 2k cells (v, y). Where inputs repeat,
    whole inputs are drawn with replacement instead, each with all its claims (Field & Welsh 2007).

    Args:
        cells: labelled cells, N > 0.
        draws: B.

    Returns:
        Labelled claims and sums of outcomes, each of shape (B, k).
    """
    if cells.inputs is None:
        share = np.concatenate([cells.n - cells.s, cells.s]) / cells.total
        counts = rng.multinomial(cells.total, share, size=draws).astype(np.float64)
        wrong, right = np.hsplit(counts, 2)
        return wrong + right, right
    n_matrix = by_input(cells, cells.inputs, cells.inputs.n)
    s_matrix = by_input(cells, cells.inputs, cells.inputs.s)
    n, s = [], []
    for times in multiplicities(rng, draws, cells.n_inputs, cells.n_inputs):
        n.append(times @ n_matrix)
        s.append(times @ s_matrix)
    return np.concatenate(n), np.concatenate(s)
