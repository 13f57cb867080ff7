"""Cells in which only settled labels count: those of claims old enough for all to have come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import duckdb

from core.queries.base.cells import GroupedCells, assembled, summed_rows
from core.queries.base.claims_sql import Source
from core.queries.base.dimensions import DAY_SQL
from core.queries.base.many import Wanted, rows_of
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection
from core.queries.base.together.asking import AskedOfMany
from core.queries.base.together.snapshot import snapshot

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class SettledAsked(AskedOfMany[GroupedCells]):
    """`grouped_cells` of all, with the labels of younger claims left out; the claims are counted.

    The first outcomes to come are not like the rest, so what rests on labels waits for them, while
    what was stated does not.

    Attributes:
        before: labels count of claims made before it, UTC without zone.
    """

    selection: Selection
    before: datetime

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[SettledAsked]
    ) -> Sequence[GroupedCells]:
        """The cells of each."""
        found: dict[int, GroupedCells] = {}
        # Where whole days are settled the day of a claim will do, which loaded cells know as well.
        whole = [one.before.time() == time() for one in asked]
        repeats = [signal_repeats(cursor, one.selection.signal) for one in asked]
        wanted = [
            Wanted(one.selection, kept=False, apart=how)
            for one, how in zip(asked, zip(whole, repeats, strict=True), strict=True)
        ]
        with snapshot(cursor):
            for rows in rows_of(cursor, wanted, _columns):
                first = rows.places[0]
                bounds = [asked[place].before for place in rows.places]
                place = "asked + 1" if rows.asked else "1"
                settled = Source(
                    f"""
                    SELECT {rows.asked}ppm, input,
                           CASE WHEN made < $settled_before[{place}] THEN outcome END AS outcome
                    FROM ({rows.source.sql}) AS made_claim
                    """,
                    {
                        **rows.source.parameters,
                        "settled_before": (
                            [one.toordinal() - _EPOCH for one in bounds] if whole[first] else bounds
                        ),
                    },
                )
                keys = rows.asked.split(", ")[:-1]
                table = summed_rows(cursor, settled, keys, repeats=repeats[first])
                found |= {place: assembled(own, ()) for place, own in rows.tables(table)}
        return [found[place] for place in range(len(asked))]


def _columns(wanted: Wanted) -> dict[str, str]:
    assert isinstance(wanted.apart, tuple)
    whole, _ = wanted.apart
    return {
        "ppm": "confidence_ppm",
        "input": "input_id",
        "made": DAY_SQL if whole else "ts",
    }
