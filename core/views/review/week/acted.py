"""Claims that acted although the rules asked for a person, week by week."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta

import duckdb

from core.gate.breaches import Tally, reckoning
from core.governance.rules_in_force import timelines
from core.governance.state import State
from core.queries.base.dimensions import week_start
from core.queries.base.selection import Selection
from core.queries.base.together.asking import together, unless_elsewhere
from core.trail.log import acts


def acted_unchecked(
    cursor: duckdb.DuckDBPyConnection, state: State | None, monday: date, *, weeks: int
) -> tuple[Tally, ...]:
    """Automated claims of registered signals whose rule in force asked for a person.

    Args:
        state: what the trail says; None: it is broken, and no rule can be relied on.
        monday: of the last week.
        weeks: how many weeks up to it, oldest first.

    Returns:
        One tally a week; nothing where the trail is broken or no rule was ever written.
    """
    if state is None or not state.entries:
        return ()
    until = datetime.combine(monday + timedelta(weeks=1), time())
    since = until - timedelta(weeks=weeks)
    by_week: defaultdict[date, Tally] = defaultdict(Tally)
    reckonings = together(
        cursor,
        (
            unless_elsewhere(reckoning(spans, Selection(signal, since=since, until=until)))
            for signal, spans in timelines(acts(cursor)).items()
        ),
    )
    for found in reckonings:
        if found is None:
            continue
        broken = found.codes(lambda one: one.kind is not None and one.done == "automate")
        for one in found.counts:
            if one.code in broken:
                by_week[week_start(one.week)] += Tally(one.n_claims, one.n, one.n - one.s)
    mondays = [since.date() + timedelta(weeks=i) for i in range(weeks)]
    return tuple(by_week[one] for one in mondays)
