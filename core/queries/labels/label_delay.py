"""What came in, what was refused and why, how much is labelled and how late."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import duckdb

from core.queries.base.dimensions import WEEK_SQL, week_label, week_start
from core.queries.base.kept.at_hand import needs_claims
from core.terms import USUAL, Terms

DELAY_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True)
class Import:
    """One file that came in; the counts are of its rows, as the import's summary gave them."""

    import_id: int
    source: str
    format: str
    sha256: str
    imported_at: datetime
    n_read: int
    n_new: int
    n_duplicate: int
    n_unstated: int
    n_quarantined: int
    n_attached: int
    n_held: int
    n_corrected: int
    first_ts: datetime | None
    last_ts: datetime | None
    notices: tuple[str, ...]


def imports(cursor: duckdb.DuckDBPyConnection) -> tuple[Import, ...]:
    """Every import, newest first."""
    rows = cursor.execute(
        """
        SELECT import_id, source, format, sha256, imported_at, n_read, n_new, n_duplicate,
               n_unstated, n_quarantined, n_attached, n_held, n_corrected, first_ts, last_ts,
               notices
        FROM imports
        ORDER BY import_id DESC
        """
    ).fetchall()
    return tuple(Import(*(*row[:-1], tuple(row[-1]))) for row in rows)


@dataclass(frozen=True)
class CohortCoverage:
    """How much of one ISO week's claims is labelled; all claims, tuning ones included.

    Attributes:
        week: "2026-W47".
        first_day: its Monday.
        n_claims: stated claims.
        n: those with an outcome.
        mature: whether the week's last claim has reached the age, or the week the coverage, at
            which its measures may be read as final.
    """

    week: str
    first_day: date
    n_claims: int
    n: int
    mature: bool

    @property
    def coverage(self) -> float:
        """Labelled claims over stated claims, in [0, 1]."""
        return self.n / self.n_claims


def label_coverage(
    cursor: duckdb.DuckDBPyConnection,
    signal: str | None = None,
    *,
    terms: Mapping[str, Terms] | None = None,
    as_of: datetime | None = None,
) -> tuple[CohortCoverage, ...]:
    """Coverage of each ISO week that has a stated claim, oldest first.

    Args:
        signal: one signal; None: all together.
        terms: of the signals that have their own; a week of several signals is mature when the
            week of each is.
        as_of: the time at which ages are taken, UTC without zone; None: now.
    """
    now = as_of or datetime.now(UTC).replace(tzinfo=None)
    _all_here(cursor, signal)
    rows = cursor.execute(
        f"""
        SELECT {WEEK_SQL} AS week, signal, count(*), count(outcome)
        FROM claims
        WHERE confidence_ppm IS NOT NULL AND ($signal IS NULL OR signal = $signal)
        GROUP BY week, signal ORDER BY week
        """,
        {"signal": signal},
    ).fetchall()
    cohorts = []
    for week, parts in groupby(rows, key=lambda row: row[0]):
        monday = week_start(week)
        end = datetime.combine(monday + timedelta(weeks=1), datetime.min.time())
        n_claims = n = 0
        mature = True
        for _, name, stated, labelled in parts:
            maturity = (terms or {}).get(name, USUAL).maturity
            mature = mature and maturity.reached(end, labelled, stated, now)
            n_claims, n = n_claims + stated, n + labelled
        cohorts.append(CohortCoverage(week_label(monday), monday, n_claims, n, mature))
    return tuple(cohorts)


def _all_here(cursor: duckdb.DuckDBPyConnection, signal: str | None) -> None:
    """Of all signals together those claims count that are here."""
    if signal is not None:
        needs_claims(cursor, signal)


@dataclass(frozen=True)
class LabelDelay:
    """How long after a claim its outcome was known.

    Attributes:
        n_timed: labelled claims whose outcome says when; the quantiles are over these.
        n_untimed: labelled claims whose outcome does not say when, left out.
        n_before_claim: of the timed, those whose outcome is dated before the claim.
        quantiles: (level, delay), by rising level; empty when nothing is timed.
    """

    n_timed: int
    n_untimed: int
    n_before_claim: int
    quantiles: tuple[tuple[float, timedelta], ...]


