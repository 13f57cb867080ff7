"""Confidences that are not asked for in the order that their claims say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

import duckdb

from core.findings.detectors.confidence.anchoring import PERIOD
from core.findings.facts.confidence.asking_order import OrderContradicted
from core.findings.kinds import Condition
from core.governance.state import State
from core.measure.failures.asking_order import OrderShown, order_shown
from core.queries.base.selection import Selection
from core.queries.sums.pairs.order_times import TimedOrder, timed_orders


def order_times(
    cursor: duckdb.DuckDBPyConnection, selection: Selection
) -> tuple[tuple[TimedOrder, OrderShown], ...]:
    """A signal's ways of asking whose claims log both times, with what these show.

    Args:
        selection: the signal and its period; nothing else of it counts.
    """
    return _judged(timed_orders(cursor, selection.since, selection.until, signal=selection.signal))


def order_times_by_signal(
    cursor: duckdb.DuckDBPyConnection, since: datetime, until: datetime
) -> dict[str, tuple[tuple[TimedOrder, OrderShown], ...]]:
    """The same of every signal that has such claims, in one reading of them."""
    timed = timed_orders(cursor, since, until)
    return {name: _judged(list(ones)) for name, ones in groupby(timed, lambda one: one.signal)}


def order_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The ways of asking whose order the times of their claims contradict."""
    found = []
    for one, shown in _judged(timed_orders(cursor, now - PERIOD, now)):
        if shown.contradicted and one.event is not None:
            facts = OrderContradicted(
                one.method, one.order, one.n, one.against, shown.low, one.event
            )
            subject = "/".join(filter(None, (one.method, one.order)))
            found.append(Condition.of("order_contradicted", one.signal, subject, facts))
    return tuple(found)


def _judged(timed: Sequence[TimedOrder]) -> tuple[tuple[TimedOrder, OrderShown], ...]:
    """Judged together."""
    return tuple((one, order_shown(one.n, one.against, looks=len(timed))) for one in timed)
