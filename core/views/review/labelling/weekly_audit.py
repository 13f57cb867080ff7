"""The weekly audit sample of a signal, as the page and the command say it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from core.governance.state import State
from core.registry.words import audit_words
from core.sentences.numbers import count, counted
from core.standing.drawn_samples import Awaited, awaited
from core.validation.recent_sample import week_began


@dataclass(frozen=True)
class WeeklyAudit:
    """What is drawn every week, and what waits.

    Attributes:
        words: what is drawn, when it was last, and when it is next, in sentences.
        waits: each sample that waits for labels, in a sentence, the first first.
        late: whether one of them is overdue.
    """

    words: str
    waits: tuple[str, ...]
    late: bool


def weekly_audit(
    cursor: duckdb.DuckDBPyConnection, state: State, signal: str, now: datetime
) -> WeeklyAudit | None:
    """Assemble it; None where the signal's entry asks for no weekly sample."""
    entry = state.entries.get(signal)
    if entry is None or entry.spec.audit is None:
        return None
    known, monday = state.audited.get(signal), week_began(now).date()
    last = "none was drawn yet" if known is None else f"the last in the week of {known[1]}"
    due = known is None or known[1] < monday
    next_on = (
        "with the next run of the checks that finds unlabelled claims of whole weeks to draw"
        if due
        else f"from {monday + timedelta(weeks=1)} on"
    )
    waiting = awaited(cursor, state, signal)
    return WeeklyAudit(
        f"Drawn by the program: {audit_words(entry.spec.audit)}; {last}, the next {next_on}.",
        tuple(_waits(one, now) for one in waiting),
        any(one.overdue(now) for one in waiting),
    )


def _waits(one: Awaited, now: datetime) -> str:
    days = (one.due - now.date()).days
    by = f"due by {one.due}" if days >= 0 else f"were due by {one.due}"
    return (
        f"Drawn in the week of {one.drawn.week}: {count(one.waiting)} of "
        f"{counted(one.n, 'label')} missing, {by}."
    )
