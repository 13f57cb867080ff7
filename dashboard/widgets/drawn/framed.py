"""A long table in a frame of its own, so that what stands below it stays within reach."""

from __future__ import annotations

from dashboard.widgets.drawn.markup import Markup, tag

#: A table with more rows is framed, and may be searched.
MANY = 30
#: Pixels of a row, and of a frame.
_ROW, _FRAME = 40, 640


def tall(rows: int, around: int = 24) -> int:
    """Pixels of a table of so many rows at least, and of what stands around them."""
    return min(around + _ROW * rows, _FRAME)


def framed(table: Markup, rows: int) -> Markup:
    """The table; from `MANY` rows on it scrolls within a frame, below its own heads."""
    return tag("div", table, class_="frame") if rows > MANY else table
