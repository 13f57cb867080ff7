"""Every outcome ever received, whichever table has it.

An outcome that came in its claim's row and is in force stands in the claim alone
(``claims.outcome_own``): then no other label of the claim is truth. All others, withdrawals among
them, are in the table outcomes.
"""

from __future__ import annotations

#: The outcome that stands in a claim, as a row of the table outcomes.
OWN_COLUMNS = """
    event_id, signal, outcome, outcome_ts, outcome_known_at AS known_at, outcome_source AS source,
    true AS with_claim, import_id, import_row
""".strip()
#: The outcomes that stand in their claims, with the columns of the table outcomes.
OWN = f"SELECT {OWN_COLUMNS} FROM claims WHERE outcome_own"
#: All of them as a relation, with the columns of the table outcomes. Of claims whose outcome was
#: corrected, of withdrawals and of what came without its claim the table alone has everything.
OUTCOME_LOG = f"(SELECT * FROM outcomes UNION ALL {OWN})"


def log_of_events(events: str) -> str:
    """Those of the events that a table names in ``event_id``, as a relation.

    Each table is joined by itself: DuckDB then passes over what holds none of these events.
    """
    return f"""(
        SELECT * FROM outcomes SEMI JOIN {events} USING (event_id)
        UNION ALL
        SELECT {OWN_COLUMNS} FROM claims SEMI JOIN {events} USING (event_id) WHERE outcome_own)
    """.strip()
