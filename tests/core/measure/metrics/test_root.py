"""Roots by Brent's method, with SciPy's as witness."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, special

from core.measure.metrics.root import brent_root


@pytest.mark.parametrize("tolerance", [1e-5, 1e-13])
def test_a_root_is_scipys_to_the_last_bit(tolerance: float) -> None:
    rng = np.random.default_rng(1)
    for a, b, c in rng.normal(size=(100, 3)):
        for f in (
            lambda x, a=a, c=c: float(np.exp(a * x) + a * x - 3 * abs(c)),
            lambda x, a=a, b=b: float(np.tanh(3 * (x - a)) + b / 10),
            lambda x, c=c: float(special.ndtr(x) - abs(c) / 4),
            lambda x, a=a: float(np.floor(8 * (x - a)) + 0.5),
        ):
            if (f(-6.0) < 0) != (f(5.0) < 0):
                expected = optimize.brentq(f, -6.0, 5.0, xtol=tolerance)
                assert brent_root(f, -6.0, 5.0, tolerance=tolerance) == expected


def test_ends_of_one_sign_are_refused() -> None:
    with pytest.raises(ValueError, match="different signs"):
        brent_root(lambda x: x * x + 1, -1.0, 1.0, tolerance=1e-9)
