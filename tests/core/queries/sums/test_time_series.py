"""Sums over time, against the groups' cells and against counting claim by claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ledger.connection import Ledger
from core.ledger.errors import UnknownDimension
from core.measure.cells.cells import Cells
from core.measure.cells.group_sums import group_sums
from core.measure.monitoring.brier_decomposition import BrierSums, brier_sums
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from core.queries.sums import time_series as series
from core.queries.sums.grouped_sums import GroupedSums, grouped_sums
from core.queries.sums.labelling.cohort_ages import cohort_ages
from core.queries.sums.time_series import period_sums
from tests.worlds.claims.events import keep_again
from tests.worlds.governed.rounds import examples

Fill = Callable[..., None]
TRIAGE = Selection("triage")
MONDAY = datetime(2026, 11, 2)
DAY = timedelta(days=1)


def assert_same_brier(found: BrierSums, expected: BrierSums) -> None:
    for name in ("n", "inputs", "mm", "calibrated"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), rtol=1e-12, atol=1e-12, err_msg=name
        )
    for name in ("brier", "foretold", "decalibration"):
        for of in ("x", "xx", "xm"):
            a, b = (getattr(getattr(sums, name), of) for sums in (found, expected))
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12, err_msg=f"{name}.{of}")


# By week and day.


def test_weeks_stand_oldest_first_and_those_without_a_claim_are_left_out(
    ledger: Ledger, fill: Fill
) -> None:
    at = [datetime(2027, 1, 4), datetime(2026, 12, 31), datetime(2026, 11, 8, 23, 59)]
    fill(ledger, [{"ts": ts, "confidence": 0.5, "outcome": 1} for ts in at])
    with ledger.cursor() as cursor:
        weeks = period_sums(cursor, TRIAGE, "week")
        days = period_sums(cursor, TRIAGE, "day")
    assert weeks.labels == ("2026-W45", "2026-W53", "2027-W01")
    assert weeks.starts == (date(2026, 11, 2), date(2026, 12, 28), date(2027, 1, 4))
    assert days.labels == ("2026-11-08", "2026-12-31", "2027-01-04")
    assert days.starts == (date(2026, 11, 8), date(2026, 12, 31), date(2027, 1, 4))


def test_a_week_of_unlabelled_claims_is_there_with_empty_sums(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            {"ts": MONDAY, "confidence": 0.9},
            {"ts": MONDAY + 7 * DAY, "confidence": 0.8, "outcome": 1},
        ],
    )
    with ledger.cursor() as cursor:
        found = period_sums(cursor, TRIAGE, "week")
    assert found.sums.n_claims.tolist() == [1, 1]
    assert found.brier.n.tolist() == [0, 1]
    np.testing.assert_allclose(found.brier.brier.x, [0, 0.04])
    np.testing.assert_allclose(found.brier.foretold.x, [0, 0.16])
    np.testing.assert_allclose(found.brier.decalibration.x, [0, -0.12])


def test_an_empty_ledger_has_no_periods(ledger: Ledger) -> None:
    with ledger.cursor() as cursor:
        assert len(period_sums(cursor, TRIAGE, "week")) == 0
        assert len(cohort_ages(cursor, TRIAGE, [30])) == 0


def test_the_high_bands_edge_is_asked_for(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"confidence": v, "outcome": 1} for v in (0.7, 0.8, 0.9)])
    with ledger.cursor() as cursor:
        assert period_sums(cursor, TRIAGE, "week", high_from=0.8).sums.high_n.tolist() == [2]


def test_reading_leaves_no_transaction_open_and_works_inside_one(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, [{"confidence": 0.5, "outcome": 1}])
    with ledger.cursor() as cursor:
        period_sums(cursor, TRIAGE, "week")
        with pytest.raises(UnknownDimension):
            period_sums(cursor, replace(TRIAGE, where=(("planet", ("x",)),)), "week")
        cursor.execute("BEGIN TRANSACTION")
        assert len(period_sums(cursor, TRIAGE, "week")) == 1
        cursor.execute("COMMIT")


def test_an_import_in_the_middle_is_seen_by_both_scans_or_by_neither(
    ledger: Ledger, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ledger, [{"confidence": 0.5, "outcome": 1}])

    def then_import(*args: Any, **options: Any) -> GroupedSums:
        found = grouped_sums(*args, **options)
        fill(ledger, [{"confidence": 0.9, "outcome": 1, "ts": MONDAY + 70 * DAY}])
        return found

    monkeypatch.setattr(series, "grouped_sums", then_import)
    with ledger.cursor() as cursor:
        found = period_sums(cursor, TRIAGE, "week")
        assert found.brier.n.tolist() == found.sums.n.sum(axis=1).tolist() == [1]
        monkeypatch.undo()
        assert period_sums(cursor, TRIAGE, "week").brier.n.tolist() == [1, 1]


days = st.integers(0, 20).map(lambda d: MONDAY + d * DAY)
claim_rows = st.lists(
    st.fixed_dictionaries(
        {
            "ts": days,
            "confidence_ppm": st.sampled_from([None, 0, 1, 300_001, 900_000, 999_999, 1_000_000]),
            "outcome": st.sampled_from([None, 0, 1]),
            "outcome_known_at": days,
            "model_version": st.sampled_from(["a", "b"]),
            "input_id": st.sampled_from([None, "i", "j", "k"]),
            "split": st.sampled_from(["tuning", "heldout", "production"]),
        }
    ),
    max_size=25,
)
selections = st.builds(
    Selection,
    signal=st.just("triage"),
    since=st.none() | days,
    as_known=st.none() | days,
    where=st.sampled_from([(), (("model_version", ("a",)),), (("split", ("tuning",)),)]),
)


@settings(max_examples=examples(15, 500))
@given(claim_rows, selections, st.sampled_from(["week", "day"]), st.booleans())
def test_sums_of_periods_are_those_of_their_cells(
    fill: Fill, rows: list[dict[str, Any]], selection: Selection, period: Any, repeats: bool
) -> None:
    with Ledger.in_memory() as ledger, ledger.cursor() as cursor:
        fill(ledger, rows, repeats=["triage"] if repeats else [])
        found = period_sums(cursor, selection, period)
        groups = grouped_cells(cursor, selection, [period])
    assert found.labels == tuple(key[0] for key in groups.keys)
    expected = group_sums(groups.cells)
    np.testing.assert_array_equal(found.sums.n, expected.n)
    np.testing.assert_array_equal(found.sums.n_unstated, expected.n_unstated)
    np.testing.assert_allclose(found.sums.sv, expected.sv)
    assert_same_brier(found.brier, brier_sums(groups.cells))


def test_sums_of_many_claims_pass_sixty_four_bits_unharmed(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"confidence": 1.0, "outcome": 0}])
    with ledger.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO claims BY NAME
            SELECT claims.* REPLACE ('m' || i AS event_id) FROM claims, range(99999) AS t(i)
            """
        )
    keep_again(ledger)
    with ledger.cursor() as cursor:
        brier = period_sums(cursor, TRIAGE, "week").brier
    assert (brier.n[0], brier.brier.x[0], brier.brier.xx[0]) == (100_000, 100_000, 100_000)


def test_brier_sums_of_cells_and_of_events_agree_on_an_unlabelled_value(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, [{"confidence": 0.4}, {"confidence": 0.6, "outcome": 0}])
    with ledger.cursor() as cursor:
        found = period_sums(cursor, TRIAGE, "day").brier
    cells = Cells(np.array([0.4, 0.6]), np.array([1, 1]), np.array([0, 1]), np.array([0, 0]))
    assert_same_brier(found, brier_sums([cells]))
