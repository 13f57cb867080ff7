"""A threshold whose run proved a bound that the claims since then do not keep."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from core.findings.detectors.decisions.broken_promise import promise_conditions
from core.ledger.connection import Ledger
from tests.worlds.governed.entries import REPLY
from tests.worlds.governed.house import House
from tests.worlds.governed.proven_cuts import RUN, prove_cuts

#: The run is recorded on that day; `House` looks seven weeks later.
BEGUN = datetime(2026, 10, 5, 9)
NAMED = REPLY + f'    cutsFrom: "{RUN}"\n'


def rows(wrong: int, of: int, *, v: float = 0.95, labelled: int | None = None) -> str:
    lines = ["event_id,ts,signal,confidence,outcome,outcome_ts,model_version,input_id"]
    for i in range(of):
        outcome = "" if labelled is not None and i >= labelled else int(i >= wrong)
        at = BEGUN + timedelta(hours=1 + i % 200)
        known = "" if outcome == "" else f"{at + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
        lines.append(f"e{i},{at:%Y-%m-%dT%H:%M:%SZ},s,{v},{outcome},{known},m1,i{i}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def house() -> Iterator[House]:
    with Ledger.in_memory() as ledger:
        yield House(ledger)


@pytest.fixture
def promised(house: House) -> House:
    """The threshold 0.90 of s, of which a run proved at most 5% wrong."""
    now, house.at = house.at, BEGUN
    house.register()
    prove_cuts(house.office, "s", "user:t/ann")
    house.register(NAMED, who="user:t/ann")
    house.at = now
    return house


def found(house: House) -> list[str]:
    with house.ledger.cursor() as cursor:
        return [one.text for one in promise_conditions(cursor, house.office.state(), house.at)]


def test_more_wrong_ones_than_were_proven_are_found_with_their_run(promised: House) -> None:
    promised.bring(rows(40, 300))
    (text,) = found(promised)
    assert (
        "m1: at the threshold 0.90 and above 40 of 300 were wrong since 2026-10-05, 13.3%" in text
    )
    assert "proved at most 5%" in text


@pytest.mark.parametrize(
    "claims",
    [
        rows(15, 300),
        rows(120, 300, v=0.85),
        rows(20, 300, labelled=30),
    ],
    ids=["as many as proven", "below the cut", "few of them labelled"],
)
def test_nothing_is_found_where(claims: str, promised: House) -> None:
    promised.bring(claims)
    assert found(promised) == []


def test_a_cut_chosen_by_hand_promises_nothing(house: House) -> None:
    house.register()
    house.bring(rows(100, 300))
    assert found(house) == []
