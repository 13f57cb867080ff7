"""Small drawings beside a number: badge, interval against its tolerance, trend. Colours are CSS."""

from __future__ import annotations

from collections.abc import Sequence

from core.measure.verdicts.parts import PartState
from core.sentences.numbers import STATE_WORDS, points
from dashboard.widgets.drawn.markup import Markup, esc, tag

#: Gaps that a bullet shows; what lies beyond stands at its edge.
SPAN = (-0.08, 0.18)

#: Shape tells a verdict apart as well as colour: triangle, diamond, circle, tick.
_ICONS: dict[PartState, str] = {
    "off": "M6 1 11.5 11H.5Z",
    "at_the_edge": "M6 .8 11.2 6 6 11.2.8 6Z",
    "too_few": "M6 1a5 5 0 100 10A5 5 0 006 1",
    "fine": "M1.5 6.5 4.7 9.6 10.6 2.6",
}


def badge(state: PartState, words: str | None = None, title: str | None = None) -> Markup:
    """A verdict: icon and words, never colour alone."""
    icon = tag("svg", tag("path", d=_ICONS[state]), viewBox="0 0 12 12", aria_hidden="true")
    return tag("span", icon, words or STATE_WORDS[state], class_=f"badge {state}", title=title)


def bullet(
    gap: float,
    low: float,
    high: float,
    tolerance: float,
    *,
    span: tuple[float, float] = SPAN,
    width: int = 140,
    height: int = 24,
) -> Markup:
    """The interval as a bar and the estimate as a dot, on the strip of what is accepted.

    Args:
        gap: the estimate, in [-1, 1].
        low: lower end of its interval.
        high: upper end.
        span: gaps at the two ends of the drawing.
        width: in pixels.
        height: likewise.
    """
    state = "on"
    if low > tolerance or high < -tolerance:
        state = "out"
    elif -tolerance <= low and high <= tolerance:
        state = "in"

    def x(value: float) -> float:
        return _x(value, span, width)

    middle = height / 2
    return tag(
        "svg",
        tag(
            "rect",
            class_="strip",
            x=x(-tolerance),
            y=1,
            width=round(x(tolerance) - x(-tolerance), 1),
            height=height - 2,
        ),
        tag("line", class_="zero", x1=x(0), x2=x(0), y1=1, y2=height - 1),
        tag("line", class_=f"range {state}", x1=x(low), x2=x(high), y1=middle, y2=middle),
        tag("circle", class_=f"dot {state}", cx=x(gap), cy=middle, r=4),
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        class_="bullet",
        aria_hidden="true",
    )


def scale(ticks: Sequence[float], *, span: tuple[float, float] = SPAN, width: int = 140) -> Markup:
    """The axis of a column of bullets, said once in its header."""
    marks = [tag("text", points(one), x=_x(one, span, width), y=10) for one in ticks]
    return tag(
        "svg",
        *marks,
        viewBox=f"0 0 {width} 12",
        width=width,
        height=12,
        class_="scale",
        aria_hidden="true",
    )


def spark(
    values: Sequence[float],
    *,
    tolerance: float | None = None,
    span: tuple[float, float] | None = None,
    width: int = 100,
    height: int = 28,
) -> Markup:
    """A line with its zero, the accepted strip where there is one, and its last point."""
    if not values:
        return esc("–")
    low, high = span or (min(0.0, *values), max(max(values) * 1.05, 1e-9))

    def y(value: float) -> float:
        inside = (min(max(value, low), high) - low) / (high - low)
        return round(height - 3 - inside * (height - 6), 1)

    def x(i: int) -> float:
        return round(2 + i * (width - 7) / max(1, len(values) - 1), 1)

    line = "M" + "L".join(f"{x(i)} {y(one)}" for i, one in enumerate(values))
    out = tolerance is not None and abs(values[-1]) > tolerance
    strip = []
    if tolerance is not None:
        top, bottom = y(tolerance), y(-tolerance)
        strip = [
            tag("rect", class_="strip", x=0, width=width, y=top, height=round(bottom - top, 1))
        ]
    return tag(
        "svg",
        *strip,
        tag("line", class_="zero", x1=0, x2=width, y1=y(0), y2=y(0)),
        tag("path", class_="line", d=line),
        tag(
            "circle",
            class_="end out" if out else "end",
            cx=x(len(values) - 1),
            cy=y(values[-1]),
            r=2.5,
        ),
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        class_="spark",
        aria_hidden="true",
    )


def bars(values: Sequence[int], *, height: int = 30) -> Markup:
    """Counts of consecutive weeks; the last stands out."""
    top = max(values, default=0) or 1
    last = len(values) - 1
    return tag(
        "svg",
        *(
            tag(
                "rect",
                class_="bar last" if i == last else "bar",
                x=i * 8,
                width=6,
                y=round(height - height * value / top, 1),
                height=round(height * value / top, 1),
            )
            for i, value in enumerate(values)
        ),
        width=max(0, len(values) * 8 - 2),
        height=height,
        aria_hidden="true",
    )


def blocks(counts: Sequence[tuple[PartState, int]], *, height: int = 30) -> Markup:
    """How many signals have each verdict, as blocks of equal width."""
    total = sum(n for _, n in counts) or 1
    unit = min(10.0, 104 / total)
    parts, at = [], 0.0
    for state, n in counts:
        if n:
            parts.append(
                tag(
                    "rect",
                    class_=f"block {state}",
                    x=round(at, 1),
                    y=12,
                    # Of many signals a single one is still seen.
                    width=round(max(1.0, n * unit - 1), 1),
                    height=10,
                    rx=2,
                )
            )
        at += n * unit
    return tag("svg", *parts, width=round(at), height=height, aria_hidden="true")


def days(marked: Sequence[int], n: int, *, height: int = 30) -> Markup:
    """The next ``n`` days, with those marked on which something ends."""
    return tag(
        "svg",
        *(
            tag(
                "rect",
                class_="day due" if i in marked else "day",
                x=i * 7,
                width=5,
                y=8,
                height=18,
                rx=1,
            )
            for i in range(n)
        ),
        width=n * 7,
        height=height,
        aria_hidden="true",
    )


def _x(value: float, span: tuple[float, float], width: float) -> float:
    low, high = span
    return round(min(max((value - low) / (high - low), 0), 1) * (width - 4) + 2, 1)
