"""When the gap moved: the weeks shown, cut into stretches of one level, and what came in then."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from core.measure.cells.cells import FloatArray
from core.measure.monitoring.changepoint import (
    ChangePoint,
    CohortMeans,
    Level,
    changes,
    levels,
    pooled_variances,
)
from core.queries.sums.time_series import PeriodSums
from core.sentences.numbers import count, counted, points

#: A version is told with a move that its first claim is at most so many weeks away from: before
#: it, as of one that was rolled out little by little, or after it, as the date may be off by one.
_BEFORE, _AFTER = 4, 1
#: So many moves are told, the last ones.
_TOLD = 3
_NUMBERS = ("no", "one", "two", "three", "four")


def gap_levels(
    found: PeriodSums, gap: FloatArray, independent: FloatArray, periods: pd.DataFrame
) -> tuple[Level, ...]:
    """Stretches of one level of the gap over the mature weeks; positions are rows of ``periods``.

    Args:
        found: what is summed; W weeks.
        gap: shape (W,), mean confidence minus accuracy.
        independent: shape (W,), independent labelled claims that each week is worth.
        periods: of each week n_inputs and mature.
    """
    inputs = periods["n_inputs"].to_numpy(np.int64)
    at = np.flatnonzero(periods["mature"].to_numpy(bool) & (inputs > 0))
    spread = _spread(found, gap)[at]
    variance = pooled_variances(inputs[at], independent[at], spread)
    cut = levels(CohortMeans(inputs[at], gap[at], variance))
    return tuple(
        Level(int(at[one.first]), int(at[one.last]), one.inputs, one.mean, one.low, one.high)
        for one in cut
    )


def _spread(found: PeriodSums, gap: FloatArray) -> FloatArray:
    """Mean squared distance of a claim from its week's gap; of an input's sum where they repeat."""
    repeated, n = found.sums.repeated, np.maximum(found.brier.n, 1)
    if repeated is None:
        spread: FloatArray = found.brier.brier.x / n - gap**2
        return spread
    whole = repeated.whole
    together: FloatArray = whole.rr - 2 * gap * whole.rm + gap**2 * whole.mm
    return together / np.maximum(whole.mm, 1)


def level_frame(found: tuple[Level, ...], periods: pd.DataFrame) -> pd.DataFrame:
    """The stretches as the timeline draws them; empty where the gap never moved.

    Args:
        periods: of each week period and start.

    Returns:
        start, end (the day after the last), value, low, high, n_inputs, and label: what to write
        where it begins; "" for the first.
    """
    names = ["start", "end", "value", "low", "high", "n_inputs", "label"]
    moves = changes(found)
    if not moves:
        return pd.DataFrame(columns=names)
    rows = [
        (
            periods["start"].iloc[one.first],
            periods["start"].iloc[one.last] + timedelta(weeks=1),
            *(one.mean, one.low, one.high, one.inputs),
            label,
        )
        for one, label in zip(found, ("", *(_label(one, periods) for one in moves)), strict=True)
    ]
    return pd.DataFrame(rows, columns=names)


def moved_words(found: tuple[Level, ...], periods: pd.DataFrame, versions: pd.DataFrame) -> str:
    """When the gap moved, from what to what, and which version came in about then; "" if never.

    Args:
        periods: of each week period and start.
        versions: label and at (date) of those first seen in the time shown.
    """
    moves = changes(found)
    said = []
    for one in moves[-_TOLD:]:
        start = periods["start"].iloc[one.at]
        said.append(
            f"The gap moved from {_with_interval(one.before)} to {_with_interval(one.after)} about "
            f"{start} (week {periods['period'].iloc[one.at]}){_near(versions, start)}."
        )
    earlier = len(moves) - _TOLD
    if earlier > 0:
        said.append(f"It had moved {counted(earlier, 'time')} before.")
    return " ".join(said)


def _near(versions: pd.DataFrame, start: date) -> str:
    """The versions first seen nearest to the week of a move; earlier ones where it is a draw."""
    if versions.empty:
        return ""
    mondays = [at - timedelta(days=at.weekday()) for at in versions["at"]]
    late = [(start - monday).days // 7 for monday in mondays]
    near = [weeks for weeks in late if -_AFTER <= weeks <= _BEFORE]
    if not near:
        return ""
    weeks = min(near, key=lambda one: (abs(one), one < 0))
    labels = [label for label, one in zip(versions["label"], late, strict=True) if one == weeks]
    when = (
        "the week"
        if weeks == 0
        else f"{_NUMBERS[abs(weeks)]} week{'s' if abs(weeks) > 1 else ''} "
        f"{'after' if weeks > 0 else 'before'}"
    )
    names = " and ".join(labels)
    return f", {when} {names} {'was' if len(labels) == 1 else 'were'} first seen"


def _with_interval(level: Level) -> str:
    ends = f"{points(level.low, decimals=1)} to {points(level.high, decimals=1)}"
    return f"{points(level.mean, decimals=1)} points ({ends}; {count(level.inputs)} inputs)"


def _label(move: ChangePoint, periods: pd.DataFrame) -> str:
    week = str(periods["period"].iloc[move.at]).rpartition("-")[2]
    before, after = (points(one.mean, decimals=1) for one in (move.before, move.after))
    return f"moved about {week}: {before} to {after} points"
