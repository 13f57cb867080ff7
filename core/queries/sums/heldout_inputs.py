"""The inputs of a held-out set, and when each of them came in under which version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import duckdb

from core.queries.base.fingerprint_fields import FIELDS
from core.queries.sums.validation_sample import JudgedSpan, heldout_keys

#: The values of `FIELDS`.
Version = tuple[str | None, ...]


@dataclass(frozen=True)
class HeldoutInputs:
    """The held-out set of a version, and the same inputs under any version of its signal.

    Attributes:
        n: its inputs; a claim without one is an input of its own.
        of_version: version and import → inputs of the set that came in first with that import as
            heldout claims of that version.
        of_any: import → inputs of the set that came in first with it, of whichever version.
    """

    n: int
    of_version: Mapping[tuple[Version, int], int]
    of_any: Mapping[int, int]

    def seen(self, version: Version | None, imports_to: int | None) -> int:
        """How many of its inputs were heldout claims of a version.

        Args:
            version: of which; None: of any.
            imports_to: with this import or an earlier one; None: with whichever.
        """
        if version is None:
            counts = list(self.of_any.items())
        else:
            counts = [(at, n) for (of, at), n in self.of_version.items() if of == version]
        return sum(n for at, n in counts if imports_to is None or at <= imports_to)


def heldout_inputs(cursor: duckdb.DuckDBPyConnection, judged: JudgedSpan) -> HeldoutInputs:
    """The inputs of the heldout claims among those to judge."""
    source = heldout_keys(cursor, judged)
    rows = cursor.execute(
        f"""
        WITH mine AS (SELECT DISTINCT held FROM ({source.sql}) AS claim),
        came AS (
            SELECT coalesce(input_id, event_id) AS held, [{", ".join(FIELDS)}] AS version,
                   min(import_id) AS came_with
            FROM claims WHERE signal = $signal AND split = 'heldout' GROUP BY ALL),
        ours AS (SELECT came.* FROM came SEMI JOIN mine ON mine.held = came.held)
        SELECT version, came_with, count(*) FROM ours GROUP BY ALL
        UNION ALL
        SELECT NULL, came_with, count(*)
        FROM (SELECT min(came_with) AS came_with FROM ours GROUP BY held) GROUP BY ALL
        """,
        source.parameters,
    ).fetchall()
    of_version: Counter[tuple[Version, int]] = Counter()
    of_any: Counter[int] = Counter()
    for version, came_with, n in rows:
        if version is None:
            of_any[came_with] += n
        else:
            of_version[tuple(version), came_with] += n
    return HeldoutInputs(of_any.total(), MappingProxyType(of_version), MappingProxyType(of_any))
