"""Whether the trail says that findings of a kind about a signal were always waived."""

from __future__ import annotations

import duckdb

from core.defaults import ALWAYS_WAIVED
from core.governance.bodies.refusal import Refused
from core.trail.acts import SYSTEM, Proposal


def refuse_heard(cursor: duckdb.DuckDBPyConnection, proposal: Proposal) -> None:
    """Refuse to turn a kind of finding down that was not always waived, whoever asks, and how.

    Raises:
        Refused: it was waived too seldom, somebody acted on it, or it is critical.
    """
    if proposal.kind != "finding_kind.turned_down":
        return
    signal, kind = proposal.signal, proposal.body.get("finding_kind")
    row = cursor.execute(
        """
        WITH said AS (
            SELECT seq, entry ->> '$.kind' AS act, entry ->> '$.signal' AS signal,
                   entry ->> '$.actor.sub' AS sub, entry ->> '$.body.finding' AS finding,
                   entry ->> '$.body.finding_kind' AS kind, entry ->> '$.body.severity' AS severity
            FROM (SELECT seq, entry FROM acts
                  WHERE contains(entry, '"kind":"finding.') AND json_valid(entry)))
        SELECT count(*) FILTER (act = 'finding.waived' AND sub <> $system),
               count(*) FILTER (
                   act IN ('finding.acknowledged', 'finding.resolved') AND sub <> $system),
               arg_max(severity, seq) FILTER (severity IS NOT NULL)
        FROM said WHERE finding IN (
            SELECT finding FROM said
            WHERE act = 'finding.opened' AND signal = $signal AND kind = $kind)
        """,
        {"signal": signal, "kind": kind, "system": SYSTEM},
    ).fetchone()
    assert row is not None
    waived, acted_on, severity = row
    if severity == "critical":
        raise Refused(f"{kind} of {signal} is critical, and what is critical is always heard.")
    if waived < ALWAYS_WAIVED:
        raise Refused(
            f"{kind} of {signal} was waived {waived} times; from {ALWAYS_WAIVED} times on, with "
            "nobody who did anything else, it may be turned down."
        )
    if acted_on:
        raise Refused(f"Somebody acted on {kind} of {signal}, so it changes something.")
