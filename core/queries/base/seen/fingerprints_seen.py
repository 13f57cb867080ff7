"""Which fingerprints have made claims or asked the gate, and since when."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import duckdb

from core.defaults import IN_USE
from core.queries.base.claims_sql import selected_claims
from core.queries.base.fingerprint_fields import FIELDS
from core.queries.base.kept.days import day_sums
from core.queries.base.selection import Selection
from core.queries.base.together.snapshot import snapshot

__all__ = ["FIELDS", "Seen", "fingerprints_in", "fingerprints_seen", "in_use"]


@dataclass(frozen=True)
class Seen:
    """One fingerprint of one signal.

    Attributes:
        signal: its signal.
        fields: its stated fields, name → value.
        n_claims: its claims, unstated ones included; tuning and heldout ones too.
        first_ts, last_ts: times of its first and last claim or question to the gate, UTC without
            zone.
    """

    signal: str
    fields: tuple[tuple[str, str], ...]
    n_claims: int
    first_ts: datetime
    last_ts: datetime


def in_use(seen: Iterable[Seen], signal: str) -> tuple[Seen, ...]:
    """The versions of a signal whose last claim is not long before the signal's own, newest first.

    A version is a fingerprint: model, prompt, settings, calibrator and way of asking.
    """
    mine = sorted(
        (one for one in seen if one.signal == signal), key=lambda one: one.last_ts, reverse=True
    )
    return tuple(one for one in mine if one.last_ts >= mine[0].last_ts - IN_USE)


def fingerprints_seen(
    cursor: duckdb.DuckDBPyConnection, until: datetime | None = None
) -> tuple[Seen, ...]:
    """Every fingerprint that made a claim or was asked about, by signal and first time.

    Args:
        until: claims and questions up to this time only, UTC without zone; None: all.
    """
    columns = ", ".join(FIELDS)
    found: dict[tuple[str, tuple[tuple[str, str], ...]], Seen] = {}
    before = None if until is None else until + timedelta(microseconds=1)
    with snapshot(cursor):
        rows = cursor.execute(
            f"""
            SELECT signal, {columns}, CAST(sum(n_claims) AS BIGINT), min(first_ts), max(last_ts)
            FROM ({day_sums(cursor, before=before)}) AS day
            GROUP BY signal, {columns}
            """
        ).fetchall()
    for signal, *values, n, first, last in rows:
        stated = zip(FIELDS, values, strict=True)
        fields = tuple(sorted((name, value) for name, value in stated if value is not None))
        found[signal, fields] = Seen(signal, fields, n, first, last)
    for signal, fingerprint, first, last in cursor.execute(
        """
        SELECT signal, fingerprint, min(decided_at), max(decided_at) FROM decisions
        WHERE signal IS NOT NULL AND ($until IS NULL OR decided_at <= $until)
        GROUP BY signal, fingerprint
        """,
        {"until": until},
    ).fetchall():
        fields = tuple(sorted(json.loads(fingerprint).items()))
        known = found.get((signal, fields))
        if known is None:
            found[signal, fields] = Seen(signal, fields, 0, first, last)
        else:
            found[signal, fields] = replace(
                known, first_ts=min(known.first_ts, first), last_ts=max(known.last_ts, last)
            )
    return tuple(sorted(found.values(), key=lambda one: (one.signal, one.first_ts, one.fields)))


def fingerprints_in(
    cursor: duckdb.DuckDBPyConnection, selection: Selection
) -> tuple[tuple[tuple[str, str], ...], ...]:
    """The fingerprints that made the selected claims, as `Seen.fields`; most claims first."""
    source = selected_claims(cursor, selection, {name: name for name in FIELDS})
    columns = ", ".join(FIELDS)
    rows = cursor.execute(
        f"""
        SELECT {columns} FROM ({source.sql}) AS claim
        GROUP BY {columns} ORDER BY count(*) DESC, {columns}
        """,
        source.parameters,
    ).fetchall()
    return tuple(
        tuple(sorted((name, value) for name, value in zip(FIELDS, row, strict=True) if value))
        for row in rows
    )
