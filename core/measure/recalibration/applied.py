"""A fitted map applied to a confidence. Needs nothing but Python 3.9: programs copy this file.

A map is a JSON object: ``{"kind": "isotonic", "x": […], "y": […]}``,
``{"kind": "platt", "slope": …, "intercept": …, "clip": …}`` or
``{"kind": "beta", "a": …, "b": …, "c": …, "clip": …}``.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any


def apply_map(fitted: Mapping[str, Any], confidence: float | None) -> float | None:
    """The recalibrated confidence, to six decimals; None where none was stated.

    Args:
        fitted: the map.
        confidence: as it was stated, in [0, 1], or None.
    """
    if confidence is None:
        return None
    v = float(confidence)
    if not 0 <= v <= 1:
        raise ValueError(f"a confidence lies in 0 to 1, not {confidence!r}")
    # As claims are kept: in whole millionths.
    v = math.floor(v * 1e6 + 0.5) / 1e6
    if fitted["kind"] == "isotonic":
        value = _between(fitted["x"], fitted["y"], v)
    else:
        inside = min(max(v, fitted["clip"]), 1 - fitted["clip"])
        if fitted["kind"] == "platt":
            logit = fitted["slope"] * (math.log(inside) - math.log1p(-inside)) + fitted["intercept"]
        else:
            logit = fitted["a"] * math.log(inside) - fitted["b"] * math.log1p(-inside) + fitted["c"]
        value = 1 / (1 + math.exp(-logit)) if logit >= 0 else 1 - 1 / (1 + math.exp(logit))
    return math.floor(value * 1e6 + 0.5) / 1e6


def apply_calibrator(
    calibrator: Mapping[str, Any],
    confidence: float | None,
    segments: Mapping[str, str] | None = None,
) -> float | None:
    """The recalibrated confidence of a claim: by its segment's own map where there is one.

    Args:
        calibrator: an exported calibrator.
        confidence: as it was stated, in [0, 1], or None.
        segments: the claim's segments, name to value.
    """
    dimension = calibrator.get("by")
    value = (segments or {}).get(dimension) if dimension else None
    fitted = calibrator.get("maps", {}).get(value) if value is not None else None
    return apply_map(fitted or calibrator["map"], confidence)


def _between(x: Sequence[float], y: Sequence[float], v: float) -> float:
    """Linear between the points, flat beyond the first and the last."""
    at = bisect_right(x, v)
    if at == 0:
        return y[0]
    if at == len(x):
        return y[-1]
    left, right = x[at - 1], x[at]
    share = (v - left) / (right - left)
    return y[at - 1] + share * (y[at] - y[at - 1])
