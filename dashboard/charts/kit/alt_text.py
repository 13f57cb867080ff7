"""How numbers are spoken, in marks, captions and alternative texts.

The alternative texts state what a chart shows, computed from the very frames it plots, so
that they cannot disagree with it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

import pandas as pd

from core.sentences.numbers import ABSENT, NONE_WORD, absent, count, counted, percent, points
from core.text.sentence import capital

#: What is written beside periods whose labels are not complete.
IMMATURE_WORDS = "outcomes not final yet"


def count_short(n: float | None) -> str:
    """A count in at most four characters: "850", "1.2k", "12k", "2.7M"; null gives "–"."""
    if n is None or absent(n):
        return ABSENT
    value = float(round(float(n)))
    for suffix in ("", "k", "M", "G"):
        if value < 999.5:
            small = bool(suffix) and value < 9.95
            return f"{value:.1f}".removesuffix(".0") + suffix if small else f"{value:.0f}{suffix}"
        value /= 1000
    return f"{value:.0f}T"


def interval(low: float | None, high: float | None, *, decimals: int = 0) -> str:
    """A signed interval in points: "+3 to +11"; "no interval" when an end is missing."""
    if absent(low) or absent(high):
        return "no interval"
    return f"{points(low, decimals=decimals)} to {points(high, decimals=decimals)}"


def key(value: Hashable) -> str:
    """A segment's value as shown: null is "(none)"."""
    return NONE_WORD if value is None or value is pd.NA or value != value else str(value)


# ------------------------------------------------------------------------------ alternative texts
def _direction(curve: pd.DataFrame) -> str:
    """Which side of the diagonal the pieces of a curve lie on, weighed by labelled claims."""
    total = float(curve["n"].sum())
    over = float(curve.loc[curve["observed"] < curve["v_from"], "n"].sum()) / total
    under = float(curve.loc[curve["observed"] > curve["v_to"], "n"].sum()) / total
    if over >= under and over >= 0.5:
        return f"for {percent(over)} of them fewer were right than was stated"
    if under > over and under >= 0.5:
        return f"for {percent(under)} of them more were right than was stated"
    return "the curve crosses or touches the diagonal for most of them"


def alt_text_reliability(curve: pd.DataFrame, histogram: pd.DataFrame, note: str = "") -> str:
    """Takeaway of a reliability diagram, from the frames `reliability_diagram` plots."""
    if curve.empty or curve["n"].sum() == 0:
        stated = histogram["n_claims"].sum() if len(histogram) else 0
        return f"Histogram of {counted(stated, 'stated claim')}; none is labelled yet."
    head = f"Reliability diagram of {counted(curve['n'].sum(), 'labelled claim')}: "
    tail = f" {capital(note)}." if note else ""
    return f"{head}{_direction(curve)}.{tail}".replace("\n", " ")


def alt_text_heatmap_of_shape(cells: pd.DataFrame, *, row: str, column: str) -> str:
    """Takeaway of `segment_heatmap` of the shape: in how many cells it is shown, and the worst."""
    judged = cells[~cells["too_few"].astype(bool) & cells["shape_high"].notna()]
    telling = judged[judged["shape_shown"] > 0]
    few = int((cells["too_few"].astype(bool) & cells["coverage"].notna()).sum())
    head = f"Error over confidence by {row} and {column}: "
    tail = f" {counted(few, 'cell')} had under 30 inputs." if few else ""
    if judged.empty:
        return f"{head}no cell has enough labelled inputs to be judged.{tail}"
    if telling.empty:
        return f"{head}in none of {counted(len(judged), 'cell')} is there an error.{tail}"
    worst = telling.iloc[int(telling["shape_shown"].to_numpy().argmax())]
    return (
        f"{head}in {count(len(telling))} of {counted(len(judged), 'cell')} there is an error, most "
        f"in {key(worst[row])}, {key(worst[column])} (at least {100 * worst['shape_shown']:.1f} "
        f"points, {counted(worst['n'], 'labelled claim')}).{tail}"
    )


