"""Claims with labels that contradict each other and that nobody has answered yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import duckdb

from core.queries.base.kept.at_hand import needs_claims
from core.queries.base.truth import open_disputes_of_each_sql


@dataclass(frozen=True)
class OneLabel:
    """One label.

    Attributes:
        outcome: 1 right, 0 wrong.
        source: HUMAN or CODE; None: it states none.
        known_at: UTC without zone.
    """

    outcome: int
    source: str | None
    known_at: datetime


@dataclass(frozen=True)
class Dispute:
    """One claim whose labels contradict each other.

    Attributes:
        event_id: of the claim.
        conflict: whether neither is in force: one rank, one instant.
        first: the label in force; of a conflict, the one that says right.
        second: the other one.
    """

    event_id: str
    conflict: bool
    first: OneLabel
    second: OneLabel


@dataclass(frozen=True)
class Disputes:
    """The claims of a signal whose labels contradict each other.

    Attributes:
        n_conflicts: claims that count as unlabelled for it.
        n_contradictions: claims with a label that one of a better rank keeps out.
        listed: some of them, conflicts first, then by event.
    """

    n_conflicts: int
    n_contradictions: int
    listed: tuple[Dispute, ...]

    @property
    def n(self) -> int:
        """All of them."""
        return self.n_conflicts + self.n_contradictions


def disputes(cursor: duckdb.DuckDBPyConnection, signal: str, *, limit: int) -> Disputes:
    """Contradicting labels of a signal's claims that no later label or withdrawal has answered.

    Only claims with several labels are looked at.

    Args:
        limit: so many are listed; all are counted.
    """
    needs_claims(cursor, signal)
    return disputes_of(cursor, [signal], limit=limit).get(signal, Disputes(0, 0, ()))


def disputes_of(
    cursor: duckdb.DuckDBPyConnection, signals: Sequence[str], *, limit: int
) -> dict[str, Disputes]:
    """`disputes` of several signals by one question; one that has none is left out."""
    rows = cursor.execute(
        f"""
        WITH found AS (
            SELECT * FROM ({open_disputes_of_each_sql(cursor)})
            QUALIFY row_number() OVER (
                PARTITION BY signal, event_id ORDER BY other_source NULLS LAST) = 1)
        SELECT signal, event_id, conflict, outcome, source, known_at, other_outcome, other_source,
               other_known_at, count(*) FILTER (conflict) OVER mine,
               count(*) FILTER (NOT conflict) OVER mine
        FROM found
        WINDOW mine AS (PARTITION BY signal)
        QUALIFY row_number() OVER (
            PARTITION BY signal ORDER BY conflict DESC, event_id) <= $limit
        ORDER BY signal, conflict DESC, event_id
        """,
        {"signals": list(signals), "limit": limit},
    ).fetchall()
    found: dict[str, Disputes] = {}
    for signal, of_signal in groupby(rows, key=itemgetter(0)):
        mine = [row[1:] for row in of_signal]
        listed = tuple(
            Dispute(row[0], row[1], OneLabel(*row[2:5]), OneLabel(*row[5:8])) for row in mine
        )
        n_conflicts, n_contradictions = mine[0][8:]
        found[signal] = Disputes(int(n_conflicts), int(n_contradictions), listed)
    return found
