"""How much less claims tell because their inputs repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from core.queries.base.many import Wanted, rows_of
from core.queries.base.repeating import OWN_SQL, signal_repeats
from core.queries.base.selection import Selection
from core.queries.base.together.asking import AskedOfMany, answered, ask
from core.queries.base.together.snapshot import snapshot


def design_effect(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> float:
    """How much less the stated claims of a selection tell because inputs repeat.

    ``Σ_j M_j² / Σ_j M_j`` over inputs with M_j stated claims (Kish 1965, §8.2, with the claims of
    one input wholly alike, which errs on the wide side).

    Returns:
        At least 1; 1 where no input repeats, or there is no claim.
    """
    return answered(cursor, ask(EffectAsked(selection)))


@dataclass(frozen=True)
class EffectAsked(AskedOfMany[float]):
    """A question that `design_effect` answers, of which many can be asked together."""

    selection: Selection

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[EffectAsked]
    ) -> Sequence[float]:
        """The effect of each."""
        found = [1.0] * len(asked)
        places = [
            place for place, one in enumerate(asked) if signal_repeats(cursor, one.selection.signal)
        ]
        columns = {"input": "input_id", "own": OWN_SQL}
        stated = "confidence_ppm IS NOT NULL"
        with snapshot(cursor):
            wanted = [Wanted(asked[place].selection, kept=False) for place in places]
            for rows in rows_of(cursor, wanted, lambda _: columns, also=stated):
                by_asked = "GROUP BY asked" if rows.asked else ""
                counted = cursor.execute(
                    f"""
                    SELECT {rows.asked}sum(m * m) / sum(m) FROM (
                        SELECT {rows.asked}count(*) AS m FROM ({rows.source.sql}) AS claim
                        GROUP BY {rows.asked}input, own)
                    {by_asked}
                    """,
                    dict(rows.source.parameters),
                ).fetchall()
                for place, own in rows.rows(counted):
                    for (effect,) in own:
                        found[places[place]] = float(effect or 1.0)
        return found
