"""Where cases went to people, and what they decided, beside what turned out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.defaults import HANDOFF_DECIDED_HOURS, HANDOFF_HOURS
from core.ledger.sql import literal


@dataclass(frozen=True)
class Decided:
    """Decisions of which it is known whether they are the model's answer.

    Attributes:
        n: decisions.
        overridden: those that are not the model's answer.
        wrong: those on an answer that turned out wrong.
        caught: overridden ones among these.
        right: those on an answer that turned out right.
        overruled: overridden ones among these.
    """

    n: int = 0
    overridden: int = 0
    wrong: int = 0
    caught: int = 0
    right: int = 0
    overruled: int = 0

    def __add__(self, other: Decided) -> Decided:
        return Decided(*(a + b for a, b in zip(self.counts, other.counts, strict=True)))

    @property
    def counts(self) -> tuple[int, ...]:
        """All of them, in the order of the fields."""
        return (self.n, self.overridden, self.wrong, self.caught, self.right, self.overruled)

    @property
    def unlabelled(self) -> Decided:
        """The same without what outcomes say."""
        return Decided(self.n, self.overridden)


@dataclass(frozen=True)
class Seeded:
    """Decisions on planted cases, whose answer is wrong for certain.

    Attributes:
        n: decisions.
        caught: those that override it.
    """

    n: int = 0
    caught: int = 0

    def __add__(self, other: Seeded) -> Seeded:
        return Seeded(self.n + other.n, self.caught + other.caught)


@dataclass(frozen=True)
class QueueLoad:
    """The cases of one queue.

    Attributes:
        queue: None: hand-offs that name none.
        handed: handed over in the days asked for.
        taken_late: those of them that were taken later than they are to be.
        hours_to_take: median of those taken; None: none was.
        hours_to_decide: median from being taken, of those decided; None: none was.
        open: not decided now, whenever they were handed over.
        overdue: open ones past their time.
    """

    queue: str | None
    handed: int
    taken_late: int
    hours_to_take: float | None
    hours_to_decide: float | None
    open: int
    overdue: int


@dataclass(frozen=True)
class OverdueCase:
    """A case past its time.

    Attributes:
        event_id: of the claim.
        queue: None: it names none.
        reviewer: who has it; None: nobody.
        handed_at: UTC without zone.
        due: by when it was to be taken, or once taken decided.
    """

    event_id: str
    queue: str | None
    reviewer: str | None
    handed_at: datetime
    due: datetime


@dataclass(frozen=True)
class Overdue:
    """The cases past their time.

    Attributes:
        n: how many.
        untaken: those that nobody has.
        first: those due first, at most as many as asked for.
    """

    n: int
    untaken: int
    first: tuple[OverdueCase, ...]


def handed_over(cursor: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The signals that have hand-offs, by name."""
    rows = cursor.execute("SELECT DISTINCT signal FROM handoffs ORDER BY signal").fetchall()
    return tuple(signal for (signal,) in rows)


