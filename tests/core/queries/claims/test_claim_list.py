"""The claims behind a count."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd
import pytest

from core.ledger.connection import Ledger
from core.ledger.errors import UnknownDimension
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from core.queries.claims.claim_list import ClaimCounts, Order, Search, claims, count_claims, counts

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
    assert row.keys() - shown.keys() == missing | {"trace_id", "span_id"}


def test_what_is_missing_is_told_apart_from_zero(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"confidence": 0.0, "outcome": 0}, {}])
    with ledger.cursor() as cursor:
        frame = claims(cursor, TRIAGE, limit=5)
    assert frame["confidence"].iloc[0] == 0
    assert frame["outcome"].iloc[0] == 0
    assert math.isnan(frame["confidence"].iloc[1])
    assert frame["outcome"].iloc[1] is pd.NA


@pytest.mark.parametrize("order", ["ts", "-ts", "confidence", "-confidence", "worst"])
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
        "worst": "2135647",
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


#: e1 … e6: right, wrong or open, with and without a confidence.
MIXED = [
    {"confidence": 0.9, "outcome": 1, "input_id": "in_1"},
    {"confidence": 0.6, "outcome": 0, "input_id": "in%2"},
    {"confidence": 0.95, "outcome": 0},
    {"confidence": 0.9},
    {"outcome": 0},
    {},
]


def found(ledger: Ledger, order: Order = "ts", **asked: object) -> str:
    """The numbers of the events that a search finds."""
    search = Search(TRIAGE, **asked)  # type: ignore[arg-type]
    with ledger.cursor() as cursor:
        events = claims(cursor, search, limit=10, order=order)["event_id"]
        assert count_claims(cursor, search) == len(events)
    return "".join(event.removeprefix("e") for event in events)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (("right",), "1"),
        (("wrong",), "235"),
        (("unknown",), "46"),
        (("right", "unknown"), "146"),
        ((), "123456"),
    ],
)
def test_claims_are_found_by_what_became_of_them(
    ledger: Ledger, fill: Fill, outcomes: tuple[str, ...], expected: str
) -> None:
    fill(ledger, MIXED)
    assert found(ledger, outcomes=outcomes) == expected


def test_claims_are_found_by_whether_they_state_a_confidence(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, MIXED)
    assert found(ledger, stated=True) == "1234"
    assert found(ledger, stated=False) == "56"


def test_the_least_confidence_is_itself_included(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [*MIXED, {"confidence": 0.899999}])
    assert found(ledger, stated_from=0.9) == "134"


def test_the_worst_are_the_wrong_ones_the_most_confident_first(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, MIXED)
    assert found(ledger, order="worst") == "325146"


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("e1", "1"),
        ("in", "12"),
        ("in_", "1"),
        ("in%", "2"),
        ("IN", ""),
        ("n_1", ""),
        ("e", "123456"),
    ],
)
def test_an_id_is_found_by_exactly_how_it_begins(
    ledger: Ledger, fill: Fill, prefix: str, expected: str
) -> None:
    fill(ledger, MIXED)
    assert found(ledger, id_prefix=prefix) == expected


@pytest.mark.parametrize("last", ["\U0010fffd", "ÿ", "~"])
def test_any_character_may_follow_the_prefix(ledger: Ledger, fill: Fill, last: str) -> None:
    fill(ledger, [{"event_id": f"ä{last}"}, {"event_id": "å"}])
    with ledger.cursor() as cursor:
        assert count_claims(cursor, Search(TRIAGE, id_prefix="ä")) == 1


def test_a_trace_is_found_by_its_id(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, MIXED)
    with ledger.transaction() as cursor:
        cursor.execute("UPDATE claims SET trace_id = '4bf92f' WHERE event_id = 'e4'")
    assert found(ledger, id_prefix="4bf9") == "4"


def test_an_outcome_counts_as_it_was_known_then(
    ledger: Ledger, fill: Fill, monday_noon: pd.Timestamp
) -> None:
    day = pd.Timedelta(days=1).to_pytimedelta()
    fill(
        ledger,
        [
            {
                "confidence": 0.95,
                "outcome": 0,
                "outcome_known_at": monday_noon + 3 * day,
                "outcome_corrected": True,
            },
            {"confidence": 0.95, "outcome": 0, "outcome_known_at": monday_noon + 3 * day},
        ],
        [
            outcome_of("e1", 1, known_at=monday_noon + day),
            outcome_of("e1", 0, known_at=monday_noon + 3 * day),
        ],
    )
    then = Selection("triage", as_known=monday_noon + 2 * day)
    with ledger.cursor() as cursor:
        right = claims(cursor, Search(then, outcomes=("right",)), limit=5)
        unknown = claims(cursor, Search(then, outcomes=("unknown",)), limit=5)
        assert right["event_id"].tolist() == ["e1"]
        assert unknown["event_id"].tolist() == ["e2"]
        assert counts(cursor, Search(then), high_from=0.9) == ClaimCounts(2, 1, 0)
        assert counts(cursor, Search(TRIAGE), high_from=0.9) == ClaimCounts(2, 2, 2)


def outcome_of(event_id: str, outcome: int, *, known_at: object) -> dict[str, object]:
    return {
        "event_id": event_id,
        "outcome": outcome,
        "known_at": known_at,
        "with_claim": False,
        "import_id": 1,
        "import_row": 1,
    }


def test_the_confidently_wrong_are_counted_among_the_found(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [*MIXED, {"confidence": 0.9, "outcome": 0}])
    with ledger.cursor() as cursor:
        assert counts(cursor, TRIAGE, high_from=0.9) == ClaimCounts(7, 5, 2)
        assert counts(cursor, Search(TRIAGE, outcomes=("right",)), high_from=0.9).n_high_wrong == 0


def test_no_measure_can_be_asked_of_claims_chosen_by_their_outcome(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, MIXED)
    chosen = Selection("triage", where=(("outcome", ("wrong",)),))
    with ledger.cursor() as cursor, pytest.raises(UnknownDimension, match="no dimension 'outcome'"):
        grouped_cells(cursor, chosen)
