"""What labelled claims rest on: the days they were made on, how and when their labels came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.events import PPM
from core.queries.base.claims_sql import selected_claims
from core.queries.base.dimensions import dimensions_named
from core.queries.base.fingerprints_seen import FIELDS
from core.queries.base.group_keys import Key
from core.queries.base.kept.claims import kept_claims
from core.queries.base.selection import SOURCE_DIMENSION, Selection
from core.queries.base.snapshot import snapshot
from core.queries.base.truth import SOURCES


@dataclass(frozen=True)
class LabelledDays:
    """Distinct days, UTC, on which the labelled claims of a group were made.

    Attributes:
        n: of all of them.
        high: of those in the high-confidence band.
    """

    n: int
    high: int


NO_DAYS = LabelledDays(0, 0)


def labelled_days(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    dimensions: Sequence[str] = (),
    *,
    high_from: float = 0.9,
) -> Mapping[tuple[str | None, str | None], LabelledDays]:
    """On how many days labelled claims were made: cases of one day resemble each other.

    Args:
        dimensions: whose values are counted too; names of text, not of times or bands.

    Returns:
        (dimension, value) → days; (None, None) is the whole. A group without a labelled claim
        that states a confidence is left out.
    """
    kept = _kept_days(cursor, selection, dimensions, high_ppm=round(high_from * PPM))
    if kept is not None:
        return kept
    known = dimensions_named(cursor, dimensions)
    keys = {f"key_{i}": known[name].sql for i, name in enumerate(dimensions)}
    columns = {**keys, "day": "CAST(ts AS DATE)", "ppm": "confidence_ppm"}
    source = selected_claims(cursor, selection, columns, also="confidence_ppm IS NOT NULL")
    listed = "".join(f"{key}, " for key in keys)
    value = f"coalesce({listed.removesuffix(', ')})" if keys else "NULL"
    which = f"GROUPING({listed.removesuffix(', ')})" if keys else "0"
    sets = ", ".join(["(day)", *(f"({key}, day)" for key in keys)])
    rows = cursor.execute(
        f"""
        SELECT which, value, count(*), count(*) FILTER (high)
        FROM (
            SELECT {which} AS which, {value} AS value, day, bool_or(ppm >= $high_ppm) AS high
            FROM ({source.sql}) AS claim
            WHERE outcome IS NOT NULL
            GROUP BY GROUPING SETS ({sets})
        ) AS per_day
        GROUP BY which, value
        """,
        {**source.parameters, "high_ppm": round(high_from * PPM)},
    ).fetchall()
    names = _names_of(dimensions)
    return {(names[bits], value): LabelledDays(n, high) for bits, value, n, high in rows}


def _kept_days(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    dimensions: Sequence[str],
    *,
    high_ppm: int,
) -> Mapping[tuple[str | None, str | None], LabelledDays] | None:
    """The same from what is kept; None where that does not answer the question."""
    groupings = [(), *((name,) for name in dimensions)]
    with snapshot(cursor):
        kept = kept_claims(cursor, selection, groupings, dimensions, high_ppm=high_ppm)
        if kept is None:
            return None
        listed = ", ".join(f"key_{i}" for i in range(len(dimensions)))
        rows = cursor.execute(
            f"""
            SELECT which, value, CAST(sum(bit_count(days)) AS BIGINT),
                   CAST(coalesce(sum(bit_count(high)), 0) AS BIGINT)
            FROM (
                SELECT which, {f"coalesce({listed})" if listed else "NULL"} AS value, week,
                       bit_or(CAST(weekdays AS INTEGER)) AS days,
                       bit_or(CAST(weekdays AS INTEGER)) FILTER (high) AS high
                FROM ({kept.sql}) AS kept
                WHERE place >= 0 AND outcome IS NOT NULL
                GROUP BY ALL
            ) AS per_week
            GROUP BY which, value
            """,
            kept.parameters,
        ).fetchall()
    names = _names_of(dimensions)
    return {(names[bits], value): LabelledDays(n, high) for bits, value, n, high in rows}


def _names_of(dimensions: Sequence[str]) -> dict[int, str | None]:
    """What GROUPING() of all dimensions says → the one grouped by; None: none."""
    # It sets the bit of each column summed over, the first column's the highest.
    every = (1 << len(dimensions)) - 1
    found: dict[int, str | None] = {
        every & ~(1 << (len(dimensions) - 1 - i)): name for i, name in enumerate(dimensions)
    }
    found[every] = None
    return found


@dataclass(frozen=True)
class HowLabelled:
    """How the labels of a selection came about, over claims that state a confidence or not.

    Attributes:
        n_claims: claims.
        n: those with an outcome.
        n_drawn: those of them whose label was drawn with a logged chance below one.
        n_automated: claims logged as automated.
        n_automated_labelled: those of them with an outcome.
        drawn_alike: whether every label was drawn, and all with one and the same chance.
    """

    n_claims: int
    n: int
    n_drawn: int
    n_automated: int
    n_automated_labelled: int
    drawn_alike: bool = False

    @property
    def one_sided(self) -> bool:
        """Whether only what people looked at is labelled."""
        return self.n > 0 and self.n_automated >= 30 and not self.n_automated_labelled

    @property
    def fair(self) -> bool:
        """Whether the labelled claims by themselves can speak for all."""
        return not self.n_drawn and not self.one_sided


def how_labelled(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> HowLabelled:
    """How the labels of a selection came about."""
    rows = _kept_labels(cursor, selection) or _counted_labels(cursor, selection)
    n_claims, n, n_drawn, automated, labelled, chances = map(int, rows[0])
    alike = n_drawn > 0 and chances == 1
    return HowLabelled(n_claims, n, n_drawn, automated, labelled, drawn_alike=alike)


_Row = tuple[int, int, int, int, int, int]


def _kept_labels(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> list[_Row] | None:
    """The one row from what is kept; None where that does not answer the question."""
    with snapshot(cursor):
        kept = kept_claims(cursor, selection, [("action",)], ["action"])
        if kept is None:
            return None
        # How many chances there are is only asked for to know whether it is one.
        return cursor.execute(
            f"""
            SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (outcome IS NOT NULL), 0),
                   coalesce(sum(n_drawn) FILTER (outcome IS NOT NULL), 0),
                   coalesce(sum(n) FILTER (key_0 = 'automate'), 0),
                   coalesce(sum(n) FILTER (key_0 = 'automate' AND outcome IS NOT NULL), 0),
                   CASE WHEN min(CASE WHEN n_chances < n THEN 0 ELSE least END)
                                 FILTER (outcome IS NOT NULL)
                             = max(coalesce(most, 0)) FILTER (outcome IS NOT NULL)
                        THEN 1 ELSE 2 END
            FROM ({kept.sql}) AS kept
            """,
            kept.parameters,
        ).fetchall()


def _counted_labels(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> list[_Row]:
    """The one row from the claims."""
    columns = {"action": "action", "propensity": "label_propensity"}
    source = selected_claims(cursor, selection, columns)
    return cursor.execute(
        f"""
        SELECT count(*), count(outcome), count(outcome) FILTER (propensity < 1),
               count(*) FILTER (action = 'automate'),
               count(outcome) FILTER (action = 'automate'),
               count(DISTINCT coalesce(propensity, 0)) FILTER (outcome IS NOT NULL)
        FROM ({source.sql}) AS claim
        """,
        source.parameters,
    ).fetchall()


@dataclass(frozen=True)
class LabelsOf:
    """What is labelled of one fingerprint's production claims in a time.

    Attributes:
        n_claims: claims that state a confidence.
        n_inputs: distinct inputs among them; a claim that names none is one of its own.
        n: the labelled among them.
        n_labelled_inputs: distinct inputs among these.
    """

    n_claims: int
    n_inputs: int
    n: int
    n_labelled_inputs: int


@dataclass(frozen=True)
class LastLabel:
    """The last label that came of a fingerprint's production claims, UTC without zone.

    Attributes:
        known: when it came.
        claim: when its claim was made.
    """

    known: datetime
    claim: datetime


def labels_of(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    fingerprint: Mapping[str, str],
    since: datetime,
    until: datetime,
) -> LabelsOf:
    """What is labelled of one fingerprint's production claims.

    Args:
        fingerprint: field of `FIELDS` → value; a field that is not named is not stated.
        since: earliest claim time, inclusive, UTC without zone.
        until: latest claim time, exclusive.
    """
    rows = cursor.execute(
        f"""
        SELECT count(*), count(DISTINCT unit), count(outcome),
               count(DISTINCT unit) FILTER (outcome IS NOT NULL)
        FROM (
            SELECT outcome, coalesce(input_id, event_id) AS unit
            FROM claims WHERE {_STATED_BY} AND ts >= $since AND ts < $until
        ) AS claim
        """,
        {**_stated_by(signal, fingerprint), "since": since, "until": until},
    ).fetchall()
    return LabelsOf(*rows[0])


def last_label(
    cursor: duckdb.DuckDBPyConnection, signal: str, fingerprint: Mapping[str, str]
) -> LastLabel | None:
    """The last label that ever came of a fingerprint; None: none did. Arguments as above."""
    rows = cursor.execute(
        f"""
        SELECT max(outcome_known_at), arg_max(ts, outcome_known_at) FROM claims WHERE {_STATED_BY}
        """,
        _stated_by(signal, fingerprint),
    ).fetchall()
    known, claim = rows[0]
    return None if known is None else LastLabel(known, claim)


#: The stated production claims of a signal's fingerprint.
_STATED_BY = " AND ".join(
    (
        "signal = $signal AND split = 'production' AND confidence_ppm IS NOT NULL",
        *(f"{field} IS NOT DISTINCT FROM ${field}" for field in FIELDS),
    )
)


def _stated_by(signal: str, fingerprint: Mapping[str, str]) -> dict[str, str | None]:
    return {"signal": signal, **{field: fingerprint.get(field) for field in FIELDS}}


#: What labels are called that state no source.
UNSTATED = "unstated"


def label_sources_by(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, by: Sequence[str] = ()
) -> Mapping[Key, Mapping[str, int]]:
    """How many labels of each source the stated claims of each group have.

    A claim with a label that is truth and one that is not has both counted. Every source is named,
    also where it gave none.

    Args:
        by: dimensions; without any there is one group, ``()``.

    Returns:
        Key → source, `UNSTATED` last → labels; a group without a label is left out.
    """
    known = dimensions_named(cursor, by)
    named = [known[name] for name in by]
    keys = {f"key_{i}": one.sql for i, one in enumerate(named)}
    columns = {**keys, "source": SOURCE_DIMENSION}
    source = selected_claims(cursor, selection, columns, by=by, also="confidence_ppm IS NOT NULL")
    listed = "".join(f"{key}, " for key in keys)
    rows = cursor.execute(
        f"SELECT {listed}source, count(*) FROM ({source.sql}) AS label GROUP BY ALL",
        source.parameters,
    ).fetchall()
    found: dict[Key, dict[str, int]] = {}
    for *values, who, n in rows:
        key = tuple(one.label(value) for one, value in zip(named, values, strict=True))
        counts = found.setdefault(key, dict.fromkeys((*SOURCES, UNSTATED), 0))
        counts[UNSTATED if who is None else who] += n
    return found
