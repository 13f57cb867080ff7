"""The acts about findings, read from the trail without reading the others."""

from __future__ import annotations

import duckdb

from core.trail.acts import Act


def finding_acts(cursor: duckdb.DuckDBPyConnection) -> tuple[Act, ...]:
    """Every act about a finding, in order; read, not verified."""
    # Most entries are about other things, and need not leave the database.
    rows = cursor.execute(
        """
        SELECT entry FROM acts WHERE contains(entry, '"kind":"finding.') ORDER BY seq
        """
    ).fetchall()
    return tuple(act for act in (Act.of_text(text) for (text,) in rows) if _is_about_one(act))


def _is_about_one(act: Act) -> bool:
    return act.kind.startswith("finding.")
