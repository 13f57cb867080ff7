"""The schedule: when the standing checks run, and when a signal is measured again.

All checks run once a day, and once when data came in since they last did. A signal is measured
again when the cadence its registry entry names has passed, and when a new version of it was seen.
What fell due while nothing ran is caught up by one run, which says how many were missed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core.findings.daily import last_daily, missed_between
from core.governance.state import State

#: What came in is checked no sooner than this after the last run.
DATA_EVERY = timedelta(hours=1)

Why = Literal["daily", "data", "new_version", "cadence", "asked"]
WHY_WORDS: Mapping[str, str] = {
    "daily": "on schedule",
    "data": "because data came in",
    "new_version": "because a new version was seen",
    "cadence": "scheduled",
    "asked": "because somebody asked",
}


@dataclass(frozen=True)
class Remeasurement:
    """A signal that is to be measured again.

    Attributes:
        signal: which.
        why: its cadence has passed (or it was never measured), or a new version was seen.
        due: since when it is due, UTC without zone.
        n_missed: further due times that have passed since its last one.
    """

    signal: str
    why: Literal["cadence", "new_version"]
    due: datetime
    n_missed: int = 0


@dataclass(frozen=True)
class Due:
    """What is to be done now.

    Attributes:
        why: why the checks are to run; empty: they are not.
        due: since when, of the daily run; None where it is not that.
        n_missed: daily runs before it that did not happen.
        remeasure: the signals to measure again, by name.
    """

    why: tuple[Why, ...]
    due: datetime | None
    n_missed: int
    remeasure: tuple[Remeasurement, ...]

    def __bool__(self) -> bool:
        return bool(self.why)


def due(state: State, now: datetime, *, data_version: int, with_claims: Collection[str]) -> Due:
    """What the schedule asks for now.

    Nothing is due before anything is written down, and no signal without an entry or a claim.

    Args:
        with_claims: the signals that have a claim.
    """
    if not state.entries or not with_claims:
        return Due((), None, 0, ())
    remeasure = tuple(
        found
        for signal in sorted(set(state.entries) & set(with_claims))
        if (found := _of_signal(state, signal, now)) is not None
    )
    last = state.checked
    at = last_daily(now)
    why: list[Why] = []
    missed = 0
    daily = last is None or last.at < at
    if daily:
        why.append("daily")
        missed = 0 if last is None else missed_between(last.at, now)
    if (
        last is not None
        and data_version > last.data_version
        and (daily or now - last.at >= DATA_EVERY)
    ):
        why.append("data")
    why += [kind for kind in ("new_version", "cadence") if any(o.why == kind for o in remeasure)]
    return Due(tuple(why), at if daily else None, missed, remeasure)


def next_remeasurement(state: State, signal: str, now: datetime) -> datetime:
    """When a registered signal is due to be measured again; now where it is so already."""
    found = _of_signal(state, signal, now)
    if found is not None:
        return found.due
    cadence = timedelta(days=state.entries[signal].spec.validation.cadence_days)
    return state.remeasured[signal] + cadence


def next_daily(now: datetime) -> datetime:
    """When the checks run next because a day has passed."""
    return last_daily(now) + timedelta(days=1)


def _of_signal(state: State, signal: str, now: datetime) -> Remeasurement | None:
    entry, last = state.entries[signal], state.remeasured.get(signal)
    if last is None:
        return Remeasurement(signal, "cadence", state.history[signal][0].at)
    cadence = timedelta(days=entry.spec.validation.cadence_days)
    if now - last >= cadence:
        missed = (now - last) // cadence - 1
        return Remeasurement(signal, "cadence", last + cadence, missed)
    seen = state.unmeasured.get(signal)
    return None if seen is None else Remeasurement(signal, "new_version", seen)
