"""The claims behind a count."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd
import pytest

from core.store.ledger import Ledger
from core.store.rows import Order, claims, count_claims
from core.store.selection import Selection

Fill = Callable[..., None]
TRIAGE = Selection("triage")


def test_a_claim_is_shown_with_what_made_it_and_where_it_came_from(
    ledger: Ledger, fill: Fill, add_import: Callable[..., None], monday_noon: object
) -> None:
    add_import(ledger, 4, source="november.csv")
    fill(
        ledger,
        [
            {
                "event_id": "e-17",
                "ts": monday_noon,
                "confidence": 0.85,
                "outcome": 1,
                "model_version": "m2",
                "prompt_version": "p1",
                "elicitation": "verbal",
                "action": "review",
                "seg_language": "de",
                "import_id": 4,
                "import_row": 12,
            }
        ],
    )
    with ledger.cursor() as cursor:
        (row,) = claims(cursor, TRIAGE, limit=5).to_dict("records")
    shown = {name: value for name, value in row.items() if not pd.isna(value)}
    assert shown == {
        "event_id": "e-17",
        "ts": pd.Timestamp(monday_noon),
        "signal": "triage",
        "confidence": 0.85,
        "outcome": 1,
        "model_version": "m2",
        "prompt_version": "p1",
        "elicitation": "verbal",
        "split": "production",
        "action": "review",
        "seg_language": "de",
        "file": "november.csv",
        "row": 12,
    }
    missing = {"params_version", "calibrator_version", "elicitation_order", "input_id"}
    assert row.keys() - shown.keys() == missing


def test_what_is_missing_is_told_apart_from_zero(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"confidence": 0.0, "outcome": 0}, {}])
    with ledger.cursor() as cursor:
        frame = claims(cursor, TRIAGE, limit=5)
    assert frame["confidence"].iloc[0] == 0
    assert frame["outcome"].iloc[0] == 0
    assert math.isnan(frame["confidence"].iloc[1])
    assert frame["outcome"].iloc[1] is pd.NA


@pytest.mark.parametrize("order", ["ts", "-ts", "confidence", "-confidence"])
def test_leafing_through_shows_every_claim_once(ledger: Ledger, fill: Fill, order: Order) -> None:
    same = {"ts": pd.Timestamp("2026-11-02").to_pydatetime()}
    fill(ledger, [{**same, "confidence": v} for v in (0.5, 0.9, 0.5, None, 0.5, 0.1, None)])
    with ledger.cursor() as cursor:
        pages = [claims(cursor, TRIAGE, limit=2, offset=i, order=order) for i in range(0, 9, 2)]
    assert [len(page) for page in pages] == [2, 2, 2, 1, 0]
    found = pd.concat(page[["event_id", "confidence"]] for page in pages[:4])
    expected = {
        "ts": "1234567",
        "-ts": "1234567",
        "confidence": "6135247",
        "-confidence": "2135647",
    }
    assert "".join(event[1:] for event in found["event_id"]) == expected[order]


def test_rows_are_in_order_of_time(ledger: Ledger, fill: Fill, monday_noon: pd.Timestamp) -> None:
    day = pd.Timedelta(days=1).to_pytimedelta()
    fill(ledger, [{"ts": monday_noon + i * day} for i in (2, 0, 1)])
    with ledger.cursor() as cursor:
        assert claims(cursor, TRIAGE, limit=3)["event_id"].tolist() == ["e2", "e3", "e1"]
        newest = claims(cursor, TRIAGE, limit=1, order="-ts")
    assert newest["event_id"].tolist() == ["e1"]


def test_the_count_is_of_all_claims_unstated_ones_included(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"confidence": 0.5}, {}, {"split": "tuning"}])
    with ledger.cursor() as cursor:
        assert count_claims(cursor, TRIAGE) == 2
        assert len(claims(cursor, TRIAGE, limit=10)) == 2
