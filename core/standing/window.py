"""Which claims a standing verdict rests on: the newest whose outcomes are final, of one version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import duckdb

from core.defaults import STANDING_CLAIMS, STANDING_WEEKS
from core.queries.base.seen.fingerprints_seen import FIELDS, Seen
from core.queries.base.selection import Selection
from core.queries.sums.weekly_counts import WeekCount, weekly_counts
from core.terms import Maturity
from core.validation.recent_sample import week_began

#: Of a new version, so many weeks show whether an error came with it.
FIRST_WEEKS = 4


@dataclass(frozen=True)
class StandingWindow:
    """The claims of one version that a standing verdict rests on.

    Attributes:
        claims: production claims, of whole ISO weeks.
        first, last: first and last day, both included.
        n_claims: stated claims.
        n: the labelled among them.
        age: from the last day to now.
    """

    claims: Selection
    first: date
    last: date
    n_claims: int
    n: int
    age: timedelta

    @property
    def coverage(self) -> float:
        """Labelled share of its claims, in [0, 1]."""
        return self.n / self.n_claims if self.n_claims else 0.0


def standing_window(
    cursor: duckdb.DuckDBPyConnection,
    version: Seen,
    maturity: Maturity,
    now: datetime,
    *,
    among_all: bool = False,
) -> StandingWindow | None:
    """The newest production claims of a version whose outcomes are final.

    Outcomes of a week are final at the registered age or coverage, whichever comes first. The
    window ends with the newest such week and goes back, over weeks that are final without a gap,
    for `STANDING_WEEKS`; and further, to the version's first claim, while it holds under
    `STANDING_CLAIMS` labels. How far it goes depends on counts alone, never on outcomes, and never
    past the version's own claims.

    Args:
        version: whose claims.
        maturity: when outcomes are final.
        now: UTC without zone; weeks up to its Monday are looked at.
        among_all: whether versions of all signals are asked about within one `asked_once`.

    Returns:
        None while no week is final.
    """
    chosen = _newest(_weeks(cursor, version, now, among_all=among_all), maturity, week_began(now))
    return _window(version, chosen, now) if chosen else None


def first_window(
    cursor: duckdb.DuckDBPyConnection,
    version: Seen,
    maturity: Maturity,
    now: datetime,
    *,
    among_all: bool = False,
) -> StandingWindow | None:
    """The first production claims of a version: its first `FIRST_WEEKS`, once all are final.

    Returns:
        None while one of them is not, or none is labelled.
    """
    first = _weeks(cursor, version, now, among_all=among_all)[:FIRST_WEEKS]
    final = all(_final(one, maturity, week_began(now)) for one in first)
    return _window(version, first, now) if final and any(one.n for one in first) else None


def _claims(version: Seen, since: datetime | None, until: datetime) -> Selection:
    fields = dict(version.fields)
    where = tuple((name, (fields.get(name),)) for name in FIELDS)
    return Selection(version.signal, since, until, where=(*where, ("split", ("production",))))


def _weeks(
    cursor: duckdb.DuckDBPyConnection, version: Seen, now: datetime, *, among_all: bool
) -> tuple[WeekCount, ...]:
    """The whole weeks in which the version stated a confidence, oldest first."""
    signal = None if among_all else version.signal
    fields = dict(version.fields)
    counts = weekly_counts(cursor, week_began(now), signal)
    return counts.get((version.signal, tuple(fields.get(name) for name in FIELDS)), ())


def _window(version: Seen, weeks: Sequence[WeekCount], now: datetime) -> StandingWindow:
    since = datetime.combine(weeks[0].monday, time())
    until = datetime.combine(weeks[-1].monday + timedelta(weeks=1), time())
    return StandingWindow(
        claims=_claims(version, since, until),
        first=since.date(),
        last=until.date() - timedelta(days=1),
        n_claims=sum(one.n_claims for one in weeks),
        n=sum(one.n for one in weeks),
        age=now - until,
    )


def _newest(weeks: Sequence[WeekCount], maturity: Maturity, at: datetime) -> list[WeekCount]:
    final = [_final(one, maturity, at) for one in weeks]
    newest = max((i for i, yes in enumerate(final) if yes and weeks[i].n), default=None)
    if newest is None:
        return []
    chosen: list[WeekCount] = []
    for one, yes in zip(weeks[newest::-1], final[newest::-1], strict=True):
        enough = len(chosen) >= STANDING_WEEKS and sum(w.n for w in chosen) >= STANDING_CLAIMS
        if not yes or enough:
            break
        chosen.insert(0, one)
    return chosen


def _final(week: WeekCount, maturity: Maturity, at: datetime) -> bool:
    ended = datetime.combine(week.monday + timedelta(weeks=1), time())
    return maturity.reached(ended, week.n, week.n_claims, at)
