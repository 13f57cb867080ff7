"""Cohorts at a fixed age: which claims count, with which outcome, and each input once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.ledger.connection import Ledger
from core.ledger.errors import UnknownDimension
from core.queries.base.apart import Apart
from core.queries.base.cells import GroupedCells
from core.queries.labels.weekly_cohorts import (
    Matured,
    matured_cells,
    matured_series,
    stated_before,
    week_end,
)
from core.queries.sums.validation_sample import Rungs
from core.terms import Maturity

Fill = Callable[..., None]
MONDAY = datetime(2026, 11, 2)
DAY = timedelta(days=1)
WEEKS = ("2026-W45", "2026-W46", "2026-W47")
ASKED = Matured("triage", {"model_version": "m1"}, MONDAY, MONDAY + 60 * DAY, Maturity(10))


def claim(day: float, **given: Any) -> dict[str, Any]:
    return {"ts": MONDAY + day * DAY, "confidence": 0.9, "model_version": "m1", "outcome": 1,
            **given}  # fmt: skip


def counts(found: GroupedCells) -> dict[Any, tuple[int, int, int]]:
    """Claims, right ones and inputs by key; by week alone where that is all."""
    return {
        key[0] if len(key) == 1 else key: (one.total, int(one.s.sum()), one.n_inputs)
        for key, one in zip(found.keys, found.cells, strict=True)
    }


def test_production_claims_of_the_fingerprint_since_then_count_by_week(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        ledger,
        [
            claim(0),
            claim(6.9, outcome=0),
            claim(7),
            claim(-1),
            claim(1, split="heldout"),
            claim(1, split="tuning"),
            claim(1, model_version="m2"),
            claim(1, prompt_version="p1"),
            claim(1, confidence=None),
            claim(1, outcome=None),
            claim(1, signal="other"),
        ],
    )
    with ledger.cursor() as cursor:
        assert counts(matured_cells(cursor, ASKED)) == {WEEKS[0]: (2, 1, 2), WEEKS[1]: (1, 1, 1)}


def test_a_week_counts_once_all_of_it_is_of_age(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [claim(0), claim(7)])
    with ledger.cursor() as cursor:

        def weeks(now: datetime) -> list[str]:
            asked = Matured("triage", {"model_version": "m1"}, MONDAY, now, Maturity(10))
            return list(counts(matured_cells(cursor, asked)))

        assert weeks(MONDAY + 17 * DAY - timedelta(seconds=1)) == []
        assert weeks(MONDAY + 17 * DAY) == [WEEKS[0]]
        assert weeks(MONDAY + 24 * DAY) == [WEEKS[0], WEEKS[1]]


def test_an_outcome_counts_as_it_stood_at_that_age_of_its_claim(ledger: Ledger, fill: Fill) -> None:
    known = MONDAY + 10 * DAY
    late = known + timedelta(seconds=1)
    version = {"signal": "triage", "outcome_ts": None, "with_claim": False, "import_id": 1}
    fill(
        ledger,
        [
            claim(0, event_id="in time", outcome_known_at=known),
            claim(0, event_id="late", outcome_known_at=late),
            claim(0, event_id="corrected late", outcome_known_at=late, outcome_corrected=True),
            claim(0, event_id="corrected in time", outcome=0, outcome_known_at=known,
                  outcome_corrected=True),
            claim(0, event_id="only late versions", outcome_known_at=late, outcome_corrected=True),
        ],
        [
            {**version, "event_id": event, "outcome": y, "known_at": at, "import_row": i}
            for i, (event, y, at) in enumerate(
                [
                    ("corrected late", 0, MONDAY + DAY),
                    ("corrected late", 1, late),
                    ("corrected in time", 1, MONDAY + DAY),
                    ("corrected in time", 0, known),
                    ("only late versions", 0, late),
                    ("only late versions", 1, late + DAY),
                ]
            )
        ],
    )  # fmt: skip
    with ledger.cursor() as cursor:
        assert counts(matured_cells(cursor, ASKED)) == {WEEKS[0]: (3, 1, 3)}


def test_an_input_counts_in_its_first_labelled_week_only(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            claim(0, input_id="a", outcome=None),
            claim(7, input_id="a"),
            claim(8, input_id="a", outcome=0),
            claim(14, input_id="a"),
            claim(14, input_id="b"),
            claim(14),
            claim(15),
        ],
        repeats=["triage"],
    )
    with ledger.cursor() as cursor:
        found = counts(matured_cells(cursor, ASKED))
    assert found == {WEEKS[1]: (2, 1, 1), WEEKS[2]: (3, 3, 3)}


def test_segments_have_cohorts_of_their_own(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            claim(0, seg_language="de", input_id="a"),
            claim(7, seg_language="hi", input_id="a"),
            claim(7, seg_language="de", input_id="a"),
            claim(7),
        ],
        repeats=["triage"],
    )
    with ledger.cursor() as cursor:
        assert counts(matured_cells(cursor, ASKED, ["language"])) == {
            (WEEKS[0], "de"): (1, 1, 1),
            (WEEKS[1], "hi"): (1, 1, 1),
            (WEEKS[1], None): (1, 1, 1),
        }
        with pytest.raises(UnknownDimension):
            matured_cells(cursor, ASKED, ["colour"])


def test_only_claims_of_the_named_rules_count(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [claim(0), claim(1, confidence=0.5, outcome=0), claim(2, seg_language="hi")])
    rungs = Rungs(Apart((800_000,), (("language", (("hi",),)),)), (-1, -1, 1, 0, 2, 0))
    with ledger.cursor() as cursor:
        acting = matured_cells(cursor, ASKED, rungs=rungs, only=[2])
        assert counts(acting) == {WEEKS[0]: (1, 1, 1)}
        assert counts(matured_cells(cursor, ASKED, rungs=rungs)) == {}


@pytest.mark.parametrize("repeats", [False, True])
def test_all_groups_at_once_are_the_groups_one_by_one(
    ledger: Ledger, fill: Fill, repeats: bool
) -> None:
    rows = [
        claim(day, confidence=0.5 + day % 5 / 10, outcome=int(day) % 2,
              **({"input_id": f"q{int(day) % 4}"} if repeats else {}),
              **({"seg_lang": ("de", "en", "a=b")[int(day) % 3]} if day % 4 else {}),
              **({"seg_topic": "law"} if day > 9 else {}))
        for day in range(20)
    ]  # fmt: skip
    fill(ledger, [*rows, claim(1, signal="other", seg_other="x")], repeats=["triage"] * repeats)
    with ledger.cursor() as cursor:
        found = matured_series(cursor, ASKED, ["lang", "topic", "other", "absent"])
        one_by_one = {None: counts(matured_cells(cursor, ASKED))}
        for name in ("lang", "topic"):
            for (week, value), sums in counts(matured_cells(cursor, ASKED, [name])).items():
                one_by_one.setdefault((name, value), {})[week] = sums
    sums = {
        group: {week: (one.total, int(one.s.sum()), one.n_inputs) for week, one in weeks.items()}
        for group, weeks in found.items()
    }
    assert sums == one_by_one
    assert ("lang", "a=b") in sums


def test_a_week_ends_on_the_monday_after() -> None:
    assert week_end("2026-W45") == datetime(2026, 11, 9)
    assert week_end("2026-W53") == datetime(2027, 1, 4)


def test_what_was_stated_before_is_of_the_fingerprint_and_never_of_tuning(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        ledger,
        [
            claim(-1),
            claim(-2, confidence=0.5, outcome=None),
            claim(-2, confidence=0.5, split="heldout"),
            claim(-1, confidence=0.6, split="tuning"),
            claim(-1, confidence=0.7, model_version="m2"),
            claim(-1, confidence=None),
            claim(0, confidence=0.8),
        ],
    )
    with ledger.cursor() as cursor:
        found = stated_before(cursor, ASKED)
        nothing = stated_before(cursor, replace(ASKED, since=MONDAY - 9 * DAY))
    assert dict(zip(found.v.tolist(), found.n_claims.tolist(), strict=True)) == {0.5: 2, 0.9: 1}
    assert found.total == len(nothing.v) == 0
