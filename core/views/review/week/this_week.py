"""This week: the standing verdict of every signal, what is new in the week, what to open first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import duckdb
import numpy as np
import pandas as pd

from core.gate.breaches import Tally
from core.governance.state import State
from core.measure.verdicts.label_reach import SpeaksFor
from core.measure.verdicts.parts import STATES, PartState
from core.measure.verdicts.verdict import judge
from core.queries.base.catalogue import SignalFacts, signals
from core.queries.base.dimensions import week_label
from core.queries.base.kept.at_hand import signals_elsewhere
from core.queries.base.kept.loaded import LOADED_SIGNALS
from core.queries.base.selection import Selection
from core.queries.base.together.asked_once import one_question
from core.queries.base.together.asking import Asking, ask, together, unless_elsewhere
from core.queries.sums.grouped_sums import SumsAsked
from core.queries.sums.time_series import first_day
from core.sentences.numbers import counted
from core.sentences.pointer import Pointer
from core.sentences.standing import cause_pointer, headline
from core.standing.verdict import (
    Reason,
    StandingVerdict,
    Verdicts,
    of_signal,
    standing_verdicts,
)
from core.terms import Terms
from core.text.figures import finite
from core.views.review.week.acted import acted_unchecked
from core.views.review.week.week_over_week import changes
from core.views.shared.maturity import mature

__all__ = [
    "Pointer",
    "SignalWeek",
    "WeekView",
    "last_complete_week",
    "reviewable_weeks",
    "week_view",
    "weeks_with_claims",
]

#: Weeks of the trend before the one reviewed.
TREND_WEEKS = 12


@dataclass(frozen=True)
class SignalWeek:
    """One signal's line.

    Attributes:
        standing: its verdict, of its worst version in use; at the end of the week.
        before: the state of its verdict a week earlier; None where it had no claim then.
        n_claims: stated claims of this week.
        coverage: labelled share of this week's claims; None without one.
        trend: gap of each week of the trend whose outcomes are final, oldest first.
        changes: what changed against the week before.
    """

    standing: StandingVerdict
    before: PartState | None
    n_claims: int
    coverage: float | None
    trend: tuple[float, ...]
    changes: tuple[Pointer, ...]

    @property
    def signal(self) -> str:
        """Its name."""
        return self.standing.signal

    @property
    def state(self) -> PartState:
        """The verdict."""
        return self.standing.state

    @property
    def terms(self) -> Terms:
        """What it is measured by."""
        return self.standing.terms

    @property
    def speaks_for(self) -> SpeaksFor:
        """Whether the verdict is one on all claims; by labels of some kind only there is none."""
        return "all" if self.standing.speaks_for_all else "labelled"


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
        acted: of the weeks up to this one, oldest first, the claims that acted although the rules
            asked for a person, and how many of these are known to be wrong.
        elsewhere: the signals that are counted from loaded cells.
        unread: those of them that cannot be judged so.
    """

    week: str
    first: date
    rows: tuple[SignalWeek, ...]
    quiet: tuple[str, ...]
    headline: str
    first_step: Pointer | None
    acted: tuple[Tally, ...]
    elsewhere: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def last(self) -> date:
        """Its Sunday."""
        return self.first + timedelta(days=6)

    @property
    def changes(self) -> tuple[Pointer, ...]:
        """What changed against the week before, in the order of the rows."""
        return tuple(change for row in self.rows for change in row.changes)

    def count(self, state: PartState) -> int:
        """How many signals have this verdict."""
        return sum(one.state == state for one in self.rows)

    def count_before(self, state: PartState) -> int:
        """How many had it a week earlier."""
        return sum(one.before == state for one in self.rows)


#: What is off in more of the claims comes first.
_REASONS: tuple[Reason | None, ...] = ("whole", "alarm", "segment", "high_band", "shape", None)


def _badness(one: SignalWeek) -> tuple[int, int, float]:
    """Sorts the worst first: by verdict, by what is off, and then by the error."""
    found = one.standing
    gap = 0.0 if found.gap is None else abs(found.gap[0])
    if found.reason == "segment" and found.worst is not None:
        gap = abs(found.worst.shown.value)
    return STATES.index(one.state), _REASONS.index(found.reason), -gap


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


