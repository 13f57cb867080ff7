from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta

import duckdb
import pytest

from core.ledger.connection import Ledger
from core.queries.base.apart import Apart
from core.queries.sums.validation_sample import (
    JudgedSpan,
    KnownAt,
    Rungs,
    claims_digest,
    judged_cells,
    judged_counts,
    newest_import,
    production_weeks,
    shared_with_tuning,
    tuning_freeze,
)

#: A Monday.
MONDAY = datetime(2026, 11, 2, 12)
LATER = datetime(2026, 12, 1)
DAY = timedelta(days=1)
MODEL = {"model_version": "m"}

Fill = Callable[..., None]


def asked(**given: object) -> JudgedSpan:
    """All claims of ``triage`` made with model ``m``, as known in December."""
    fields: dict[str, object] = {
        "signal": "triage",
        "fingerprint": MODEL,
        "known": KnownAt(LATER, 1),
        "settled": LATER,
        **given,
    }
    return JudgedSpan(**fields)  # type: ignore[arg-type]


def events(cursor: duckdb.DuckDBPyConnection, judged: JudgedSpan) -> int:
    counts = judged_counts(cursor, judged)
    return counts.heldout + counts.production


def row(event_id: str, **given: object) -> dict[str, object]:
    """A claim of model ``m`` that turned out right."""
    return {"event_id": event_id, "confidence": 0.9, "outcome": 1, **MODEL, **given}


def test_a_fingerprint_is_matched_exactly_and_not_stated_matches_only_not_stated(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        ledger,
        [row("a"), row("b", model_version="n"), row("c", prompt_version="p"),
         row("d", model_version=None)],
    )  # fmt: skip
    with ledger.cursor() as cursor:
        found = {
            name: events(cursor, asked(fingerprint=fingerprint))
            for name, fingerprint in {
                "m": MODEL,
                "n": {"model_version": "n"},
                "m and p": {**MODEL, "prompt_version": "p"},
                "nothing": {},
                "unknown": {"model_version": "x"},
            }.items()
        }

    assert found == {"m": 1, "n": 1, "m and p": 1, "nothing": 1, "unknown": 0}


def test_heldout_claims_count_always_and_production_ones_between_freeze_and_settled(
    ledger: Ledger, fill: Fill
) -> None:
    times = {"before": -1, "at freeze": 0, "inside": 1, "at settled": 2}
    rows = [row(f"p {n}", ts=MONDAY + d * DAY) for n, d in times.items()]
    rows += [row(f"h {n}", ts=MONDAY + d * DAY, split="heldout") for n, d in times.items()]
    rows += [row("t", ts=MONDAY, split="tuning")]
    fill(ledger, rows)
    with ledger.cursor() as cursor:
        counts = judged_counts(cursor, asked(freeze=MONDAY, settled=MONDAY + 2 * DAY))
        alone = judged_counts(cursor, asked(freeze=MONDAY, settled=None))
        recent = judged_counts(
            cursor, asked(freeze=None, settled=MONDAY + 2 * DAY, since=MONDAY + DAY)
        )

    assert (counts.heldout, counts.production) == (4, 1)
    assert (alone.heldout, alone.production) == (4, 0)
    assert (recent.heldout, recent.production) == (0, 1)
    assert (recent.first, recent.last) == (MONDAY + DAY, MONDAY + DAY)


def test_what_comes_in_later_is_not_known_though_it_is_dated_before(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, [row("a"), row("b", outcome=None)])
    before = asked()
    with ledger.cursor() as cursor:
        cells = judged_cells(cursor, before).cells[0]
        digest = claims_digest(cursor, before)
        # An outcome, a correction and a claim of the second import, all dated before the moment.
        early = MONDAY + timedelta(hours=1)
        for event, outcome, number in (("a", 1, 1), ("a", 0, 2), ("b", 0, 2)):
            cursor.execute(
                "INSERT INTO outcomes VALUES ($e, 'triage', $y, NULL, $t, NULL, true, $i, 1)",
                {"e": event, "y": outcome, "t": early if number == 2 else MONDAY, "i": number},
            )
        cursor.execute("UPDATE claims SET outcome = 0, outcome_known_at = $t", {"t": early})
        cursor.execute("UPDATE claims SET outcome_corrected = true WHERE event_id = 'a'")
    fill(ledger, [row("c", import_id=2)])
    with ledger.cursor() as cursor:
        again = judged_cells(cursor, before).cells[0]
        later = judged_cells(cursor, asked(known=KnownAt(LATER, 2))).cells[0]
        assert claims_digest(cursor, before) == digest

    assert (cells.n_claims.tolist(), cells.n.tolist(), cells.s.tolist()) == ([2], [1], [1])
    assert (again.n_claims.tolist(), again.n.tolist(), again.s.tolist()) == ([2], [1], [1])
    assert (later.n_claims.tolist(), later.n.tolist(), later.s.tolist()) == ([3], [3], [1])


