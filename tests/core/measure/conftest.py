"""How tests of measures write down claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from core.measure.cells.cells import Cells, InputCells


def _of_claims(v: Sequence[float], y: Sequence[int], inputs: Sequence[int] | None = None) -> Cells:
    """Cells of single claims, one confidence and one outcome each, in any order."""
    values, place = np.unique(np.asarray(v, float), return_inverse=True)
    outcomes = np.asarray(y, int)
    n = np.bincount(place, minlength=values.size)
    s = np.bincount(place, weights=outcomes, minlength=values.size).astype(int)
    detail = None
    if inputs is not None:
        _, owner = np.unique(inputs, return_inverse=True)
        pair, entry = np.unique(owner * values.size + place, return_inverse=True)
        detail = InputCells(
            pair // values.size,
            pair % values.size,
            np.bincount(entry),
            np.bincount(entry, weights=outcomes).astype(int),
        )
    return Cells(values, n, n, s, 0, detail)


@pytest.fixture(scope="session")
def of_claims() -> Callable[..., Cells]:
    return _of_claims
