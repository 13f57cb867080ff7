"""Where to write a direct label so that it covers neither the curve nor another label.

Positions are tried on a coarse grid of the plot; each costs what its box covers, plus its
distance to the thing it names. Everything is in pixels of the plot, y downwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dashboard.charts.kit.base import LABEL_SIZE, text_width

Polyline = npt.NDArray[np.float64]

_GRID = 4  # pixels per occupancy square
_BLOCKED = 1e4
LINE_HEIGHT = 15


@dataclass(frozen=True)
class Placed:
    """A label's place in pixels.

    Attributes:
        text: its lines, parted by newlines, `LINE_HEIGHT` apart.
        x: its left edge, or its right edge where ``align`` is "right".
        top: the upper edge of its first line.
        align: "left" or "right".
        box: left, top, right, bottom of the space kept free for it.
    """

    text: str
    x: float
    top: float
    align: str
    box: tuple[float, float, float, float]


@dataclass
class Canvas:
    """The plot as squares of cost; labels are placed one after the other and block each other.

    Attributes:
        width: plot width in pixels.
        height: plot height in pixels.
        size: font size of the labels.
    """

    width: int
    height: int
    size: float = LABEL_SIZE
    _cost: npt.NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self._cost = np.zeros((self.height // _GRID + 1, self.width // _GRID + 1))

    def line(self, path: Polyline, *, cost: float = _BLOCKED, thickness: int = 6) -> None:
        """Make a polyline (shape (k, 2): x, y in pixels) expensive to cover."""
        squares = np.unique((_dense(path) / _GRID).astype(int), axis=0)
        reach = max(1, round(thickness / 2 / _GRID))
        around = np.arange(-reach, reach + 1)
        x = np.clip(squares[:, 0, None, None] + around[:, None], 0, self._cost.shape[1] - 1)
        y = np.clip(squares[:, 1, None, None] + around, 0, self._cost.shape[0] - 1)
        self._cost[y, x] = np.maximum(self._cost[y, x], cost)

    def area(self, lower: Polyline, upper: Polyline, *, cost: float) -> None:
        """Make the region between two polylines with the same x (shape (k, 2)) cost something."""
        if len(lower) < 2:
            return
        x = np.arange(self._cost.shape[1]) * _GRID
        inside = (x >= lower[0, 0]) & (x <= lower[-1, 0])
        bottom = np.interp(x, lower[:, 0], lower[:, 1])
        top = np.interp(x, upper[:, 0], upper[:, 1])
        y = (np.arange(self._cost.shape[0]) * _GRID)[:, None]
        covered = inside & (y <= bottom) & (y >= top)
        self._cost[covered] = np.maximum(self._cost[covered], cost)

    def place(
        self,
        text: str,
        near: Polyline,
        *,
        left: float = 0,
        right: float | None = None,
        align: str = "left",
    ) -> Placed:
        """Find the cheapest place for a text near some points, then block that place.

        Args:
            text: the label; lines are parted by newlines.
            near: shape (k, 2), k ≥ 1, the points of the thing it names.
            left: smallest x the box may begin at.
            right: largest x the box may end at; the plot's edge unless given.
            align: "left" or "right"; which edge of the box is anchored.
        """
        wide, high = text_width(text, self.size) + 6, LINE_HEIGHT * (text.count("\n") + 1) + 4
        stop = float(self.width) if right is None else right
        xs = np.arange(max(left, 0.0), max(stop - wide, left) + 1, float(_GRID))
        ys = np.arange(2.0, max(self.height - high - 2, 2.0) + 1, float(_GRID))
        covered = self._covered(xs, ys, wide, high)
        points = np.unique(np.round(_dense(near, step=12) / 8), axis=0) * 8
        dx = np.maximum(xs[:, None] - points[:, 0], points[:, 0] - (xs + wide)[:, None]).clip(0)
        dy = np.maximum(ys[:, None] - points[:, 1], points[:, 1] - (ys + high)[:, None]).clip(0)
        distance = np.sqrt((dx[None, :, :] ** 2 + dy[:, None, :] ** 2).min(axis=2))
        row, column = divmod(int(np.argmin(covered + distance)), len(xs))
        x, y = float(xs[column]), float(ys[row])
        box = (x, y, x + wide, y + high)
        x0, y0, x1, y1 = (int(edge / _GRID) for edge in box)
        self._cost[y0 : y1 + 1, x0 : x1 + 1] = _BLOCKED
        anchor = x + wide - 3 if align == "right" else x + 3
        return Placed(text, anchor, y + 2, align, box)

    def _covered(
        self, xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64], wide: float, high: float
    ) -> npt.NDArray[np.float64]:
        """Summed cost under a box at each (y, x), by an integral image."""
        total = np.pad(self._cost.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        limit_y, limit_x = self._cost.shape
        x0 = (xs / _GRID).astype(int)
        y0 = (ys / _GRID).astype(int)
        x1 = np.minimum(np.ceil((xs + wide) / _GRID).astype(int), limit_x)
        y1 = np.minimum(np.ceil((ys + high) / _GRID).astype(int), limit_y)
        covered: npt.NDArray[np.float64] = (
            total[np.ix_(y1, x1)]
            - total[np.ix_(y0, x1)]
            - total[np.ix_(y1, x0)]
            + total[np.ix_(y0, x0)]
        )
        return covered


def _dense(path: Polyline, step: float = _GRID) -> Polyline:
    """The polyline with points no further apart than ``step``."""
    if len(path) < 2:
        return path
    along = np.concatenate([[0.0], np.hypot(*np.diff(path, axis=0).T).cumsum()])
    at = np.union1d(along, np.arange(0, along[-1], step))
    return np.column_stack([np.interp(at, along, path[:, k]) for k in (0, 1)])
