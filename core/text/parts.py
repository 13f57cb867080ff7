"""How a group is off, in words: of each part of its verdict, with what it rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.measure.verdicts.label_reach import LabelReach
from core.measure.verdicts.parts import PartName
from core.measure.verdicts.verdict import Judgement
from core.text.figures import counted, ends, percent, points


def part_words(judged: Judgement, group: int, part: PartName, rests: str | None = None) -> str:
    """What one part of a group shows, with interval and n.

    As in ``right 79.0% of the time (said 94.0%): gap +15.0 points (+12.1 to +18.0), 1,203 cases``.

    Args:
        judged: the groups.
        group: which of them; its part has a label.
        part: which part.
        rests: what it rests on; None: its number of cases.
    """
    found = judged.part(part)
    low, high = float(found.low[group]), float(found.high[group])
    cases = rests or counted(int(found.n[group]), "case")
    if part == "shape":
        where = shape_where(judged, group)
        return (
            f"off by {float(found.value[group]) * 100:.1f} points on average over the range of "
            f"confidence (at least {low * 100:.1f}), {cases}{f': {where}' if where else ''}"
        )
    said, right = judged.mean_confidence[group], judged.accuracy[group]
    stated = ""
    if part == "high_band":
        said, right = judged.high_claimed[group], judged.high_observed[group]
        stated = f"stated at {judged.high_from * 100:.6g}% or more it is "
    return (
        f"{stated}right {percent(float(right))} of the time (said {percent(float(said))}): gap "
        f"{points(float(found.value[group]))} points ({ends(low, high)}), {cases}"
    )


def shape_where(judged: Judgement, group: int) -> str:
    """Where in its range a group is off: ``overconfident at 70% to 85%, underconfident at 30%``.

    "" where no error of its shape is shown.
    """
    labels = judged.bands.labels(group)
    signs = judged.curve.named[group, : len(labels)].tolist()
    return bands_where(labels, signs)


def bands_where(labels: Sequence[str], signs: Sequence[int]) -> str:
    """The same of bands by their labels, each with 1 (overconfident), −1 or 0."""
    told = []
    for sign, word in ((1, "overconfident"), (-1, "underconfident")):
        runs = _runs([i for i, one in enumerate(signs) if one == sign])
        if runs:
            named = [_span(labels[first], labels[last]) for first, last in runs]
            told.append(f"{word} at {' and '.join(named)}")
    return ", ".join(told)


def bands_where_named(over: Sequence[str], under: Sequence[str]) -> str:
    """The same where only the bands that take part are named, by their labels."""
    told = []
    for labels, word in ((over, "overconfident"), (under, "underconfident")):
        spans: list[tuple[float, float]] = []
        for low, high in sorted(map(_edges, labels)):
            # Which bands lie between two is not known here, but bands that touch are one.
            if spans and spans[-1][1] == low:
                spans[-1] = (spans[-1][0], high)
            else:
                spans.append((low, high))
        if spans:
            told.append(f"{word} at {' and '.join(_percents(*one) for one in spans)}")
    return ", ".join(told)


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return runs


def _span(first: str, last: str) -> str:
    return _percents(_edges(first)[0], _edges(last)[1])


def _percents(low: float, high: float) -> str:
    return f"{low:g}%" if low == high else f"{low:g}% to {high:g}%"


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
        f"No verdict on all claims, for the labels cannot speak for them: {_why(reach)}.{bounds} "
        f"{out}"
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
