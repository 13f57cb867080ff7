"""When a version was first seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from core.ledger.connection import Ledger
from core.queries.base.seen.first_seen import VersionSeen, first_seen
from core.queries.base.selection import Selection
from tests.worlds.claims.events import keep_again

Fill = Callable[..., None]
TRIAGE = Selection("triage")
MONDAY = datetime(2026, 11, 2)
DAY = timedelta(days=1)


def on(day: int, **named: Any) -> dict[str, Any]:
    return {"ts": MONDAY + day * DAY, "confidence": 0.5, **named}


def seen(ledger: Ledger, selection: Selection = TRIAGE) -> tuple[VersionSeen, ...]:
    with ledger.cursor() as cursor:
        return first_seen(cursor, selection)


def test_versions_come_in_the_order_they_were_first_seen(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            on(3, model_version="b", prompt_version="q"),
            on(0, model_version="a", prompt_version="p", elicitation="verbal"),
            on(5, model_version="a", prompt_version="q"),
            on(9),
        ],
    )
    assert seen(ledger) == (
        VersionSeen("model", "a", MONDAY, MONDAY + 5 * DAY, 2),
        VersionSeen("prompt", "p", MONDAY, MONDAY, 1),
        VersionSeen("elicitation", "verbal", MONDAY, MONDAY, 1),
        VersionSeen("model", "b", MONDAY + 3 * DAY, MONDAY + 3 * DAY, 1),
        VersionSeen("prompt", "q", MONDAY + 3 * DAY, MONDAY + 5 * DAY, 2),
    )


def test_settings_and_calibrators_are_versions_too(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [on(0), on(1)])
    with ledger.transaction() as cursor:
        cursor.execute("UPDATE claims SET params_version = 't0' WHERE import_row = 1")
        cursor.execute("UPDATE claims SET calibrator_version = 'c1' WHERE import_row = 2")
    keep_again(ledger)
    assert [(v.kind, v.version, v.first_ts) for v in seen(ledger)] == [
        ("params", "t0", MONDAY),
        ("calibrator", "c1", MONDAY + DAY),
    ]


def test_a_version_that_ran_before_the_window_is_not_first_seen_at_its_start(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, [on(day, model_version="old") for day in (0, 1, 8)])
    fill(ledger, [on(2, model_version="gone"), on(9, model_version="new")])
    window = replace(TRIAGE, since=MONDAY + 7 * DAY)
    assert seen(ledger, window) == (
        VersionSeen("model", "old", MONDAY, MONDAY + 8 * DAY, 1),
        VersionSeen("model", "new", MONDAY + 9 * DAY, MONDAY + 9 * DAY, 1),
    )
    zoned = (MONDAY + 7 * DAY).replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=5)))
    assert seen(ledger, replace(TRIAGE, since=zoned)) == seen(ledger, window)


def test_nothing_is_seen_after_the_window_or_after_what_was_known(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, [on(0, model_version="a"), on(4, model_version="b")])
    assert [v.version for v in seen(ledger, replace(TRIAGE, until=MONDAY + 4 * DAY))] == ["a"]
    assert [v.version for v in seen(ledger, replace(TRIAGE, as_known=MONDAY + DAY))] == ["a"]


def test_a_version_tried_on_tuning_claims_first_counts_from_its_first_real_one(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, [on(0, model_version="a", split="tuning"), on(6, model_version="a")])
    assert [v.first_ts for v in seen(ledger)] == [MONDAY + 6 * DAY]
    tuning = TRIAGE.narrowed("split", "tuning")
    assert [v.first_ts for v in seen(ledger, tuning)] == [MONDAY]


def test_the_selection_narrows_whose_versions_are_asked_for(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            on(0, model_version="a", seg_language="de"),
            on(1, model_version="a", seg_language="en"),
            on(2, model_version="x", signal="other"),
        ],
    )
    english = seen(ledger, TRIAGE.narrowed("language", "en"))
    assert english == (VersionSeen("model", "a", MONDAY + DAY, MONDAY + DAY, 1),)
    assert [v.version for v in seen(ledger)] == ["a"]


def test_a_claim_without_a_confidence_is_seen_but_not_counted(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [on(0, model_version="a", confidence=None), on(1, model_version="a")])
    assert seen(ledger) == (VersionSeen("model", "a", MONDAY, MONDAY + DAY, 1),)


def test_an_empty_ledger_has_seen_nothing(ledger: Ledger) -> None:
    assert seen(ledger) == ()
