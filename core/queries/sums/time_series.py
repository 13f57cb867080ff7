"""Sums over time: by week or day, and by cohort at fixed ages of its labels."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.measure.cells.cells import FloatArray, GroupSums, InputSums, IntArray
from core.measure.monitoring.brier_decomposition import BrierSums, InputMoments
from core.queries.base.asking import AskedOfMany, answered, ask
from core.queries.base.claims_sql import selected_claims
from core.queries.base.dimensions import dimensions_named, week_label, week_start
from core.queries.base.group_keys import decimals, integers
from core.queries.base.in_force import states_sql
from core.queries.base.kept.at_hand import days_not_at_hand
from core.queries.base.kept.claims import KeptPlan, ages_plan, kept_ages, kept_claims, kept_steps
from core.queries.base.many import Rows, Wanted, rows_of
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection
from core.queries.base.snapshot import snapshot
from core.queries.base.truth import truth_of
from core.queries.sums.grouped_sums import grouped_sums

Period = Literal["week", "day"]

_MILLION = 1_000_000
_DAY_US = 86_400 * _MILLION


@dataclass(frozen=True)
class PeriodSums:
    """A signal over time.

    Attributes:
        labels: P periods that have a claim, "2026-W47" or "2026-11-23", oldest first.
        starts: the first day of each.
        sums: of each, to be judged together.
        brier: of each, for the Brier score and its two parts.
    """

    labels: tuple[str, ...]
    starts: tuple[date, ...]
    sums: GroupSums
    brier: BrierSums

    def __len__(self) -> int:
        return len(self.labels)


def period_sums(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    period: Period,
    *,
    high_from: float = 0.9,
) -> PeriodSums:
    """Sum a selection's claims by week (ISO) or day, UTC, of the claim.

    Sums are taken over whole millionths and are exact, up to the last conversion to floating
    point. Both scans see one state of the ledger.

    Returns:
        The sums. Periods without a claim are left out; one that has claims but no label is there.
    """
    with snapshot(cursor):
        grouped = grouped_sums(cursor, selection, [(period,)], high_from=high_from)
        labels = tuple(str(key[0]) for _, key in grouped.entries)
        brier = _brier_sums(cursor, selection, period, labels)
    starts = tuple(first_day(period, label) for label in labels)
    return PeriodSums(labels, starts, grouped.sums, brier)


def first_day(period: Period, label: str) -> date:
    """The first day of a period, by its label."""
    if period == "day":
        return date.fromisoformat(label)
    year, week = label.split("-W")
    return date.fromisocalendar(int(year), int(week), 1)


# In whole millionths, v(1−v) and (y−v)(1−2v) are whole numbers up to 10¹², their squares 10²⁴:
# past 64 bits, within DuckDB's 128. (1−2v)²v(1−v) is f − 4f² with f = v(1−v).
_PARTS = """
    SELECT {keys}ppm * ({million} - ppm) AS f,
           ({million} * y - ppm) * ({million} - 2 * ppm) AS d
    FROM (
        SELECT {keys}CAST(ppm AS BIGINT) AS ppm, CAST(outcome AS BIGINT) AS y
        FROM ({claims}) AS claim
        WHERE ppm IS NOT NULL AND outcome IS NOT NULL
    ) AS labelled
"""
_PER_CLAIM = (
    """
    SELECT period, count(*) AS n, count(*) AS inputs, count(*) AS mm, sum(ff) AS ff1,
           {sums}
    FROM (
        SELECT period, 1 AS m, CAST(f + d AS HUGEINT) AS l, CAST(f AS HUGEINT) AS f,
               CAST(d AS HUGEINT) AS d, CAST(f AS HUGEINT) * f AS ff
        FROM ("""
    + _PARTS
    + """) AS part
    ) AS unit
    GROUP BY period
"""
)
# A claim that names no input is its own, told apart by its event.
_PER_INPUT = (
    """
    SELECT period, CAST(sum(m) AS BIGINT) AS n, count(*) AS inputs, sum(m * m) AS mm,
           sum(ff) AS ff1, {sums}
    FROM (
        SELECT period, count(*) AS m, sum(f + d) AS l, sum(f) AS f, sum(d) AS d,
               sum(CAST(f AS HUGEINT) * f) AS ff
        FROM ("""
    + _PARTS
    + """) AS part
        GROUP BY period, input, own
    ) AS unit
    GROUP BY period
