"""The names of things on every screen and report, with numbers as `core.text.figures` says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.text.figures import ABSENT as ABSENT
from core.text.figures import absent as absent
from core.text.figures import count as count
from core.text.figures import counted as counted
from core.text.figures import cut as cut
from core.text.figures import p_words as p_words
from core.text.figures import percent as percent
from core.text.figures import signed
from core.text.figures import size_of as size_of
from core.text.figures import within as within

if TYPE_CHECKING:  # Whoever prints a number need not load how it is measured.
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


def points(gap: float | None, *, decimals: int = 0) -> str:
    """A gap in percentage points with its sign: ``+7``, ``−4.2``, ``0``; never ``−0``."""
    if gap is None or absent(gap):
        return ABSENT
    text = signed(gap * 100, decimals)
    return text if float(text.replace("−", "-")) else "0"


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
