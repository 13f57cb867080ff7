"""The Drift page: since when, and after which model or prompt change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import duckdb
import numpy as np
import pandas as pd

from core.measure.cells.cells import FloatArray, IntArray
from core.measure.metrics.intervals import wilson
from core.measure.monitoring.brier_decomposition import brier_scores
from core.measure.monitoring.changepoint import Level
from core.measure.verdicts.verdict import Judgement, judge
from core.queries.base.seen.first_seen import VersionSeen, first_seen
from core.queries.base.selection import Selection
from core.queries.base.together.asked_once import one_question
from core.queries.labels.label_reach import label_reaches
from core.queries.sums.time_series import PeriodSums, period_sums
from core.sentences.numbers import counted, points, shown_states, within
from core.terms import USUAL, Maturity, Terms
from core.text.parts import reach_words
from core.views.review.level_shifts import gap_levels, level_frame, moved_words
from core.views.shared.maturity import Window, default_windows, mature

Period = Literal["week", "day"]
DAYS = {"week": 7, "day": 1}
#: Kinds of version that get a rule of their own on the timeline.
RULES = {"model": "model", "prompt": "prompt"}

#: A breach is told with a change that came at most so long before it.
_LONG_AGO = timedelta(days=14)


@dataclass(frozen=True)
class DriftView:
    """A signal over time.

    Attributes:
        periods: one line per week or day that has a claim, oldest first: period, start, n,
            n_claims, coverage, mature, verdict, and for gap, accuracy, mean_confidence, brier and
            coverage the value with ``…_low`` and ``…_high``.
        changes: versions first seen in the time shown: kind, label, at.
        breaches: unbroken mature stretches outside tolerance: start, end, label.
        levels: stretches between which the gap moved, of weeks only: a weekday may have a gap of
            its own. As in `core.views.review.level_shifts.level_frame`.
        headline: since when, and after what, in words.
        moved: when the gap moved, from what to what; "" where that is not seen.
        method: how the periods' intervals were corrected together.
        windows: the windows compared unless others are chosen; None with too few mature periods.
    """

    periods: pd.DataFrame
    changes: pd.DataFrame
    breaches: pd.DataFrame
    levels: pd.DataFrame
    headline: str
    moved: str
    method: str
    windows: tuple[Window, Window] | None
    tolerance: float


@one_question
def drift_view(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    *,
    period: Period = "week",
    terms: Terms = USUAL,
    as_of: datetime | None = None,
) -> DriftView:
    """Assemble the timeline of the selected claims.

    Args:
        period: weeks (ISO) or days, UTC, of the claim.
        as_of: when the periods' ages are taken, UTC without zone; None: now, or the selection's
            ``as_known``.
    """
    now = as_of or selection.as_known or datetime.now(UTC).replace(tzinfo=None)
    tolerance = terms.tolerance
    found = period_sums(cursor, selection, period, high_from=terms.high_from)
    judged = judge(found.sums, tolerance=tolerance)
    reaches = label_reaches(cursor, selection, (period,), terms=terms, as_of=now)
    judged = judged.with_reaches([reaches.get((label,)) for label in found.labels])
    periods = _periods(found, judged, DAYS[period], terms.maturity, now)
    changes = _changes(first_seen(cursor, selection), found.starts, DAYS[period])
    breaches = _breaches(periods, judged, DAYS[period], period)
    levels = _levels(found, judged, periods) if period == "week" else ()
    return DriftView(
        periods=periods,
        changes=changes,
        breaches=breaches,
        levels=level_frame(levels, periods),
        headline=_mute(cursor, selection, judged, terms, now)
        or _headline(periods, changes, breaches, period, tolerance),
        moved=moved_words(levels, periods, changes),
        method=judged.method,
        windows=default_windows(found.starts, periods["mature"].to_numpy(bool), DAYS[period]),
        tolerance=tolerance,
    )


def _mute(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    judged: Judgement,
    terms: Terms,
    now: datetime,
) -> str:
    """Why no period has a verdict on all its claims; "" where some has, or none has a label."""
    known = [reach for reach, n in zip(judged.reaches, judged.n, strict=True) if n and reach]
    if not known or any(one.speaks_for == "all" for one in known):
        return ""
    until = terms.maturity.settled_until(now)
    old = replace(
        selection, until=until if selection.until is None else min(selection.until, until)
    )
    whole = label_reaches(cursor, old, terms=terms, as_of=now).get(())
    return reach_words(known[-1] if whole is None or whole.speaks_for == "all" else whole)


def _periods(
    found: PeriodSums, judged: Judgement, days: int, maturity: Maturity, now: datetime
) -> pd.DataFrame:
    brier = brier_scores(found.brier).brier
    right: IntArray = found.sums.s.sum(axis=1)
    effect = _design_effects(found, judged.n)
    accuracy = wilson(right / effect, judged.n / effect, 0.05)
    covered = wilson(judged.n / effect, judged.n_claims / effect, 0.05)
    half = _half_width(found, judged.n / effect)
    return pd.DataFrame(
        {
            "period": list(found.labels),
            "start": list(found.starts),
            "n": judged.n,
            "n_claims": judged.n_claims,
            "n_inputs": judged.n_inputs,
            "mature": mature(maturity, found.starts, days, judged.n, judged.n_claims, now),
            "verdict": shown_states(judged),
            "gap": judged.gap,
            "gap_low": judged.gap_low,
            "gap_high": judged.gap_high,
            "accuracy": judged.accuracy,
            "accuracy_low": accuracy[0],
            "accuracy_high": accuracy[1],
            "mean_confidence": judged.mean_confidence,
            "mean_confidence_low": np.maximum(judged.mean_confidence - half, 0),
            "mean_confidence_high": np.minimum(judged.mean_confidence + half, 1),
            "brier": brier.value,
            "brier_low": brier.low,
            "brier_high": brier.high,
            "coverage": judged.coverage,
            "coverage_low": covered[0],
            "coverage_high": covered[1],
        }
    )


def _design_effects(found: PeriodSums, n: IntArray) -> FloatArray:
    """Σm²/Σm of each period's labelled claims (Kish 1965, §8.2); 1 where no input repeats."""
    if found.sums.repeated is None:
        return np.ones(len(n))
    effects: FloatArray = found.sums.repeated.whole.mm / np.maximum(n, 1)
    return np.maximum(effects, 1)


