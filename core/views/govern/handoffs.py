"""Where cases went to people: how soon they were taken, and whether people look at the answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb
import numpy as np

from core.defaults import HANDOFF_HOURS, HANDOFF_LEAST, OWN_LABELS
from core.findings.detectors.decisions.handoffs import Reliance, hours_by_queue, reliance
from core.governance.state import State
from core.measure.failures.reliance import shrunken_rates
from core.queries.claims.handoffs import (
    Decided,
    Overdue,
    QueueLoad,
    Seeded,
    decided_by,
    handed_over,
    not_handed_over,
    overdue_cases,
    queue_loads,
    seeded_by,
)
from core.sentences.numbers import ABSENT, count, counted, percent

#: Where a hand-off names no queue.
NO_QUEUE = "(no queue named)"
#: So many reviewers are named whose outcomes are their own decisions.
NAMED_OWN = 3
#: So many overdue cases are named.
NAMED = 100
_NONE = Overdue(0, 0, ())


@dataclass(frozen=True)
class ShrunkenRate:
    """A rate, shrunk towards those beside it.

    Attributes:
        n: trials.
        s: hits.
        rate, low, high: with its 95% interval; None where n is too small to be shown.
        circular: whether it would rest on outcomes that are the decisions themselves.
    """

    n: int
    s: int | None
    rate: float | None
    low: float | None
    high: float | None
    circular: bool = False

    @property
    def words(self) -> str:
        """``8% (5% to 12%), n 210``; or that there are too few."""
        if self.circular:
            return "outcomes are their own"
        few = self.rate is None
        return f"too few (n {count(self.n)})" if few else f"{self.short}, n {count(self.n)}"

    @property
    def short(self) -> str:
        """The same where n stands beside it."""
        if self.rate is None:
            return "too few"
        return f"{percent(self.rate)} ({percent(self.low)} to {percent(self.high)})"


@dataclass(frozen=True)
class RatesOf:
    """How a queue or a reviewer decides.

    Attributes:
        name: of the queue or the reviewer.
        queue: where; of a queue it is its name again.
        decisions: of which it is known whether they are the model's answer.
        overridden: the share that is not.
        accepted_wrong: of the answers that turned out wrong, the share accepted.
        rejected_right: of those that turned out right, the share overridden.
        seeded: of planted errors, the share caught; how the two before it would be with certainty.
        stamp: whether they are named as a rubber stamp.
    """

    name: str
    queue: str
    decisions: int
    overridden: ShrunkenRate
    accepted_wrong: ShrunkenRate
    rejected_right: ShrunkenRate
    seeded: ShrunkenRate
    stamp: bool = False


@dataclass(frozen=True)
class HandOffsView:
    """Where a signal's cases went.

    Attributes:
        signal: which.
        first, last: the days.
        headline: what waits and who lets wrong answers pass, in a sentence.
        loads: each queue's cases.
        queues: how each queue decides.
        reviewers: how each reviewer with enough decisions does, of each queue.
        overdue: the cases past their time now, the first `NAMED` of them by name.
        n_few: reviewers of a queue that have too few to be shown, or that are not named.
        own: reviewers whose outcomes are most likely their own decisions; their decisions are left
            out of all rates by outcome.
        own_labels: whether the same holds of all others together.
        unlogged: claims sent to review or escalation without a hand-off, and all that were sent.
        hours: in which cases are to be taken up, by the queues that the entry names.
        notes: what to know beside it, a sentence each.
    """

    signal: str
    first: date
    last: date
    headline: str
    loads: tuple[QueueLoad, ...]
    queues: tuple[RatesOf, ...]
    reviewers: tuple[RatesOf, ...]
    overdue: Overdue
    n_few: int
    own: tuple[str, ...]
    own_labels: bool
    unlogged: tuple[int, int]
    hours: Mapping[str, int]
    notes: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether any hand-off of the signal is logged."""
        return bool(self.headline)

    def as_json(self) -> dict[str, Any]:
        """For programs; rates are null where too few decisions stand behind them."""
        return {
            "signal": self.signal,
            "since": f"{self.first}",
            "until": f"{self.last}",
            "minimum": HANDOFF_LEAST,
            "outcomes_are_the_decisions": self.own_labels,
            "reviewers_whose_outcomes_are_their_decisions": list(self.own),
            "sent_to_people": self.unlogged[1],
            "sent_without_handoff": self.unlogged[0],
            "queues": [
                asdict(one)
                | {"take_within_hours": self.hours.get(one.queue or "", HANDOFF_HOURS)}
                | {"rates": _rates_json(self.queues, one.queue)}
                for one in self.loads
            ],
            "reviewers": [
                {"reviewer": one.name, "queue": one.queue, "rubber_stamp": one.stamp}
                | _json_of(one)
                for one in self.reviewers
            ],
            "reviewers_with_too_few": self.n_few,
            "overdue": self.overdue.n,
            "overdue_first": [
                asdict(one) | {"handed_at": one.handed_at.isoformat(), "due": one.due.isoformat()}
                for one in self.overdue.first
            ],
        }


