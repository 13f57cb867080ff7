"""With which chance to draw, so that so many new inputs are to be expected."""

from __future__ import annotations

from collections.abc import Sequence

_MILLION = 1_000_000


def drawing_chance(wanted: float, undrawn: Sequence[tuple[int, int]]) -> int:
    """The chance with which a group is drawn so that so many new inputs are to be expected.

    Every input has one permanent random number u, even on [0, 1), and a draw with chance π takes
    those with u < π (Poisson sampling with permanent random numbers: Ohlsson 1995). An input that
    was not taken with chance p has u ≥ p and is taken now with ``max(0, π − p) / (1 − p)``. For a
    first draw that is ``π = wanted / available``.

    Args:
        wanted: inputs beyond those that earlier draws took.
        undrawn: (p in millionths, unlabelled inputs that no earlier draw took).

    Returns:
        π in whole millionths, the smallest that does; 1,000,000 where none does; 0 where nothing
        is wanted or there.
    """
    least = min((p for p, count in undrawn if count and p < _MILLION), default=_MILLION)
    if wanted <= 0 or least == _MILLION:
        return 0

    def expected(chance: int) -> float:
        return sum(n * max(0, chance - p) / (_MILLION - p) for p, n in undrawn if p < _MILLION)

    low, high = least, _MILLION
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if expected(middle) >= wanted - 1e-9 else (middle, high)
    return high
