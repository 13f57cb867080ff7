"""Kinds of finding that an owner turned down for a signal: not found anew until a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.findings.kinds import Condition
from core.governance.state import State


def is_turned_down(state: State, one: Condition, now: datetime) -> bool:
    """Whether it is kept quiet; what is critical never is."""
    if one.signal is None or one.severity == "critical":
        return False
    until = state.turned_down.get((one.signal, one.kind))
    return until is not None and max(now, state.last_at).date() <= until


def heard(wrong: Iterable[Condition], state: State, now: datetime) -> list[Condition]:
    """What is wrong without what was turned down."""
    return [one for one in wrong if not is_turned_down(state, one, now)]
