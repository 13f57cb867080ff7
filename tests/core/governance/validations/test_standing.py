"""What a reading of a validation says: whether the gate is open, and why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.governance.validations.lifecycle import step
from core.governance.validations.records import Validation
from core.governance.validations.standing import at_time, standing
from core.trail.acts import Assurance
from tests.worlds.governed.validations import (
    ALL,
    ASKED,
    BOB,
    CONTEXT,
    DAY,
    DRAFT,
    EXPIRED,
    IN_VALIDATION,
    NEW_RULES,
    REJECTED,
    RETIRED,
    SUSPENDED,
    T0,
    VACANT,
    VALIDATED,
    WAIVED,
    approved,
    signed,
)


@pytest.mark.parametrize(
    ("one", "day", "state", "reason"),
    [
        (DRAFT, 1, "draft", "No evidence was submitted for it."),
        (IN_VALIDATION, 1, "in_validation", "Its evidence waits for a signature since 2026-03-02."),
        (REJECTED, 2, "rejected", "Its evidence was rejected on 2026-03-03: Too few labels."),
        (SUSPENDED, 3, "suspended", "Suspended on 2026-03-04: Odd."),
        (VALIDATED, 60, "expired", "Expired on 2026-05-01."),
        (EXPIRED, 61, "expired", "Expired on 2026-05-01."),
        (WAIVED, 20, "expired", "Its waiver ended on 2026-03-22."),
        (RETIRED, 9, "retired", "Retired on 2026-03-08."),
    ],
)
def test_a_closed_gate_says_why(one: Validation, day: float, state: str, reason: str) -> None:
    found = standing(one, CONTEXT, T0 + day * DAY)
    assert (found.state, found.open, found.reason) == (state, False, reason)
    assert found.until is None


@pytest.mark.parametrize(
    ("one", "state", "until", "reason"),
    [
        (VALIDATED, "validated", 60, "Validated until 2026-05-01."),
        (WAIVED, "waived", 20, "Waived until 2026-03-22: The replacement comes on Monday."),
    ],
)
def test_the_gate_is_open_until_the_very_moment_of_its_date(
    one: Validation, state: str, until: int, reason: str
) -> None:
    end = T0 + until * DAY
    found = standing(one, CONTEXT, end - timedelta(microseconds=1))
    assert (found.state, found.open, found.reason, found.until) == (state, True, reason, end)
    assert not standing(one, CONTEXT, end).open


@pytest.mark.parametrize("one", [VALIDATED, WAIVED])
def test_an_empty_owners_seat_closes_the_gate_and_somebody_in_it_opens_it_again(
    one: Validation,
) -> None:
    found = standing(one, VACANT, T0 + 5 * DAY)
    assert (found.state, found.open, found.reason) == (
        *(one.state, False),
        "There is no owner.",
    )
    deputy = replace(VACANT, active=frozenset({BOB}))
    assert standing(one, deputy, T0 + 5 * DAY).open


@pytest.mark.parametrize("one", [VALIDATED, WAIVED])
def test_other_rules_close_the_gate_even_if_no_act_said_so(one: Validation) -> None:
    changed = replace(CONTEXT, material_sha256=NEW_RULES)
    found = standing(one, changed, T0 + 5 * DAY)
    assert (found.state, found.open, found.reason) == (
        *("suspended", False),
        "The rules changed and were not validated since.",
    )


@pytest.mark.parametrize(
    ("made", "least", "is_open"),
    [
        ("none", "none", True),
        ("none", "signed-on", False),
        ("signed-on", "signed-on", True),
        ("re-authenticated", "signed-on", True),
        ("signed-on", "re-authenticated", False),
    ],
)
def test_a_signature_opens_the_gate_only_with_the_assurance_it_asks_for(
    made: Assurance, least: Assurance, is_open: bool
) -> None:
    one = step(IN_VALIDATION, signed(assurance=made), CONTEXT)
    found = standing(one, CONTEXT, T0 + 5 * DAY, least)
    assert found.open == is_open
    if not is_open:
        assert found.state == "validated"
        how = "sign-on" if made == "none" else "signing on again"
        assert found.reason == (
            f"It was signed without {how}, and the gate in production mode asks for {least}."
        )


def test_a_waiver_without_sign_on_does_not_open_a_gate_that_asks_for_it() -> None:
    one = step(ASKED, approved(assurance="none"), CONTEXT)
    found = standing(one, CONTEXT, T0 + 5 * DAY, "signed-on")
    assert (found.state, found.open) == ("waived", False)
    assert found.reason.startswith("Its waiver was agreed without sign-on")


def test_time_alone_only_ever_expires() -> None:
    for one in ALL.values():
        late = at_time(one, T0 + 1000 * DAY)
        assert late.state == ("expired" if one.state in ("validated", "waived") else one.state)
