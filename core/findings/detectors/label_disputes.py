"""Labels that contradict each other: nobody has said yet which holds."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import duckdb

from core.findings.facts.disputes import LabelsContradict
from core.findings.kinds import Condition
from core.governance.state import State
from core.ledger.errors import NeedsClaims
from core.queries.labels.disputes import disputes


def disputes_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The registered signals with claims whose labels contradict each other, unanswered."""
    found = []
    for signal in sorted(state.entries):
        with suppress(NeedsClaims):
            of = disputes(cursor, signal, limit=1)
            if of.n:
                facts = LabelsContradict(of.n_conflicts, of.n_contradictions, of.listed[0].event_id)
                found.append(Condition.of("labels_contradict", signal, "", facts))
    return tuple(found)
