"""When the kept inputs of a signal are asked next, by what its registry entry says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.governance.bodies.canaries import CanaryRound, KeptInputs, last_asked
from core.governance.state import State
from core.trail.fingerprint import Fingerprint

#: A round that is no later than this after it fell due was not missed.
GRACE = timedelta(days=1)


@dataclass(frozen=True)
class DueRound:
    """The next round of a signal.

    Attributes:
        at: when it is due.
        version: of which version; None: of any, for none may act.
        last: the newest round before it; None: there was none.
    """

    at: datetime
    version: Fingerprint | None = None
    last: CanaryRound | None = None


def canary_due(state: State, signal: str) -> datetime | None:
    """When the next round is due; None: the entry asks for none."""
    found = due_round(state, signal)
    return None if found is None else found.at


def due_round(state: State, signal: str) -> DueRound | None:
    """The round that is due first; None: the entry asks for none.

    Each version that was signed and may act has its own: what another one answers says nothing of
    it. While none may act a round of any counts. The first one is due at once: when the inputs were
    kept or the version was signed, or, while there are none, when the entry began to ask for it.
    """
    entry = state.entries.get(signal)
    if entry is None or entry.spec.canary is None:
        return None
    kept = state.canaries.get(signal)
    if kept is None:
        since = entry.at
        for one in reversed(state.history[signal]):
            if one.spec.canary is None:
                break
            since = one.at
        return DueRound(since)
    every = timedelta(days=entry.spec.canary.every_days)
    acting = [
        _round_of(state, signal, kept, every, version, max(kept.at, known.signed.at))
        for (of, version), known in state.validations.items()
        if of == signal
        and known.signed is not None
        and state.standing_of(signal, version, state.last_at).open
    ]
    found = acting or [_round_of(state, signal, kept, every, None, kept.at)]
    return min(found, key=lambda one: one.at)


def _round_of(
    state: State,
    signal: str,
    kept: KeptInputs,
    every: timedelta,
    version: Fingerprint | None,
    first: datetime,
) -> DueRound:
    """When a version's next round is due; ``first`` where it was never asked."""
    last = last_asked(kept, state.canary_rounds, signal, version)
    return DueRound(first if last is None else last.asked_at + every, version, last)


def rounds_missed(state: State, signal: str, now: datetime) -> int:
    """How many rounds fell due and were not asked within `GRACE`."""
    due, entry = canary_due(state, signal), state.entries.get(signal)
    if due is None or entry is None or entry.spec.canary is None or now <= due + GRACE:
        return 0
    return 1 + (now - due - GRACE) // timedelta(days=entry.spec.canary.every_days)
