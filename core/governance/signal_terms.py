"""What each signal is measured by, as its registry entry says, and the state that says so."""

from __future__ import annotations

import duckdb

from core.governance.replay import Replay, TrailBroken
from core.governance.state import State
from core.terms import USUAL, Terms


def terms_of(state: State | None, signal: str) -> Terms:
    """What the entry in force says; the usual where there is none, or the trail is broken."""
    entry = None if state is None else state.entries.get(signal)
    return USUAL if entry is None else entry.spec.terms


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
