"""When the standing checks of a day fall due, and how many did not happen."""

from __future__ import annotations

from datetime import datetime, time, timedelta

#: The time of day, UTC, at which the checks of a day fall due.
DAILY = time(2)


def last_daily(now: datetime) -> datetime:
    """The newest time, not after now, at which they fell due."""
    at = datetime.combine(now.date(), DAILY)
    return at if at <= now else at - timedelta(days=1)


def next_daily(then: datetime) -> datetime:
    """The first time after a run at which they fall due."""
    at = datetime.combine(then.date(), DAILY)
    return at if at > then else at + timedelta(days=1)


def missed_between(then: datetime, now: datetime) -> int:
    """Daily runs after a run that did not happen; the newest one due may still be made."""
    return max(0, (last_daily(now) - next_daily(then)).days)
