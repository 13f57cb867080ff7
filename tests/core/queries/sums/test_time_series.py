"""Sums over time, against the groups' cells and against counting claim by claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
from core.measure.metrics.intervals import gap_interval
from core.measure.monitoring.brier_decomposition import BrierSums, brier_sums
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from core.queries.sums import time_series as series
from core.queries.sums.grouped_sums import GroupedSums, grouped_sums
from core.queries.sums.time_series import CohortAges, cohort_ages, design_effect, period_sums
from tests.worlds.events import keep_again
from tests.worlds.rounds import examples

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


# How much repeats take away.


def test_the_design_effect_of_claims_on_few_inputs(ledger: Ledger, fill: Fill) -> None:
    inputs = ["i", "i", "i", "j", None, None]
    claims = [{"confidence": 0.5, "input_id": i} for i in inputs]
    fill(ledger, [*claims, {"input_id": "i"}], repeats=["triage"])
    with ledger.cursor() as cursor:
        # Inputs of 3, 1, 1 and 1 stated claims.
        assert design_effect(cursor, TRIAGE) == pytest.approx((9 + 1 + 1 + 1) / 6)
        assert design_effect(cursor, replace(TRIAGE, until=MONDAY)) == 1


def test_without_repeats_the_design_effect_is_one(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"confidence": 0.5, "input_id": "i"}] * 2)
    with ledger.cursor() as cursor:
        assert design_effect(cursor, TRIAGE) == 1


# Cohorts at fixed ages.


@dataclass(frozen=True)
class Version:
    """One version of a claim's outcome."""

    outcome: int
    known_at: datetime


@dataclass(frozen=True)
class Claim:
    """A claim with everything that was ever said of its outcome."""

    ts: datetime
    ppm: int | None
    input: str | None
    split: str
    versions: tuple[Version, ...]


claims_with_versions = st.lists(
    st.builds(
        Claim,
        ts=st.integers(0, 15).map(lambda d: MONDAY + d * DAY),
        ppm=st.sampled_from([None, 250_000, 900_000]),
        input=st.sampled_from([None, "i", "j"]),
        split=st.sampled_from(["tuning", "production"]),
        versions=st.lists(
            st.builds(
                Version, st.integers(0, 1), st.integers(0, 40).map(lambda d: MONDAY + d * DAY)
            ),
            max_size=3,
        ).map(lambda versions: tuple(sorted(versions, key=lambda v: v.known_at))),
    ),
    max_size=15,
)


def put(ledger: Ledger, fill: Fill, claims: list[Claim], repeats: bool) -> None:
    rows, outcomes = [], []
    for i, claim in enumerate(claims):
        row: dict[str, Any] = {
            "event_id": f"c{i}",
            "ts": claim.ts,
            "confidence_ppm": claim.ppm,
            "input_id": claim.input,
            "split": claim.split,
        }
        if claim.versions:
            last = claim.versions[-1]
            row |= {
                "outcome": last.outcome,
                "outcome_known_at": last.known_at,
                "outcome_corrected": len(claim.versions) > 1,
            }
        rows.append(row)
        outcomes += [
            {
                "event_id": f"c{i}",
                "signal": "triage",
                "outcome": version.outcome,
                "known_at": version.known_at,
                "with_claim": False,
                "import_id": 1,
                "import_row": k,
            }
            for k, version in enumerate(claim.versions)
        ]
    fill(ledger, rows, outcomes, repeats=["triage"] if repeats else [])


@settings(max_examples=examples(15, 500))
@given(
    claims_with_versions,
    st.lists(st.integers(0, 30), min_size=1, max_size=4),
    st.none() | st.integers(0, 30).map(lambda d: MONDAY + d * DAY),
    st.booleans(),
)
def test_cohorts_are_what_counting_one_by_one_gives(
    fill: Fill, claims: list[Claim], ages: list[int], as_known: datetime | None, repeats: bool
) -> None:
    with Ledger.in_memory() as ledger, ledger.cursor() as cursor:
        put(ledger, fill, claims, repeats)
        found = cohort_ages(cursor, replace(TRIAGE, as_known=as_known), ages)
    seen = [
        (i, claim)
        for i, claim in enumerate(claims)
        if claim.split == "production"
        and claim.ppm is not None
        and (as_known is None or claim.ts < as_known)
    ]
    weeks = sorted({claim.ts.date() - claim.ts.weekday() * DAY for _, claim in seen})
    assert list(found.weeks) == [f"{week:%G-W%V}" for week in weeks]
    assert list(found.ages_days) == sorted(set(ages))
    for w, week in enumerate(weeks):
        cohort = [(i, c) for i, c in seen if week <= c.ts.date() < week + 7 * DAY]
        assert found.n_claims[w] == len(cohort)
        for a, age in enumerate(found.ages_days):
            known: list[tuple[object, int, int]] = []
            for i, claim in cohort:
                versions = [
                    v
                    for v in claim.versions
                    if v.known_at <= claim.ts + age * DAY
                    and (as_known is None or v.known_at < as_known)
                ]
                if versions:
                    known.append((claim.input or i, claim.ppm or 0, versions[-1].outcome))
            assert found.n[w, a] == len(known)
            assert found.s[w, a] == sum(y for _, _, y in known)
            assert found.sv[w, a] == pytest.approx(sum(ppm for _, ppm, _ in known) / 1e6)
            if not repeats:
                assert found.repeated is None
                continue
            assert found.repeated is not None
            sums: dict[object, tuple[float, int]] = {}
            for owner, ppm, y in known:
                r, m = sums.get(owner, (0.0, 0))
                sums[owner] = (r + ppm / 1e6 - y, m + 1)
            assert found.repeated.inputs[w, a] == len(sums)
            assert found.repeated.rr[w, a] == pytest.approx(sum(r * r for r, _ in sums.values()))
            assert found.repeated.rm[w, a] == pytest.approx(sum(r * m for r, m in sums.values()))
            assert found.repeated.mm[w, a] == sum(m * m for _, m in sums.values())


