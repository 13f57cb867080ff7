"""What all charts share: the frame around them, their axes of names, and the size of text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import altair as alt
import pandas as pd
from altair.utils.schemapi import SchemaBase

from core.text.markdown import cells
from core.text.shown import visible
from dashboard.charts.kit.palette import Palette

ChartT = TypeVar("ChartT", alt.Chart, alt.LayerChart, alt.VConcatChart)

LABEL_SIZE = 12
SMALL_SIZE = 11
NAME_LINE = 14
#: Average width of a character over the font size; a little generous for the usual sans serifs.
CHARACTER = 0.56

#: A vega expression for an axis of signed proportions, in points with a true minus sign.
POINTS_LABEL = (
    "(datum.value > 1e-9 ? '+' : datum.value < -1e-9 ? '\u2212' : '')"
    " + format(abs(datum.value) * 100, '.0f')"
)

#: The same for an axis of counts: "5k", but "0" and "400".
COUNT_LABEL = "datum.value >= 1000 ? format(datum.value, '~s') : format(datum.value, ',')"


class Layered(alt.LayerChart):
    """Layers drawn one over the other, not validated again each time they are shown.

    Validating a specification takes longer than making it. Ours differ in data, names and
    numbers, not in which properties they have, so it is the tests that validate them.
    """

    def to_dict(self, validate: bool = False, **options: Any) -> dict[str, Any]:
        """The specification; validated against the schema of Vega-Lite on demand."""
        return super().to_dict(validate=validate, **options)


class Stacked(alt.VConcatChart):
    """Plots one below the other, not validated again each time they are shown; see `Layered`."""

    def to_dict(self, validate: bool = False, **options: Any) -> dict[str, Any]:
        """The specification; validated against the schema of Vega-Lite on demand."""
        return super().to_dict(validate=validate, **options)


def finish(chart: ChartT, palette: Palette, *, fit: bool = False) -> ChartT:
    """Give a chart the palette's background, axes and legend.

    A page theme would supply these, but leaves subtitles black on dark pages, cuts labels at
    100 pixels, moves the outer labels inwards, and squeezes layered charts into their height;
    and a chart saved as a picture has no page.

    Args:
        chart: a finished chart.
        fit: whether its width is that of the whole, axes included, so that a page may narrow it;
            otherwise its width is that of the plot, and axes come on top. Not for charts of
            several plots.
    """
    _shown(chart)
    # On the chart itself: pages ask for "fit" in a way that a chart's configuration cannot undo.
    chart.autosize = alt.AutoSizeParams(type="fit-x" if fit else "pad", contains="padding")
    # Each class of Altair's validates itself when made: one for all is quicker than one for each.
    chart.config = alt.Config(
        background=palette.background,
        padding={"left": 4, "right": 12, "top": 6, "bottom": 6},
        view={"stroke": None},
        axis={
            "domain": False,
            "ticks": False,
            "gridColor": palette.grid,
            "labelColor": palette.muted_ink,
            "labelFontSize": SMALL_SIZE,
            "labelFlush": False,
            "labelPadding": 6,
            "titleColor": palette.ink,
            "titleFontSize": LABEL_SIZE,
            "titleFontWeight": "normal",
            "titlePadding": 10,
        },
        legend={
            "labelColor": palette.muted_ink,
            "labelFontSize": SMALL_SIZE,
            "titleColor": palette.muted_ink,
            "titleFontSize": SMALL_SIZE,
            "titleFontWeight": "normal",
        },
        title={
            "color": palette.muted_ink,
            "subtitleColor": palette.muted_ink,
            "fontSize": SMALL_SIZE,
            "fontWeight": "normal",
            "anchor": "start",
            "offset": 6,
        },
    )
    return chart


def _shown(part: Any) -> Any:
    """A part of a chart with every text in it, its data and scales too, `visible`."""
    if isinstance(part, SchemaBase):
        # In place: marks, axes and layers hold one another.
        for name, value in part._kwds.items():
            part._kwds[name] = _shown(value)
        return part
    if isinstance(part, pd.DataFrame):
        return cells(part)
    if isinstance(part, dict):
        return {_shown(name): _shown(value) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [_shown(one) for one in part]
    return visible(part) if isinstance(part, str) else part


def layered(
    layers: Sequence[alt.Chart | alt.LayerChart],
    shared: Mapping[str, Any] | None = None,
    **properties: Any,
) -> Layered:
    """Layers drawn one over the other.

    Every composition copies its parts deeply and several times, so compose once, and state axes
    and scales here rather than in every layer.

    Args:
        layers: the lowest first.
        shared: encodings, by channel, from which each layer takes what it leaves out. A channel
            without a field here applies only to layers that give theirs.
        properties: those of a chart: data, width, height, title.
    """
    encoding = alt.FacetedEncoding(**shared) if shared else alt.Undefined
    chart = Layered(encoding=encoding, **properties)
    # Not through the constructor: `to_dict` calls that once more, with all its copies.
    chart.layer = list(layers)
    return chart


def stacked(plots: Sequence[alt.Chart | alt.LayerChart]) -> Stacked:
    """Plots one below the other."""
    chart = Stacked(spacing=10)
    chart.vconcat = list(plots)  # as in `layered`
    return chart


def at_x(field: str, **options: Any) -> alt.X:
    """Horizontal position by a quantity."""
    # Not "field:Q": Altair takes a millisecond or two to read each of those.
    return alt.X(field=field, type="quantitative", **options)


def at_y(field: str, **options: Any) -> alt.Y:
    """Vertical position by a quantity."""
    return alt.Y(field=field, type="quantitative", **options)


def words_of(field: str) -> alt.Text:
    """The text of a mark."""
    return alt.Text(field=field, type="nominal")


def tooltip(titles: Mapping[str, str]) -> list[alt.Tooltip]:
    """What hovering tells: the title of each field, in order."""
    return [
        alt.Tooltip(field=field, type="nominal", title=title) for field, title in titles.items()
    ]


def text_width(text: str, size: float = LABEL_SIZE) -> float:
    """Pixels a text takes, its longest line; an estimate, since the font is the browser's."""
    return max((len(line) for line in text.split("\n")), default=0) * size * CHARACTER