"""
)
# The same from sums of powers. With y = 0: f = Mv − v², d = 2v² − Mv, f + d = v²; with y = 1:
# d = M² − 3Mv + 2v², f + d = (M − v)².
_KEPT_PARTS = """
    SELECT key_0 AS period, y, sum(n) AS s0, sum(s1) AS s1, sum(s2) AS s2, sum(s3) AS s3,
           sum(s4) AS s4
    FROM (SELECT key_0, CAST(outcome AS HUGEINT) AS y, CAST(n AS HUGEINT) AS n,
                 CAST(s1 AS HUGEINT) AS s1, s2, s3, s4
          FROM ({kept}) AS kept WHERE place >= 0 AND outcome IS NOT NULL) AS labelled
    GROUP BY key_0, y
"""
_KEPT = (
    """
    WITH power AS ("""
    + _KEPT_PARTS
    + """), part AS (
        SELECT period, s0 AS n, {m} * s1 - s2 AS f, {m2} * s2 - 2 * {m} * s3 + s4 AS ff,
               y * ({m2} * s0 - 2 * {m} * s1) + s2 AS l,
               y * ({m4} * s0 - 4 * {m3} * s1 + 6 * {m2} * s2 - 4 * {m} * s3) + s4 AS ll,
               y * ({m2} * s0 - 2 * {m} * s1) - {m} * s1 + 2 * s2 AS d,
               y * ({m4} * s0 - 6 * {m3} * s1 + 12 * {m2} * s2 - 8 * {m} * s3)
               + {m2} * s2 - 4 * {m} * s3 + 4 * s4 AS dd
        FROM power
    )
    SELECT period, CAST(sum(n) AS BIGINT) AS n, CAST(sum(n) AS BIGINT) AS inputs,
           CAST(sum(n) AS DOUBLE) AS mm, CAST(sum(ff) AS DOUBLE) AS ff1,
           CAST(sum(l) AS DOUBLE) AS l_x, CAST(sum(ll) AS DOUBLE) AS l_xx,
           CAST(sum(f) AS DOUBLE) AS f_x, CAST(sum(ff) AS DOUBLE) AS f_xx,
           CAST(sum(d) AS DOUBLE) AS d_x, CAST(sum(dd) AS DOUBLE) AS d_xx
    FROM part GROUP BY period