def _rates_json(queues: Iterable[RatesOf], name: str | None) -> dict[str, Any] | None:
    found = next((one for one in queues if one.queue == (name or NO_QUEUE)), None)
    return None if found is None else _json_of(found)


def _json_of(one: RatesOf) -> dict[str, Any]:
    rates = ("overridden", "accepted_wrong", "rejected_right")
    planted = {"seeded_caught": asdict(one.seeded)}
    return (
        {"decisions": one.decisions}
        | {name: asdict(getattr(one, name)) for name in rates}
        | planted
    )


def handoffs_view(
    cursor: duckdb.DuckDBPyConnection,
    state: State | None,
    signal: str,
    first: date,
    last: date,
    *,
    now: datetime,
) -> HandOffsView:
    """Assemble it.

    Args:
        first: the first day of hand-offs and of decisions.
        last: the last one, included.
    """
    since, until = datetime.combine(first, time()), datetime.combine(last, time()) + _DAY
    hours = hours_by_queue(state, signal)
    if signal not in handed_over(cursor):
        return HandOffsView(
            signal, first, last, "", (), (), (), _NONE, 0, (), False, (0, 0), hours, ()
        )
    loads = queue_loads(cursor, signal, since, until, now=now, hours=hours)
    year = reliance(cursor, signal, now)
    decided = {
        (queue, who): one.unlabelled if year.circular(who) else one
        for (queue, who), one in decided_by(cursor, signal, since, until).items()
    }
    planted = seeded_by(cursor, signal, since, until)
    of_queue: dict[str, tuple[Decided, Seeded]] = {}
    for queue, who in dict.fromkeys((*decided, *planted)):
        both = of_queue.get(queue or NO_QUEUE, (Decided(), Seeded()))
        more = decided.get((queue, who), Decided()), planted.get((queue, who), Seeded())
        of_queue[queue or NO_QUEUE] = both[0] + more[0], both[1] + more[1]
    reviewers: list[RatesOf] = []
    n_few = 0
    for queue in of_queue:
        mine = {
            who: (decided.get((at, who), Decided()), planted.get((at, who), Seeded()))
            for at, who in dict.fromkeys((*decided, *planted))
            if (at or NO_QUEUE) == queue
        }
        # Whoever is too few to be shown still says how reviewers differ.
        rows = _rates([(who or "", queue, *both) for who, both in mine.items()], year)
        shown = [
            one
            for one in rows
            if one.name and (one.decisions >= HANDOFF_LEAST or one.seeded.n >= HANDOFF_LEAST)
        ]
        reviewers += sorted(shown, key=_worst_first)
        n_few += len(rows) - len(shown)
    unlogged = not_handed_over(cursor, signal, since, until)
    return HandOffsView(
        signal,
        first,
        last,
        _headline(loads, year.stamps),
        loads,
        tuple(_rates([(name, name, *both) for name, both in of_queue.items()], None)),
        tuple(reviewers),
        overdue_cases(cursor, signal, now=now, hours=hours, most=NAMED),
        n_few,
        year.own,
        year.rest_own,
        unlogged,
        hours,
        _notes(n_few, unlogged, year),
    )


_DAY = timedelta(days=1)


