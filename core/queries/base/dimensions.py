"""What claims can be grouped and filtered by, and how each dimension reads in SQL and in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

import duckdb

from core.ledger.errors import BadValue, UnknownDimension
from core.ledger.sql import quoted
from core.measure.cells.bins import ECE_BINS
from core.queries.base.segment_names import kept_sql
from core.queries.base.selection import BAND_DIMENSION, CLAIM_DIMENSIONS, TIME_DIMENSIONS
from core.queries.base.together.asked_once import once

#: The ECE bin of a stated confidence in whole millionths, as `core.measure.cells.cells.ece_bin` has
#: it: (lo, hi], zero in the first. NULL for an unstated one.
ECE_BIN_SQL = """
    CAST(CASE WHEN confidence_ppm = 0 THEN 0 ELSE (confidence_ppm - 1) // 100000 END AS TINYINT)
""".strip()

#: The hundredth 0 … 100 it lies in, as `core.measure.cells.cells.hundredth` has it.
HUNDREDTH_SQL = "CAST((confidence_ppm + 9999) // 10000 AS TINYINT)"

_FIRST_MONDAY = date(1970, 1, 5)
_EPOCH = date(1970, 1, 1)
DAY_SQL = f"date_diff('day', DATE '{_EPOCH}', ts)"
#: Weeks as whole numbers: 0 is the one that begins on Monday 1970-01-05.
WEEK_SQL = f"CAST(floor(date_diff('day', DATE '{_FIRST_MONDAY}', ts) / 7.0) AS INTEGER)"
_WEEK_LABEL = re.compile(r"(\d{4})-W(\d{2})")

Parameter = str | int | datetime | list[str] | list[int] | list[datetime] | list[str | None]


@dataclass(frozen=True)
class Dimension:
    """One dimension.

    Attributes:
        name: as `--by` and `--where` take it.
        sql: its value as an expression over the table claims: text, or for times and bands a
            whole number that `label` turns into text.
        kind: which of these it is.
    """

    name: str
    sql: str
    kind: Literal["text", "segment", "week", "day", "band"]

    def label(self, value: str | int | None) -> str | None:
        """The value in words: "2026-W47", "2026-11-23", "0.8–0.9", or the text itself."""
        if value is None or isinstance(value, str):
            return value
        if self.kind == "week":
            return week_label(week_start(value))
        if self.kind == "day":
            return (_EPOCH + timedelta(days=value)).isoformat()
        return BAND_LABELS[value]

    def condition(
        self, values: Sequence[str | None], prefix: str
    ) -> tuple[str, dict[str, Parameter]]:
        """SQL that holds for claims with one of ``values``, and its parameters.

        Times and bands become ranges of ts and confidence_ppm, which DuckDB checks against whole
        row groups before reading them.
        """
        stated = [value for value in values if value is not None]
        if self.kind in ("text", "segment"):
            names = [f"{prefix}_{i}" for i in range(len(stated))]
            parts = [f"{self.sql} IN ({', '.join('$' + name for name in names)})"] if names else []
            parameters: dict[str, Parameter] = dict(zip(names, stated, strict=True))
        else:
            parts, parameters = [], {}
            for i, value in enumerate(stated):
                low, high = self._range(value)
                parameters |= {f"{prefix}_{i}_low": low, f"{prefix}_{i}_high": high}
                column = "confidence_ppm" if self.kind == "band" else "ts"
                parts.append(f"({column} >= ${prefix}_{i}_low AND {column} < ${prefix}_{i}_high)")
        if None in values:
            column = "confidence_ppm" if self.kind == "band" else self.sql
            parts.append(f"{column} IS NULL")
        return f"({' OR '.join(parts)})" if parts else "FALSE", parameters

    def _range(self, value: str) -> tuple[Parameter, Parameter]:
        """The half-open range [low, high) of ts or confidence_ppm that ``value`` stands for."""
        try:
            if self.kind == "band":
                band = BAND_LABELS.index(value)
                width = 1_000_000 // ECE_BINS
                return (band * width + 1 if band else 0), (band + 1) * width + 1
            if self.kind == "week":
                match = _WEEK_LABEL.fullmatch(value)
                if match is None:
                    raise ValueError(value)
                first = date.fromisocalendar(int(match[1]), int(match[2]), 1)
                return _midnight(first), _midnight(first + timedelta(weeks=1))
            first = date.fromisoformat(value)
            return _midnight(first), _midnight(first + timedelta(days=1))
        except ValueError:
            shape = {"band": BAND_LABELS[8], "week": "2026-W47", "day": "2026-11-23"}[self.kind]
            raise BadValue(f"{value!r} is no {self.name}; write it like {shape}.") from None


#: "0.0–0.1" … "0.9–1.0", one for each ECE bin.
BAND_LABELS = tuple(f"{i / ECE_BINS:.1f}–{(i + 1) / ECE_BINS:.1f}" for i in range(ECE_BINS))


def week_label(day: date) -> str:
    """The ISO week of a day: "2026-W47"."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def week_start(week: int) -> date:
    """The Monday of a week numbered as in `WEEK_SQL`."""
    return _FIRST_MONDAY + timedelta(weeks=week)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


@once
def segment_dimensions(cursor: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """The segment dimensions of the ledger, ascending; each is a column ``seg_<dimension>``.

    Those that loaded cells are counted by are among them.
    """
    rows = cursor.execute(
        """
        SELECT dimension FROM segment_dimensions
        UNION SELECT dimension FROM kept_dimensions WHERE dimension <> 'action'
        ORDER BY dimension
        """
    ).fetchall()
    return tuple(name for (name,) in rows)


def logged_values(
    cursor: duckdb.DuckDBPyConnection, signal: str, dimension: str
) -> tuple[str, ...]:
    """The values of a segment dimension that a signal's claims state, ascending.

    Args:
        dimension: one of `segment_dimensions`.
    """
    value = kept_sql(quoted(f"seg_{dimension}"))
    rows = cursor.execute(
        f"""
        SELECT DISTINCT {value} AS value FROM claims
        WHERE signal = $signal AND {value} IS NOT NULL
        ORDER BY value
        """,
        {"signal": signal},
    ).fetchall()
    return tuple(value for (value,) in rows)


def dimensions_named(
    cursor: duckdb.DuckDBPyConnection, names: Iterable[str]
) -> dict[str, Dimension]:
    """The dimensions of these names."""
    found: dict[str, Dimension] = {}
    segments: tuple[str, ...] | None = None
    for name in names:
        if name in CLAIM_DIMENSIONS:
            found[name] = Dimension(name, quoted(name), "text")
        elif name == "week":
            found[name] = Dimension(name, WEEK_SQL, "week")
        elif name == "day":
            found[name] = Dimension(name, DAY_SQL, "day")
        elif name == BAND_DIMENSION:
            found[name] = Dimension(name, ECE_BIN_SQL, "band")
        else:
            segments = segment_dimensions(cursor) if segments is None else segments
            if name not in segments:
                known = ", ".join((*CLAIM_DIMENSIONS, *TIME_DIMENSIONS, BAND_DIMENSION, *segments))
                raise UnknownDimension(f"There is no dimension {name!r}; there are: {known}.")
            found[name] = Dimension(name, quoted(f"seg_{name}"), "segment")
    return found