"""
)
_QUANTITIES = ("l", "f", "d")


def _brier_sums(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    period: Period,
    labels: Sequence[str],
) -> BrierSums:
    dimension = dimensions_named(cursor, [period])[period]
    repeats = signal_repeats(cursor, selection.signal)
    table = None if repeats else _kept_brier(cursor, selection, period)
    if table is None:
        table = _counted_brier(cursor, selection, period, repeats=repeats)
    place_of = {label: i for i, label in enumerate(labels)}
    place = np.array(
        [place_of[str(dimension.label(value))] for value in table.column("period").to_pylist()],
        dtype=np.int64,
    )

    def column(name: str, power: int = 0) -> FloatArray:
        values = np.zeros(len(labels))
        values[place] = decimals(table, name)
        values /= float(_MILLION) ** power
        return values

    def moments(name: str) -> InputMoments:
        x = column(f"{name}_x", 2)
        return InputMoments(x, column(f"{name}_xx", 4), column(f"{name}_xm", 2) if repeats else x)

    brier, foretold, decalibration = (moments(name) for name in _QUANTITIES)
    return BrierSums(
        n=column("n").astype(np.int64),
        inputs=column("inputs").astype(np.int64),
        mm=column("mm"),
        brier=brier,
        foretold=foretold,
        decalibration=decalibration,
        calibrated=np.maximum(foretold.x - 4 * column("ff1", 4), 0),
    )


def _kept_brier(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, period: Period
) -> pa.Table | None:
    """The rows from what is kept; None where that does not answer the question."""
    with snapshot(cursor):
        kept = kept_claims(cursor, selection, [(period,)], [period], by=[period])
        if kept is None:
            return None
        powers = {f"m{power}": f"CAST({_MILLION**power} AS HUGEINT)" for power in (2, 3, 4)}
        query = _KEPT.format(kept=kept.sql, m=_MILLION, **powers)
        return cursor.sql(query, params=dict(kept.parameters)).to_arrow_table()


def _counted_brier(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, period: Period, *, repeats: bool
) -> pa.Table:
    """The rows from the claims."""
    dimension = dimensions_named(cursor, [period])[period]
    columns = {"period": dimension.sql, "ppm": "confidence_ppm"}
    if repeats:
        columns |= {"input": "input_id", "own": _OWN}
    source = selected_claims(cursor, selection, columns, by=[period])
    keys = "period, input, own, " if repeats else "period, "
    products = {"x": "{0}", "xx": "{0} * {0}"} | ({"xm": "{0} * m"} if repeats else {})
    sums = ", ".join(
        f"CAST(sum({product.format(name)}) AS DOUBLE) AS {name}_{of}"
        for name in _QUANTITIES
        for of, product in products.items()
    )
    query = (_PER_INPUT if repeats else _PER_CLAIM).format(
        keys=keys, million=_MILLION, claims=source.sql, sums=sums
    )
    return cursor.sql(
        f"SELECT * REPLACE (CAST(mm AS DOUBLE) AS mm, CAST(ff1 AS DOUBLE) AS ff1) FROM ({query})",
        params=dict(source.parameters),
    ).to_arrow_table()


_OWN = "CASE WHEN input_id IS NULL THEN event_id END"


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
        columns = {"input": "input_id", "own": _OWN}
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


@dataclass(frozen=True)
class CohortAges:
    """Weekly cohorts, each with what was known of it at fixed ages; W cohorts, A ages.

    Only cohorts at the same age compare: where failures are reported faster than successes, every
    young cohort looks overconfident.

    Attributes:
        weeks: ISO week of the claims, oldest first.
        ages_days: the ages, ascending.
        n_claims: shape (W,), stated claims.
        n: shape (W, A), those whose outcome was known within the age of the *claim*.
        s: shape (W, A), sum of these outcomes, as they stood at that age.
        sv: shape (W, A), sum of their confidences.
        mature: shape (W, A), whether every claim of the week has reached the age.
        repeated: shape (W, A), per-input sums where inputs repeat, else None.
    """

    weeks: tuple[str, ...]
    ages_days: tuple[int, ...]
    n_claims: IntArray
    n: IntArray
    s: IntArray
    sv: FloatArray
    mature: npt.NDArray[np.bool_]
    repeated: InputSums | None = None

    def __len__(self) -> int:
        return len(self.weeks)


def cohort_ages(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    ages_days: Sequence[int],
    *,
    as_of: datetime | None = None,
) -> CohortAges:
    """Outcomes of each weekly cohort that were known within each age.

    An outcome counts from when it was known (stated, or else imported) at most so many days after
    its claim; a corrected one as it stood at that age.

    Args:
        ages_days: ages in days, ≥ 0; sorted, each once.
        as_of: the time at which ages are reached, UTC without zone; None: the selection's
            ``as_known``, or else now.

    Returns:
        The cohorts that have a stated claim.

    Raises:
        ValueError: no age is given, or a negative one.
    """
    return answered(cursor, ask(AgesAsked(selection, ages_asked(ages_days), as_of)))


def ages_asked(ages_days: Sequence[int]) -> tuple[int, ...]:
    """Ages ascending, each once.

    Raises:
        ValueError: no age is given, or a negative one.
    """
    ages = tuple(sorted(set(ages_days)))
    if not ages or ages[0] < 0:
        raise ValueError(f"ages must be days, 0 or more, not {list(ages_days)}")
    return ages


@dataclass(frozen=True)
class AgesAsked(AskedOfMany[CohortAges]):
    """A question that `cohort_ages` answers, of which many can be asked together.

    Attributes:
        ages: ascending, each once.
    """

    selection: Selection
    ages: tuple[int, ...]
    as_of: datetime | None = None

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[AgesAsked]
    ) -> Sequence[CohortAges]:
        """The cohorts of each."""
        found: list[CohortAges | None] = [None] * len(asked)
        with snapshot(cursor):
            repeats = {
                place
                for place, one in enumerate(asked)
                if signal_repeats(cursor, one.selection.signal)
            }
            per_input = dict(_steps(cursor, asked, sorted(repeats), per_input=True))
            for place, rows in _all_steps(cursor, asked):
                found[place] = _cohorts(asked[place], rows, per_input.get(place))
        return [one for one in found if one is not None]


def _cohorts(asked: AgesAsked, rows: pa.Table, per_input: pa.Table | None) -> CohortAges:
    """The cohorts of one question from its rows of steps, and where inputs repeat, per input."""
    selection, ages = asked.selection, asked.ages
    numbers = sorted(set(integers(rows, "week").tolist()))
    repeated = None if per_input is None else _input_sums(per_input, ages, numbers)
    shape = (len(numbers), len(ages) + 1)
    place = np.searchsorted(numbers, integers(rows, "week")), integers(rows, "bucket")

    def tallied(column: str) -> IntArray:
        table = np.zeros(shape, dtype=np.int64)
        np.add.at(table, place, integers(rows, column))
        return table

    def within(column: str) -> IntArray:
        """Cumulative over ages; what came later than the last, or not at all, falls away."""
        return np.cumsum(tallied(column)[:, :-1], axis=1)

    starts = tuple(week_start(number) for number in numbers)
    now = asked.as_of or selection.as_known or datetime.now(UTC)
    now = now if now.tzinfo is None else now.astimezone(UTC).replace(tzinfo=None)
    return CohortAges(
        weeks=tuple(week_label(start) for start in starts),
        ages_days=ages,
        n_claims=tallied("n_claims").sum(axis=1),
        n=within("n"),
        s=within("s"),
        sv=within("ppm") / _MILLION,
        mature=np.array(
            [
                [now - datetime.combine(day, time()) >= timedelta(days=7 + age) for age in ages]
                for day in starts
            ],
            dtype=np.bool_,
        ).reshape(len(starts), len(ages)),
        repeated=repeated,
    )


# Each outcome that was in force adds the claim at the first age that knows it, and takes it off
# again at the age that knows the next; summed up over ages that leaves the one then in force. Where
# none was, as while labels contradict each other, there is nothing to add or to take off.
_STEPS = """
    WITH versions AS (
        SELECT {asked}week, ppm, input, own, logged.outcome AS known_outcome,
               epoch_us(known_at) - made AS late,
               lead(epoch_us(known_at) - made) OVER ordered AS next_late,
               row_number() OVER ordered AS nth
        FROM ({corrected}) AS claim
        LEFT JOIN ({states}) AS logged ON logged.event_id = {event}
        WINDOW ordered AS (PARTITION BY {event} ORDER BY known_at)
    ), steps AS (
        SELECT {asked}week, ppm, input, own, outcome AS y, CASE WHEN outcome IS NULL THEN {never}
               ELSE {bucket} END AS bucket, 1 AS sign, 1 AS first
        FROM ({plain}) AS claim
        UNION ALL
        SELECT {asked}week, ppm, input, own, known_outcome, CASE WHEN known_outcome IS NULL
               THEN {never} ELSE {bucket} END, 1, CASE WHEN nth = 1 THEN 1 ELSE 0 END
        FROM versions WHERE nth = 1 OR known_outcome IS NOT NULL
        UNION ALL
        SELECT {asked}week, ppm, input, own, known_outcome, {next_bucket}, -1, 0
        FROM versions WHERE next_late IS NOT NULL AND known_outcome IS NOT NULL
    )
