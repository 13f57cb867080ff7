"""When the kept inputs of a signal are asked next, by what its registry entry says."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.governance.canaries import last_asked
from core.governance.state import State

#: A round that is no later than this after it fell due was not missed.
GRACE = timedelta(days=1)


def canary_due(state: State, signal: str) -> datetime | None:
    """When the next round is due; None: the entry asks for none.

    The first one is due at once: when the inputs were kept, or, while there are none, when the
    entry began to ask for it.
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
        return since
    last = last_asked(kept, state.canary_rounds, signal)
    if last is None:
        return kept.at
    return last.asked_at + timedelta(days=entry.spec.canary.every_days)


def rounds_missed(state: State, signal: str, now: datetime) -> int:
    """How many rounds fell due and were not asked within `GRACE`."""
    due, entry = canary_due(state, signal), state.entries.get(signal)
    if due is None or entry is None or entry.spec.canary is None or now <= due + GRACE:
        return 0
    return 1 + (now - due - GRACE) // timedelta(days=entry.spec.canary.every_days)
