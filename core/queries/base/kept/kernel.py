"""How kept sums are worked out from claims: one kernel of SQL, whatever engine runs it.

Whole numbers only, divided where both sides are positive; weeks are whole days counted from a
Monday; nothing is read but the columns in `COLUMNS` and those of the dimensions. So other engines
give the same sums to the last bit. The tables are described in core/ledger/schema/0007_kept.sql.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.ledger.sql import literal
from core.queries.base.fingerprint_fields import FIELDS

#: The columns of a line, in the order of the table.
LINE = ("signal", *FIELDS, "split")
#: What is read of a claim, beside its dimensions.
COLUMNS = (
    *LINE,
    *("ts", "confidence_ppm", "outcome", "outcome_known_at", "outcome_corrected", "input_id"),
    *("action", "label_propensity"),
)

#: A line's cells are counted by hundredths up to so many labelled ones in a week, as a group's
#: bands are (`core.measure.cells.group_sums.banded`): beyond, whatever group they are in has ECE
#: bins as its bands.
_FINE = 10

#: Whole days from Monday 1969-12-29 on, which is never negative.
_DAYS = "(date_diff('day', DATE '1970-01-01', ts) + 3)"
#: Weeks as `core.queries.base.dimensions.WEEK_SQL` numbers them, and one more.
_WEEK = f"({_DAYS} // 7)"
_HUNDREDTH = "((confidence_ppm + 9999) // 10000)"
#: The upper edge, in hundredths, of the ECE bin that a hundredth lies in.
_EDGE = "(10 * CASE WHEN {0} <= 10 THEN 1 ELSE ({0} + 9) // 10 END)"
_UNSTATED = 101
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Counted:
    """What is counted, as relations: names of tables, or queries in brackets.

    Attributes:
        claims: claims with `COLUMNS` and the columns of the dimensions.
        lines: with the columns of kept_lines, and ``high_ppm`` of each line's signal.
    """

    claims: str
    lines: str

    def joined(self) -> str:
        """The claims as ``claim``, each with its ``line``."""
        same = " AND ".join(f"line.{one} IS NOT DISTINCT FROM claim.{one}" for one in FIELDS)
        return (
            f"{self.claims} AS claim JOIN {self.lines} AS line "
            f"ON line.signal = claim.signal AND line.split = claim.split AND {same}"
        )


def lines(claims: str) -> str:
    """The lines that claims are of, one row each; columns as `LINE`."""
    return f"SELECT DISTINCT {', '.join(LINE)} FROM {claims} AS claim"


def cells(counted: Counted, dimensions: Mapping[str, str], *, whole: bool = True) -> str:
    """The rows of kept_cells.

    Args:
        dimensions: name → SQL of its value over ``claim``.
        whole: with the rows of all claims, whose dimension is ''.
    """
    columns = [f"d{i}" for i in range(len(dimensions))]
    taken = "".join(f", {sql} AS d{i}" for i, sql in enumerate(dimensions.values()))
    sets = [*(["(code)"] if whole else []), *(f"(code, {one})" for one in columns)]

    def chosen(of: Sequence[str], otherwise: str) -> str:
        cases = " ".join(
            f"WHEN GROUPING({one}) = 0 THEN {value}" for one, value in zip(columns, of, strict=True)
        )
        return f"CASE {cases} ELSE {otherwise} END" if cases else otherwise

    def coded(which: str = "") -> str:
        return f"""
            SELECT (((CAST(line AS BIGINT) * 16384 + week) * 128
                    + CASE WHEN v IS NULL THEN {_UNSTATED}
                           WHEN outcome IS NULL THEN {_EDGE.format("hundredth")}
                           ELSE hundredth END) * 2 + high) * 3 + coalesce(outcome, 2) AS code,
                   v, v * v AS v2, CAST(v * v AS HUGEINT) * v AS v3,
                   CAST(v * v AS HUGEINT) * (v * v) AS v4, chance,
                   CASE WHEN chance < 1 THEN 1 END AS drawn,
                   CASE weekday WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 4 WHEN 3 THEN 8
                                WHEN 4 THEN 16 WHEN 5 THEN 32 ELSE 64 END AS weekday
                   {"".join(f", {one}" for one in columns)}
            FROM (
                SELECT line, {_WEEK} AS week, {_DAYS} % 7 AS weekday, outcome,
                       CAST(confidence_ppm AS BIGINT) AS v, {_HUNDREDTH} AS hundredth,
                       CASE WHEN confidence_ppm >= high_ppm THEN 1 ELSE 0 END AS high,
                       label_propensity AS chance{taken}
                FROM {counted.joined()} {which}
            ) AS stated
        """

    names = [literal(name) for name in dimensions]
    dimension, value = chosen(names, "''"), chosen(columns, "NULL")
    key = f"code, {dimension} AS dimension, {value} AS value"
    by = f"GROUP BY GROUPING SETS ({', '.join(sets)})"
    # Few claims say how likely they were drawn: those are counted by themselves, and all others
    # are spared what it takes.
    return f"""
        WITH coded AS ({coded()}), chances AS ({coded("WHERE label_propensity IS NOT NULL")}),
        summed AS (
            SELECT {key},
                   count(*) AS n, sum(v) AS s1, sum(v2) AS s2, sum(v3) AS s3, sum(v4) AS s4,
                   0 AS n_chances, 0 AS n_drawn, CAST(NULL AS DOUBLE) AS least,
                   CAST(NULL AS DOUBLE) AS most, bit_or(weekday) AS weekdays
            FROM coded {by}
            UNION ALL
            SELECT {key},
                   0 AS n, 0 AS s1, 0 AS s2, 0 AS s3, 0 AS s4,
                   count(chance) AS n_chances, count(drawn) AS n_drawn, min(chance) AS least,
                   max(chance) AS most, 0 AS weekdays
            FROM chances {by}
        ), apart AS (
            SELECT code // 768 AS unit, code // 6 % 128 AS place, code // 3 % 2 AS high,
                   code % 3 AS state, summed.*
            FROM summed
        ), coarse AS (
            SELECT unit, dimension, value FROM apart
            WHERE place < {_UNSTATED} AND state < 2
            GROUP BY unit, dimension, value HAVING count(DISTINCT place) > {_FINE}
        ), placed AS (
            SELECT apart.unit AS unit, apart.dimension AS dimension, apart.value AS value,
                   CASE WHEN apart.place = {_UNSTATED} THEN -1
                        WHEN state < 2 AND coarse.unit IS NOT NULL
                        THEN {_EDGE.format("apart.place")}
                        ELSE apart.place END AS place,
                   CASE WHEN apart.place = {_UNSTATED} THEN 0
                        WHEN state < 2 AND coarse.unit IS NULL THEN 1 ELSE 10 END AS width,
                   high, state, n, s1, s2, s3, s4, n_chances, n_drawn, least, most, weekdays
            FROM apart LEFT JOIN coarse ON coarse.unit = apart.unit
                AND coarse.dimension = apart.dimension
                AND coarse.value IS NOT DISTINCT FROM apart.value
        )
        SELECT CAST(unit // 16384 AS INTEGER) AS line, CAST(unit % 16384 - 1 AS INTEGER) AS week,
               dimension, value, CAST(place AS SMALLINT) AS place, CAST(width AS SMALLINT) AS width,
               high = 1 AS high, CAST(CASE WHEN state < 2 THEN state END AS TINYINT) AS outcome,
               CAST(sum(n) AS BIGINT) AS n, CAST(coalesce(sum(s1), 0) AS BIGINT) AS s1,
               CAST(coalesce(sum(s2), 0) AS HUGEINT) AS s2,
               CAST(coalesce(sum(s3), 0) AS HUGEINT) AS s3,
               CAST(coalesce(sum(s4), 0) AS HUGEINT) AS s4,
               CAST(sum(n_chances) AS BIGINT) AS n_chances, CAST(sum(n_drawn) AS BIGINT) AS n_drawn,
               min(least) AS least, max(most) AS most,
               CAST(bit_or(weekdays) AS SMALLINT) AS weekdays
        FROM placed
        GROUP BY unit, dimension, value, place, width, high, state
    """


def values(counted: Counted, dimensions: Mapping[str, str]) -> str:
    """The rows of kept_values.

    Args:
        dimensions: name → SQL of its value over ``claim``; the action is told apart anyway.
    """
    columns = [f"d{i}" for i in range(len(dimensions))]
    taken = "".join(f", {sql} AS d{i}" for i, sql in enumerate(dimensions.values()))
    kind = "line, action, confidence_ppm, outcome, chance"
    sets = [f"({kind}, day)", *(f"({kind}, monday, {one})" for one in columns)]
    named = [literal(name) for name in dimensions]
    names, values = (
        " ".join(
            f"WHEN GROUPING({one}) = 0 THEN {of}" for one, of in zip(columns, ofs, strict=True)
        )
        for ofs in (named, columns)
    )
    day = "CASE WHEN GROUPING(day) = 0 THEN day ELSE monday END" if columns else "day"
    return f"""
        WITH taken AS (
            SELECT line, action, confidence_ppm, outcome, label_propensity AS chance,
                   {_DAYS} - 3 AS day, {_DAYS} // 7 * 7 - 3 AS monday{taken}
            FROM {counted.joined()}
        )
        SELECT line, CAST({day} AS INTEGER) AS day,
               {f"CASE {names} ELSE '' END" if columns else "''"} AS dimension,
               {f"CASE {values} END" if columns else "CAST(NULL AS VARCHAR)"} AS value,
               action, confidence_ppm, outcome, chance, count(*) AS n
        FROM taken GROUP BY GROUPING SETS ({", ".join(sets)})
    """


#: What kept_days has of the claims of a line and day.
DAY_SUMS = {
    "n_claims": "count(*)",
    "n_unstated": "count(*) - count(confidence_ppm)",
    "n_named": "count(input_id)",
    "n_automated": "count(CASE WHEN action = 'automate' THEN 1 END)",
    "n_automated_labelled": "count(CASE WHEN action = 'automate' THEN outcome END)",
    "n_labelled": "count(outcome)",
    "n_drawn": "count(CASE WHEN label_propensity < 1 THEN outcome END)",
    "n": "count(CASE WHEN confidence_ppm IS NOT NULL THEN outcome END)",
    "stated": "CAST(coalesce(sum(CASE WHEN outcome IS NOT NULL THEN confidence_ppm END), 0) "
    "AS BIGINT)",
    "n_right": "CAST(coalesce(sum(CASE WHEN confidence_ppm IS NOT NULL THEN outcome END), 0) "
    "AS BIGINT)",
    "first_ts": "min(ts)",
    "last_ts": "max(ts)",
}


def line_days(claims: str) -> str:
    """The sums of claims by line and day, each line by its columns (`LINE`) and not its number."""
    sums = ", ".join(f"{sql} AS {name}" for name, sql in DAY_SUMS.items())
    line = ", ".join(LINE)
    return (
        f"SELECT {line}, CAST(ts AS DATE) AS day, {sums} FROM {claims} AS claim "
        f"GROUP BY {line}, CAST(ts AS DATE)"
    )


def numbered_days(line_days: str, lines: str) -> str:
    """The rows of kept_days from `line_days`; arguments as of `Counted`."""
    joined = Counted(line_days, lines).joined()
    return f"SELECT line, day, {', '.join(DAY_SUMS)} FROM {joined}"


def days(counted: Counted) -> str:
    """The rows of kept_days."""
    sums = ", ".join(f"{sql} AS {name}" for name, sql in DAY_SUMS.items())
    return f"""
        SELECT line, CAST(ts AS DATE) AS day, {sums}
        FROM {counted.joined()}
        GROUP BY line, CAST(ts AS DATE)
    """


def _whole_days(microseconds: str) -> str:
    """Rounded up, at least 0."""
    return (
        f"CASE WHEN {microseconds} <= 0 THEN 0 "
        f"ELSE ({microseconds} + {_DAY_US - 1}) // {_DAY_US} END"
    )


def steps(states: Counted) -> str:
    """The rows of kept_steps.

    Args:
        states: instead of claims, what was in force of each stated claim whose outcome was
            corrected, from each ``moment`` on: ``state`` is 1, 0 or NULL. Claims are told apart by
            signal and ``event_id``.
    """
    ordered = "OVER (PARTITION BY claim.signal, claim.event_id ORDER BY moment)"
    late = "(epoch_us(moment) - epoch_us(ts))"
    return f"""
        WITH versions AS (
            SELECT line, {_WEEK} AS week, CAST(confidence_ppm AS BIGINT) AS v, state,
                   {late} AS late, lead({late}) {ordered} AS next_late,
                   row_number() {ordered} AS nth
            FROM {states.joined()}
        ), stepped AS (
            SELECT line, week,
                   CASE WHEN state IS NULL THEN -1 ELSE {_whole_days("late")} END AS age,
                   CASE WHEN nth = 1 THEN 1 ELSE 0 END AS firsts,
                   CASE WHEN state IS NULL THEN 0 ELSE 1 END AS sign, state, v
            FROM versions WHERE nth = 1 OR state IS NOT NULL
            UNION ALL
            SELECT line, week, {_whole_days("next_late")} AS age, 0 AS firsts, -1 AS sign, state, v
            FROM versions WHERE next_late IS NOT NULL AND state IS NOT NULL
        )
        SELECT line, CAST(week - 1 AS INTEGER) AS week, CAST(age AS INTEGER) AS age_days,
               CAST(sum(firsts) AS BIGINT) AS n_claims, CAST(sum(sign) AS BIGINT) AS n,
               CAST(coalesce(sum(sign * state), 0) AS BIGINT) AS n_right,
               CAST(sum(sign * v) AS BIGINT) AS s1
        FROM stepped GROUP BY line, week, age
    """


def ages(counted: Counted) -> str:
    """The rows of kept_ages."""
    late = "(epoch_us(outcome_known_at) - epoch_us(ts))"
    return f"""
        SELECT line, CAST(week - 1 AS INTEGER) AS week, CAST(age_days AS INTEGER) AS age_days,
               count(*) AS n, CAST(coalesce(sum(outcome), 0) AS BIGINT) AS n_right,
               CAST(sum(v) AS BIGINT) AS s1
        FROM (
            SELECT line, {_WEEK} AS week, outcome, CAST(confidence_ppm AS BIGINT) AS v,
                   CASE WHEN outcome IS NULL THEN -1 ELSE {_whole_days(late)} END AS age_days
            FROM {counted.joined()}
            WHERE confidence_ppm IS NOT NULL AND NOT outcome_corrected
        ) AS aged
        GROUP BY line, week, age_days
    """