"""
_BY_AGE = """
    SELECT {asked}week, CAST(bucket AS BIGINT) AS bucket, CAST(sum(first) AS BIGINT) AS n_claims,
           CAST(sum(sign) AS BIGINT) AS n, CAST(coalesce(sum(sign * y), 0) AS BIGINT) AS s,
           CAST(sum(sign * CAST(ppm AS BIGINT)) AS BIGINT) AS ppm
    FROM steps GROUP BY {asked}week, bucket
"""
_BY_AGE_AND_INPUT = """
    SELECT {asked}week, age AS bucket, count(*) AS inputs, CAST(sum(r * r) AS DOUBLE) AS rr,
           CAST(sum(r * m) AS DOUBLE) AS rm, CAST(sum(m * m) AS DOUBLE) AS mm,
           CAST(max(m) AS DOUBLE) AS most
    FROM (
        SELECT {asked}week, age, sum(sign) AS m,
               sum(sign * (CAST(ppm AS BIGINT) - 1000000 * y)) AS r
        FROM steps JOIN range({never}) AS ages(age) ON bucket <= age
        GROUP BY {asked}week, age, input, own
    )
    GROUP BY {asked}week, age
"""


def _all_steps(
    cursor: duckdb.DuckDBPyConnection, asked: Sequence[AgesAsked]
) -> Iterator[tuple[int, pa.Table]]:
    """The rows of `_steps` of each question, from what is kept where that answers it.

    Claims whose outcome was corrected are not kept by age, and looked at one by one.
    """
    plans: dict[Hashable, list[tuple[int, KeptPlan]]] = {}
    counted = []
    for place, one in enumerate(asked):
        plan = ages_plan(cursor, one.selection)
        if plan is None:
            counted.append(place)
        else:
            plans.setdefault((plan.alike or place, one.ages), []).append((place, plan))
    yield from _steps(cursor, asked, counted)
    some_corrected = {}
    for of_a_kind in plans.values():
        places = tuple(place for place, _ in of_a_kind)
        source = kept_ages(cursor, [plan for _, plan in of_a_kind])
        rows = Rows(places, Wanted(asked[places[0]].selection), source, kept=True)
        ages = asked[places[0]].ages
        # Before an age of so many days is over, so many are too young to know it.
        bucket = " + ".join(f"CAST(age_days > {age} AS BIGINT)" for age in ages)
        table = cursor.sql(
            f"""
            SELECT {rows.asked}week,
                   CASE WHEN age_days < 0 THEN {len(ages)} ELSE {bucket} END AS bucket,
                   CAST(sum(n) AS BIGINT) AS n_claims,
                   CAST(sum(CASE WHEN age_days < 0 THEN 0 ELSE n END) AS BIGINT) AS n,
                   CAST(sum(n_right) AS BIGINT) AS s, CAST(sum(s1) AS BIGINT) AS ppm
            FROM ({rows.source.sql}) AS kept
            GROUP BY ALL
            """,
            params=dict(rows.source.parameters),
        ).to_arrow_table()
        elsewhere = {
            place: plan
            for place, plan in of_a_kind
            if days_not_at_hand(cursor, asked[place].selection.signal)
        }
        for place, own in rows.tables(table):
            aged = own.filter(pc.is_valid(own.column("week")))
            if integers(own.filter(pc.is_null(own.column("week"))), "n_claims").any():
                if place in elsewhere:
                    corrected = _loaded_steps(cursor, elsewhere[place], bucket, len(ages))
                    yield place, pa.concat_tables([aged, corrected.cast(aged.schema)])
                else:
                    some_corrected[place] = aged
            else:
                yield place, aged
    for place, corrected in _steps(cursor, asked, list(some_corrected), only_corrected=True):
        aged = some_corrected[place]
        yield place, pa.concat_tables([aged, corrected.cast(aged.schema)])


def _loaded_steps(
    cursor: duckdb.DuckDBPyConnection, plan: KeptPlan, bucket: str, never: int
) -> pa.Table:
    """The same rows of corrected claims, from what was loaded.

    Args:
        bucket: SQL of how many of the ages are too young.
        never: how many ages there are.
    """
    steps = kept_steps(cursor, plan)
    return cursor.sql(
        f"""
        SELECT week, CASE WHEN age_days < 0 THEN {never} ELSE {bucket} END AS bucket,
               CAST(sum(n_claims) AS BIGINT) AS n_claims, CAST(sum(n) AS BIGINT) AS n,
               CAST(sum(n_right) AS BIGINT) AS s, CAST(sum(s1) AS BIGINT) AS ppm
        FROM ({steps.sql}) AS steps GROUP BY ALL
        """,
        params=dict(steps.parameters),
    ).to_arrow_table()


def _steps(
    cursor: duckdb.DuckDBPyConnection,
    asked: Sequence[AgesAsked],
    places: Sequence[int],
    *,
    per_input: bool = False,
    only_corrected: bool = False,
) -> Iterator[tuple[int, pa.Table]]:
    """Of some of the questions, the steps of their claims by week and age, from the claims."""
    columns = {
        "week": dimensions_named(cursor, ["week"])["week"].sql,
        "ppm": "confidence_ppm",
        "input": "input_id" if per_input else "NULL",
        "own": _OWN if per_input else "NULL",
    }
    wanted = [
        Wanted(
            asked[place].selection,
            kept=False,
            apart=(asked[place].ages, truth_of(cursor, asked[place].selection.signal)),
        )
        for place in places
    ]
    plain_columns = columns | {"late": "epoch_us(outcome_known_at) - epoch_us(ts)"}
    corrected_columns = columns | {"event": "event_id", "of": "signal", "made": "epoch_us(ts)"}
    stated = "confidence_ppm IS NOT NULL"
    for plain, corrected in zip(
        rows_of(
            cursor,
            wanted,
            lambda _: plain_columns,
            also="FALSE" if only_corrected else f"{stated} AND NOT outcome_corrected",
        ),
        rows_of(
            cursor, wanted, lambda _: corrected_columns, also=f"{stated} AND outcome_corrected"
        ),
        strict=True,
    ):
        table = _stepped(cursor, asked[places[plain.places[0]]], plain, corrected, per_input)
        for place, own in plain.tables(table):
            yield places[place], own


def _stepped(
    cursor: duckdb.DuckDBPyConnection,
    asked: AgesAsked,
    plain: Rows,
    corrected: Rows,
    per_input: bool,
) -> pa.Table:
    ages = asked.ages

    def bucket(late: str) -> str:
        """How many of the ages are too young to know it."""
        return " + ".join(f"CAST({late} > {age * _DAY_US} AS TINYINT)" for age in ages)

    truth = truth_of(cursor, asked.selection.signal)
    if plain.asked:
        # Two signals may have an event of one name, and two questions may be about one claim.
        event = "(asked || ':' || event)"
        rows = f"""(
            SELECT outcomes.* REPLACE ({event} AS event_id)
            FROM outcomes JOIN ({corrected.source.sql}) AS claim
              ON outcomes.event_id = event AND coalesce(outcomes.signal = claim.of, TRUE)
            WHERE {truth.sql("outcomes.source")})
        """
    else:
        event = "event"
        known = "TRUE" if asked.selection.as_known is None else "known_at < $as_known"
        rows = f"""(
            SELECT * FROM outcomes
            WHERE (signal IS NULL OR signal = $signal) AND {known} AND {truth.sql()}
              AND event_id IN (
                SELECT event_id FROM claims WHERE signal = $signal AND outcome_corrected))
        """
    query = _STEPS + (_BY_AGE_AND_INPUT if per_input else _BY_AGE)
    return cursor.sql(
        query.format(
            asked=plain.asked,
            event=event,
            plain=plain.source.sql,
            corrected=corrected.source.sql,
            states=states_sql(cursor, rows, truth.rank_sql("log.source")),
            bucket=bucket("late"),
            next_bucket=bucket("next_late"),
            never=len(ages),
        ),
        params=dict(plain.source.parameters),
    ).to_arrow_table()


def _input_sums(rows: pa.Table, ages: Sequence[int], numbers: Sequence[int]) -> InputSums:
    place = np.searchsorted(numbers, integers(rows, "week")), integers(rows, "bucket")

    def column(name: str, power: int) -> FloatArray:
        table = np.zeros((len(numbers), len(ages)))
        table[place] = decimals(rows, name)
        return table / float(_MILLION) ** power

    return InputSums(
        inputs=np.rint(column("inputs", 0)).astype(np.int64),
        rr=column("rr", 2),
        rm=column("rm", 1),
        mm=column("mm", 0),
        most=column("most", 0),
    )