def label_delay(cursor: duckdb.DuckDBPyConnection, signal: str | None = None) -> LabelDelay:
    """Delays of one signal's labels, or of all; each quantile is a delay that occurred."""
    _all_here(cursor, signal)
    rows = cursor.execute(
        """
        SELECT count(delay), count(*) - count(delay), count(*) FILTER (delay < 0),
               quantile_disc(delay, $levels)
        FROM (
            SELECT epoch_us(outcome_ts) - epoch_us(ts) AS delay
            FROM claims
            WHERE outcome IS NOT NULL AND ($signal IS NULL OR signal = $signal)
        )
        """,
        {"signal": signal, "levels": list(DELAY_LEVELS)},
    ).fetchall()
    n_timed, n_untimed, n_before, delays = rows[0]
    quantiles = tuple(
        (level, timedelta(microseconds=delay))
        for level, delay in zip(DELAY_LEVELS, delays or (), strict=False)
    )
    return LabelDelay(n_timed, n_untimed, n_before, quantiles)


#: Microseconds of a day.
_DAY = 86_400_000_000
#: Edges of the delay histogram in days: an hour, a day, then wider; the last bin is open.
DELAY_EDGES = (0.0, 1 / 24, 1.0, 3.0, 7.0, 14.0, 30.0, 90.0, 365.0, math.inf)


def label_delay_bins(
    cursor: duckdb.DuckDBPyConnection, signal: str | None = None
) -> tuple[tuple[float, float, int], ...]:
    """Outcomes by how late they were known.

    Args:
        signal: one signal; None: all together.

    Returns:
        (from, to, outcomes) per bin of `DELAY_EDGES`, in days, to exclusive, from the first to
        the last bin that holds any; outcomes dated before their claim, or undated, are left out.
    """
    _all_here(cursor, signal)
    cases = " ".join(
        f"WHEN delay < {edge * _DAY:.0f} THEN {i}" for i, edge in enumerate(DELAY_EDGES[1:-1], 1)
    )
    rows = cursor.execute(
        f"""
        SELECT CASE {cases} ELSE {len(DELAY_EDGES) - 1} END AS bin, count(*)
        FROM (
            SELECT epoch_us(outcome_ts) - epoch_us(ts) AS delay
            FROM claims
            WHERE outcome IS NOT NULL AND outcome_ts >= ts
              AND ($signal IS NULL OR signal = $signal)
        )
        GROUP BY bin
        """,
        {"signal": signal},
    ).fetchall()
    counts = {int(bin_): int(n) for bin_, n in rows}
    if not counts:
        return ()
    return tuple(
        (DELAY_EDGES[i - 1], DELAY_EDGES[i], counts.get(i, 0))
        for i in range(min(counts), max(counts) + 1)
    )


@dataclass(frozen=True)
class QuarantineLine:
    """Refused rows of one file for one reason.

    Attributes:
        reason: why, in words.
        field: the field at fault.
        file: the file they came in.
        n: rows refused.
        n_open: those that have not come in corrected since.
    """

    reason: str
    field: str
    file: str
    n: int
    n_open: int


def quarantine_summary(cursor: duckdb.DuckDBPyConnection) -> tuple[QuarantineLine, ...]:
    """The refused rows by reason, field and file; most open ones first."""
    rows = cursor.execute(
        """
        SELECT reason, field, file, count(*) AS n,
               count(*) FILTER (quarantine_id NOT IN (
                   SELECT quarantine_id FROM quarantine_resolved)) AS n_open
        FROM quarantine
        GROUP BY reason, field, file
        ORDER BY n_open DESC, n DESC, reason, field, file
        """
    ).fetchall()
    return tuple(QuarantineLine(*row) for row in rows)


def held_outcomes(cursor: duckdb.DuckDBPyConnection) -> int:
    """Outcomes that came on their own and whose claim has not come yet."""
    rows = cursor.execute(
        """
        SELECT count(*) FROM outcomes
        WHERE NOT with_claim AND outcome IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM claims
            WHERE claims.event_id = outcomes.event_id
              AND (outcomes.signal IS NULL OR outcomes.signal = claims.signal))
        """
    ).fetchall()
    return int(rows[0][0])
