"""What changed in a signal against the week before."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import duckdb

from core.measure.metrics import reliability_curve as reliability
from core.measure.monitoring.confidence_shift import Stability, population_stability
from core.queries.base.catalogue import SignalFacts
from core.queries.base.cells import grouped_cells
from core.queries.base.dimensions import week_label
from core.queries.base.first_seen import first_seen
from core.queries.base.selection import Selection
from core.queries.sums.time_series import design_effect
from core.sentences.numbers import count, counted, p_words
from core.sentences.pointer import Pointer

#: Volume is told when it moved by more than this share.
VOLUME_MOVED = 0.3
SIGNIFICANT = 0.01


def changes(
    cursor: duckdb.DuckDBPyConnection,
    facts: SignalFacts,
    monday: date,
    claims: tuple[int, int],
) -> tuple[Pointer, ...]:
    """What changed in the week from ``monday``: versions, volume, confidences.

    Args:
        claims: stated claims of the week before, and of this one.
    """
    before, now = claims
    begins = facts.first_ts is not None and facts.first_ts.date() >= monday
    found: list[Pointer] = []
    if not begins:
        found += _versions(cursor, facts.name, monday)
    found += _volume(facts.name, monday, before, now, begins)
    if before and now:
        found += _confidences(cursor, facts.name, monday)
    return tuple(found)


def _versions(cursor: duckdb.DuckDBPyConnection, signal: str, monday: date) -> list[Pointer]:
    """Versions first seen this week; those a signal begins with are no change."""
    week = _week(signal, monday)
    return [
        Pointer(
            f"New {one.kind} version {one.version}: {counted(one.n_claims, 'claim')} so far",
            # Versions of these can be put side by side; the others show as a step in time.
            "changes" if one.kind in ("model", "prompt", "elicitation") else "drift",
            signal,
        )
        for one in first_seen(cursor, week)
        if one.first_ts.date() >= monday
    ]


def _volume(signal: str, monday: date, before: int, now: int, begins: bool) -> list[Pointer]:
    last = monday + timedelta(days=6)
    if begins:
        text = f"First claims of this signal: {counted(now, 'claim')} this week"
    elif before and not now:
        text = f"No claim this week, after {count(before)} the week before"
        return [Pointer(text, "data", signal)]
    elif abs(now - before) > VOLUME_MOVED * before:
        text = f"{counted(now, 'claim')}, after {count(before) if before else 'none'} "
        text += "the week before"
    else:
        return []
    return [Pointer(text, "claims", signal, since=monday, until=last)]


def _confidences(cursor: duckdb.DuckDBPyConnection, signal: str, monday: date) -> list[Pointer]:
    """The stated confidences, labelled or not: which claims are labelled first is no change."""
    weeks = _week(signal, monday - timedelta(weeks=1)), _week(signal, monday)
    both = Selection(signal, since=weeks[0].since, until=weeks[1].until)
    found = grouped_cells(cursor, both, ("week",))
    cells = dict(zip((key[0] for key in found.keys), found.cells, strict=True))
    old, new = (
        reliability.histogram(cells[week_label(day)], bins=10).n_claims
        for day in (monday - timedelta(weeks=1), monday)
    )
    effects = (design_effect(cursor, weeks[0]), design_effect(cursor, weeks[1]))
    psi = population_stability(old, new, design_effects=effects)
    if not isinstance(psi, Stability) or not psi.p_value <= SIGNIFICANT:
        return []
    text = (
        f"Stated confidences are spread otherwise than the week before (PSI {psi.psi:.3f}, by "
        f"noise alone {psi.noise:.3f}, {p_words(psi.p_value)})"
    )
    return [Pointer(text, "drift", signal)]


def _week(signal: str, monday: date) -> Selection:
    first = datetime.combine(monday, time())
    return Selection(signal, since=first, until=first + timedelta(weeks=1))
