"""Groups of claims with a known truth: independent ones, and inputs that repeat."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.defaults import HIGH_FROM
from core.measure.cells.bins import ECE_BINS
from core.measure.cells.cells import (
    BANDS,
    BandInputs,
    FloatArray,
    GroupSums,
    InputSums,
    IntArray,
    RepeatedInputs,
    ece_bin,
    hundredth,
)
from core.measure.cells.group_sums import HUNDREDTHS, banded, in_high_band

Sizes = Callable[[np.random.Generator, int], FloatArray]


def independent(v: FloatArray, n: IntArray, s: IntArray) -> GroupSums:
    """Groups of claims that are inputs of their own: n and s of shape (G, k)."""
    return _sums(v, n.astype(np.float64), s.astype(np.float64), None)


def repeating(v: FloatArray, m: FloatArray, right: FloatArray) -> GroupSums:
    """Groups of J inputs: m and right of shape (G, J, k), claims and right ones at each value."""
    r = m * v - right
    bins = np.zeros((len(v), ECE_BINS))
    bins[np.arange(len(v)), ece_bin(v)] = 1
    high = in_high_band(v, HIGH_FROM).astype(np.float64)
    all_of = np.ones(len(v))
    repeated = RepeatedInputs(
        bins=_input_sums(r @ bins, m @ bins),
        whole=_input_sums(r @ all_of, m @ all_of),
        high=_input_sums(r @ high, m @ high),
    )
    # At most ten confidences, each a band; those without a label in a group come last in its row.
    n = m.sum(axis=1)
    order = np.argsort(n == 0, axis=1, kind="stable")[:, None, :]
    wide = ((0, 0), (0, 0), (0, BANDS - len(v)))
    r = np.pad(np.take_along_axis(r, order, axis=2), wide)
    mb = np.pad(np.take_along_axis(m, order, axis=2), wide)
    across = BandInputs(
        *(np.matmul(np.swapaxes(a, 1, 2), b) for a, b in ((r, r), (r, mb), (mb, mb)))
    )
    return _sums(v, n, right.sum(axis=1), (repeated, across))


def _input_sums(r: FloatArray, m: FloatArray) -> InputSums:
    """Over the inputs, axis 1."""
    return InputSums(
        (m > 0).sum(axis=1),
        (r * r).sum(axis=1),
        (r * m).sum(axis=1),
        (m * m).sum(axis=1),
        m.max(axis=1),
    )


def _sums(
    v: FloatArray,
    n: FloatArray,
    s: FloatArray,
    inputs: tuple[RepeatedInputs, BandInputs] | None,
) -> GroupSums:
    bins, centi = np.zeros((len(v), ECE_BINS)), np.zeros((len(v), HUNDREDTHS))
    bins[np.arange(len(v)), ece_bin(v)] = 1
    centi[np.arange(len(v)), hundredth(v)] = 1
    high = in_high_band(v, HIGH_FROM).astype(np.float64)
    bands, _ = banded(n @ centi, s @ centi, (n * v) @ centi)
    if inputs is not None:
        bands = type(bands)(bands.upper, bands.width, bands.n, bands.s, bands.sv, inputs[1])

    def whole(x: FloatArray) -> IntArray:
        return np.rint(x).astype(np.int64)

    return GroupSums(
        n_claims=whole(n.sum(axis=1)),
        n_unstated=np.zeros(len(n), dtype=np.int64),
        n=whole(n @ bins),
        s=whole(s @ bins),
        sv=(n * v) @ bins,
        svv=(n * v * v) @ bins,
        high_claims=whole(n @ high),
        high_n=whole(n @ high),
        high_s=whole(s @ high),
        high_sv=(n * v) @ high,
        high_svv=(n * v * v) @ high,
        high_from=HIGH_FROM,
        bands=bands,
        repeated=None if inputs is None else inputs[0],
    )


def labelled(
    rng: np.random.Generator,
    v: FloatArray,
    right: FloatArray,
    share: FloatArray,
    labels: int,
    groups: int,
) -> GroupSums:
    """Independent claims: ``right`` broadcasts to (groups, k)."""
    n = rng.multinomial(labels, share, size=groups)
    return independent(v, n, rng.binomial(n, np.clip(right, 0, 1)))


def by_input(
    rng: np.random.Generator,
    v: FloatArray,
    right: FloatArray,
    share: FloatArray,
    sizes: FloatArray,
    *,
    alike: float = 1.0,
    spans: bool = False,
) -> GroupSums:
    """Inputs of the sizes (G, J): with chance ``alike`` a claim falls as its input does.

    Each states one confidence, or as many as it has claims where it ``spans``.
    """
    groups, inputs = sizes.shape
    if spans:
        m = rng.multinomial(sizes.astype(np.int64), share).astype(np.float64)
    else:
        m = np.zeros((groups, inputs, len(v)))
        at = rng.choice(len(v), p=share, size=sizes.shape)
        np.put_along_axis(m, at[:, :, None], sizes[:, :, None], axis=2)
    # One draw of the input for all confidences: it falls together where it falls at all.
    together = rng.random((groups, inputs, 1)) < right
    count = m.astype(np.int64)
    tied = rng.binomial(count, alike)
    loose = rng.binomial(count - tied, right)
    return repeating(v, m, (tied * together + loose).astype(np.float64))


def like(size: int, repeats: int) -> Sizes:
    """As many claims on each input."""
    return lambda _rng, groups: np.full((groups, size), float(repeats))


def pareto(tail: float, least: int, most: int) -> Sizes:
    """Between so many inputs, of sizes whose tail falls with this power."""

    def sizes(rng: np.random.Generator, groups: int) -> FloatArray:
        m = np.minimum(np.ceil(rng.random((groups, most)) ** (-1 / tail)), 20_000)
        number = rng.integers(least, most + 1, (groups, 1))
        return np.where(np.arange(most) < number, m, 0.0)

    return sizes


def dominated(*shares: float) -> Sizes:
    """A hundred inputs of three claims beside inputs that hold these shares of all."""

    def sizes(_rng: np.random.Generator, groups: int) -> FloatArray:
        rest = 300 / (1 - sum(shares))
        heavy = np.rint(np.array(shares) * rest)
        return np.broadcast_to(np.append(heavy, np.full(100, 3.0)), (groups, 100 + len(shares)))

    return sizes
