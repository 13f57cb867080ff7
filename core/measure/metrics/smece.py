"""SmoothECE, the calibration error without bins (Błasiok & Nakkiran 2023, "Smooth ECE").

The residuals v − y are smoothed with a reflected Gaussian kernel of bandwidth σ; smECE_σ is the
mean absolute smoothed residual under the equally smoothed density of confidences, and smECE is
smECE_σ at the σ with smECE_σ = σ, found by bisection. The discretisation (grids, truncation, ten
bisection steps, the small constant added to the density) is that of the authors' package
`relplot` 1.0.3, so that the figures agree to rounding: rounding claims onto its grid is linear in
(n, s), hence cells are enough.
"""

from __future__ import annotations

import numpy as np
import scipy

from core.measure.cells.cells import Cells, FloatArray
from core.measure.metrics.scores import NO_LABELS, NoValue, labelled

_MESH_POINTS = 200
_GRID_POINTS = 2000
_DENSITY_FLOOR = 1e-4
#: Bandwidths below this are not searched.
_RESOLUTION = 0.001
#: The kernel is cut off at this distance, as on the grid of `smece_at`.
_REACH = 0.5
#: Resampled values are read at no more points than this.
_MESH_OF_DRAWS = 2000
_BISECTIONS = 10


def smece(cells: Cells) -> float | NoValue:
    """Smooth calibration error of a group.

    Range [0, 1]. Free of binning artefacts, and tied to the distance from calibration by
    polynomial bounds from both sides (a "consistent" measure), yet not zero on calibrated data of
    finite size. Cost: a dozen convolutions, independent of N.
    """
    cells = labelled(cells)
    if not cells.total:
        return NO_LABELS
    return smece_at(cells, smece_bandwidth(cells))


def smece_bandwidth(cells: Cells) -> float:
    """The bandwidth σ with smECE_σ = σ; ``cells`` must hold labelled claims only."""
    low, high = 1.0, 0.0
    if not _wider_than(cells, 1.0):
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            if _wider_than(cells, middle):
                high = middle
            else:
                low = middle
    return low


def _wider_than(cells: Cells, sigma: float) -> bool:
    """Whether the fixed point lies above ``sigma``."""
    return sigma < _RESOLUTION or sigma < smece_at(cells, sigma)


def smece_at(cells: Cells, sigma: float) -> float:
    """SmoothECE at a fixed bandwidth; ``cells`` must hold labelled claims only."""
    points = max(_GRID_POINTS, round(20 / sigma)) // 2 + 1
    mesh = np.linspace(0, 1, max(round(10 / sigma), _MESH_POINTS))
    on_grid = _round_to_grid(cells, points)
    smoothed = _interpolate(mesh, _reflected_smooth(on_grid, sigma))
    residual, density = smoothed[0], smoothed[1] + _DENSITY_FLOOR
    return float(np.abs(residual).sum() / density.sum())


def smece_of_draws(v: FloatArray, n: FloatArray, s: FloatArray, sigma: float) -> FloatArray:
    """SmoothECE at one bandwidth of B sets of cells that share their confidences.

    The kernel is evaluated at the confidences themselves instead of on `smece_at`'s grid; the two
    differ by the rounding onto that grid.

    Args:
        v: shape (k,), increasing.
        n: shape (B, k), labelled claims.
        s: shape (B, k), sums of outcomes.
        sigma: the bandwidth, in (0, 1].

    Returns:
        Shape (B,).
    """
    mesh = np.linspace(0, 1, min(max(round(10 / sigma), _MESH_POINTS), _MESH_OF_DRAWS))[:, None]
    kernel = np.zeros((mesh.size, v.size))
    for image in (v, -v, 2 - v):
        distance = mesh - image
        # A confidence of exactly 0 or 1 is its own mirror image, and counts once.
        there = (np.abs(distance) <= _REACH) & ((image is v) | (image != v))
        kernel += np.exp(-(distance**2) / (2 * sigma**2)) * there
    smoothed: FloatArray = np.abs((n * v - s) @ kernel.T).sum(axis=1)
    mass: FloatArray = (n @ kernel.T).sum(axis=1)
    return smoothed / mass


def _round_to_grid(cells: Cells, points: int) -> FloatArray:
    """Residual sums n·v − s and counts n, each split over the two nearest grid points; (2, points).

    Linear weights keep each cell's mean position.
    """
    position = cells.v * (points - 1)
    left = position.astype(np.int64).clip(0, points - 2)
    right_share = position - left
    grid = np.zeros((2, points))
    for row, total in enumerate((cells.n * cells.v - cells.s, cells.n.astype(np.float64))):
        grid[row] = np.bincount(left, weights=(1 - right_share) * total, minlength=points)
        grid[row] += np.bincount(left + 1, weights=right_share * total, minlength=points)
    return grid


def _reflected_smooth(grid: FloatArray, sigma: float) -> FloatArray:
    """Gaussian smoothing on [0, 1] with mass reflected at both ends; shape kept."""
    points = grid.shape[1]
    distance = np.linspace(0, 1, points) - 0.5
    kernel = np.exp(-(distance**2) / (2 * sigma**2)) / (np.sqrt(2 * np.pi) * sigma)
    mirrored = np.concatenate([grid[:, :0:-1], grid, grid[:, -2::-1]], axis=1)
    # As `scipy.signal.fftconvolve` does it, which takes a third of a second to load.
    size = scipy.fft.next_fast_len(mirrored.shape[1] + points - 1, real=True)
    spectrum = scipy.fft.rfft(mirrored, size) * scipy.fft.rfft(kernel, size)
    smooth: FloatArray = scipy.fft.irfft(spectrum, size)
    start = points - 1 + points // 2
    return smooth[:, start : start + points]


def _interpolate(at: FloatArray, values: FloatArray) -> FloatArray:
    """Each row of ``values``, given on an even grid over [0, 1], linearly interpolated."""
    intervals = values.shape[1] - 1
    left = (at * intervals).astype(np.int64).clip(0, intervals - 1)
    share = at * intervals - left
    between: FloatArray = values[:, left] * (1 - share) + values[:, left + 1] * share
    return between
