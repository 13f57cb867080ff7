"""The Data page: what came in, what was refused and why, how much is labelled and how late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

import duckdb
import pandas as pd

from core.ingest.quarantine import list_quarantined
from core.queries.base.dimensions import week_label
from core.queries.labels import label_delay as intake
from core.sentences.numbers import count, counted, percent
from core.terms import Terms

_IMPORT_COLUMNS = tuple(intake.Import.__annotations__)
_COVERAGE_COLUMNS = ("week", "n_claims", "n", "coverage", "mature")
_REFUSED_COLUMNS = ("file", "field", "reason", "n", "n_open")
_ROW_COLUMNS = ("file", "row", "field", "value", "reason", "mend")


@dataclass(frozen=True)
class IntakeView:
    """Everything the page shows.

    Attributes:
        imports: one line per import, newest first, columns as
            `core.queries.labels.label_delay.Import`.
        coverage: one line per ISO week, none left out: week, n_claims, n, coverage, mature.
        delays: outcomes by delay: left, right (days), n.
        refused: refused rows by file, field and reason: n, n_open.
        headline: what came in, in a sentence.
        labels: how much is labelled, and how late.
        refusals: what still waits.
    """

    imports: pd.DataFrame
    coverage: pd.DataFrame
    delays: pd.DataFrame
    refused: pd.DataFrame
    headline: str
    labels: str
    refusals: str


def intake_view(
    cursor: duckdb.DuckDBPyConnection,
    signal: str | None,
    *,
    terms: Mapping[str, Terms] | None = None,
) -> IntakeView:
    """Assemble the page; coverage and delay for one signal, or for all when None.

    Args:
        terms: of the signals that have their own.
    """
    imports = intake.imports(cursor)
    coverage = _coverage_frame(intake.label_coverage(cursor, signal, terms=terms))
    refused = intake.quarantine_summary(cursor)
    delays = pd.DataFrame(intake.label_delay_bins(cursor, signal), columns=["left", "right", "n"])
    return IntakeView(
        imports=pd.DataFrame([asdict(one) for one in imports], columns=list(_IMPORT_COLUMNS)),
        coverage=coverage,
        delays=delays,
        refused=pd.DataFrame([asdict(one) for one in refused], columns=list(_REFUSED_COLUMNS)),
        headline=_headline(imports),
        labels=_labels(coverage, intake.label_delay(cursor, signal)),
        refusals=_refusals(sum(one.n_open for one in refused), intake.held_outcomes(cursor)),
    )


def quarantined_rows(cursor: duckdb.DuckDBPyConnection, limit: int = 1000) -> pd.DataFrame:
    """Refused rows that are still open, oldest first: file, row, field, value, reason, mend."""
    rows = list_quarantined(cursor, open_only=True, limit=limit)
    lines = [(one.file, one.import_row, one.field, one.value, one.reason, one.mend) for one in rows]
    return pd.DataFrame(lines, columns=list(_ROW_COLUMNS))


def _coverage_frame(cohorts: Sequence[intake.CohortCoverage]) -> pd.DataFrame:
    """One line per week; weeks without a claim stand as empty ones, so that gaps show."""
    if not cohorts:
        return pd.DataFrame(columns=list(_COVERAGE_COLUMNS))
    by_monday = {one.first_day: one for one in cohorts}
    lines: list[tuple[str, int, int, float | None, bool]] = []
    monday = cohorts[0].first_day
    while monday <= cohorts[-1].first_day:
        one = by_monday.get(monday)
        if one is None:
            lines.append((week_label(monday), 0, 0, None, True))
        else:
            lines.append((one.week, one.n_claims, one.n, one.coverage, one.mature))
        monday += timedelta(weeks=1)
    return pd.DataFrame(lines, columns=list(_COVERAGE_COLUMNS))


def _headline(imports: Sequence[intake.Import]) -> str:
    if not imports:
        return "Nothing has been imported yet."
    newest = imports[0]
    return (
        f"{counted(len(imports), 'import')} brought "
        f"{counted(sum(one.n_new for one in imports), 'new record')}; the newest, "
        f"{newest.source}, came on {newest.imported_at:%Y-%m-%d %H:%M} UTC."
    )


def _labels(coverage: pd.DataFrame, delay: intake.LabelDelay) -> str:
    """How much is labelled, and how late labels come."""
    stated = int(coverage["n_claims"].sum())
    if not stated:
        return "No claim states a confidence yet."
    labelled = int(coverage["n"].sum())
    text = (
        f"{count(labelled)} of {counted(stated, 'stated claim')} "
        f"{'is' if stated == 1 else 'are'} labelled ({percent(labelled / stated)})."
    )
    if not labelled:
        return text
    if not delay.n_timed:
        return f"{text} No outcome says when it became known, so lateness cannot be shown."
    late = dict(delay.quantiles)
    text += (
        f" Half of the outcomes were known within {_span(late[0.5])}, 95% within "
        f"{_span(late[0.95])} (n {count(delay.n_timed)})."
    )
    if delay.n_untimed:
        text += f" {count(delay.n_untimed)} more do not say when, and are left out of that."
    if delay.n_before_claim:
        text += f" {count(delay.n_before_claim)} are dated before their claim."
    return text


def _span(delay: timedelta) -> str:
    """A delay in the unit people would use."""
    minutes = round(delay.total_seconds() / 60)
    if minutes < 60:
        return counted(minutes, "minute")
    hours = round(minutes / 60)
    return counted(hours, "hour") if hours < 48 else counted(round(hours / 24), "day")


def _refusals(n_open: int, n_held: int) -> str:
    """How many rows were refused, and how many outcomes still wait."""
    rows = "1 refused row waits" if n_open == 1 else f"{count(n_open)} refused rows wait"
    text = f"{rows} to be corrected." if n_open else "No refused row is open."
    if n_held:
        verb = "waits" if n_held == 1 else "wait"
        text += f" {counted(n_held, 'outcome')} {verb} for a claim that has not arrived."
    return text