def test_outcomes_known_after_the_time_do_not_count(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [row("a", outcome_ts=LATER), row("b", outcome_ts=LATER - DAY)])
    with ledger.cursor() as cursor:
        cells = judged_cells(cursor, asked()).cells[0]

    assert (cells.n_claims.tolist(), cells.n.tolist()) == ([2], [1])


def test_rules_take_their_claims_and_may_be_asked_for_alone(ledger: Ledger, fill: Fill) -> None:
    apart = Apart((900_000, 950_000), (("Language", (("hi",), ("de", "fr"))), ("planet", ())))
    # Per level of the confidence, unstated first: no known language, hi, another.
    rungs = Rungs(apart, (-1, -1, -1, 0, 0, 2, 0, 0, 3, 1, 1, 3))
    rows = [
        row("hi low", confidence=0.9, seg_language="hi"),
        row("hi high", confidence=0.95, seg_language="hi"),
        row("de low", confidence=0.899999, seg_language="de"),
        row("de high", confidence=0.9, seg_language="de"),
        row("spaced", confidence=0.9, seg_language="\u00a0fr "),
        row("unknown", confidence=1.0, seg_language="De"),
        row("none", confidence=1.0, seg_language=None),
        row("unstated", confidence=None, seg_language=None),
    ]
    fill(ledger, rows)
    with ledger.cursor() as cursor:
        by_rule = judged_cells(cursor, asked(), rungs=rungs)
        acting = judged_cells(cursor, asked(), ["language"], rungs=rungs, only=(1, 3))
        none = judged_cells(cursor, asked(), rungs=rungs, only=())

    counts = {
        key[0]: int(c.n_claims.sum()) for key, c in zip(by_rule.keys, by_rule.cells, strict=True)
    }
    assert counts == {"0": 1, "1": 3, "2": 1, "3": 2, None: 0}
    assert acting.keys == (("De",), ("de",), ("hi",), ("\u00a0fr ",), (None,))
    assert [c.v.tolist() for c in acting.cells] == [[1.0], [0.9], [0.95], [0.9], [1.0]]
    assert none.cells[0].v.size == 0


def test_cells_of_repeated_inputs_are_the_same_however_the_rows_lie(
    fill: Fill,
) -> None:
    rows = [
        row(f"e{i:02d}", confidence=(0.5, 0.7, 0.9)[i % 3], input_id=f"i{i % 7}", outcome=i % 2)
        for i in range(40)
    ]
    found = []
    for order in (rows, rows[::-1]):
        with Ledger.in_memory() as ledger:
            fill(ledger, order, repeats=["triage"])
            with ledger.cursor() as cursor:
                inputs = judged_cells(cursor, asked()).cells[0].inputs
                assert inputs is not None
                found.append([a.tolist() for a in (inputs.input, inputs.value, inputs.n, inputs.s)])

    assert found[0] == found[1]


