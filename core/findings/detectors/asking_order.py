"""Confidences that are not asked for in the order that their claims say."""

from __future__ import annotations

from datetime import datetime

import duckdb

from core.findings.detectors.anchoring import PERIOD
from core.findings.facts.asking_order import OrderContradicted
from core.findings.kinds import Condition
from core.governance.state import State
from core.measure.failures.asking_order import OrderShown, order_shown
from core.queries.base.selection import Selection
from core.queries.sums.order_times import TimedOrder, timed_orders


def order_times(
    cursor: duckdb.DuckDBPyConnection, selection: Selection
) -> tuple[tuple[TimedOrder, OrderShown], ...]:
    """A signal's ways of asking whose claims log both times, with what these show.

    Args:
        selection: the signal and its period; nothing else of it counts.
    """
    timed = timed_orders(cursor, selection.since, selection.until, signal=selection.signal)
    return tuple((one, order_shown(one.n, one.against, looks=len(timed))) for one in timed)


def order_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The ways of asking whose order the times of their claims contradict."""
    timed = timed_orders(cursor, now - PERIOD, now)
    found = []
    for one in timed:
        shown = order_shown(one.n, one.against, looks=len(timed))
        if shown.contradicted and one.event is not None:
            facts = OrderContradicted(
                one.method, one.order, one.n, one.against, shown.low, one.event
            )
            subject = "/".join(filter(None, (one.method, one.order)))
            found.append(Condition.of("order_contradicted", one.signal, subject, facts))
    return tuple(found)
