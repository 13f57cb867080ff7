"""Cells that were counted elsewhere and loaded: of which signals, and what acts say of them.

Whether a signal's sums are of its claims here or were loaded says the trail alone, so that no other
table can say otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

from core.queries.base.together.asked_once import once

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
        at: when, UTC without zone.
        events: SHA-256 of the event log they were counted from.
    """

    seq: int
    manifest: str
    signals: Mapping[str, Mapping[str, Any]]
    weeks: Mapping[str, str]
    limits: str
    at: datetime
    events: str


@once
def loads(cursor: duckdb.DuckDBPyConnection) -> tuple[LoadAct, ...]:
    """Every act that loaded cells, in their order."""
    rows = cursor.execute(
        f"""
        SELECT seq, CAST(entry -> '$.body' AS VARCHAR), entry ->> '$.at'
        FROM (SELECT seq, entry FROM acts
              WHERE contains(entry, '"{LOADED}"') AND json_valid(entry))
        WHERE entry ->> '$.kind' = '{LOADED}' ORDER BY seq
        """
    ).fetchall()
    found = []
    for seq, text, at in rows:
        body = json.loads(text)
        found.append(
            LoadAct(
                seq,
                body["manifest_sha256"],
                {one["signal"]: one for one in body["signals"]},
                body["weeks"],
                body["limits_sha256"],
                datetime.fromisoformat(at).replace(tzinfo=None),
                body["events_sha256"],
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


def is_loaded(cursor: duckdb.DuckDBPyConnection, signal: str) -> bool:
    """Whether a signal's cells were loaded."""
    # Of one whose cells were loaded something is kept, and that is soon looked up.
    return signal in _ever_kept(cursor) and signal in loaded_signals(cursor)


@once
def _ever_kept(cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
    rows = cursor.execute("SELECT DISTINCT signal FROM kept_signals").fetchall()
    return frozenset(name for (name,) in rows)


@once
def loaded_signals(cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The signals whose cells were loaded."""
    return frozenset(name for (name,) in cursor.execute(LOADED_SIGNALS).fetchall())


def loaded_repeating(cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Those of them in which some input has several stated claims."""
    return frozenset(
        name for act in loads(cursor) for name, one in act.signals.items() if one["repeats"]
    )


@dataclass(frozen=True)
class LoadedFrom:
    """Where the numbers of a signal come from whose claims are not here.

    Attributes:
        signal: which.
        first, last: days with claims.
        at: when cells of it were loaded last, UTC without zone.
        seq: of the act.
        events: SHA-256 of the event log they were counted from then, hexadecimal.
    """

    signal: str
    first: date
    last: date
    at: datetime
    seq: int
    events: str


@once
def loaded_from(cursor: duckdb.DuckDBPyConnection, signal: str) -> LoadedFrom | None:
    """Where a signal's cells came from; None where they are counted from its claims here."""
    if not is_loaded(cursor, signal):
        return None
    newest = [act for act in loads(cursor) if signal in act.signals][-1]
    rows = cursor.execute(
        "SELECT min(day), max(day) FROM kept_days JOIN kept_lines USING (line) WHERE signal = $s",
        {"s": signal},
    ).fetchall()
    first, last = rows[0]
    if first is None:
        return None
    return LoadedFrom(signal, first, last, newest.at, newest.seq, newest.events)
