"""What the ledger says it holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from core.ledger.connection import Ledger
from core.queries.base.catalogue import (
    TOP_VALUES,
    DimensionFacts,
    SignalFacts,
    dimensions,
    segment_values,
    signals,
)

Fill = Callable[..., None]


def test_signals_are_listed_with_what_they_state_and_how_much_is_labelled(
    ledger: Ledger, fill: Fill, monday_noon: object
) -> None:
    fill(
        ledger,
        [
            {"signal": "b", "confidence": 0.5, "outcome": 1},
            {"signal": "b", "confidence": 0.5, "split": "tuning"},
            {"signal": "b", "outcome": 1},
            {"signal": "a", "confidence": 0.5},
        ],
        repeats=["b"],
    )
    with ledger.cursor() as cursor:
        a, b = signals(cursor)
    minute = timedelta(minutes=1)
    assert a == SignalFacts("a", 1, 0, monday_noon + 4 * minute, monday_noon + 4 * minute)
    assert b == SignalFacts("b", 2, 1, monday_noon + minute, monday_noon + 3 * minute)


def test_an_empty_ledger_has_no_signal(ledger: Ledger) -> None:
    with ledger.cursor() as cursor:
        assert signals(cursor) == ()
        assert dimensions(cursor, "triage") == ()


def test_a_signal_that_lost_all_rows_to_quarantine_is_listed_with_nothing(ledger: Ledger) -> None:
    with ledger.transaction() as cursor:
        cursor.execute("INSERT INTO signals VALUES ('mute', FALSE, 1)")
    with ledger.cursor() as cursor:
        assert signals(cursor) == (SignalFacts("mute", 0, 0, None, None),)


def test_only_dimensions_the_signal_names_are_given_commonest_values_first(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        ledger,
        [
            {"seg_language": "de", "model_version": "m"},
            {"seg_language": "fr", "model_version": "m"},
            {"seg_language": "en", "model_version": "m"},
            {"seg_language": "en", "model_version": "m"},
            {"model_version": "m"},
            {"signal": "other", "seg_region": "north", "prompt_version": "p"},
        ],
    )
    with ledger.cursor() as cursor:
        found = dimensions(cursor, "triage")
    assert found == (
        DimensionFacts("model_version", 1, 0, (("m", 5),)),
        DimensionFacts("split", 1, 0, (("production", 5),)),
        DimensionFacts("language", 3, 1, (("en", 2), ("de", 1), ("fr", 1))),
    )


def test_of_many_values_the_commonest_are_listed_and_all_are_counted(
    ledger: Ledger, fill: Fill
) -> None:
    many = [{"seg_customer": f"c{i:03d}"} for i in range(TOP_VALUES + 50)]
    fill(ledger, [*many, {"seg_customer": "c240"}, {"seg_customer": None}])
    with ledger.cursor() as cursor:
        (_, customer) = dimensions(cursor, "triage")
    assert (customer.n_values, customer.n_missing) == (TOP_VALUES + 50, 1)
    assert len(customer.values) == TOP_VALUES
    assert customer.values[:2] == (("c240", 2), ("c000", 1))


def test_values_of_every_segment_dimension_are_counted_per_signal(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        ledger,
        [
            {"signal": "a", "seg_language": "de"},
            {"signal": "a", "seg_language": "en"},
            {"signal": "a"},
            {"signal": "b", "seg_language": "de", "seg_topic": "law"},
        ],
    )
    with ledger.cursor() as cursor:
        # What claims do not name counts as one value more; what no claim names has no line.
        assert segment_values(cursor) == {"a": {"language": 3}, "b": {"language": 1, "topic": 1}}


def test_a_ledger_without_segments_counts_none(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"signal": "a"}])
    with ledger.cursor() as cursor:
        assert segment_values(cursor) == {}
