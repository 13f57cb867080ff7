"""The report's pictures: charts drawn once and for all, each with its text."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

from core.sentences.numbers import cut, percent
from core.views.review.week.weekly_report import Closer, SignalLine
from dashboard.charts.drift import drift_timeline
from dashboard.charts.drift_words import alt_text_drift
from dashboard.charts.kit.alt_text import alt_text_reliability
from dashboard.charts.kit.palette import LIGHT
from dashboard.charts.reliability import reliability_diagram
from dashboard.reports.text import DRAWN_CHANGES, text

#: Charts write at 11 pixels; enlarged by this, no text of theirs is under 10 points.
_ENLARGED = 10 / 72 * 96 / 11
_DIAGRAM, _TIMELINE = {"width": 240}, {"width": 540, "height": 120}


@dataclass(frozen=True)
class Picture:
    """A chart's specification, and what it shows in words."""

    specification: dict[str, Any]
    words: str


def diagram(closer: Closer) -> Picture:
    """The reliability diagram of the worst signal."""
    group, high_from = closer.group, closer.curve.high_from
    band = group.measures.high_band
    said = ""
    if band is not None and band.n:
        said = f"stated {cut(high_from)} or more:\nright {percent(band.observed)} "
        said += f"(said {percent(band.claimed)})"
    chart = reliability_diagram(
        group.curve,
        group.consistency,
        group.honest,
        None,
        group.histogram,
        LIGHT,
        high_from=high_from,
        note=said,
        **_DIAGRAM,
    )
    return Picture(chart.to_dict(), alt_text_reliability(group.curve, group.histogram, said))


def timeline(closer: Closer) -> Picture:
    """The gap of the worst signal by week, with the newest changes."""
    drift, newest = closer.drift, closer.drift.changes.tail(DRAWN_CHANGES)
    periods = drift.periods.assign(
        value=drift.periods["gap"], low=drift.periods["gap_low"], high=drift.periods["gap_high"]
    )
    chart = drift_timeline(
        periods,
        newest,
        drift.breaches,
        LIGHT,
        measure="gap",
        tolerance=drift.tolerance,
        levels=drift.levels,
        **_TIMELINE,
    )
    alt = alt_text_drift(periods, newest, drift.breaches, measure="gap", levels=drift.levels)
    return Picture(chart.to_dict(), alt)


def svg(picture: Picture, prefix: str) -> str:
    """A picture as inline SVG, enlarged for print.

    Args:
        picture: the chart.
        prefix: goes before its ids: two pictures in one document must not share any.
    """
    import vl_convert  # loads a script engine: only a report needs it

    drawn = vl_convert.vegalite_to_svg(picture.specification)
    # The whole is one image with one text; what Vega says of each mark is not for readers.
    drawn = re.sub(r' (?:role|class|aria-[a-z]+)="[^"]*"', "", drawn)
    drawn = re.sub(r'\bid="', f'id="{prefix}', drawn).replace("url(#", f"url(#{prefix}")
    # A definition of a namespace that nothing uses, and that reads like an address.
    drawn = drawn.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', drawn)
    assert size is not None, "Vega gives every picture its size"
    width, height = (f"{float(pixels) * _ENLARGED:.0f}" for pixels in size.groups())
    head = f'role="img" aria-label="{text(picture.words, long=2000)}" width="{width}" '
    return drawn.replace(size.group(), f'{head}height="{height}"', 1)


def png(picture: Picture) -> str:
    """A picture as a data address."""
    import vl_convert

    drawn = vl_convert.vegalite_to_png(picture.specification, scale=1.5)
    return f"data:image/png;base64,{base64.b64encode(drawn).decode('ascii')}"


def sparkline(line: SignalLine, reach: float) -> str:
    """The gap of each mature week, over the accepted gap; all lines of a report share their scale.

    Args:
        line: the signal's row.
        reach: the gap at the upper edge.
    """
    if not line.trend:
        return ""
    wide, tall, edge = 104, 30, 4
    step = (wide - 2 * edge) / max(1, len(line.trend) - 1)
    middle = (tall - 2 * edge) / 2

    def y(gap: float) -> float:
        return edge + middle * (1 - gap / reach)

    at = [(wide - edge - step * k, y(gap)) for k, gap in enumerate(reversed(line.trend))]
    path = " ".join(f"{across:.1f},{down:.1f}" for across, down in at)
    top = y(line.tolerance)
    words = text(f"Trend of the gap: {line.trend_words}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{wide}" height="{tall}" '
        f'viewBox="0 0 {wide} {tall}" aria-label="{words}">'
        f'<rect x="0" y="{top:.1f}" width="{wide}" height="{y(-line.tolerance) - top:.1f}" '
        f'fill="{LIGHT.grid}"/>'
        f'<line x1="0" x2="{wide}" y1="{y(0):.1f}" y2="{y(0):.1f}" stroke="{LIGHT.outline}"/>'
        f'<polyline points="{path}" fill="none" stroke="{LIGHT.estimate}" stroke-width="1.8"/>'
        f'<circle cx="{at[0][0]:.1f}" cy="{at[0][1]:.1f}" r="3" fill="{LIGHT.estimate_ink}"/></svg>'
    )