def decided_by(
    cursor: duckdb.DuckDBPyConnection, signal: str, since: datetime, until: datetime
) -> dict[tuple[str | None, str | None], Decided]:
    """Decisions of some time, by queue and reviewer; either may be None, where it is not named.

    Planted cases are left out (`seeded_by`): how often they come is nobody's rate.

    Hand-offs on one input are not independent evidence: on those that a reviewer decided more than
    once, one of each count stands for all, and is overridden where any of them is.

    Args:
        since: decided from then on.
        until: decided before then.
    """
    rows = cursor.execute(
        f"""
        WITH decided AS (
            SELECT queue, reviewer, agreed = 0 AS overridden, claims.outcome,
                   coalesce(claims.input_id, known.event_id) AS input
            FROM ({_known(signal)}) AS known
            LEFT JOIN claims ON claims.signal = {literal(signal)}
                            AND claims.event_id = known.event_id
            WHERE agreed IS NOT NULL AND seeded IS DISTINCT FROM 1
              AND decided_at >= $since AND decided_at < $until)
        SELECT queue, reviewer, sum(any_n), sum(any_overridden), sum(any_wrong), sum(any_caught),
               sum(any_right), sum(any_overruled)
        FROM (
            SELECT queue, reviewer, 1 AS any_n, bool_or(overridden)::INT AS any_overridden,
                   coalesce(bool_or(outcome = 0), false)::INT AS any_wrong,
                   coalesce(bool_or(outcome = 0 AND overridden), false)::INT AS any_caught,
                   coalesce(bool_or(outcome = 1), false)::INT AS any_right,
                   coalesce(bool_or(outcome = 1 AND overridden), false)::INT AS any_overruled
            FROM decided GROUP BY queue, reviewer, input)
        GROUP BY queue, reviewer ORDER BY queue NULLS LAST, reviewer NULLS LAST
        """,
        {"since": since, "until": until},
    ).fetchall()
    return {(queue, reviewer): Decided(*map(int, counts)) for queue, reviewer, *counts in rows}


def seeded_by(
    cursor: duckdb.DuckDBPyConnection, signal: str, since: datetime, until: datetime
) -> dict[tuple[str | None, str | None], Seeded]:
    """Decisions on planted cases of some time, by queue and reviewer, as of `decided_by`.

    A case that a reviewer decided more than once counts once, and is caught where it was ever.
    """
    rows = cursor.execute(
        f"""
        SELECT queue, reviewer, count(*), count(*) FILTER (caught)
        FROM (
            SELECT queue, reviewer, event_id, bool_or(agreed = 0) AS caught
            FROM ({_known(signal)})
            WHERE agreed IS NOT NULL AND seeded = 1
              AND decided_at >= $since AND decided_at < $until
            GROUP BY queue, reviewer, event_id)
        GROUP BY queue, reviewer ORDER BY queue NULLS LAST, reviewer NULLS LAST
        """,
        {"since": since, "until": until},
    ).fetchall()
    return {(queue, reviewer): Seeded(n, caught) for queue, reviewer, n, caught in rows}


def queue_loads(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    since: datetime,
    until: datetime,
    *,
    now: datetime,
    hours: Mapping[str, int],
) -> tuple[QueueLoad, ...]:
    """How the cases of each queue were taken, and what waits now; most handed over first.

    Args:
        since: handed over from then on.
        until: handed over before then.
        hours: in which a case is to be taken up, by queue.
    """
    inside = "handed_at >= $since AND handed_at < $until"
    rows = cursor.execute(
        f"""
        SELECT queue, count(*) FILTER ({inside}) AS handed,
               count(*) FILTER ({inside} AND taken_at > take_by),
               median(date_diff('second', handed_at, taken_at) / 3600.0) FILTER ({inside}),
               median(date_diff('second', taken_at, decided_at) / 3600.0) FILTER ({inside}),
               count(*) FILTER (decided_at IS NULL), count(*) FILTER (due < $now)
        FROM ({_due(signal, hours)}) GROUP BY queue
        HAVING handed > 0 OR count(*) FILTER (decided_at IS NULL) > 0
        ORDER BY handed DESC, queue NULLS LAST
        """,
        {"since": since, "until": until, "now": now},
    ).fetchall()
    return tuple(QueueLoad(*row) for row in rows)


def overdue_cases(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    *,
    now: datetime,
    hours: Mapping[str, int],
    most: int,
) -> Overdue:
    """Count the cases past their time, and name those due first.

    A case is nobody's where no hand-off says who took it, or when.

    Args:
        hours: in which a case is to be taken up, by queue.
        most: so many are named.
    """
    rows = cursor.execute(
        f"""
        SELECT event_id, queue, reviewer, handed_at, due, count(*) OVER (),
               count(*) FILTER (reviewer IS NULL AND taken_at IS NULL) OVER ()
        FROM ({_due(signal, hours)})
        WHERE due < $now ORDER BY due, event_id LIMIT {int(most)}
        """,
        {"now": now},
    ).fetchall()
    n, untaken = rows[0][5:] if rows else (0, 0)
    return Overdue(n, untaken, tuple(OverdueCase(*row[:5]) for row in rows))


