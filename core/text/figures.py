"""How numbers are written, on every screen and in every sentence."""

from __future__ import annotations

import math
from datetime import date

#: Stands where there is no number to show.
ABSENT = "–"


def absent(value: float | None) -> bool:
    """Whether there is no number to show: a null of any kind, or one that is not finite."""
    try:
        return value is None or not math.isfinite(value)
    except TypeError:
        import pandas as pd  # Only its own nulls are no numbers; most commands load none of it.

        return bool(pd.isna(value))


def finite(value: float) -> float | None:
    """The number; None where there is none to show."""
    return None if absent(value) else float(value)


def count(number: float | None) -> str:
    """A whole number with thousands separators: ``12,018``."""
    return ABSENT if number is None or absent(number) else f"{round(float(number)):,}"


def counted(number: float, thing: str, several: str | None = None) -> str:
    """So many of a thing: ``1 claim``, ``1,201 claims``, ``2 entries``."""
    return f"{count(number)} {thing if number == 1 else several or f'{thing}s'}"


def number(value: float | None, decimals: int) -> str:
    """A number with so many decimals: ``0.041``."""
    return ABSENT if value is None or absent(value) else f"{value:.{decimals}f}"


def signed(value: float, decimals: int) -> str:
    """A difference with its sign: ``+7.1``, ``−4.2``; what rounds to zero has none: ``0.0``."""
    text = f"{abs(value):.{decimals}f}"
    return text if float(text) == 0 else f"{'+' if value > 0 else '−'}{text}"


def points(value: float) -> str:
    """A difference in percentage points to a tenth, with its sign: ``+7.1``, ``−4.2``, ``0.0``."""
    return signed(value * 100, 1)


def ends(low: float, high: float) -> str:
    """An interval in points: ``+5.0 to +9.2``."""
    return f"{points(low)} to {points(high)}"


def size_of(gap: float, *, decimals: int = 1) -> str:
    """The size of a gap without its sign: ``7.2 points``."""
    text = f"{abs(gap) * 100:.{decimals}f}"
    return f"{text} point" if text == "1" else f"{text} points"


def within(tolerance: float) -> str:
    """The accepted gap, which somebody declared and is never rounded: ``±5 points``."""
    text = f"{tolerance * 100:.6g}"
    return f"±{text} point{'' if text == '1' else 's'}"


def percent(share: float | None, *, decimals: int = 0) -> str:
    """A share as ``87%``. What rounds to all or nothing but is neither says so: ``>99%``."""
    if share is None or absent(share):
        return ABSENT
    text = f"{share * 100 + 0.0:.{decimals}f}"
    if float(text) == 100 and share < 1:
        return f">{100 - 10**-decimals:.{decimals}f}%"
    if float(text) == 0 and share > 0:
        return f"<{10**-decimals:.{decimals}f}%"
    return f"{text}%"


def cut(share: float) -> str:
    """A threshold, which somebody declared and is never rounded: ``90%``, ``99.5%``."""
    return f"{share * 100:.6g}%"


def p_words(p_value: float) -> str:
    """A p-value: ``p 0.034``, ``p <0.001``."""
    return "p <0.001" if p_value < 0.001 else f"p {p_value:.3f}"


def e_words(e_value: float) -> str:
    """An e-value in words: ``0.8``, ``34``, ``over a million``."""
    if e_value > 1_000_000:
        return "over a million"
    whole = e_value >= 10 or math.isclose(e_value, round(e_value))
    return f"{e_value:,.0f}" if whole else f"{e_value:.1f}"


def basis(n: int, inputs: int, days: int) -> str:
    """What a number rests on: ``1,204 claims of 311 inputs on 42 days``.

    Claims of one input are one case, and cases of one day resemble each other: it is these that
    say how much the claims are worth.
    """
    return f"{counted(n, 'claim')} of {counted(inputs, 'input')} on {counted(days, 'day')}"


def this_window(first: date, last: date) -> str:
    """``this window: 4 weeks to 22 Nov 2026``: days of its own, not those of a standing verdict."""
    days = (last - first).days + 1
    long = counted(days, "day") if days % 7 else counted(days // 7, "week")
    return f"this window: {long} to {last.day} {last:%b %Y}"


def segment(dimension: str, value: str | None) -> str:
    """``topic=law``; claims that do not name the dimension are ``topic=(none)``."""
    return f"{dimension}={value_words(value)}"


def value_words(value: str | None) -> str:
    """A dimension's value; claims that do not name one are ``(none)``."""
    return "(none)" if value is None else value
