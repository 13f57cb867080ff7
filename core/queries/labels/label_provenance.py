"""What labelled claims rest on: the days they were made on, how and when their labels came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.events import PPM
from core.queries.base.claims_sql import selected_claims
from core.queries.base.dimensions import dimensions_named
from core.queries.base.group_keys import Key
from core.queries.base.kept.at_hand import needs_claims
from core.queries.base.many import Row, Rows, Wanted, rows_of
from core.queries.base.seen.fingerprints_seen import FIELDS
from core.queries.base.selection import SOURCE_DIMENSION, Selection
from core.queries.base.together.asking import AskedOfMany, answered, ask
from core.queries.base.together.snapshot import snapshot
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
    return answered(cursor, ask(DaysAsked(selection, tuple(dimensions), high_from)))


@dataclass(frozen=True)
class DaysAsked(AskedOfMany[Mapping[tuple[str | None, str | None], LabelledDays]]):
    """A question that `labelled_days` answers, of which many can be asked together."""

    selection: Selection
    dimensions: tuple[str, ...] = ()
    high_from: float = 0.9

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[DaysAsked]
    ) -> Sequence[Mapping[tuple[str | None, str | None], LabelledDays]]:
        """The days of each."""
        found: list[Mapping[tuple[str | None, str | None], LabelledDays]] = [{} for _ in asked]
        with snapshot(cursor):
            wanted = [
                Wanted(
                    one.selection,
                    ((), *((name,) for name in one.dimensions)),
                    one.dimensions,
                    high_ppm=round(one.high_from * PPM),
                )
                for one in asked
            ]

            def columns(one: Wanted) -> dict[str, str]:
                known = dimensions_named(cursor, one.names)
                keys = {f"key_{i}": known[name].sql for i, name in enumerate(one.names)}
                return keys | {"day": "CAST(ts AS DATE)", "ppm": "confidence_ppm"}

            for rows in rows_of(cursor, wanted, columns, also="confidence_ppm IS NOT NULL"):
                counted = _kept_days(cursor, rows) if rows.kept else _counted_days(cursor, rows)
                names = _names_of(rows.wanted.names)
                for place, own in rows.rows(counted):
                    found[place] = {
                        (names[bits], value): LabelledDays(n, high) for bits, value, n, high in own
                    }
        return found


def _kept_days(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> list[Row]:
    """The days of each group from what is kept."""
    listed = ", ".join(f"key_{i}" for i in range(len(rows.wanted.names)))
    return cursor.execute(
        f"""
        SELECT {rows.asked}which, value, CAST(sum(bit_count(days)) AS BIGINT),
               CAST(coalesce(sum(bit_count(high)), 0) AS BIGINT)
        FROM (
            SELECT {rows.asked}which,
                   {f"coalesce({listed})" if listed else "NULL"} AS value, week,
                   bit_or(CAST(weekdays AS INTEGER)) AS days,
                   bit_or(CAST(weekdays AS INTEGER)) FILTER (high) AS high
            FROM ({rows.source.sql}) AS kept
            WHERE place >= 0 AND outcome IS NOT NULL
            GROUP BY ALL
        ) AS per_week
        GROUP BY {rows.asked}which, value
        """,
        rows.source.parameters,
    ).fetchall()


def _counted_days(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> list[Row]:
    """The same from the claims."""
    keys = [f"key_{i}" for i in range(len(rows.wanted.names))]
    listed, own = ", ".join(keys), rows.asked.split(", ")[:-1]
    value = f"coalesce({listed})" if keys else "NULL"
    which = f"GROUPING({listed})" if keys else "0"
    sets = [["day"], *([key, "day"] for key in keys)]
    return cursor.execute(
        f"""
        SELECT {rows.asked}which, value, count(*), count(*) FILTER (high)
        FROM (
            SELECT {rows.asked}{which} AS which, {value} AS value, day,
                   bool_or(ppm >= $high_ppm) AS high
            FROM ({rows.source.sql}) AS claim
            WHERE outcome IS NOT NULL
            GROUP BY GROUPING SETS ({", ".join(f"({', '.join([*own, *one])})" for one in sets)})
        ) AS per_day
        GROUP BY {rows.asked}which, value
        """,
        {**rows.source.parameters, "high_ppm": rows.wanted.high_ppm},
    ).fetchall()


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
    return answered(cursor, ask(LabellingAsked(selection)))


@dataclass(frozen=True)
class LabellingAsked(AskedOfMany[HowLabelled]):
    """A question that `how_labelled` answers, of which many can be asked together."""

    selection: Selection

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[LabellingAsked]
    ) -> Sequence[HowLabelled]:
        """How the labels of each came about."""
        found = [HowLabelled(0, 0, 0, 0, 0)] * len(asked)
        wanted = [Wanted(one.selection, (("action",),), ("action",)) for one in asked]
        columns = {"key_0": "action", "propensity": "label_propensity"}
        with snapshot(cursor):
            for rows in rows_of(cursor, wanted, lambda _: columns):
                counted = _kept_labels(cursor, rows) if rows.kept else _counted_labels(cursor, rows)
                for place, own in rows.rows(counted):
                    for numbers in own:
                        n_claims, n, n_drawn, automated, labelled, chances = map(int, numbers)
                        found[place] = HowLabelled(
                            n_claims,
                            n,
                            n_drawn,
                            automated,
                            labelled,
                            drawn_alike=n_drawn > 0 and chances == 1,
                        )
        return found


def _kept_labels(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> list[Row]:
    """The counts of each question from what is kept."""
    # How many chances there are is only asked for to know whether it is one.
    return cursor.execute(
        f"""
        SELECT {rows.asked}coalesce(sum(n), 0), coalesce(sum(n) FILTER (outcome IS NOT NULL), 0),
               coalesce(sum(n_drawn) FILTER (outcome IS NOT NULL), 0),
               coalesce(sum(n) FILTER (key_0 = 'automate'), 0),
               coalesce(sum(n) FILTER (key_0 = 'automate' AND outcome IS NOT NULL), 0),
               CASE WHEN min(CASE WHEN n_chances < n THEN 0 ELSE least END)
                             FILTER (outcome IS NOT NULL)
                         = max(coalesce(most, 0)) FILTER (outcome IS NOT NULL)
                    THEN 1 ELSE 2 END
        FROM ({rows.source.sql}) AS kept
        {_by_asked(rows)}
        """,
        rows.source.parameters,
    ).fetchall()


def _counted_labels(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> list[Row]:
    """The same from the claims."""
    return cursor.execute(
        f"""
        SELECT {rows.asked}count(*), count(outcome), count(outcome) FILTER (propensity < 1),
               count(*) FILTER (key_0 = 'automate'),
               count(outcome) FILTER (key_0 = 'automate'),
               count(DISTINCT coalesce(propensity, 0)) FILTER (outcome IS NOT NULL)
        FROM ({rows.source.sql}) AS claim
        {_by_asked(rows)}
        """,
        rows.source.parameters,
    ).fetchall()


def _by_asked(rows: Rows) -> str:
    return "GROUP BY asked" if rows.asked else ""


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
    needs_claims(cursor, signal, since, until, of=_lines_of(fingerprint))
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
    needs_claims(cursor, signal, of=_lines_of(fingerprint))
    rows = cursor.execute(
        f"""
        SELECT max(outcome_known_at), arg_max(ts, outcome_known_at) FROM claims WHERE {_STATED_BY}
        """,
        _stated_by(signal, fingerprint),
    ).fetchall()
    known, claim = rows[0]
    return None if known is None else LastLabel(known, claim)


def _lines_of(fingerprint: Mapping[str, str]) -> dict[str, Sequence[str | None]]:
    fields: dict[str, Sequence[str | None]] = {one: (fingerprint.get(one),) for one in FIELDS}
    return {**fields, "split": ("production",)}


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
