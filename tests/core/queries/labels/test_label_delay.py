"""What came in, what was refused, how much is labelled and how late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest

from core.ledger.connection import Ledger
from core.queries.labels.label_delay import (
    DELAY_LEVELS,
    QuarantineLine,
    held_outcomes,
    imports,
    label_coverage,
    label_delay,
    quarantine_summary,
)
from core.terms import Maturity, Terms

Fill = Callable[..., None]
AddImport = Callable[..., None]

MONDAY = datetime(2026, 11, 2)
DAY = timedelta(days=1)


def test_imports_are_listed_newest_first(ledger: Ledger, add_import: AddImport) -> None:
    add_import(ledger, 1, source="old.csv", n_read=3)
    add_import(ledger, 2, source="new.jsonl", n_quarantined=2, notices=["no zone: taken as UTC"])
    with ledger.cursor() as cursor:
        newest, oldest = imports(cursor)
    assert (newest.import_id, newest.source, newest.n_quarantined) == (2, "new.jsonl", 2)
    assert newest.notices == ("no zone: taken as UTC",)
    assert (oldest.source, oldest.n_read, oldest.notices) == ("old.csv", 3, ())


def test_coverage_is_counted_by_iso_week_over_stated_claims(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            {"ts": MONDAY, "confidence": 0.5, "outcome": 1},
            {"ts": MONDAY + 6 * DAY, "confidence": 0.5},
            {"ts": MONDAY + 6 * DAY, "outcome": 1},
            {"ts": MONDAY + 7 * DAY, "confidence": 0.5, "signal": "other"},
        ],
    )
    with ledger.cursor() as cursor:
        first, second = label_coverage(cursor)
        (alone,) = label_coverage(cursor, "other")
    assert (first.week, first.first_day, first.n_claims, first.n) == (
        "2026-W45",
        MONDAY.date(),
        2,
        1,
    )
    assert first.coverage == 0.5
    assert (second.week, second.n_claims, second.n) == ("2026-W46", 1, 0)
    assert (alone.week, alone.n_claims) == ("2026-W46", 1)


@pytest.mark.parametrize(
    ("n", "age_of_the_week", "mature"),
    [(7, 29 * DAY, False), (8, 0 * DAY, True), (0, 30 * DAY, True), (10, -6 * DAY, True)],
)
def test_a_week_is_mature_at_thirty_days_or_eighty_percent(
    ledger: Ledger, fill: Fill, n: int, age_of_the_week: timedelta, mature: bool
) -> None:
    labels = [1] * n + [None] * (10 - n)
    fill(ledger, [{"ts": MONDAY, "confidence": 0.5, "outcome": label} for label in labels])
    with ledger.cursor() as cursor:
        (week,) = label_coverage(cursor, as_of=MONDAY + 7 * DAY + age_of_the_week)
    assert week.mature is mature


def test_a_signal_may_declare_when_it_is_mature(ledger: Ledger, fill: Fill) -> None:
    def declared(**maturity: int) -> dict[str, Terms]:
        return {"triage": Terms(maturity=Maturity(**maturity))}

    fill(ledger, [{"ts": MONDAY, "confidence": 0.5, "outcome": label} for label in (1, None)])
    as_of = MONDAY + 8 * DAY
    with ledger.cursor() as cursor:
        assert label_coverage(cursor, terms=declared(days=1), as_of=as_of)[0].mature
        assert label_coverage(cursor, terms=declared(coverage_ppm=500_000), as_of=as_of)[0].mature
        assert not label_coverage(cursor, as_of=as_of)[0].mature


def test_a_week_of_several_signals_is_mature_when_each_of_theirs_is(
    ledger: Ledger, fill: Fill
) -> None:
    claim = {"ts": MONDAY, "confidence": 0.5, "outcome": 1}
    labelled = [claim | {"signal": "quick"}] * 9
    fill(ledger, [*labelled, {"ts": MONDAY, "confidence": 0.5, "signal": "slow"}])
    slow = {"slow": Terms(maturity=Maturity(days=90))}
    with ledger.cursor() as cursor:
        for days, mature in ((29, False), (30, True)):
            (week,) = label_coverage(cursor, as_of=MONDAY + (7 + days) * DAY)
            assert (week.mature, week.n, week.n_claims) == (mature, 9, 10)
        for days, mature in ((89, False), (90, True)):
            (week,) = label_coverage(cursor, terms=slow, as_of=MONDAY + (7 + days) * DAY)
            assert week.mature is mature


def test_delays_are_quantiles_of_the_outcomes_that_say_when(ledger: Ledger, fill: Fill) -> None:
    hours = [-1, 0, 1, 5, 24, 24, 30, 100, 200, 400, 1000]
    fill(
        ledger,
        [{"ts": MONDAY, "outcome": 1, "outcome_ts": MONDAY + timedelta(hours=h)} for h in hours]
        + [{"outcome": 0}, {"outcome": 1}, {"confidence": 0.5}],
    )
    with ledger.cursor() as cursor:
        delay = label_delay(cursor, "triage")
    assert (delay.n_timed, delay.n_untimed, delay.n_before_claim) == (11, 2, 1)
    expected = np.quantile(hours, DELAY_LEVELS, method="inverted_cdf")
    assert delay.quantiles == tuple(
        (level, timedelta(hours=float(h))) for level, h in zip(DELAY_LEVELS, expected, strict=True)
    )


def test_without_a_timed_outcome_there_is_no_delay(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"outcome": 1}])
    with ledger.cursor() as cursor:
        delay = label_delay(cursor)
        assert (delay.n_timed, delay.n_untimed, delay.quantiles) == (0, 1, ())
        assert label_delay(cursor, "none such").n_untimed == 0


def test_refused_rows_are_summed_by_reason_field_and_file(ledger: Ledger) -> None:
    with ledger.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO quarantine
            SELECT i, 1, file, i, field, NULL, reason, 'mend it', '{}'
            FROM (VALUES (1, 'a.csv', 'ts', 'no time'), (2, 'a.csv', 'ts', 'no time'),
                         (3, 'b.csv', 'ts', 'no time'), (4, 'a.csv', 'signal', 'no signal'))
                 AS refused (i, file, field, reason)
            """
        )
        # A row may be fixed twice over; it is still one row.
        cursor.execute("INSERT INTO quarantine_resolved VALUES (1, 2), (4, 2), (4, 3)")
    with ledger.cursor() as cursor:
        assert quarantine_summary(cursor) == (
            QuarantineLine("no time", "ts", "a.csv", 2, 1),
            QuarantineLine("no time", "ts", "b.csv", 1, 1),
            QuarantineLine("no signal", "signal", "a.csv", 1, 0),
        )


def test_outcomes_are_held_until_a_claim_they_are_for_has_come(ledger: Ledger, fill: Fill) -> None:
    def outcome(event_id: str, signal: str | None, with_claim: bool = False) -> dict[str, object]:
        return {
            "event_id": event_id,
            "signal": signal,
            "outcome": 1,
            "known_at": MONDAY,
            "with_claim": with_claim,
            "import_id": 1,
            "import_row": 1,
        }

    arrived = [outcome("e1", None), outcome("e1", "triage"), outcome("e1", "triage", True)]
    waiting = [outcome("e1", "other"), outcome("e9", None), outcome("e9", "triage")]
    fill(ledger, [{"event_id": "e1"}], arrived + waiting)
    with ledger.cursor() as cursor:
        assert held_outcomes(cursor) == 3