def test_the_digest_is_that_of_the_lines_it_says(ledger: Ledger, fill: Fill) -> None:
    rows = [
        row('b"x', confidence=0.25, outcome=None, input_id="i\n1", seg_topic="tax"),
        row("a", confidence=None, split="heldout", seg_topic=None),
    ]
    fill(ledger, rows)
    with ledger.cursor() as cursor:
        found = claims_digest(cursor, asked(), ["topic", "planet"])

    def microseconds(minutes: int) -> int:
        return int((MONDAY + timedelta(minutes=minutes) - datetime(1970, 1, 1)) / DAY * 86_400e6)

    lines = [
        ["a", microseconds(2), "heldout", None, 1, None, None, None],
        ['b"x', microseconds(1), "production", 250_000, None, "i\n1", "tax", None],
    ]
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    assert found == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        "outcome = 0",
        "confidence_ppm = 900001",
        "input_id = 'other'",
        "split = 'heldout'",
        "ts = ts + INTERVAL 1 SECOND",
        "seg_topic = 'tax'",
        "event_id = 'other'",
    ],
)
def test_every_alteration_of_a_judged_claim_changes_the_digest(
    ledger: Ledger, fill: Fill, change: str
) -> None:
    fill(ledger, [row("a", seg_topic="law"), row("b", seg_topic="law")])
    with ledger.cursor() as cursor:
        before = claims_digest(cursor, asked(), ["topic"])
        cursor.execute(f"UPDATE claims SET {change} WHERE event_id = 'b'")

        assert claims_digest(cursor, asked(), ["topic"]) != before


def test_claims_of_others_do_not_change_the_digest(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [row("a")])
    with ledger.cursor() as cursor:
        before = claims_digest(cursor, asked())
    fill(ledger, [row("b", signal="other"), row("c", model_version="n")])
    with ledger.cursor() as cursor:
        assert claims_digest(cursor, asked()) == before


def test_overlap_with_tuning_is_found_by_event_and_by_input(ledger: Ledger, fill: Fill) -> None:
    rows = [
        row("t1", split="tuning", input_id="i1"),
        row("t0", split="tuning", input_id="i1", model_version="another"),
        row("t2", split="tuning", input_id=None),
        row("h1", split="heldout", input_id="i1"),
        row("h2", split="heldout", input_id="i2"),
        row("h3", split="heldout", input_id=None),
        row("t2", split="heldout", input_id="i4"),
        row("x", split="tuning", input_id="i2", signal="other"),
    ]
    fill(ledger, rows)
    with ledger.cursor() as cursor:
        shared, n = shared_with_tuning(cursor, asked(), limit=10)
        first, still = shared_with_tuning(cursor, asked(), limit=1)
        left = judged_counts(cursor, asked(without_overlap=True))

    assert [(s.event_id, s.input_id, s.tuning_event_id, s.by) for s in shared] == [
        ("h1", "i1", "t0", "input_id"),
        ("t2", "i4", "t2", "event_id"),
    ]
    assert (n, len(first), still) == (2, 1, 2)
    assert left.heldout == 2


def test_weeks_of_production_count_stated_and_labelled_claims(ledger: Ledger, fill: Fill) -> None:
    rows = [
        row("a", ts=MONDAY),
        row("b", ts=MONDAY + 6 * DAY, outcome=None),
        row("c", ts=MONDAY + 7 * DAY, confidence=None),
        row("d", ts=MONDAY + 8 * DAY),
        row("h", ts=MONDAY, split="heldout"),
        row("early", ts=MONDAY - 3 * DAY),
    ]
    fill(ledger, rows)
    with ledger.cursor() as cursor:
        weeks = production_weeks(cursor, asked(freeze=MONDAY - DAY, settled=None))

    assert weeks == (
        (MONDAY.date(), 2, 1),
        ((MONDAY + 7 * DAY).date(), 1, 1),
    )


def test_the_freeze_is_the_last_tuning_claim_of_the_signal(ledger: Ledger, fill: Fill) -> None:
    rows = [
        row("a", ts=MONDAY, split="tuning"),
        row("b", ts=MONDAY + DAY, split="tuning", model_version="another"),
        row("c", ts=MONDAY + 2 * DAY, split="tuning", signal="other"),
        row("d", ts=MONDAY + 3 * DAY, split="tuning", import_id=2),
    ]
    fill(ledger, rows)
    with ledger.cursor() as cursor:
        assert tuning_freeze(cursor, "triage", KnownAt(LATER, 1)) == (2, MONDAY + DAY)
        assert tuning_freeze(cursor, "triage", KnownAt(MONDAY + DAY, 1)) == (1, MONDAY)
        assert tuning_freeze(cursor, "nobody", KnownAt(LATER, 1)) == (0, None)


def test_the_newest_import_is_read_from_the_file(
    ledger: Ledger, add_import: Callable[..., None]
) -> None:
    with ledger.cursor() as cursor:
        assert newest_import(cursor) == 0
    add_import(ledger, 3)
    with ledger.cursor() as cursor:
        assert newest_import(cursor) == 3
