"""Coverage and propensity sums, against counting claim by claim; and what selection does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ledger.connection import Ledger
from core.measure.metrics.label_bias import bounds, escalated_only, inverse_propensity
from core.queries.base.selection import Selection
from core.queries.sums.labelling.label_coverage import (
    Coverage,
    GroupedPropensities,
    coverage_by,
    propensity_sums,
)
from tests.worlds.governed.rounds import examples

Fill = Callable[..., None]
TRIAGE = Selection("triage")
MONDAY = datetime(2026, 11, 2)
DAY = timedelta(days=1)


def covered(ledger: Ledger, *by: str, selection: Selection = TRIAGE) -> Coverage:
    with ledger.cursor() as cursor:
        return coverage_by(cursor, selection, by)


def propensities(
    ledger: Ledger, *by: str, selection: Selection = TRIAGE, **options: float
) -> GroupedPropensities:
    with ledger.cursor() as cursor:
        return propensity_sums(cursor, selection, by, **options)


def fill_sampled(
    ledger: Ledger, fill: Fill, rows: Sequence[dict[str, Any]], *, repeats: bool = False
) -> None:
    """Claims with a ``label_propensity`` each, possibly None."""
    named = [{"event_id": f"s{i}", **row} for i, row in enumerate(rows)]
    fill(ledger, named, repeats=["triage"] if repeats else [])
    with ledger.transaction() as cursor:
        logged = pa.table(
            {
                "event_id": pa.array([row["event_id"] for row in named], pa.string()),
                "p": pa.array([row["label_propensity"] for row in named], pa.float64()),
            }
        )
        cursor.register("logged", logged)
        cursor.execute(
            "UPDATE claims SET label_propensity = p FROM logged "
            "WHERE claims.event_id = logged.event_id"
        )


# Coverage.


def test_coverage_by_action_of_a_hand_counted_ledger(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            {"confidence": 0.9, "action": "automate"},
            {"confidence": 0.8, "action": "automate", "outcome": 1},
            {"confidence": 0.5, "action": "escalate", "outcome": 0},
            {"confidence": None, "action": "escalate", "outcome": 1},
            {"confidence": 0.25, "outcome": 1},
        ],
    )
    found = covered(ledger, "action")
    assert found.keys == (("automate",), ("escalate",), (None,))
    assert found.counts() == {"automate": (2, 1), "escalate": (1, 1), None: (1, 1)}
    assert found.s.tolist() == [1, 0, 1]
    np.testing.assert_allclose(found.sum_v, [1.7, 0.5, 0.25])


def test_coverage_by_band_and_by_week(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            {"ts": MONDAY, "confidence": 0.9, "outcome": 1},
            {"ts": MONDAY + 6 * DAY, "confidence": 0.95},
            {"ts": MONDAY + 7 * DAY, "confidence": 0.91, "outcome": 0},
        ],
    )
    assert covered(ledger, "confidence_band").counts() == {"0.8–0.9": (1, 1), "0.9–1.0": (2, 1)}
    assert covered(ledger, "week").counts() == {"2026-W45": (2, 1), "2026-W46": (1, 1)}


def test_without_claims_there_is_one_empty_group_or_none(ledger: Ledger) -> None:
    assert covered(ledger).n_claims.tolist() == [0]
    assert len(covered(ledger, "action")) == 0
    assert propensities(ledger).sums.n.tolist() == [0]
    assert len(propensities(ledger, "week")) == 0


def test_coverage_is_as_it_was_known(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            {"ts": MONDAY, "confidence": 0.9, "outcome": 1, "outcome_known_at": MONDAY + 5 * DAY},
            {"ts": MONDAY + 4 * DAY, "confidence": 0.9},
        ],
    )
    then = covered(ledger, selection=replace(TRIAGE, as_known=MONDAY + 2 * DAY))
    assert (then.n_claims.tolist(), then.n.tolist()) == ([1], [0])
    assert covered(ledger).n.tolist() == [1]


# Propensities.

claim_rows = st.lists(
    st.fixed_dictionaries(
        {
            "confidence_ppm": st.sampled_from([None, 0, 300_000, 900_000, 1_000_000]),
            "outcome": st.sampled_from([None, 0, 1]),
            "action": st.sampled_from([None, "automate", "escalate"]),
            "input_id": st.sampled_from([None, "i", "j"]),
            "split": st.sampled_from(["tuning", "production"]),
            "label_propensity": st.sampled_from([None, 1.0, 0.5, 0.3, 0.004]),
        }
    ),
    max_size=25,
)


@settings(max_examples=examples(15, 500))
@given(claim_rows, st.sampled_from([(), ("action",)]), st.booleans())
def test_sums_and_coverage_are_what_counting_one_by_one_gives(
    fill: Fill, rows: list[dict[str, Any]], by: tuple[str, ...], repeats: bool
) -> None:
    with Ledger.in_memory() as ledger:
        fill_sampled(ledger, fill, rows, repeats=repeats)
        found = propensities(ledger, *by, maximum_weight=100.0)
        coverage = covered(ledger, *by)
    groups: dict[tuple[str | None, ...], list[dict[str, Any]]] = {} if by else {(): []}
    for i, row in enumerate(rows):
        if row["split"] != "tuning" and row["confidence_ppm"] is not None:
            owner = row["input_id"] if repeats and row["input_id"] else i
            key = tuple(row[name] for name in by)
            groups.setdefault(key, []).append(row | {"owner": owner})
    assert set(found.keys) == set(coverage.keys) == set(groups)
    for g, key in enumerate(found.keys):
        labelled = [row for row in groups[key] if row["outcome"] is not None]
        sampled = [row for row in labelled if row["label_propensity"] is not None]
        at = coverage.keys.index(key)
        assert coverage.n_claims[at] == len(groups[key])
        assert coverage.n[at] == found.sums.n_labelled[g] == len(labelled)
        assert coverage.s[at] == sum(row["outcome"] for row in labelled)
        assert found.sums.n[g] == len(sampled)
        assert found.sums.n_capped[g] == sum(row["label_propensity"] == 0.004 for row in sampled)
        per_input: dict[object, np.ndarray] = {}
        for row in sampled:
            w = min(1 / row["label_propensity"], 100.0)
            v, y = row["confidence_ppm"] / 1e6, row["outcome"]
            term = np.array([w, w * y, w * (v - y)])
            per_input[row["owner"]] = per_input.get(row["owner"], np.zeros(3)) + term
        assert found.sums.inputs[g] == len(per_input)
        W, Y, R = np.array([*per_input.values()]).reshape(-1, 3).T
        expected = {"w": W.sum(), "wy": Y.sum(), "wr": R.sum(), "ww": W @ W, "ww_y": W @ Y,
                    "yy": Y @ Y, "ww_r": W @ R, "rr": R @ R}  # fmt: skip
        for name, value in expected.items():
            assert getattr(found.sums, name)[g] == pytest.approx(value, rel=1e-9, abs=1e-9), name


def test_whether_propensities_are_logged_is_a_share_of_labelled_claims(
    ledger: Ledger, fill: Fill
) -> None:
    rows = [
        {"confidence": 0.9, "outcome": 1, "label_propensity": 1.0, "action": "review"},
        {"confidence": 0.9, "outcome": 1, "label_propensity": None, "action": "review"},
        {"confidence": 0.9, "outcome": None, "label_propensity": 0.1, "action": "automate"},
    ]
    fill_sampled(ledger, fill, rows)
    assert propensities(ledger).logged.tolist() == [0.5]
    by_action = propensities(ledger, "action")
    assert by_action.keys == (("automate",), ("review",))
    np.testing.assert_array_equal(by_action.logged, [np.nan, 0.5])


def test_an_outcome_not_yet_known_then_carries_no_weight(ledger: Ledger, fill: Fill) -> None:
    row = {"ts": MONDAY, "confidence": 0.9, "outcome": 1, "label_propensity": 0.5}
    fill_sampled(ledger, fill, [row | {"outcome_known_at": MONDAY + 5 * DAY}])
    then = propensities(ledger, selection=replace(TRIAGE, as_known=MONDAY + DAY))
    assert then.sums.n.tolist() == [0]
    assert propensities(ledger).sums.w.tolist() == [2]


def test_a_claim_stands_for_itself_at_least(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="stands for itself"):
        propensities(ledger, maximum_weight=0.5)


def escalated_world(ledger: Ledger, fill: Fill, *, audit: float) -> None:
    """Calibrated claims; the doubtful ones are escalated and labelled, of the others a few."""
    rng = np.random.default_rng(30)
    rows = []
    for _ in range(6000):
        v = float(rng.choice([0.7, 0.8, 0.9]))
        doubtful = rng.random() < 0.3
        # .3 · (v − .14) + .7 · (v + .06) = v.
        y = int(rng.random() < (v - 0.14 if doubtful else v + 0.06))
        propensity = 1.0 if doubtful else audit
        known = rng.random() < propensity
        rows.append(
            {
                "confidence": v,
                "action": "escalate" if doubtful else "automate",
                "outcome": y if known else None,
                "label_propensity": propensity if known and audit else None,
            }
        )
    fill_sampled(ledger, fill, rows)


def test_a_signal_labelled_only_where_it_escalated_is_called_so(ledger: Ledger, fill: Fill) -> None:
    escalated_world(ledger, fill, audit=0.0)
    by_action, whole = covered(ledger, "action"), covered(ledger)
    assert escalated_only(by_action.counts())
    assert propensities(ledger).logged.tolist() == [0]
    # The labels say overconfident by .14; what could be true says that nothing is known.
    found = bounds(whole.n_claims, whole.n, whole.s, whole.sum_v)
    assert found.gap_if_right[0] < 0 < found.gap_if_wrong[0]


def test_a_logged_audit_repairs_what_escalation_selected(ledger: Ledger, fill: Fill) -> None:
    escalated_world(ledger, fill, audit=0.1)
    assert not escalated_only(covered(ledger, "action").counts())
    found = propensities(ledger)
    assert found.logged.tolist() == [1]
    estimate = inverse_propensity(found.sums)
    assert estimate.gap_low[0] < 0 < estimate.gap_high[0]
    assert abs(estimate.gap[0]) < 0.03
    # Some 1,800 of weight 1 and 420 of weight 10: (1800 + 4200)²/(1800 + 42000).
    assert estimate.effective_n[0] == pytest.approx(6000**2 / 43_800, rel=0.1)

    by_band = inverse_propensity(propensities(ledger, "confidence_band").sums)
    assert ((by_band.gap_low < 0) & (by_band.gap_high > 0)).all()
    whole = covered(ledger, "confidence_band")
    with ledger.cursor() as cursor:
        labelled = cursor.execute(
            "SELECT avg(confidence_ppm / 1e6 - outcome) FROM claims WHERE outcome IS NOT NULL"
        ).fetchall()[0][0]
    # Unweighted, the same labels are .3·.14 − .07·.06 of .37: overconfident by .10.
    assert labelled == pytest.approx(0.102, abs=0.03)
    assert whole.n.sum() < whole.n_claims.sum()
