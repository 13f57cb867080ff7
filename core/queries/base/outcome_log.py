"""Every outcome ever received, whichever table has it.

An outcome that came in its claim's row and is in force stands in the claim alone
(``claims.outcome_own``): then no other label of the claim is truth. All others, withdrawals among
them, are in the table outcomes.
"""

from __future__ import annotations

#: The outcomes that stand in their claims, with the columns of the table outcomes.
OWN = """
    SELECT event_id, signal, outcome, outcome_ts, outcome_known_at AS known_at,
           outcome_source AS source, true AS with_claim, import_id, import_row
    FROM claims WHERE outcome_own
"""
#: All of them as a relation, with the columns of the table outcomes. Of claims whose outcome was
#: corrected, of withdrawals and of what came without its claim the table alone has everything.
OUTCOME_LOG = f"(SELECT * FROM outcomes UNION ALL {OWN})"
