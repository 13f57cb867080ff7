"""The claims of registered signals, which fingerprints are in use, and whether any may act."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import duckdb

from core.findings.kinds import Severity
from core.governance.state import State
from core.queries.base.seen.fingerprints_seen import Seen, in_use
from core.queries.claims.claims_per_signal import VersionClaims, accounts
from core.registry.signal_spec import SignalSpec
from core.trail.fingerprint import Fingerprint


def registered(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime, split: str | None = None
) -> list[tuple[SignalSpec, list[VersionClaims]]]:
    """The registered signals that have claims, by name, with what their claims are.

    Args:
        split: only claims of this one; None: of all.
    """
    by: defaultdict[str, list[VersionClaims]] = defaultdict(list)
    # Of the labels nothing is asked here: whichever are settled, days that are kept then answer.
    for one in accounts(cursor, settled=datetime.max, now=now):
        if one.signal in state.entries and split in (None, one.split):
            by[one.signal].append(one)
    return [(state.entries[signal].spec, mine) for signal, mine in sorted(by.items())]


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
