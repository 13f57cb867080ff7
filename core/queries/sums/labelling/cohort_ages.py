"""Weekly cohorts, and what was known of each at fixed ages of its labels."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from core.measure.cells.cells import FloatArray, InputSums, IntArray
from core.queries.base.dimensions import dimensions_named, week_label, week_start
from core.queries.base.group_keys import decimals, integers
from core.queries.base.in_force import states_sql
from core.queries.base.kept.at_hand import days_not_at_hand
from core.queries.base.kept_claims import KeptPlan, ages_plan, kept_ages, kept_steps
from core.queries.base.many import Rows, Wanted, rows_of
from core.queries.base.repeating import OWN_SQL, signal_repeats
from core.queries.base.selection import Selection
from core.queries.base.together.asking import AskedOfMany, answered, ask
from core.queries.base.together.snapshot import snapshot
from core.queries.base.truth import truth_of

_MILLION = 1_000_000
_DAY_US = 86_400 * _MILLION


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
        with snapshot(cursor):
            repeats = {
                place
                for place, one in enumerate(asked)
                if signal_repeats(cursor, one.selection.signal)
            }
            per_input = dict(_steps(cursor, asked, sorted(repeats), per_input=True))
            parts: list[list[pa.Table]] = [[] for _ in asked]
            for place, rows in _all_steps(cursor, asked):
                parts[place].append(rows)
        return [
            _cohorts(
                one, pa.concat_tables(rows, promote_options="permissive"), per_input.get(place)
            )
            for place, (one, rows) in enumerate(zip(asked, parts, strict=True))
        ]


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
    """Rows of `_steps` of each question, from what is kept where that answers it.

    Claims whose outcome was corrected are not kept by age, and looked at one by one. Weeks that a
    question cuts have rows of their own.
    """
    plans: dict[Hashable, list[tuple[int, KeptPlan]]] = {}
    counted: list[int] = []
    cut: list[tuple[int, AgesAsked]] = []
    for place, one in enumerate(asked):
        found = ages_plan(cursor, one.selection)
        if found is None:
            counted.append(place)
            continue
        plan, edges = found
        plans.setdefault((plan.alike or place, one.ages), []).append((place, plan))
        cut += [(place, replace(one, selection=edge)) for edge in edges]
    yield from _steps(cursor, asked, counted)
    yield from _steps_of(cursor, cut)
    some_corrected: list[tuple[int, AgesAsked]] = []
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
        of = dict(of_a_kind)
        for place, own in rows.tables(table):
            yield place, own.filter(pc.is_valid(own.column("week")))
            if not integers(own.filter(pc.is_null(own.column("week"))), "n_claims").any():
                continue
            whole = of[place].selection
            if days_not_at_hand(cursor, whole.signal):
                yield place, _loaded_steps(cursor, of[place], bucket, len(ages))
            else:
                some_corrected.append((place, replace(asked[place], selection=whole)))
    yield from _steps_of(cursor, some_corrected, only_corrected=True)


def _steps_of(
    cursor: duckdb.DuckDBPyConnection,
    parts: Sequence[tuple[int, AgesAsked]],
    *,
    only_corrected: bool = False,
) -> Iterator[tuple[int, pa.Table]]:
    """`_steps` of parts of questions, each with the place of the whole one."""
    asked = [one for _, one in parts]
    for part, rows in _steps(cursor, asked, range(len(asked)), only_corrected=only_corrected):
        yield parts[part][0], rows


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
        "own": OWN_SQL if per_input else "NULL",
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
    some = f"SELECT 1 FROM ({corrected.source.sql}) AS claim LIMIT 1"
    # All of it is fetched: a result that is left open keeps the connection from the next question.
    if not cursor.execute(some, corrected.source.parameters).fetchall():
        # To look for them in the log of all outcomes takes longer than all the rest.
        event, rows = "event", "(SELECT * FROM outcomes WHERE FALSE)"
    elif plain.asked:
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
