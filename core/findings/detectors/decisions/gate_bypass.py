"""Signals that act without asking the gate, up to the last whole day.

Exact, not a matter of chance: a claim that was automated asked, or it did not. What lies further
back than the days looked at is looked at too where it came in within them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from core.findings.facts.decisions.bypass import GateBypassed
from core.findings.kinds import Condition
from core.gate.bypass import DAYS, Bypass, bypasses, whole_days
from core.governance.state import State
from core.trail import log as trail


def bypass_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The registered signals that acted without asking."""
    found = recent_bypasses(cursor, state, now)
    return tuple(
        Condition.of(
            "gate_bypassed",
            signal,
            "gate_bypassed",
            facts_of(one),
            # Who asked afterwards may log first what it is about to do; and who named less than the
            # version was told what holds without one, which lets nothing act by itself that is not
            # validated under that very name.
            level=None if one.n else "warning",
        )
        for signal, one in sorted(found.items())
        if one.n or one.n_late or one.n_unnamed
    )


def recent_bypasses(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> dict[str, Bypass]:
    """What every registered signal did in the last whole days, those without claims left out."""
    until = whole_days(now)
    since = until - timedelta(days=DAYS)
    return bypasses(
        cursor, trail.acts(cursor), since, until, signals=state.entries, came_since=since
    )


def facts_of(one: Bypass) -> GateBypassed:
    """What is said of a signal that did not ask, or afterwards; some claim did so."""
    days = [each.day for each in one.automated or one.late or one.unnamed]
    return GateBypassed(
        one.n,
        one.n_automated,
        one.n_known,
        one.n_wrong,
        one.since.date(),
        min(days),
        max(days),
        tuple((each.fingerprint, each.n) for each in one.versions),
        one.n_answers,
        one.n_stray,
        one.n_other,
        one.n_late,
        one.n_unnamed,
    )
