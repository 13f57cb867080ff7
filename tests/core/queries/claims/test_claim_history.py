"""One claim with everything the ledger knows of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from core.ledger.connection import Ledger
from core.queries.claims.claim_history import (
    Origin,
    claim_record,
    claims_of_event,
    claims_of_input,
    outcome_versions,
)
from core.queries.sums.labelling.audit_samples import keep_sample

Fill = Callable[..., None]
AddImport = Callable[..., None]


def received(event_id: str, outcome: int, known_at: datetime, **given: object) -> dict[str, object]:
    return {
        "event_id": event_id,
        "outcome": outcome,
        "known_at": known_at,
        "with_claim": False,
        "import_id": 1,
        "import_row": 1,
        **given,
    }


def test_a_claim_is_told_with_all_that_was_logged_of_it(
    ledger: Ledger, fill: Fill, add_import: AddImport, monday_noon: datetime
) -> None:
    add_import(ledger, 3, source="november.csv", sha256="a" * 64)
    fill(
        ledger,
        [{"event_id": "e-17", "confidence": 0.85, "seg_language": "de", "import_id": 3}],
    )
    with ledger.transaction() as cursor:
        cursor.execute(
            """
            UPDATE claims SET confidence_raw = 0.8500000001, trace_id = 't', label_propensity = 0.5,
                              attributes = '{"note": "hello", "tags": ["a"]}'
            """
        )
    with ledger.cursor() as cursor:
        record = claim_record(cursor, "triage", "e-17")
    assert record is not None
    assert (record.confidence_raw, record.confidence_ppm) == (0.8500000001, 850_000)
    assert (record.fields["trace_id"], record.fields["action"]) == ("t", None)
    assert record.label_propensity == 0.5
    assert record.segments == {"language": "de"}
    assert record.attributes == {"note": "hello", "tags": ["a"]}
    assert record.origin == Origin("november.csv", 1, 3, monday_noon, "a" * 64)


def test_what_was_not_logged_is_not_made_up(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{}, {"seg_language": "de"}])
    with ledger.cursor() as cursor:
        record = claim_record(cursor, "triage", "e1")
    assert record is not None
    assert (record.confidence_raw, record.confidence_ppm, record.origin) == (None, None, None)
    assert (record.segments, record.attributes) == ({}, {})


def test_a_claim_is_known_by_signal_and_event_together(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"event_id": "same", "confidence": 0.5}])
    fill(ledger, [{"event_id": "same", "confidence": 0.7, "signal": "judge"}])
    with ledger.cursor() as cursor:
        stated = [claim_record(cursor, signal, "same") for signal in ("triage", "judge")]
        assert [one and one.confidence_ppm for one in stated] == [500_000, 700_000]
        assert claim_record(cursor, "other", "same") is None
        assert claim_record(cursor, "triage", "sam") is None


def test_outcomes_stand_in_the_order_in_which_each_overrides_the_last(
    ledger: Ledger, fill: Fill, add_import: AddImport, monday_noon: datetime
) -> None:
    day = timedelta(days=1)
    add_import(ledger, 2, source="late.csv")
    fill(
        ledger,
        [{"event_id": "e"}],
        [
            received("e", 1, monday_noon + day, import_id=2),
            received("e", 0, monday_noon + day, import_id=1, signal="triage", with_claim=True),
            received("e", 0, monday_noon, import_id=2, import_row=9),
            received("e", 1, monday_noon, signal="judge"),
            received("other", 1, monday_noon),
        ],
    )
    with ledger.cursor() as cursor:
        versions = outcome_versions(cursor, "triage", "e")
    assert [(one.outcome, one.known_at - monday_noon) for one in versions] == [
        (0, timedelta(0)),
        (0, day),
        (1, day),
    ]
    assert [one.every_signal for one in versions] == [True, False, True]
    assert [one.with_claim for one in versions] == [False, True, False]
    assert [one.origin and (one.origin.file, one.origin.row) for one in versions] == [
        ("late.csv", 9),
        None,
        ("late.csv", 1),
    ]


def test_an_event_has_one_claim_per_signal(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"event_id": "e", "signal": "triage"}, {"event_id": "e", "signal": "judge"}])
    with ledger.cursor() as cursor:
        assert [one.signal for one in claims_of_event(cursor, "e", limit=5)] == ["judge", "triage"]
        assert len(claims_of_event(cursor, "e", limit=1)) == 1


def test_an_input_has_the_claims_of_one_signal_newest_first(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            {"input_id": "i", "model_version": "m1"},
            {"input_id": "i", "model_version": "m2", "confidence": 0.9, "outcome": 1},
            {"input_id": "i", "signal": "judge"},
            {"input_id": "j"},
        ],
    )
    with ledger.cursor() as cursor:
        again = claims_of_input(cursor, "triage", "i", limit=5)
    assert [(one.model_version, one.confidence_ppm, one.outcome) for one in again] == [
        ("m2", 900_000, 1),
        ("m1", None, None),
    ]


def test_a_claim_that_a_sample_drew_shows_its_chance(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"event_id": "drawn", "confidence": 0.8}, {"event_id": "not", "confidence": 0.8}])
    with ledger.transaction() as cursor:
        keep_sample(cursor, "a-1", "triage", [("drawn", 250_000)])
        keep_sample(cursor, "a-2", "triage", [("drawn", 400_000)])
    with ledger.cursor() as cursor:
        found = [claim_record(cursor, "triage", event) for event in ("drawn", "not")]
    assert [one and one.label_propensity for one in found] == [0.4, None]