def shortened(name: str, most: int = 34) -> str:
    """A long name with its middle left out: versions of a thing differ at the end."""
    if len(name) <= most:
        return name
    tail = (most - 1) * 2 // 5
    return f"{name[: most - 1 - tail]}…{name[-tail:]}"


#: A name takes so many lines at the most.
_MOST_LINES = 3


def in_lines(name: str, width: float, size: float = LABEL_SIZE) -> str:
    """A name broken after spaces, hyphens and the like so that lines keep to a width.

    Returns:
        Lines parted by newlines, at most `_MOST_LINES`; the last may be too long.
    """
    lines: list[str] = []
    for piece in re.findall(r"[^\s\-_/·.,:]*[\s\-_/·.,:]*", name):
        if lines and (
            text_width(lines[-1] + piece.rstrip(), size) <= width or len(lines) == _MOST_LINES
        ):
            lines[-1] += piece
        elif piece:
            lines.append(piece)
    return "\n".join(line.strip() for line in lines) or name


def lookup(written: Mapping[str, str]) -> str:
    """A vega expression giving how the name ``datum.value`` is written, in lines."""
    lines = {visible(name): visible(text).split("\n") for name, text in written.items()}
    return f"({json.dumps(lines)})[datum.value]"


def name_axis(palette: Palette, expression: str, **options: Any) -> alt.Axis:
    """An axis of names, none left out, written as a vega expression of ``datum.value`` says."""
    usual = {"grid": False, "labelColor": palette.ink, "labelFontSize": LABEL_SIZE}
    return alt.Axis(
        labelExpr=expression,
        labelLimit=300,
        labelLineHeight=NAME_LINE,
        labelOverlap=False,
        **{**usual, **options},
    )


#: Height of a panel of words.
_WORDS = 60


def words_only(text: str, palette: Palette, *, width: int) -> alt.Chart:
    """A panel that says why there is nothing to draw."""
    mark = alt.Chart(alt.InlineData(values=[{"text": text}])).mark_text(
        align="left",
        baseline="middle",
        fontSize=LABEL_SIZE + 1,
        color=palette.muted_ink,
        lineBreak="\n",
        x=0,
        y=_WORDS / 2,
    )
    placed: alt.Chart = mark.encode(text=words_of("text"))
    return placed.properties(width=width, height=_WORDS)