def _rates(
    rows: Sequence[tuple[str, str, Decided, Seeded]], year: Reliance | None
) -> list[RatesOf]:
    """Of reviewers, or of queues where ``year`` is None."""
    stamps = () if year is None else year.stamps

    def shrunken(hits: Sequence[int], trials: Sequence[int]) -> list[ShrunkenRate]:
        found = shrunken_rates(np.array(hits, float), np.array(trials, float))
        return [
            ShrunkenRate(n, s, float(rate), float(low), float(high))
            if n >= HANDOFF_LEAST
            else ShrunkenRate(n, None, None, None, None)
            for s, n, rate, low, high in zip(
                hits, trials, found.rate, found.low, found.high, strict=True
            )
        ]

    def by_outcome(hits: Sequence[int], trials: Sequence[int]) -> list[ShrunkenRate]:
        return [
            replace(one, circular=year is not None and year.circular(name))
            for one, (name, *_) in zip(shrunken(hits, trials), rows, strict=True)
        ]

    every = [one for _, _, one, _ in rows]
    planted = [one for *_, one in rows]
    each = zip(
        rows,
        shrunken([one.overridden for one in every], [one.n for one in every]),
        by_outcome([one.wrong - one.caught for one in every], [one.wrong for one in every]),
        by_outcome([one.overruled for one in every], [one.right for one in every]),
        shrunken([one.caught for one in planted], [one.n for one in planted]),
        strict=True,
    )
    return [
        RatesOf(name, queue, one.n, overridden, accepted, rejected, seeded, name in stamps)
        for (name, queue, one, _), overridden, accepted, rejected, seeded in each
    ]


def _worst_first(one: RatesOf) -> tuple[bool, float, str]:
    return not one.stamp, -(one.accepted_wrong.rate or 0), one.name


def _headline(loads: Sequence[QueueLoad], stamps: Sequence[str]) -> str:
    n_open, n_overdue = sum(one.open for one in loads), sum(one.overdue for one in loads)
    wait = "No case waits for a person."
    if n_open:
        overdue = f", {count(n_overdue)} of them overdue" if n_overdue else ", none overdue"
        if n_overdue == n_open:
            overdue = ", overdue" if n_open == 1 else ", all overdue"
        wait = f"{counted(n_open, 'case waits', 'cases wait')} for a person{overdue}."
    if not stamps:
        return wait
    who = f"{stamps[0]} lets" if len(stamps) == 1 else f"{count(len(stamps))} reviewers let"
    return f"{who} wrong answers pass. {wait}"


def _notes(n_few: int, unlogged: tuple[int, int], year: Reliance) -> tuple[str, ...]:
    notes = []
    if year.own or year.rest_own:
        whose = f"{', '.join(year.own[:NAMED_OWN])}"
        if len(year.own) > NAMED_OWN:
            whose = f"{count(len(year.own))} reviewers"
        if year.rest_own:
            whose = f"{whose} and all others together" if whose else "all reviewers together"
        notes.append(
            f"Outcomes say what the decisions of {whose} say, of at least {percent(OWN_LABELS)} of "
            "the wrong answers and of the right ones, beyond chance: most likely they are these "
            "decisions, and cannot show whether anybody looked. They count in no rate of accepted "
            "or rejected answers. Have a sample labelled by somebody who does not see the decision."
        )
    missing, sent = unlogged
    if missing:
        notes.append(
            f"{count(missing)} of {counted(sent, 'claim')} that went to review or escalation have "
            "no hand-off."
        )
    if n_few:
        notes.append(
            f"{counted(n_few, 'reviewer')} with fewer than {HANDOFF_LEAST} decisions, or without "
            "an id: not shown, counted in their queue."
        )
    return tuple(notes)


def take_words(load: QueueLoad, hours: Mapping[str, int]) -> str:
    """How soon a queue's cases are taken: ``2.1 h, 4 later than 8 h``."""
    within = hours.get(load.queue or "", HANDOFF_HOURS)
    late = f", {count(load.taken_late)} after more than {within} h" if load.taken_late else ""
    return hours_words(load.hours_to_take) + late


def hours_words(hours: float | None) -> str:
    """Hours, or minutes under one: ``2.1 h``, ``7 min``."""
    if hours is None:
        return ABSENT
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"
