"""Labels that contradict each other: nobody has said yet which holds."""

from __future__ import annotations

from datetime import datetime

import duckdb

from core.findings.facts.labels.disputes import LabelsContradict
from core.findings.kinds import Condition
from core.governance.state import State
from core.queries.base.kept.at_hand import days_not_at_hand
from core.queries.labels.disputes import disputes_of


def disputes_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The registered signals with claims whose labels contradict each other, unanswered."""
    found = []
    here = [one for one in sorted(state.entries) if not days_not_at_hand(cursor, one)]
    for signal, of in disputes_of(cursor, here, limit=1).items():
        facts = LabelsContradict(of.n_conflicts, of.n_contradictions, of.listed[0].event_id)
        found.append(Condition.of("labels_contradict", signal, "", facts))
    return tuple(found)
