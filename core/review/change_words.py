"""What became of calibration between two sets of claims, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from core.measure.change import ChangeVerdict, GapChange, Interval, OverallVerdict
from core.measure.drift import Stability
from core.measure.verdict import MINIMUM_INPUTS
from core.review.words import (
    ABSENT,
    counted,
    dimension_name,
    p_words,
    percent,
    points,
    size_of,
    value_name,
    within,
)
from core.store.selection import Selection

OVERALL_WORDS: dict[OverallVerdict, str] = {
    "better": "Better",
    "worse": "Worse",
    "mixed": "Mixed",
    "same": "Same within tolerance",
    "cannot_tell": "Cannot tell yet",
}
#: As many segments are named in a sentence.
_NAMED = 4


class Group(Protocol):
    """What a sentence needs of one group's change."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def gap(self) -> GapChange: ...  # noqa: D102


def side_names(before: Selection, after: Selection) -> tuple[str, str]:
    """What tells two sides apart: their signals where they differ, and conditions not shared."""
    shared = set(before.where) & set(after.where)
    found = []
    for side in (before, after):
        parts = [] if before.signal == after.signal else [side.signal]
        parts += [
            " or ".join(map(value_name, values))
            for dimension, values in side.where
            if (dimension, values) not in shared
        ]
        found.append(", ".join(parts) or "all claims")
    return found[0], found[1]


def verdict_words(one: GapChange) -> str:
    """The verdict of one group: ``Worse``, ``Cannot tell yet, 1,529 more labels``."""
    said = OVERALL_WORDS[one.verdict]
    empty = [
        name
        for name, side in (("before", one.before), ("after", one.after))
        if not math.isfinite(side.value)
    ]
    if empty:
        # Where it states nothing there, no label will ever come.
        return f"Cannot tell, no label there {' or '.join(empty)}"
    if one.verdict != "cannot_tell" or not one.more_labels:
        return said
    return f"{said}, {counted(one.more_labels, 'more label')}"


def headline(
    verdict: OverallVerdict, whole: GapChange, accuracy: Interval, parts: Sequence[Group]
) -> str:
    """The verdict in one sentence."""
    moved = _moved(whole)
    right = ""
    if whole.verdict in ("worse", "better"):
        rose = whole.verdict == "worse" and accuracy.low > 0
        fell = whole.verdict == "better" and accuracy.high < 0
        if rose or fell:
            right = f", although accuracy {'rose' if rose else 'fell'} by {size_of(accuracy.value)}"
    if verdict == "worse":
        return f"Worse for calibration: {moved}{right}.{_where(parts, 'worse')}"
    if verdict == "better":
        return f"Better calibrated: {moved}{right}."
    if verdict == "same":
        return f"Same within tolerance: {moved}."
    if verdict == "cannot_tell":
        if not math.isfinite(whole.change.value):
            return "Cannot tell yet: baseline and candidate have no labelled claims to compare."
        more = f", {counted(whole.more_labels, 'more label')}" if whole.more_labels else ""
        return f"Cannot tell yet{more}: {moved}."
    on_whole = {
        "worse": "worse on the whole",
        "better": "better on the whole",
        "same": "same within tolerance on the whole",
        "cannot_tell": "cannot tell on the whole",
    }[whole.verdict]
    said = f"Mixed for calibration: {on_whole} ({moved}{right})"
    for which in ("worse", "better"):
        names = _names(parts, which)
        if names and which != whole.verdict:
            said += f"; {which} on {names}"
    return f"{said}."


def _moved(whole: GapChange) -> str:
    before, after = (
        "none" if not math.isfinite(one.value) else points(one.value, decimals=1)
        for one in (whole.before, whole.after)
    )
    return (
        f"the gap went from {before} to {after} points, a change in size of "
        f"{_interval(whole.change)}"
    )


def _where(parts: Sequence[Group], which: ChangeVerdict) -> str:
    names = _names(parts, which)
    return f" So it is on {names}." if names else ""


def _names(parts: Sequence[Group], which: str) -> str:
    mine = [one for one in parts if one.gap.verdict == which]
    mine.sort(key=lambda one: -abs(one.gap.change.value))
    named = [f"{one.name} ({points(one.gap.change.value, decimals=1)})" for one in mine[:_NAMED]]
    rest = len(mine) - len(named)
    return ", ".join(named) + (f" and {rest} more" if rest else "")


def _interval(one: Interval, *, decimals: int = 1) -> str:
    if not math.isfinite(one.value):
        return ABSENT
    low, high = (points(end, decimals=decimals) for end in (one.low, one.high))
    return f"{points(one.value, decimals=decimals)} ({low} to {high})"


class _Changed(Group, Protocol):
    @property
    def confidence(self) -> Interval: ...

    @property
    def accuracy(self) -> Interval: ...


def sentences(
    whole: _Changed,
    high: Group | None,
    psi: Stability | None,
    loads: Sequence[Mapping[str, float] | None],
    segments: Sequence[Group],
    tolerance: float,
) -> tuple[str, ...]:
    """What else moved: accuracy, confidences, the high band, who has to look, what is not known."""
    found = []
    if math.isfinite(whole.confidence.value):
        found.append(
            f"On labelled claims the stated confidence moved by {_interval(whole.confidence)} "
            f"points and accuracy by {_interval(whole.accuracy)}."
        )
    if psi is not None:
        p = "" if math.isnan(psi.p_value) else f", {p_words(psi.p_value)}"
        found.append(
            f"Stated confidences are spread with a PSI of {psi.psi:.3f} against before (by noise "
            f"alone {psi.noise:.3f}{p})."
        )
    if high is not None and math.isfinite(high.gap.change.value):
        found.append(
            f"High-confidence band: {verdict_words(high.gap).lower()}; the size of its gap moved "
            f"by {_interval(high.gap.change)} points."
        )
    before, after = loads[0], loads[-1]
    if before is not None and after is not None:
        parts = [
            f"{name} {percent(before[name])} → {percent(after[name])}"
            for name in before
            if before[name] or after[name]
        ]
        found.append(f"By the registered rules, were both validated: {', '.join(parts)}.")
    unknown = [one for one in segments if one.gap.verdict == "cannot_tell"]
    if unknown:
        names = ", ".join(one.name for one in unknown[:_NAMED])
        rest = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        found.append(
            f"Cannot tell yet on {names}{rest}: a change beyond {within(tolerance)} there may go "
            "unseen."
        )
    return tuple(found)


def method(
    groups: Sequence[Group],
    by: Sequence[str],
    paired: bool,
    shared: int,
    standard: float,
    tolerance: float,
) -> str:
    """How it was compared, for under the table."""
    family = sum(one.gap.inputs >= MINIMUM_INPUTS for one in groups)
    if paired:
        how = f"Paired: only the {counted(shared, 'input')} that both have a label on."
    elif by:
        mix = ", ".join(map(dimension_name, by))
        how = (
            f"Not paired: the candidate's claims are weighted to the baseline's mix of {mix}; "
            f"{percent(standard)} of the baseline's labels are in cells that both have, and only "
            "those are compared."
        )
    else:
        how = "Not paired, and not weighted: claims name no segment."
    return (
        f"{how} Intervals of a gap's change are 95% together over {counted(family, 'group')} "
        f"(Bonferroni), and count inputs; under {MINIMUM_INPUTS} a group is not judged. Same: "
        f"the change lies within {within(tolerance)} and no direction of it is shown, or it lies "
        f"within a fifth of that, or both gaps are themselves within {within(tolerance)}."
    )