@dataclass(frozen=True)
class HandOff:
    """One hand-off of a claim; what is not known is None.

    Attributes:
        handed_at: UTC without zone, as the other times.
        agreed: whether the decision is the model's answer.
        seeded: whether the case was planted with an answer that is wrong.
    """

    handed_at: datetime
    queue: str | None
    reviewer: str | None
    taken_at: datetime | None
    decided_at: datetime | None
    decision: str | None
    agreed: bool | None
    seeded: bool = False


def handoffs_of(
    cursor: duckdb.DuckDBPyConnection, signal: str, event_id: str
) -> tuple[HandOff, ...]:
    """The hand-offs of one claim, oldest first."""
    rows = cursor.execute(
        f"""
        SELECT handed_at, queue, reviewer, taken_at, decided_at, decision, agreed = 1,
               coalesce(seeded = 1, FALSE)
        FROM ({_known(signal, event_id)}) ORDER BY handed_at
        """
    ).fetchall()
    return tuple(HandOff(*row) for row in rows)


def not_handed_over(
    cursor: duckdb.DuckDBPyConnection, signal: str, since: datetime, until: datetime
) -> tuple[int, int]:
    """Claims that were to go to people and of which no hand-off says so, and all of the former.

    Only those made since the first hand-off was logged are counted.

    Args:
        since: made from then on.
        until: made before then.
    """
    return cursor.execute(
        f"""
        SELECT count(*) FILTER (NOT EXISTS (
                   SELECT 1 FROM handoffs WHERE handoffs.signal = claims.signal
                   AND handoffs.event_id = claims.event_id)), count(*)
        FROM claims
        WHERE signal = {literal(signal)} AND action IN ('review', 'escalate')
          AND ts >= greatest($since, (
              SELECT date_trunc('day', min(handed_at)) FROM handoffs
              WHERE signal = {literal(signal)}))
          AND ts < $until
        """,
        {"since": since, "until": until},
    ).fetchall()[0]


def _known(signal: str, event_id: str | None = None) -> str:
    """SQL for a signal's hand-offs, or one event's, each with all that its rows say."""
    only = "" if event_id is None else f"AND event_id = {literal(event_id)}"
    together = ", ".join(
        f"any_value({name}) AS {name}"
        for name in (
            *("queue", "reviewer", "taken_at", "decided_at", "decision", "agreed", "seeded"),
        )
    )
    return f"""
        SELECT event_id, handed_at, {together} FROM handoffs WHERE signal = {literal(signal)} {only}
        GROUP BY event_id, handed_at
    """


def _due(signal: str, hours: Mapping[str, int]) -> str:
    """SQL for a signal's hand-offs with ``take_by``, and ``due`` where they are not decided.

    What is logged as taken or decided after ``$now`` has not happened: a time that somebody made up
    would else keep a case from ever being overdue.
    """
    cases = "".join(f"WHEN {literal(name)} THEN {int(n)} " for name, n in hours.items())
    usual = f"CASE queue {cases}ELSE {HANDOFF_HOURS} END" if cases else str(HANDOFF_HOURS)
    happened = ", ".join(
        f"CASE WHEN {name} <= $now THEN {name} END AS {name}" for name in ("taken_at", "decided_at")
    )
    return f"""
        SELECT *, CASE WHEN decided_at IS NULL THEN
                   coalesce(taken_at + INTERVAL {HANDOFF_DECIDED_HOURS} HOUR, take_by) END AS due
        FROM (SELECT * REPLACE ({happened}), handed_at + to_hours({usual}) AS take_by
              FROM ({_known(signal)}))
    """
