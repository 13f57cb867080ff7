"""What changed in a signal against the week before."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np

from core.measure.monitoring.confidence_shift import Stability, population_stability
from core.queries.base.catalogue import SignalFacts
from core.queries.base.dimensions import BAND_LABELS, week_label
from core.queries.base.seen.first_seen import SeenAsked
from core.queries.base.selection import BAND_DIMENSION, Selection
from core.queries.base.together.asking import Asking, ask, unless_elsewhere
from core.queries.labels.coverage_sets import CoverageAsked
from core.queries.sums.design_effect import EffectAsked
from core.sentences.numbers import count, counted, p_words
from core.sentences.pointer import Pointer

#: Volume is told when it moved by more than this share.
VOLUME_MOVED = 0.3
SIGNIFICANT = 0.01


def changes(
    facts: SignalFacts, monday: date, claims: tuple[int, int]
) -> Asking[tuple[Pointer, ...]]:
    """What changed in the week from ``monday``: versions, volume, confidences.

    Args:
        claims: stated claims of the week before, and of this one.
    """
    before, now = claims
    begins = facts.first_ts is not None and facts.first_ts.date() >= monday
    found: list[Pointer] = []
    if not begins:
        found += yield from _versions(facts.name, monday)
    found += _volume(facts.name, monday, before, now, begins)
    if before and now:
        found += (yield from unless_elsewhere(_confidences(facts.name, monday))) or []
    return tuple(found)


def _versions(signal: str, monday: date) -> Asking[list[Pointer]]:
    """Versions first seen this week; those a signal begins with are no change."""
    seen = yield from ask(SeenAsked(_week(signal, monday)))
    return [
        Pointer(
            f"New {one.kind} version {one.version}: {counted(one.n_claims, 'claim')} so far",
            # Versions of these can be put side by side; the others show as a step in time.
            "changes" if one.kind in ("model", "prompt", "elicitation") else "drift",
            signal,
        )
        for one in seen
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


def _confidences(signal: str, monday: date) -> Asking[list[Pointer]]:
    """The stated confidences, labelled or not: which claims are labelled first is no change."""
    days = monday - timedelta(weeks=1), monday
    weeks = [_week(signal, day) for day in days]
    both = Selection(signal, since=weeks[0].since, until=weeks[1].until)
    by = ("week", BAND_DIMENSION)
    coverage, _ = (yield from ask(CoverageAsked(both, (by,))))[by]
    counts = {week_label(day): np.zeros(len(BAND_LABELS), dtype=np.int64) for day in days}
    for (week, band), n_claims in zip(coverage.keys, coverage.n_claims.tolist(), strict=True):
        counts[str(week)][BAND_LABELS.index(str(band))] = n_claims
    old, new = counts.values()
    first = yield from ask(EffectAsked(weeks[0]))
    second = yield from ask(EffectAsked(weeks[1]))
    psi = population_stability(old, new, design_effects=(first, second))
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
