"""How large the cells of a heatmap are, and what of its words fits into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np

from core.sentences.numbers import count
from dashboard.charts.kit import alt_text as words
from dashboard.charts.kit.base import NAME_LINE, in_lines, lookup, name_axis, shortened, text_width
from dashboard.charts.kit.palette import Palette

STEP = "bandwidth('x')"  # width of a cell once the page has given the chart its width
_MARGIN = 40  # pixels beside labels and cells
_KEY_WIDTH = 300  # pixels the words below the cells take


@dataclass(frozen=True)
class CellLayout:
    """Sizes of the cells, and from which cell width on something is written in them.

    The page may narrow the chart, so what fits is decided by expressions over the cell's width.
    """

    width: int
    height: float
    gap_size: float
    count_size: float
    names_from: float  # column names stand level, in lines; below they are aslant, on one line
    line: float  # width of those lines
    full_count_from: float  # "n 12,018"
    short_count_from: float  # "12k"; below none

    @property
    def has_count(self) -> str:
        """Expression: whether the number of claims is written in the cells."""
        return f"{STEP} >= {self.short_count_from:.0f}"

    def with_count(self, value: float) -> alt.ExprRef:
        """A vertical offset that applies only where there is a second line in the cell."""
        return alt.ExprRef(f"{self.has_count} ? {value:g} : 0")


def cell_layout(
    counts: Sequence[float], rows: list[str], columns: list[str], width: int
) -> CellLayout:
    """Cell sizes: as wide as names and figures like, and as the width allows."""
    labels = max(text_width(shortened(r)) for r in rows) + _MARGIN
    tall = 44.0 if len(rows) <= 8 else 38.0 if len(rows) <= 16 else 36.0
    if len(rows) > 40:
        tall = 20.0
    with_count = tall >= 30
    gap_size, count_size = (14.0, 10.0) if tall >= 38 else (12.0, 10.0)
    full = max(text_width(t, count_size) for t in full_counts(counts)) + 6
    short = max(text_width(t, count_size) for t in short_counts(counts)) + 6
    step = float(np.clip((width - labels) / len(columns), 34.0, 104.0))
    lines = float(np.clip(step - 6, 60.0, 100.0))
    names = max(text_width(in_lines(c, lines)) for c in columns) + 4
    room = max(step * len(columns), _KEY_WIDTH)
    return CellLayout(
        width=round(labels + room),
        height=tall,
        gap_size=gap_size,
        count_size=count_size,
        names_from=names,
        line=lines,
        full_count_from=full if with_count else 1e4,
        short_count_from=short if with_count else 1e4,
    )


def column_axis(palette: Palette, columns: list[str], layout: CellLayout) -> alt.Axis:
    """Names level and in lines where they fit, else aslant with the middle of long ones cut."""
    lines = {c: in_lines(c, layout.line) for c in columns}
    most = max(text.count("\n") for text in lines.values())
    # Lines run downwards from the first: lift them, and let all names end at the same height.
    level = {c: "\n" * (most - text.count("\n")) + text for c, text in lines.items()}
    aslant = {c: shortened(c, 24) for c in columns}
    fits = f"{STEP} >= {layout.names_from:.0f}"
    return name_axis(
        palette,
        f"{fits} ? {lookup(level)} : {lookup(aslant)}",
        orient="top",
        labelAlign=alt.ExprRef(f"{fits} ? 'center' : 'left'"),
        labelAngle=alt.ExprRef(f"{fits} ? 0 : -45"),
        labelBaseline=alt.ExprRef(f"{fits} ? 'bottom' : 'middle'"),
        labelPadding=alt.ExprRef(f"{fits} ? {6 + NAME_LINE * most} : 8"),
    )


def full_counts(counts: Sequence[float]) -> list[str]:
    """The number of claims as written in a wide cell."""
    return [f"n {count(n)}" for n in counts]


def short_counts(counts: Sequence[float]) -> list[str]:
    """The number of claims as written in a narrow cell."""
    return [words.count_short(n) for n in counts]
