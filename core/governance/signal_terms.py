"""What a signal's registry entry says it is measured by, and the state that says so."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from core.defaults import HIGH_FROM, TOLERANCE
from core.events import PPM
from core.governance.replay import Replay, TrailBroken
from core.governance.state import State


@dataclass(frozen=True)
class Terms:
    """By what a signal is measured.

    Attributes:
        tolerance: the gap accepted, in [0, 1].
        high_from: lower edge of the high-confidence band, in [0, 1].
    """

    tolerance: float = TOLERANCE
    high_from: float = HIGH_FROM


#: For a signal that nothing is written down about.
USUAL = Terms()


def terms_of(state: State | None, signal: str) -> Terms:
    """What the entry in force says; the usual where there is none, or the trail is broken."""
    entry = None if state is None else state.entries.get(signal)
    if entry is None:
        return USUAL
    return Terms(entry.spec.tolerance_ppm / PPM, entry.spec.high_from_ppm / PPM)


def all_terms(state: State | None) -> tuple[tuple[str, Terms], ...]:
    """Of every registered signal, by name."""
    entries = {} if state is None else state.entries
    return tuple((name, terms_of(state, name)) for name in sorted(entries))


def read_state(cursor: duckdb.DuckDBPyConnection) -> State | None:
    """What the trail says, replayed for this once; None where it is broken."""
    try:
        return Replay().caught_up(cursor)
    except TrailBroken:
        return None
