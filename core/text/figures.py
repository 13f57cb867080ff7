"""Numbers in the sentences of findings: points, intervals, and what they rest on."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """So many of a thing: ``1 claim``, ``1,201 claims``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def points(value: float) -> str:
    """A difference in percentage points with its sign: ``+7.1``, ``−4.2``, ``0.0``."""
    text = f"{abs(value) * 100:.1f}"
    if float(text) == 0:
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def ends(low: float, high: float) -> str:
    """An interval in points: ``+5.0 to +9.2``."""
    return f"{points(low)} to {points(high)}"


def accepted(tolerance: float) -> str:
    """The accepted gap, which somebody declared and is never rounded: ``±5 points``."""
    text = f"{tolerance * 100:.6g}"
    return f"±{text} point{'' if text == '1' else 's'}"


def percent(share: float) -> str:
    """A share in whole per cent, never a plain 0 or 100 that it is not: ``<1%``."""
    text = f"{share * 100 + 0.0:.0f}"
    if text == "100" and share < 1:
        return ">99%"
    return "<1%" if text == "0" and share > 0 else f"{text}%"


def basis(n: int, inputs: int, days: int) -> str:
    """What a number rests on: ``1,204 claims of 311 inputs on 42 days``.

    Claims of one input are one case, and cases of one day resemble each other: it is these that
    say how much the claims are worth.
    """
    return f"{counted(n, 'claim')} of {counted(inputs, 'input')} on {counted(days, 'day')}"


def segment(dimension: str, value: str | None) -> str:
    """``topic=law``; claims that do not name the dimension are ``topic=(none)``."""
    return f"{dimension}={value_words(value)}"


def value_words(value: str | None) -> str:
    """A dimension's value; claims that do not name one are ``(none)``."""
    return "(none)" if value is None else value
