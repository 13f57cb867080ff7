"""One order for the inputs of cells, whatever order a query returned them in.

A resampling that draws inputs by number gives the same draws only if the numbers are the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.measure.cells.cells import Cells, InputCells

_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def with_inputs_ordered(cells: Cells) -> Cells:
    """The same cells, inputs numbered by what they hold instead of by when they were met.

    Inputs that hold the same are exchangeable, so every measure and every seeded resampling of
    the result depends on the claims alone. Inputs are sorted by a 64-bit hash of their entries
    (SplitMix64's finaliser, summed); should two unlike ones share it, only their order is open.

    Args:
        cells: one group; returned as it is where no input repeats.
    """
    inputs = cells.inputs
    if inputs is None:
        return cells
    entry = _mixed(_mixed(inputs.value.astype(np.uint64)) + inputs.n.astype(np.uint64))
    entry = _mixed(entry + inputs.s.astype(np.uint64))
    signature = np.zeros(inputs.n_inputs, dtype=np.uint64)
    np.add.at(signature, inputs.input, entry)
    rank = np.empty(inputs.n_inputs, dtype=np.int64)
    rank[np.argsort(signature, kind="stable")] = np.arange(inputs.n_inputs)
    number = rank[inputs.input]
    order = np.lexsort((inputs.value, number))
    return replace(
        cells,
        inputs=InputCells(number[order], inputs.value[order], inputs.n[order], inputs.s[order]),
    )


def _mixed(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finaliser (Steele, Lea & Flood 2014); wraps, as it should."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * _MIX[0]
    x = (x ^ (x >> np.uint64(27))) * _MIX[1]
    mixed: npt.NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed
