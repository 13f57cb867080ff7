"""Numbers as people read them, and the names of things on every screen and report."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from core.measure.verdicts.label_reach import SpeaksFor
from core.measure.verdicts.parts import PartName, PartState
from core.measure.verdicts.verdict import Judgement, Verdict

STATE_WORDS: dict[PartState, str] = {
    "off": "Off",
    "at_the_edge": "At the edge",
    "too_few": "Too few labels",
    "fine": "Fine",
}
#: Where the labels cannot speak for all claims.
NO_VERDICT = "No verdict"
#: What a row of a table or chart shows: the verdict, or that its labels can give none.
SHOWN_WORDS: dict[str, str] = {
    **{str(state): words for state, words in STATE_WORDS.items()},
    "no_verdict": NO_VERDICT,
}
#: The three words of files, acts and programs, where it is not known why it cannot be told.
VERDICT_WORDS: dict[Verdict, str] = {
    "miscalibrated": "Off",
    "within_tolerance": "Fine",
    "cannot_tell": "Not decided",
}
#: The parts of a verdict, as the subject of a sentence.
PART_WORDS: dict[PartName, str] = {
    "whole": "the gap as a whole",
    "shape": "the shape of the errors",
    "high_band": "the high-confidence band",
}

DIMENSION_WORDS = {
    "model_version": "Model version",
    "prompt_version": "Prompt version",
    "elicitation": "Elicitation",
    "elicitation_order": "Elicitation order",
    "params_version": "Settings",
    "calibrator_version": "Calibrator",
    "split": "Split",
    "action": "Action taken",
    "week": "Week",
    "day": "Day",
    "confidence_band": "Confidence band",
}

#: How a claim that does not name a dimension is shown.
NONE_WORD = "(none)"


#: Stands where there is no number to show.
ABSENT = "–"


def absent(value: float | None) -> bool:
    """Whether there is no number to show: a null of any kind, or one that is not finite."""
    return value is None or bool(pd.isna(value)) or not math.isfinite(value)


def points(gap: float | None, *, decimals: int = 0) -> str:
    """A gap in percentage points with its sign: ``+7``, ``−4.2``, ``0``; never ``−0``."""
    if gap is None or absent(gap):
        return ABSENT
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
    if share is None or absent(share):
        return ABSENT
    text = f"{share * 100 + 0.0:.{decimals}f}"
    if float(text) == 100 and share < 1:
        return f">{100 - 10**-decimals:.{decimals}f}%"
    if float(text) == 0 and share > 0:
        return f"<{10**-decimals:.{decimals}f}%"
    return f"{text}%"


def count(number: float | None) -> str:
    """A whole number with thousands separators: ``12,018``."""
    return ABSENT if number is None or absent(number) else f"{round(float(number)):,}"


def counted(number: int, thing: str) -> str:
    """So many of a thing: ``1 claim``, ``1,201 claims``."""
    return f"{count(number)} {thing}{'' if number == 1 else 's'}"


def within(tolerance: float) -> str:
    """The accepted gap, which somebody declared and is never rounded: ``±5 points``."""
    text = f"{tolerance * 100:.6g}"
    return f"±{text} point{'' if text == '1' else 's'}"


def cut(share: float) -> str:
    """A threshold, which somebody declared and is never rounded: ``90%``, ``99.5%``."""
    return f"{share * 100:.6g}%"


def verdict_words(state: PartState, speaks_for: SpeaksFor = "all") -> str:
    """The verdict on a group in a word or two; none on all claims by labels of some kind only."""
    return STATE_WORDS[state] if speaks_for == "all" else NO_VERDICT


def shown_states(judged: Judgement) -> list[str]:
    """Of every group, its key of `SHOWN_WORDS`."""
    pairs = zip(judged.state, judged.speaks_for, strict=True)
    return [state if speaks_for == "all" else "no_verdict" for state, speaks_for in pairs]


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


def p_words(p_value: float) -> str:
    """A p-value: ``p 0.034``, ``p <0.001``."""
    return "p <0.001" if p_value < 0.001 else f"p {p_value:.3f}"
