"""How a group is off, in words: of each part of its verdict, with what it rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.measure.verdicts.label_reach import LabelReach
from core.measure.verdicts.parts import PartName
from core.measure.verdicts.verdict import Judgement
from core.text.figures import counted, cut, ends, percent, points
from core.text.off_at import NOWHERE, OffAt


@dataclass(frozen=True)
class PartShown:
    """What one part of a group shows.

    Attributes:
        part: which part.
        value, low, high: its gap, or of the shape the error, with the bounds that hold.
        n: labelled claims of it.
        said, right: of the gap and the high band: mean confidence and accuracy.
        high_from: of the high band: from which confidence on.
        at: of the shape: where it is off.
    """

    part: PartName
    value: float
    low: float
    high: float
    n: int
    said: float | None = None
    right: float | None = None
    high_from: float | None = None
    at: OffAt = NOWHERE

    def words(self, rests: str | None = None) -> str:
        """In a clause, with interval and n.

        As in ``right 79.0% of the time (said 94.0%): gap +15.0 points (+12.1 to +18.0), 3 cases``.

        Args:
            rests: what it rests on; None: its number of cases.
        """
        cases = rests or counted(self.n, "case")
        if self.part == "shape":
            where = self.at.words
            return (
                f"off by {self.value * 100:.1f} points on average over the range of confidence "
                f"(at least {self.low * 100:.1f}), {cases}{f': {where}' if where else ''}"
            )
        stated = ""
        if self.high_from is not None:
            stated = f"stated at {cut(self.high_from)} or more it is "
        return (
            f"{stated}right {percent(self.right)} of the time (said {percent(self.said)}): gap "
            f"{points(self.value)} points ({ends(self.low, self.high)}), {cases}"
        )


def part_shown(judged: Judgement, group: int, part: PartName) -> PartShown:
    """What one part of a group shows.

    Args:
        group: which of them; its part has a label.
    """
    found = judged.part(part)
    numbers = (float(found.value[group]), float(found.low[group]), float(found.high[group]))
    n = int(found.n[group])
    if part == "shape":
        return PartShown(part, *numbers, n, at=shape_at(judged, group))
    said, right = judged.mean_confidence, judged.accuracy
    if part == "high_band":
        said, right = judged.high_claimed, judged.high_observed
    high_from = judged.high_from if part == "high_band" else None
    return PartShown(part, *numbers, n, float(said[group]), float(right[group]), high_from)


def shape_at(judged: Judgement, group: int) -> OffAt:
    """Where in its range a group is off; nowhere where no error of its shape is shown."""
    labels = judged.bands.labels(group)
    signs = judged.curve.named[group, : len(labels)].tolist()
    return bands_at(labels, signs)


def bands_at(labels: Sequence[str], signs: Sequence[int]) -> OffAt:
    """The same of bands by their labels, each with 1 (overconfident), −1 or 0."""
    over, under = (
        tuple(
            (_edges(labels[first])[0], _edges(labels[last])[1])
            for first, last in _runs([i for i, one in enumerate(signs) if one == sign])
        )
        for sign in (1, -1)
    )
    return OffAt(over, under)


def bands_at_named(over: Sequence[str], under: Sequence[str]) -> OffAt:
    """The same where only the bands that take part are named, by their labels."""
    return OffAt(_touching(over), _touching(under))


def _touching(labels: Sequence[str]) -> tuple[tuple[float, float], ...]:
    spans: list[tuple[float, float]] = []
    for low, high in sorted(map(_edges, labels)):
        # Which bands lie between two is not known here, but bands that touch are one.
        if spans and spans[-1][1] == low:
            spans[-1] = (spans[-1][0], high)
        else:
            spans.append((low, high))
    return tuple(spans)


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return runs


def _edges(label: str) -> tuple[float, float]:
    """Of ``0.95``, or ``(0.8, 0.9]``, in percent."""
    ends_of = [round(float(one) * 100, 6) for one in label.strip("(]").split(",")]
    return ends_of[0], ends_of[-1]


def reach_words(reach: LabelReach) -> str:
    """Why there is no verdict on all claims, what could be true of them, and the way out.

    "" where the labels speak for all claims.
    """
    if reach.speaks_for == "all":
        return ""
    if reach.no_truth:
        return (
            "No verdict: these labels are of a source that is not ground truth, such as an LLM "
            "judge, and decide nothing."
        )
    bounds = ""
    if math.isfinite(reach.gap_if_right):
        bounds = (
            f" The gap of all {reach.n_claims:,} may be anything from "
            f"{points(reach.gap_if_right)} to {points(reach.gap_if_wrong)} points."
        )
    out = "An audit sample drawn by chance would (Labels)."
    if reach.by_chance and reach.escalated is None:
        out = "Weighted by those chances they do (Labels)."
        if reach.weighted is not None:
            gap, low, high = reach.weighted.gap, reach.weighted.low, reach.weighted.high
            out = (
                f"Weighted by those chances the gap of all is {points(gap)} points "
                f"({ends(low, high)}; Labels)."
            )
    return (
        "No verdict on all claims, because the labels do not represent them: "
        f"{_why(reach)}.{bounds} {out}"
    )


def _why(reach: LabelReach) -> str:
    if reach.escalated is not None:
        return f"only escalated or reviewed cases are labelled ({reach.escalated.reason})"
    if reach.by_chance:
        return (
            "they were drawn with chances that differ, and each counts for another number of claims"
        )
    if reach.uneven is not None:
        one = reach.uneven
        value = "(none)" if one.value is None else one.value
        told = "within such groups taken together, " if one.within else ""
        return (
            f"{told}claims of {one.dimension} {value} are labelled {percent(one.n / one.n_claims)} "
            f"({one.n:,} of {one.n_claims:,}), the others "
            f"{percent(one.others_n / one.others_claims)} ({one.others_n:,} of "
            f"{one.others_claims:,})"
        )
    early = reach.early
    assert early is not None
    return (
        f"the newest claims have only their first labels, and those mislead: at {early.days} days "
        f"old the gap reads {points(early.gap)} points, at {early.final_days} days "
        f"{points(early.final_gap)}"
    )