def test_a_corrected_outcome_counts_as_it_stood_at_each_age(ledger: Ledger, fill: Fill) -> None:
    versions = (Version(0, MONDAY + 2 * DAY), Version(1, MONDAY + 10 * DAY))
    put(ledger, fill, [Claim(MONDAY, 900_000, None, "production", versions)], False)
    with ledger.cursor() as cursor:
        found = cohort_ages(cursor, TRIAGE, [1, 2, 9, 10])
    assert found.n.tolist() == [[0, 1, 1, 1]]
    assert found.s.tolist() == [[0, 0, 0, 1]]


def test_a_cohort_is_mature_once_its_last_day_has_reached_the_age(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, [{"ts": MONDAY, "confidence": 0.5}])
    end = MONDAY + 7 * DAY

    def mature(as_of: datetime | None, as_known: datetime | None = None) -> list[bool]:
        with ledger.cursor() as cursor:
            selection = replace(TRIAGE, as_known=as_known)
            row: list[bool] = (
                cohort_ages(cursor, selection, [0, 3, 30], as_of=as_of).mature[0].tolist()
            )
            return row

    assert mature(end - timedelta(seconds=1)) == [False, False, False]
    assert mature(end) == [True, False, False]
    assert mature(end + 3 * DAY) == [True, True, False]
    assert mature(None, end + 30 * DAY) == [True, True, True]


def test_ages_must_be_days(ledger: Ledger) -> None:
    with ledger.cursor() as cursor:
        for ages in ([], [-1, 3]):
            with pytest.raises(ValueError, match="ages must be days"):
                cohort_ages(cursor, TRIAGE, ages)


def delayed_world(ledger: Ledger, fill: Fill, weeks: int, per_week: int) -> None:
    """Calibrated claims at .8 whose failures are reported fast and whose successes slowly."""
    rng = np.random.default_rng(20)
    rows = []
    for _ in range(weeks * per_week):
        ts = MONDAY + rng.random() * weeks * 7 * DAY
        y = int(rng.random() < 0.8)
        late = rng.exponential(14 if y else 3) * DAY
        rows.append({"ts": ts, "confidence": 0.8, "outcome": y, "outcome_known_at": ts + late})
    fill(ledger, rows)


def gaps(found: CohortAges) -> np.ndarray:
    return (found.sv - found.s) / found.n


def test_fast_failures_make_the_young_look_overconfident_and_fixed_maturity_does_not(
    ledger: Ledger, fill: Fill
) -> None:
    weeks = 10
    delayed_world(ledger, fill, weeks, 600)
    now = MONDAY + weeks * 7 * DAY
    with ledger.cursor() as cursor:
        naive = period_sums(cursor, replace(TRIAGE, as_known=now), "week").sums
        found = cohort_ages(cursor, TRIAGE, [3, 30, 90], as_of=now + 120 * DAY)

    # As known at the end, the weeks seem to get worse and worse.
    as_known = (naive.sv - naive.s).sum(axis=1) / naive.n.sum(axis=1)
    assert as_known[0] < 0.03
    assert as_known[-1] > 0.15

    # At age a, .8(1 − e^(−a/14)) successes and .2(1 − e^(−a/3)) failures are known.
    assert found.mature.all()
    for a, age in enumerate(found.ages_days):
        right, wrong = 0.8 * -np.expm1(-age / 14), 0.2 * -np.expm1(-age / 3)
        expected = 0.8 - right / (right + wrong)
        low, high = gap_interval(
            found.sv[:, a] / found.n[:, a], found.s[:, a], found.n[:, a], 0.05 / weeks
        )
        # Every cohort tells the same at the same age, so none seems to drift.
        assert ((low <= expected) & (expected <= high)).all()
        assert gaps(found)[:, a].mean() == pytest.approx(expected, abs=0.02)
    assert gaps(found)[:, 0].mean() > 0.2
    assert abs(gaps(found)[:, 2].mean()) < 0.01


def test_an_immature_cohort_is_marked(ledger: Ledger, fill: Fill) -> None:
    delayed_world(ledger, fill, 6, 20)
    with ledger.cursor() as cursor:
        found = cohort_ages(cursor, TRIAGE, [3, 30], as_of=MONDAY + 6 * 7 * DAY)
    # Week w ended 5 − w weeks before: 35, 28, 21, 14, 7 and 0 days.
    assert found.mature[:, 0].tolist() == [True] * 5 + [False]
    assert found.mature[:, 1].tolist() == [True] + [False] * 5


def test_brier_sums_of_cells_and_of_events_agree_on_an_unlabelled_value(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, [{"confidence": 0.4}, {"confidence": 0.6, "outcome": 0}])
    with ledger.cursor() as cursor:
        found = period_sums(cursor, TRIAGE, "day").brier
    cells = Cells(np.array([0.4, 0.6]), np.array([1, 1]), np.array([0, 1]), np.array([0, 0]))
    assert_same_brier(found, brier_sums([cells]))
