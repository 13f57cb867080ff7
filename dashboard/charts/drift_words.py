"""What charts over time show, in words, computed from the frames they plot."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from core.sentences.numbers import absent, counted
from core.text.sentence import capital
from dashboard.charts.drift import STRIPS
from dashboard.charts.kit.annotations import place_changes
from dashboard.charts.kit.quantities import MEASURES, MeasureName
from dashboard.charts.kit.time_axis import NARROW, TimeAxis, time_axis

#: As many changes are told; of more, the last ones.
_CHANGES = 6


def alt_text_drift(
    periods: pd.DataFrame,
    changes: pd.DataFrame,
    breaches: pd.DataFrame,
    *,
    measure: MeasureName,
    levels: pd.DataFrame | None = None,
) -> str:
    """Takeaway of `drift_timeline`: the last mature value, the range, moves, breaches, changes."""
    if periods.empty:
        return "No claims yet."
    known, axis = MEASURES[measure], time_axis(periods)
    text = f"{capital(known.name)} per {axis.unit}, {_span(axis)}. "
    parts = [text + _last_mature(periods, axis, {measure: "value"})]
    mature = periods[periods["mature"].astype(bool) & periods["value"].notna()]
    if len(mature) > 1:
        low, high = (mature.loc[mature["value"].agg(f)] for f in ("idxmin", "idxmax"))
        parts.append(
            f"Lowest {known.told(low['value'])} in {low['period']}, highest "
            f"{known.told(high['value'])} in {high['period']}."
        )
    parts += _young(periods, axis)
    if levels is not None and measure == "gap":
        moves = (label for label in levels["label"] if label)
        parts += [f"{capital(text)}." for text in moves]
    told = zip(breaches.get("label", []), breaches.get("start", []), strict=True)
    parts += [f"{capital(text)} from {_date(start)}." for text, start in told]
    placed = place_changes(changes, axis, NARROW)
    if placed.names:
        dated = list(zip(placed.names, axis.dates(placed.at), strict=True))
        text = ", ".join(f"{name} on {_date(at)}" for name, at in dated[-_CHANGES:])
        earlier = len(dated) - _CHANGES
        more = f", after {counted(earlier, 'earlier one')}" if earlier > 0 else ""
        parts.append(f"Changes: {text}{more}.")
    return " ".join(parts)


def alt_text_strips(periods: pd.DataFrame) -> str:
    """Takeaway of `measure_strips`: each measure in the last mature period."""
    if periods.empty:
        return "No claims yet."
    axis = time_axis(periods)
    names: dict[MeasureName, str] = {name: name for row in STRIPS for name in row}
    head = f"{counted(len(names), 'measure')} per {axis.unit}, {_span(axis)}."
    return " ".join([head, _last_mature(periods, axis, names), *_young(periods, axis)])


def _span(axis: TimeAxis) -> str:
    if len(axis.names) == 1:
        return axis.names[0]
    return f"{axis.names[0]} to {axis.names[-1]}"


def _last_mature(periods: pd.DataFrame, axis: TimeAxis, columns: Mapping[MeasureName, str]) -> str:
    """Values of measures, by their columns, in the last mature period that has the first."""
    first = next(iter(columns.values()))
    mature = periods[periods["mature"].astype(bool) & periods[first].notna()]
    if periods[first].isna().all():
        return "No labelled claims yet."
    if mature.empty:
        return f"No {axis.unit} with labelled claims has final outcomes."
    row = mature.iloc[-1]
    told = []
    for name, column in columns.items():
        known = MEASURES[name]
        ends = ("low", "high") if column == "value" else (f"{name}_low", f"{name}_high")
        low, high = (float(row.get(end, float("nan"))) for end in ends)
        bounds = "" if absent(low) or absent(high) else f" ({known.told_interval(low, high)})"
        alone = len(columns) == 1
        told.append(f"{'' if alone else known.name + ' '}{known.told(row[column])}{bounds}")
    labelled = counted(row["n"], "labelled claim")
    return f"Last {axis.unit} with final outcomes, {row['period']}: {', '.join(told)}, {labelled}."


def _young(periods: pd.DataFrame, axis: TimeAxis) -> list[str]:
    young = int((~periods["mature"].astype(bool)).sum())
    return [f"{counted(young, axis.unit)} whose outcomes are not final yet."] if young else []


def _date(at: object) -> str:
    date = pd.Timestamp(str(at))
    return f"{date.day} {date:%B %Y}"