@one_question
def week_view(
    cursor: duckdb.DuckDBPyConnection,
    state: State | None,
    *,
    monday: date | None = None,
    now: datetime | None = None,
    verdicts: Verdicts | None = None,
) -> WeekView | None:
    """Assemble the review of one week; None while the ledger has no claim.

    Args:
        state: what the trail says; None: it is broken, and all are judged by the usual terms.
        monday: the week; None: the last complete one that has claims.
        now: when ages are taken, UTC without zone; None: now.
        verdicts: the standing verdicts as of now, with causes; None: they are worked out.
    """
    moment = now or datetime.now(UTC).replace(tzinfo=None)
    found = signals(cursor)
    newest = _last_week_with_claims(cursor, found, moment)
    first = monday or newest
    if first is None or newest is None:
        return None
    # A past week is judged as at its end.
    at = moment if first >= newest else min(moment, _midnight(first + timedelta(weeks=1)))
    if verdicts is None or at != moment:
        verdicts = standing_verdicts(cursor, state, at, causes=True)
    before = standing_verdicts(cursor, state, at - timedelta(weeks=1))
    shown = [(facts, of_signal(verdicts[facts.name])) for facts in found if facts.name in verdicts]
    told = together(
        cursor,
        [
            _signal(facts, first, at, one, _state(before.get(facts.name, ())))
            for facts, one in shown
        ],
    )
    rows = [row for row in told if row is not None]
    elsewhere = signals_elsewhere(cursor)
    without = [facts for (facts, _), row in zip(shown, told, strict=True) if row is None]
    # Of one that has claims in these weeks and no row, the loaded cells do not give it.
    unread = tuple(one.name for one in without if one.name in elsewhere and _trend(one, first))
    quiet = [one.name for one in without if one.name not in unread]
    rows.sort(key=_badness)
    standings = [one.standing for one in rows]
    return WeekView(
        week=week_label(first),
        first=first,
        rows=tuple(rows),
        quiet=tuple(quiet),
        elsewhere=elsewhere,
        unread=unread,
        headline=headline(standings) + _not_judged(unread),
        first_step=cause_pointer(standings[0]) if standings else None,
        acted=acted_unchecked(cursor, state, first, weeks=TREND_WEEKS + 1),
    )


def _last_week_with_claims(
    cursor: duckdb.DuckDBPyConnection, found: Sequence[SignalFacts], now: datetime
) -> date | None:
    """`last_complete_week`, or the last before it that has a claim."""
    last = last_complete_week(found, now)
    if last is None:
        return None
    end = _midnight(last + timedelta(weeks=1))
    rows = cursor.execute(
        f"""
        SELECT max(ts) FROM (
            SELECT max(ts) AS ts FROM claims WHERE ts < $end
            UNION ALL SELECT max(last_ts) FROM kept_days JOIN kept_lines USING (line)
            WHERE day < CAST($end AS DATE) AND signal IN ({LOADED_SIGNALS}))
        """,
        {"end": end},
    ).fetchall()
    return last if rows[0][0] is None else _monday(rows[0][0].date())


def _not_judged(unread: Sequence[str]) -> str:
    n = len(unread)
    return f" {counted(n, 'other signal')} cannot be judged from loaded cells." if n else ""


def _state(standing: Sequence[StandingVerdict]) -> PartState | None:
    return of_signal(standing).state if standing else None


def _trend(facts: SignalFacts, first: date) -> Selection | None:
    """The weeks of the trend, up to the one from ``first``; None: it has no claim in them."""
    begin, end = first - timedelta(weeks=TREND_WEEKS), first + timedelta(weeks=1)
    if facts.first_ts is None or facts.last_ts is None:
        return None
    if facts.first_ts.date() >= end or facts.last_ts.date() < begin:
        return None
    return Selection(facts.name, since=_midnight(begin), until=_midnight(end))


def _signal(
    facts: SignalFacts,
    first: date,
    now: datetime,
    standing: StandingVerdict,
    before: PartState | None,
) -> Asking[SignalWeek | None]:
    """A signal's line; None where it has no claim in the weeks of the trend."""
    weeks, terms = _trend(facts, first), standing.terms
    if weeks is None:
        return None
    asked = ask(SumsAsked(weeks, (("week",),), terms.high_from))
    series = yield from unless_elsewhere(asked)
    if series is None or not len(series):
        return None
    starts = [first_day("week", str(key[0])) for _, key in series.entries]
    own = judge(series.sums, tolerance=terms.tolerance)
    is_mature = mature(terms.maturity, starts, 7, own.n, own.n_claims, now)
    settled = np.flatnonzero(is_mature & (own.n > 0))
    this, last = (_at(starts, day) for day in (first, first - timedelta(weeks=1)))
    n_claims, n_before = (0 if i is None else int(own.n_claims[i]) for i in (this, last))
    return SignalWeek(
        standing=standing,
        before=before,
        n_claims=n_claims,
        coverage=None if this is None else finite(own.coverage[this]),
        trend=tuple(float(gap) for gap in own.gap[settled]),
        changes=(yield from changes(facts, first, (n_before, n_claims))),
    )


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
