"""Cells of claims, labelled or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.measure.cells.cells import Cells


def cells(v: Sequence[float], n: Sequence[int], s: Sequence[int]) -> Cells:
    """So many claims at each confidence, and how many of them were right."""
    v, n = np.asarray(v, float), np.asarray(n, int)
    return Cells(v, n, n, np.asarray(s, int))


def stated(v: Sequence[float], n_claims: Sequence[int]) -> Cells:
    """Claims without any label."""
    none = np.zeros(len(v), dtype=int)
    return Cells(np.array(v, float), np.array(n_claims), none, none)
