"""Columns of Arrow as arrays of numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def numbers(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[Any]:
    """Whole numbers or floats without a gap; `to_numpy` would load pandas, which takes 0.4 s.

    The array may share the column's memory, and may not be written to then.
    """
    parts = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    if len(parts) == 1:
        return np.from_dlpack(parts[0])
    return np.concatenate([np.from_dlpack(one) for one in parts]) if parts else np.zeros(0)
