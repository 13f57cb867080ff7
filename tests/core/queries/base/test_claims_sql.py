"""Which claims a question is about, and what was known of them when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.queries.claims.claim_list import claims as claim_rows
from core.queries.claims.claim_list import count_claims
from tests.worlds.governed.rounds import examples

Fill = Callable[..., None]

MONDAY = datetime(2026, 11, 2)
DAY = timedelta(days=1)


def outcomes_of(rows: pd.DataFrame) -> list[int | None]:
    return [None if outcome is pd.NA else int(outcome) for outcome in rows["outcome"]]


def test_since_is_inclusive_and_until_exclusive(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"ts": MONDAY + i * DAY, "confidence": 0.5} for i in range(5)])
    selection = Selection("triage", since=MONDAY + DAY, until=MONDAY + 3 * DAY)
    with ledger.cursor() as cursor:
        found = claim_rows(cursor, selection, limit=9)
    assert found["ts"].tolist() == [MONDAY + DAY, MONDAY + 2 * DAY]


def test_another_signals_claims_are_never_mixed_in(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"confidence": 0.5}, {"confidence": 0.5, "signal": "other"}])
    with ledger.cursor() as cursor:
        assert count_claims(cursor, Selection("triage")) == 1
        assert count_claims(cursor, Selection("none such")) == 0


def test_tuning_claims_are_left_out_unless_a_split_is_named(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"split": split} for split in ("tuning", "heldout", "production", "tuning")])
    with ledger.cursor() as cursor:
        headline = Selection("triage")
        assert count_claims(cursor, headline) == 2
        assert count_claims(cursor, headline.narrowed("split", "tuning")) == 2
        assert count_claims(cursor, headline.narrowed("split", "heldout")) == 1


@dataclass(frozen=True)
class Version:
    """One version of a claim's outcome, as the log keeps it."""

    outcome: int
    known_at: datetime
    import_id: int
    import_row: int
    for_signal: bool
    with_claim: bool


def in_force(versions: list[Version], as_known: datetime | None) -> int | None:
    """The outcome known at a time, in plain Python: the newest before it, unless two contradict."""
    known = [v for v in versions if as_known is None or v.known_at < as_known]
    newest = max((v.known_at for v in known), default=None)
    said = {v.outcome for v in known if v.known_at == newest}
    return said.pop() if len(said) == 1 else None


days = st.integers(0, 12).map(lambda d: MONDAY + d * DAY)
versions = st.lists(
    st.builds(
        Version,
        outcome=st.integers(0, 1),
        known_at=days,
        import_id=st.integers(1, 3),
        import_row=st.integers(1, 50),
        for_signal=st.booleans(),
        with_claim=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda v: (v.import_id, v.import_row),
)


@settings(max_examples=examples(20, 500))
@given(
    st.lists(st.tuples(days, versions), max_size=8),
    st.none() | days,
)
def test_as_known_undoes_later_claims_outcomes_and_corrections(
    fill: Fill, ledger_claims: list[tuple[datetime, list[Version]]], as_known: datetime | None
) -> None:
    # Two signals share each event; what is logged for one of them must not reach the other.
    claims: list[dict[str, object]] = []
    outcomes: list[dict[str, object]] = []
    expected: dict[tuple[str, str], int | None] = {}
    for i, (ts, logged) in enumerate(ledger_claims):
        event = f"e{i}"
        for version in logged:
            own = version.for_signal or version.with_claim
            outcomes.append(
                {
                    "event_id": event,
                    "signal": "triage" if own else None,
                    "outcome": version.outcome,
                    "known_at": version.known_at,
                    "with_claim": version.with_claim,
                    "import_id": version.import_id,
                    "import_row": version.import_row,
                }
            )
        shared = [v for v in logged if not (v.for_signal or v.with_claim)]
        for signal, mine in (("triage", logged), ("other", shared)):
            newest = max(mine, key=lambda v: (v.known_at, v.import_id, v.import_row), default=None)
            claims.append(
                {
                    "event_id": event,
                    "signal": signal,
                    "ts": ts,
                    "confidence": 0.5,
                    "outcome": in_force(mine, None),
                    "outcome_known_at": newest.known_at if newest else None,
                    "outcome_corrected": len(mine) > 1,
                }
            )
            if as_known is None or ts < as_known:
                expected[signal, event] = in_force(mine, as_known)
    found = {}
    with Ledger.in_memory() as ledger, ledger.cursor() as cursor:
        fill(ledger, claims, outcomes)
        for signal in ("triage", "other"):
            rows = claim_rows(cursor, Selection(signal, as_known=as_known), limit=99)
            for event, outcome in zip(rows["event_id"], outcomes_of(rows), strict=True):
                found[signal, event] = outcome
    assert found == expected


def logged(outcome: int, day: int, **given: object) -> dict[str, object]:
    return {
        "event_id": "e1",
        "signal": None,
        "outcome": outcome,
        "known_at": MONDAY + day * DAY,
        "with_claim": False,
        "import_id": 1,
        "import_row": 1,
        **given,
    }


def corrected_claim(**given: object) -> dict[str, object]:
    return {
        "event_id": "e1",
        "ts": MONDAY,
        "confidence": 0.9,
        "outcome": 0,
        "outcome_known_at": MONDAY + 5 * DAY,
        "outcome_corrected": True,
        **given,
    }


def outcomes_as_known(
    ledger: Ledger, as_known: datetime | None, signal: str = "triage"
) -> list[int | None]:
    with ledger.cursor() as cursor:
        return outcomes_of(claim_rows(cursor, Selection(signal, as_known=as_known), limit=9))


def test_a_correction_is_undone_before_it_was_known(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [corrected_claim()], [logged(1, day=2), logged(0, day=5, import_id=2)])
    assert outcomes_as_known(ledger, None) == [0]
    assert outcomes_as_known(ledger, MONDAY + 6 * DAY) == [0]
    # Before means before: what becomes known at that very time is not known yet.
    assert outcomes_as_known(ledger, MONDAY + 5 * DAY) == [1]
    assert outcomes_as_known(ledger, MONDAY + 2 * DAY) == [None]
    assert outcomes_as_known(ledger, MONDAY) == []


def test_a_correction_for_one_signal_does_not_reach_another(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [corrected_claim(), corrected_claim(signal="other", outcome=1)],
        [logged(0, day=1), logged(1, day=2), logged(0, day=3, signal="triage")],
    )
    later = MONDAY + 6 * DAY
    assert outcomes_as_known(ledger, later, "triage") == [0]
    assert outcomes_as_known(ledger, later, "other") == [1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"import_id": 1, "import_row": 9}, {"import_id": 2, "import_row": 1}),
        ({"import_id": 1, "import_row": 1}, {"import_id": 1, "import_row": 2}),
    ],
)
@pytest.mark.parametrize("step", [1, -1])
def test_versions_of_the_same_instant_are_a_conflict_and_leave_the_claim_unlabelled(
    ledger: Ledger,
    fill: Fill,
    first: dict[str, int],
    second: dict[str, int],
    step: int,
) -> None:
    log = [logged(0, day=2, **first), logged(1, day=2, **second)]
    # However the rows happen to lie in the file.
    fill(ledger, [corrected_claim()], log[::step])
    assert outcomes_as_known(ledger, MONDAY + 6 * DAY) == [None]
