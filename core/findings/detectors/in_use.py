"""Which fingerprints of a signal are in use, and whether any of them may act."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.findings.kinds import IN_USE, Severity
from core.governance.state import State
from core.queries.base.fingerprints_seen import Seen
from core.trail.fingerprint import Fingerprint


def in_use(seen: Iterable[Seen], signal: str) -> tuple[Seen, ...]:
    """The fingerprints of a signal whose last claim is not long before the signal's own."""
    mine = [one for one in seen if one.signal == signal]
    newest = max((one.last_ts for one in mine), default=None)
    return () if newest is None else tuple(one for one in mine if one.last_ts >= newest - IN_USE)


def acting(state: State, seen: Iterable[Seen], signal: str, now: datetime) -> bool:
    """Whether the gate is open for claims that the signal makes now."""
    return any(
        state.standing_of(signal, Fingerprint.of(dict(one.fields)), now).open
        for one in in_use(seen, signal)
    )


def resting(state: State, seen: Iterable[Seen], signal: str, now: datetime) -> Severity:
    """How bad a number is that is wrong: ``critical`` only where something rests on it.

    While the gate is closed for every fingerprint in use, every case falls back to people.
    """
    return "critical" if acting(state, seen, signal, now) else "warning"
