"""What the claims of every signal say of themselves: versions, what was done, what came, by whom.

Each function is one scan over the whole ledger, for pages that look at all signals at once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb

from core.events import PPM
from core.ledger.sql import quoted
from core.queries.base.dimensions import segment_dimensions
from core.queries.base.kept.days import day_sums
from core.queries.base.seen.fingerprints_seen import FIELDS
from core.queries.base.together.asked_once import once
from core.queries.base.together.snapshot import snapshot


@dataclass(frozen=True)
class VersionClaims:
    """The claims of one signal, fingerprint and split.

    Attributes:
        signal: its signal.
        fields: the fingerprint's stated fields, name → value.
        split: tuning, heldout or production.
        n_claims: claims, unstated ones included.
        n_named: those that name their input.
        n_automated: those logged as automated.
        n_automated_labelled: automated ones with an outcome.
        n_known: claims with an outcome.
        n_drawn: labelled claims whose label was drawn with a logged chance below one.
        n: settled labelled claims that state a confidence.
        stated: Σ confidence over these.
        right: Σ outcome over these.
        first_ts, last_ts: times of the first and the last claim, UTC without zone.
    """

    signal: str
    fields: tuple[tuple[str, str], ...]
    split: str
    n_claims: int
    n_named: int
    n_automated: int
    n_automated_labelled: int
    n_known: int
    n_drawn: int
    n: int
    stated: float
    right: int
    first_ts: datetime
    last_ts: datetime


@once
def accounts(
    cursor: duckdb.DuckDBPyConnection, *, settled: datetime, now: datetime
) -> tuple[VersionClaims, ...]:
    """Every signal, fingerprint and split that has a claim, by signal and first time.

    Args:
        settled: labels count of claims made before it, UTC without zone.
        now: claims up to then.
    """
    # What is kept is kept by whole days.
    counted = _kept if settled.time() == time() or settled > now else _counted
    rows = counted(cursor, settled, now)
    found = []
    for signal, split, *rest in rows:
        values, numbers = rest[: len(FIELDS)], rest[len(FIELDS) :]
        stated = zip(FIELDS, values, strict=True)
        fields = tuple(sorted((name, value) for name, value in stated if value is not None))
        claims, named, automated, acted, known, drawn, n, ppm, right = map(int, numbers[:-2])
        found.append(
            VersionClaims(
                signal=signal,
                fields=fields,
                split=split,
                n_claims=claims,
                n_named=named,
                n_automated=automated,
                n_automated_labelled=acted,
                n_known=known,
                n_drawn=drawn,
                n=n,
                stated=ppm / PPM,
                right=right,
                first_ts=numbers[-2],
                last_ts=numbers[-1],
            )
        )
    return tuple(sorted(found, key=lambda one: (one.signal, one.first_ts, one.fields, one.split)))


def claims_since(cursor: duckdb.DuckDBPyConnection, day: date) -> dict[str, int]:
    """Signal → its claims from a day on, unstated ones included; tuning ones left out."""
    with snapshot(cursor):
        rows = cursor.execute(
            f"""
            SELECT signal, CAST(sum(n_claims) AS BIGINT) FROM ({day_sums(cursor)}) AS of_day
            WHERE day >= $day AND split <> 'tuning' GROUP BY signal
            """,
            {"day": day},
        ).fetchall()
    return dict(rows)


def _kept(
    cursor: duckdb.DuckDBPyConnection, settled: datetime, now: datetime
) -> list[tuple[Any, ...]]:
    """Sums by line from days that are kept, where whole days are settled, or all of them."""
    line = ", ".join(("signal", "split", *FIELDS))
    inside = "" if settled > now else f"FILTER (day < DATE '{settled.date()}')"
    with snapshot(cursor):
        days = day_sums(cursor, before=now + timedelta(microseconds=1))
        return cursor.execute(
            f"""
            SELECT {line}, sum(n_claims), sum(n_named), sum(n_automated),
                   sum(n_automated_labelled), sum(n_labelled), sum(n_drawn),
                   coalesce(sum(n) {inside}, 0), coalesce(sum(stated) {inside}, 0),
                   coalesce(sum(n_right) {inside}, 0), min(first_ts), max(last_ts)
            FROM ({days}) AS day GROUP BY {line}
            """
        ).fetchall()


def _counted(
    cursor: duckdb.DuckDBPyConnection, settled: datetime, now: datetime
) -> list[tuple[Any, ...]]:
    """The same from the claims."""
    columns = ", ".join(FIELDS)
    return cursor.execute(
        f"""
        SELECT signal, split, {columns},
               count(*), count(input_id),
               count(*) FILTER (action = 'automate'),
               count(outcome) FILTER (action = 'automate'),
               count(outcome),
               count(outcome) FILTER (label_propensity < 1),
               count(outcome) FILTER (ts < $settled AND confidence_ppm IS NOT NULL),
               coalesce(sum(confidence_ppm) FILTER (ts < $settled AND outcome IS NOT NULL), 0),
               coalesce(sum(outcome) FILTER (ts < $settled AND confidence_ppm IS NOT NULL), 0),
               min(ts), max(ts)
        FROM claims WHERE ts <= $now
        GROUP BY signal, split, {columns}
        """,
        {"settled": settled, "now": now},
    ).fetchall()


@dataclass(frozen=True)
class SegmentMoved:
    """How the share of one segment among a signal's claims moved between two times.

    Attributes:
        dimension, value: the segment; None: claims that do not name it.
        before, after: its share of the claims, in [0, 1].
        n_before, n_after: the claims of each time.
    """

    dimension: str
    value: str | None
    before: float
    after: float
    n_before: int
    n_after: int


def most_moved(
    cursor: duckdb.DuckDBPyConnection, first: datetime, middle: datetime, last: datetime
) -> dict[str, SegmentMoved]:
    """The segment whose share moved most from [first, middle) to [middle, last), per signal.

    Tuning claims are left out. A signal without claims in either time, or whose claims name no
    segment, is left out.

    Args:
        first: beginning of the earlier time, UTC without zone.
        middle: its end, and the beginning of the later one.
        last: the later one's end.
    """
    names = segment_dimensions(cursor)
    if not names:
        return {}
    columns = [quoted(f"seg_{name}") for name in names]
    every = ", ".join(columns)
    rows = cursor.execute(
        f"""
        SELECT signal, GROUPING({every}) AS which, coalesce({every}) AS value,
               count(*) FILTER (ts < $middle), count(*) FILTER (ts >= $middle)
        FROM claims
        WHERE ts >= $first AND ts < $last AND split <> 'tuning'
        GROUP BY GROUPING SETS ({", ".join(f"(signal, {one})" for one in columns)})
        """,
        {"first": first, "middle": middle, "last": last},
    ).fetchall()
    # GROUPING() sets the bit of each column summed over, the first column's the highest.
    top = len(names) - 1
    which = {((1 << len(names)) - 1) & ~(1 << (top - i)): name for i, name in enumerate(names)}
    by: defaultdict[tuple[str, str], list[tuple[str | None, int, int]]] = defaultdict(list)
    for signal, bits, value, before, after in rows:
        by[signal, which[bits]].append((value, before, after))
    found: dict[str, SegmentMoved] = {}
    for (signal, name), values in sorted(by.items()):
        old, new = sum(one[1] for one in values), sum(one[2] for one in values)
        if not old or not new or all(value is None for value, _, _ in values):
            continue
        for value, n_before, n_after in sorted(values, key=str):
            one = SegmentMoved(name, value, n_before / old, n_after / new, old, new)
            known = found.get(signal)
            if known is None or abs(one.after - one.before) > abs(known.after - known.before):
                found[signal] = one
    return found


def claims_by_import(cursor: duckdb.DuckDBPyConnection) -> dict[str, dict[int, int]]:
    """How many claims of each signal came in with which import: signal → import → claims."""
    found: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for signal, import_id, n in cursor.execute(
        "SELECT signal, import_id, count(*) FROM claims GROUP BY signal, import_id"
    ).fetchall():
        found[signal][import_id] = n
    return dict(found)


def decisions_by_seal(
    cursor: duckdb.DuckDBPyConnection, sealed_to: int
) -> dict[str, tuple[int, int]]:
    """The gate's logged answers per signal: how many are sealed, and how many are not yet.

    Args:
        sealed_to: number of the last sealed decision; 0: none is.
    """
    rows = cursor.execute(
        """
        SELECT signal, count(*) FILTER (decision_no <= $to), count(*) FILTER (decision_no > $to)
        FROM decisions WHERE signal IS NOT NULL GROUP BY signal
        """,
        {"to": sealed_to},
    ).fetchall()
    return {signal: (sealed, unsealed) for signal, sealed, unsealed in rows}
