"""Lanes for labels that stand at places along one axis, so that no two overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: What it costs that a label is crossed by the rule of another, in lanes it would rather rise.
_CROSSING = 2
_AIR = 8  # pixels between two labels


@dataclass(frozen=True)
class Label:
    """A label to be placed.

    Attributes:
        x: the place it names, in pixels.
        width: in pixels.
        weight: those of greater weight are placed first if there is not room for all.
    """

    x: float
    width: float
    weight: int = 0


@dataclass(frozen=True)
class Lane:
    """Where a label stands.

    Attributes:
        lane: 0 is nearest to the plot.
        align: "left" when it begins at its place, "right" when it ends there.
    """

    lane: int
    align: str


def lanes(labels: Sequence[Label], width: float, *, most: int = 6) -> list[Lane | None]:
    """Give each label a lane, low ones first, with rules from the plot up to each label.

    Labels run to the right of their rule, or to the left where the plot ends. Stretching the plot
    keeps them apart, so it is enough to place them at the narrowest width.

    Args:
        labels: in any order.
        most: number of lanes.

    Returns:
        One per label; None where no lane has room.
    """
    from_the_right = sorted(range(len(labels)), key=lambda k: -labels[k].x)
    placed = _placed(labels, from_the_right, width, most)
    if None in placed:
        weighty_first = sorted(from_the_right, key=lambda k: -labels[k].weight)
        placed = _placed(labels, weighty_first, width, most)
    return placed


def _placed(
    labels: Sequence[Label], order: Sequence[int], width: float, most: int
) -> list[Lane | None]:
    placed: list[Lane | None] = [None] * len(labels)
    for k in order:
        label = labels[k]
        align = "right" if label.x + label.width > width and label.x > width / 2 else "left"
        left, right = _extent(label, align)
        others = [(labels[j], lane) for j, lane in enumerate(placed) if lane is not None]

        def cost(
            lane: int,
            here: Label = label,
            left: float = left,
            right: float = right,
            others: list[tuple[Label, Lane]] = others,
        ) -> float:
            crossings = 0
            for other, at in others:
                start, stop = _extent(other, at.align)
                if at.lane == lane and left < stop + _AIR and start < right + _AIR:
                    return float("inf")
                crossings += at.lane > lane and left < other.x < right
                crossings += at.lane < lane and start < here.x < stop
            return lane + _CROSSING * crossings

        best = min(range(most), key=cost)
        placed[k] = Lane(best, align) if cost(best) < float("inf") else None
    return placed


def _extent(label: Label, align: str) -> tuple[float, float]:
    if align == "left":
        return label.x, label.x + label.width
    return label.x - label.width, label.x
