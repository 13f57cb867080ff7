"""Cells that were counted elsewhere and loaded: of which signals, and what acts say of them.

Whether a signal's sums are of its claims here or were loaded says the trail alone, so that no other
table can say otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

LOADED = "cells.loaded"
#: A query for the names of the signals whose cells were loaded.
LOADED_SIGNALS = f"""
    SELECT DISTINCT unnest(json_extract_string(entry, '$.body.signals[*].signal')) AS signal
    FROM (SELECT entry FROM acts WHERE contains(entry, '"{LOADED}"') AND json_valid(entry))
    WHERE entry ->> '$.kind' = '{LOADED}'
"""


@dataclass(frozen=True)
class LoadAct:
    """What one act says.

    Attributes:
        seq: of the act.
        manifest: SHA-256 of the manifest that was loaded.
        signals: name → what it was counted by.
        weeks: Monday → digest of its rows after the load; "" where none are left.
        limits: digest of what is kept of which signal and dimension.
    """

    seq: int
    manifest: str
    signals: Mapping[str, Mapping[str, Any]]
    weeks: Mapping[str, str]
    limits: str


def loads(cursor: duckdb.DuckDBPyConnection) -> tuple[LoadAct, ...]:
    """Every act that loaded cells, in their order."""
    rows = cursor.execute(
        f"""
        SELECT seq, CAST(entry -> '$.body' AS VARCHAR)
        FROM (SELECT seq, entry FROM acts
              WHERE contains(entry, '"{LOADED}"') AND json_valid(entry))
        WHERE entry ->> '$.kind' = '{LOADED}' ORDER BY seq
        """
    ).fetchall()
    found = []
    for seq, text in rows:
        body = json.loads(text)
        found.append(
            LoadAct(
                seq,
                body["manifest_sha256"],
                {one["signal"]: one for one in body["signals"]},
                body["weeks"],
                body["limits_sha256"],
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class LoadedTotal:
    """All that was loaded of a signal, summed; tuning claims left out.

    Attributes:
        signal: its name.
        first, last: days with claims.
        n_claims: claims.
        n: labelled ones that state a confidence.
        said, right: of these the mean confidence and the share that was right; None without any.
    """

    signal: str
    first: date
    last: date
    n_claims: int
    n: int
    said: float | None
    right: float | None

    @property
    def gap(self) -> float | None:
        """Mean confidence minus accuracy."""
        return None if self.said is None or self.right is None else self.said - self.right


def loaded_totals(cursor: duckdb.DuckDBPyConnection) -> tuple[LoadedTotal, ...]:
    """What was loaded, a row for each signal, by name."""
    rows = cursor.execute(
        f"""
        SELECT signal, min(day), max(day), CAST(sum(n_claims) AS BIGINT), CAST(sum(n) AS BIGINT),
               sum(stated) / 1e6 / nullif(sum(n), 0), sum(n_right) / nullif(sum(n), 0)
        FROM kept_days JOIN kept_lines USING (line)
        WHERE signal IN ({LOADED_SIGNALS}) AND split <> 'tuning'
        GROUP BY signal ORDER BY signal
        """
    ).fetchall()
    return tuple(LoadedTotal(*row) for row in rows)


def due_digests(acts: tuple[LoadAct, ...]) -> dict[str, tuple[int, str]]:
    """Monday → the newest act that says its digest, and the digest."""
    return {monday: (act.seq, digest) for act in acts for monday, digest in act.weeks.items()}


def loaded_signals(cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The signals whose cells were loaded."""
    return frozenset(name for (name,) in cursor.execute(LOADED_SIGNALS).fetchall())
