"""Which fingerprints of a signal are in use, and whether any of them may act."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.findings.kinds import Severity
from core.governance.state import State
from core.queries.base.fingerprints_seen import Seen
from core.standing.window import in_use
from core.trail.fingerprint import Fingerprint


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
