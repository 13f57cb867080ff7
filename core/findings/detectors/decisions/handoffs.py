"""People who are asked and do not look, and cases that nobody takes up.

A reviewer is a rubber stamp where answers that turned out wrong pass them nearly always: not where
they accept much, for most answers may be right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import duckdb

from core.defaults import ALPHA, CAUGHT_LEAST, OWN_LABELS, RELIANCE_WEEKS, REVIEWERS
from core.findings.facts.decisions.handoffs import HandOffsOverdue, RubberStamp
from core.findings.kinds import Condition
from core.governance.state import State
from core.measure.failures.reliance import are_own_labels, is_stamp
from core.queries.claims.handoffs import (
    Decided,
    Seeded,
    decided_by,
    handed_over,
    overdue_cases,
    seeded_by,
)
from core.validation.recent_sample import week_began


@dataclass(frozen=True)
class Reliance:
    """What the reviewers of a signal did in the weeks that are over, up to `RELIANCE_WEEKS`.

    Attributes:
        since, until: the first of these days, and the first after them.
        by: decisions of each reviewer, of all queues; those that name nobody are left out.
        seeded: their decisions on planted cases, which are wrong answers too.
        stamps: the reviewers named as rubber stamps.
        own: the reviewers whose outcomes are most likely their own decisions, and cannot tell
            whether they looked (`core.measure.failures.reliance.are_own_labels`).
        rest_own: whether the same holds of all others together, of whom each has too few.
    """

    since: date
    until: date
    by: Mapping[str, Decided]
    seeded: Mapping[str, Seeded]
    stamps: tuple[str, ...]
    own: tuple[str, ...]
    rest_own: bool

    def circular(self, reviewer: str | None) -> bool:
        """Whether outcomes say nothing of how a reviewer decides."""
        return self.rest_own or reviewer in self.own

    @property
    def n_wrong(self) -> int:
        """Decisions on answers that turned out wrong, or were planted as such."""
        return sum(self.wrong_of(reviewer)[1] for reviewer in self.by.keys() | self.seeded.keys())

    def wrong_of(self, reviewer: str) -> tuple[int, int]:
        """Wrong answers that a reviewer overrode, and all that they decided on."""
        one, planted = self.by.get(reviewer, Decided()), self.seeded.get(reviewer, Seeded())
        return one.caught + planted.caught, one.wrong + planted.n


def reliance(cursor: duckdb.DuckDBPyConnection, signal: str, now: datetime) -> Reliance:
    """Look at the decisions of the last year, by weeks: so that a finding changes once in one."""
    by: dict[str, Decided] = {}
    unnamed = Decided()
    until = week_began(now)
    since = until - timedelta(weeks=RELIANCE_WEEKS)
    for (_, reviewer), one in decided_by(cursor, signal, since, until).items():
        if reviewer is None:
            unnamed += one
        else:
            by[reviewer] = by.get(reviewer, Decided()) + one
    seeded: dict[str, Seeded] = {}
    for (_, reviewer), planted in seeded_by(cursor, signal, since, until).items():
        if reviewer is not None:
            seeded[reviewer] = seeded.get(reviewer, Seeded()) + planted
    own = tuple(reviewer for reviewer, one in sorted(by.items()) if _own(one))
    rest = sum((one for reviewer, one in by.items() if reviewer not in own), unnamed)
    found = Reliance(since.date(), until.date(), by, seeded, (), own, _own(rest))
    return replace(found, stamps=tuple(_stamps(found)))


def _stamps(of: Reliance) -> Iterator[str]:
    names = sorted(of.by.keys() | of.seeded.keys())
    for reviewer in names:
        caught, wrong = of.wrong_of(reviewer)
        if is_stamp(
            caught,
            wrong,
            least=CAUGHT_LEAST,
            reviewers=max(REVIEWERS, len(names)),
            alpha=ALPHA,
        ):
            yield reviewer


def _own(of: Decided) -> bool:
    return are_own_labels(
        of.caught, of.wrong, of.right - of.overruled, of.right, share=OWN_LABELS, alpha=ALPHA
    )


def hours_by_queue(state: State | None, signal: str) -> dict[str, int]:
    """In how many hours a case is to be taken up, by the queues that the signal's entry names."""
    entry = None if state is None else state.entries.get(signal)
    if entry is None:
        return {}
    found: dict[str, int] = {}
    for queue in (entry.spec.handling.review, entry.spec.handling.escalate):
        if queue is not None:
            found[queue.name] = min(queue.within_hours, found.get(queue.name, queue.within_hours))
    return found


def handoff_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The rubber stamps of each signal, and its cases past their time."""
    found: list[Condition] = []
    for signal in handed_over(cursor):
        if signal not in state.entries:
            continue
        of = reliance(cursor, signal, now)
        for reviewer in of.stamps:
            one = of.by.get(reviewer, Decided())
            planted = of.seeded.get(reviewer, Seeded())
            caught, wrong = of.wrong_of(reviewer)
            counts = (one.n + planted.n, one.overridden + planted.caught, wrong, caught)
            facts = RubberStamp(reviewer, of.since, of.until, *counts)
            found.append(Condition.of("rubber_stamp", signal, reviewer, facts))
        hours = hours_by_queue(state, signal)
        late = overdue_cases(cursor, signal, now=now, hours=hours, most=1)
        for first in late.first:
            case = first.event_id, first.queue, first.due
            overdue = HandOffsOverdue(late.n, late.untaken, *case)
            found.append(Condition.of("handoffs_overdue", signal, "", overdue))
    return tuple(found)