def alt_text_heatmap(cells: pd.DataFrame, *, row: str, column: str) -> str:
    """Takeaway of `segment_heatmap`: how many cells exclude zero, and the worst of them."""
    judged = cells[~cells["too_few"].astype(bool) & cells["gap"].notna()]
    telling = judged[judged["shown"] != 0]
    few = int((cells["too_few"].astype(bool) & cells["coverage"].notna()).sum())
    head = f"Gap by {row} and {column}: "
    tail = f" {counted(few, 'cell')} had under 30 inputs." if few else ""
    if judged.empty:
        return f"{head}no cell has enough labelled inputs to be judged.{tail}"
    if telling.empty:
        return (
            f"{head}in none of {counted(len(judged), 'cell')} does the interval exclude zero.{tail}"
        )
    worst = telling.iloc[int(telling["shown"].abs().to_numpy().argmax())]
    return (
        f"{head}in {count(len(telling))} of {counted(len(judged), 'cell')} the corrected interval "
        f"excludes zero, most clearly in {key(worst[row])}, {key(worst[column])} "
        f"({points(worst['gap'])} points, {counted(worst['n'], 'labelled claim')}).{tail}"
    )


def alt_text_intervals(rows: pd.DataFrame, *, tolerance: float) -> str:
    """Takeaway of `interval_dots`: how many segments lie outside tolerance, and the first."""
    if rows.empty:
        return "No segment to show."
    out = rows[rows["verdict"] == "off"]
    head = f"Gap and interval of {counted(len(rows), 'segment')}: "
    limit = f"±{points(tolerance).lstrip('+')} points"
    if out.empty:
        return f"{head}none is off at a tolerance of {limit}."
    worst = out.iloc[int(out["gap"].abs().to_numpy().argmax())]
    return (
        f"{head}{count(len(out))} off at a tolerance of {limit}, the largest "
        f"{key(worst['label'])} at {points(worst['gap'])} points "
        f"({interval(worst['low'], worst['high'])})."
    )


def alt_text_coverage(weeks: pd.DataFrame) -> str:
    """Takeaway of `label_coverage_timeline`: coverage of the mature weeks and what is pending."""
    if weeks.empty:
        return "No claims in any week."
    mature = weeks[weeks["mature"].astype(bool)]
    young = len(weeks) - len(mature)
    pending = f" {counted(young, 'week')} whose outcomes are not final yet." if young else ""
    if mature.empty or mature["n_claims"].sum() == 0:
        return f"Stated and labelled claims over {counted(len(weeks), 'week')}.{pending}"
    share = mature["n"].sum() / mature["n_claims"].sum()
    return (
        f"Of {counted(mature['n_claims'].sum(), 'claim')} in {counted(len(mature), 'week')} "
        f"with final outcomes {percent(share)} are labelled.{pending}"
    )


def alt_text_delays(delays: pd.DataFrame) -> str:
    """Takeaway of `delay_histogram`: the commonest delay."""
    if delays.empty or delays["n"].sum() == 0:
        return "No outcome with a known time yet."
    top = delays.iloc[int(delays["n"].to_numpy().argmax())]
    share = percent(top["n"] / delays["n"].sum())
    commonest = delay(float(top["left"]), float(top["right"]))
    return (
        f"Delay of {counted(delays['n'].sum(), 'outcome')}: the commonest is {commonest}, {share}."
    )


def delay(left: float, right: float) -> str:
    """A delay bin in words: "under 1 hour", "1–24 hours", "1–3 days", "365+ days".

    Args:
        left: its lower edge, in days.
        right: its upper edge, in days; infinite where it has none.
    """
    hours = right < 1 or (right == 1 and left > 0)
    unit, low, high = ("hour", left * 24, right * 24) if hours else ("day", left, right)
    if not math.isfinite(high):
        return f"{_figure(low)}+ {unit}s"
    if low == 0:
        return f"under {_figure(high)} {_noun(unit, high)}"
    return f"{_figure(low)}–{_figure(high)} {_noun(unit, high)}"


def _figure(x: float) -> str:
    return f"{x:.3g}"


def _noun(unit: str, number: float) -> str:
    return unit if _figure(number) == "1" else f"{unit}s"
