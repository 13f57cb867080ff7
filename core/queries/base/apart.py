"""Claims told apart by all that written rules can look at, as one whole number each: the code.

Rules know nothing of SQL, and need not be run on every claim. A query gives every claim its code;
the rules are then asked once per code, by the very function that the gate runs on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import duckdb

from core.events import PPM
from core.ledger.sql import quoted
from core.queries.base.dimensions import segment_dimensions
from core.queries.base.segment_names import kept_sql


@dataclass(frozen=True)
class Apart:
    """What claims are told apart by.

    Attributes:
        cuts: ascending, in whole millionths; a claim at a cut is above it.
        segments: dimension → its values, in groups that are treated alike. A value of no group
            counts as if none were stated. A dimension is found in whatever case the ledger spells
            it; of one that the ledger lacks no claim states a value.
    """

    cuts: tuple[int, ...] = ()
    segments: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = ()

    @property
    def size(self) -> int:
        """How many codes there are: 0 … size − 1."""
        return (len(self.cuts) + 2) * self.n_places

    def sql(
        self, cursor: duckdb.DuckDBPyConnection, prefix: str = "apart"
    ) -> tuple[str, dict[str, list[str]]]:
        """A claim's code as an expression over the table claims, and its parameters.

        Args:
            cursor: of the ledger; asked for its segment dimensions.
            prefix: of the parameters' names.
        """
        level = "".join(f" + CAST(confidence_ppm >= {cut:d} AS INTEGER)" for cut in self.cuts)
        places, parameters = self.places_sql(cursor, prefix)
        return f"(coalesce(1{level}, 0) * {self.n_places} + {places})", parameters

    @property
    def n_places(self) -> int:
        """How many codes there are of segments alone."""
        return math.prod(len(groups) + 1 for _, groups in self.segments)

    def places_sql(
        self, cursor: duckdb.DuckDBPyConnection, prefix: str = "apart"
    ) -> tuple[str, dict[str, list[str]]]:
        """`sql` of a claim's segments alone, a number from 0 to `n_places` - 1."""
        known = {name.lower(): name for name in segment_dimensions(cursor)}
        code = "CAST(0 AS BIGINT)"
        parameters: dict[str, list[str]] = {}
        for i, (dimension, groups) in enumerate(self.segments):
            cases = ""
            if dimension.lower() in known:
                value = kept_sql(quoted(f"seg_{known[dimension.lower()]}"))
                for j, group in enumerate(groups):
                    name = f"{prefix}_{i}_{j}"
                    parameters[name] = list(group)
                    cases += f" WHEN list_contains(${name}, {value}) THEN {j + 1}"
            place = f"CASE{cases} ELSE 0 END" if cases else "0"
            code = f"({code} * {len(groups) + 1} + {place})"
        return code, parameters

    def claim(self, code: int) -> tuple[float | None, dict[str, str]]:
        """Confidence and segments of a claim with a code: the least confidence there is to it."""
        segments = {}
        for dimension, groups in reversed(self.segments):
            code, place = divmod(code, len(groups) + 1)
            if place:
                segments[dimension] = groups[place - 1][0]
        if code == 0:
            return None, segments
        return (0, *self.cuts)[code - 1] / PPM, segments


#: Nothing but whether a confidence is stated.
NOTHING = Apart()