def _levels(found: PeriodSums, judged: Judgement, periods: pd.DataFrame) -> tuple[Level, ...]:
    independent = judged.n / _design_effects(found, judged.n)
    # A week of labels that cannot speak for it says nothing of when the gap moved.
    spoken = periods["mature"] & (periods["verdict"] != "no_verdict")
    return gap_levels(found, judged.gap, independent, periods.assign(mature=spoken))


def _half_width(found: PeriodSums, n: FloatArray) -> FloatArray:
    """Half the 95% interval of the mean confidence of ``n`` independent claims, by the CLT."""
    labelled = found.sums.n.sum(axis=1)
    known = np.where(labelled > 0, labelled, np.nan)
    mean = found.sums.sv.sum(axis=1) / known
    variance = np.maximum(found.sums.svv.sum(axis=1) / known - mean**2, 0)
    half: FloatArray = 1.96 * np.sqrt(variance / np.where(n > 1, n - 1, np.nan))
    return half


def _changes(seen: Sequence[VersionSeen], starts: Sequence[date], days: int) -> pd.DataFrame:
    """Versions first seen in the time shown; those the claims begin with are no change."""
    begun = starts[0] if starts else date.max
    if not any(one.first_ts.date() < begun for one in seen) and starts:
        begun += timedelta(days=days)
    rows = [
        (RULES.get(one.kind, "other"), f"{one.kind} {one.version}", one.first_ts.date())
        for one in seen
        if one.first_ts.date() >= begun
    ]
    return pd.DataFrame(rows, columns=["kind", "label", "at"])


def _breaches(periods: pd.DataFrame, judged: Judgement, days: int, period: Period) -> pd.DataFrame:
    """Unbroken stretches of mature periods whose corrected gap lies outside the tolerance.

    A period without a claim does not break one, nor does it count.
    """
    outside = (judged.corrected_low > judged.tolerance) | (
        judged.corrected_high < -judged.tolerance
    )
    out = outside & periods["mature"].to_numpy(bool) & (np.array(judged.state) == "off")
    rows: list[tuple[date, date, str]] = []
    at = 0
    while at < len(out):
        if not out[at]:
            at += 1
            continue
        end = at
        while end + 1 < len(out) and out[end + 1]:
            end += 1
        start = periods["start"].iloc[at]
        until = periods["start"].iloc[end] + timedelta(days=days)
        rows.append((start, until, f"outside for {counted(end - at + 1, period)}"))
        at = end + 1
    return pd.DataFrame(rows, columns=["start", "end", "label"])


def _headline(
    periods: pd.DataFrame,
    changes: pd.DataFrame,
    breaches: pd.DataFrame,
    period: Period,
    tolerance: float,
) -> str:
    settled = periods[periods["mature"].astype(bool) & (periods["n"] > 0)]
    if settled.empty:
        return f"No {period} has final outcomes yet."
    judged = settled[settled["verdict"] != "no_verdict"]
    held = _held(len(settled) - len(judged), period)
    if judged.empty:
        return held.strip()
    settled = judged
    if breaches.empty:
        last = settled.iloc[-1]
        return (
            f"None of {counted(len(settled), period)} with final outcomes is outside "
            f"{within(tolerance)} beyond chance; the newest, {last['period']}, has a gap of "
            f"{points(last['gap'], decimals=1)} points ({counted(int(last['n']), 'case')}).{held}"
        )
    last_breach = breaches.iloc[-1]
    over = last_breach["end"] <= settled["start"].iloc[-1]
    text = (
        f"The gap was outside {within(tolerance)} from {last_breach['start']} to "
        f"{last_breach['end'] - timedelta(days=1)}"
        if over
        else f"The gap has been outside {within(tolerance)} since {last_breach['start']}"
    )
    return f"{text}{_after(changes, last_breach['start'], DAYS[period])}.{held}"


def _held(number: int, period: Period) -> str:
    """That the labels of so many periods cannot speak for all their claims."""
    if not number:
        return ""
    verb, whose = ("has", "its") if number == 1 else ("have", "their")
    return (
        f" {counted(number, period)} {verb} no verdict: {whose} labels do not represent all claims."
    )


def _after(changes: pd.DataFrame, start: date, days: int) -> str:
    """The last change before a breach, or in its first period, unless it is long ago."""
    near = changes[
        (changes["at"] < start + timedelta(days=days)) & (changes["at"] >= start - _LONG_AGO)
    ]
    if near.empty:
        return ""
    at = near["at"].max()
    names = " and ".join(near.loc[near["at"] == at, "label"])
    return f", when {names} came in ({at})"
