"""Numbers as people read them, and the names of things on every screen and report."""

from __future__ import annotations

import math
from collections.abc import Mapping

from core.measure.verdict import Verdict

VERDICT_WORDS: dict[Verdict, str] = {
    "miscalibrated": "Miscalibrated",
    "within_tolerance": "Within tolerance",
    "cannot_tell": "Cannot tell yet",
}

DIMENSION_WORDS = {
    "model_version": "Model version",
    "prompt_version": "Prompt version",
    "elicitation": "Elicitation",
    "elicitation_order": "Elicitation order",
    "split": "Split",
    "action": "Action taken",
    "week": "Week",
    "day": "Day",
    "confidence_band": "Confidence band",
}

#: How a claim that does not name a dimension is shown.
NONE_WORD = "(none)"


def absent(value: float | None) -> bool:
    """Whether there is no number to show."""
    return value is None or math.isnan(value)


def points(gap: float | None, *, decimals: int = 0) -> str:
    """A gap in percentage points with its sign: ``+7``, ``−4.2``, ``0``; never ``−0``."""
    if gap is None or math.isnan(gap):
        return "–"
    text = f"{abs(gap) * 100:.{decimals}f}"
    if float(text) == 0:
        return "0"
    return f"{'+' if gap > 0 else '−'}{text}"


def size_of(gap: float, *, decimals: int = 1) -> str:
    """The size of a gap without its sign: ``7.2 points``."""
    text = f"{abs(gap) * 100:.{decimals}f}"
    return f"{text} point" if text == "1" else f"{text} points"


def percent(share: float | None, *, decimals: int = 0) -> str:
    """A share as ``87%``. What rounds to all or nothing but is neither says so: ``>99%``."""
    if share is None or math.isnan(share):
        return "–"
    text = f"{share * 100:.{decimals}f}"
    if float(text) == 100 and share < 1:
        return f">{100 - 10**-decimals:.{decimals}f}%"
    if float(text) == 0 and share > 0:
        return f"<{10**-decimals:.{decimals}f}%"
    return f"{text}%"


def count(number: int) -> str:
    """A count with thousands separators."""
    return f"{number:,}"


def dimension_name(dimension: str) -> str:
    """What a dimension is called on screen: ``model_version`` → ``Model version``."""
    known = DIMENSION_WORDS.get(dimension)
    return known or dimension.replace("_", " ").capitalize()


def value_name(value: str | None) -> str:
    """A dimension's value; claims that do not name one are shown as ``(none)``."""
    return NONE_WORD if value is None else value


def group_name(group: Mapping[str, str | None]) -> str:
    """A group in words: ``language=de, topic=medical``; the whole is ``all claims``."""
    if not group:
        return "all claims"
    return ", ".join(f"{dimension}={value_name(value)}" for dimension, value in group.items())
