"""Weekly audit samples that nobody labelled in time: what they were drawn for is not known.

It is no estimate: which claims were drawn, when, and which are labelled stands in the ledger.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from core.findings.facts.labels.labels import AuditUnanswered
from core.findings.kinds import Condition
from core.governance.state import State
from core.standing.drawn_samples import awaited


def audit_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """Of each signal with weekly samples whose labels are overdue, one."""
    found = []
    for signal in sorted(state.audited):
        late = [one for one in awaited(cursor, state, signal) if one.overdue(now)]
        if late:
            first = late[0]
            assert first.drawn.week is not None
            facts = AuditUnanswered(
                len(late),
                first.drawn.week,
                first.due,
                sum(one.n for one in late),
                sum(one.n_labelled for one in late),
            )
            found.append(Condition.of("audit_unanswered", signal, "", facts))
    return tuple(found)
