"""This week: what changed, what is worst, and what to open first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from core.defaults import HIGH_FROM, TOLERANCE
from core.measure.verdicts.label_reach import LabelReach, SpeaksFor
from core.measure.verdicts.parts import STATES, PartName, PartState
from core.measure.verdicts.verdict import Judgement, judge
from core.queries.base.catalogue import SignalFacts, dimensions, signals
from core.queries.base.dimensions import week_label
from core.queries.base.group_keys import Segment
from core.queries.base.selection import CLAIM_DIMENSIONS, Selection
from core.queries.labels.label_reach import label_reaches
from core.queries.sums.grouped_sums import grouped_sums
from core.queries.sums.time_series import PeriodSums, period_sums
from core.sentences.numbers import counted
from core.sentences.pointer import Pointer
from core.sentences.signal_terms import Terms
from core.text.parts import part_words
from core.views.review.maturity import mature
from core.views.review.segments import label, ranked_segments, segment_reaches
from core.views.review.week_over_week import changes

__all__ = [
    "Pointer",
    "SignalWeek",
    "WeekView",
    "last_complete_week",
    "reviewable_weeks",
    "week_view",
    "weeks_with_claims",
]

#: Weeks of the trend before the one reviewed; mature ones in which the worst segment is looked for.
TREND_WEEKS, SEGMENT_WEEKS = 12, 4


@dataclass(frozen=True)
class SignalWeek:
    """One signal's line.

    Attributes:
        signal: its name.
        n_claims: stated claims of this week.
        coverage: labelled share of this week's claims; None without one.
        judged_week: the last mature week, from which gap and verdict are taken; None without one.
        n: labelled claims of the judged week.
        gap, gap_low, gap_high: of the judged week, with its own 95% interval.
        gap_before: of the mature week before it.
        state: the verdict, corrected over all signals.
        reason: the part of it that gives it; None where it is fine.
        reach: for which claims the labels of the last mature weeks speak; None without one.
        high_n, high_claimed, high_observed: the high-confidence band of the judged week.
        trend: gap of each mature week, oldest first.
        worst: the worst segment of the last mature weeks; its verdict corrected over all signals.
        changes: what changed against the week before.
        terms: the tolerance and the high-confidence cut it is measured by.
    """

    signal: str
    n_claims: int
    coverage: float | None
    judged_week: str | None
    n: int
    gap: float | None
    gap_low: float | None
    gap_high: float | None
    gap_before: float | None
    state: PartState
    reason: PartName | None
    reach: LabelReach | None
    high_n: int
    high_claimed: float | None
    high_observed: float | None
    trend: tuple[float, ...]
    worst: Pointer | None
    changes: tuple[Pointer, ...]
    terms: Terms

    @property
    def speaks_for(self) -> SpeaksFor:
        """Whether the verdict is one on all claims; by labels of some kind only there is none."""
        return "all" if self.reach is None else self.reach.speaks_for


@dataclass(frozen=True)
class WeekView:
    """The weekly review.

    Attributes:
        week: ISO week, "2026-W47".
        first: its Monday.
        rows: one per signal that had claims in the weeks of the trend, worst first.
        quiet: the other signals.
        headline: the state of things in a sentence.
        first_step: what to open first; None when nothing calls for it.
        method: how the verdicts were corrected over the signals.
        tolerance, high_from: what signals are measured by that have no terms of their own.
    """

    week: str
    first: date
    rows: tuple[SignalWeek, ...]
    quiet: tuple[str, ...]
    headline: str
    first_step: Pointer | None
    method: str
    tolerance: float
    high_from: float

    @property
    def last(self) -> date:
        """Its Sunday."""
        return self.first + timedelta(days=6)


def _badness(one: SignalWeek) -> tuple[bool, bool, int, float]:
    """Sorts the worst first: off as a whole, then off in a segment, then not to be told."""
    off = one.state == "off"
    return not off, one.worst is None, STATES.index(one.state), -abs(one.gap or 0)


def last_complete_week(found: Sequence[SignalFacts], now: datetime) -> date | None:
    """Monday of the last week that is over, no later than the newest claim.

    While the week of the very first claim still runs, it is that one.
    """
    firsts = [one.first_ts for one in found if one.first_ts is not None]
    lasts = [one.last_ts for one in found if one.last_ts is not None]
    if not firsts or not lasts:
        return None
    newest = min(_monday(max(lasts).date()), _monday(now.date()) - timedelta(weeks=1))
    return max(newest, _monday(min(firsts).date()))


def week_view(
    cursor: duckdb.DuckDBPyConnection,
    *,
    monday: date | None = None,
    tolerance: float = TOLERANCE,
    high_from: float = HIGH_FROM,
    terms: Mapping[str, Terms] | None = None,
    now: datetime | None = None,
) -> WeekView | None:
    """Assemble the review of one week; None while the ledger has no claim.

    Args:
        cursor: of the ledger.
        monday: the week; None: the last complete one that has claims.
        tolerance: the gap accepted.
        high_from: lower edge of the high-confidence band.
        terms: both, for the signals that have their own.
        now: when ages are taken, UTC without zone; None: now.
    """
    moment = now or datetime.now(UTC).replace(tzinfo=None)
    found = signals(cursor)
    first = monday or _last_week_with_claims(cursor, found, moment)
    if first is None:
        return None
    usual = Terms(tolerance, high_from)
    by = {one.name: (terms or {}).get(one.name, usual) for one in found}
    asked = [(one, _series(cursor, one, first, by[one.name].high_from)) for one in found]
    active = [(one, series) for one, series in asked if series is not None]
    # Verdicts are corrected over the signals as well: each at the level that makes all of them
    # hold together (Šidák 1967).
    level = 0.95 ** (1 / max(1, len(active)))
    rows = [
        _signal(cursor, one, series, first, moment, by[one.name], level) for one, series in active
    ]
    rows.sort(key=_badness)
    return WeekView(
        week=week_label(first),
        first=first,
        rows=tuple(rows),
        quiet=tuple(one.name for one, series in asked if series is None),
        headline=_headline(rows),
        first_step=_first_step(rows),
        method=f"max-statistic within a signal, Šidák over {counted(len(rows), 'signal')}",
        tolerance=tolerance,
        high_from=high_from,
    )


def _last_week_with_claims(
    cursor: duckdb.DuckDBPyConnection, found: Sequence[SignalFacts], now: datetime
) -> date | None:
    """`last_complete_week`, or the last before it that has a claim."""
    last = last_complete_week(found, now)
    if last is None:
        return None
    rows = cursor.execute(
        "SELECT max(ts) FROM claims WHERE ts < $end", {"end": _midnight(last + timedelta(weeks=1))}
    ).fetchall()
    return last if rows[0][0] is None else _monday(rows[0][0].date())


def _series(
    cursor: duckdb.DuckDBPyConnection, facts: SignalFacts, first: date, high_from: float
) -> PeriodSums | None:
    """The weeks of the trend, up to the one from ``first``; None without a claim in them."""
    begin, end = first - timedelta(weeks=TREND_WEEKS), first + timedelta(weeks=1)
    if facts.first_ts is None or facts.last_ts is None:
        return None
    if facts.first_ts.date() >= end or facts.last_ts.date() < begin:
        return None
    selection = Selection(facts.name, since=_midnight(begin), until=_midnight(end))
    found = period_sums(cursor, selection, "week", high_from=high_from)
    return found if len(found) else None


def _signal(
    cursor: duckdb.DuckDBPyConnection,
    facts: SignalFacts,
    series: PeriodSums,
    first: date,
    now: datetime,
    terms: Terms,
    level: float,
) -> SignalWeek:
    own = judge(series.sums, tolerance=terms.tolerance)
    is_mature = mature(series.starts, 7, own.coverage, now)
    settled = np.flatnonzero(is_mature & (own.n > 0))
    this, before = (_at(series.starts, day) for day in (first, first - timedelta(weeks=1)))
    n_claims, n_before = (0 if i is None else int(own.n_claims[i]) for i in (this, before))
    at = int(settled[-1]) if settled.size else None
    judged = [
        judge(series.sums.take([i]), tolerance=terms.tolerance, level=level)
        for i in settled[-2:].tolist()
    ]
    days = _run(series, is_mature, own)
    reach = _reach(cursor, facts, days, terms, now)
    if reach is not None:
        judged = [one.with_reaches([reach]) for one in judged]
    return SignalWeek(
        signal=facts.name,
        n_claims=n_claims,
        coverage=None if this is None else _number(own.coverage[this]),
        judged_week=None if at is None else series.labels[at],
        n=0 if at is None else int(own.n[at]),
        gap=None if at is None else _number(own.gap[at]),
        gap_low=None if at is None else _number(own.gap_low[at]),
        gap_high=None if at is None else _number(own.gap_high[at]),
        gap_before=_number(own.gap[settled[-2]]) if settled.size > 1 else None,
        state=judged[-1].state[0] if judged else "too_few",
        reason=judged[-1].reason[0] if judged else None,
        reach=reach,
        high_n=0 if at is None else int(own.high_n[at]),
        high_claimed=None if at is None else _number(own.high_claimed[at]),
        high_observed=None if at is None else _number(own.high_observed[at]),
        trend=tuple(float(gap) for gap in own.gap[settled]),
        worst=_worst(cursor, facts, days, terms, level, now),
        changes=changes(
            cursor, facts, first, (n_before, n_claims), [one.state[0] for one in judged]
        ),
        terms=terms,
    )


def _run(
    series: PeriodSums, is_mature: npt.NDArray[np.bool_], own: Judgement
) -> tuple[date, date] | None:
    """First and last day of the last mature weeks, with no immature one among them."""
    settled = np.flatnonzero(is_mature & (own.n > 0))
    if not settled.size:
        return None
    last = int(settled[-1])
    young = np.flatnonzero(~is_mature[:last])
    weeks = settled[settled > (young[-1] if young.size else -1)][-SEGMENT_WEEKS:]
    return series.starts[int(weeks[0])], series.starts[last] + timedelta(days=6)


def _reach(
    cursor: duckdb.DuckDBPyConnection,
    facts: SignalFacts,
    days: tuple[date, date] | None,
    terms: Terms,
    now: datetime,
) -> LabelReach | None:
    """For which claims of some days the labels speak."""
    if days is None:
        return None
    since, until = days
    selection = Selection(
        facts.name, since=_midnight(since), until=_midnight(until + timedelta(days=1))
    )
    return label_reaches(cursor, selection, tolerance=terms.tolerance, as_of=now).get(())


def _worst(
    cursor: duckdb.DuckDBPyConnection,
    facts: SignalFacts,
    days: tuple[date, date] | None,
    terms: Terms,
    level: float,
    now: datetime,
) -> Pointer | None:
    """The worst segment of some days, if any is off."""
    names = [
        one.name
        for one in dimensions(cursor, facts.name)
        if one.name not in CLAIM_DIMENSIONS and one.n_values + (one.n_missing > 0) > 1
    ]
    if days is None or not names:
        return None
    since, until = days
    selection = Selection(
        facts.name, since=_midnight(since), until=_midnight(until + timedelta(days=1))
    )
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    groupings = [*((name,) for name in names), *pairs]
    found = grouped_sums(cursor, selection, groupings, high_from=terms.high_from)
    segments: list[Segment] = [tuple(zip(by, key, strict=True)) for by, key in found.entries]
    reaches = segment_reaches(cursor, selection, segments, terms.tolerance, now)
    frame, _ = ranked_segments(found.sums, segments, terms.tolerance, reaches)
    judged = judge(found.sums, tolerance=terms.tolerance, level=level)
    judged = judged.with_reaches([reaches.get(one) for one in segments])
    off = {one for one, said in zip(segments, judged.state, strict=True) if said == "off"}
    bad = frame[[one in off for one in frame["segment"]]]
    if bad.empty:
        return None
    one = bad.iloc[0]
    at = segments.index(one["segment"])
    reason = judged.reason[at]
    assert reason is not None
    return Pointer(
        f"{label(one['segment'])}: {part_words(judged, at, reason)}, {since} to {until}",
        "reliability",
        facts.name,
        one["segment"],
        since,
        until,
    )


def _headline(rows: Sequence[SignalWeek]) -> str:
    if not rows:
        return "No signal had claims up to this week."
    bad = [one for one in rows if one.state == "off"]
    hidden = [
        one
        for one in rows
        if one.state != "off" and one.worst is not None and one.speaks_for == "all"
    ]
    # Every signal is told once, by the worst that is known of it.
    others = [one for one in rows if one not in hidden]
    edge = [one for one in others if one.state == "at_the_edge"]
    mute = [one for one in others if one.speaks_for == "labelled"]
    unsure = sum(one.state == "too_few" for one in others) - len(mute)
    of = counted(len(rows), "signal")
    if bad:
        text = f"{len(bad)} of {of} {'is' if len(bad) == 1 else 'are'} off: {_names(bad)}."
    else:
        text = f"None of {of} is off as a whole."
    if hidden:
        verb = "is not off as a whole" if len(hidden) == 1 else "are not off as a whole"
        fails = "fails" if len(hidden) == 1 else "fail"
        text += f" {_names(hidden)} {verb} but {fails} in one segment."
    if edge:
        text += f" {_names(edge)} {'is' if len(edge) == 1 else 'are'} at the edge of the tolerance."
    if mute:
        verb, whose = ("has", "its") if len(mute) == 1 else ("have", "their")
        text += f" {_names(mute)} {verb} no verdict: {whose} labels cannot speak for all claims."
    if unsure:
        text += f" {counted(unsure, 'signal')} {'needs' if unsure == 1 else 'need'} more labels."
    return text


def _names(rows: Sequence[SignalWeek]) -> str:
    return ", ".join(one.signal for one in rows)


def _first_step(rows: Sequence[SignalWeek]) -> Pointer | None:
    """The worst segment of the worst signal, or else the worst signal itself."""
    for one in rows:
        if one.worst is not None:
            return replace(one.worst, text=f"{one.signal}: {one.worst.text}")
        if one.state == "off" and one.judged_week is not None:
            monday = datetime.strptime(f"{one.judged_week}-1", "%G-W%V-%u").date()
            return Pointer(
                f"The curve of {one.signal} in {one.judged_week}",
                "reliability",
                one.signal,
                since=monday,
                until=monday + timedelta(days=6),
            )
    return None


def weeks_with_claims(found: Sequence[SignalFacts], now: datetime) -> pd.DatetimeIndex:
    """Mondays of the complete weeks from the first claim to the last, newest first."""
    last = last_complete_week(found, now)
    stamps = [one.first_ts for one in found if one.first_ts is not None]
    if last is None or last >= _monday(now.date()) or not stamps:
        return pd.DatetimeIndex([])
    return pd.date_range(_monday(min(stamps).date()), last, freq="7D")[::-1]


def reviewable_weeks(
    cursor: duckdb.DuckDBPyConnection, now: datetime | None = None
) -> tuple[date, ...]:
    """Mondays of the weeks there is a review of, newest first.

    The complete ones from the first claim to the last week that has one; while the week of the
    first claim still runs, that one.
    """
    moment = now or datetime.now(UTC).replace(tzinfo=None)
    found = signals(cursor)
    last = _last_week_with_claims(cursor, found, moment)
    if last is None:
        return ()
    known = (stamp.date() for stamp in weeks_with_claims(found, moment))
    return tuple(monday for monday in known if monday <= last) or (last,)


def _at(starts: Sequence[date], day: date) -> int | None:
    return starts.index(day) if day in starts else None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
