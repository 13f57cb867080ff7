"""Standing checks that did not run: nobody looked, whatever came in meanwhile.

A run a day is due (`core.findings.daily`). One that is late is no matter while the next is not due
yet; what was missed in the last week is told to everybody who answers for the monitoring of a
signal that made claims in that time, each once. It is no estimate: the trail holds every run.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import duckdb

from core.findings.daily import missed_between
from core.findings.facts.watching.monitoring import RunsMissed
from core.findings.kinds import Condition
from core.governance.state import State
from core.trail import act_search as search

#: So many days are looked back.
DAYS = 7
#: More runs than a week has, one an hour.
_MOST = 24 * (DAYS + 2)


def runs_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """Of everybody whose signals made claims while nothing ran, one."""
    if state.checked is None:
        return ()
    asked = search.ActSearch(kinds=("check.run",))
    runs = [one.act.at for one in search.found(cursor, asked, limit=_MOST) if one.act is not None]
    since = now - timedelta(days=DAYS)
    stretches = [
        (missed, before, after)
        for before, after in pairwise((*sorted(runs), now))
        if after > since and (missed := missed_between(before, after))
    ]
    if not stretches:
        return ()
    _, began, ended = max(stretches)
    of: defaultdict[str, list[int]] = defaultdict(list)
    for signal, n in _made(cursor, began, ended).items():
        sub = state.answers_for(signal, "monitoring", now) if signal in state.entries else None
        if sub is not None:
            of[sub].append(n)
    missed = min(sum(one for one, _, _ in stretches), DAYS)
    return tuple(
        Condition.of(
            "runs_missed",
            None,
            sub,
            RunsMissed(missed, DAYS, began, ended, sum(counts), len(counts)),
        )
        for sub, counts in sorted(of.items())
    )


def _made(cursor: duckdb.DuckDBPyConnection, since: datetime, until: datetime) -> dict[str, int]:
    """Production claims of a time by signal."""
    rows = cursor.execute(
        """
        SELECT signal, count(*) FROM claims
        WHERE split = 'production' AND ts >= $since AND ts < $until GROUP BY signal
        """,
        {"since": since, "until": until},
    ).fetchall()
    return dict(rows)
