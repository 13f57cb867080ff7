"""Cohorts at fixed ages, against counting claim by claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ledger.connection import Ledger
from core.measure.metrics.intervals import gap_interval
from core.queries.base.selection import Selection
from core.queries.sums.labelling.cohort_ages import CohortAges, cohort_ages
from core.queries.sums.time_series import period_sums
from tests.worlds.governed.rounds import examples

Fill = Callable[..., None]
TRIAGE = Selection("triage")
MONDAY = datetime(2026, 11, 2)
DAY = timedelta(days=1)


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
