"""Whether somebody answers for it, and on what record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.views.risks.facts import Labels, SeatFacts
from core.views.risks.rules import accountability
from tests.worlds.governed.risk_facts import FACTS


# ------------------------------------------------------------------------------------ ownership
def test_an_owner_a_deputy_and_responsible_people_are_covered() -> None:
    found = accountability.ownership(FACTS)
    assert found.status == "covered"
    assert "Owner: Ann Lee; deputies: Bob Ng" in found.line


@pytest.mark.parametrize(
    ("seat", "said"),
    [
        (None, "nobody answers for it"),
        (SeatFacts("nobody (Maya Cole has left)", True, (), (), ()), "Maya Cole has left"),
        (SeatFacts("Ann Lee", False, (), (), ("Ann Lee",)), "nobody stands in"),
        (
            SeatFacts("Ann Lee", False, ("Bob Ng",), ("schema (Cy)",), ("Cy",)),
            "has left: schema (Cy)",
        ),
    ],
)
def test_a_seat_that_nobody_fills_is_open(seat: SeatFacts | None, said: str) -> None:
    found = accountability.ownership(replace(FACTS, seat=seat))
    assert found.status == "open"
    assert said in found.line


def test_what_whoever_is_responsible_leaves_unanswered_is_open() -> None:
    late = "schema: A logged field came or went, due 2026-11-20"
    found = accountability.ownership(replace(FACTS, unanswered=(late, late)))
    assert found.status == "open"
    assert f"not answered in time: {late}; and 1 more finding." in found.line


# ---------------------------------------------------------------------------------- audit trail
def test_a_whole_trail_with_recorded_claims_is_covered_and_says_what_it_does_not_prove() -> None:
    found = accountability.audit_trail(FACTS)
    assert found.status == "covered"
    assert "80% with an outcome, 12 of 12 answers of the gate sealed" in found.line
    assert "nothing outside the ledger vouches for it yet" in found.line


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"n_entries": 0}, "open", "has not begun"),
        ({"whole": False, "headline": "The trail is not whole."}, "open", "not whole"),
        ({"n_unrecorded": 40}, "open", "40 of 1,000 claims came in"),
    ],
)
def test_a_trail_with_holes_is_open(change: dict[str, object], status: str, said: str) -> None:
    found = accountability.audit_trail(replace(FACTS, trail=replace(FACTS.trail, **change)))
    assert found.status == status
    assert said in found.line


def test_claims_without_any_outcome_are_half_a_trail() -> None:
    found = accountability.audit_trail(replace(FACTS, labels=Labels(0, 0, 0, 0)))
    assert found.status == "not_measured"
