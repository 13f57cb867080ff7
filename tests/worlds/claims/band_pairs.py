"""What two sides hold of each band, counted from their cells: the witness of what SQL counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from core.measure.cells.cells import Cells, FloatArray, IntArray, hundredth
from core.measure.cells.group_sums import input_bands, single_inputs, tally
from core.measure.verdicts.shape_change import BandPair


def band_pair(before: Cells, after: Cells, band: IntArray, *, shared: bool = False) -> BandPair:
    """Both sides' sums from their cells.

    Args:
        before: the baseline's cells.
        after: the candidate's.
        band: shape (101,), the band of each hundredth of confidence, as `shared_bands` has it.
        shared: whether both sides have ``inputs``, numbered alike; else they share none.
    """
    size = int(band.max()) + 1
    sides = [_by_input(one, band, size) for one in (before, after)]
    counted = [int((m.sum(axis=1) > 0).sum()) for _, m, _ in sides]
    rows = [m.shape[0] for _, m, _ in sides]
    both = 0
    if shared:
        number = max(rows)
        for r, m, _ in sides:
            r.resize(number, size)
            m.resize(number, size)
        q, m = (sparse.hstack([side[i] for side in sides]).tocsr() for i in (0, 1))
        present = [side[1].sum(axis=1) > 0 for side in sides]
        both = int((present[0] & present[1]).sum())
    else:
        q, m = (sparse.block_diag([side[i] for side in sides]).tocsr() for i in (0, 1))
    return BandPair(
        inputs=(counted[0], counted[1]),
        shared=both,
        m=np.asarray(m.sum(axis=0)).ravel(),
        s=np.concatenate([s for _, _, s in sides]),
        q=np.asarray(q.sum(axis=0)).ravel(),
        qq=(q.T @ q).toarray(),
        qm=(q.T @ m).toarray(),
        mm=(m.T @ m).toarray(),
    )


def _by_input(
    cells: Cells, band: IntArray, size: int
) -> tuple[sparse.csr_array, sparse.csr_array, FloatArray]:
    """Residual sums and claims of each input in each band, and the right claims of each band."""
    place = band[hundredth(cells.v)]
    if cells.inputs is None:
        cells = replace(cells, inputs=single_inputs(cells))
    r, m = input_bands(cells, place, size)
    return r, m, tally(place, cells.s, size)
